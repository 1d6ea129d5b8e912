//! The verbs of the simulated house: who is engaged, who leaves, and what the quarantine gives back.

use crate::house::{Handed, Happening, House, Job, Seat, Start, Then};
use crate::scenario::GATEWAY;
use bytes::Bytes;
use wharf_actors::account::unfinished_events;
use wharf_actors::cloud::webhook::split;
use wharf_actors::rules::account::{Entry, Input, forget};
use wharf_actors::rules::gate::quarantine_stream;
use wharf_storage::{AccountRecord, Event, Store};

impl House {
    /// `setup` finds the account.
    pub fn engage(&mut self, account: &str) {
        let known = self.actors.get(account).map(|actor| (actor.leaving, actor.machine.record().clone()));
        let record = match known {
            // Whoever leaves is asked again later.
            Some((true, _)) => return self.after(500, Happening::Engage(account.to_owned())),
            // What was redriven of it is being delivered still.
            Some((false, nobody)) if is_nobody(&nobody) => record(account, self.now),
            Some((false, record)) => record,
            None => {
                let record = record(account, self.now);
                self.spawn(record.clone());
                record
            }
        };
        self.enter(account, record, Some(Then::Engaged));
    }

    fn enter(&mut self, account: &str, record: AccountRecord, then: Option<Then>) {
        let ticket = self.turn(account, Input::Enter(Box::new(Entry::new(record))), Vec::new(), 0, false);
        if let Some(then) = then {
            self.wait_for(account, ticket.expect("an entry is kept"), then);
        }
    }

    pub fn engaged_now(&mut self, account: &str) {
        if !self.engaged.iter().any(|engaged| engaged == account) {
            self.engaged.push(account.to_owned());
        }
        let seat = self.gate.as_ref().expect("open").seat.clone();
        self.soon(5, Happening::Release(seat, account.to_owned(), Start::First));
    }

    /// `unsubscribe`, or `subscribe`.
    pub fn flip(&mut self, account: &str) {
        let Some(actor) = self.actors.get(account).filter(|actor| !actor.leaving) else { return };
        if is_nobody(actor.machine.record()) {
            return;
        }
        let record = actor.machine.record().clone();
        let active = !record.active;
        self.enter(account, AccountRecord { active, ..record }, None);
        if !active {
            self.soon(30_000, Happening::Flip(account.to_owned()));
        }
    }

    /// `remove`.
    pub fn remove(&mut self, account: &str) {
        if !self.engaged.iter().any(|engaged| engaged == account) {
            return;
        }
        self.engaged.retain(|engaged| engaged != account);
        let actor = &self.actors[account];
        if actor.leaving {
            return;
        }
        let seat = actor.seat.clone();
        self.turn(account, Input::Rest, Vec::new(), 0, false);
        self.after(2, Happening::Retire(seat));
    }

    pub fn retire(&mut self, seat: Seat) {
        let account = seat.who.clone().expect("an account leaves");
        if self.actors[&account].leaving {
            return;
        }
        if !self.actors[&account].machine.is_at_rest() {
            self.turn(&account, Input::Tick, Vec::new(), 0, false);
            return self.after(50, Happening::Retire(seat));
        }
        let machine = &self.actors[&account].machine;
        if let Some((reader, open, after)) = machine.unfinished() {
            return self.soon(5, Happening::Bury(seat, reader, open, after));
        }
        self.actors.get_mut(&account).expect("sits").leaving = true;
        let reason = "removed".to_owned();
        self.turn(&account, Input::Abandon { reason }, Vec::new(), 0, false);
        let change = forget(&self.actors[&account].machine);
        let ticket = self.turn(&account, Input::Forget { change }, Vec::new(), 0, false);
        self.wait_for(&account, ticket.expect("a removal is kept"), Then::Gone);
    }

    /// Nobody sits there any more, whatever a `setup` at the same time came to.
    pub fn gone(&mut self, account: &str) {
        self.reached.insert("a removal");
        self.held.forget(account);
        self.actors.remove(account);
        self.engaged.retain(|engaged| engaged != account);
    }

