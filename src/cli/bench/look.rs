//! `wharf bench look`: what looking costs with a long journal. `explain` and pages of lists, at the beginning, in the
//! middle and at the end, on one gateway with a long journal and on one with a short one, in one run.

use super::BenchError;
use super::connection::{Heard, whole};
use super::contender::{Contender, Role, Wanted};
use super::deliveries::Sink;
use super::disk::Ground;
use super::figures::Latency;
use super::mix::Mix;
use super::pauses::Pauses;
use super::promise::Promises;
use super::run::{Run, Runs};
use super::stage::{Special, account_id};
use super::while_doing;
use clap::Args;
use serde::Serialize;
use std::fmt::{Display, Formatter};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const KEY: &str = "the-key-of-the-operator-of-a-measurement";
const ACCOUNTS: u32 = 50;
/// Events in the journal that long ones are compared with.
const FEW: u64 = 5_000;
/// An answer that takes longer counts as none.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// What can be chosen.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Options {
    /// Events in the long journal
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(10_000..))]
    pub events: u64,
    /// Requests of each kind
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(30..))]
    pub requests: u32,
    /// The promise: the p99 of `explain`, in ms
    #[arg(long, default_value_t = 20.0)]
    pub at_most_ms: f64,
    /// The promise: how much longer than with a short journal a page takes, in the median
    #[arg(long, default_value_t = 2.0)]
    pub at_most_times: f64,
    /// In which folder the stores are made; they are removed afterwards
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Look {
    /// `GET /api/events/{id}/explain`.
    Explain,
    /// `GET /api/events/{id}`.
    Event,
    /// A page of the events of an account.
    Page,
    /// The accounts.
    Accounts,
}

const LOOKS: [Look; 4] = [Look::Explain, Look::Event, Look::Page, Look::Accounts];

/// What was found on one gateway.
#[derive(Debug, Serialize)]
struct Found {
    events: u64,
    ready_s: Option<f64>,
    looks: Vec<(Look, Latency)>,
}

#[derive(Debug, Serialize)]
struct Report {
    options: Options,
    longest_pause_ms: f64,
    short: Found,
    long: Found,
}

/// Measures, prints, and fails where a promise is broken.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let ground = Ground::open(options.data.as_deref())?;
    ground.clear_when_told();
    let (pauses, runs) = (Pauses::watch(), Runs::default());
    let short = look(FEW, options, &ground, &runs)?;
    let long = look(options.events, options, &ground, &runs)?;
    let report = Report { options: options.clone(), longest_pause_ms: pauses.end(), short, long };
    report.judge().conclude(&report, options.json)
}

/// Fills a journal, has some more events delivered, and looks.
fn look(events: u64, options: &Options, ground: &Ground, runs: &Runs) -> Result<Found, BenchError> {
    let mut sink = Sink::start()?;
    let more = format!("[[key]]\nname = \"operator\"\nsecret = \"{KEY}\"\nscopes = [\"inspect\"]\n");
    let special = Special { graph: None, more: Some(more) };
    let wanted = Wanted {
        role: Role::Preloaded,
        accounts: ACCOUNTS,
        preload: events,
        route: Some(&sink.url),
        starts: 1,
        special,
    };
    let contender = Contender::durable(&wanted, ground)?;
    let load = Run {
        title: format!("{events} events and some more"),
        connections: 8,
        warm_up: 0.2,
        seconds: 1.0,
        rate: Some(500.0),
        mix: Mix::default(),
    };
    let measured = runs.run(&contender, &load)?;
    sink.await_all(measured.answered_in_all)?;
    let each = events / u64::from(ACCOUNTS);
    let looks = LOOKS.map(|look| Ok((look, latency(look, each, contender.ops(), options.requests)?)));
    let looks = looks.into_iter().collect::<Result<Vec<_>, BenchError>>()?;
    let ready_s = contender.ready_s;
    contender.end()?;
    Ok(Found { events, ready_s, looks })
}

fn latency(look: Look, each: u64, ops: SocketAddr, requests: u32) -> Result<Latency, BenchError> {
    let mut us = Vec::new();
    for nth in 0..requests {
        // The beginning, the middle, the end, and what was delivered just now.
        let offset = u64::from(nth) % (each / 4).max(1);
        let seq = [1 + offset, each / 2 + offset, each - offset, each + 1];
        let seq = seq[nth as usize % seq.len()].max(1);
        let path = look.path(&account_id(nth % ACCOUNTS), seq);
        let began = Instant::now();
        ask(&path, ops)?;
        us.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(Latency::of(us).expect("there was at least one request"))
}

fn ask(path: &str, ops: SocketAddr) -> Result<(), BenchError> {
    let doing = || while_doing(format!("ask for {path}"));
    let mut stream = TcpStream::connect(ops).map_err(doing())?;
    stream.set_read_timeout(Some(ANSWERED_WITHIN)).map_err(doing())?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {ops}\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(doing())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(doing())?;
    match whole(&answer) {
        Heard::Answer(200) => Ok(()),
        Heard::Answer(status) => Err(doing()(std::io::Error::other(format!("it was answered {status}")))),
        Heard::More | Heard::Broken => Err(doing()(std::io::ErrorKind::UnexpectedEof.into())),
    }
}

impl Look {
    fn path(self, waba: &str, seq: u64) -> String {
        match self {
            Look::Explain => format!("/api/events/{waba}.{seq}/explain"),
            Look::Event => format!("/api/events/{waba}.{seq}"),
            Look::Page => format!("/api/accounts/{waba}/events?limit=50&after={}", seq - 1),
            Look::Accounts => "/api/accounts?limit=50".to_owned(),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Look::Explain => "explain",
            Look::Event => "one event",
            Look::Page => "50 events",
            Look::Accounts => "50 accounts",
        }
    }
}

impl Report {
    fn pairs(&self) -> impl Iterator<Item = (Look, Latency, Latency)> {
        let pairs = self.short.looks.iter().zip(&self.long.looks);
        pairs.map(|((look, short), (_, long))| (*look, *short, *long))
    }

    fn judge(&self) -> Promises {
        let mut promises = Promises::default();
        for (look, short, long) in self.pairs() {
            let (p99, most) = (long.p99_ms, self.options.at_most_ms);
            promises.hold(look != Look::Explain || p99 < most, || {
                format!("explain takes {p99:.1} ms (p99), promised are {most}")
            });
            let times = long.p50_ms / short.p50_ms;
            promises.hold(times <= self.options.at_most_times, || {
                format!("{}: {times:.2} times what it takes with {FEW} events", look.word())
            });
        }
        promises
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let ready = |found: &Found| found.ready_s.unwrap_or_default();
        writeln!(
            f,
            "{} events against {}, {ACCOUNTS} accounts, a connection each",
            self.long.events, self.short.events
        )?;
        writeln!(f, "ready after {:.2} s against {:.2} s", ready(&self.long), ready(&self.short))?;
        writeln!(f, "the machine itself stood still for {:.0} ms at most\n", self.longest_pause_ms)?;
        writeln!(f, "{:<14}{:>10}{:>10}{:>10}{:>14}{:>8}", "", "p50 ms", "p99", "max", "short p50 ms", "times")?;
        for (look, short, long) in self.pairs() {
            let Latency { p50_ms, p99_ms, max_ms, .. } = long;
            let times = p50_ms / short.p50_ms;
            let word = look.word();
            writeln!(f, "{word:<14}{p50_ms:>10.2}{p99_ms:>10.2}{max_ms:>10.2}{:>14.2}{times:>8.2}", short.p50_ms)?;
        }
        Ok(())
    }
}
