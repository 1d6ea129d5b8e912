//! The binary: reads the command line and runs one command. Knows nothing else.

use clap::Parser;
use std::process::ExitCode;
use wharf::cli::{Cli, Command, check};

fn main() -> ExitCode {
    env_logger::init();
    match Cli::parse().command {
        Command::Check(options) => check::run(&options),
    }
}
