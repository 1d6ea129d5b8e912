//! `wharf check`: reads the settings and says what they mean. Starts nothing and asks nobody; never shows a secret.

mod report;

use crate::config::{Faults, Settings, reference, variables};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `wharf check` takes.
#[derive(Debug, Args)]
pub struct Options {
    /// The file with settings; without it ./wharf.toml, else variables
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Answer in JSON, on standard output
    #[arg(long)]
    pub json: bool,
    /// Show every setting with its default and meaning (as Markdown), and check nothing
    #[arg(long)]
    pub list: bool,
}

/// Exit code 0: Wharf would start (there may be warnings). 1: it would not. 2 is clap's: wrong use.
pub fn run(options: &Options) -> ExitCode {
    if options.list {
        print!("{}", reference::markdown());
        return ExitCode::SUCCESS;
    }
    let loaded = Settings::load(options.config.as_deref(), variables());
    match (options.json, &loaded) {
        (true, _) => println!("{}", report::json(&loaded)),
        (false, Ok(settings)) => print!("{}", report::text(settings)),
        (false, Err(faults)) => eprintln!("{faults}"),
    }
    verdict(&loaded)
}

fn verdict(loaded: &Result<Settings, Faults>) -> ExitCode {
    if loaded.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
