//! The durable path: what `wharf serve` runs, over a folder that was filled before. Nothing in it is different.

use super::BenchError;
use super::child::{Listening, say, words};
use super::stage::{Special, settings};
use crate::cli::serve;
use crate::server;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Connections that a measurement makes at most.
const CONNECTIONS: usize = 18_000;

/// The gateway to serve.
#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// The data folder
    #[arg(long)]
    pub(super) data: PathBuf,
    /// The ops listener
    #[arg(long)]
    pub(super) ops_listen: SocketAddr,
    /// Where events go
    #[arg(long)]
    pub(super) route: Option<String>,
    #[command(flatten)]
    pub(super) special: Special,
}

/// What the store counted since it started.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Events made durable.
    pub(super) events: u64,
    /// Commit groups made durable.
    pub(super) commits: u64,
    /// Seconds of all groups, first write to sync.
    pub(super) commit_seconds: f64,
}

/// Serves until it shall end; asked anything, it says what it kept.
pub(super) async fn run(options: &Options) -> Result<(), BenchError> {
    let settings = settings(options.ops_listen, &options.data, options.route.as_deref(), &options.special)?;
    crate::descriptors::make_room(CONNECTIONS);
    let storage = settings.storage.clone();
    let running = server::start(&settings, move || serve::open(&storage)).await?;
    say(&Listening { public: running.public })?;
    let mut words = words();
    while words.recv().await.is_some() {
        let figures = running.edge.wharf.store.figures();
        let (events, commits, commit_seconds) = (figures.events, figures.commits.count, figures.commits.sum_s);
        say(&Kept { events, commits, commit_seconds })?;
    }
    running.stop().await;
    Ok(())
}
