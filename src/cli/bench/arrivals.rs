//! What has come to the endpoints of a street, and what follows from it: whether all came, in which order, how late.
//! Pure.

use super::figures::Latency;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// One message that an endpoint took for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    /// Which endpoint.
    pub(super) endpoint: usize,
    /// The account's and the customer's number.
    pub(super) writer: (u32, u32),
    /// Which run of the load, and which message of it.
    pub(super) message: (u32, u32),
    /// When it was meant to be sent, in µs since 1970.
    pub(super) at_us: u64,
    /// When it came, in µs since 1970.
    pub(super) came_us: u64,
    /// Whether it was marked as out of order.
    pub(super) mark: Mark,
}

/// Whether a delivery says that it is out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It says nothing.
    InOrder,
    /// It says so.
    OutOfOrder,
}

/// The messages of one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Came {
    /// How many came, each counted once for each endpoint.
    pub(super) distinct: u64,
    /// How many came again, of all runs.
    pub(super) repeated: u64,
    /// Deliveries without a message of the load, of all runs.
    pub(super) strange: u64,
    /// Deliveries that were not taken, of all runs.
    pub(super) refused: u64,
    /// Messages that came after a later one of their dialog and were not marked.
    pub(super) disordered: u64,
    /// Messages that were marked as out of order.
    pub(super) marked: u64,
    /// From the moment a message was meant to be sent to its arrival, at all endpoints that never broke.
    pub(super) latency: Option<Latency>,
    /// How many came to those.
    pub(super) at_the_healthy: u64,
}

/// Counts what came of a run, with the latency of its messages from `after` on; `apart` are endpoints that broke.
pub(super) fn came(arrivals: &[Arrival], (run, after): (u32, u32), apart: &[usize]) -> Came {
    let of_run = || arrivals.iter().filter(|arrival| arrival.message.0 == run);
    let healthy = of_run().filter(|arrival| arrival.message.1 >= after && !apart.contains(&arrival.endpoint));
    let us: Vec<u32> = healthy.map(|a| u32::try_from(a.came_us.saturating_sub(a.at_us)).unwrap_or(u32::MAX)).collect();
    let marked = of_run().filter(|arrival| arrival.mark == Mark::OutOfOrder).count();
    Came {
        distinct: of_run().count() as u64,
        repeated: 0,
        strange: 0,
        refused: 0,
        disordered: disordered(of_run()),
        marked: marked as u64,
        at_the_healthy: us.len() as u64,
        latency: Latency::of(us),
    }
}

/// Messages without a mark that came after a later one of their dialog.
fn disordered<'a>(arrivals: impl Iterator<Item = &'a Arrival>) -> u64 {
    let mut latest: HashMap<(usize, (u32, u32)), u32> = HashMap::new();
    let mut disordered = 0;
    for arrival in arrivals {
        let latest = latest.entry((arrival.endpoint, arrival.writer)).or_insert(arrival.message.1);
        if arrival.message.1 < *latest && arrival.mark == Mark::InOrder {
            disordered += 1;
        }
        *latest = arrival.message.1.max(*latest);
    }
    disordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(endpoint: usize, nth: u32, mark: Mark) -> Arrival {
        Arrival { endpoint, writer: (1, 2), message: (7, nth), at_us: 1000, came_us: 3000, mark }
    }

    #[test]
    fn a_message_after_a_later_one_of_its_dialog_is_disordered_unless_it_says_so() {
        let of = |arrivals: &[Arrival]| came(arrivals, (7, 0), &[]).disordered;
        assert_eq!(of(&[arrival(0, 1, Mark::InOrder), arrival(0, 2, Mark::InOrder)]), 0);
        assert_eq!(of(&[arrival(0, 2, Mark::InOrder), arrival(0, 1, Mark::InOrder)]), 1);
        assert_eq!(of(&[arrival(0, 2, Mark::OutOfOrder), arrival(0, 1, Mark::OutOfOrder)]), 0);
        assert_eq!(of(&[arrival(0, 2, Mark::InOrder), arrival(1, 1, Mark::InOrder)]), 0);
    }

    #[test]
    fn only_endpoints_that_never_broke_say_how_late_deliveries_are() {
        let late = Arrival { came_us: 9_000_000, ..arrival(4, 1, Mark::InOrder) };
        let came = came(
            &[arrival(0, 0, Mark::InOrder), arrival(0, 1, Mark::InOrder), late, arrival(0, 2, Mark::OutOfOrder)],
            (7, 1),
            &[4],
        );
        assert_eq!((came.distinct, came.at_the_healthy, came.marked), (4, 2, 1));
        assert_eq!(came.latency.map(|latency| latency.max_ms), Some(2.0));
    }
}
