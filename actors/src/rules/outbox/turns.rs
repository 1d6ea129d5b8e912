//! Whose turn it is among the lanes of one number that could send now: priorities by weight, lanes of one priority one
//! after another. Knows no messages and no clock.

use std::collections::VecDeque;
use wharf_storage::Priority;

/// What a turn costs: of 13 turns that all want, `high` has 8, `normal` 4 and `bulk` 1.
fn cost(priority: Priority) -> u64 {
    match priority {
        Priority::High => 1,
        Priority::Normal => 2,
        Priority::Bulk => 8,
    }
}

/// The lanes that could send now.
#[derive(Debug, Default)]
pub(super) struct Turns {
    classes: [Class; Priority::ALL.len()],
    /// What the last turn had cost its class by then: a class that was idle begins there.
    virtual_time: u64,
}

#[derive(Debug, Default)]
struct Class {
    lanes: VecDeque<(Box<str>, u64)>,
    spent: u64,
}

impl Turns {
    /// `lane` could send a message of `priority`; `ticket` tells this time from others.
    pub(super) fn line_up(&mut self, lane: Box<str>, priority: Priority, ticket: u64) {
        let virtual_time = self.virtual_time;
        let class = &mut self.classes[priority as usize];
        if class.lanes.is_empty() {
            class.spent = class.spent.max(virtual_time);
        }
        class.lanes.push_back((lane, ticket));
    }

    /// The next lane, and how it lined up.
    pub(super) fn next(&mut self) -> Option<(Box<str>, Priority, u64)> {
        let waiting = Priority::ALL.into_iter().filter(|priority| !self.classes[*priority as usize].lanes.is_empty());
        let priority = waiting.min_by_key(|priority| self.classes[*priority as usize].spent)?;
        let class = &mut self.classes[priority as usize];
        let (lane, ticket) = class.lanes.pop_front()?;
        self.virtual_time = class.spent;
        class.spent += cost(priority);
        Some((lane, priority, ticket))
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.classes.iter().all(|class| class.lanes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(of: &[(Priority, usize)]) -> Turns {
        let mut turns = Turns::default();
        for (priority, lanes) in of {
            (0..*lanes).for_each(|nth| turns.line_up(format!("{}{nth}", priority.word()).into(), *priority, 0));
        }
        turns
    }

    fn count(turns: &mut Turns, of: usize) -> [usize; 3] {
        let mut counts = [0; 3];
        (0..of).filter_map(|_| turns.next()).for_each(|(_, priority, _)| counts[priority as usize] += 1);
        counts
    }

    #[test]
    fn priorities_share_by_weight_and_none_starves() {
        let mut all = turns(&[(Priority::Bulk, 1000), (Priority::Normal, 1000), (Priority::High, 1000)]);
        assert_eq!(count(&mut all, 130), [80, 40, 10]);
        let mut without_high = turns(&[(Priority::Bulk, 1000), (Priority::Normal, 1000)]);
        assert_eq!(count(&mut without_high, 100), [0, 80, 20]);
    }

    #[test]
    fn lanes_of_one_priority_take_turns_in_their_order() {
        let mut some = turns(&[(Priority::Normal, 3)]);
        let order: Vec<_> = std::iter::from_fn(|| some.next()).map(|(lane, ..)| lane).collect();
        assert_eq!(order, ["normal0".into(), "normal1".into(), "normal2".into()]);
        assert!(some.is_empty());
    }

    #[test]
    fn who_was_idle_saves_nothing_up() {
        let mut some = turns(&[(Priority::Bulk, 1000)]);
        assert_eq!(count(&mut some, 500), [0, 0, 500]);
        (0..1000).for_each(|nth| some.line_up(format!("high{nth}").into(), Priority::High, 0));
        assert_eq!(some.next().map(|(_, priority, _)| priority), Some(Priority::High));
        assert_eq!(count(&mut some, 90), [80, 0, 10], "nor is it punished");
    }
}
