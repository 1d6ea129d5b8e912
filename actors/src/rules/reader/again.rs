//! How a delivery that ended, or never was, is opened again: at once in memory and on disk, in its lane once that is
//! durable. Knows neither who asks nor why.

use super::{Open, Order, Reader, WINDOW};
use std::sync::Arc;
use wharf_storage::Event;

/// Deliveries opened again that a reader holds at most: a quarter of its window, so that what is new always has room.
pub const MOST_AGAIN: usize = WINDOW / 4;

impl Reader {
    /// Whether a delivery of `event` is pending: open, or ahead in the journal.
    pub fn awaits(&self, event: &Event, wanted: bool) -> bool {
        self.lanes.get(event.seq).is_some() || (wanted && event.seq > self.high)
    }

    /// How many more may be opened again now.
    pub fn room_again(&self) -> usize {
        let window = WINDOW.saturating_sub(self.lanes.len());
        MOST_AGAIN.saturating_sub(self.lanes.again()).min(window)
    }

    /// Opens a delivery that is not pending, from its first attempt on; it starts once it is [admitted](Self::admit).
    pub(in crate::rules) fn open_again(&mut self, event: &Arc<Event>, now: u64) {
        let keep = self.body_bytes + event.body.len() <= self.body_budget;
        if keep {
            self.body_bytes += event.body.len();
        }
        let lane = match self.route.order {
            Order::Dialog => self.joins.lane_of(event),
            Order::None => event.seq,
        };
        let open = Open::new(event, lane, keep.then(|| Arc::clone(event)));
        self.lanes.insert(event.seq, open.again(self.high.max(event.seq), now));
    }

    /// What was opened again is durable.
    pub(in crate::rules) fn admit(&mut self, seq: u64) {
        self.lanes.admit(seq);
    }

    /// Since when an open delivery is one, in ms since 1970: from then on it ages.
    pub fn since_ms(&self, seq: u64) -> Option<u64> {
        self.lanes.get(seq).map(|open| open.received_at_ms)
    }
}

#[cfg(test)]
#[path = "again_tests.rs"]
mod tests;
