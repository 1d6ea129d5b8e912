//! Counts sends as Meta does: 80 per second and number, and a burst of 45 per pair; no clock of its own.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::refusal::Refusal;

/// Meta's default throughput of a number, in messages per second.
const SENDS_PER_SECOND: u32 = 80;
/// How many messages one customer may get at once from one number.
const PAIR_BURST: u32 = 45;
/// After the burst, one more in this time.
const PAIR_REFILL: Duration = Duration::from_secs(6);
/// Pairs are forgotten beyond this many; a simulation needs no more.
const PAIRS_KEPT: usize = 100_000;

/// What has been sent lately.
#[derive(Debug, Default)]
pub struct SendLimits {
    numbers: HashMap<String, (Instant, u32)>,
    /// Per number and recipient: the moment at which the pair's whole burst is free again.
    pairs: HashMap<(String, String), Instant>,
}

impl SendLimits {
    /// Counts a send from `number` to `recipient`, or refuses it with 130429 or 131056.
    pub fn count(&mut self, number: &str, recipient: &str, now: Instant) -> Result<(), Refusal> {
        self.count_number(number, now)?;
        self.count_pair(number, recipient, now)
    }

    fn count_number(&mut self, number: &str, now: Instant) -> Result<(), Refusal> {
        let (since, sent) = self.numbers.entry(number.to_owned()).or_insert((now, 0));
        if now.duration_since(*since) >= Duration::from_secs(1) {
            (*since, *sent) = (now, 0);
        }
        if *sent >= SENDS_PER_SECOND {
            return Err(Refusal::coded(130_429));
        }
        *sent += 1;
        Ok(())
    }

    fn count_pair(&mut self, number: &str, recipient: &str, now: Instant) -> Result<(), Refusal> {
        if self.pairs.len() >= PAIRS_KEPT {
            self.pairs.retain(|_, free_at| *free_at > now);
        }
        let free_at = self.pairs.entry((number.to_owned(), recipient.to_owned())).or_insert(now);
        let next = (*free_at).max(now) + PAIR_REFILL;
        if next > now + PAIR_REFILL * PAIR_BURST {
            return Err(Refusal::coded(131_056));
        }
        *free_at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_gets_45_messages_at_once_and_then_one_in_six_seconds() {
        let (mut limits, now) = (SendLimits::default(), Instant::now());
        for _ in 0..45 {
            limits.count("1", "customer", now).expect("within the burst");
        }
        assert_eq!(limits.count("1", "customer", now).expect_err("beyond the burst").code, 131_056);
        limits.count("1", "another", now).expect("a pair of its own");
        let later = now + Duration::from_secs(6);
        limits.count("1", "customer", later).expect("one more after six seconds");
        assert!(limits.count("1", "customer", later).is_err());
    }

    #[test]
    fn a_number_sends_eighty_messages_a_second() {
        let (mut limits, now) = (SendLimits::default(), Instant::now());
        for nth in 0..80 {
            limits.count("1", &nth.to_string(), now).expect("within the throughput");
        }
        assert_eq!(limits.count("1", "one more", now).expect_err("beyond the throughput").code, 130_429);
        limits.count("1", "one more", now + Duration::from_secs(1)).expect("a second later");
    }
}
