//! What a measurement found, as a table for people and as JSON. A figure that was not measured is absent.

use super::contender::Ended;
use super::disk::Ground;
use super::figures::{Latency, Ratio, median};
use super::ingest::Options;
use super::load::Measured;
use serde::Serialize;
use std::fmt;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    connections: usize,
    accounts: u32,
    seconds: f64,
    rounds: u32,
    filesystem: String,
    subjects: Vec<Subject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    durable_to_bare: Option<Ratio>,
}

/// One server in the closed loop, the medians of its rounds.
#[derive(Debug, Serialize)]
pub(super) struct Subject {
    name: String,
    per_second: Option<f64>,
    latency: Option<Latency>,
    server_cpu_us_per_webhook: Option<f64>,
    load_cpu_us_per_webhook: Option<f64>,
    not_200: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ready_s: Option<f64>,
    peak_kib: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_per_event: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events_per_commit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_ms: Option<f64>,
    rounds: Vec<Measured>,
}

impl Subject {
    /// Of a server that has ended.
    pub(super) fn new(name: String, ready_s: Option<f64>, rounds: Vec<Measured>, ended: Ended) -> Self {
        let per_webhook = |cpu_s: fn(&Measured) -> f64| {
            median(
                rounds
                    .iter()
                    .filter(|round| round.answered > 0)
                    .map(|round| cpu_s(round) * 1e6 / round.answered as f64),
            )
        };
        let commits = ended.kept.filter(|kept| kept.commits > 0);
        Self {
            name,
            per_second: median(rounds.iter().map(|round| round.per_second)),
            latency: Latency::median(rounds.iter().filter_map(|round| round.latency.as_ref())),
            server_cpu_us_per_webhook: per_webhook(|round| round.server_cpu_s),
            load_cpu_us_per_webhook: per_webhook(|round| round.load_cpu_s),
            not_200: rounds.iter().map(Measured::not_200).sum(),
            ready_s,
            peak_kib: ended.memory.peak_kib,
            bytes_per_event: ended.bytes_per_event,
            events_per_commit: commits.map(|kept| kept.events as f64 / kept.commits as f64),
            commit_ms: commits.map(|kept| kept.commit_seconds * 1000.0 / kept.commits as f64),
            rounds,
        }
    }
}

impl Report {
    /// Of all servers, the bare edge first and the durable path second.
    pub(super) fn new(options: &Options, ground: &Ground, subjects: Vec<Subject>) -> Self {
        let rates = |at: usize| subjects[at].rounds.iter().map(|round| round.per_second);
        let durable_to_bare = Ratio::of(rates(1).zip(rates(0)));
        Self {
            connections: options.connections,
            accounts: options.accounts,
            seconds: options.seconds,
            rounds: options.rounds,
            filesystem: ground.filesystem.clone(),
            subjects,
            durable_to_bare,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, accounts, seconds, rounds, filesystem, .. } = self;
        writeln!(
            f,
            "{connections} connections, {accounts} accounts, {rounds} rounds of {seconds} s, {filesystem}; medians of the rounds"
        )?;
        writeln!(
            f,
            "{:<18}{:>12}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}{:>10}{:>9}{:>9}",
            "closed loop",
            "webhooks/s",
            "p50 ms",
            "p99 ms",
            "p99.9",
            "max",
            "CPU us",
            "load us",
            "peak MiB",
            "B/event",
            "not 200"
        )?;
        self.subjects.iter().try_for_each(|subject| writeln!(f, "{subject}"))?;
        if let Some(ratio) = self.durable_to_bare {
            writeln!(
                f,
                "durable / bare: {:.2} (rounds from {:.2} to {:.2})",
                ratio.median, ratio.lowest, ratio.highest
            )?;
        }
        for subject in &self.subjects {
            if let (Some(events), Some(ms)) = (subject.events_per_commit, subject.commit_ms) {
                writeln!(f, "{}: {events:.1} events per commit group, {ms:.2} ms each", subject.name)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |part: fn(&Latency) -> f64| shown(self.latency.as_ref().map(part), 2);
        write!(
            f,
            "{:<18}{:>12}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}{:>10}{:>9}{:>9}",
            self.name,
            shown(self.per_second, 0),
            of(|latency| latency.p50_ms),
            of(|latency| latency.p99_ms),
            of(|latency| latency.p999_ms),
            of(|latency| latency.max_ms),
            shown(self.server_cpu_us_per_webhook, 1),
            shown(self.load_cpu_us_per_webhook, 1),
            self.peak_kib / 1024,
            shown(self.bytes_per_event, 0),
            self.not_200,
        )
    }
}

fn shown(figure: Option<f64>, decimals: usize) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.decimals$}"))
}
