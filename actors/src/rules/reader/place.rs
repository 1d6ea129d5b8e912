//! Where one event stands on its way to a route, and what it waits for: for whoever asks. Changes nothing.

use super::Reader;

/// Where an event stands with a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The reader has not come to it.
    Unread {
        /// Events from the place where the reader is to this one.
        behind: u64,
    },
    /// Its delivery has not ended.
    Open(OpenPlace),
    /// Its delivery has ended, or there never was one.
    Ended,
}

/// How a delivery that has not ended stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenPlace {
    /// Attempts that ended.
    pub attempts: u32,
    /// When the next is due, in ms since 1970; 0 means at once.
    pub due_at_ms: u64,
    /// One is under way since then, in ms since 1970.
    pub under_way_ms: Option<u64>,
    /// Whether its lane goes on without it.
    pub parked: bool,
    /// The event of its lane that must end before it.
    pub behind: Option<u64>,
}

/// How often a delivery was tried when an attempt ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tried {
    /// Attempts that ended before.
    pub attempts: u32,
    /// When this one began, in ms since 1970.
    pub started_ms: u64,
    /// Whether it was opened again on request: what came of it before is not what comes of it now.
    pub again: bool,
}

impl Reader {
    /// Where the event at `seq` stands.
    pub fn place(&self, seq: u64) -> Place {
        match self.lanes.get(seq) {
            Some(open) => Place::Open(OpenPlace {
                attempts: open.attempts,
                due_at_ms: open.due_at_ms,
                under_way_ms: open.under_way.then_some(open.started_ms),
                parked: open.parked,
                behind: self.lanes.ahead(seq).filter(|_| !open.under_way),
            }),
            None if seq > self.high => Place::Unread { behind: seq - self.high },
            None => Place::Ended,
        }
    }

    /// What was tried of an open delivery.
    pub fn tried(&self, seq: u64) -> Option<Tried> {
        let open = self.lanes.get(seq)?;
        Some(Tried { attempts: open.attempts, started_ms: open.started_ms, again: open.is_again() })
    }

    /// Nothing starts before this, in ms since 1970: its endpoint is down.
    pub fn held_until_ms(&self) -> Option<u64> {
        self.held_until_ms
    }

    /// Whether as many deliveries are under way as may be.
    pub fn is_busy(&self) -> bool {
        self.lanes.under_way() >= self.room()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reader::Attempted;
    use crate::rules::testing::{NOW, event, route};
    use std::sync::Arc;

    fn open(reader: &Reader, seq: u64) -> OpenPlace {
        match reader.place(seq) {
            Place::Open(open) => open,
            Place::Unread { .. } | Place::Ended => panic!("{seq} is not open"),
        }
    }

    #[test]
    fn a_place_is_told_before_while_and_after_its_delivery() {
        let mut reader = Reader::new(Arc::new(route("sim/all")), 0, 1 << 20);
        assert_eq!(reader.place(2), Place::Unread { behind: 2 });
        for seq in 1..=2 {
            reader.offer(&event(seq, 7), true);
        }
        assert_eq!(open(&reader, 1), OpenPlace::default());
        assert_eq!(open(&reader, 2).behind, Some(1), "it waits for the first of its lane");
        reader.start_due(NOW);
        assert_eq!((open(&reader, 1).under_way_ms, open(&reader, 2).under_way_ms), (Some(NOW), None));
        assert_eq!(reader.tried(1), Some(Tried { attempts: 0, started_ms: NOW, again: false }));
        reader.attempted(1, Attempted::unanswered("refused"), 1.0, NOW + 5);
        let waits = OpenPlace { attempts: 1, due_at_ms: NOW + 5 + 1000, ..OpenPlace::default() };
        assert_eq!(open(&reader, 1), waits);
        reader.start_due(NOW + 2000);
        reader.attempted(1, Attempted::Delivered, 1.0, NOW + 2000);
        assert_eq!((reader.place(1), open(&reader, 2).behind), (Place::Ended, None));
        assert_eq!(reader.tried(1), None);
    }
}
