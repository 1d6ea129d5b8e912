//! `wharf bench`: measures this machine. Everything measured runs in a process of its own, this binary again under a
//! hidden command, so that each one's CPU and memory are known apart. Knows no figure that it did not measure.

mod arrivals;
mod bare;
mod batch;
mod child;
mod connection;
mod contender;
mod deliveries;
mod disk;
mod durable;
mod endpoints;
mod engaged;
mod fairness;
mod figures;
mod fill;
mod graph;
mod hostile;
mod ingest;
mod load;
mod look;
mod mix;
mod neighbours;
mod pace;
mod pauses;
mod process;
mod promise;
mod report;
mod routed;
mod run;
mod send;
mod siege;
mod sink;
mod stage;
mod street;
mod table;
mod turns;
mod verbs;
mod webhook;

use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// What is measured
    #[command(subcommand)]
    pub bench: Bench,
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Signed webhooks in: the bare edge (HMAC, 200) against the durable path, in one run
    Ingest(Box<ingest::Options>),
    /// Four of a hundred routes break: what the others notice, and what arrives when the four are well again
    Neighbours(Box<neighbours::Options>),
    /// Many accounts on one route that cannot keep up: how long each waits for its turn
    Fairness(Box<fairness::Options>),
    /// Idle connections, slow bodies, wrong keys and large batches at once: what a healthy caller notices
    Hostile(Box<hostile::Options>),
    /// `setup` and `subscribe` of many accounts at a slow Graph: when they end, and what webhooks notice
    Verbs(Box<verbs::Options>),
    /// Looking at a long journal: what `explain` and pages of lists take
    Look(Box<look::Options>),
    /// Messages out: the queue against the sandbox alone, the overhead of a send, the pace of a number, in one run
    Send(Box<send::Options>),
    /// One of the processes of a measurement; it ends when its standard input does
    #[command(hide = true)]
    Child(child::Options),
}

/// Runs the measurement.
pub fn run(options: &Options) -> ExitCode {
    let ended = match &options.bench {
        Bench::Ingest(options) => ingest::run(options),
        Bench::Neighbours(options) => neighbours::run(options),
        Bench::Fairness(options) => fairness::run(options),
        Bench::Hostile(options) => hostile::run(options),
        Bench::Verbs(options) => verbs::run(options),
        Bench::Look(options) => look::run(options),
        Bench::Send(options) => send::run(options),
        Bench::Child(options) => child::run(options),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wharf bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why a measurement ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A process of the measurement did not do its part.
    #[error("the process `{name}` {why}; what it wrote to standard error stands above")]
    Process {
        /// Which.
        name: &'static str,
        /// What happened.
        why: String,
    },
    /// What was measured is not what is promised.
    #[error("a promise is broken: {}", .0.join("; "))]
    Promises(Vec<String>),
    /// Something outside could not be used.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The data folder is in memory.
    #[error("{} is on {filesystem}, which is memory: syncing it measures nothing; name a folder on a disk with --data", path.display())]
    NoDisk {
        /// The folder.
        path: PathBuf,
        /// The kind of file system.
        filesystem: String,
    },
    /// The settings of a measurement are not accepted.
    #[error("the settings of the measured gateway are refused: {0}")]
    Settings(#[from] crate::config::Faults),
    /// The gateway did not start.
    #[error(transparent)]
    Start(#[from] crate::server::StartError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] wharf_storage::StoreError),
    /// The store lost what was put into it.
    #[error("the store closed while it was being filled: {0}")]
    Lost(String),
    /// A result cannot be written or read.
    #[error("a result is not what it should be: {0}")]
    Json(#[from] serde_json::Error),
}

/// Names what was tried when the system said no.
fn while_doing(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> BenchError {
    let doing = doing.into();
    move |source| BenchError::Io { doing, source }
}
