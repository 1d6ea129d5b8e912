//! The operators' commands: each asks a running Wharf over HTTP and shows the answer, as a table for people or as the
//! JSON it came in. Nothing here opens the store, and what the numbers mean was decided where they come from.

mod account;
mod accounts;
mod answers;
mod ask;
mod dead;
mod doctor;
mod events;
mod explain;
mod fault;
mod holds;
mod keys;
mod messages;
mod numbers;
mod out;
mod paper;
mod reach;
mod register;
mod replay;
mod routes;
mod sse;
mod table;
mod tail;
mod times;
mod verb;

use ask::Wharf;
use clap::{Args, Subcommand};
use fault::Fault;
use out::Out;
use reach::Reach;
use std::process::ExitCode;

/// A command with what it is about, and which Wharf is asked.
#[derive(Debug, Args)]
pub struct With<T: Args> {
    /// What it is about.
    #[command(flatten)]
    pub wanted: T,
    /// Which Wharf.
    #[command(flatten)]
    pub reach: Reach,
}

/// Every operators' command.
#[derive(Debug, Subcommand)]
pub enum Operate {
    /// Examine a running Wharf and what it depends on, and say how to mend what is wrong
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(With<doctor::Options>),
    /// Have Meta send the webhooks of a gateway's app to the gateway
    #[command(after_help = register::EXAMPLES)]
    Register(With<register::Options>),
    /// Show the engaged accounts and how each stands, or one in full
    #[command(after_help = accounts::EXAMPLES)]
    Accounts(With<accounts::Options>),
    /// Show an account's events, or one event with its bytes
    #[command(after_help = events::EXAMPLES)]
    Events(With<events::Options>),
    /// Tell what became of an event or a message, and what is next
    #[command(after_help = explain::EXAMPLES)]
    Explain(With<explain::Options>),
    /// Follow an account live: events, deliveries and sends as they happen
    #[command(after_help = tail::EXAMPLES)]
    Tail(With<tail::Options>),
    /// Show an account's outbound messages, or one in full; cancel one that has not left
    #[command(after_help = messages::EXAMPLES)]
    Messages(With<messages::Options>),
    /// Show what was given up, and try it again
    #[command(after_help = dead::EXAMPLES)]
    Dead(With<dead::Options>),
    /// Deliver events again: one, or all of a time
    #[command(after_help = replay::EXAMPLES)]
    Replay(With<replay::Options>),
    /// Hold an account's sends or deliveries; nothing is lost meanwhile
    #[command(after_help = holds::EXAMPLES)]
    Hold(With<holds::Options>),
    /// Let go what was held
    #[command(after_help = holds::EXAMPLES)]
    Release(With<holds::Options>),
    /// Show where an account's events go; set, remove, resume or test a route
    #[command(after_help = routes::EXAMPLES)]
    Routes(With<routes::Options>),
    /// List, create and remove API keys
    #[command(after_help = keys::EXAMPLES)]
    Key(With<keys::Options>),
    /// Show an account's phone numbers, or add one: verify it and register it
    #[command(after_help = numbers::EXAMPLES)]
    Numbers(With<numbers::Options>),
    /// Set accounts up, search, subscribe, unsubscribe or remove them
    #[command(after_help = verb::EXAMPLES)]
    Verb(With<verb::Options>),
}

/// How a command that was carried out ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is done, or it is so.
    Yes,
    /// The answer is no: something of it failed or was not found.
    No,
    /// Wharf was not reached; what there is to say without it was said.
    Unreached,
}

/// Exit code 0: done. 1: the answer is no. 2: wrong usage. 3: Wharf cannot be reached.
pub fn run(command: &Operate) -> ExitCode {
    let reach = command.reach();
    let mut out = Out::standard(reach);
    let ended = actix_web::rt::System::new().block_on(carry_out(command, reach, &mut out));
    match ended {
        Ok(Verdict::Yes) => ExitCode::SUCCESS,
        Ok(Verdict::No) => ExitCode::from(1),
        Ok(Verdict::Unreached) => ExitCode::from(fault::UNREACHED),
        Err(fault) => {
            if let Some(said) = fault.said() {
                eprintln!("{said}");
            }
            ExitCode::from(fault.exit_code())
        }
    }
}

async fn carry_out(command: &Operate, reach: &Reach, out: &mut Out) -> Result<Verdict, Fault> {
    let place = reach.resolve(&|name| std::env::var(name).ok(), &|path| std::fs::read_to_string(path));
    let wharf = place.map(Wharf::at);
    match command {
        Operate::Doctor(it) => doctor::run(&it.wanted, wharf, out).await,
        Operate::Register(it) => register::run(&it.wanted, &wharf?, out).await,
        Operate::Accounts(it) => accounts::run(&it.wanted, &wharf?, out).await,
        Operate::Events(it) => events::run(&it.wanted, &wharf?, out).await,
        Operate::Explain(it) => explain::run(&it.wanted, &wharf?, out).await,
        Operate::Tail(it) => tail::run(&it.wanted, &wharf?, out).await,
        Operate::Messages(it) => messages::run(&it.wanted, &wharf?, out).await,
        Operate::Dead(it) => dead::run(&it.wanted, &wharf?, out).await,
        Operate::Replay(it) => replay::run(&it.wanted, &wharf?, out).await,
        Operate::Hold(it) => holds::run(&it.wanted, holds::Turn::Hold, &wharf?, out).await,
        Operate::Release(it) => holds::run(&it.wanted, holds::Turn::Release, &wharf?, out).await,
        Operate::Routes(it) => routes::run(&it.wanted, &wharf?, out).await,
        Operate::Key(it) => keys::run(&it.wanted, wharf, out).await,
        Operate::Numbers(it) => numbers::run(&it.wanted, &wharf?, out).await,
        Operate::Verb(it) => verb::run(&it.wanted, &wharf?, out).await,
    }
}

impl Operate {
    fn reach(&self) -> &Reach {
        match self {
            Self::Doctor(it) => &it.reach,
            Self::Register(it) => &it.reach,
            Self::Accounts(it) => &it.reach,
            Self::Events(it) => &it.reach,
            Self::Explain(it) => &it.reach,
            Self::Tail(it) => &it.reach,
            Self::Messages(it) => &it.reach,
            Self::Dead(it) => &it.reach,
            Self::Replay(it) => &it.reach,
            Self::Hold(it) | Self::Release(it) => &it.reach,
            Self::Routes(it) => &it.reach,
            Self::Key(it) => &it.reach,
            Self::Numbers(it) => &it.reach,
            Self::Verb(it) => &it.reach,
        }
    }
}
