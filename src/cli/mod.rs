//! The command line: one enum of commands. Each command has a file of its own; nothing here does the work.

pub mod bench;
pub mod check;
pub mod demo;
pub mod operate;
pub mod serve;

use crate::sandbox::{self, SandboxArgs};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What was typed.
#[derive(Debug, Parser)]
#[command(name = "wharf", version, about = "A WhatsApp Business gateway")]
pub struct Cli {
    /// The command to run; without one, serve
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway (what happens without a command too)
    Serve(serve::Options),
    /// Run everything with no Meta account: the gateway, a simulated Meta, customers who write, a bot that answers
    Demo(demo::Options),
    /// Run the simulated Cloud API alone, with customers who write
    Sandbox(Box<SandboxArgs>),
    /// Validate a configuration and show what it means, without starting anything
    Check(check::Options),
    /// Measure what this machine can take
    Bench(bench::Options),
    /// What operators ask a running Wharf.
    #[command(flatten)]
    Operate(operate::Operate),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> ExitCode {
        match self.command.unwrap_or_else(|| Command::Serve(serve::Options::default())) {
            Command::Serve(options) => serve::run(&options),
            Command::Demo(options) => demo::run(&options),
            Command::Sandbox(args) => finish(actix_web::rt::System::new().block_on(sandbox::run(*args))),
            Command::Check(options) => check::run(&options),
            Command::Bench(options) => bench::run(&options),
            Command::Operate(command) => operate::run(&command),
        }
    }
}

fn finish(ended: std::io::Result<()>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wharf: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn check_takes_a_file_and_answers_in_json() {
        let cli = Cli::try_parse_from(["wharf", "check", "--config", "a.toml", "--json"]).expect("a command");
        let Some(Command::Check(options)) = cli.command else { panic!("not check") };
        assert_eq!(options.config.as_deref(), Some(std::path::Path::new("a.toml")));
        assert!(options.json && !options.list);
    }

    #[test]
    fn no_command_means_serve() {
        assert!(Cli::try_parse_from(["wharf"]).expect("a command").command.is_none());
    }
}
