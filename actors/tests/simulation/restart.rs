//! How the simulated house starts, dies and starts again.

use crate::books::Books;
use crate::house::{Actor, Gate, House};
use crate::promises::Promises;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wharf_actors::account::restore;
use wharf_actors::rules::account::Input;
use wharf_actors::rules::gate::GateMachine;
use wharf_storage::{AccountRecord, Kind, MessageState, Noun, Outbox, Outcome, Standing, Store};

/// What ended is on its way to the disk after this long: the group's 25 ms and the way through mailboxes.
const GROUP_MS: u64 = 35;

impl House {
    /// Rebuilds everybody from the store.
    pub fn open(&mut self) {
        let machine = wharf_actors::gate::restore(self.store.as_ref(), &self.gateway, &self.scenario.setting);
        let seat = self.seat(None);
        let machine = machine.expect("memory is readable");
        self.gate = Some(Gate { machine, seat: seat.clone(), armed: None, handing: BTreeSet::new(), held: Vec::new() });
        self.turn_gate(GateMachine::tick, Vec::new(), 0);
        for (_, bytes) in self.store.hot(Kind::Account, &[]) {
            let record = AccountRecord::from_bytes(&bytes).expect("readable");
            let id = record.id.to_string();
            self.spawn(record);
            self.engaged_now(&id);
        }
        self.awaken_all();
        self.note_running_replays();
    }

    pub fn spawn(&mut self, record: AccountRecord) {
        let id = record.id.to_string();
        let kept = self.store.hot(Kind::Outbox, &[]);
        let kept = kept.iter().map(|(_, bytes)| Outbox::from_bytes(bytes).expect("readable").0);
        let outbox = kept.filter(|message| *message.account == *id).collect();
        let (store, setting) = (Arc::clone(&self.store), &self.scenario.setting);
        let machine =
            restore(store.as_ref(), &self.gateway.routes.get(), record, outbox, setting, self.now).expect("readable");
        self.promises.starts(&id);
        Promises::what_was_under_way_is_unknown_after_a_restart(&self.store, machine.outbox());
        if machine.outbox().messages().any(|message| message.state == MessageState::Unknown) {
            self.reached.insert("a message unknown after a restart");
        }
        let is_closed = matches!(self.store.standing(), Standing::Closed { .. });
        let machine = if is_closed { machine.at_rest() } else { machine };
        let seat = self.seat(Some(&id));
        let actor = Actor { machine, seat, leaving: false, armed: None, waiting: BTreeMap::new() };
        self.actors.insert(id.clone(), actor);
        self.turn(&id, Input::Tick, Vec::new(), 0, false);
    }

    pub fn close(&mut self) {
        self.actors.clear();
        self.gate = None;
        self.engaged.clear();
        self.waiters.clear();
        self.commits.clear();
        self.settling = false;
        self.store_life += 1;
        let posts: Vec<u64> = self.posts.keys().copied().collect();
        for post in posts {
            self.resend(post);
        }
        self.promises.crashed();
    }

    pub fn crash(&mut self) {
        Books::check_ledgers(&self.store);
        self.books.check_counts(&self.store);
        self.close();
        self.store = Arc::new(self.store.crash());
        Books::check_trails(&self.store);
        if self.books.crashed(&self.store, GROUP_MS, self.now) > 0 {
            self.reached.insert("a delivery repeated after a crash");
        }
        self.held.restart(&self.store);
        self.open();
    }

    /// A write fails: nothing is told durable any more, and the accounts are rebuilt on a store that stays closed,
    /// until somebody starts the house again.
    pub fn fail_commit(&mut self) {
        self.store.fail_next("the disk is full");
        let told = std::mem::take(&mut *self.told.0.lock().expect("one thread"));
        assert!(
            told.iter().all(|(_, outcome)| *outcome != Outcome::Durable),
            "nothing is durable after a failed write"
        );
        self.close();
        self.books.under_way.clear();
        for (_, bytes) in self.store.hot(Kind::Account, &[]) {
            self.spawn(AccountRecord::from_bytes(&bytes).expect("readable"));
        }
        assert!(self.books.under_way.is_empty(), "a house whose store is closed starts nothing");
        self.crash();
    }
}
