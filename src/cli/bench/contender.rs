//! One of the servers that are measured side by side: its process, its folder, and what each round found.

use super::child::Listening;
use super::disk::{self, Ground};
use super::durable::Kept;
use super::figures::median;
use super::fill::Filled;
use super::load::Measured;
use super::process::{Memory, Process};
use super::run::bar;
use super::stage::{LOOPBACK, Special};
use super::{BenchError, while_doing};
use serde::Serialize;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A server has this long to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(120);

/// What a server is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// HMAC and 200, nothing else.
    Bare,
    /// The gateway, its journal empty, without a route.
    Durable,
    /// The same with one account only.
    Hot,
    /// The same with a long journal.
    Preloaded,
    /// The same with a route to the sink.
    Routed,
    /// The gateway with as many accounts as were asked for, started for its memory.
    Engaged,
    /// The gateway that something is shown of.
    Shown,
}

impl Role {
    /// What it is called in the report.
    pub(super) fn title(self) -> &'static str {
        match self {
            Role::Bare => "bare edge",
            Role::Durable => "durable",
            Role::Hot => "one hot account",
            Role::Preloaded => "long journal",
            Role::Routed => "with a route",
            Role::Engaged => "engaged",
            Role::Shown => "gateway",
        }
    }
}

/// A running server.
pub(super) struct Contender {
    /// What it is there for.
    pub(super) role: Role,
    /// How many accounts it has.
    pub(super) accounts: u32,
    /// Where webhooks go.
    pub(super) public: SocketAddr,
    /// Where operators look, at a gateway.
    pub(super) ops: Option<SocketAddr>,
    /// From starting the process to `/readyz`, the median of all starts, for a gateway.
    pub(super) ready_s: Option<f64>,
    /// What each round of the closed loop found.
    pub(super) rounds: Vec<Measured>,
    /// Its process.
    pub(super) process: Process,
    folder: Option<PathBuf>,
    bytes_at_start: u64,
}

/// What is known of a server when it has ended.
pub(super) struct Ended {
    /// Its memory before it ended.
    pub(super) memory: Memory,
    /// What its store counted.
    pub(super) kept: Option<Kept>,
    /// Bytes on disk for each of these events, measured when the store is closed.
    pub(super) bytes_per_event: Option<f64>,
}

/// The gateway that is wanted.
pub(super) struct Wanted<'a> {
    /// What it is there for.
    pub(super) role: Role,
    /// How many accounts it has.
    pub(super) accounts: u32,
    /// Events in its journal before it starts.
    pub(super) preload: u64,
    /// Where its events go.
    pub(super) route: Option<&'a str>,
    /// How often it is started, to know how long that takes.
    pub(super) starts: u32,
    /// What else is different about it.
    pub(super) special: Special,
}

impl Contender {
    /// The bare edge.
    pub(super) fn bare(accounts: u32) -> Result<Self, BenchError> {
        let process = Process::start("bare", &[])?;
        let Listening { public } = process.hear(LISTENS_WITHIN, &|| {})?;
        let (role, rounds) = (Role::Bare, Vec::new());
        Ok(Self { role, accounts, public, ops: None, ready_s: None, rounds, process, folder: None, bytes_at_start: 0 })
    }

    /// A gateway over a folder that is filled as wanted before it starts.
    pub(super) fn durable(wanted: &Wanted, ground: &Ground) -> Result<Self, BenchError> {
        let folder = ground.fresh(&format!("{}-{}", wanted.role.title().replace(' ', "-"), wanted.accounts));
        fill(wanted, &folder)?;
        let bytes_at_start = disk::bytes_in(&folder);
        let mut ready_s = Vec::new();
        for _ in 1..wanted.starts {
            let (process, _, _, seconds) = serve(&folder, wanted)?;
            process.end()?;
            ready_s.push(seconds);
        }
        let (process, public, ops, seconds) = serve(&folder, wanted)?;
        ready_s.push(seconds);
        let ready_s = median(ready_s.into_iter());
        let (role, accounts, folder) = (wanted.role, wanted.accounts, Some(folder));
        let (rounds, ops) = (Vec::new(), Some(ops));
        Ok(Self { role, accounts, public, ops, ready_s, rounds, process, folder, bytes_at_start })
    }

    /// Where operators look.
    pub(super) fn ops(&self) -> SocketAddr {
        self.ops.expect("a gateway has a listener for operators")
    }

    /// Ends the server.
    pub(super) fn end(mut self) -> Result<Ended, BenchError> {
        let memory = self.process.memory()?;
        let Some(folder) = self.folder else {
            self.process.end()?;
            return Ok(Ended { memory, kept: None, bytes_per_event: None });
        };
        let kept: Kept = self.process.ask("kept")?;
        self.process.end()?;
        let grown = disk::bytes_in(&folder).saturating_sub(self.bytes_at_start);
        let bytes_per_event = (kept.events > 0).then(|| grown as f64 / kept.events as f64);
        Ok(Ended { memory, kept: Some(kept), bytes_per_event })
    }
}

fn fill(wanted: &Wanted, folder: &Path) -> Result<(), BenchError> {
    let [data, accounts, events] = ["--data", "--accounts", "--events"].map(str::to_owned);
    let (number, preload) = (wanted.accounts.to_string(), wanted.preload.to_string());
    let process = Process::start("fill", &[data, folder.display().to_string(), accounts, number, events, preload])?;
    let bar = bar(&format!("filling: {}", wanted.role.title()), wanted.preload);
    loop {
        let Filled { events, done } = process.hear(LISTENS_WITHIN, &|| bar.tick())?;
        bar.set_position(events);
        if done {
            bar.finish_and_clear();
            return process.end();
        }
    }
}

/// Starts a gateway; says where its two listeners are and how many seconds it took until `/readyz` said so.
fn serve(folder: &Path, wanted: &Wanted) -> Result<(Process, SocketAddr, SocketAddr, f64), BenchError> {
    let ops =
        TcpListener::bind(LOOPBACK).and_then(|free| free.local_addr()).map_err(while_doing("find a free port"))?;
    let mut args = vec!["--data".to_owned(), folder.display().to_string(), "--ops-listen".to_owned(), ops.to_string()];
    args.extend(wanted.special.as_args());
    args.extend(wanted.route.into_iter().flat_map(|url| ["--route".to_owned(), url.to_owned()]));
    let began = Instant::now();
    let process = Process::start("durable", &args)?;
    wait_until_ready(ops)?;
    let seconds = began.elapsed().as_secs_f64();
    let Listening { public } = process.hear(LISTENS_WITHIN, &|| {})?;
    Ok((process, public, ops, seconds))
}

fn wait_until_ready(ops: SocketAddr) -> Result<(), BenchError> {
    let until = Instant::now() + LISTENS_WITHIN;
    loop {
        match ready(ops) {
            Ok(true) => return Ok(()),
            Err(error) if Instant::now() > until => return Err(while_doing(format!("ask {ops} for /readyz"))(error)),
            Ok(false) | Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

fn ready(ops: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(ops)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: wharf\r\nConnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"HTTP/1.1 200")
}
