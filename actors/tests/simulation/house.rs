//! The house without its actors: machines, a store and a clock, moved step by step. Does what the shells do, in their
//! order, and shows every step to the books.

use crate::again::Repeat;
use crate::books::{About, Books, Way, messages};
use crate::dice::Dice;
use crate::held::Held;
use crate::meta::Meta;
use crate::promises::Promises;
use crate::scenario::{BEGIN_MS, CALM_MS, GATEWAY, Mood, Scenario, gateway, routes};
use crate::sending::Touch;
use crate::world::{Post, World};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use wharf_actors::account::{Questions, Recalled};
use wharf_actors::cloud::item::Item;
use wharf_actors::gateway::{Gateway, Route};
use wharf_actors::rules::account::{AccountMachine, Input};
use wharf_actors::rules::gate::GateMachine;
use wharf_actors::rules::outbox::{Tried, forward};
use wharf_actors::rules::ownership::Engaged;
use wharf_actors::rules::reader::Attempted;
use wharf_actors::rules::replay::Wanted;
use wharf_storage::{
    Change, Clock, Desk, Event, HoldCause, Kind, MemoryStore, MessageRecord, MessageState, Outcome, RouteTally, Store,
    Write,
};

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
    Touch(String, Touch),
    Repeat(String, Repeat),
    Crash,
    FailCommit,
    Remove(String),
    Engage(String),
    Flip(String),
    Reload,
    Calm,
    /// Holds end once more.
    Calmer,
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
    ReadForReplay(Seat, Wanted),
    ReadAgain(Seat, Box<str>, Option<Vec<Arc<Event>>>),
    Redrive(Seat),
    Doze(Seat),
    Tick(Seat),
    Retire(Seat),
    Bury(Seat, usize, Vec<u64>, u64),
    End(Seat),
    GiveUp(Seat, usize, Vec<u64>, u64),
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
    /// Deliveries that are open again, by way and seq, and messages that are queued again.
    Reopened(Vec<(Way, u64)>, Vec<MessageRecord>),
    /// It has nothing left to deliver after its removal.
    Dozed,
}

pub struct Actor {
    pub machine: AccountMachine,
    pub seat: Seat,
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

pub enum Waiter {
    Post(u64),
    Ticket(Seat, u64),
}

pub struct Waiting {
    pub post: Post,
    pub parts: usize,
}

#[derive(Default)]
pub struct Told(pub Mutex<Vec<(u64, Outcome)>>);

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
    /// Every route that there may be.
    pub all_routes: Vec<Arc<Route>>,
    pub store: Arc<MemoryStore>,
    pub clock: Clock,
    pub told: Arc<Told>,
    pub waiters: HashMap<u64, Waiter>,
    pub numbers: u64,
    pub commits: VecDeque<(Change, About)>,
    pub settling: bool,
    pub store_life: u64,
    pub actors: BTreeMap<String, Actor>,
    pub gate: Option<Gate>,
    pub engaged: Vec<String>,
    agenda: BTreeMap<(u64, u64), Happening>,
    pub order: u64,
    pub incarnation: u64,
    pub posts: BTreeMap<u64, Waiting>,
    pub world: World,
    pub books: Books,
    pub meta: Meta,
    pub promises: Promises,
    pub held: Held,
    pub settled: u64,
    /// What this run came by.
    pub reached: BTreeSet<&'static str>,
}

impl Engaged for House {
    fn has_account(&self, account: &str) -> bool {
        self.engaged.iter().any(|engaged| engaged == account)
    }

    fn account_of_number(&self, number_id: &str) -> Option<&str> {
        self.engaged.iter().map(String::as_str).find(|account| number_id.strip_prefix(['8', '9']) == Some(account))
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
            all_routes: routes(),
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
            posts: BTreeMap::new(),
            world: World::default(),
            books: Books::default(),
            meta: Meta::default(),
            promises: Promises::default(),
            held: Held::default(),
            settled: 0,
            reached: BTreeSet::new(),
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
        let Scenario { sends, crashes, failed_commits, removals, reloads, repeats, .. } = self.scenario;
        often(self, sends, &Happening::App);
        let touches = [
            Touch::Cancel,
            Touch::Hold,
            Touch::Release(HoldCause::Token),
            Touch::Release(HoldCause::Token),
            Touch::Release(HoldCause::Meta),
        ];
        touches.iter().for_each(|touch| often(self, 1 + sends / 10, &|account| Happening::Touch(account, *touch)));
        often(self, crashes, &|_| Happening::Crash);
        often(self, failed_commits, &|_| Happening::FailCommit);
        often(self, removals, &Happening::Remove);
        often(self, removals * 2, &Happening::Engage);
        often(self, reloads, &|_| Happening::Reload);
        Repeat::ALL.iter().for_each(|what| often(self, repeats, &|account| Happening::Repeat(account, *what)));
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

    /// Runs to the end, when nothing is left to happen; says in how many steps.
    pub fn run(&mut self) -> u64 {
        let mut steps = 0;
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            steps += 1;
            assert!(steps < STEPS, "the house never comes to rest");
            self.now = self.now.max(at);
            self.clock.set(self.now / 1000);
            self.happen(happening);
        }
        self.check_end();
        self.check_replays();
        self.note_ledgers();
        self.reached.append(&mut self.promises.reached);
        steps
    }

