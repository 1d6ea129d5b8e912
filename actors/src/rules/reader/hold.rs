//! What of a reader's deliveries somebody holds: nothing of it starts, and what is under way ends. Knows neither who
//! holds nor for how long.

use super::Reader;
use std::collections::BTreeSet;

/// What is held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    #[default]
    Nothing,
    /// Everything.
    All,
    /// Deliveries of events of these numbers, by their tags.
    Numbers(BTreeSet<u32>),
}

impl Held {
    /// Whether a delivery of the number with this tag is held.
    pub fn covers(&self, number: u32) -> bool {
        match self {
            Held::Nothing => false,
            Held::All => true,
            Held::Numbers(numbers) => numbers.contains(&number),
        }
    }
}

impl Reader {
    /// This is held from now on, and nothing else.
    pub fn hold_back(&mut self, held: Held) {
        self.lanes.hold(held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reader::Attempted;
    use crate::rules::testing::{NOW, event, route};
    use std::sync::Arc;
    use wharf_storage::{Event, NumberRef, number_tag};

    fn reader() -> Reader {
        let mut reader = Reader::new(Arc::new(route("sim/all")), 0, 1 << 20);
        for (seq, number) in [(1, "9"), (2, "8"), (3, "9")] {
            let number = NumberRef { id: Some(number.into()), display: None };
            reader.offer(&Arc::new(Event { number, ..Event::clone(&event(seq, seq)) }), true);
        }
        reader
    }

    fn started(reader: &mut Reader) -> Vec<u64> {
        reader.start_due(NOW).into_iter().map(|due| due.seq).collect()
    }

    #[test]
    fn what_is_held_does_not_start_and_asks_for_no_wake_up_until_it_is_let_go() {
        let mut reader = reader();
        reader.hold_back(Held::All);
        assert_eq!((started(&mut reader), reader.due_at()), (vec![], None));
        assert_eq!(reader.next(), 0, "nothing of it is late");
        reader.hold_back(Held::Nothing);
        assert_eq!(reader.due_at(), Some(0));
        assert_eq!(started(&mut reader), [1, 2, 3]);
    }

    #[test]
    fn a_number_that_is_held_holds_up_no_other_also_after_a_restart() {
        let mut reader = reader();
        let held = Held::Numbers([number_tag("9")].into());
        reader.hold_back(held.clone());
        assert_eq!((started(&mut reader), reader.due_at(), reader.next()), (vec![2], None, 0));
        let kept = reader.progress("100");
        let mut after = Reader::new(Arc::new(route("sim/all")), kept.high, 0);
        kept.open.into_iter().for_each(|open| after.restore(open));
        after.hold_back(held);
        assert_eq!(started(&mut after), [2]);
        after.hold_back(Held::Nothing);
        assert_eq!(started(&mut after), [1, 3]);
    }

    #[test]
    fn what_is_under_way_when_a_hold_begins_ends_and_is_not_tried_again() {
        let mut reader = reader();
        assert_eq!(started(&mut reader), [1, 2, 3]);
        reader.hold_back(Held::All);
        reader.attempted(1, Attempted::Delivered, 0.5, NOW);
        reader.attempted(2, Attempted::unanswered("broken"), 0.0, NOW);
        assert_eq!((started(&mut reader), reader.depth()), (vec![], (2, 1)));
        assert!(reader.bury(2, true), "who is held may be given up");
        reader.attempted(3, Attempted::unanswered("broken"), 0.0, NOW);
        assert!(started(&mut reader).is_empty());
        reader.hold_back(Held::Nothing);
        assert_eq!(reader.start_due(NOW + 60_000).len(), 1, "when its time has come");
    }
}
