//! The binary: reads the command line and runs one command. Knows nothing else.

use clap::Parser;
use std::process::ExitCode;
use wharf::cli::Cli;
use wharf::logging;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    logging::start();
    Cli::parse().run()
}
