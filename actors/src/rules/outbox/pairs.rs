//! Meta's rule for a pair of number and recipient: 45 messages at once, borrowed from the future, and one more every
//! six seconds. Knows no queue.
//!
//! It holds over a restart: a debt of more than a third of the burst is kept with the message that makes it, and at a
//! start every pair is taken to owe the third of which nothing is kept.

use std::collections::{BTreeSet, HashMap};

/// One more message in this time, in ms.
const EVERY_MS: u64 = 6_000;
/// 45, because Meta lends at most that many.
const BURST: u64 = 45;
/// After this many refusals in a row the wait does not grow any more: 4^5 s are 17 minutes.
const MOST_REFUSALS: u32 = 5;
/// Borrowed messages of which nothing is kept: few recipients ever get more at once. A restart assumes that many.
const UNKEPT: u64 = 15;
/// Pairs are looked through for those that rest whenever their number has doubled, from here on.
const FEW: usize = 1024;

/// The pairs that sent lately.
#[derive(Debug)]
pub(super) struct Pairs {
    pairs: HashMap<Box<str>, Pair>,
    /// Debts that are kept, by when they are paid back.
    kept: BTreeSet<(u64, Box<str>)>,
    /// When every debt of before the start of which nothing was kept is paid back.
    assumed_until_ms: u64,
    swept_at: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Pair {
    /// When everything borrowed is paid back.
    paid_at_ms: u64,
    /// The same, as it is kept.
    kept_paid_at_ms: Option<u64>,
    /// Meta refused: not before this.
    blocked_until_ms: u64,
    /// Refusals in a row.
    refusals: u32,
}

impl Pairs {
    /// None yet; what pairs borrowed before `since` is known only where it was kept.
    pub(super) fn new(since: u64) -> Self {
        let assumed_until_ms = since + UNKEPT * EVERY_MS;
        Self { pairs: HashMap::new(), kept: BTreeSet::new(), assumed_until_ms, swept_at: 0 }
    }

    /// Takes back a debt that was kept. None is longer than Meta lends, whatever became of the clock.
    pub(super) fn restore(&mut self, pair: &str, paid_at_ms: u64, now: u64) {
        let known = self.pairs.entry(pair.into()).or_default();
        known.paid_at_ms = paid_at_ms.min(now + BURST * EVERY_MS);
        known.kept_paid_at_ms = Some(known.paid_at_ms);
        self.kept.insert((known.paid_at_ms, pair.into()));
    }

    /// The first moment at which a message of `pair` may leave; `now` or before means at once.
    pub(super) fn free_at(&self, pair: &str) -> u64 {
        let known = self.pairs.get(pair).copied().unwrap_or_default();
        let lent = self.paid_at(known).saturating_sub((BURST - 1) * EVERY_MS);
        lent.max(known.blocked_until_ms)
    }

    /// A message of `pair` is started; says when all is paid back where that must be kept with it.
    pub(super) fn take(&mut self, pair: &str, now: u64) -> Option<u64> {
        self.sweep(now);
        let known = self.pairs.get(pair).copied().unwrap_or_default();
        let paid_at_ms = self.paid_at(known).max(now) + EVERY_MS;
        let known = self.pairs.entry(pair.into()).or_default();
        known.paid_at_ms = paid_at_ms;
        if paid_at_ms <= now + UNKEPT * EVERY_MS {
            return None;
        }
        if let Some(before) = known.kept_paid_at_ms.replace(paid_at_ms) {
            self.kept.remove(&(before, pair.into()));
        }
        self.kept.insert((paid_at_ms, pair.into()));
        Some(paid_at_ms)
    }

