//! Deliveries that are opened again on request: which, and what is kept of that. What ended before is kept in the same
//! change: no place of a reader is on disk before what it passed is counted.

use super::{Deliveries, is_wanted};
use crate::gateway::Route;
use std::sync::Arc;
use wharf_storage::{Change, Event, RouteTally};

/// What came of asking whether an event may be delivered again: readers, by their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// It may be opened.
    pub open: Vec<usize>,
    /// It is pending there already.
    pub pending: Vec<usize>,
    /// As many as may be are open again there.
    pub full: Vec<usize>,
}

impl Deliveries {
    /// Who may get `event` again: each route that `wants` says so of and that is there.
    pub fn ask_again(&self, event: &Event, wants: impl Fn(&Route) -> bool) -> Asked {
        let mut asked = Asked::default();
        let readers = self.readers.iter().enumerate().filter(|(_, reader)| reader.is_live() && wants(reader.route()));
        for (index, reader) in readers {
            match () {
                () if reader.awaits(event, is_wanted(event, reader.route())) => asked.pending.push(index),
                () if reader.room_again() == 0 => asked.full.push(index),
                () => asked.open.push(index),
            }
        }
        asked
    }

    /// Opens the delivery of `event` to a reader, unless it is pending or the bytes are gone; says whether it is.
    /// [`Deliveries::keep_again`] must follow, and once that is durable [`Deliveries::admit`].
    pub fn open_again(&mut self, reader: usize, event: &Arc<Event>, now: u64) -> bool {
        let is_gone = event.is_erased() || self.erasing.concerns(event);
        let reader_of = &mut self.readers[reader];
        if is_gone || !reader_of.is_live() || reader_of.awaits(event, is_wanted(event, reader_of.route())) {
            return false;
        }
        reader_of.open_again(event, now);
        let again = RouteTally { replayed: 1, pending: 1, ..RouteTally::default() };
        self.ended.tallies[reader].get_or_insert_default().add(&again);
        true
    }

    /// What is to be kept of what was opened again.
    pub fn keep_again(&mut self) -> Change {
        self.keep_now()
    }

    /// What was opened again is durable.
    pub fn admit(&mut self, opened: &[(usize, u64)]) {
        opened.iter().for_each(|(reader, seq)| self.readers[*reader].admit(*seq));
    }

    /// The place of a route that is there.
    pub fn reader_of(&self, route: &str) -> Option<usize> {
        self.readers.iter().position(|reader| reader.is_live() && *reader.route().name == *route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reader::{Attempted, Reader};
    use crate::rules::testing::{NOW, event, route};
    use wharf_storage::{DeadLetter, Kind, Noun, Progress};

    /// One route; event 1 was given up just now, which is not kept yet.
    fn deliveries() -> Deliveries {
        let reader = Reader::new(Arc::new(route("sim/all")), 0, 1 << 20);
        let mut deliveries = Deliveries::new("100".into(), vec![reader]);
        let late = NOW + 3_600_000;
        deliveries.offer(&event(1, 7));
        deliveries.start_due(late);
        deliveries.attempted(0, &event(1, 7), Attempted::unanswered("down"), 0.5, late);
        deliveries
    }

    #[test]
    fn what_is_opened_again_is_counted_and_kept_with_all_that_ended_before() {
        let mut deliveries = deliveries();
        assert!(deliveries.open_again(0, &event(1, 7), NOW));
        let change = deliveries.keep_again();
        let counted = RouteTally { replayed: 1, dead: 1, ..RouteTally::default() };
        assert_eq!(change.tallies[0].1.routes["sim/all"], counted);
        let of = |kind: Kind| change.writes.iter().find(|write| write.kind == kind).expect("kept").value.clone();
        let place = Progress::from_bytes(&of(Kind::Progress).expect("set")).expect("readable");
        assert_eq!((place.open.len(), place.open[0].seq, place.open[0].attempts), (1, 1, 0));
        let letter = DeadLetter::from_bytes(&of(Kind::Dead).expect("set")).expect("readable");
        assert_eq!(letter.event.as_deref(), Some("100.1"));
        assert!(deliveries.start_due(NOW).is_empty(), "not durable yet");
        deliveries.admit(&[(0, 1)]);
        assert_eq!(deliveries.start_due(NOW)[0].due.attempt, 1);
    }

    #[test]
    fn what_is_pending_or_erased_is_not_opened_twice() {
        let mut deliveries = deliveries();
        let all = |_: &Route| true;
        assert_eq!(deliveries.ask_again(&event(1, 7), all).open, [0]);
        assert_eq!(deliveries.ask_again(&event(2, 7), all).pending, [0], "ahead in the journal");
        assert!(deliveries.open_again(0, &event(1, 7), NOW));
        assert!(!deliveries.open_again(0, &event(1, 7), NOW));
        assert_eq!(deliveries.ask_again(&event(1, 7), all).pending, [0]);
        assert_eq!(deliveries.ask_again(&event(1, 7), |_| false), Asked::default());
        let stub = Arc::new(Event { wanted_by: Vec::new(), ..Event::clone(&event(9, 7)) }.erased());
        assert!(!deliveries.open_again(0, &stub, NOW));
    }

    #[test]
    fn a_route_that_is_not_there_gets_nothing_again() {
        let mut deliveries = deliveries();
        deliveries.exchange(&[], 1, 0, NOW);
        assert_eq!(deliveries.ask_again(&event(1, 7), |_| true), Asked::default());
        assert!(!deliveries.open_again(0, &event(1, 7), NOW));
        assert_eq!(deliveries.reader_of("sim/all"), None);
    }
}
