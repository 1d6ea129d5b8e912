//! `wharf doctor signature`: which app secret made a webhook's signature, or why none did. The body goes to Wharf, which
//! has the secrets, and is kept nowhere.

use super::super::Verdict;
use super::super::ask::{Ask, Wharf, piece};
use super::super::fault::Fault;
use super::super::out::{Form, Out};
use super::super::paper::{Line, Paper, Span, Tone};
use clap::Args;
use serde::Deserialize;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What `wharf doctor signature` takes.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The gateway that the webhook was for
    #[arg(long, value_name = "URI")]
    gateway: String,
    /// The value of X-Hub-Signature-256, as it came
    #[arg(long, value_name = "sha256=…")]
    header: String,
    /// The file with the body, byte for byte; - is standard input
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
}

/// What Wharf found.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Diagnosis {
    matches: Option<u64>,
    why: String,
    hint: Option<String>,
}

/// Yes: it matches.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let shown = options.body.display();
    let body = contents(&options.body).map_err(|error| Fault::usage(format!("{shown} cannot be read: {error}")))?;
    if options.header.chars().any(char::is_control) {
        return Err(Fault::usage("--header must be the value of X-Hub-Signature-256 on one line"));
    }
    let path = format!("/api/gateways/{}/signature", piece(&options.gateway));
    let answer = wharf.ask(Ask::post_bytes(path, body, ("X-Hub-Signature-256", options.header.clone()))).await?;
    let found: Diagnosis = answer.read()?;
    match out.form {
        Form::Json => out.raw(&answer.text)?,
        Form::People => out.paper(&paper(&found))?,
    }
    Ok(if found.matches.is_some() { Verdict::Yes } else { Verdict::No })
}

fn contents(path: &Path) -> std::io::Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return std::fs::read(path);
    }
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    Ok(body)
}

fn paper(found: &Diagnosis) -> Paper {
    let (verdict, tone) = match found.matches {
        Some(_) => ("✓ it matches", Tone::Good),
        None => ("✗ it does not match", Tone::Bad),
    };
    let mut paper = Paper::default();
    paper.line(Line(vec![Span::new(verdict, tone), format!(": {}", found.why).into()]));
    if let Some(hint) = &found.hint {
        paper.say(format!("  -> {hint}"));
    }
    paper
}
