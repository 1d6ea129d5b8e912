//! Who listens to an account, and how they are told what happens. While nobody does, nothing is made for them.

use super::Account;
use crate::live::{Entry, Listener, Listening};
use crate::messages::Listen;
use crate::rules::deliveries::Deliveries;
use actix::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use wharf_storage::{Change, Event};

/// Listeners of one account.
const MOST: usize = 16;

/// Those who listen.
#[derive(Debug)]
pub(super) struct Watchers {
    /// None any more once the account comes to rest.
    listeners: Option<Vec<Listener>>,
    /// What is told once its change is durable, by ticket.
    committed: VecDeque<(u64, Vec<Arc<Entry>>)>,
}

impl Default for Watchers {
    fn default() -> Self {
        Self { listeners: Some(Vec::new()), committed: VecDeque::new() }
    }
}

impl Watchers {
    /// One more, unless there are enough.
    fn add(&mut self, listen: Listen) -> Option<Listening> {
        let (listener, listening) = Listener::new(listen.sorts, listen.numbers);
        // Of an account that comes to rest a listener hears the end at once.
        let Some(listeners) = &mut self.listeners else { return Some(listening) };
        listeners.retain(Listener::is_there);
        if listeners.len() >= MOST {
            return None;
        }
        listeners.push(listener);
        Some(listening)
    }

    /// What `make` makes, if somebody listens.
    pub(super) fn watch<T>(&self, make: impl FnOnce() -> Option<T>) -> Option<T> {
        if self.is_watched() { make() } else { None }
    }

    /// A change is on its way to the disk.
    pub(super) fn committed(&mut self, ticket: u64, change: &Change, deliveries: &Deliveries) {
        if !self.is_watched() {
            return;
        }
        let event = |event: &Arc<Event>| Entry::of_event(event, deliveries);
        let entries = change.events.iter().map(event).chain(change.writes.iter().filter_map(Entry::of_write));
        let entries: Vec<Arc<Entry>> = entries.map(Arc::new).collect();
        if !entries.is_empty() {
            self.committed.push_back((ticket, entries));
        }
    }

    /// Every change up to `ticket` is durable.
    pub(super) fn settled(&mut self, ticket: u64) {
        while self.committed.front().is_some_and(|(waits, _)| *waits <= ticket) {
            let (_, entries) = self.committed.pop_front().expect("looked at just now");
            entries.iter().for_each(|entry| self.tell(entry));
        }
    }

    /// Tells everybody who asked for such.
    pub(super) fn tell(&mut self, entry: &Arc<Entry>) {
        let Some(listeners) = &mut self.listeners else { return };
        listeners.retain(Listener::is_there);
        listeners.iter().for_each(|listener| listener.tell(entry));
    }

    /// Nobody hears anything any more.
    pub(super) fn end(&mut self) {
        self.listeners = None;
        self.committed.clear();
    }

    fn is_watched(&self) -> bool {
        self.listeners.as_ref().is_some_and(|listeners| !listeners.is_empty())
    }
}

impl Account {
    /// An attempt ended, and its reader has heard of it.
    pub(super) fn tell_attempt(&mut self, attempt: Option<Entry>, reader: usize, seq: u64) {
        let Some(attempt) = attempt else { return };
        let place = self.machine.deliveries().readers()[reader].place(seq);
        self.watchers.tell(&Arc::new(attempt.standing_at(place)));
    }
}

impl Handler<Listen> for Account {
    type Result = MessageResult<Listen>;

    fn handle(&mut self, message: Listen, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.watchers.add(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::What;
    use crate::rules::testing::{event, outbound};
    use wharf_storage::Outbox;

    fn all() -> Listen {
        Listen { sorts: Vec::new(), numbers: Vec::new() }
    }

    fn change() -> Change {
        let mut change = Change { events: vec![event(1, 1)], ..Change::default() };
        change.put(&Outbox(outbound("msg_1", "491")));
        change
    }

    #[test]
    fn what_is_on_its_way_to_the_disk_is_told_when_it_is_there_and_only_to_those_who_listened() {
        let deliveries = Deliveries::new("100".into(), Vec::new());
        let mut watchers = Watchers::default();
        watchers.committed(1, &change(), &deliveries);
        let mut listening = watchers.add(all()).expect("room");
        watchers.settled(1);
        assert!(listening.waiting().is_none(), "nothing is made while nobody listens");
        watchers.committed(2, &change(), &deliveries);
        assert!(listening.waiting().is_none(), "it is not durable");
        watchers.settled(2);
        let told: Vec<_> = std::iter::from_fn(|| listening.waiting()).collect();
        assert!(matches!(&told[0].what, What::Event(seen) if seen.id == "100.1" && seen.seq == 1), "{told:?}");
        assert!(matches!(&told[1].what, What::Send(seen) if &*seen.message == "msg_1"), "{told:?}");
    }

    #[test]
    fn sixteen_listen_and_one_who_goes_makes_room() {
        let mut watchers = Watchers::default();
        let mut listening: Vec<Listening> = (0..MOST).map(|_| watchers.add(all()).expect("room")).collect();
        assert!(watchers.add(all()).is_none());
        listening.pop();
        assert!(watchers.add(all()).is_some());
        watchers.end();
        assert!(watchers.add(all()).is_some(), "it hears the end at once");
    }
}
