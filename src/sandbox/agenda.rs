//! What is to be sent later, in the order in which it falls due; no clock of its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Things and the moments they fall due; of two at the same moment the one put in first comes first.
#[derive(Debug)]
pub struct Agenda<T> {
    heap: BinaryHeap<Reverse<Slot<T>>>,
    put_in: u64,
}

#[derive(Debug)]
struct Slot<T> {
    due: Instant,
    nth: u64,
    thing: T,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), put_in: 0 }
    }
}

impl<T> Agenda<T> {
    /// Puts `thing` in for `due`.
    pub fn put(&mut self, due: Instant, thing: T) {
        self.put_in += 1;
        self.heap.push(Reverse(Slot { due, nth: self.put_in, thing }));
    }

    /// The next thing that is due `now`.
    pub fn take_due(&mut self, now: Instant) -> Option<T> {
        if self.heap.peek()?.0.due > now {
            return None;
        }
        self.heap.pop().map(|Reverse(slot)| slot.thing)
    }

    /// How many things wait.
    pub fn waiting(&self) -> usize {
        self.heap.len()
    }
}

impl<T> PartialEq for Slot<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.due, self.nth) == (other.due, other.nth)
    }
}

impl<T> Eq for Slot<T> {}

impl<T> PartialOrd for Slot<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Slot<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.nth).cmp(&(other.due, other.nth))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn things_come_out_when_due_and_in_order() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        agenda.put(now + Duration::from_secs(2), "later");
        agenda.put(now, "first");
        agenda.put(now, "second");
        assert_eq!(
            (agenda.take_due(now), agenda.take_due(now), agenda.take_due(now)),
            (Some("first"), Some("second"), None)
        );
        assert_eq!(agenda.take_due(now + Duration::from_secs(2)), Some("later"));
        assert_eq!(agenda.waiting(), 0);
    }
}
