//! Two lanes that turn out to be one customer's: from then on the reader treats them as one. Knows no dialog.

use super::Reader;
use wharf_storage::Event;

/// Joined lanes of which the journal may still hold events that were not read.
#[derive(Debug, Default)]
pub(super) struct Joins(Vec<Join>);

#[derive(Debug)]
struct Join {
    from: u64,
    into: u64,
    /// Events from here on are in the right lane.
    until: u64,
}

impl Joins {
    /// The lane of an event that is read, in ascending order of seq.
    pub(super) fn lane_of(&mut self, event: &Event) -> u64 {
        self.0.retain(|join| event.seq < join.until);
        self.0.iter().fold(event.lane, |lane, join| if lane == join.from { join.into } else { lane })
    }
}

impl Reader {
    /// Lane `from` is one with `into`; no event at `until` or later is in it. What is open of both goes in the order in
    /// which it was accepted.
    pub fn join(&mut self, from: u64, into: u64, until: u64) {
        let next = self.high + 1;
        self.joins.0.retain(|join| next < join.until);
        if next < until {
            self.joins.0.push(Join { from, into, until });
        }
        self.lanes.join(from, into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reader::{Attempted, Due};
    use crate::rules::testing::{NOW, event, route};
    use std::sync::Arc;

    fn reader() -> Reader {
        Reader::new(Arc::new(route("sim/all")), 0, 1 << 20)
    }

    fn seqs(due: Vec<Due>) -> Vec<u64> {
        due.into_iter().map(|due| due.seq).collect()
    }

    fn failed() -> Attempted {
        Attempted::Failed {
            status: Some(500),
            retry_after: None,
            reason: String::new(),
            down_until_ms: None,
            held_ms: 0,
        }
    }

    #[test]
    fn what_comes_after_a_join_waits_for_both_lanes() {
        let mut reader = reader();
        for (seq, lane) in [(1, 7), (2, 8), (3, 7), (4, 8)] {
            reader.offer(&event(seq, lane), true);
        }
        reader.join(8, 7, 5);
        reader.offer(&event(5, 7), true);
        let mut order = Vec::new();
        while let [seq] = seqs(reader.start_due(NOW))[..] {
            order.push(seq);
            reader.attempted(seq, Attempted::Delivered, 0.5, NOW);
        }
        assert_eq!(order, [1, 2, 3, 4, 5]);
        assert_eq!(reader.depth(), (0, 0));
    }

    #[test]
    fn two_deliveries_that_are_under_way_when_lanes_join_end_in_any_order() {
        let mut reader = reader();
        for (seq, lane) in [(1, 7), (2, 8), (3, 8), (4, 7)] {
            reader.offer(&event(seq, lane), true);
        }
        assert_eq!(seqs(reader.start_due(NOW)), [1, 2]);
        reader.join(8, 7, 5);
        assert!(reader.start_due(NOW).is_empty());
        reader.attempted(2, failed(), 0.5, NOW);
        assert!(seqs(reader.start_due(u64::MAX)).is_empty(), "the first one is under way still");
        reader.attempted(1, Attempted::Delivered, 0.5, NOW);
        assert_eq!(seqs(reader.start_due(NOW)), Vec::<u64>::new(), "the next one waits for its second try");
        assert_eq!(seqs(reader.start_due(NOW + 60_000)), [2]);
        reader.attempted(2, Attempted::Delivered, 0.5, NOW);
        assert_eq!(seqs(reader.start_due(NOW)), [3]);
    }

    #[test]
    fn events_of_a_joined_lane_that_the_journal_still_holds_join_when_they_are_read() {
        let mut reader = reader();
        reader.offer(&event(1, 7), true);
        reader.join(8, 7, 3);
        reader.read(&[event(2, 8), event(3, 7), event(4, 8)], |_| true);
        assert_eq!(seqs(reader.start_due(NOW)), [1, 4], "8 is another lane again, begun after the join");
        reader.attempted(1, Attempted::Delivered, 0.5, NOW);
        assert_eq!(seqs(reader.start_due(NOW)), [2]);
    }

    /// What is kept had the joined lane: after a restart the rest of the old lane, read from the journal, overtook it.
    #[test]
    fn after_a_restart_a_lane_that_was_joined_is_itself_again() {
        let mut before = reader();
        before.offer(&event(1, 8), true);
        before.join(8, 7, 3);
        let kept = before.progress("100");
        let mut after = Reader::new(Arc::new(route("sim/all")), kept.high, 1 << 20);
        kept.open.into_iter().for_each(|open| after.restore(open));
        after.read(&[event(2, 8)], |_| true);
        assert_eq!(seqs(after.start_due(NOW)), [1]);
    }

    #[test]
    fn a_lane_may_join_another_twice_over() {
        let mut reader = reader();
        reader.join(9, 8, 3);
        reader.join(8, 7, 3);
        reader.read(&[event(1, 9), event(2, 8), event(3, 7)], |_| true);
        assert_eq!(seqs(reader.start_due(NOW)), [1]);
    }
}