    pub fn bury(&mut self, seat: Seat, reader: usize, open: &[u64], after: u64) {
        let account = seat.who.clone().expect("an account leaves");
        let (events, through) = unfinished_events(self.store.as_ref(), &account, open, after).expect("readable");
        self.reached.insert("a delivery buried");
        let route = self.actors[&account].machine.deliveries().readers()[reader].route().name.to_string();
        self.books.bury(&(account.clone(), route), &events, self.now);
        let reason = "removed".to_owned();
        self.turn(&account, Input::Bury { reader, events, through, reason }, Vec::new(), 0, false);
        self.after(0, Happening::Retire(seat));
    }

    // ---- out of quarantine

    pub fn release(&mut self, seat: Seat, account: String, start: Start) {
        let is_handing = self.gate.as_ref().expect("sits").handing.contains(&account);
        if start == Start::First && is_handing {
            return;
        }
        self.end_release(&account);
        let gate = self.gate.as_mut().expect("sits");
        let Some(claim) = gate.machine.claim(&account).cloned() else { return };
        gate.handing.insert(account.clone());
        let limit = self.dice.pick(&[1, 5, 200]);
        let stream = quarantine_stream(GATEWAY);
        let read = self.store.events(&stream, claim.first.saturating_sub(1), limit, 4 << 20).expect("readable");
        self.soon(40, Happening::HandOver(seat, account, read));
    }

    fn end_release(&mut self, account: &str) {
        let gate = self.gate.as_mut().expect("sits");
        gate.handing.remove(account);
        let seat = gate.seat.clone();
        for (items, post) in std::mem::take(&mut gate.held) {
            self.mail(seat.clone(), items, post);
        }
    }

    /// The account left before it took what was handed over.
    pub fn not_adopted(&mut self, account: &Seat) {
        let gate = self.gate.as_ref().expect("open");
        // After a restart there is another gate, which hands over nothing yet.
        if account.incarnation > gate.seat.incarnation {
            self.end_release(account.who.as_deref().expect("an account"));
        }
    }

    pub fn hand_over(&mut self, seat: Seat, account: String, read: &[Event]) {
        let gate = self.gate.as_mut().expect("sits");
        let Some(through) = read.last().map(|event| event.seq) else {
            if gate.machine.is_settled() {
                return self.end_release(&account);
            }
            return self.after(50, Happening::Release(seat, account, Start::Next));
        };
        let taken: Vec<&Event> = read.iter().filter(|event| event.claimed.as_deref() == Some(&*account)).collect();
        let bytes = taken.iter().map(|event| event.body.len() as u64).sum();
        let count = taken.len() as u64;
        let release = gate.machine.release(&account, count, bytes, through);
        let items = taken.iter().flat_map(|event| split(&event.body).expect("an envelope of Meta's")).collect();
        let Some(actor) = self.actors.get(&account).filter(|actor| !actor.leaving) else {
            return self.end_release(&account);
        };
        let (to, handed) = (actor.seat.clone(), Handed { release, count, bytes, through });
        self.recall(to, items, |items| Job::Adopt(items, handed));
    }

    pub fn adopted(&mut self, account: &str, handed: &Handed) {
        let gate = self.gate.as_mut().expect("open");
        self.reached.insert("an adoption from quarantine");
        gate.machine.released(account, handed.count, handed.bytes, handed.through);
        let seat = gate.seat.clone();
        self.after(0, Happening::Release(seat, account.to_owned(), Start::Next));
    }
}

fn record(account: &str, now: u64) -> AccountRecord {
    let snapshot = format!(
        r#"{{"id":"{account}","name":"A","phone_numbers":[{{"id":"9{account}","display_phone_number":"+1 9{account}"}},{{"id":"8{account}","display_phone_number":"+1 8{account}","is_on_biz_app":true}}]}}"#
    );
    AccountRecord {
        id: account.into(),
        gateway: GATEWAY.into(),
        snapshot: Bytes::from(snapshot),
        wished: true,
        active: true,
        override_uri: None,
        refusal: None,
        engaged_at_ms: now,
        refreshed_at_ms: now,
    }
}

/// The entry of one who is not in the registry and delivers what was redriven.
pub fn nobody(account: &str) -> AccountRecord {
    let snapshot = Bytes::from_static(b"{}");
    AccountRecord { snapshot, wished: false, active: false, ..record(account, 0) }
}

pub fn is_nobody(record: &AccountRecord) -> bool {
    record.engaged_at_ms == 0
}
