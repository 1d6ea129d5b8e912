//! `wharf bench ingest`: which servers are measured against each other, in which order. Rounds alternate between them,
//! so that the noise of a busy machine hits all.

use super::BenchError;
use super::contender::{Contender, Role, Wanted};
use super::deliveries::Sink;
use super::disk::Ground;
use super::engaged;
use super::figures::median;
use super::mix::Mix;
use super::pauses::Pauses;
use super::report::{ByTheClock, Report, Subject};
use super::routed::{self, Batch, Delivered, Drained};
use super::run::{Run, Runs};
use super::stage::Special;
use clap::Args;
use std::path::PathBuf;

/// Batches that are posted.
const BATCHES: u32 = 5;
/// Seconds of a burst.
const BURST_S: f64 = 10.0;

/// What can be chosen.
#[derive(Debug, Clone, Args, serde::Serialize)]
pub struct Options {
    /// Connections of the load
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Engaged, active accounts that webhooks are for, in turn
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub accounts: u32,
    /// Seconds of each round that count
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Seconds before them that do not
    #[arg(long, default_value_t = 2.0)]
    pub warm_up: f64,
    /// Rounds; the middle one counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Leave out the open loop at half of what the durable path takes
    #[arg(long)]
    pub closed_only: bool,
    /// Also: one account that gets everything
    #[arg(long)]
    pub hot: bool,
    /// Also: a route to an instant sink
    #[arg(long)]
    pub route: bool,
    /// Webhooks per second by the clock while the way from POST to delivery is measured
    #[arg(long, default_value_t = 1000.0)]
    pub rate: f64,
    /// Also: 10 s at twice what the durable path takes
    #[arg(long)]
    pub burst: bool,
    /// Connections of the burst
    #[arg(long, default_value_t = 1000)]
    pub burst_connections: usize,
    /// Also: a gateway with this many events in its journal
    #[arg(long)]
    pub preload: Option<u64>,
    /// Also: one POST of 1000 statuses, 2.8 MB
    #[arg(long)]
    pub batch: bool,
    /// Also: memory and time to ready with this many accounts, against 10
    #[arg(long)]
    pub engaged: Option<u32>,
    /// In which folder stores are made; they are removed afterwards. Without it in ./target, else where temporary files go
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let report = Bench::open(options)?.measure()?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

struct Bench<'a> {
    options: &'a Options,
    ground: Ground,
    runs: Runs,
    sink: Option<Sink>,
    pauses: Pauses,
    contenders: Vec<Contender>,
    drained: Vec<Drained>,
}

impl<'a> Bench<'a> {
    fn open(options: &'a Options) -> Result<Self, BenchError> {
        let ground = Ground::open(options.data.as_deref())?;
        ground.clear_when_told();
        eprintln!("Stores are made in {} ({}) and removed afterwards", ground.path().display(), ground.filesystem);
        let sink = if options.route { Some(Sink::start()?) } else { None };
        let mut bench = Self {
            options,
            ground,
            runs: Runs::default(),
            sink,
            pauses: Pauses::watch(),
            contenders: Vec::new(),
            drained: Vec::new(),
        };
        bench.contenders.push(Contender::bare(options.accounts)?);
        bench.serve(Role::Durable, options.accounts, 0)?;
        if options.hot {
            bench.serve(Role::Hot, 1, 0)?;
        }
        if let Some(events) = options.preload {
            bench.serve(Role::Preloaded, options.accounts, events)?;
        }
        if options.route {
            bench.serve(Role::Routed, options.accounts, 0)?;
        }
        Ok(bench)
    }

    fn serve(&mut self, role: Role, accounts: u32, preload: u64) -> Result<(), BenchError> {
        let route = self.sink.as_ref().filter(|_| role == Role::Routed).map(|sink| sink.url.as_str());
        let wanted =
            Wanted { role, accounts, preload, route, starts: self.options.rounds, special: Special::default() };
        self.contenders.push(Contender::durable(&wanted, &self.ground)?);
        Ok(())
    }

