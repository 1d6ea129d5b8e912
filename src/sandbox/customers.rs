//! Customers who write: draws the next item of the traffic, and whether it comes twice. No clock, no sockets.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::account_events;
use super::envelope::{MAX_BYTES, MAX_ITEMS};
use super::ids::{Direction, Mint, mix};
use super::item::{Item, Line};
use super::payloads;
use super::people::Person;
use super::statuses::{self, Course, Habits, Outbound};

/// Statuses of the traffic's own messages that wait to be sent; drawn from here in order or not.
const STATUSES_WAITING: usize = 64;

/// How much the customers write, and how.
#[derive(Debug, Clone)]
pub struct Traffic {
    /// Items per second, duplicates and the statuses of sends not counted.
    pub rate_per_s: f64,
    /// How many customers there are.
    pub customers: u64,
    /// Most items in one POST, at most 1000; each POST draws its own number up to this.
    pub batch: usize,
    /// Most bytes in one POST.
    pub max_bytes: usize,
    /// Share of items sent a second time, 0 to 1.
    pub duplicates: f64,
    /// Share of items that are statuses of earlier messages, 0 to 1.
    pub statuses: f64,
    /// Share of messages whose statuses come out of order, 0 to 1.
    pub disorder: f64,
    /// Share of items that are events about accounts, 0 to 1.
    pub account_events: f64,
    /// POSTs in flight at most.
    pub connections: usize,
    /// What everything is drawn from.
    pub seed: u64,
    /// Tells the message ids of this run from those of another run with the same seed.
    pub run: u64,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            rate_per_s: 5.0,
            customers: 200,
            batch: 1,
            max_bytes: MAX_BYTES,
            duplicates: 0.02,
            statuses: 0.2,
            disorder: 0.2,
            account_events: 0.002,
            connections: 64,
            seed: 1,
            run: 0,
        }
    }
}

/// The customers.
#[derive(Debug)]
pub struct Customers {
    traffic: Traffic,
    business_id: String,
    dice: Xoshiro256PlusPlus,
    mint: Mint,
    statuses: VecDeque<Item>,
}

/// How an item is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Once more in the same POST.
    AtOnce,
    /// Once more in another POST, after this time.
    After(Duration),
}

impl Customers {
    /// Customers of the accounts of `business_id`; the same seed writes the same.
    pub fn new(traffic: Traffic, business_id: &str) -> Self {
        let dice = Xoshiro256PlusPlus::seed_from_u64(traffic.seed);
        // A seed apart from the world's, so that the two never mint the same wamid.
        let mint = Mint::new(mix(traffic.seed) ^ mix(traffic.run) ^ 0xc057_0e25);
        Self { traffic, business_id: business_id.to_owned(), dice, mint, statuses: VecDeque::new() }
    }

    /// How many items the next POST has.
    pub fn next_size(&mut self) -> usize {
        self.dice.random_range(1..=self.traffic.batch.clamp(1, MAX_ITEMS))
    }

    /// The next item, about one of `lines`; `now` in seconds since 1970. `None` without lines.
    pub fn write(&mut self, lines: &[Arc<Line>], now: u64) -> Option<Item> {
        let at = self.dice.random_range(0..self.traffic.customers.max(1));
        // A customer writes to the same number at every visit, as long as the same accounts are subscribed.
        let line = lines.get((mix(at) % lines.len().max(1) as u64) as usize)?;
        let person = Person::nth(at, self.traffic.seed);
        if self.dice.random_bool(share(self.traffic.statuses)) {
            return Some(self.status(&person, line, now));
        }
        if self.dice.random_bool(share(self.traffic.account_events)) {
            return Some(account_events::draw(line, &self.business_id, &mut self.dice, &mut self.mint, now));
        }
        Some(payloads::inbound(&person, line, &mut self.dice, &mut self.mint, now))
    }

    /// Whether an item just written comes again, and when.
    pub fn repeat(&mut self) -> Option<Repeat> {
        if !self.dice.random_bool(share(self.traffic.duplicates)) {
            return None;
        }
        if self.traffic.batch > 1 && self.dice.random_bool(0.2) {
            return Some(Repeat::AtOnce);
        }
        Some(Repeat::After(Duration::from_millis(self.dice.random_range(20..2_000))))
    }

    /// Writes as `traffic` says from now on; dice and ids go on where they were.
    pub fn change(&mut self, traffic: Traffic) {
        self.traffic = traffic;
    }

    /// What was asked for.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The next status of some message that the business sent by other means.
    fn status(&mut self, person: &Person, line: &Arc<Line>, now: u64) -> Item {
        if self.statuses.len() < STATUSES_WAITING {
            let wamid = self.mint.wamid(person.party(), Direction::Outbound);
            let course = if self.dice.random_bool(0.03) { Course::Failed(131_026) } else { Course::Usual };
            let message = Outbound { wamid, line: Arc::clone(line), person: person.clone(), course, mark: None };
            let plan = statuses::plan(&message, &Habits::default(), &mut self.dice, now);
            self.statuses.extend(plan.into_iter().map(|(_, item)| item));
        }
        let out_of_order = self.dice.random_bool(share(self.traffic.disorder));
        let at = if out_of_order { self.dice.random_range(0..self.statuses.len()) } else { 0 };
        self.statuses.remove(at).expect("a message has at least one status, and the place was drawn within the queue")
    }
}

fn share(wanted: f64) -> f64 {
    if wanted.is_finite() { wanted.clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::sandbox::item::Kind;

    fn lines() -> Vec<Arc<Line>> {
        (0..4).map(|at| Arc::new(Line::new(&format!("w{}", at / 2), &format!("n{at}"), "1555"))).collect()
    }

    fn written(traffic: Traffic, count: usize) -> Vec<Item> {
        let (mut customers, lines) = (Customers::new(traffic, "b"), lines());
        (0..count).filter_map(|_| customers.write(&lines, 1_790_000_000)).collect()
    }

    #[test]
    fn the_same_seed_writes_the_same() {
        let bodies = |seed| -> Vec<String> {
            written(Traffic { seed, ..Traffic::default() }, 200).into_iter().map(|item| item.body).collect()
        };
        assert_eq!(bodies(1), bodies(1));
        assert_ne!(bodies(1), bodies(2));
    }

    #[test]
    fn the_shares_are_as_asked() {
        let traffic = Traffic { statuses: 0.5, account_events: 0.1, ..Traffic::default() };
        let items = written(traffic, 4000);
        let count = |kind| items.iter().filter(|item| item.kind == kind).count();
        assert!((1850..2150).contains(&count(Kind::Status)), "{}", count(Kind::Status));
        assert!((140..260).contains(&count(Kind::Account)), "{}", count(Kind::Account));
    }

    #[test]
    fn a_customer_writes_to_one_number_only() {
        let mut lines_of: HashMap<String, String> = HashMap::new();
        for item in written(Traffic { statuses: 0.0, account_events: 0.0, ..Traffic::default() }, 1000) {
            let super::super::item::Place::Number(line) = &item.place else { panic!("not a message") };
            let contact = item.contact.clone().expect("a message has a contact");
            assert_eq!(lines_of.entry(contact).or_insert_with(|| line.number.clone()), &line.number);
        }
    }

    #[test]
    fn without_a_subscribed_number_nobody_writes() {
        assert!(Customers::new(Traffic::default(), "b").write(&[], 1_790_000_000).is_none());
    }
}
