//! How many deliveries an endpoint gets at once, over all arbiters. Knows neither routes nor HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// The permits of one endpoint.
#[derive(Debug)]
pub struct EndpointGate {
    permits: Semaphore,
    concurrency: usize,
}

impl EndpointGate {
    /// Room for `concurrency` deliveries at once, at least one.
    pub fn new(concurrency: usize) -> Self {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self { permits: Semaphore::new(concurrency), concurrency }
    }

    /// A permit for one delivery, as soon as there is one.
    pub async fn enter(&self) -> SemaphorePermit<'_> {
        self.permits.acquire().await.expect("a gate is never closed")
    }

    /// Permits that are free now.
    pub fn free(&self) -> usize {
        self.permits.available_permits()
    }
}

/// The gates of all endpoints, shared by all arbiters.
#[derive(Debug, Default)]
pub struct Gates(Mutex<HashMap<String, Arc<EndpointGate>>>);

impl Gates {
    /// The gate of `url`: the same for everyone who asks with the same `concurrency`. After a change of
    /// `concurrency` later callers get a new gate; what went through the old one is not counted there.
    pub fn gate(&self, url: &str, concurrency: usize) -> Arc<EndpointGate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = EndpointGate::new(concurrency);
        if let Some(gate) = gates.get(url).filter(|gate| gate.concurrency == wanted.concurrency) {
            return gate.clone();
        }
        gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        let gate = Arc::new(wanted);
        gates.insert(url.to_owned(), gate.clone());
        gate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_shares_the_gate_of_an_endpoint_until_its_concurrency_changes() {
        let gates = Gates::default();
        let first = gates.gate("http://a/", 2);
        assert!(Arc::ptr_eq(&first, &gates.gate("http://a/", 2)));
        assert!(!Arc::ptr_eq(&first, &gates.gate("http://b/", 2)));
        assert_eq!(gates.gate("http://a/", 3).free(), 3);
        assert_eq!(gates.gate("http://c/", 0).free(), 1);
    }

    #[test]
    fn gates_that_nobody_holds_are_forgotten() {
        let gates = Gates::default();
        for n in 0..100 {
            gates.gate(&format!("http://{n}/"), 1);
        }
        assert_eq!(gates.0.lock().expect("not poisoned").len(), 1);
    }
}
