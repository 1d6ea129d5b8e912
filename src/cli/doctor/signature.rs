//! `wharf doctor signature`: which app secret made a webhook's signature, or why none did. The body goes to Wharf, which
//! has the secrets, and is kept nowhere.

use crate::cli::ops_client::{OpsArgs, Question, give_up};
use clap::Args;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `wharf doctor signature` takes.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    ops: OpsArgs,
    /// The gateway that the webhook was for
    #[arg(long, value_name = "URI")]
    gateway: String,
    /// The value of X-Hub-Signature-256, as it came
    #[arg(long, value_name = "sha256=…")]
    header: String,
    /// The file with the body, byte for byte; - is standard input
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// Answer in JSON, on standard output
    #[arg(long)]
    json: bool,
}

/// Exit code 0: it matches. 1: it does not, or Wharf refuses. 3: Wharf cannot be reached.
pub(super) fn run(options: &Options) -> ExitCode {
    let body = match contents(&options.body) {
        Ok(body) => body,
        Err(error) => {
            eprintln!("wharf: {} cannot be read: {error}", options.body.display());
            return ExitCode::FAILURE;
        }
    };
    let question = Question {
        path: format!("/api/gateways/{}/signature", super::encoded(&options.gateway)),
        headers: vec![("X-Hub-Signature-256", options.header.clone())],
        post: Some(body.into()),
    };
    let answer = match options.ops.ask(question) {
        Ok(answer) => answer.good(),
        Err(unasked) => return give_up(&unasked),
    };
    match answer {
        Ok(told) => {
            println!("{}", if options.json { format!("{told:#}") } else { text(&told) });
            if told["matches"].is_number() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            eprintln!("wharf: {why}");
            ExitCode::FAILURE
        }
    }
}

fn contents(path: &Path) -> std::io::Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return std::fs::read(path);
    }
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    Ok(body)
}

fn text(told: &Value) -> String {
    let mark = if told["matches"].is_number() { "✓ it matches" } else { "✗ it does not match" };
    let why = told["why"].as_str().unwrap_or_default();
    let hint = told["hint"].as_str().map(|hint| format!("\n  -> {hint}")).unwrap_or_default();
    format!("{mark}: {why}{hint}")
}
