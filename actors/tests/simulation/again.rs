//! What operators ask for once more in the simulated house: replays of events and stretches, dead letters redriven, also
//! of accounts that were removed; and deliveries held.

use crate::books::Way;
use crate::house::{Happening, House, Seat, Then};
use crate::scenario::{CALM_MS, GATEWAY, Mood};
use crate::verbs::{is_nobody, nobody};
use std::collections::BTreeSet;
use std::sync::Arc;
use wharf_actors::account::{Letters, find_letters};
use wharf_actors::rules::account::{Again, Input, forget};
use wharf_actors::rules::deliveries::{Place, is_wanted};
use wharf_actors::rules::replay::Wanted;
use wharf_storage::{Event, Kind, Noun, Progress, ReplayRecord, ReplayState, Store};

/// What an operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    Event,
    Stretch,
    Cancel,
    Redrive,
    Hold,
    Free,
}

impl Repeat {
    pub const ALL: [Repeat; 6] =
        [Repeat::Event, Repeat::Stretch, Repeat::Cancel, Repeat::Redrive, Repeat::Hold, Repeat::Free];
}

impl House {
    pub fn repeat(&mut self, account: &str, what: Repeat) {
        match self.actors.get(account).map(|actor| actor.leaving) {
            Some(true) => return,
            None if what == Repeat::Redrive => self.awaken(account),
            Some(false) => {}
            None => return,
        }
        let is_engaged = self.engaged.iter().any(|engaged| engaged == account);
        match what {
            Repeat::Redrive => {
                let seat = self.actors[account].seat.clone();
                self.soon(20, Happening::Redrive(seat));
            }
            _ if !is_engaged => {}
            Repeat::Event => self.replay_event(account),
            Repeat::Stretch => self.replay_stretch(account),
            Repeat::Cancel => self.cancel_replay(account),
            Repeat::Hold if self.now < CALM_MS => self.hold_deliveries(account),
            Repeat::Hold => {}
            Repeat::Free => self.free_deliveries(account),
        }
    }

    fn replay_event(&mut self, account: &str) {
        let last = self.store.last_seq(account);
        if last == 0 {
            return;
        }
        let seq = self.dice.between(1, last);
        let event = Arc::new(self.store.event(account, seq).expect("memory is readable").expect("it is durable"));
        let routes = self.all_routes.len() as u64;
        let route = self.dice.one_in(2).then(|| self.dice.between(0, routes - 1) as usize);
        let route = route.map(|nth| Arc::clone(&self.all_routes[nth].name));
        let asked = self.actors[account].machine.ask_again(&event, route.as_deref());
        if asked.open.is_empty() {
            return;
        }
        self.reached.insert("an event replayed");
        let readers = self.actors[account].machine.deliveries().readers();
        if asked.open.iter().any(|reader| !is_wanted(&event, readers[*reader].route())) {
            self.reached.insert("an event replayed that nobody had wanted");
        }
        let deliveries = asked.open.into_iter().map(|reader| (reader, Arc::clone(&event))).collect();
        self.turn(account, Input::Again(Again { deliveries, ..Again::default() }), Vec::new(), 0, false);
    }

    fn replay_stretch(&mut self, account: &str) {
        let last = self.store.last_seq(account);
        if last == 0 {
            return;
        }
        let from_seq = self.dice.between(1, last);
        let record = ReplayRecord {
            account: account.into(),
            id: format!("rpl_{}", self.order).into(),
            route: self.dice.one_in(3).then(|| self.all_routes[0].name.as_ref().into()),
            kind: self.dice.one_in(3).then(|| self.dice.pick(&["message", "status"]).into()),
            from_seq,
            through_seq: self.dice.between(from_seq, last),
            rate: self.dice.pick(&[20, 50, 1000, 10_000]),
            state: ReplayState::Running,
            done: 0,
            skipped: 0,
            next_seq: from_seq,
            began_at_ms: self.now,
            ended_at_ms: None,
        };
        self.turn(account, Input::BeginReplay(Box::new(record)), Vec::new(), 0, false);
    }

    fn cancel_replay(&mut self, account: &str) {
        let running = replays(self, account).into_iter().find(|record| record.state == ReplayState::Running);
        if let Some(ReplayRecord { id, .. }) = running.filter(|_| self.dice.one_in(3)) {
            self.turn(account, Input::CancelReplay { id }, Vec::new(), 0, false);
        }
    }

    pub fn read_for_replay(&mut self, seat: Seat, wanted: Wanted) {
        let Wanted { replay, after, limit } = wanted;
        let fails = self.mood(Mood::Flaky) == Mood::Flaky && self.dice.one_in(10);
        let stream = self.way(&seat, "").0;
        let read = self.store.events(&stream, after, limit, 4 << 20).expect("memory is readable");
        let read = (!fails).then(|| read.into_iter().map(Arc::new).collect());
        self.soon(10, Happening::ReadAgain(seat, replay, read));
    }

    pub fn hear_read_again(&mut self, seat: &Seat, replay: Box<str>, read: Option<Vec<Arc<Event>>>) {
        let account = seat.who.clone().expect("an account");
        self.turn(&account, Input::ReadAgain { replay, read }, Vec::new(), 0, false);
    }

    // ---- dead letters

