//! `wharf bench hostile`: idle connections, slow bodies, wrong keys and Meta's largest batches, all at once; and what a
//! healthy caller notices of it, whose webhooks come at a modest rate.

use super::BenchError;
use super::contender::{Contender, Role, Wanted};
use super::disk::Ground;
use super::load::Measured;
use super::mix::Mix;
use super::pauses::Pauses;
use super::process::{Memory, Process, cpu_seconds};
use super::promise::{Promises, mib};
use super::run::{Run, Runs};
use super::siege::Besieged;
use super::stage::{LOOPBACK, Special, settings};
use clap::Args;
use serde::Serialize;
use std::fmt::{Display, Formatter};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The siege is in place within this long.
const IN_PLACE_WITHIN: Duration = Duration::from_secs(60);

/// What a connection may take of memory: its buffers, and what the HTTP server knows of it.
const KIB_PER_CONNECTION: u64 = 16;
/// A wrong key's answer waits up to 5 s, and so long its connection is held.
const KEYS_HELD_S: f64 = 5.0;

/// What can be chosen.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Options {
    /// Idle connections; every other one has asked something before
    #[arg(long, default_value_t = 10_000)]
    pub idle: usize,
    /// Bodies that come a byte a second
    #[arg(long, default_value_t = 1000)]
    pub slow: usize,
    /// How long each of them says it is
    #[arg(long, default_value_t = 3_000_000)]
    pub slow_bytes: u64,
    /// Wrong keys per second
    #[arg(long, default_value_t = 200.0)]
    pub wrong_keys: f64,
    /// Signed batches of 1000 statuses, 2.8 MB each, at once
    #[arg(long, default_value_t = 4)]
    pub batches: u32,
    /// From a batch's answer to the next one of its connection, in ms
    #[arg(long, default_value_t = 1000)]
    pub batch_pause_ms: u64,
    /// Loopback addresses that all of this comes from
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=250))]
    pub addresses: u16,
    /// Webhooks per second of the healthy caller, by the clock
    #[arg(long, default_value_t = 200.0)]
    pub rate: f64,
    /// Seconds of each run that count
    #[arg(long, default_value_t = 20.0)]
    pub seconds: f64,
    /// Seconds before them that do not
    #[arg(long, default_value_t = 3.0)]
    pub warm_up: f64,
    /// The promise: the healthy caller's p99, in ms
    #[arg(long, default_value_t = 50.0)]
    pub at_most_ms: f64,
    /// In which folder the store is made; it is removed afterwards
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

impl Options {
    /// Connections at once, the healthy caller's apart.
    fn connections(&self) -> u64 {
        (self.idle + self.slow) as u64 + (self.wrong_keys * KEYS_HELD_S) as u64 + u64::from(self.batches)
    }
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    options: Options,
    longest_pause_ms: f64,
    /// The healthy caller alone, and under siege.
    alone: Measured,
    besieged: Measured,
    siege: Besieged,
    /// CPU seconds of the siege while the healthy caller was measured.
    siege_cpu_s: f64,
    ready: Memory,
    end: Memory,
    /// What the gateway may take: as much as when it was ready, `server.inflight_bytes`, and 16 KiB per connection.
    budget_kib: u64,
}

/// Measures, prints, and fails where a promise is broken.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let ground = Ground::open(options.data.as_deref())?;
    ground.clear_when_told();
    let special = Special { more: Some(key()), ..Special::default() };
    let wanted = Wanted { role: Role::Shown, accounts: ACCOUNTS + 1, preload: 0, route: None, starts: 1, special };
    let mut gateway = Contender::durable(&wanted, &ground)?;
    // The last account gets the batches.
    gateway.accounts = ACCOUNTS;
    let inflight = settings(LOOPBACK, Path::new("none"), None, &Special::default())?.server.inflight_bytes;
    let (ready, pauses, runs) = (gateway.process.memory()?, Pauses::watch(), Runs::default());
    let alone = runs.run(&gateway, &healthy("alone", options))?;
    let mut siege = lay(options, &gateway)?;
    let cpu_before_s = cpu_seconds(siege.id())?;
    let besieged = runs.run(&gateway, &healthy("under siege", options))?;
    let report = Report {
        options: options.clone(),
        longest_pause_ms: pauses.end(),
        alone,
        besieged,
        siege_cpu_s: cpu_seconds(siege.id())? - cpu_before_s,
        siege: siege.ask("report")?,
        ready,
        end: gateway.process.memory()?,
        budget_kib: ready.resident_kib + inflight / 1024 + options.connections() * KIB_PER_CONNECTION,
    };
    siege.end()?;
    gateway.end()?;
    report.judge().conclude(&report, options.json)
}

