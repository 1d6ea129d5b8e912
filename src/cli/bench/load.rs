//! The load: signed webhooks over many connections from one thread, cheap enough not to be what is measured. Knows
//! nothing of what answers.

use super::child::say;
use super::connection::{Connection, Heard};
use super::figures::Latency;
use super::mix::{Mix, Writers};
use super::pace::{Pace, Wait};
use super::process::cpu_seconds;
use super::webhook::Request;
use super::{BenchError, while_doing};
use clap::Args;
use mio::{Events, Interest, Poll, Token};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

/// What is under way at the end is awaited this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// One run of the load.
#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// Where the webhooks go
    #[arg(long)]
    pub(super) target: SocketAddr,
    /// Connections
    #[arg(long)]
    pub(super) connections: usize,
    /// Accounts that take turns
    #[arg(long)]
    pub(super) accounts: u32,
    /// Makes the ids of this run its own
    #[arg(long)]
    pub(super) run: u32,
    /// Seconds that do not count
    #[arg(long)]
    pub(super) warm_up: f64,
    /// Seconds that count
    #[arg(long)]
    pub(super) seconds: f64,
    /// Webhooks per second by the clock; without it, as fast as they are answered
    #[arg(long)]
    pub(super) rate: Option<f64>,
    /// The process whose CPU time is read when the counting begins and ends
    #[arg(long)]
    pub(super) watch: u32,
    #[command(flatten)]
    pub(super) mix: Mix,
}

/// What one run of the load found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Seconds that counted.
    pub(super) seconds: f64,
    /// Webhooks answered 200 in them; by the clock, those that were meant for them.
    pub(super) answered: u64,
    /// The same per second.
    pub(super) per_second: f64,
    /// From the moment a webhook was meant to be sent to its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) latency: Option<Latency>,
    /// Answers other than 200, by status, the warm-up included.
    pub(super) other_answers: BTreeMap<u16, u64>,
    /// Connections that ended with a request under way, the warm-up included.
    pub(super) broken: u64,
    /// Webhooks that had no answer when patience ended.
    pub(super) unanswered: u64,
    /// All webhooks answered 200, the warm-up included.
    pub(super) answered_in_all: u64,
    /// Seconds from the last moment a webhook was meant for to the last answer.
    pub(super) late_s: f64,
    /// CPU seconds of the server while it counted.
    pub(super) server_cpu_s: f64,
    /// CPU seconds of the load while it counted.
    pub(super) load_cpu_s: f64,
}

impl Measured {
    /// Webhooks that were not answered 200, for whatever reason.
    pub(super) fn not_200(&self) -> u64 {
        self.other_answers.values().sum::<u64>() + self.broken + self.unanswered
    }
}

/// Runs the load and says what it found.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let measured = Load::open(options)?.measure()?;
    say(&measured)
}

struct Load<'a> {
    options: &'a Options,
    poll: Poll,
    connections: Vec<Connection>,
    free: VecDeque<usize>,
    request: Request,
    pace: Pace,
    clock: (Instant, u64),
    begin: Instant,
    end: Instant,
    writers: Writers,
    nth: u32,
    us: Vec<u32>,
    found: Found,
}

#[derive(Default)]
struct Found {
    other_answers: BTreeMap<u16, u64>,
    broken: u64,
    answered_in_all: u64,
    cpu: [Option<[f64; 2]>; 2],
}

impl<'a> Load<'a> {
    fn open(options: &'a Options) -> Result<Self, BenchError> {
        let connect = || Connection::open(options.target);
        let connections: Result<Vec<_>, _> = (0..options.connections).map(|_| connect()).collect();
        let mut connections = connections.map_err(while_doing(format!("connect to {}", options.target)))?;
        let poll = Poll::new().map_err(while_doing("poll"))?;
        for (at, connection) in connections.iter_mut().enumerate() {
            let interests = Interest::READABLE | Interest::WRITABLE;
            let registered = poll.registry().register(&mut connection.stream, Token(at), interests);
            registered.map_err(while_doing("poll a connection"))?;
        }
        let start = Instant::now();
        let begin = start + Duration::from_secs_f64(options.warm_up);
        Ok(Self {
            options,
            poll,
            free: (0..connections.len()).collect(),
            connections,
            request: Request::new(options.target),
            pace: Pace::new(options.rate, start),
            clock: (start, us_since_1970()),
            begin,
            end: begin + Duration::from_secs_f64(options.seconds),
            writers: options.mix.writers(options.accounts),
            nth: 0,
            us: Vec::with_capacity(1 << 20),
            found: Found::default(),
        })
    }

