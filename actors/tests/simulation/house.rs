//! The house without its actors: machines, a store and a clock, moved step by step. Does what the shells do, in their
//! order, and shows every step to the books.

use crate::books::{About, Books, Way, keeps_progress, messages};
use crate::dice::Dice;
use crate::meta::Meta;
use crate::scenario::{BEGIN_MS, CALM_MS, GATEWAY, Mood, Scenario, gateway};
use crate::world::{Post, World};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use wharf_actors::account::{Questions, Recalled, restore};
use wharf_actors::cloud::item::Item;
use wharf_actors::cloud::webhook::split;
use wharf_actors::gateway::Gateway;
use wharf_actors::rules::account::{Accept, AccountMachine, Input};
use wharf_actors::rules::gate::GateMachine;
use wharf_actors::rules::outbox::{Tried, forward};
use wharf_actors::rules::ownership::{Destination, Engaged, claimed, destination};
use wharf_actors::rules::reader::Attempted;
use wharf_storage::{
    AccountRecord, Change, Clock, Desk, Event, Glance, Kind, MemoryStore, MessageRecord, MessageState, Noun, Outbox,
    Outcome, Receipt, Seen, Standing, Store, Write,
};

/// After this long without an answer Meta sends a webhook again.
const PATIENCE_MS: u64 = 5_000;
/// What ended is on its way to the disk after this long: the group's 25 ms and the way through mailboxes.
const GROUP_MS: u64 = 35;
/// A run that takes more steps than this never comes to rest.
const STEPS: u64 = 3_000_000;

/// A machine in its place; after a restart another one sits there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The account; `None` for the gate.
    pub who: Option<String>,
    pub incarnation: u64,
}

/// What is going to happen.
pub enum Happening {
    Post(Post),
    Impatient(u64),
    App(String),
    Crash,
    FailCommit,
    Remove(String),
    Engage(String),
    Flip(String),
    Calm,
    /// The committer ends a group.
    Settle(u64),
    Settled(Seat, u64),
    Mail(Seat, Vec<Item>, u64),
    Ask(Seat, Box<Questions>, Job),
    Recalled(Seat, Box<Recalled>, Job),
    Attempted(Seat, usize, Arc<Event>, Attempted),
    ReadOn(Seat, usize, u64),
    Read(Seat, usize, Option<Vec<Arc<Event>>>),
    Tried(Seat, Box<MessageRecord>, Tried),
    Tick(Seat),
    Retire(Seat),
    Bury(Seat, usize, Vec<u64>, u64),
    /// For the first time, or the next batch of it.
    Release(Seat, String, Start),
    HandOver(Seat, String, Vec<Event>),
}

/// Whether a release begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    First,
    Next,
}

/// Items that wait for what the disk knows.
pub enum Job {
    Accept(Vec<Item>, u64),
    Adopt(Vec<Item>, Handed),
}

/// A batch that leaves the quarantine.
pub struct Handed {
    pub release: Vec<Write>,
    pub count: u64,
    pub bytes: u64,
    pub through: u64,
}

/// Who waits for a change.
pub enum Then {
    Accepted(Box<MessageRecord>),
    Engaged,
    Adopted(Handed),
    Gone,
}

pub struct Actor {
    pub machine: AccountMachine,
    pub seat: Seat,
    pub resting: bool,
    /// It is about to be forgotten: nothing is taken any more.
    pub leaving: bool,
    pub armed: Option<u64>,
    pub waiting: BTreeMap<u64, Then>,
}

pub struct Gate {
    pub machine: GateMachine,
    pub seat: Seat,
    pub armed: Option<u64>,
    /// The accounts to which quarantined items are handed over just now, and the mail that waits for the end of it.
    pub handing: BTreeSet<String>,
    pub held: Vec<(Vec<Item>, u64)>,
}

enum Waiter {
    Post(u64),
    Ticket(Seat, u64),
}

struct Waiting {
    post: Post,
    parts: usize,
}

#[derive(Default)]
struct Told(Mutex<Vec<(u64, Outcome)>>);

impl Desk for Told {
    fn settle(&self, numbers: &[u64], outcome: &Outcome) {
        self.0.lock().expect("one thread").extend(numbers.iter().map(|number| (*number, outcome.clone())));
    }
}

