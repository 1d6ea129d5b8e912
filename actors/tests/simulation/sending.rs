//! How the simulated house sends: what applications, operators and Graph do to its outboxes, in the order of the shells.

use crate::house::{Happening, House, Seat, Then};
use crate::meta::{Fate, mood_of};
use crate::scenario::CALM_MS;
use bytes::Bytes;
use wharf_actors::cloud::item::Item;
use wharf_actors::cloud::splice::marked_message;
use wharf_actors::rules::account::{Input, Submission};
use wharf_actors::rules::outbox::Tried;
use wharf_storage::{
    HoldCause, HoldScope, KeyBuilder, Kind, MessageRecord, MessageState, OnUnknown, Priority, SendHold, Store,
};

/// Something happens to an outbox from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// An application takes a message back.
    Cancel,
    /// An operator holds something.
    Hold,
    /// Whoever can end holds of this cause does.
    Release(HoldCause),
}

impl House {
    /// An application sends one message, or many at once, to one recipient or to several.
    pub fn submit(&mut self, account: &str) {
        let (many, recipients) = if self.dice.one_in(20) { (60, self.dice.pick(&[1, 30])) } else { (1, 1) };
        let first = self.dice.between(1, 4);
        let number = format!("{}{account}", self.dice.pick(&["9", "8"]));
        for nth in 0..many {
            let to = format!("1{:03}0", first + nth % recipients);
            let is_engaged = self.engaged.iter().any(|engaged| engaged == account);
            if !is_engaged || self.actors.get(account).is_none_or(|actor| actor.leaving) {
                return;
            }
            let record = self.message(account, &number, &to);
            let submission = Submission { record: record.clone(), body: Bytes::from_static(b"{}"), twin: None };
            let ticket = self.turn(account, Input::Submit(Box::new(submission)), Vec::new(), 0, false);
            self.wait_for(account, ticket.expect("a message is kept"), Then::Accepted(Box::new(record)));
        }
    }

    fn message(&mut self, account: &str, number: &str, to: &str) -> MessageRecord {
        self.meta.submitted += 1;
        let nth = self.meta.submitted;
        MessageRecord {
            id: format!("msg_{nth}").into(),
            account: account.into(),
            number: number.into(),
            to: to.into(),
            lane: to.into(),
            path: "messages".into(),
            version: "v25.0".into(),
            state: MessageState::Queued,
            kind: "text".into(),
            template: self.dice.one_in(4).then(|| "sale".into()),
            priority: self.dice.pick(&Priority::ALL),
            on_unknown: self.dice.pick(&[OnUnknown::Fail, OnUnknown::Resend]),
            opaque: self.dice.one_in(3).then(|| format!("order/{nth}").into()),
            wamid: None,
            error: None,
            attempts: Vec::new(),
            doubted_at_ms: 0,
            created_at_ms: self.now,
            changed_at_ms: self.now,
            due_at_ms: 0,
            expires_at_ms: self.now + self.dice.pick(&[20_000, 86_400_000]),
            place: 0,
        }
    }

    /// Graph gets a message, and decides.
    pub fn send(&mut self, seat: &Seat, record: &MessageRecord) {
        let account = seat.who.clone().expect("only accounts send");
        if !record.attempts.is_empty() {
            self.reached.insert("a message sent again");
        }
        self.promises.leaves(record, &self.store, self.actors[&account].machine.outbox());
        let mood = self.mood(self.scenario.graph);
        let Fate { tried, wamid, failed } = self.meta.answer(mood, &mut self.dice);
        if !matches!(tried, Tried::NotSent { .. }) {
            self.promises.reaches(record, self.now);
        }
        if let Some(wamid) = wamid {
            for post in self.world.statuses(&mut self.dice, record, &wamid, failed) {
                let way = self.dice.pick(&[100, 3_000, 20_000]);
                self.soon(way, Happening::Post(post));
            }
        }
        self.soon(mood_of(mood).answers_within_ms, Happening::Tried(seat.clone(), Box::new(record.clone()), tried));
    }

    pub fn hear_tried(&mut self, seat: &Seat, record: &MessageRecord, tried: Tried) {
        self.promises.hears(record, &tried);
        let account = seat.who.clone().expect("only accounts send");
        let refused = match &tried {
            Tried::Refused { code, verdict, .. } => Some((*code, *verdict)),
            Tried::Taken { .. } | Tried::NotSent { .. } | Tried::Lost { .. } => None,
        };
        let is_lost = matches!(tried, Tried::Lost { .. });
        let input = Input::Tried { id: record.id.clone(), tried, chance: self.dice.chance() };
        self.turn(&account, input, Vec::new(), 0, false);
        let outbox = self.actors[&account].machine.outbox();
        if let Some((code, verdict)) = refused
            && self.promises.a_fault_that_others_share_holds_them(record, code, verdict, outbox)
        {
            self.reached.insert("a hold after a refusal");
        }
        if is_lost && outbox.get(&record.id).is_none() {
            self.reached.insert("a status that overtook a lost answer");
        }
    }

