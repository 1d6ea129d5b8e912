//! What no account owns at one gateway: its quarantine (`q.{gateway}`) and Meta's test payloads (`t.{gateway}`).
//!
//! Quarantined items are counted by the account they claim, so that the `setup` that engages it finds them. Test
//! payloads are never deduplicated and go to the routes that ask for them.

mod again;
mod eviction;

pub use eviction::Limits;

use crate::cloud::item::Item;
use crate::gateway::Route;
use crate::rules::account::scope_of;
use crate::rules::deliveries::{Deliveries, Ending, Start};
use crate::rules::ownership;
use crate::rules::reader::Attempted;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use wharf_storage::{Change, Claim, Disposition, Event, Kind, Mark, Noun, Seen, Stamp, Tally, Write};
use xxhash_rust::xxh3::xxh3_64;

/// The quarantine and the tests of one gateway.
#[derive(Debug)]
pub struct GateMachine {
    gateway: Arc<str>,
    quarantine: Arc<str>,
    tests: Arc<str>,
    scope: u128,
    quarantine_seq: u64,
    test_seq: u64,
    durable_test_seq: u64,
    claims: HashMap<Box<str>, Claim>,
    limits: Limits,
    /// When the oldest item in quarantine may be too old.
    evict_at_ms: u64,
    /// The last seq when a look for what to evict began, if all up to it was durable.
    looked_through: Option<u64>,
    undecided: HashMap<u128, u32>,
    deliveries: Deliveries,
    in_flight: VecDeque<InFlight>,
    last_ticket: u64,
    /// Nothing new starts.
    resting: bool,
    /// Kept at the first turn.
    opening: Option<Change>,
}

/// Something must happen; the words are those of [`crate::rules::account::Effect`].
#[derive(Debug)]
pub enum Effect {
    /// Keep `change`; report it durable by [`GateMachine::settled`].
    Commit {
        /// Ascending by one.
        ticket: u64,
        /// What to keep.
        change: Change,
    },
    /// Try a delivery of a test payload.
    Deliver(Start),
    /// Read the tests' stream on.
    ReadOn {
        /// For which reader.
        reader: usize,
        /// After which seq.
        after: u64,
    },
}

#[derive(Debug, Default)]
struct InFlight {
    ticket: u64,
    marks: Vec<u128>,
    tests: Vec<Arc<Event>>,
    keeps_progress: bool,
    /// Deliveries that are open again: the places of their readers, and their seqs.
    opened: Vec<(usize, u64)>,
}

impl GateMachine {
    /// The gate of `gateway`, with its streams at the given seqs, the claims that are kept, and the readers of the
    /// routes that want test payloads. `opening` is kept before anything else.
    pub fn new(gateway: &Arc<str>, seqs: Seqs, claims: Vec<Claim>, deliveries: Deliveries, opening: Change) -> Self {
        Self {
            gateway: Arc::clone(gateway),
            quarantine: quarantine_stream(gateway),
            tests: test_stream(gateway),
            scope: scope_of(&quarantine_stream(gateway)),
            quarantine_seq: seqs.quarantine,
            test_seq: seqs.tests,
            durable_test_seq: seqs.tests,
            claims: claims.into_iter().map(|claim| (claim.claimed.clone(), claim)).collect(),
            limits: Limits::default(),
            evict_at_ms: 0,
            looked_through: None,
            undecided: HashMap::new(),
            deliveries,
            in_flight: VecDeque::new(),
            last_ticket: 0,
            resting: false,
            opening: Some(opening).filter(|opening| !opening.is_empty()),
        }
    }