    fn measure(mut self) -> Result<Measured, BenchError> {
        let mut events = Events::with_capacity(1024);
        loop {
            let now = Instant::now();
            self.watch(now)?;
            self.send_due(now);
            let idle = self.free.len() == self.connections.len();
            if (idle && now >= self.end && self.pace.is_over(self.end, now)) || now > self.end + PATIENCE {
                return self.conclude(now);
            }
            self.wait(&mut events, now)?;
            for event in &events {
                self.heed(event)?;
            }
        }
    }

    fn wait(&mut self, events: &mut Events, now: Instant) -> Result<(), BenchError> {
        let (patience, nap) = match self.pace.wait(self.end, self.free.len(), now) {
            Wait::Poll(patience) => (patience, Duration::ZERO),
            Wait::Nap(nap) => (Duration::ZERO, nap),
        };
        match self.poll.poll(events, Some(patience)) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return Err(while_doing("poll")(error)),
            Ok(()) | Err(_) => {}
        }
        if events.is_empty() && !nap.is_zero() {
            std::thread::sleep(nap);
        }
        Ok(())
    }

    fn heed(&mut self, event: &mio::event::Event) -> Result<(), BenchError> {
        let at = event.token().0;
        if event.is_writable() {
            self.connections[at].flush();
        }
        if !event.is_readable() {
            return Ok(());
        }
        match self.connections[at].hear() {
            Heard::More => Ok(()),
            Heard::Answer(status) => {
                self.answered(at, status);
                Ok(())
            }
            Heard::Broken => self.reopen(at),
        }
    }

    fn answered(&mut self, at: usize, status: u16) {
        let now = Instant::now();
        let Some(since) = self.connections[at].waits_since.take() else { return };
        self.free.push_back(at);
        if status == 200 {
            self.found.answered_in_all += 1;
            let counts_by = if self.options.rate.is_some() { since } else { now };
            if (self.begin..self.end).contains(&counts_by) {
                self.us.push(u32::try_from((now - since).as_micros()).unwrap_or(u32::MAX));
            }
        } else {
            *self.found.other_answers.entry(status).or_default() += 1;
        }
        self.send_due(now);
    }

    fn send_due(&mut self, now: Instant) {
        while let Some(at) = self.free.front().copied() {
            let Some(intended) = self.pace.take(self.end, now) else { return };
            self.free.pop_front();
            let at_us = self.clock.1 + (intended - self.clock.0).as_micros() as u64;
            let webhook = self.writers.webhook(self.nth, self.options.run, at_us);
            self.nth += 1;
            self.connections[at].send(self.request.write(webhook), intended);
        }
    }

    fn reopen(&mut self, at: usize) -> Result<(), BenchError> {
        if self.connections[at].waits_since.is_some() {
            self.found.broken += 1;
            self.free.push_back(at);
        }
        let mut fresh = Connection::open(self.options.target).map_err(while_doing("connect again"))?;
        let interests = Interest::READABLE | Interest::WRITABLE;
        let registered = self.poll.registry().register(&mut fresh.stream, Token(at), interests);
        self.connections[at] = fresh;
        registered.map_err(while_doing("poll a connection"))
    }

    /// Reads CPU times once when the counting begins and once when it ends.
    fn watch(&mut self, now: Instant) -> Result<(), BenchError> {
        for (which, moment) in [self.begin, self.end].into_iter().enumerate() {
            if now >= moment && self.found.cpu[which].is_none() {
                self.found.cpu[which] = Some([cpu_seconds(self.options.watch)?, cpu_seconds(std::process::id())?]);
            }
        }
        Ok(())
    }

    fn conclude(self, now: Instant) -> Result<Measured, BenchError> {
        let [begun, ended] = self.found.cpu.map(Option::unwrap_or_default);
        let answered = self.us.len() as u64;
        Ok(Measured {
            seconds: self.options.seconds,
            answered,
            per_second: answered as f64 / self.options.seconds,
            latency: Latency::of(self.us),
            other_answers: self.found.other_answers,
            broken: self.found.broken,
            unanswered: (self.connections.len() - self.free.len()) as u64,
            answered_in_all: self.found.answered_in_all,
            late_s: (now - self.end).as_secs_f64(),
            server_cpu_s: ended[0] - begun[0],
            load_cpu_s: ended[1] - begun[1],
        })
    }
}

/// Now, in µs since 1970: what processes of one machine agree on.
pub(super) fn us_since_1970() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_micros() as u64)
}
