//! `wharf bench send`: sends through the queue and the sandbox, each figure beside what it is compared with, in one run.
//! The gateway is a process of its own; the sandbox and the load share this one.

mod flood;
mod gateway;
mod graph;
mod phases;
mod report;

use super::BenchError;
use super::disk::Ground;
use super::pauses::Pauses;
use clap::Args;
pub(super) use gateway::Served;
use gateway::{Gateway, serve};
use phases::Stage;
use report::Report;
use std::path::PathBuf;

/// What can be chosen.
#[derive(Debug, Clone, Args, serde::Serialize)]
pub struct Options {
    /// Messages through the queue with the limits off, each to a recipient of its own
    #[arg(long, default_value_t = 30_000)]
    pub messages: u32,
    /// Accounts with a number each that they are sent from, in turn
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub accounts: u32,
    /// Connections of the load
    #[arg(long, default_value_t = 128)]
    pub connections: usize,
    /// Pairs of a synchronous send through the gateway and a direct call to the sandbox
    #[arg(long, default_value_t = 1_000)]
    pub pairs: u32,
    /// Seconds of work for the number with 80 messages per second
    #[arg(long, default_value_t = 15)]
    pub paced_seconds: u32,
    /// Messages per second that customers write to that number meanwhile
    #[arg(long, default_value_t = 20.0)]
    pub inbound: f64,
    /// Seconds of work for the number with 1000 messages per second, each send taking 350 ms
    #[arg(long, default_value_t = 10)]
    pub fast_seconds: u32,
    /// Statuses come back for all accounts, not only for the paced number
    #[arg(long)]
    pub statuses: bool,
    /// In which folder the store is made; it is removed afterwards. Without it in ./target, else where temporary files go
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let report = actix_web::rt::System::new().block_on(measure(options))?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

/// The process that is measured.
pub(super) fn run_gateway(options: &Served) -> Result<(), BenchError> {
    actix_web::rt::System::new().block_on(serve(options))
}

async fn measure(options: &Options) -> Result<Report, BenchError> {
    let ground = Ground::open(options.data.as_deref())?;
    ground.clear_when_told();
    eprintln!("The store is made in {} ({}) and removed afterwards", ground.path().display(), ground.filesystem);
    let pauses = Pauses::watch();
    let graph = phases::sandbox(options)?;
    let gateway = Gateway::start(&graph.sandbox, ground.fresh("send"))?;
    let mut stage = Stage::new(options, graph, gateway)?;
    let direct = stage.direct()?;
    let queued = stage.queued()?;
    let overhead = stage.overhead()?;
    let paced = stage.paced().await?;
    let fast = stage.fast()?;
    let peak_kib = stage.gateway.memory()?.peak_kib;
    stage.end().await?;
    Ok(Report {
        options: options.clone(),
        filesystem: ground.filesystem.clone(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        longest_pause_ms: pauses.end(),
        direct,
        queued,
        overhead,
        paced,
        fast,
        peak_kib,
    })
}
