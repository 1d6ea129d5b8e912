//! The hands of the house: performs what the machines want, in their order, checks that it may happen now, and brings
//! back what came of it.

use crate::books::About;
use crate::house::{Happening, House, Seat, Then};
use crate::scenario::{GATEWAY, Mood};
use std::sync::Arc;
use std::time::Duration;
use wharf_actors::rules::account::{Effect, Input};
use wharf_actors::rules::deliveries::Start;
use wharf_actors::rules::gate::{self, GateMachine};
use wharf_actors::rules::reader::{Attempted, WINDOW};
use wharf_storage::{Event, Receipt, Store};

impl House {
    /// Gives an account's machine an input and performs what it wants; the ticket of its first change.
    pub fn turn(
        &mut self,
        account: &str,
        input: Input,
        receipts: Vec<Receipt>,
        items: i64,
        adopted: bool,
    ) -> Option<u64> {
        let keeps = matches!(
            input,
            Input::Accept(_)
                | Input::Adopt { .. }
                | Input::Submit(_)
                | Input::Enter(_)
                | Input::Again(_)
                | Input::Forget { .. }
        );
        let actor = self.actors.get_mut(account).expect("sits");
        let seat = actor.seat.clone();
        let effects = actor.machine.handle(input, self.now);
        assert!(!keeps || matches!(effects[0], Effect::Commit { .. }), "the first effect keeps the input");
        let about = About { owner: account.to_owned(), items, adopted, ..About::default() };
        let first = self.perform(&seat, effects, receipts, &about);
        let actor = self.actors.get_mut(account).expect("sits");
        let due_at = actor.machine.due_at();
        if let Some(at) = due_at.filter(|due_at| actor.armed.is_none_or(|armed| armed > *due_at)) {
            actor.armed = Some(at);
            self.after(at.saturating_sub(self.now).max(1), Happening::Tick(seat));
        }
        first
    }

    pub fn turn_gate(
        &mut self,
        step: impl FnOnce(&mut GateMachine, u64) -> Vec<gate::Effect>,
        receipts: Vec<Receipt>,
        items: i64,
    ) -> Option<u64> {
        let gate = self.gate.as_mut().expect("open");
        let seat = gate.seat.clone();
        let effects = step(&mut gate.machine, self.now).into_iter().map(|effect| match effect {
            gate::Effect::Commit { ticket, change } => Effect::Commit { ticket, change },
            gate::Effect::Deliver(start) => Effect::Deliver(start),
            gate::Effect::ReadOn { reader, after } => Effect::ReadOn { reader, after },
        });
        let about = About { owner: GATEWAY.to_owned(), items, ..About::default() };
        let first = self.perform(&seat, effects.collect(), receipts, &about);
        let gate = self.gate.as_mut().expect("open");
        let due_at = gate.machine.due_at();
        if let Some(at) = due_at.filter(|due_at| gate.armed.is_none_or(|armed| armed > *due_at)) {
            gate.armed = Some(at);
            self.after(at.saturating_sub(self.now).max(1), Happening::Tick(seat));
        }
        first
    }

    fn perform(&mut self, seat: &Seat, effects: Vec<Effect>, mut receipts: Vec<Receipt>, about: &About) -> Option<u64> {
        let mut first = None;
        for effect in effects {
            match effect {
                Effect::Commit { ticket, change } => {
                    let reopened = self.books.reopens(&change);
                    let mut about = match first {
                        None => about.clone(),
                        Some(_) => About { owner: about.owner.clone(), ..About::default() },
                    };
                    if !reopened.is_empty() {
                        let account = seat.who.as_deref().expect("nobody replays tests here");
                        self.wait_for(account, ticket, Then::Reopened(reopened.clone(), Vec::new()));
                    }
                    about.reopened = reopened;
                    first.get_or_insert(ticket);
                    let mut receipts = std::mem::take(&mut receipts);
                    receipts.push(self.receipt(seat, ticket));
                    self.commit(change, receipts, about);
                }
                Effect::Deliver(start) => self.deliver(seat, start),
                Effect::ReadOn { reader, after } => self.soon(5, Happening::ReadOn(seat.clone(), reader, after)),
                Effect::ReadAgain(wanted) => self.soon(5, Happening::ReadForReplay(seat.clone(), wanted)),
                Effect::Send(record) => self.send(seat, &record),
                Effect::Answer { id, .. } => self.check_answer(&id),
            }
        }
        first
    }

