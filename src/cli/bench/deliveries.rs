//! The sink as the measurement sees it: what has arrived there, and waiting until all has.

use super::BenchError;
use super::child::Listening;
use super::process::Process;
use super::sink::Arrived;
use std::time::{Duration, Instant};

/// What was accepted arrives within this long, or is reported missing.
const ARRIVES_WITHIN: Duration = Duration::from_secs(180);
/// How often the sink is asked.
const ASKED_EVERY: Duration = Duration::from_millis(20);

/// A running sink.
pub(super) struct Sink {
    process: Process,
    /// Where deliveries go.
    pub(super) url: String,
}

impl Sink {
    /// Starts it.
    pub(super) fn start() -> Result<Self, BenchError> {
        let process = Process::start("sink", &[])?;
        let Listening { public } = process.hear(Duration::from_secs(10), &|| {})?;
        Ok(Self { process, url: format!("http://{public}/") })
    }

    /// Begins to count anew.
    pub(super) fn forget(&mut self) -> Result<(), BenchError> {
        self.process.ask("forget").map(|_: Arrived| ())
    }

    /// What has arrived.
    pub(super) fn arrived(&mut self) -> Result<Arrived, BenchError> {
        self.process.ask("report")
    }

    /// Waits until `expected` messages have arrived; says what did, and how long that took.
    pub(super) fn await_all(&mut self, expected: u64) -> Result<(Arrived, Duration), BenchError> {
        let began = Instant::now();
        loop {
            let arrived = self.arrived()?;
            if arrived.distinct >= expected || began.elapsed() > ARRIVES_WITHIN {
                return Ok((arrived, began.elapsed()));
            }
            std::thread::sleep(ASKED_EVERY);
        }
    }
}
