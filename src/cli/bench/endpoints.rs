//! The street as the measurement sees it: where its endpoints are, how they behave, what came to them.

use super::BenchError;
use super::arrivals::Came;
use super::process::Process;
use super::street::{Manner, Opened, Question};
use super::turns::Turns;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What does not move for so long does not move any more.
const STILL: Duration = Duration::from_secs(75);
/// How often the street is asked.
const ASKED_EVERY: Duration = Duration::from_millis(100);

/// A running street.
pub(super) struct Endpoints {
    process: Process,
    /// Where each endpoint listens.
    pub(super) addresses: Vec<SocketAddr>,
}

impl Endpoints {
    /// Opens so many; each takes `latency_ms` for a delivery.
    pub(super) fn open(endpoints: usize, latency_ms: u64) -> Result<Self, BenchError> {
        let args = ["--endpoints".to_owned(), endpoints.to_string(), "--latency-ms".to_owned(), latency_ms.to_string()];
        let process = Process::start("street", &args)?;
        let Opened { addresses } = process.hear(Duration::from_secs(10), &|| {})?;
        Ok(Self { process, addresses })
    }

    /// Changes the manners of some.
    pub(super) fn behave(&mut self, manners: Vec<(usize, Manner)>) -> Result<(), BenchError> {
        self.ask::<bool>(&Question::Behave(manners)).map(drop)
    }

    /// What came of a run.
    pub(super) fn came(&mut self, run: u32, after: u32, apart: &[usize]) -> Result<Came, BenchError> {
        self.ask(&Question::Came { run, after, apart: apart.to_vec() })
    }

    /// How long turns were waited for.
    pub(super) fn turns(&mut self, from_us: u64, to_us: u64) -> Result<Turns, BenchError> {
        self.ask(&Question::Turns { from_us, to_us })
    }

    /// Waits until `expected` messages of the run came, or none came for long; says how many did and how long it took.
    pub(super) fn await_all(&mut self, run: u32, expected: u64) -> Result<(u64, Duration), BenchError> {
        let began = Instant::now();
        let (mut before, mut moved) = (0, began);
        loop {
            let came = self.came(run, 0, &[])?.distinct;
            if came > before {
                (before, moved) = (came, Instant::now());
            }
            if came >= expected || moved.elapsed() > STILL {
                return Ok((came, began.elapsed()));
            }
            std::thread::sleep(ASKED_EVERY);
        }
    }

    fn ask<T: serde::de::DeserializeOwned>(&mut self, question: &Question) -> Result<T, BenchError> {
        let line = serde_json::to_string(question)?;
        self.process.ask(&line)
    }
}