    /// The same with other limits of the quarantine.
    pub fn limited(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The dedupe keys of `items`; tests have none that is ever looked at.
    pub fn keys(&self, items: &[Item]) -> Vec<(u128, Stamp)> {
        items.iter().map(|item| (self.key(item), item.stamp)).collect()
    }

    /// Keeps items that no account owns. The first effect is exactly one commit.
    pub fn accept(&mut self, items: Vec<Item>, copies: Vec<Option<Seen>>, secret: u8, now: u64) -> Vec<Effect> {
        let mut change = Change::default();
        let mut tally = Tally { received: items.len() as i64, ..Tally::default() };
        let mut flight = InFlight::default();
        for (item, copy) in items.into_iter().zip(copies) {
            if item.test {
                self.take_test(item, secret, &mut flight, &mut change, &mut tally, now);
            } else {
                self.take_stray(item, copy, secret, &mut flight, &mut change, &mut tally, now);
            }
        }
        change.tallies.push((Arc::clone(&self.gateway), tally));
        let mut effects = vec![self.commit(change, flight)];
        self.pump(&mut effects, now);
        effects
    }

    /// Every change up to `ticket` is durable.
    pub fn settled(&mut self, ticket: u64, now: u64) -> Vec<Effect> {
        while self.in_flight.front().is_some_and(|flight| flight.ticket <= ticket) {
            let flight = self.in_flight.pop_front().expect("looked at just now");
            for mark in flight.marks {
                self.undecided.remove(&mark);
            }
            for event in flight.tests {
                self.durable_test_seq = event.seq;
                self.deliveries.offer(&event);
            }
            if flight.keeps_progress {
                self.deliveries.kept();
            }
            self.deliveries.admit(&flight.opened);
        }
        self.tick(now)
    }

    /// A delivery of a test payload was tried.
    pub fn attempted(&mut self, reader: usize, event: &Event, what: Attempted, chance: f64, now: u64) -> Vec<Effect> {
        self.deliveries.attempted(reader, event, what, chance, now);
        self.tick(now)
    }

    /// The tests' stream was read on.
    pub fn read(&mut self, reader: usize, read: Option<&[Arc<Event>]>, now: u64) -> Vec<Effect> {
        self.deliveries.read(reader, read, now);
        self.tick(now)
    }

    /// Time passed.
    pub fn tick(&mut self, now: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.pump(&mut effects, now);
        effects
    }

    /// These are the gateway's routes from now on. A new one's reader keeps `body_budget` bytes in memory.
    pub fn exchange(&mut self, routes: &[Arc<Route>], body_budget: usize, now: u64) -> Vec<Effect> {
        let change = self.deliveries.exchange(&test_routes(routes), self.test_seq, body_budget, now);
        let flight = InFlight::default();
        let mut effects = Vec::new();
        if !change.is_empty() {
            effects.push(self.commit(change, flight));
        }
        self.pump(&mut effects, now);
        effects
    }

    /// Gives up what is unfinished of a route that is not in the settings any more; says whether there is such a one.
    pub fn end_route(&mut self, route: &str) -> bool {
        self.deliveries.end_removed(route, self.test_seq)
    }

    /// What has to be given up now; to be answered with [`GateMachine::bury`].
    pub fn ending(&self) -> Option<Ending> {
        self.deliveries.ending(self.durable_test_seq).filter(|_| !self.resting)
    }

    /// Gives up deliveries of test payloads: they become dead letters.
    pub fn bury(&mut self, reader: usize, events: &[Arc<Event>], through: u64, reason: &str, now: u64) -> Vec<Effect> {
        self.deliveries.bury(reader, events, through.min(self.durable_test_seq), reason, now);
        self.tick(now)
    }

    /// Starts nothing from now on.
    pub fn rest(&mut self) {
        self.resting = true;
    }

    /// The next moment worth a wake-up.
    pub fn due_at(&self) -> Option<u64> {
        if self.resting {
            return self.deliveries.keep_due_at();
        }
        self.deliveries.due_at()
    }

    /// Whether everything that was decided is durable.
    pub fn is_settled(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Whether nothing is under way and everything that happened is durable.
    pub fn is_at_rest(&self) -> bool {
        let delivers = self.deliveries.readers().iter().any(|reader| reader.depth().1 > 0);
        !delivers && self.is_settled() && self.deliveries.is_kept()
    }

    /// What is quarantined under the name of `account`.
    pub fn claim(&self, account: &str) -> Option<&Claim> {
        self.claims.get(account)
    }

    /// The writes that let the next `taken` items of `account`'s claim go, the last of them at `through`. They are
    /// kept by the account that takes the items, in the same change; [`GateMachine::released`] must follow.
    pub fn release(&self, account: &str, taken: u64, bytes: u64, through: u64) -> Vec<Write> {
        let Some(claim) = self.claims.get(account) else { return Vec::new() };
        let rest = Claim {
            first: through + 1,
            count: claim.count.saturating_sub(taken),
            bytes: claim.bytes.saturating_sub(bytes),
            ..claim.clone()
        };
        let value = (rest.count > 0).then(|| rest.to_bytes());
        vec![Write { kind: Kind::Claim, key: rest.key(), value }]
    }

    /// What [`GateMachine::release`] wrote is durable.
    pub fn released(&mut self, account: &str, taken: u64, bytes: u64, through: u64) {
        let Some(claim) = self.claims.get_mut(account) else { return };
        claim.first = through + 1;
        claim.count = claim.count.saturating_sub(taken);
        claim.bytes = claim.bytes.saturating_sub(bytes);
        if claim.count == 0 {
            self.claims.remove(account);
        }
    }

    /// The readers of the tests' routes, for views.
    pub fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    fn take_test(
        &mut self,
        item: Item,
        secret: u8,
        flight: &mut InFlight,
        change: &mut Change,
        tally: &mut Tally,
        now: u64,
    ) {
        self.test_seq += 1;
        let seq = self.test_seq;
        let mut event = self.event(item, Arc::clone(&self.tests), seq, Disposition::Test, secret, now);
        self.deliveries.decide(&mut event, |_, _| true, tally);
        tally.test += 1;
        let event = Arc::new(event);
        flight.tests.push(Arc::clone(&event));
        change.events.push(event);
    }

    #[expect(clippy::too_many_arguments, reason = "one decision about one item; a struct would only rename the list")]
    fn take_stray(
        &mut self,
        item: Item,
        copy: Option<Seen>,
        secret: u8,
        flight: &mut InFlight,
        change: &mut Change,
        tally: &mut Tally,
        now: u64,
    ) {
        let key = self.key(&item);
        if let Some(content) = self.undecided.get(&key).copied().or(copy.map(|seen| seen.content)) {
            tally.duplicate += 1;
            tally.duplicate_differing += i64::from(content != item.content);
            return;
        }
        self.undecided.insert(key, item.content);
        flight.marks.push(key);
        change.marks.push(Mark {
            key,
            stamp: item.stamp,
            seen: Seen { content: item.content, at_s: (now / 1000) as u32 },
        });
        tally.quarantined += 1;
        self.quarantine_seq += 1;
        let seq = self.quarantine_seq;
        let event = self.event(item, Arc::clone(&self.quarantine), seq, Disposition::Quarantined, secret, now);
        change.put(self.count_claim(&event));
        change.events.push(Arc::new(event));
    }

    fn count_claim(&mut self, event: &Event) -> &Claim {
        let claimed = event.claimed.clone().unwrap_or_default();
        let gateway = self.gateway.as_ref().into();
        let fresh = || Claim { gateway, claimed: claimed.clone(), first: event.seq, count: 0, bytes: 0 };
        let claim = self.claims.entry(claimed.clone()).or_insert_with(fresh);
        claim.count += 1;
        claim.bytes += event.body.len() as u64;
        claim
    }

    fn event(&self, item: Item, stream: Arc<str>, seq: u64, disposition: Disposition, secret: u8, now: u64) -> Event {
        Event {
            stream,
            seq,
            received_at_ms: now,
            kind: item.kind,
            disposition,
            gateway: Arc::clone(&self.gateway),
            secret,
            lane: xxh3_64(item.field.as_bytes()),
            field: item.field,
            claimed: ownership::claimed(&item.owner).map(Into::into),
            number: item.number,
            dialog: None,
            message_id: item.message_id,
            outbound: None,
            wanted_by: Vec::new(),
            body: item.body,
            item: item.item,
        }
    }

    /// An item's dedupe key in quarantine: the claimed account is part of it, as it would be at that account.
    fn key(&self, item: &Item) -> u128 {
        item.key ^ self.scope ^ ownership::claimed(&item.owner).map_or(0, scope_of)
    }

    fn commit(&mut self, change: Change, mut flight: InFlight) -> Effect {
        self.last_ticket += 1;
        flight.ticket = self.last_ticket;
        self.in_flight.push_back(flight);
        Effect::Commit { ticket: self.last_ticket, change }
    }

    fn pump(&mut self, effects: &mut Vec<Effect>, now: u64) {
        if let Some(opening) = self.opening.take() {
            let flight = InFlight::default();
            effects.push(self.commit(opening, flight));
        }
        if let Some(change) = self.deliveries.keep(now) {
            let flight = InFlight { keeps_progress: true, ..InFlight::default() };
            effects.push(self.commit(change, flight));
        }
        if self.resting {
            return;
        }
        effects.extend(self.deliveries.start_due(now).into_iter().map(Effect::Deliver));
        let reads = self.deliveries.wants_to_read(self.durable_test_seq, now);
        effects.extend(reads.into_iter().map(|(reader, after)| Effect::ReadOn { reader, after }));
    }
}

/// Where the two streams of a gateway stand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seqs {
    /// The quarantine's last seq.
    pub quarantine: u64,
    /// The tests' last seq.
    pub tests: u64,
}

/// The stream of a gateway's quarantine.
pub fn quarantine_stream(gateway: &str) -> Arc<str> {
    format!("q.{gateway}").into()
}

/// The stream of a gateway's test payloads.
pub fn test_stream(gateway: &str) -> Arc<str> {
    format!("t.{gateway}").into()
}

/// The routes of a gateway that want test payloads.
pub fn test_routes(routes: &[Arc<Route>]) -> Vec<Arc<Route>> {
    routes.iter().filter(|route| route.tests).cloned().collect()
}

#[cfg(test)]
mod tests;
