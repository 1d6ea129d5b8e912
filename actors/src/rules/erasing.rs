//! Which erasures are under way, as the machines that hold events and messages in memory must know it: whatever they
//! read or hear of until an erasure has ended is a stub to them. Pure; it knows no store.

use std::sync::Arc;
use wharf_storage::{Erasure, Event, MessageRecord};

/// Erasures under way; nearly always none.
#[derive(Debug, Clone, Default)]
pub struct Erasing(Vec<Arc<Erasure>>);

impl Erasing {
    /// One more begins.
    pub fn begin(&mut self, erasure: &Arc<Erasure>) {
        if !self.0.contains(erasure) {
            self.0.push(Arc::clone(erasure));
        }
    }

    /// One has ended: the store has nothing left of it.
    pub fn end(&mut self, erasure: &Erasure) {
        self.0.retain(|one| **one != *erasure);
    }

    /// The event as it may be seen: itself, or its stub.
    pub fn mask(&self, event: &Arc<Event>) -> Arc<Event> {
        match self.concerns(event) {
            true => Arc::new(Event::clone(event).erased()),
            false => Arc::clone(event),
        }
    }

    /// Whether `event` is being erased.
    pub fn concerns(&self, event: &Event) -> bool {
        self.0.iter().any(|erasure| erasure.concerns(event))
    }

    /// Whether a dialog of `account` is being erased.
    pub fn has_dialog(&self, account: &str, id: u64) -> bool {
        self.0.iter().any(|erasure| erasure.has_dialog(account, id))
    }

    /// Whether `id` is of a customer of `account` who is being erased.
    pub fn names(&self, account: &str, id: &str) -> bool {
        self.0.iter().any(|erasure| erasure.reaches(account) && erasure.names(account, id))
    }

    /// Whether an outbound message is being erased.
    pub fn has_message(&self, record: &MessageRecord) -> bool {
        self.0.iter().any(|erasure| erasure.has_message(record))
    }
}