    fn measure(mut self) -> Result<Report, BenchError> {
        for round in 1..=self.options.rounds {
            for at in 0..self.contenders.len() {
                self.closed(round, at)?;
            }
        }
        let mut report = Report::new(self.options, &self.ground.filesystem);
        let capacity = median(
            self.of(Role::Durable).into_iter().flat_map(|durable| &durable.rounds).map(|round| round.per_second),
        );
        if let Some(capacity) = capacity.filter(|capacity| *capacity > 0.0) {
            report.half = if self.options.closed_only { None } else { Some(self.half(capacity)?) };
            report.burst = if self.options.burst { Some(self.burst(capacity)?) } else { None };
        }
        report.delivered = self.delivered()?;
        report.batch = self.batch()?;
        report.drained = self.drained;
        for mut contender in self.contenders {
            let rounds = std::mem::take(&mut contender.rounds);
            let (role, ready_s) = (contender.role, contender.ready_s);
            report.closed.push(Subject::new(role, ready_s, rounds, &contender.end()?));
        }
        if let Some(many) = self.options.engaged {
            let run = usual(self.options);
            report.engaged = Some(engaged::compare(many, &run, self.options.rounds, &self.ground, &self.runs)?);
        }
        report.longest_pause_ms = self.pauses.end();
        report.compare();
        Ok(report)
    }

    fn of(&self, role: Role) -> Option<&Contender> {
        self.contenders.iter().find(|contender| contender.role == role)
    }

    fn closed(&mut self, round: u32, at: usize) -> Result<(), BenchError> {
        let contender = &self.contenders[at];
        let run = Run { title: format!("round {round}: {}", contender.role.title()), ..usual(self.options) };
        let found = match self.sink.as_mut().filter(|_| contender.role == Role::Routed) {
            None => self.runs.run(contender, &run)?,
            Some(sink) => {
                let (found, drained) = routed::round(contender, sink, &run, &self.runs)?;
                self.drained.push(drained);
                found
            }
        };
        self.contenders[at].rounds.push(found);
        Ok(())
    }

    fn half(&self, capacity: f64) -> Result<ByTheClock, BenchError> {
        let run = Run { title: "open loop at half".to_owned(), rate: Some(capacity / 2.0), ..usual(self.options) };
        let rounds: Vec<_> =
            (0..self.options.rounds).map(|_| self.runs.run(self.durable(), &run)).collect::<Result<_, _>>()?;
        Ok(ByTheClock::new(capacity / 2.0, &run, &rounds))
    }

    fn burst(&self, capacity: f64) -> Result<ByTheClock, BenchError> {
        let (rate, connections) = (Some(capacity * 2.0), self.options.burst_connections);
        let run = Run {
            title: "burst at twice".to_owned(),
            connections,
            warm_up: 0.0,
            seconds: BURST_S,
            rate,
            ..usual(self.options)
        };
        let measured = self.runs.run(self.durable(), &run)?;
        Ok(ByTheClock::new(capacity * 2.0, &run, &[measured]))
    }

    fn durable(&self) -> &Contender {
        self.of(Role::Durable).expect("the durable path is always there")
    }

    fn delivered(&mut self) -> Result<Option<Delivered>, BenchError> {
        let routed = self.contenders.iter().find(|contender| contender.role == Role::Routed);
        let (Some(routed), Some(sink)) = (routed, self.sink.as_mut()) else { return Ok(None) };
        let run = Run { title: "to delivery".to_owned(), rate: Some(self.options.rate), ..usual(self.options) };
        routed::by_the_clock(routed, sink, &run, self.options.rounds, &self.runs).map(Some)
    }

    /// Batches go to the gateway with a route, where there is one: then it shows that all arrive.
    fn batch(&mut self) -> Result<Option<Batch>, BenchError> {
        if !self.options.batch {
            return Ok(None);
        }
        let role = if self.sink.is_some() { Role::Routed } else { Role::Durable };
        let Some(contender) = self.contenders.iter().find(|contender| contender.role == role) else { return Ok(None) };
        routed::batches(contender, self.sink.as_mut(), BATCHES, &self.runs).map(Some)
    }
}

fn usual(options: &Options) -> Run {
    let Options { connections, warm_up, seconds, .. } = *options;
    Run { title: String::new(), connections, warm_up, seconds, rate: None, mix: Mix::default() }
}