/// Accounts that the healthy caller writes for.
const ACCOUNTS: u32 = 50;

fn key() -> String {
    "[[key]]\nname = \"operator\"\nsecret = \"the-key-that-nobody-guesses-here\"\nscopes = [\"admin\"]\n".to_owned()
}

fn healthy(title: &str, options: &Options) -> Run {
    let Options { warm_up, seconds, rate, .. } = *options;
    Run { title: title.to_owned(), connections: 16, warm_up, seconds, rate: Some(rate), mix: Mix::default() }
}

fn lay(options: &Options, gateway: &Contender) -> Result<Process, BenchError> {
    let mut args = Vec::new();
    let mut arg = |name: &str, value: String| args.extend([format!("--{name}"), value]);
    arg("target", gateway.public.to_string());
    arg("idle", options.idle.to_string());
    arg("slow", options.slow.to_string());
    arg("slow-bytes", options.slow_bytes.to_string());
    arg("wrong-keys", options.wrong_keys.to_string());
    arg("batches", options.batches.to_string());
    arg("batch-pause-ms", options.batch_pause_ms.to_string());
    arg("account", ACCOUNTS.to_string());
    arg("addresses", options.addresses.to_string());
    let siege = Process::start("siege", &args)?;
    let _: Besieged = siege.hear(IN_PLACE_WITHIN, &|| {})?;
    Ok(siege)
}

impl Report {
    fn judge(&self) -> Promises {
        let (mut promises, at_most) = (Promises::default(), self.options.at_most_ms);
        let p99 = self.besieged.latency.map_or(f64::INFINITY, |latency| latency.p99_ms);
        promises.hold(p99 < at_most, || format!("the healthy caller's p99 is {p99:.1} ms, promised are {at_most}"));
        let not_200 = self.besieged.not_200() + self.alone.not_200();
        promises.hold(not_200 == 0, || format!("{not_200} webhooks of the healthy caller not answered 200"));
        let (peak, budget) = (mib(self.end.peak_kib), mib(self.budget_kib));
        promises.hold(peak <= budget, || format!("the gateway took {peak:.0} MiB, its budget is {budget:.0}"));
        let batches = self.siege.batches.get(&200).copied().unwrap_or(0);
        promises.hold(batches > 0 || self.options.batches == 0, || "no batch was answered 200".to_owned());
        promises
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Options { idle, slow, slow_bytes, wrong_keys, batches, batch_pause_ms, rate, addresses, .. } =
            &self.options;
        writeln!(
            f,
            "{idle} idle connections, {slow} bodies of {slow_bytes} bytes that come a byte a second, {wrong_keys} wrong keys/s,"
        )?;
        writeln!(
            f,
            "{batches} batches of 2.8 MB at once {batch_pause_ms} ms apart, from {addresses} addresses; a healthy caller with {rate} webhooks/s"
        )?;
        writeln!(f, "the machine itself stood still for {:.0} ms at most\n", self.longest_pause_ms)?;
        writeln!(
            f,
            "{:<16}{:>9}{:>9}{:>9}{:>10}{:>10}{:>12}{:>10}",
            "healthy caller", "p50 ms", "p99", "max", "webhooks", "not 200", "server CPU", "load CPU"
        )?;
        for (title, run) in [("alone", &self.alone), ("under siege", &self.besieged)] {
            let (p50, p99, max) = run.latency.map_or((0.0, 0.0, 0.0), |l| (l.p50_ms, l.p99_ms, l.max_ms));
            let (server, load) = (run.server_cpu_s, run.load_cpu_s);
            writeln!(
                f,
                "{title:<16}{p50:>9.2}{p99:>9.2}{max:>9.2}{:>10}{:>10}{server:>10.1} s{load:>8.1} s",
                run.answered,
                run.not_200()
            )?;
        }
        let Besieged { connected, cut, refused, wrong_keys, answers, batches } = &self.siege;
        writeln!(
            f,
            "\nthe siege: {connected} connections made, {cut} cut, {refused} refused; {wrong_keys} wrong keys; {:.1} s of CPU",
            self.siege_cpu_s
        )?;
        writeln!(f, "answers by status: {answers:?}; batches: {batches:?}")?;
        writeln!(
            f,
            "memory: {:.0} MiB when ready, {:.0} at most, {:.0} at the end; the budget is {:.0}: ready, inflight_bytes, {KIB_PER_CONNECTION} KiB per connection",
            mib(self.ready.resident_kib),
            mib(self.end.peak_kib),
            mib(self.end.resident_kib),
            mib(self.budget_kib)
        )
    }
}
