//! The command line: one enum of commands. Each command has a file of its own; nothing here does the work.

pub mod check;

use clap::{Parser, Subcommand};

/// What was typed.
#[derive(Debug, Parser)]
#[command(name = "wharf", version, about = "A WhatsApp Business gateway", arg_required_else_help = true)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Validate a configuration and show what it means, without starting anything.
    Check(check::Options),
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
        let Command::Check(options) = cli.command;
        assert_eq!(options.config.as_deref(), Some(std::path::Path::new("a.toml")));
        assert!(options.json && !options.list);
    }
}
