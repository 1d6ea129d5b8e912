//! How a commit is heard of: receipts, handed in with a change and settled group by group.
//!
//! A desk belongs to one event loop. It is told once per commit group, with all its numbers of that group, so that a
//! group of a hundred webhooks wakes a loop once and not a hundred times.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Where an event loop hears of its commits.
pub trait Desk: Send + Sync + 'static {
    /// The changes with these receipt numbers share `outcome`. Called on the committer's thread: hand over, return.
    fn settle(&self, numbers: &[u64], outcome: &Outcome);
}

/// One party that wants to hear of one change.
#[derive(Clone)]
pub struct Receipt {
    /// Where to tell it.
    pub desk: Arc<dyn Desk>,
    /// Which change, in the desk's own count.
    pub number: u64,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Written and synced.
    Durable,
    /// Not kept, and nothing after it will be: the store is closed.
    Lost {
        /// What failed, for people.
        reason: Arc<str>,
    },
}

/// Tells every receipt its outcome, each desk once with all its numbers in the order given.
pub(crate) fn tell(receipts: impl IntoIterator<Item = Receipt>, outcome: &Outcome) {
    let mut desks: Vec<(Arc<dyn Desk>, Vec<u64>)> = Vec::new();
    for Receipt { desk, number } in receipts {
        match desks.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &desk)) {
            Some((_, numbers)) => numbers.push(number),
            None => desks.push((desk, vec![number])),
        }
    }
    for (desk, numbers) in desks {
        // One loop's panic is not another one's, nor the store's.
        if catch_unwind(AssertUnwindSafe(|| desk.settle(&numbers, outcome))).is_err() {
            log::error!("a desk panicked while it was told of its commits: receipts={}", numbers.len());
        }
    }
}