    /// A status that names a message in doubt settles it.
    pub fn check_named(&mut self, account: &str, names: &[String]) {
        let outbox = self.actors[account].machine.outbox();
        self.promises.what_a_status_names_is_taken(names, outbox);
    }

    /// The messages that statuses among `items` name by our mark, and whether one of them was in doubt.
    pub fn named(&mut self, account: &str, items: &[Item]) -> Vec<String> {
        let marks = items.iter().filter(|item| item.status.is_some());
        let ids = marks.filter_map(|item| marked_message(item.opaque.as_deref()?).map(str::to_owned));
        let ids: Vec<String> = ids.collect();
        let outbox = self.actors[account].machine.outbox();
        for state in ids.iter().filter_map(|id| outbox.get(id)).map(|record| record.state) {
            let what = [
                (MessageState::Unknown, "a message in doubt that a status settled"),
                (MessageState::Sending, "a status that overtook its answer"),
                (MessageState::Queued, "a status of a message that was to be sent again"),
            ];
            self.reached.extend(what.into_iter().filter(|(of, _)| *of == state).map(|(_, what)| what));
        }
        ids
    }

    pub fn touch(&mut self, account: &str, touch: Touch) {
        if self.actors.get(account).is_none_or(|actor| actor.leaving) {
            return;
        }
        match touch {
            Touch::Cancel => self.cancel(account),
            Touch::Hold if self.now < CALM_MS => self.hold(account),
            Touch::Hold => {}
            Touch::Release(cause) => self.let_go(account, cause),
        }
    }

    fn cancel(&mut self, account: &str) {
        let queued = self.actors[account].machine.outbox().messages();
        let mut ids: Vec<Box<str>> = queued.map(|record| record.id.clone()).collect();
        ids.sort();
        if ids.is_empty() {
            return;
        }
        let id = ids[self.dice.between(0, ids.len() as u64 - 1) as usize].clone();
        self.turn(account, Input::Cancel { id: id.clone() }, Vec::new(), 0, false);
        if self.actors[account].machine.outbox().get(&id).is_none() {
            self.promises.cancelled(&id);
            self.reached.insert("a message cancelled");
        }
    }

    fn hold(&mut self, account: &str) {
        let number = HoldScope::Number(format!("9{account}").into());
        let scopes = [HoldScope::Account, number, HoldScope::Template("sale".into())];
        let scope = scopes[self.dice.between(0, 2) as usize].clone();
        let hold = SendHold {
            account: account.into(),
            scope,
            cause: HoldCause::Operator,
            code: None,
            reason: "look first".into(),
            since_ms: self.now,
            until_ms: None,
        };
        self.turn(account, Input::Hold(hold), Vec::new(), 0, false);
        let at = self.dice.between(1_000, 20_000);
        self.after(at, Happening::Touch(account.to_owned(), Touch::Release(HoldCause::Operator)));
    }

    fn let_go(&mut self, account: &str, cause: HoldCause) {
        let held =
            |house: &Self| house.actors[account].machine.outbox().holds().filter(|hold| hold.cause == cause).count();
        if held(self) > 0 {
            self.reached.insert("a hold released");
        }
        self.turn(account, Input::Release { scope: None, cause }, Vec::new(), 0, false);
        assert_eq!(held(self), 0, "holds of {account} end when they are ended");
    }

    /// Trouble is over: the tokens are well, Meta lets everybody send again.
    pub fn let_all_go(&mut self) {
        for account in self.actors.keys().cloned().collect::<Vec<_>>() {
            for cause in [HoldCause::Token, HoldCause::Meta, HoldCause::Operator] {
                self.touch(&account, Touch::Release(cause));
            }
        }
        // What leaves now may still be refused by an answer that was given before.
        if self.now < CALM_MS + 60_000 {
            self.after(5_000, Happening::Calmer);
        }
    }

    /// Who waits is told of what is durable.
    pub fn check_answer(&self, id: &str) {
        let key = KeyBuilder::new().text(id).build();
        let record = self.store.get(Kind::Message, &key.0).expect("memory is readable");
        assert!(record.is_some(), "{id} is answered before its end is durable");
    }
}
