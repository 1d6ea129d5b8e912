//! `wharf bench fairness`: many accounts on one route that cannot keep up, some with far more to deliver than others.
//! How long each waits for its turn at the endpoint, which no backlog of another may make longer.

use super::BenchError;
use super::contender::{Contender, Role, Wanted};
use super::disk::Ground;
use super::endpoints::Endpoints;
use super::load::{Measured, us_since_1970};
use super::mix::Mix;
use super::pauses::Pauses;
use super::process::Memory;
use super::promise::{Promises, mib};
use super::run::{Run, Runs};
use super::stage::{CUSTOMERS, Special};
use super::turns::Turns;
use clap::Args;
use serde::Serialize;
use std::fmt::{Display, Formatter};
use std::path::PathBuf;

/// What can be chosen.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Options {
    /// Engaged, active accounts
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub accounts: u32,
    /// Webhooks per second by the clock: more than the endpoint takes, fewer than the gateway does
    #[arg(long, default_value_t = 4000.0)]
    pub rate: f64,
    /// How long the endpoint takes for a delivery, in ms; it gets 32 at once
    #[arg(long, default_value_t = 20)]
    pub latency_ms: u64,
    /// The account of rank n gets a share of 1/n to this power
    #[arg(long, default_value_t = 1.0)]
    pub zipf: f64,
    /// Seconds in which waits count
    #[arg(long, default_value_t = 20.0)]
    pub seconds: f64,
    /// Seconds before them, in which the line becomes as long as it stays
    #[arg(long, default_value_t = 15.0)]
    pub warm_up: f64,
    /// The promise: the longest wait for a turn, as a multiple of the mean
    #[arg(long, default_value_t = 3.0)]
    pub at_most: f64,
    /// In which folder the store is made; it is removed afterwards
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    options: Options,
    longest_pause_ms: f64,
    measured: Measured,
    turns: Turns,
    /// The longest wait as a multiple of the mean.
    ratio: f64,
    arrived: u64,
    /// Seconds from the last webhook to the last delivery.
    drained_s: f64,
    ready: Memory,
    /// When the backlog was longest.
    loaded: Memory,
}

/// Measures, prints, and fails where a promise is broken.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let ground = Ground::open(options.data.as_deref())?;
    ground.clear_when_told();
    let mut street = Endpoints::open(1, options.latency_ms)?;
    let url = format!("http://{}/", street.addresses[0]);
    let wanted = Wanted {
        role: Role::Shown,
        accounts: options.accounts,
        preload: 0,
        route: Some(&url),
        starts: 1,
        special: Special::default(),
    };
    let gateway = Contender::durable(&wanted, &ground)?;
    let (ready, pauses, runs) = (gateway.process.memory()?, Pauses::watch(), Runs::default());
    let load = Run {
        title: format!("{} accounts", options.accounts),
        connections: 64,
        warm_up: options.warm_up,
        seconds: options.seconds,
        rate: Some(options.rate),
        mix: Mix { customers: CUSTOMERS, zipf: Some(options.zipf) },
    };
    let from_us = us_since_1970() + (options.warm_up * 1e6) as u64;
    let measured = runs.run(&gateway, &load)?;
    let (loaded, longest_pause_ms) = (gateway.process.memory()?, pauses.end());
    let (arrived, drained) = street.await_all(runs.last(), measured.answered_in_all)?;
    let turns = street.turns(from_us, from_us + (options.seconds * 1e6) as u64)?;
    gateway.end()?;
    let longest_ms = turns.waits.map_or(f64::INFINITY, |waits| waits.max_ms);
    let report = Report {
        options: options.clone(),
        longest_pause_ms,
        ratio: longest_ms / turns.mean_ms.max(0.001),
        measured,
        turns,
        arrived,
        drained_s: drained.as_secs_f64(),
        ready,
        loaded,
    };
    report.judge().conclude(&report, options.json)
}

impl Report {
    fn judge(&self) -> Promises {
        let mut promises = Promises::default();
        let (ratio, at_most) = (self.ratio, self.options.at_most);
        promises.hold(ratio <= at_most, || {
            format!(
                "an account waited {ratio:.2} times the mean for its turn, promised are {at_most} (the machine stood still for {:.0} ms)",
                self.longest_pause_ms
            )
        });
        let accepted = self.measured.answered_in_all;
        promises.hold(self.arrived == accepted, || format!("{} of {accepted} deliveries arrived", self.arrived));
        let not_200 = self.measured.not_200();
        promises.hold(not_200 == 0, || format!("{not_200} webhooks not answered 200"));
        promises.hold(self.drained_s > 1.0, || "the endpoint kept up: nobody waited; raise --rate".to_owned());
        promises
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Options { accounts, rate, latency_ms, zipf, seconds, at_most, .. } = &self.options;
        let Turns { turns, mean_ms, waits, most_of_one, longest_of, accounts: had } = &self.turns;
        writeln!(
            f,
            "{accounts} accounts on one route, {rate} webhooks/s after Zipf with {zipf}, {latency_ms} ms at the endpoint, {seconds} s"
        )?;
        writeln!(f, "the machine itself stood still for {:.0} ms at most\n", self.longest_pause_ms)?;
        writeln!(
            f,
            "{:<18}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}",
            "wait for a turn", "mean ms", "p50", "p99", "max", "turns", "accounts"
        )?;
        if let Some(waits) = waits {
            writeln!(
                f,
                "{:<18}{mean_ms:>9.1}{:>9.1}{:>9.1}{:>9.1}{turns:>10}{had:>10}",
                "", waits.p50_ms, waits.p99_ms, waits.max_ms
            )?;
        }
        writeln!(
            f,
            "\nlongest / mean: {:.2} (promised {at_most} at most), of the account of rank {}",
            self.ratio,
            longest_of + 1
        )?;
        writeln!(f, "the busiest account had {most_of_one} turns; {:.0} deliveries/s", *turns as f64 / seconds)?;
        let Measured { answered_in_all, server_cpu_s, answered, .. } = &self.measured;
        writeln!(
            f,
            "{} of {answered_in_all} arrived, the last {:.0} s after the last webhook",
            self.arrived, self.drained_s
        )?;
        let cpu_us = server_cpu_s * 1e6 / (*answered).max(1) as f64;
        let (ready, loaded) = (self.ready.resident_kib, self.loaded.resident_kib);
        let each = |kib: u64| kib as f64 / f64::from(*accounts);
        writeln!(
            f,
            "memory: {:.0} MiB when ready ({:.1} KiB per account), {:.0} MiB with the backlog ({:.1} KiB per account); {cpu_us:.0} µs of CPU per webhook",
            mib(ready),
            each(ready),
            mib(loaded),
            each(loaded)
        )
    }
}
