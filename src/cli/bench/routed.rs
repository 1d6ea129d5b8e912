//! From POST to delivery: the gateway with a route to the instant sink.

use super::BenchError;
use super::batch;
use super::contender::Contender;
use super::deliveries::Sink;
use super::figures::{Latency, median};
use super::load::Measured;
use super::run::{Run, Runs};
use serde::Serialize;

/// What one round of the closed loop did at the sink.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Drained {
    /// Deliveries per second while webhooks came in.
    pub(super) per_second: f64,
    /// Seconds from the last answer to the last delivery.
    pub(super) behind_s: f64,
    /// Messages answered 200 that did not arrive.
    pub(super) missing: u64,
    /// Messages that arrived again.
    pub(super) repeated: u64,
}

/// Deliveries of webhooks that come by the clock.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Delivered {
    /// Webhooks per second.
    pub(super) rate: f64,
    /// From the moment a webhook was meant to be sent to its 200, the medians of the rounds.
    pub(super) answer: Option<Latency>,
    /// From that moment to its delivery, the medians of the rounds.
    pub(super) delivery: Option<Latency>,
    /// Webhooks that were not answered 200.
    pub(super) not_200: u64,
    /// Messages answered 200 that did not arrive.
    pub(super) missing: u64,
}

/// One large POST.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Batch {
    /// Statuses in it.
    pub(super) statuses: u32,
    /// The answers' statuses, where not 200.
    pub(super) not_200: Vec<u16>,
    /// From its first byte sent to the answer, the median of all.
    pub(super) answer_ms: Option<f64>,
    /// The longest of all.
    pub(super) longest_ms: f64,
    /// Statuses that arrived at the sink one by one, of all batches; absent without a route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arrived: Option<u64>,
    /// How many batches were sent.
    pub(super) batches: u32,
}

/// A round of the closed loop, and what it left behind.
pub(super) fn round(
    contender: &Contender,
    sink: &mut Sink,
    run: &Run,
    runs: &Runs,
) -> Result<(Measured, Drained), BenchError> {
    sink.forget()?;
    let measured = runs.run(contender, run)?;
    let so_far = sink.arrived()?.distinct;
    let (arrived, behind) = sink.await_all(measured.answered_in_all)?;
    let drained = Drained {
        per_second: so_far as f64 / (run.warm_up + run.seconds),
        behind_s: behind.as_secs_f64(),
        missing: measured.answered_in_all.saturating_sub(arrived.distinct),
        repeated: arrived.repeated,
    };
    Ok((measured, drained))
}

/// Webhooks by the clock, in several rounds.
pub(super) fn by_the_clock(
    contender: &Contender,
    sink: &mut Sink,
    run: &Run,
    rounds: u32,
    runs: &Runs,
) -> Result<Delivered, BenchError> {
    let (mut answers, mut deliveries) = (Vec::new(), Vec::new());
    let (mut not_200, mut missing) = (0, 0);
    for _ in 0..rounds {
        sink.forget()?;
        let measured = runs.run(contender, run)?;
        let (arrived, _) = sink.await_all(measured.answered_in_all)?;
        not_200 += measured.not_200();
        missing += measured.answered_in_all.saturating_sub(arrived.distinct);
        answers.extend(measured.latency);
        deliveries.extend(arrived.latency);
    }
    let rate = run.rate.unwrap_or_default();
    let (answer, delivery) = (Latency::median(&answers), Latency::median(&deliveries));
    Ok(Delivered { rate, answer, delivery, not_200, missing })
}

/// Posts batches, one after the other.
pub(super) fn batches(
    contender: &Contender,
    mut sink: Option<&mut Sink>,
    batches: u32,
    runs: &Runs,
) -> Result<Batch, BenchError> {
    let (mut ms, mut not_200) = (Vec::new(), Vec::new());
    let mut arrived = None;
    for _ in 0..batches {
        if let Some(sink) = sink.as_mut() {
            sink.forget()?;
        }
        let (status, took) = batch::post(contender.public, runs.number(), 0)?;
        ms.push(took.as_secs_f64() * 1000.0);
        not_200.extend((status != 200).then_some(status));
        if let Some(sink) = sink.as_mut() {
            *arrived.get_or_insert(0) += sink.await_all(u64::from(batch::STATUSES))?.0.distinct;
        }
    }
    let longest_ms = ms.iter().copied().fold(0.0, f64::max);
    Ok(Batch { statuses: batch::STATUSES, not_200, answer_ms: median(ms.into_iter()), longest_ms, arrived, batches })
}
