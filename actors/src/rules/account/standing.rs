//! How far Meta's statuses say that a message is, whatever their order.

use super::ranks;
use crate::cloud::item::Item;
use crate::rules::outbox;
use wharf_storage::{MessageRecord, MessageState};

/// How far Meta's statuses say a message is, and what they say where it failed. In the ledger it stays `taken`, even
/// where Meta reports a failure later.
#[derive(Debug)]
pub(super) struct Standing {
    state: MessageState,
    error: Option<Box<str>>,
}

impl Default for Standing {
    fn default() -> Self {
        Self { state: MessageState::Accepted, error: None }
    }
}

impl Standing {
    /// Of a message that stands at `state`.
    pub(super) fn of(state: MessageState) -> Self {
        Self { state, error: None }
    }

    /// Whether it is further than the status `item`. In groups every member has statuses of its own: it never is.
    pub(super) fn is_beyond(&self, item: &Item) -> bool {
        let rank = ranks::rank(item).filter(|_| item.customer.group_id.is_none());
        rank.is_some_and(|rank| rank < ranks::rank_of(self.state))
    }

    /// Hears a status, in any order; says whether it moved forward.
    pub(super) fn hear(&mut self, status: &str, item: &Item) -> bool {
        let Some(state) = outbox::forward(self.state, status) else { return false };
        self.state = state;
        self.error = (state == MessageState::Failed).then(|| String::from_utf8_lossy(item.bytes()).into());
        true
    }

    /// Lets `record` stand there.
    pub(super) fn show(self, record: &mut MessageRecord, now: u64) {
        record.state = self.state;
        record.error = self.error.or_else(|| record.error.take());
        record.changed_at_ms = now;
    }
}
