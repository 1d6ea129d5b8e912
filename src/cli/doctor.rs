//! `wharf doctor`: a running Wharf examines itself and its surroundings, and says how to mend what is wrong. Where none
//! runs, what can be looked at without one is. Exit code 0: fine, perhaps with warnings; 1: something is broken; 3: Wharf
//! cannot be reached.

mod alone;
mod report;
mod signature;

use super::ops_client::{OpsArgs, Question, UNREACHED, Unasked, give_up};
use crate::ops::doctor::finding::{Level, Report};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// What `wharf doctor` takes.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(flatten)]
    ops: OpsArgs,
    /// Examine this gateway only
    #[arg(long, value_name = "URI")]
    gateway: Option<String>,
    /// The settings file to look at where no Wharf answers; without it ./wharf.toml, else variables
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON, on standard output
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    about: Option<About>,
}

/// What else the doctor knows about.
#[derive(Debug, Subcommand)]
enum About {
    /// Say which app secret made a webhook's signature, or why none did
    Signature(signature::Options),
}

/// Examines.
pub fn run(options: &Options) -> ExitCode {
    if let Some(About::Signature(options)) = &options.about {
        return signature::run(options);
    }
    let query = options.gateway.as_deref().map(|gateway| format!("?gateway={}", encoded(gateway))).unwrap_or_default();
    let question = Question { path: format!("/api/doctor{query}"), ..Question::default() };
    let answer = match options.ops.ask(question) {
        Ok(answer) => answer,
        Err(unasked @ Unasked::Key(_)) => return give_up(&unasked),
        Err(unreached @ Unasked::Unreached { .. }) => {
            show(&alone::examine(&unreached.to_string(), options.config.as_deref()), options);
            return ExitCode::from(UNREACHED);
        }
    };
    let report = answer.good().and_then(|body| serde_json::from_value(body).map_err(|error| error.to_string()));
    match report {
        Ok(report) => {
            show(&report, options);
            verdict(&report)
        }
        Err(why) => {
            eprintln!("wharf: {why}");
            ExitCode::FAILURE
        }
    }
}

fn show(report: &Report, options: &Options) {
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(report).expect("findings are plain text")),
        false => print!("{}", report::text(report)),
    }
}

fn verdict(report: &Report) -> ExitCode {
    match report.worst {
        Level::Skipped | Level::Ok | Level::Warn => ExitCode::SUCCESS,
        Level::Fail => ExitCode::FAILURE,
    }
}

/// As a query carries it.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
