//! What all accounts share about one endpoint, over all arbiters: how many deliveries it gets at once, whose turn is
//! next, and whether it is worth asking. Knows neither routes nor HTTP.

use super::hold::EndpointHold;
use crate::rules::breaker::{Breaker, Heard, Pass};
use awc::http::Uri;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::oneshot;
use wharf_storage::Store;

/// While a route is paused its accounts look again this often, in ms.
const PAUSED_LOOK_MS: u64 = 5_000;

/// One endpoint.
#[derive(Debug)]
pub struct EndpointGate {
    /// Its name in the log: a URL may hold a password.
    host: String,
    concurrency: usize,
    /// The application said 410: one for all gates of the endpoint.
    hold: Arc<EndpointHold>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Accounts that wait, in the order of their turns: one delivery each, then the back of the line.
    turns: VecDeque<Arc<str>>,
    waiting: HashMap<Arc<str>, VecDeque<oneshot::Sender<Permit>>>,
    breaker: Breaker,
}

/// What a delivery hears at the gate.
#[derive(Debug)]
pub enum Entered {
    /// Its turn has come.
    Permit(Permit),
    /// The endpoint is not worth asking before this, in ms since 1970.
    NotBefore(u64),
}

/// The right to try one delivery. It ends when it is dropped.
#[derive(Debug)]
pub struct Permit {
    gate: Arc<EndpointGate>,
    lane: u64,
}

/// How an endpoint stands, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// `closed`, `open` or `half-open`.
    pub breaker: &'static str,
    /// Since when the breaker has not been closed, in ms since 1970.
    pub broken_at_ms: Option<u64>,
    /// Until when nobody may try it, in ms since 1970; `None` while its breaker is closed or finds out.
    pub open_until_ms: Option<u64>,
    /// Since when its routes are paused, in ms since 1970.
    pub paused_at_ms: Option<u64>,
    /// Accounts that wait for their turn.
    pub waiting: usize,
    /// Deliveries that may start at once.
    pub free: usize,
}

impl EndpointGate {
    /// Room for `concurrency` deliveries at once, at least one; `hold` is what all gates of the endpoint share.
    pub fn new(url: &str, concurrency: usize, hold: Arc<EndpointHold>) -> Self {
        let concurrency = concurrency.max(1);
        let state =
            State { free: concurrency, turns: VecDeque::new(), waiting: HashMap::new(), breaker: Breaker::default() };
        let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
        Self { host, concurrency, hold, state: Mutex::new(state) }
    }

    /// A permit for one delivery of `account` in `lane`, as soon as its turn comes; at once a refusal where the
    /// endpoint is not worth asking.
    pub async fn enter(self: &Arc<Self>, account: &Arc<str>, lane: u64, now: impl Fn() -> u64) -> Entered {
        let mine = match self.ask(account, lane, now()) {
            Asked::Now => return Entered::Permit(Permit { gate: Arc::clone(self), lane }),
            Asked::NotBefore(until_ms) => return Entered::NotBefore(until_ms),
            Asked::InTurn(turn) => turn,
        };
        let mut permit = mine.await.expect("whoever waits is let in: the gate outlives its line");
        permit.lane = lane;
        // Much may have happened in the meantime. The permit is dropped after the lock.
        let pass = self.lock().may_try(self.paused(), lane, now());
        match pass {
            Pass::Go => Entered::Permit(permit),
            Pass::NotBefore(until_ms) => Entered::NotBefore(until_ms),
        }
    }

    /// Permits that are free now.
    pub fn free(&self) -> usize {
        self.lock().free
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        let paused_at_ms = self.hold.since_ms();
        let state = self.lock();
        Standing {
            breaker: state.breaker.word(),
            broken_at_ms: state.breaker.since_ms(),
            open_until_ms: state.breaker.open_until_ms(),
            paused_at_ms,
            waiting: state.waiting.len(),
            free: state.free,
        }
    }

    /// How much of the time since `from` its routes were paused, in ms.
    pub fn held_ms(&self, from: u64, now: u64) -> u64 {
        self.hold.held_ms(from, now)
    }

    fn paused(&self) -> Paused {
        if self.hold.since_ms().is_some() { Paused::Yes } else { Paused::No }
    }

    fn ask(&self, account: &Arc<str>, lane: u64, now: u64) -> Asked {
        let paused = self.paused();
        let mut state = self.lock();
        if state.free == 0 || !state.turns.is_empty() {
            if let Some(until_ms) = state.not_before(paused, now) {
                return Asked::NotBefore(until_ms);
            }
            return Asked::InTurn(state.line_up(account));
        }
        match state.may_try(paused, lane, now) {
            Pass::Go => {
                state.free -= 1;
                Asked::Now
            }
            Pass::NotBefore(until_ms) => Asked::NotBefore(until_ms),
        }
    }

