//! How many customers an account has begun to write to within a day. Meta limits that for a business: customers who get a
//! template outside an open window of theirs, each counted once in a moving day. Knows no queue; customers are hashes,
//! and nothing is remembered where no limit is known.

use std::collections::{BTreeSet, HashMap};

/// Meta counts within a moving day, in ms.
pub const DAY_MS: u64 = 24 * 3_600_000;

/// The customers that count.
#[derive(Debug, Default)]
pub struct Portfolio {
    limit: Option<usize>,
    until_ms: HashMap<u64, u64>,
    /// The same, the first that stops counting first.
    order: BTreeSet<(u64, u64)>,
}

impl Portfolio {
    /// So many customers at once from now on; `None` where no limit is known.
    pub fn set_limit(&mut self, limit: Option<usize>) {
        self.limit = limit;
        if limit.is_none() {
            (self.until_ms, self.order) = Default::default();
        }
    }

    /// The limit.
    pub fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Whether a customer counts already: another template to them costs nothing.
    pub fn counts(&self, customer: u64, now: u64) -> bool {
        self.until_ms.get(&customer).is_some_and(|until_ms| *until_ms > now)
    }

    /// When the next customer may be begun with, where that is not now.
    pub fn full_until(&mut self, now: u64) -> Option<u64> {
        let limit = self.limit?;
        while let Some((_, customer)) = self.order.first().filter(|(until_ms, _)| *until_ms <= now).copied() {
            self.order.pop_first();
            self.until_ms.remove(&customer);
        }
        let first = self.order.first().map_or(now + DAY_MS, |(until_ms, _)| *until_ms);
        (self.order.len() >= limit).then_some(first)
    }

    /// A template leaves for a customer: they count for a day.
    pub fn count(&mut self, customer: u64, now: u64) {
        let until_ms = now + DAY_MS;
        if let Some(before) = self.until_ms.insert(customer, until_ms) {
            self.order.remove(&(before, customer));
        }
        self.order.insert((until_ms, customer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_800_000_000_000;

    fn limited(limit: usize) -> Portfolio {
        let mut portfolio = Portfolio::default();
        portfolio.set_limit(Some(limit));
        portfolio
    }

    #[test]
    fn as_many_as_meta_allows_are_begun_with_and_the_next_one_when_the_first_is_a_day_old() {
        let mut portfolio = limited(3);
        for customer in 0..3 {
            assert_eq!(portfolio.full_until(NOW + customer), None);
            portfolio.count(customer, NOW + customer);
        }
        assert_eq!(portfolio.full_until(NOW + 10), Some(NOW + DAY_MS));
        assert!(portfolio.counts(0, NOW + 10), "who counts may get more");
        portfolio.count(0, NOW + 10);
        assert_eq!(portfolio.full_until(NOW + DAY_MS), Some(NOW + 1 + DAY_MS), "and counts from then on");
        assert_eq!(portfolio.full_until(NOW + 1 + DAY_MS), None);
        assert!(!portfolio.counts(1, NOW + 1 + DAY_MS) && portfolio.counts(0, NOW + 1 + DAY_MS));
    }

    #[test]
    fn without_a_limit_nothing_is_remembered() {
        let mut portfolio = limited(1);
        portfolio.count(1, NOW);
        portfolio.set_limit(None);
        assert_eq!((portfolio.full_until(NOW), portfolio.until_ms.len(), portfolio.order.len()), (None, 0, 0));
    }

    proptest! {
        #[test]
        fn in_no_day_are_more_begun_with_than_the_limit(
            limit in 1_usize..6, tries in prop::collection::vec((0_u64..12, 0_u64..DAY_MS / 4), 1..80)
        ) {
            let (mut portfolio, mut now, mut sent) = (limited(limit), NOW, Vec::new());
            for (customer, pause_ms) in tries {
                now += pause_ms;
                if portfolio.counts(customer, now) || portfolio.full_until(now).is_none() {
                    portfolio.count(customer, now);
                    sent.push((now, customer));
                }
                let within = sent.iter().filter(|(at, _)| at + DAY_MS > now).map(|(_, customer)| *customer);
                prop_assert!(within.collect::<BTreeSet<_>>().len() <= limit);
                prop_assert!(portfolio.order.len() <= limit && portfolio.until_ms.len() == portfolio.order.len());
            }
        }
    }
}