    /// Dead letters of one route, or all there are.
    pub fn redrive(&mut self, seat: &Seat) {
        let account = seat.who.clone().expect("an account");
        if self.actors[&account].leaving {
            return;
        }
        let route = self.dice.one_in(3).then(|| self.all_routes[1].name.as_ref().into());
        let wish = Letters { route, ..Letters::default() };
        let machine = &self.actors[&account].machine;
        let found = find_letters(self.store.as_ref(), &account, &wish, &machine.rooms()).expect("memory is readable");
        let (again, redriven) = machine.plan_redrive(found);
        if redriven.redriven == 0 {
            return;
        }
        if !again.deliveries.is_empty() {
            self.reached.insert("a dead letter redriven");
            if is_nobody(machine.record()) {
                self.reached.insert("a dead letter redriven after a removal");
            }
        }
        let messages = again.messages.clone();
        for message in &messages {
            self.reached.insert("a message redriven");
            self.promises.leaves_its_line(message);
        }
        let ticket = self.turn(&account, Input::Again(again), Vec::new(), 0, false).expect("it is kept");
        let waiting = &mut self.actors.get_mut(&account).expect("sits").waiting;
        match waiting.entry(ticket).or_insert_with(|| Then::Reopened(Vec::new(), Vec::new())) {
            Then::Reopened(_, lined_up) => *lined_up = messages,
            Then::Accepted(_) | Then::Engaged | Then::Adopted(_) | Then::Gone | Then::Dozed => {
                unreachable!("nobody else waits for it")
            }
        }
    }

    /// Nobody is engaged: somebody delivers all the same.
    fn awaken(&mut self, account: &str) {
        self.spawn(nobody(account));
        let seat = self.actors[account].seat.clone();
        self.after(1_000, Happening::Doze(seat));
    }

    /// After a start: whoever has something open and no entry in the registry.
    pub fn awaken_all(&mut self) {
        let open = self.store.hot(Kind::Progress, &[]);
        let open = open.iter().map(|(_, bytes)| Progress::from_bytes(bytes).expect("readable").account.to_string());
        let open: BTreeSet<String> = open.filter(|stream| *stream != format!("t.{GATEWAY}")).collect();
        for account in open.into_iter().filter(|account| !self.actors.contains_key(account)).collect::<Vec<_>>() {
            self.awaken(&account);
        }
    }

    /// It ends once it has nothing left to deliver, unless it is engaged meanwhile.
    pub fn doze(&mut self, seat: Seat) {
        let account = seat.who.clone().expect("an account");
        let actor = &self.actors[&account];
        if !is_nobody(actor.machine.record()) || actor.leaving {
            return;
        }
        if !actor.machine.is_at_rest() || actor.machine.unfinished().is_some() {
            return self.after(1_000, Happening::Doze(seat));
        }
        self.actors.get_mut(&account).expect("sits").leaving = true;
        let change = forget(&self.actors[&account].machine);
        let ticket = self.turn(&account, Input::Forget { change }, Vec::new(), 0, false);
        self.wait_for(&account, ticket.expect("its end is kept"), Then::Dozed);
    }

    // ---- holds

    fn hold_deliveries(&mut self, account: &str) {
        let route = self.dice.one_in(2).then(|| self.all_routes[0].name.as_ref().into());
        let number = self.dice.one_in(2).then(|| format!("9{account}").into());
        let place = Place { route, number };
        self.held.begin(account, &place, self.now);
        let input = Input::HoldDeliveries { place, by: "ops".into() };
        self.turn(account, input, Vec::new(), 0, false);
        self.reached.insert("a hold of deliveries");
    }

    fn free_deliveries(&mut self, account: &str) {
        let places = self.held.places(account);
        self.held.end(account, self.now);
        for place in places {
            self.turn(account, Input::FreeDeliveries { place }, Vec::new(), 0, false);
        }
    }

    pub fn free_all_deliveries(&mut self) {
        for account in self.actors.keys().cloned().collect::<Vec<_>>() {
            if !self.actors[&account].leaving {
                self.free_deliveries(&account);
            }
        }
    }

    /// Nothing starts that is held.
    pub fn check_not_held(&self, way: &Way, event: &Event) {
        assert!(!self.held.covers(way, event), "{} starts for {} although that is held", event.id(), way.1);
    }

    /// At the end every replay has ended, and one that was not cancelled went through all of its stretch.
    pub fn check_replays(&mut self) {
        for account in self.actors.keys().cloned().collect::<Vec<_>>() {
            for record in replays(self, &account) {
                assert_ne!(record.state, ReplayState::Running, "{record:?} never ended");
                let gone_through = record.done + record.skipped;
                let length = record.through_seq - record.from_seq + 1;
                assert!(record.state == ReplayState::Cancelled || gone_through == length, "{record:?}");
                if record.state == ReplayState::Done && record.done > 0 {
                    self.reached.insert("a stretch replayed");
                }
            }
        }
    }

    /// Which replays go on, for those who want to know whether a crash stopped one.
    pub fn note_running_replays(&mut self) {
        let going = self.store.hot(Kind::Replay, &[]);
        let mut going = going.iter().map(|(_, bytes)| ReplayRecord::from_bytes(bytes).expect("readable"));
        if going.any(|record| record.state == ReplayState::Running && record.next_seq > record.from_seq) {
            self.reached.insert("a replay taken up after a crash");
        }
    }
}

fn replays(house: &House, account: &str) -> Vec<ReplayRecord> {
    let key = wharf_storage::KeyBuilder::new().text(account).build();
    let kept = house.store.hot(Kind::Replay, &key.0);
    kept.iter().map(|(_, bytes)| ReplayRecord::from_bytes(bytes).expect("readable")).collect()
}
