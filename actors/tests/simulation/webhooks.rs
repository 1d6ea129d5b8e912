//! A webhook's way through the simulated house, as the edge and the accounts' shells go it.

use crate::house::{Happening, House, Job, Seat, Then, Waiter, Waiting};
use crate::scenario::GATEWAY;
use crate::world::Post;
use std::sync::Arc;
use wharf_actors::account::{Questions, Recalled};
use wharf_actors::cloud::item::Item;
use wharf_actors::cloud::webhook::split;
use wharf_actors::rules::account::{Accept, Input};
use wharf_actors::rules::ownership::{Destination, claimed, destination};
use wharf_storage::{Glance, Receipt, Seen, Stamp, Store};

/// After this long without an answer Meta sends a webhook again.
const PATIENCE_MS: u64 = 5_000;

impl House {
    pub fn post(&mut self, post: Post) {
        let mut parts: Vec<(Seat, Vec<Item>)> = Vec::new();
        for item in split(&post.body).expect("Meta sends JSON") {
            let seat = match destination(&item, self) {
                Destination::Account(account) => self.actors[account].seat.clone(),
                Destination::Test | Destination::Quarantine => self.gate.as_ref().expect("open").seat.clone(),
            };
            match parts.iter_mut().find(|(known, _)| *known == seat) {
                Some((_, items)) => items.push(item),
                None => parts.push((seat, vec![item])),
            }
        }
        self.order += 1;
        let id = self.order;
        self.posts.insert(id, Waiting { post, parts: parts.len() });
        self.after(PATIENCE_MS, Happening::Impatient(id));
        for (seat, items) in parts {
            let way = if self.dice.one_in(10) { 300 } else { 2 };
            self.soon(way, Happening::Mail(seat, items, id));
        }
    }

    pub fn part_is_durable(&mut self, id: u64) {
        let Some(waiting) = self.posts.get_mut(&id) else { return };
        waiting.parts -= 1;
        if waiting.parts > 0 {
            return;
        }
        let Waiting { mut post, .. } = self.posts.remove(&id).expect("looked at just now");
        self.books.acknowledged(&post.things, &self.world);
        if post.tries < 3 && self.dice.one_in(8) {
            post.tries += 1;
            self.soon(20_000, Happening::Post(post));
        }
    }

    /// Meta heard no 200 and sends it again, until it does.
    pub fn resend(&mut self, id: u64) {
        if self.posts.contains_key(&id) {
            self.reached.insert("a webhook Meta sent again");
        }
        if let Some(Waiting { mut post, .. }) = self.posts.remove(&id) {
            post.tries += 1;
            self.soon(8_000, Happening::Post(post));
        }
    }

    pub fn receipt_of_post(&mut self, post: u64) -> Receipt {
        self.number(Waiter::Post(post))
    }

    pub fn mail(&mut self, seat: Seat, items: Vec<Item>, post: u64) {
        if seat.who.is_some() {
            return self.recall(seat, items, |items| Job::Accept(items, post));
        }
        let gate = self.gate.as_mut().expect("sits");
        let is_handed = |item: &Item| claimed(&item.owner).is_some_and(|account| gate.handing.contains(account));
        if items.iter().any(is_handed) {
            self.reached.insert("mail held back during an adoption");
            return gate.held.push((items, post));
        }
        let copies = self.copies(&self.gate.as_ref().expect("sits").machine.keys(&items));
        let (count, receipts) = (items.len() as i64, vec![self.receipt_of_post(post)]);
        self.turn_gate(|machine, now| machine.accept(items, copies, 0, now), receipts, count);
    }

    pub fn copies(&self, keys: &[(u128, Stamp)]) -> Vec<Option<Seen>> {
        let seen = |glance| match glance {
            Glance::Seen(seen) => Some(seen),
            Glance::New | Glance::Unsure => None,
        };
        self.store.glance(keys).into_iter().map(seen).collect()
    }

    /// As the account's shell does it: at once where memory suffices, else by way of the disk.
    pub fn recall(&mut self, seat: Seat, items: Vec<Item>, job: impl FnOnce(Vec<Item>) -> Job) {
        let account = seat.who.clone().expect("an account");
        let machine = &mut self.actors.get_mut(&account).expect("sits").machine;
        let (names, wamids) = (machine.names(&items), machine.unknown_messages(&items));
        let (messages, customers) = (machine.unknown_marks(&items), machine.unknown_preferences(&items));
        if customers.is_empty() && machine.knows_names(&items) && wamids.is_empty() && messages.is_empty() {
            let recalled =
                Recalled { copies: Vec::new(), dialogs: Vec::new(), messages: Vec::new(), preferences: Vec::new() };
            return self.decide(&account, recalled, job(items));
        }
        self.reached.insert("a question to the disk");
        let questions = Questions { account: account.into(), keys: Vec::new(), names, wamids, messages, customers };
        let job = job(items);
        self.soon(3, Happening::Ask(seat, Box::new(questions), job));
    }

    pub fn decide(&mut self, account: &str, recalled: Recalled, job: Job) {
        let actor = &self.actors[account];
        if actor.leaving {
            if let Job::Adopt(..) = job {
                self.not_adopted(&actor.seat.clone());
            }
            return;
        }
        let (Job::Accept(items, _) | Job::Adopt(items, _)) = &job;
        let copies = self.copies(&actor.machine.keys(items));
        let items = items.clone();
        let named = self.named(account, &items);
        let gateway: Arc<str> = GATEWAY.into();
        let Recalled { dialogs, messages, preferences, .. } = recalled;
        let accept = |items| Accept { gateway, secret: 0, items, copies, dialogs, messages, preferences };
        match job {
            Job::Accept(items, post) => {
                let (count, receipts) = (items.len() as i64, vec![self.receipt_of_post(post)]);
                self.turn(account, Input::Accept(accept(items)), receipts, count, false);
            }
            Job::Adopt(items, handed) => {
                let (count, release) = (items.len() as i64, handed.release.clone());
                let input = Input::Adopt { accept: accept(items), release };
                let ticket = self.turn(account, input, Vec::new(), count, true).expect("an adoption is kept");
                self.wait_for(account, ticket, Then::Adopted(handed));
            }
        }
        self.check_named(account, &named);
    }

    pub fn wait_for(&mut self, account: &str, ticket: u64, then: Then) {
        self.actors.get_mut(account).expect("sits").waiting.insert(ticket, then);
    }
}
