//! What a measurement found. A figure that was not measured is absent.

use super::contender::{Ended, Role};
use super::engaged::Engaged;
use super::figures::{Latency, Ratio, median};
use super::ingest::Options;
use super::load::Measured;
use super::routed::{Batch, Delivered, Drained};
use super::run::Run;
use serde::Serialize;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// What was asked for.
    pub(super) options: Options,
    /// What the stores lay on.
    pub(super) filesystem: String,
    /// Cores of this machine.
    pub(super) cores: usize,
    /// The longest that this machine stood still meanwhile.
    pub(super) longest_pause_ms: f64,
    /// Every server in the closed loop.
    pub(super) closed: Vec<Subject>,
    /// One against the other.
    pub(super) comparisons: Vec<Comparison>,
    /// What came of the closed loop at the sink, round by round.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) drained: Vec<Drained>,
    /// The durable path at half of what it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) half: Option<ByTheClock>,
    /// The durable path at twice of what it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) burst: Option<ByTheClock>,
    /// From POST to delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delivered: Option<Delivered>,
    /// One large POST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) batch: Option<Batch>,
    /// Few accounts and many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) engaged: Option<[Engaged; 2]>,
}

/// One server in the closed loop, the medians of its rounds.
#[derive(Debug, Serialize)]
pub(super) struct Subject {
    /// What it is there for.
    pub(super) role: Role,
    /// Webhooks answered 200 per second.
    pub(super) per_second: Option<f64>,
    /// From sending to the answer.
    pub(super) latency: Option<Latency>,
    /// CPU time of the server for each webhook.
    pub(super) server_cpu_us: Option<f64>,
    /// CPU time of the load for each webhook.
    pub(super) load_cpu_us: Option<f64>,
    /// CPU seconds of the server in all rounds.
    pub(super) server_cpu_s: f64,
    /// Webhooks that were not answered 200, all rounds together.
    pub(super) not_200: u64,
    /// The most memory that was resident.
    pub(super) peak_kib: u64,
    /// From starting the process to `/readyz`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ready_s: Option<f64>,
    /// Bytes on disk for each event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes_per_event: Option<f64>,
    /// Events that share a write and a sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) events_per_commit: Option<f64>,
    /// From a group's first write to its sync, the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) commit_ms: Option<f64>,
    /// Round by round.
    pub(super) rounds: Vec<Measured>,
}

/// One server against another.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    /// Which.
    pub(super) one: Role,
    /// Against which.
    pub(super) other: Role,
    /// By webhooks per second, each round with the round beside it.
    pub(super) by_rate: Option<Ratio>,
    /// By CPU time for each webhook, the load's included: what the rates would be if nothing else ran here.
    pub(super) by_cpu: Option<f64>,
}

/// Webhooks by the clock.
#[derive(Debug, Serialize)]
pub(super) struct ByTheClock {
    /// Webhooks per second.
    pub(super) rate: f64,
    /// Connections.
    pub(super) connections: usize,
    /// Webhooks answered 200.
    pub(super) answered: u64,
    /// From the moment a webhook was meant to be sent to its answer, the medians of the rounds.
    pub(super) latency: Option<Latency>,
    /// Webhooks that were not answered 200.
    pub(super) not_200: u64,
    /// The longest from the end of the sending to the last answer.
    pub(super) late_s: f64,
}

impl ByTheClock {
    /// Of its rounds.
    pub(super) fn new(rate: f64, run: &Run, rounds: &[Measured]) -> Self {
        Self {
            rate,
            connections: run.connections,
            answered: rounds.iter().map(|round| round.answered).sum(),
            latency: Latency::median(rounds.iter().filter_map(|round| round.latency.as_ref())),
            not_200: rounds.iter().map(Measured::not_200).sum(),
            late_s: rounds.iter().map(|round| round.late_s).fold(0.0, f64::max),
        }
    }
}

impl Subject {
    /// Of a server that has ended.
    pub(super) fn new(role: Role, ready_s: Option<f64>, rounds: Vec<Measured>, ended: &Ended) -> Self {
        let each = |cpu_s: fn(&Measured) -> f64| {
            let counted = rounds.iter().filter(|round| round.answered > 0);
            median(counted.map(|round| cpu_s(round) * 1e6 / round.answered as f64))
        };
        let kept = ended.kept.filter(|kept| kept.commits > 0);
        Self {
            role,
            per_second: median(rounds.iter().map(|round| round.per_second)),
            latency: Latency::median(rounds.iter().filter_map(|round| round.latency.as_ref())),
            server_cpu_us: each(|round| round.server_cpu_s),
            load_cpu_us: each(|round| round.load_cpu_s),
            server_cpu_s: rounds.iter().map(|round| round.server_cpu_s).sum(),
            not_200: rounds.iter().map(Measured::not_200).sum(),
            peak_kib: ended.memory.peak_kib,
            ready_s,
            bytes_per_event: ended.bytes_per_event,
            events_per_commit: kept.map(|kept| kept.events as f64 / kept.commits as f64),
            commit_ms: kept.map(|kept| kept.commit_seconds * 1000.0 / kept.commits as f64),
            rounds,
        }
    }
}

impl Report {
    /// Nothing measured yet.
    pub(super) fn new(options: &Options, filesystem: &str) -> Self {
        Self {
            options: options.clone(),
            filesystem: filesystem.to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            longest_pause_ms: 0.0,
            closed: Vec::new(),
            comparisons: Vec::new(),
            drained: Vec::new(),
            half: None,
            burst: None,
            delivered: None,
            batch: None,
            engaged: None,
        }
    }

    /// Compares what was measured side by side.
    pub(super) fn compare(&mut self) {
        let wanted = [
            (Role::Durable, Role::Bare),
            (Role::Routed, Role::Bare),
            (Role::Hot, Role::Durable),
            (Role::Preloaded, Role::Durable),
        ];
        self.comparisons = wanted.iter().filter_map(|(one, other)| self.comparison(*one, *other)).collect();
    }

    fn comparison(&self, one: Role, other: Role) -> Option<Comparison> {
        let find = |role| self.closed.iter().find(|subject| subject.role == role);
        let (first, second) = (find(one)?, find(other)?);
        let rates = |subject: &Subject| subject.rounds.iter().map(|round| round.per_second).collect::<Vec<_>>();
        let by_rate = Ratio::of(rates(first).into_iter().zip(rates(second)));
        let cpu = |subject: &Subject| Some(subject.server_cpu_us? + subject.load_cpu_us?);
        let by_cpu = cpu(second).zip(cpu(first)).map(|(second, first)| second / first);
        Some(Comparison { one, other, by_rate, by_cpu })
    }
}