pub struct House {
    pub now: u64,
    pub dice: Dice,
    pub scenario: Scenario,
    pub gateway: Gateway,
    pub store: Arc<MemoryStore>,
    clock: Clock,
    told: Arc<Told>,
    waiters: HashMap<u64, Waiter>,
    numbers: u64,
    commits: VecDeque<(Change, About)>,
    settling: bool,
    store_life: u64,
    pub actors: BTreeMap<String, Actor>,
    pub gate: Option<Gate>,
    pub engaged: Vec<String>,
    agenda: BTreeMap<(u64, u64), Happening>,
    order: u64,
    incarnation: u64,
    posts: HashMap<u64, Waiting>,
    pub world: World,
    pub books: Books,
    pub meta: Meta,
    settled: u64,
}

impl Engaged for House {
    fn has_account(&self, account: &str) -> bool {
        self.engaged.iter().any(|engaged| engaged == account)
    }

    fn account_of_number(&self, number_id: &str) -> Option<&str> {
        self.engaged.iter().map(String::as_str).find(|account| number_id.strip_prefix('9') == Some(account))
    }

    fn account_of_display(&self, _: &str) -> Option<&str> {
        None
    }
}

impl House {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let scenario = Scenario::roll(&mut dice);
        let clock = Clock::by_hand(BEGIN_MS / 1000);
        let store = MemoryStore::manual().timed(clock.clone(), std::time::Duration::from_secs(8 * 86_400));
        let mut house = Self {
            now: BEGIN_MS,
            dice,
            scenario,
            gateway: gateway(),
            store: Arc::new(store),
            clock,
            told: Arc::default(),
            waiters: HashMap::new(),
            numbers: 0,
            commits: VecDeque::new(),
            settling: false,
            store_life: 0,
            actors: BTreeMap::new(),
            gate: None,
            engaged: Vec::new(),
            agenda: BTreeMap::new(),
            order: 0,
            incarnation: 0,
            posts: HashMap::new(),
            world: World::default(),
            books: Books::default(),
            meta: Meta::default(),
            settled: 0,
        };
        house.open();
        house.plan();
        house
    }

    /// Everything that is to come from outside.
    fn plan(&mut self) {
        for account in self.accounts() {
            let at = self.dice.between(0, 20_000);
            self.after(at, Happening::Engage(account));
        }
        for _ in 0..self.scenario.posts {
            let items = if self.dice.one_in(12) { 80 } else { self.dice.between(1, 8) };
            self.plan_post(items);
        }
        for _ in 0..self.scenario.flood.map_or(0, |_| 4) {
            let items = self.scenario.flood.expect("asked just now");
            self.plan_post(items);
        }
        let trouble = CALM_MS - BEGIN_MS - 10_000;
        let often = |house: &mut Self, count: u64, what: &dyn Fn(String) -> Happening| {
            for _ in 0..count {
                let accounts = house.accounts();
                let at = house.dice.between(1_000, trouble);
                let account = accounts[house.dice.between(0, accounts.len() as u64 - 1) as usize].clone();
                house.after(at, what(account));
            }
        };
        let Scenario { sends, crashes, failed_commits, removals, .. } = self.scenario;
        often(self, sends, &Happening::App);
        often(self, crashes, &|_| Happening::Crash);
        often(self, failed_commits, &|_| Happening::FailCommit);
        often(self, removals, &Happening::Remove);
        often(self, removals * 2, &Happening::Engage);
        often(self, 1, &Happening::Flip);
        self.after(CALM_MS - BEGIN_MS, Happening::Calm);
    }

    fn plan_post(&mut self, items: u64) {
        let accounts = self.accounts();
        let mut post = self.world.post(&mut self.dice, &accounts, self.scenario.customers, items);
        let bursts = [1_000, 20_000, 150_000];
        let span = self.dice.pick(&bursts);
        let at = self.dice.between(0, span);
        if self.dice.one_in(8) {
            post.tries = 1;
            let late = self.dice_ms(50);
            self.after(at + late, Happening::Post(post.clone()));
        }
        self.after(at, Happening::Post(post));
    }

    fn dice_ms(&mut self, most: u64) -> u64 {
        self.dice.between(0, most)
    }

    fn accounts(&self) -> Vec<String> {
        (1..=self.scenario.accounts).map(|nth| format!("10{nth}")).collect()
    }

    /// Runs to the end, when nothing is left to happen.
    pub fn run(&mut self) {
        let mut steps = 0;
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            steps += 1;
            assert!(steps < STEPS, "the house never comes to rest");
            self.now = self.now.max(at);
            self.clock.set(self.now / 1000);
            self.happen(happening);
        }
        self.check_end();
    }

    fn check_end(&self) {
        assert!(self.commits.is_empty() && self.posts.is_empty(), "something waits at the end");
        Books::check_ledgers(&self.store);
        self.books.check_counts(&self.store);
        self.books.check_deliveries(&self.store);
        self.meta.check_ends(&self.store);
        assert_eq!(self.store.hot(Kind::Claim, &[]), Vec::new(), "everyone is engaged and some are in quarantine");
        for account in self.accounts() {
            self.check_statuses(&account);
        }
    }

    /// A message stands where its furthest status says.
    fn check_statuses(&self, account: &str) {
        let told: HashSet<(&str, &str)> = self
            .books
            .journal
            .get(account)
            .into_iter()
            .flatten()
            .filter_map(|event| {
                let text = std::str::from_utf8(event.item_bytes()).expect("text");
                let (wamid, status) = self.world.things[self.world.thing(text)?].status.as_ref()?;
                Some((wamid.as_str(), *status))
            })
            .collect();
        for record in messages(&self.store, account) {
            let Some(wamid) = record.wamid.as_deref() else { continue };
            let reached = ["sent", "delivered", "read"].into_iter().filter(|status| told.contains(&(wamid, *status)));
            let state = reached.fold(MessageState::Accepted, |state, status| forward(state, status).unwrap_or(state));
            assert_eq!(record.state, state, "{} with {told:?}", record.id);
            let took = record.attempts.iter().filter(|attempt| attempt.status == 200).count();
            assert_eq!(took, 1, "{} shows the try that was taken", record.id);
        }
    }

    pub fn after(&mut self, ms: u64, happening: Happening) {
        self.order += 1;
        self.agenda.insert((self.now + ms, self.order), happening);
    }

    pub fn soon(&mut self, most_ms: u64, happening: Happening) {
        let ms = self.dice_ms(most_ms);
        self.after(ms, happening);
    }

    pub fn mood(&self, mood: Mood) -> Mood {
        if self.now >= CALM_MS { Mood::Steady } else { mood }
    }

    pub fn sits(&self, seat: &Seat) -> bool {
        let sitting = match &seat.who {
            Some(account) => self.actors.get(account).map(|actor| &actor.seat),
            None => self.gate.as_ref().map(|gate| &gate.seat),
        };
        sitting == Some(seat)
    }

    pub fn seat(&mut self, who: Option<&str>) -> Seat {
        self.incarnation += 1;
        Seat { who: who.map(str::to_owned), incarnation: self.incarnation }
    }

    // ---- restart

    /// Rebuilds everybody from the store.
    fn open(&mut self) {
        let machine = wharf_actors::gate::restore(self.store.as_ref(), &self.gateway, &self.scenario.setting);
        let seat = self.seat(None);
        let machine = machine.expect("memory is readable");
        self.gate = Some(Gate { machine, seat: seat.clone(), armed: None, handing: BTreeSet::new(), held: Vec::new() });
        self.turn_gate(|machine, now| machine.tick(now), Vec::new(), 0);
        for (_, bytes) in self.store.hot(Kind::Account, &[]) {
            let record = AccountRecord::from_bytes(&bytes).expect("readable");
            let id = record.id.to_string();
            self.spawn(record);
            self.engaged_now(&id);
        }
    }

    pub fn spawn(&mut self, record: AccountRecord) {
        let id = record.id.to_string();
        let kept = self.store.hot(Kind::Outbox, &[]);
        let kept = kept.iter().map(|(_, bytes)| Outbox::from_bytes(bytes).expect("readable").0);
        let outbox = kept.filter(|message| *message.account == *id).collect();
        let (store, setting) = (Arc::clone(&self.store), &self.scenario.setting);
        let mut machine = restore(store.as_ref(), &self.gateway, record, outbox, setting, self.now).expect("readable");
        self.meta.check_restored(&self.store, machine.outbox());
        let resting = matches!(self.store.standing(), Standing::Closed { .. });
        if resting {
            drop(machine.handle(Input::Rest, self.now));
        }
        let seat = self.seat(Some(&id));
        let actor = Actor { machine, seat, resting, leaving: false, armed: None, waiting: BTreeMap::new() };
        self.actors.insert(id.clone(), actor);
        self.turn(&id, Input::Tick, Vec::new(), 0, false);
    }

    fn close(&mut self) {
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
        self.meta.crashed();
    }

    fn crash(&mut self) {
        Books::check_ledgers(&self.store);
        self.books.check_counts(&self.store);
        self.close();
        self.store = Arc::new(self.store.crash());
        self.books.crashed(&self.store, GROUP_MS, self.now);
        self.open();
    }

    /// A write fails: nothing is told durable any more, and the accounts are rebuilt on a store that stays closed,
    /// until somebody starts the house again.
    fn fail_commit(&mut self) {
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

    // ---- the committer

    pub fn receipt(&mut self, waiter_seat: &Seat, ticket: u64) -> Receipt {
        self.number(Waiter::Ticket(waiter_seat.clone(), ticket))
    }

    fn number(&mut self, waiter: Waiter) -> Receipt {
        self.numbers += 1;
        self.waiters.insert(self.numbers, waiter);
        Receipt { desk: Arc::clone(&self.told) as Arc<dyn Desk>, number: self.numbers }
    }

    pub fn commit(&mut self, change: Change, receipts: Vec<Receipt>, about: About) {
        for stream in keeps_progress(&change) {
            *self.books.keeping.entry(stream).or_default() += 1;
        }
        self.commits.push_back((change.clone(), about));
        self.store.commit(change, receipts);
        if !self.settling {
            self.settling = true;
            self.soon(self.scenario.commit_ms, Happening::Settle(self.store_life));
        }
    }

    fn settle(&mut self) {
        self.settling = false;
        let group = self.dice.between(1, self.store.waiting().max(1) as u64);
        for _ in 0..group {
            let Some((change, about)) = self.commits.pop_front() else { break };
            assert!(self.store.settle_next(), "the store has what was committed");
            self.books.commit(&change, &about, &self.gateway.routes, &self.world, self.now);
            self.settled += 1;
            Books::check_ledgers(&self.store);
            if self.settled.is_multiple_of(100) {
                self.books.check_counts(&self.store);
            }
        }
        let told = std::mem::take(&mut *self.told.0.lock().expect("one thread"));
        let mut newest: Vec<(Seat, u64)> = Vec::new();
        for (number, outcome) in told {
            assert_eq!(outcome, Outcome::Durable);
            match self.waiters.remove(&number) {
                Some(Waiter::Post(post)) => self.part_is_durable(post),
                Some(Waiter::Ticket(seat, ticket)) => match newest.iter_mut().find(|(known, _)| *known == seat) {
                    Some((_, settled)) => *settled = ticket,
                    None => newest.push((seat, ticket)),
                },
                None => {}
            }
        }
        // A mailbox keeps the order: what is settled later is heard later.
        newest.into_iter().for_each(|(seat, ticket)| self.after(0, Happening::Settled(seat, ticket)));
        if !self.commits.is_empty() {
            self.settling = true;
            self.soon(self.scenario.commit_ms, Happening::Settle(self.store_life));
        }
    }

    // ---- webhooks

    fn post(&mut self, post: Post) {
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

    fn part_is_durable(&mut self, id: u64) {
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
    fn resend(&mut self, id: u64) {
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
            return gate.held.push((items, post));
        }
        let copies = self.copies(&self.gate.as_ref().expect("sits").machine.keys(&items));
        let (count, receipts) = (items.len() as i64, vec![self.receipt_of_post(post)]);
        self.turn_gate(|machine, now| machine.accept(items, copies, 0, now), receipts, count);
    }

    pub fn copies(&self, keys: &[(u128, wharf_storage::Stamp)]) -> Vec<Option<Seen>> {
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
        if machine.knows_names(&items) && wamids.is_empty() {
            let recalled = Recalled { copies: Vec::new(), dialogs: Vec::new(), messages: Vec::new() };
            return self.decide(&account, recalled, job(items));
        }
        let questions = Questions { account: account.into(), keys: Vec::new(), names, wamids };
        let job = job(items);
        self.soon(3, Happening::Ask(seat, Box::new(questions), job));
    }

    fn decide(&mut self, account: &str, recalled: Recalled, job: Job) {
        let actor = &self.actors[account];
        if actor.leaving {
            if let Job::Adopt(..) = job {
                self.not_adopted(&actor.seat.clone());
            }
            return;
        }
        let (Job::Accept(items, _) | Job::Adopt(items, _)) = &job;
        let copies = self.copies(&actor.machine.keys(items));
        let gateway: Arc<str> = GATEWAY.into();
        let Recalled { dialogs, messages, .. } = recalled;
        let accept = |items| Accept { gateway, secret: 0, items, copies, dialogs, messages };
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
    }

    pub fn wait_for(&mut self, account: &str, ticket: u64, then: Then) {
        self.actors.get_mut(account).expect("sits").waiting.insert(ticket, then);
    }

    // ---- what happens

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Post(post) => self.post(post),
            Happening::Impatient(post) => self.resend(post),
            Happening::App(account) => self.submit(&account),
            Happening::Crash => self.crash(),
            Happening::FailCommit => self.fail_commit(),
            Happening::Remove(account) => self.remove(&account),
            Happening::Engage(account) => self.engage(&account),
            Happening::Flip(account) => self.flip(&account),
            Happening::Calm => self.accounts().iter().for_each(|account| self.engage(account)),
            Happening::Settle(life) => {
                if life == self.store_life {
                    self.settle();
                }
            }
            Happening::Ask(seat, _, Job::Adopt(..)) | Happening::Recalled(seat, _, Job::Adopt(..))
                if !self.sits(&seat) =>
            {
                self.not_adopted(&seat);
            }
            Happening::Settled(seat, ..)
            | Happening::Mail(seat, ..)
            | Happening::Ask(seat, ..)
            | Happening::Recalled(seat, ..)
            | Happening::Attempted(seat, ..)
            | Happening::ReadOn(seat, ..)
            | Happening::Read(seat, ..)
            | Happening::Tried(seat, ..)
            | Happening::Tick(seat)
            | Happening::Retire(seat)
            | Happening::Bury(seat, ..)
            | Happening::Release(seat, ..)
            | Happening::HandOver(seat, ..)
                if !self.sits(&seat) => {}
            Happening::Settled(seat, ticket) => self.hear_settled(&seat, ticket),
            Happening::Mail(seat, items, post) => self.mail(seat, items, post),
            Happening::Ask(seat, questions, job) => {
                let recalled = questions.ask(self.store.as_ref()).expect("memory is readable");
                self.soon(3, Happening::Recalled(seat, Box::new(recalled), job));
            }
            Happening::Recalled(seat, recalled, job) => self.decide(&seat.who.expect("an account"), *recalled, job),
            Happening::Attempted(seat, reader, event, what) => self.hear_attempted(&seat, reader, event, what),
            Happening::ReadOn(seat, reader, after) => self.read_on(seat, reader, after),
            Happening::Read(seat, reader, read) => match &seat.who {
                Some(account) => drop(self.turn(account, Input::Read { reader, read }, Vec::new(), 0, false)),
                None => drop(self.turn_gate(|machine, now| machine.read(reader, read.as_deref(), now), Vec::new(), 0)),
            },
            Happening::Tried(seat, record, tried) => self.hear_tried(&seat, &record, tried),
            Happening::Tick(seat) => self.tick(&seat),
            Happening::Retire(seat) => self.retire(seat),
            Happening::Bury(seat, reader, open, after) => self.bury(seat, reader, &open, after),
            Happening::Release(seat, account, start) => self.release(seat, account, start),
            Happening::HandOver(seat, account, events) => self.hand_over(seat, account, &events),
        }
    }

    pub fn way(&self, seat: &Seat, route: &str) -> Way {
        let stream = seat.who.clone().unwrap_or_else(|| format!("t.{GATEWAY}"));
        (stream, route.to_owned())
    }
}
