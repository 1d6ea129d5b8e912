//! Meta's rule for a pair of number and recipient: 45 messages at once, borrowed from the future, and one more every
//! six seconds. Knows no queue.

use std::collections::HashMap;

/// One more message in this time, in ms.
const EVERY_MS: u64 = 6_000;
/// 45, because Meta lends at most that many.
const BURST: u64 = 45;
/// After this many refusals in a row the wait does not grow any more: 4^5 s are 17 minutes.
const MOST_REFUSALS: u32 = 5;
/// Pairs are looked through for those that rest whenever their number has doubled, from here on.
const FEW: usize = 1024;

/// The pairs that sent lately.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pairs: HashMap<Box<str>, Pair>,
    swept_at: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Pair {
    /// When everything borrowed is paid back.
    paid_at_ms: u64,
    /// Meta refused: not before this.
    blocked_until_ms: u64,
    /// Refusals in a row.
    refusals: u32,
}

impl Pairs {
    /// The first moment at which a message of `pair` may leave; `now` or before means at once.
    pub(super) fn free_at(&self, pair: &str) -> u64 {
        let Some(known) = self.pairs.get(pair) else { return 0 };
        let lent = known.paid_at_ms.saturating_sub((BURST - 1) * EVERY_MS);
        lent.max(known.blocked_until_ms)
    }

    /// A message of `pair` leaves.
    pub(super) fn take(&mut self, pair: &str, now: u64) {
        self.sweep(now);
        let known = self.pairs.entry(pair.into()).or_default();
        known.paid_at_ms = known.paid_at_ms.max(now) + EVERY_MS;
    }

    /// Meta took a message of `pair`.
    pub(super) fn taken(&mut self, pair: &str) {
        if let Some(known) = self.pairs.get_mut(pair) {
            known.refusals = 0;
        }
    }

    /// Meta refused one because of this rule: 4^X s, X from 0. Says until when.
    pub(super) fn refused(&mut self, pair: &str, now: u64) -> u64 {
        let known = self.pairs.entry(pair.into()).or_default();
        known.blocked_until_ms = now + 1000 * 4_u64.pow(known.refusals.min(MOST_REFUSALS));
        known.refusals += 1;
        known.blocked_until_ms
    }

    fn sweep(&mut self, now: u64) {
        if self.pairs.len() < self.swept_at.max(FEW) {
            return;
        }
        self.pairs.retain(|_, pair| pair.paid_at_ms > now || pair.blocked_until_ms > now);
        self.swept_at = self.pairs.len() * 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_790_000_000_000;

    #[test]
    fn a_customer_gets_45_at_once_and_then_one_every_six_seconds() {
        let mut pairs = Pairs::default();
        for _ in 0..45 {
            assert!(pairs.free_at("901|1") <= START);
            pairs.take("901|1", START);
        }
        assert_eq!(pairs.free_at("901|1"), START + 6_000);
        assert_eq!(pairs.free_at("901|2"), 0, "another customer does not wait");
        pairs.take("901|1", START + 6_000);
        assert_eq!(pairs.free_at("901|1"), START + 12_000);
        assert!(pairs.free_at("901|1") <= START + 45 * 6_000);
    }

    #[test]
    fn refusals_of_a_pair_double_its_wait_twice_and_a_success_forgets_them() {
        let mut pairs = Pairs::default();
        let waits: Vec<u64> = (0..7).map(|_| pairs.refused("901|1", START) - START).collect();
        assert_eq!(waits, [1_000, 4_000, 16_000, 64_000, 256_000, 1_024_000, 1_024_000]);
        pairs.taken("901|1");
        assert_eq!(pairs.refused("901|1", START), START + 1_000);
    }

    #[test]
    fn pairs_that_rest_are_forgotten() {
        let mut pairs = Pairs::default();
        for nth in 0..10 * FEW as u64 {
            pairs.take(&format!("901|{nth}"), START + nth * 100);
        }
        assert!(pairs.pairs.len() <= 2 * FEW, "{}", pairs.pairs.len());
    }
}