    fn deliver(&mut self, seat: &Seat, Start { reader, route, due }: Start) {
        let way = self.way(seat, &route.name);
        let kept = self.books.starts(&way, due.seq, due.attempt, due.out_of_order);
        self.check_not_held(&way, &kept);
        if due.event.is_none() {
            self.reached.insert("a delivery read from the journal");
        }
        if due.out_of_order {
            self.reached.insert("a lane that went on without its head");
        }
        if due.attempt > 1 {
            self.reached.insert("a delivery tried again");
        }
        let from_disk = || self.store.event(&way.0, due.seq).expect("memory is readable").expect("it is durable");
        let event = due.event.unwrap_or_else(|| Arc::new(from_disk()));
        assert_eq!(event, kept, "what is delivered is what is kept");
        let nth = self.all_routes.iter().position(|other| other.name == route.name).expect("configured");
        let mood = self.mood(self.scenario.moods[nth % 3]);
        if mood != Mood::Steady && self.dice.one_in(10) {
            let what = Attempted::NotTried { again_at_ms: self.now + self.dice.between(1_000, 60_000) };
            return self.soon(1, Happening::Attempted(seat.clone(), reader, event, what));
        }
        let (succeeds, patience) = match mood {
            Mood::Steady => (true, 30),
            Mood::Flaky => (!self.dice.one_in(3), 300),
            Mood::Slow => (true, 3_000),
            Mood::Picky => (due.seq % 5 != 2, 50),
            Mood::Down => (false, 50),
        };
        if succeeds {
            self.books.applied.insert((way, due.seq));
        }
        // An answer may be lost: the application has it, and gets it again.
        let is_heard = mood == Mood::Steady || !self.dice.one_in(20);
        let retry_after = self.dice.one_in(6).then(|| Duration::from_secs(self.dice.between(0, 30)));
        let what = if succeeds && is_heard {
            Attempted::Delivered
        } else {
            let down_until_ms = self.dice.one_in(4).then(|| self.now + self.dice.between(1_000, 60_000));
            Attempted::Failed { status: Some(503), retry_after, reason: "down".into(), down_until_ms, held_ms: 0 }
        };
        self.soon(patience, Happening::Attempted(seat.clone(), reader, event, what));
    }

    pub fn hear_attempted(&mut self, seat: &Seat, reader: usize, event: Arc<Event>, what: Attempted) {
        let routes = match &seat.who {
            Some(account) => self.actors[account].machine.deliveries().readers(),
            None => self.gate.as_ref().expect("sits").machine.deliveries().readers(),
        };
        let route = Arc::clone(routes[reader].route());
        let since_ms = routes[reader].since_ms(event.seq).expect("it is open");
        let way = self.way(seat, &route.name);
        self.books.under_way.remove(&(way.clone(), event.seq));
        let was_tried = !matches!(what, Attempted::NotTried { .. });
        let held_ms = self.held.held_ms(&way, &event, since_ms, self.now);
        let is_old = was_tried && self.now - since_ms - held_ms >= route.max_age.as_millis() as u64;
        if what == Attempted::Delivered || is_old {
            self.books.ends(&way, event.seq, self.now);
        }
        if what != Attempted::Delivered && is_old {
            self.books.dead.insert((way, event.seq));
        }
        let chance = self.dice.chance();
        match &seat.who {
            Some(account) => {
                let input = Input::Attempted { reader, event, what, chance };
                self.turn(account, input, Vec::new(), 0, false);
            }
            None => {
                self.turn_gate(|machine, now| machine.attempted(reader, &event, what, chance, now), Vec::new(), 0);
            }
        }
    }

    pub fn read_on(&mut self, seat: Seat, reader: usize, after: u64) {
        let stream = self.way(&seat, "").0;
        let limit = self.dice.pick(&[1, 7, 512]);
        let fails = self.mood(Mood::Flaky) == Mood::Flaky && self.dice.one_in(10);
        let read = self.store.events(&stream, after, limit, 4 << 20).expect("memory is readable");
        let readers = match &seat.who {
            Some(account) => self.actors[account].machine.deliveries().readers(),
            None => self.gate.as_ref().expect("sits").machine.deliveries().readers(),
        };
        if after > WINDOW as u64 && readers[reader].depth().0 > 0 {
            self.reached.insert("a backlog beyond the window");
        }
        self.reached.insert(if fails { "a failed read of the journal" } else { "a read of the journal" });
        let read = (!fails).then(|| read.into_iter().map(Arc::new).collect());
        self.soon(10, Happening::Read(seat, reader, read));
    }

    pub fn hear_settled(&mut self, seat: &Seat, ticket: u64) {
        let Some(account) = seat.who.clone() else {
            self.turn_gate(|machine, now| machine.settled(ticket, now), Vec::new(), 0);
            return;
        };
        let waiting = &mut self.actors.get_mut(&account).expect("sits").waiting;
        let later = waiting.split_off(&(ticket + 1));
        let settled = std::mem::replace(waiting, later);
        for then in settled.into_values() {
            match then {
                Then::Accepted(record) => self.promises.kept_before_acknowledged(&record, &self.store),
                Then::Engaged => self.engaged_now(&account),
                Then::Adopted(handed) => self.adopted(&account, &handed),
                Then::Gone => self.gone(&account),
                Then::Reopened(reopened, messages) => {
                    self.books.again.admitted(&reopened);
                    messages.iter().for_each(|message| self.promises.lines_up_anew(message));
                }
                Then::Dozed => {
                    self.actors.remove(&account);
                    self.held.forget(&account);
                }
            }
        }
        if self.sits(seat) {
            self.turn(&account, Input::Settled { ticket }, Vec::new(), 0, false);
        }
    }

    pub fn tick(&mut self, seat: &Seat) {
        match &seat.who {
            Some(account) => {
                self.actors.get_mut(account).expect("sits").armed = None;
                self.turn(account, Input::Tick, Vec::new(), 0, false);
            }
            None => {
                self.gate.as_mut().expect("sits").armed = None;
                self.turn_gate(GateMachine::tick, Vec::new(), 0);
            }
        }
    }
}