    /// What the ledgers say was come by.
    fn note_ledgers(&mut self) {
        for (_, ledger) in self.store.ledgers() {
            let routes = ledger.routes.values().fold(RouteTally::default(), |mut sum, route| {
                sum.add(route);
                sum
            });
            let messages = &ledger.messages;
            let counts = [
                (ledger.duplicate, "a duplicate"),
                (ledger.duplicate_differing, "a duplicate with other bytes"),
                (ledger.inactive, "an inactive account"),
                (ledger.test, "a test payload"),
                (routes.dead, "a dead delivery"),
                (routes.filtered, "a filtered delivery"),
                (messages.taken, "a message taken"),
                (messages.failed, "a message failed"),
                (messages.expired, "a message expired"),
            ];
            self.reached.extend(counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, what)| what));
        }
    }

    fn check_end(&self) {
        assert!(self.commits.is_empty() && self.posts.is_empty(), "something waits at the end");
        Books::check_ledgers(&self.store);
        self.books.check_counts(&self.store);
        self.books.check_deliveries(&self.store);
        self.promises.every_accepted_message_ends(&self.store);
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
            let reached =
                ["failed", "sent", "delivered", "read"].into_iter().filter(|status| told.contains(&(wamid, *status)));
            let state = reached.fold(MessageState::Accepted, |state, status| forward(state, status).unwrap_or(state));
            let took = record.attempts.iter().filter(|attempt| attempt.status == 200).count();
            // One that was in doubt knows nothing of statuses from before a crash, but the one that settled it.
            assert!(took == 0 || record.state == state, "{} is {:?} with {told:?}", record.id, record.state);
            assert!(took <= 1, "{} was taken {took} times", record.id);
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

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Post(post) => self.post(post),
            Happening::Impatient(post) => self.resend(post),
            Happening::App(account) => self.submit(&account),
            Happening::Touch(account, touch) => self.touch(&account, touch),
            Happening::Repeat(account, what) => self.repeat(&account, what),
            Happening::Calmer => self.let_all_go(),
            Happening::Crash => {
                self.reached.insert("a crash");
                self.crash();
            }
            Happening::FailCommit => {
                self.reached.insert("a failed commit");
                self.fail_commit();
            }
            Happening::Remove(account) => self.remove(&account),
            Happening::Engage(account) => self.engage(&account),
            Happening::Flip(account) => self.flip(&account),
            Happening::Reload => self.reload(),
            Happening::Calm => {
                self.reload_all();
                self.let_all_go();
                self.free_all_deliveries();
                self.accounts().iter().for_each(|account| self.engage(account));
            }
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
            | Happening::ReadForReplay(seat, ..)
            | Happening::ReadAgain(seat, ..)
            | Happening::Redrive(seat)
            | Happening::Doze(seat)
            | Happening::Tick(seat)
            | Happening::Retire(seat)
            | Happening::Bury(seat, ..)
            | Happening::End(seat)
            | Happening::GiveUp(seat, ..)
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
            Happening::ReadForReplay(seat, wanted) => self.read_for_replay(seat, wanted),
            Happening::ReadAgain(seat, replay, read) => self.hear_read_again(&seat, replay, read),
            Happening::Redrive(seat) => self.redrive(&seat),
            Happening::Doze(seat) => self.doze(seat),
            Happening::Tick(seat) => self.tick(&seat),
            Happening::Retire(seat) => self.retire(seat),
            Happening::Bury(seat, reader, open, after) => self.bury(seat, reader, &open, after),
            Happening::End(seat) => self.end_routes(seat),
            Happening::GiveUp(seat, reader, open, after) => self.give_up(seat, reader, &open, after),
            Happening::Release(seat, account, start) => self.release(seat, account, start),
            Happening::HandOver(seat, account, events) => self.hand_over(seat, account, &events),
        }
    }

    pub fn way(&self, seat: &Seat, route: &str) -> Way {
        let stream = seat.who.clone().unwrap_or_else(|| format!("t.{GATEWAY}"));
        (stream, route.to_owned())
    }
}
