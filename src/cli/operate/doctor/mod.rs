//! `wharf doctor`: a running Wharf examines itself and its surroundings, and says how to mend what is wrong. Where none
//! can be asked, what can be looked at without one is. Fine, perhaps with warnings, is yes; something broken is no.

mod alone;
mod report;
mod signature;

use super::Verdict;
use super::ask::{Ask, Wharf, query};
use super::fault::Fault;
use super::out::{Form, Out};
use crate::ops::doctor::finding::{Level, Report};
use clap::{Args, Subcommand};
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf doctor
  wharf doctor --gateway support
  wharf doctor --config /etc/wharf/wharf.toml       (no Wharf runs: its settings, its folder, its ports)
  wharf doctor signature --gateway support --header sha256=5d41… --body body.json";

/// What `wharf doctor` takes.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    /// Examine this gateway only
    #[arg(long, value_name = "URI")]
    gateway: Option<String>,
    /// The settings file to look at where no Wharf can be asked; without it ./wharf.toml, else variables
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    about: Option<About>,
}

/// What else the doctor knows about.
#[derive(Debug, Subcommand)]
enum About {
    /// Say which app secret made a webhook's signature, or why none did
    Signature(signature::Options),
}

/// Examines the Wharf that there is, or what is there without one.
pub(super) async fn run(options: &Options, wharf: Result<Wharf, Fault>, out: &mut Out) -> Result<Verdict, Fault> {
    let examined = match wharf {
        Ok(wharf) => examine(options, &wharf, out).await,
        Err(fault) => Err(fault),
    };
    match examined {
        Err(fault @ (Fault::Keyless | Fault::Unreachable { .. })) if options.about.is_none() => {
            let report = alone::examine(&fault, options.config.as_deref());
            match out.form {
                Form::Json => out.json(&report)?,
                Form::People => out.paper(&report::paper(&report))?,
            }
            Ok(Verdict::Unreached)
        }
        examined => examined,
    }
}

/// Has Wharf examine itself, or a signature.
async fn examine(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    if let Some(About::Signature(options)) = &options.about {
        return signature::run(options, wharf, out).await;
    }
    let path = format!("/api/doctor{}", query([("gateway", options.gateway.clone())]));
    let answer = wharf.ask(Ask::get(path)).await?;
    let report: Report = answer.read()?;
    match out.form {
        Form::Json => out.raw(&answer.text)?,
        Form::People => out.paper(&report::paper(&report))?,
    }
    Ok(match report.worst {
        Level::Skipped | Level::Ok | Level::Warn => Verdict::Yes,
        Level::Fail => Verdict::No,
    })
}
