//! How long accounts wait for their turn at an endpoint, seen from the endpoint. An account waits from the moment it
//! has something, or from its last turn if it had more then; how long its backlog is does not matter. Pure.

use super::arrivals::Arrival;
use super::figures::Latency;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Waits for a turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Turns {
    /// How many turns.
    pub(super) turns: u64,
    /// How many accounts had one.
    pub(super) accounts: u64,
    /// The most turns of one account.
    pub(super) most_of_one: u64,
    /// The mean of all waits, in ms.
    pub(super) mean_ms: f64,
    /// The waits.
    pub(super) waits: Option<Latency>,
    /// The account that waited longest.
    pub(super) longest_of: u32,
}

/// A wait of `account`: from when to when, in µs since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wait {
    account: u32,
    from_us: u64,
    to_us: u64,
}

impl Wait {
    fn us(&self) -> u64 {
        self.to_us.saturating_sub(self.from_us)
    }
}

/// The waits that began between the two moments. Everything must have come: what is missing is not waited for here.
pub(super) fn turns(arrivals: &[Arrival], from_us: u64, to_us: u64) -> Turns {
    let mut by_account: HashMap<u32, Vec<&Arrival>> = HashMap::new();
    arrivals.iter().for_each(|arrival| by_account.entry(arrival.writer.0).or_default().push(arrival));
    let all = by_account.iter().flat_map(|(account, arrivals)| waits(*account, arrivals));
    let waits: Vec<Wait> = all.filter(|wait| (from_us..to_us).contains(&wait.from_us)).collect();
    let mut each: HashMap<u32, u64> = HashMap::new();
    waits.iter().for_each(|wait| *each.entry(wait.account).or_default() += 1);
    let sum_us: u64 = waits.iter().map(Wait::us).sum();
    Turns {
        turns: waits.len() as u64,
        accounts: each.len() as u64,
        most_of_one: each.values().copied().max().unwrap_or(0),
        mean_ms: sum_us as f64 / 1000.0 / waits.len().max(1) as f64,
        longest_of: waits.iter().max_by_key(|wait| wait.us()).map_or(0, |wait| wait.account),
        waits: Latency::of(waits.iter().map(|wait| u32::try_from(wait.us()).unwrap_or(u32::MAX)).collect()),
    }
}

/// The waits of one account, by its arrivals in their order.
fn waits(account: u32, arrivals: &[&Arrival]) -> Vec<Wait> {
    let mut oldest_us = u64::MAX;
    let mut waits: Vec<Wait> = Vec::with_capacity(arrivals.len());
    // From the end: what has not come yet at a turn is what comes later.
    for (at, arrival) in arrivals.iter().enumerate().rev() {
        oldest_us = oldest_us.min(arrival.at_us);
        let last_turn_us = if at == 0 { 0 } else { arrivals[at - 1].came_us };
        waits.push(Wait { account, from_us: oldest_us.max(last_turn_us), to_us: arrival.came_us });
    }
    waits
}

#[cfg(test)]
mod tests {
    use super::super::arrivals::Mark;
    use super::*;

    fn arrival(account: u32, at_ms: u64, came_ms: u64) -> Arrival {
        let (at_us, came_us) = (at_ms * 1000, came_ms * 1000);
        Arrival { endpoint: 0, writer: (account, 0), message: (1, 1), at_us, came_us, mark: Mark::InOrder }
    }

    #[test]
    fn a_backlog_waits_from_turn_to_turn_and_who_has_nothing_does_not_wait() {
        let arrivals =
            [arrival(1, 0, 10), arrival(1, 0, 20), arrival(1, 0, 30), arrival(2, 5, 25), arrival(1, 100, 110)];
        let turns = turns(&arrivals, 0, 1_000_000);
        assert_eq!((turns.turns, turns.accounts, turns.most_of_one), (5, 2, 4));
        assert_eq!((turns.mean_ms, turns.longest_of), (12.0, 2));
        assert_eq!(turns.waits.map(|waits| waits.max_ms), Some(20.0));
    }

    #[test]
    fn only_waits_that_began_in_the_time_count() {
        let turns = turns(&[arrival(1, 0, 900), arrival(2, 50, 60)], 10_000, 1_000_000);
        assert_eq!((turns.turns, turns.mean_ms), (1, 10.0));
    }
}
