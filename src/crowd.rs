//! How many connections each address has: one hostile address must not take them all. Knows addresses, no sockets.

use crate::auth::one_caller;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections by address, over all workers.
#[derive(Debug)]
pub struct Crowd {
    most: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place among those of its address. It is free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    crowd: Arc<Crowd>,
    caller: IpAddr,
}

impl Crowd {
    /// At most `most` for each address.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, counts: Mutex::default() })
    }

    /// A place for one more connection from `peer`; `None` where it has as many as it may.
    pub fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let caller = one_caller(peer);
        let mut counts = self.lock();
        let count = counts.entry(caller).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { crowd: Arc::clone(self), caller })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.lock();
        let Some(count) = counts.get_mut(&self.caller) else { return };
        *count -= 1;
        if *count == 0 {
            counts.remove(&self.caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_so_many_places_and_one_that_ends_is_free_again() {
        let crowd = Crowd::new(2);
        let first = crowd.enter(address("192.0.2.1"));
        let _second = crowd.enter(address("::ffff:192.0.2.1")).expect("the same address, the second place");
        assert!(crowd.enter(address("192.0.2.1")).is_none());
        assert!(crowd.enter(address("192.0.2.2")).is_some(), "another address is not held up");
        drop(first);
        assert!(crowd.enter(address("192.0.2.1")).is_some());
    }

    #[test]
    fn a_network_of_64_bits_is_one_caller_and_who_has_left_is_forgotten() {
        let crowd = Crowd::new(1);
        let place = crowd.enter(address("2001:db8:0:1::1"));
        assert!(crowd.enter(address("2001:db8:0:1::2")).is_none());
        assert!(crowd.enter(address("2001:db8:0:2::1")).is_some());
        drop(place);
        assert!(crowd.lock().is_empty());
    }
}
