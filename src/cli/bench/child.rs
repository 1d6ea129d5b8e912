//! The hidden command: one process of a measurement. It says what it found in lines of JSON on standard output, and
//! ends when its standard input does, so that none outlives who started it.

use super::{BenchError, bare, durable, fill, graph, load, send, siege, sink, street};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// No process of a measurement lives longer.
const LIFETIME: Duration = Duration::from_secs(2 * 3600);

/// One process.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    part: Part,
}

/// What it does.
#[derive(Debug, Subcommand)]
enum Part {
    Bare,
    Durable(durable::Options),
    Fill(fill::Options),
    Graph(graph::Options),
    Gateway(send::Served),
    Load(load::Options),
    Siege(siege::Options),
    Sink,
    Street(street::Options),
}

/// Plays the part.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    std::thread::spawn(|| {
        std::thread::sleep(LIFETIME);
        std::process::exit(3);
    });
    match &options.part {
        Part::Bare => actix_web::rt::System::new().block_on(bare::run()),
        Part::Durable(options) => actix_web::rt::System::new().block_on(durable::run(options)),
        Part::Fill(options) => fill::run(options),
        Part::Graph(options) => actix_web::rt::System::new().block_on(graph::run(options)),
        Part::Gateway(options) => send::run_gateway(options),
        Part::Load(options) => load::run(options),
        Part::Siege(options) => siege::run(options),
        Part::Sink => sink::run(),
        Part::Street(options) => street::run(options),
    }
}

/// What a server says first.
#[derive(Debug, Clone, Copy, Serialize, serde::Deserialize)]
pub(super) struct Listening {
    /// Where webhooks go.
    pub(super) public: SocketAddr,
}

/// Says a line.
pub(super) fn say(what: &impl Serialize) -> Result<(), BenchError> {
    let line = serde_json::to_string(what)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(super::while_doing("say a result"))
}

/// The words it is asked; `None` when it shall end.
pub(super) fn words() -> UnboundedReceiver<String> {
    let (tell, told) = unbounded_channel();
    std::thread::spawn(move || {
        std::io::stdin().lock().lines().map_while(Result::ok).try_for_each(|word| tell.send(word))
    });
    told
}
