//! The messages of one account in order: a lane per number and recipient, in it one message under way, the rest in the
//! order of submission by priority. Knows no pace, no holds and no clock.

use std::collections::{HashMap, VecDeque};
use wharf_storage::{MessageRecord, Priority};

/// Waiting messages of one priority, by id.
type Line = VecDeque<Box<str>>;

/// One number's messages to one recipient.
#[derive(Debug)]
pub(super) struct Lane {
    /// The phone number id they leave from.
    pub(super) number: Box<str>,
    /// The message that is under way, or whose leaving is in doubt: the next one waits for it.
    pub(super) busy: Option<Box<str>>,
    /// Where it lined up for a turn: the newest of its tickets counts.
    pub(super) lined_up: Option<(Priority, u64)>,
    /// When it is looked at again.
    pub(super) alarm: Option<u64>,
    /// Until when the recipient's window is open, as far as is known, in ms since 1970.
    pub(super) window_until_ms: u64,
    waiting: [Line; Priority::ALL.len()],
}

impl Lane {
    /// The next message, and its priority.
    pub(super) fn head(&self) -> Option<(&str, Priority)> {
        let heads =
            Priority::ALL.into_iter().filter_map(|class| Some((&**self.waiting[class as usize].front()?, class)));
        heads.into_iter().next()
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.busy.is_none() && self.waiting.iter().all(VecDeque::is_empty)
    }

    /// The head leaves.
    pub(super) fn start(&mut self) {
        let head = self.waiting.iter_mut().find_map(VecDeque::pop_front);
        self.busy = head;
        self.lined_up = None;
    }

    /// `id` ended, or holds nobody up any more.
    pub(super) fn leave(&mut self, id: &str) {
        if self.busy.as_deref() == Some(id) {
            self.busy = None;
            return;
        }
        self.waiting.iter_mut().for_each(|line| line.retain(|other| &**other != id));
    }
}

/// All lanes of an account, by name.
#[derive(Debug, Default)]
pub(super) struct Lanes(HashMap<Box<str>, Lane>);

impl Lanes {
    /// The name of a message's lane.
    pub(super) fn name(record: &MessageRecord) -> Box<str> {
        Self::name_of(&record.number, &record.lane)
    }

    /// The name of the lane of a number and a recipient.
    pub(super) fn name_of(number: &str, recipient: &str) -> Box<str> {
        format!("{number}|{recipient}").into()
    }

    /// The number and the recipient of a lane, by its name.
    pub(super) fn parts(name: &str) -> (&str, &str) {
        name.split_once('|').expect("a lane's name has both")
    }

    /// A message joins the end of its lane.
    pub(super) fn join(&mut self, name: &str, record: &MessageRecord) {
        self.of(name, &record.number).waiting[record.priority as usize].push_back(record.id.clone());
    }

    /// A message that was under way, or in doubt, is the next one again.
    pub(super) fn come_back(&mut self, name: &str, record: &MessageRecord) {
        let lane = self.of(name, &record.number);
        lane.leave(&record.id);
        lane.waiting[record.priority as usize].push_front(record.id.clone());
    }

    /// A message that is already in doubt takes its place at the front.
    pub(super) fn occupy(&mut self, name: &str, record: &MessageRecord) {
        self.of(name, &record.number).busy = Some(record.id.clone());
    }

    /// One that is there.
    pub(super) fn get(&self, name: &str) -> Option<&Lane> {
        self.0.get(name)
    }

    /// One that is there, to change.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Lane> {
        self.0.get_mut(name)
    }

    /// Forgets a lane where nothing is left.
    pub(super) fn tidy(&mut self, name: &str) {
        if self.0.get(name).is_some_and(Lane::is_idle) {
            self.0.remove(name);
        }
    }

    /// The names of all.
    pub(super) fn names(&self) -> Vec<Box<str>> {
        self.0.keys().cloned().collect()
    }

    fn of(&mut self, name: &str, number: &str) -> &mut Lane {
        self.0.entry(name.into()).or_insert_with(|| Lane {
            number: number.into(),
            busy: None,
            lined_up: None,
            alarm: None,
            window_until_ms: 0,
            waiting: Default::default(),
        })
    }
}
