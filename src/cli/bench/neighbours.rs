//! `wharf bench neighbours`: of a hundred routes one hangs, one resets, one answers 500 and one 429. What the others
//! notice, against the same run without it; and whether all arrives when the four are well again.

use super::BenchError;
use super::arrivals::Came;
use super::contender::{Contender, Role, Wanted};
use super::disk::Ground;
use super::endpoints::Endpoints;
use super::figures::Ratio;
use super::mix::Mix;
use super::pauses::Pauses;
use super::promise::{Promises, mib};
use super::run::{Run, Runs};
use super::stage::{Special, account_id};
use super::street::Manner;
use clap::Args;
use serde::Serialize;
use std::fmt::{Display, Formatter, Write};
use std::path::PathBuf;

/// How the four break.
const BREAKS: [Manner; 4] = [Manner::Hangs, Manner::Resets, Manner::Fails, Manner::IsBusy];
/// Routes that take each account's events: its own and the next one's, so that healthy routes share accounts with
/// broken ones.
const ROUTES_OF_EACH: u64 = 2;

/// What can be chosen.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Options {
    /// Routes, and as many accounts
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(8..=1000))]
    pub routes: u32,
    /// Webhooks per second by the clock; each is delivered to two routes
    #[arg(long, default_value_t = 300.0)]
    pub rate: f64,
    /// Customers that write to each account
    #[arg(long, default_value_t = 3)]
    pub customers: u32,
    /// Seconds of each run that count
    #[arg(long, default_value_t = 20.0)]
    pub seconds: f64,
    /// Seconds before them that do not
    #[arg(long, default_value_t = 3.0)]
    pub warm_up: f64,
    /// Rounds of a healthy and a broken run; the median ratio counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// The promise: the healthy routes' p99 beside broken ones, as a multiple of that without
    #[arg(long, default_value_t = 1.5)]
    pub at_most: f64,
    /// The promise: MiB that the gateway may grow by, from ready to the end
    #[arg(long, default_value_t = 128)]
    pub memory_mib: u64,
    /// The promise: seconds from the recovery to the last delivery. A breaker that has opened often waits a minute, and
    /// one who answered 429 is left alone as long again as it was busy
    #[arg(long, default_value_t = 90.0)]
    pub recovers_within: f64,
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
    rounds: Vec<Round>,
    /// p99 at the healthy routes, beside broken ones against without.
    p99_ratio: Option<Ratio>,
    ready_kib: u64,
    peak_kib: u64,
    end_kib: u64,
}

/// A run with all well and one with four broken.
#[derive(Debug, Serialize)]
struct Round {
    well: Came,
    broken: Came,
    /// Deliveries that were promised, of both runs.
    expected: u64,
    /// Webhooks that were not answered 200.
    not_200: u64,
    resident_kib: [u64; 2],
    /// Seconds from the recovery to the last delivery.
    recovered_s: f64,
}

/// Measures, prints, and fails where a promise is broken.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let ground = Ground::open(options.data.as_deref())?;
    ground.clear_when_told();
    let mut street = Endpoints::open(options.routes as usize, 0)?;
    let special = Special { more: Some(routes(&street)), ..Special::default() };
    let wanted = Wanted { role: Role::Shown, accounts: options.routes, preload: 0, route: None, starts: 1, special };
    let gateway = Contender::durable(&wanted, &ground)?;
    let (ready_kib, pauses, runs) = (gateway.process.memory()?.resident_kib, Pauses::watch(), Runs::default());
    let rounds = (1..=options.rounds).map(|nth| round(nth, options, &gateway, &mut street, &runs));
    let rounds = rounds.collect::<Result<Vec<_>, _>>()?;
    let memory = gateway.end()?.memory;
    let p99 = |came: &Came| came.latency.map_or(0.0, |latency| latency.p99_ms);
    let report = Report {
        options: options.clone(),
        longest_pause_ms: pauses.end(),
        p99_ratio: Ratio::of(rounds.iter().map(|round| (p99(&round.broken), p99(&round.well)))),
        rounds,
        ready_kib,
        peak_kib: memory.peak_kib,
        end_kib: memory.resident_kib,
    };
    report.judge().conclude(&report, options.json)
}

/// A route for each endpoint: it takes two accounts.
fn routes(street: &Endpoints) -> String {
    let mut text = String::new();
    let count = street.addresses.len();
    for (nth, address) in street.addresses.iter().enumerate() {
        let (own, other) = (account_id(nth as u32), account_id(((nth + count - 1) % count) as u32));
        let _ = write!(
            text,
            "[[gateway.route]]\nname = \"r{nth}\"\nurl = \"http://{address}/\"\nsecret = \"bench\"\n\
             accounts = [\"{own}\", \"{other}\"]\n"
        );
    }
    text
}