    /// It leaves, perhaps a while after: Meta counts from then on.
    pub(super) fn left(&mut self, pair: &str, now: u64) {
        let known = self.pairs.entry(pair.into()).or_default();
        known.paid_at_ms = known.paid_at_ms.max(now + EVERY_MS);
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

    /// When the next kept debt is paid back.
    pub(super) fn due_at(&self) -> Option<u64> {
        self.kept.first().map(|(paid_at_ms, _)| *paid_at_ms)
    }

    /// The pairs whose kept debts are paid back by now.
    pub(super) fn paid_back(&mut self, now: u64) -> Vec<Box<str>> {
        let mut paid = Vec::new();
        while self.due_at().is_some_and(|paid_at_ms| paid_at_ms <= now) {
            let (_, pair) = self.kept.pop_first().expect("looked at just now");
            if let Some(known) = self.pairs.get_mut(&pair) {
                known.kept_paid_at_ms = None;
            }
            paid.push(pair);
        }
        paid
    }

    /// Forgets the pairs that `is_meant`; Meta's refusals go on telling what it counts.
    pub(super) fn forget(&mut self, is_meant: impl Fn(&str) -> bool) {
        self.pairs.retain(|pair, _| !is_meant(pair));
        self.kept.retain(|(_, pair)| !is_meant(pair));
    }

    fn paid_at(&self, known: Pair) -> u64 {
        known.paid_at_ms.max(self.assumed_until_ms)
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
        let mut pairs = Pairs::new(0);
        for _ in 0..45 {
            assert!(pairs.free_at("901|1") <= START);
            pairs.take("901|1", START);
        }
        assert_eq!(pairs.free_at("901|1"), START + 6_000);
        assert!(pairs.free_at("901|2") <= START, "another customer does not wait");
        pairs.take("901|1", START + 6_000);
        assert_eq!(pairs.free_at("901|1"), START + 12_000);
        assert!(pairs.free_at("901|1") <= START + 45 * 6_000);
    }

    #[test]
    fn refusals_of_a_pair_double_its_wait_twice_and_a_success_forgets_them() {
        let mut pairs = Pairs::new(0);
        let waits: Vec<u64> = (0..7).map(|_| pairs.refused("901|1", START) - START).collect();
        assert_eq!(waits, [1_000, 4_000, 16_000, 64_000, 256_000, 1_024_000, 1_024_000]);
        pairs.taken("901|1");
        assert_eq!(pairs.refused("901|1", START), START + 1_000);
    }

    #[test]
    fn pairs_that_rest_are_forgotten() {
        let mut pairs = Pairs::new(0);
        for nth in 0..10 * FEW as u64 {
            pairs.take(&format!("901|{nth}"), START + nth * 100);
        }
        assert!(pairs.pairs.len() <= 2 * FEW, "{}", pairs.pairs.len());
    }

    #[test]
    fn a_debt_of_more_than_a_third_of_the_burst_is_kept_until_it_is_paid_back() {
        let mut pairs = Pairs::new(0);
        assert!((0..15).all(|_| pairs.take("901|1", START).is_none()));
        assert_eq!(pairs.take("901|1", START), Some(START + 96_000));
        assert_eq!(pairs.take("901|1", START + 6_000), Some(START + 102_000));
        assert_eq!(pairs.due_at(), Some(START + 102_000));
        assert!(pairs.paid_back(START + 101_999).is_empty());
        assert_eq!(pairs.paid_back(START + 102_000), ["901|1".into()]);
        assert_eq!(pairs.due_at(), None);
    }

    #[test]
    fn at_a_start_every_pair_owes_a_third_until_that_could_have_been_paid_back() {
        let mut pairs = Pairs::new(START);
        pairs.restore("901|1", START + 264_000, START);
        pairs.restore("901|3", START + 9_000_000, START);
        assert_eq!(pairs.free_at("901|1"), START, "44 are owed");
        assert_eq!(pairs.free_at("901|3"), START + 6_000, "the clock was set back");
        let taken = |now: u64| {
            let mut pairs = Pairs::new(START);
            (0..60).filter(|_| pairs.free_at("901|2") <= now && pairs.take("901|2", now) != Some(0)).count()
        };
        assert_eq!((taken(START), taken(START + 60_000), taken(START + 90_000)), (30, 40, 45));
    }
}
