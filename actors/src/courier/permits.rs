//! Permits for calls to Graph: management calls cannot starve sends. Knows nothing of what is called.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::call::Kind;
use super::fault::Fault;

/// Permits of one arbiter, apart for each kind of call.
#[derive(Debug)]
pub struct Permits {
    sends: Semaphore,
    management: Semaphore,
    wait: Duration,
}

impl Permits {
    /// So many calls at once of each kind; a call waits at most `wait` for its turn.
    pub fn new(sends: usize, management: usize, wait: Duration) -> Self {
        Self { sends: Semaphore::new(sends), management: Semaphore::new(management), wait }
    }

    /// A permit for one call.
    pub async fn acquire(&self, kind: Kind) -> Result<SemaphorePermit<'_>, Fault> {
        let permits = match kind {
            Kind::Send => &self.sends,
            Kind::Management => &self.management,
        };
        if let Ok(permit) = permits.try_acquire() {
            return Ok(permit);
        }
        match tokio::time::timeout(self.wait, permits.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Fault::not_sent("the courier is shutting down")),
            Err(_) => Err(Fault::not_sent(format!(
                "no {kind:?} call ended within {:?} to make room for another; Graph is slow or [graph] limits are low",
                self.wait
            ))),
        }
    }
}
