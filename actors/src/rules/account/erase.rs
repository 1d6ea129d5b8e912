//! How an account forgets a customer: dialogs, messages that wait, and the bytes of deliveries. What is under way ends
//! first; what is read while the store still has old bytes counts as erased.

use super::{AccountMachine, Effect, InFlight, Step};
use std::sync::Arc;
use wharf_storage::{Erasure, MessageTally, Tally};

impl AccountMachine {
    /// Messages to the customer that have not left, or are leaving just now.
    pub fn messages_to(&self, erasure: &Erasure) -> u64 {
        self.outbox.messages().filter(|record| erasure.has_message(record)).count() as u64
    }

    pub(super) fn erase(&mut self, erasure: &Arc<Erasure>, effects: &mut Vec<Effect>, now: u64) {
        self.erasing.begin(erasure);
        self.dialogs.forget(erasure);
        self.preferences.forget(erasure);
        self.recent.retain(|record| !erasure.has_message(record));
        self.deliveries.erase(erasure);
        self.given_up.retain(|record| !erasure.has_message(record));
        let mut step = Step::default();
        self.outbox.erase(erasure, &mut step, now);
        if step.tally != MessageTally::default() {
            step.change.tallies.push((Arc::clone(&self.id), Tally { messages: step.tally, ..Tally::default() }));
        }
        self.commit(step.change, InFlight::default(), effects);
    }

    pub(super) fn erased(&mut self, erasure: &Erasure) {
        self.erasing.end(erasure);
        self.deliveries.erased(erasure);
    }

    /// The erasures under way.
    pub fn erasing(&self) -> &crate::rules::erasing::Erasing {
        &self.erasing
    }
}
