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