fn round(
    nth: u32,
    options: &Options,
    gateway: &Contender,
    street: &mut Endpoints,
    runs: &Runs,
) -> Result<Round, BenchError> {
    let apart: Vec<usize> = (1..=BREAKS.len()).map(|nth| nth * options.routes as usize / 5).collect();
    let after = (options.rate * options.warm_up) as u32;
    let run = |title: &str| Run {
        title: format!("round {nth}: {title}"),
        connections: 32,
        warm_up: options.warm_up,
        seconds: options.seconds,
        rate: Some(options.rate),
        mix: Mix { customers: options.customers, zipf: None },
    };
    let well = runs.run(gateway, &run("all are well"))?;
    street.await_all(runs.last(), well.answered_in_all * ROUTES_OF_EACH)?;
    let came_well = street.came(runs.last(), after, &apart)?;
    let well_kib = gateway.process.memory()?.resident_kib;
    street.behave(apart.iter().copied().zip(BREAKS).collect())?;
    let broken = runs.run(gateway, &run("four are broken"))?;
    let broken_kib = gateway.process.memory()?.resident_kib;
    street.behave(apart.iter().map(|endpoint| (*endpoint, Manner::Takes)).collect())?;
    let (_, recovered) = street.await_all(runs.last(), broken.answered_in_all * ROUTES_OF_EACH)?;
    Ok(Round {
        well: came_well,
        broken: street.came(runs.last(), after, &apart)?,
        expected: (well.answered_in_all + broken.answered_in_all) * ROUTES_OF_EACH,
        not_200: well.not_200() + broken.not_200(),
        resident_kib: [well_kib, broken_kib],
        recovered_s: recovered.as_secs_f64(),
    })
}

impl Report {
    fn judge(&self) -> Promises {
        let (mut promises, options) = (Promises::default(), &self.options);
        let ratio = self.p99_ratio.map_or(f64::INFINITY, |ratio| ratio.median);
        promises.hold(ratio <= options.at_most, || {
            format!("the healthy routes' p99 grew to {ratio:.2} times, promised are {}", options.at_most)
        });
        let grown = self.peak_kib.saturating_sub(self.ready_kib) / 1024;
        promises.hold(grown <= options.memory_mib, || {
            format!("the gateway grew by {grown} MiB, promised are {} at most", options.memory_mib)
        });
        for (nth, round) in self.rounds.iter().enumerate() {
            let (nth, came) = (nth + 1, round.well.distinct + round.broken.distinct);
            promises.hold(came == round.expected, || {
                format!("round {nth}: {came} of {} deliveries arrived", round.expected)
            });
            promises.hold(round.not_200 == 0, || format!("round {nth}: {} webhooks not answered 200", round.not_200));
            let disordered = round.well.disordered + round.broken.disordered;
            promises.hold(disordered == 0, || format!("round {nth}: {disordered} out of order without a mark"));
            promises.hold(round.broken.refused > 0, || format!("round {nth}: nothing broke"));
            promises.hold(round.recovered_s <= options.recovers_within, || {
                format!("round {nth}: the last arrived {:.0} s after the recovery", round.recovered_s)
            });
        }
        promises
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Options { routes, rate, customers, seconds, .. } = &self.options;
        writeln!(
            f,
            "{routes} routes, {rate} webhooks/s to two of them each, {customers} customers per account, {seconds} s"
        )?;
        writeln!(f, "the machine itself stood still for {:.0} ms at most\n", self.longest_pause_ms)?;
        writeln!(
            f,
            "{:<26}{:>9}{:>9}{:>9}{:>12}{:>10}{:>8}{:>9}",
            "POST to delivery, healthy", "p50 ms", "p99", "max", "deliveries", "disorder", "marked", "RSS MiB"
        )?;
        for round in &self.rounds {
            for (title, came, kib) in [
                ("all are well", &round.well, round.resident_kib[0]),
                ("four are broken", &round.broken, round.resident_kib[1]),
            ] {
                let (p50, p99, max) = came.latency.map_or((0.0, 0.0, 0.0), |l| (l.p50_ms, l.p99_ms, l.max_ms));
                let Came { distinct, disordered, marked, .. } = came;
                writeln!(
                    f,
                    "{title:<26}{p50:>9.2}{p99:>9.2}{max:>9.2}{distinct:>12}{disordered:>10}{marked:>8}{:>9.0}",
                    mib(kib)
                )?;
            }
        }
        if let Some(Ratio { median, lowest, highest }) = self.p99_ratio {
            writeln!(
                f,
                "\np99 beside broken routes / without: {median:.2} (rounds from {lowest:.2} to {highest:.2}; promised {} at most)",
                self.options.at_most
            )?;
        }
        for round in &self.rounds {
            let came = round.well.distinct + round.broken.distinct;
            writeln!(
                f,
                "after the recovery: {came} of {} arrived, the last after {:.1} s",
                round.expected, round.recovered_s
            )?;
        }
        writeln!(
            f,
            "memory: {:.0} MiB when ready, {:.0} at most, {:.0} at the end",
            mib(self.ready_kib),
            mib(self.peak_kib),
            mib(self.end_kib)
        )
    }
}