    /// Gives a permit that is free to whoever is next.
    fn let_in(self: &Arc<Self>) {
        let mut state = self.lock();
        let Some(next) = (state.free > 0).then(|| state.next()).flatten() else { return };
        state.free -= 1;
        drop(state);
        // Who went away just now drops the permit, and that lets in the one after.
        drop(next.send(Permit { gate: Arc::clone(self), lane: 0 }));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an operator must resume it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paused {
    Yes,
    No,
}

enum Asked {
    Now,
    NotBefore(u64),
    InTurn(oneshot::Receiver<Permit>),
}

impl State {
    fn may_try(&mut self, paused: Paused, lane: u64, now: u64) -> Pass {
        match paused {
            Paused::Yes => Pass::NotBefore(now + PAUSED_LOOK_MS),
            Paused::No => self.breaker.ask(lane, now),
        }
    }

    /// Whether lining up is in vain.
    fn not_before(&self, paused: Paused, now: u64) -> Option<u64> {
        let paused = (paused == Paused::Yes).then_some(now + PAUSED_LOOK_MS);
        paused.or(self.breaker.open_until_ms().filter(|until_ms| *until_ms > now))
    }

    fn line_up(&mut self, account: &Arc<str>) -> oneshot::Receiver<Permit> {
        let (let_in, turn) = oneshot::channel();
        match self.waiting.get_mut(account) {
            Some(line) => line.push_back(let_in),
            None => {
                self.turns.push_back(Arc::clone(account));
                self.waiting.insert(Arc::clone(account), VecDeque::from([let_in]));
            }
        }
        turn
    }

    /// Whoever is next and still there.
    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        while let Some(account) = self.turns.pop_front() {
            let line = self.waiting.get_mut(&account).expect("who has a turn has a line");
            let next = line.pop_front();
            if line.is_empty() {
                self.waiting.remove(&account);
            } else {
                self.turns.push_back(account);
            }
            if next.as_ref().is_some_and(|next| !next.is_closed()) {
                return next;
            }
        }
        None
    }
}

impl Permit {
    /// The attempt ended; says until when the endpoint is known to be down, if it is.
    pub fn end(self, heard: Heard, now: u64) -> Option<u64> {
        let mut state = self.gate.lock();
        let before = state.breaker.word();
        state.breaker.hear(self.lane, heard, now);
        let (after, until_ms) = (state.breaker.word(), state.breaker.open_until_ms());
        drop(state);
        if before != after {
            log::warn!("endpoint_breaker host={} was={before} is={after}", self.gate.host);
        }
        until_ms
    }

    /// The application said that it is gone for good: its routes are paused until somebody resumes them.
    pub fn pause(self, now: u64) -> u64 {
        self.gate.lock().breaker.hear(self.lane, Heard::Throttled, now);
        if self.gate.hold.begin("HTTP 410", now) {
            log::error!("route_paused host={} why=\"HTTP 410\" way_out=\"POST /api/routes/…/resume\"", self.gate.host);
        }
        now + PAUSED_LOOK_MS
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        state.free += 1;
        // Whoever said how it ended is no probe any more.
        state.breaker.gave_up(self.lane);
        drop(state);
        self.gate.let_in();
    }
}

/// The gates of all endpoints, shared by all arbiters.
#[derive(Debug, Default)]
pub struct Gates {
    /// Where pauses are kept.
    store: Option<Weak<dyn Store>>,
    known: Mutex<Known>,
}

/// By URL.
#[derive(Debug, Default)]
struct Known {
    gates: HashMap<String, Arc<EndpointGate>>,
    holds: HashMap<String, Arc<EndpointHold>>,
}

impl Gates {
    /// Gates whose pauses survive a restart.
    pub fn kept_in(store: &Arc<dyn Store>) -> Self {
        Self { store: Some(Arc::downgrade(store)), known: Mutex::default() }
    }

    /// The gate of `url`: the same for everyone who asks with the same `concurrency`. After a change of
    /// `concurrency` later callers get a new gate; what went through the old one is not counted there, but a pause
    /// holds for both.
    pub fn gate(&self, url: &str, concurrency: usize) -> Arc<EndpointGate> {
        let mut known = self.lock();
        if let Some(gate) = known.gates.get(url).filter(|gate| gate.concurrency == concurrency.max(1)) {
            return gate.clone();
        }
        known.gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        let hold = known.hold(url, self.store.as_ref());
        let gate = Arc::new(EndpointGate::new(url, concurrency, hold));
        known.gates.insert(url.to_owned(), gate.clone());
        gate
    }

    /// The gate of `url`, if anybody uses it.
    pub fn known(&self, url: &str) -> Option<Arc<EndpointGate>> {
        self.lock().gates.get(url).cloned()
    }

    /// The URLs that get nothing now, because they are paused or broken.
    pub fn troubled(&self) -> HashMap<String, Standing> {
        let known: Vec<_> = self.lock().gates.iter().map(|(url, gate)| (url.clone(), Arc::clone(gate))).collect();
        let standing = known.into_iter().map(|(url, gate)| (url, gate.standing()));
        standing.filter(|(_, standing)| standing.paused_at_ms.is_some() || standing.breaker != "closed").collect()
    }

    /// Ends the pause of `url`; says whether there was one.
    pub fn resume(&self, url: &str, now: u64) -> bool {
        let hold = self.lock().hold(url, self.store.as_ref());
        hold.end(now)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What all gates of `url` share.
    fn hold(&mut self, url: &str, store: Option<&Weak<dyn Store>>) -> Arc<EndpointHold> {
        if let Some(hold) = self.holds.get(url) {
            return Arc::clone(hold);
        }
        // What is on its way to the disk cannot be read from there yet.
        self.holds.retain(|_, hold| Arc::strong_count(hold) > 1 || hold.has_history());
        let hold = Arc::new(EndpointHold::restored(url, store));
        self.holds.insert(url.to_owned(), Arc::clone(&hold));
        hold
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "gate_fairness_tests.rs"]
mod fairness;
