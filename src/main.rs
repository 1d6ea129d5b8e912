//! The binary: reads the command line and runs one command. Knows nothing else.

use clap::Parser;
use std::process::ExitCode;
use wharf::cli::Cli;

fn main() -> ExitCode {
    env_logger::init();
    Cli::parse().run()
}
