//! What all accounts share about one endpoint, over all arbiters: how many deliveries it gets at once, whose turn is
//! next, and whether it is worth asking. Knows neither routes nor HTTP.

use crate::rules::breaker::{Breaker, Heard, Pass};
use awc::http::Uri;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// While a route is paused its accounts look again this often, in ms.
const PAUSED_LOOK_MS: u64 = 5_000;

/// One endpoint.
#[derive(Debug)]
pub struct EndpointGate {
    /// Its name in the log: a URL may hold a password.
    host: String,
    concurrency: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Accounts that wait, in the order of their turns: one delivery each, then the back of the line.
    turns: VecDeque<Arc<str>>,
    waiting: HashMap<Arc<str>, VecDeque<oneshot::Sender<Permit>>>,
    breaker: Breaker,
    /// The application said 410: when, in ms since 1970.
    paused_at_ms: Option<u64>,
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
    /// Since when its routes are paused, in ms since 1970.
    pub paused_at_ms: Option<u64>,
    /// Accounts that wait for their turn.
    pub waiting: usize,
}

impl EndpointGate {
    /// Room for `concurrency` deliveries at once, at least one.
    pub fn new(url: &str, concurrency: usize) -> Self {
        let concurrency = concurrency.max(1);
        let state = State {
            free: concurrency,
            turns: VecDeque::new(),
            waiting: HashMap::new(),
            breaker: Breaker::default(),
            paused_at_ms: None,
        };
        let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
        Self { host, concurrency, state: Mutex::new(state) }
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
        let pass = self.lock().may_try(lane, now());
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
        let state = self.lock();
        Standing { breaker: state.breaker.word(), paused_at_ms: state.paused_at_ms, waiting: state.waiting.len() }
    }

    /// Ends a pause; says whether there was one.
    pub fn resume(&self) -> bool {
        self.lock().paused_at_ms.take().is_some()
    }

    fn ask(&self, account: &Arc<str>, lane: u64, now: u64) -> Asked {
        let mut state = self.lock();
        if state.free == 0 || !state.turns.is_empty() {
            if let Some(until_ms) = state.not_before(now) {
                return Asked::NotBefore(until_ms);
            }
            return Asked::InTurn(state.line_up(account));
        }
        match state.may_try(lane, now) {
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

enum Asked {
    Now,
    NotBefore(u64),
    InTurn(oneshot::Receiver<Permit>),
}

impl State {
    fn may_try(&mut self, lane: u64, now: u64) -> Pass {
        match self.paused_at_ms {
            Some(_) => Pass::NotBefore(now + PAUSED_LOOK_MS),
            None => self.breaker.ask(lane, now),
        }
    }

    /// Whether lining up is in vain.
    fn not_before(&self, now: u64) -> Option<u64> {
        let paused = self.paused_at_ms.map(|_| now + PAUSED_LOOK_MS);
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
        let mut state = self.gate.lock();
        let known = state.paused_at_ms.is_some();
        state.paused_at_ms.get_or_insert(now);
        state.breaker.hear(self.lane, Heard::Throttled, now);
        drop(state);
        if !known {
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
pub struct Gates(Mutex<HashMap<String, Arc<EndpointGate>>>);

impl Gates {
    /// The gate of `url`: the same for everyone who asks with the same `concurrency`. After a change of
    /// `concurrency` later callers get a new gate; what went through the old one is not counted there.
    pub fn gate(&self, url: &str, concurrency: usize) -> Arc<EndpointGate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = EndpointGate::new(url, concurrency);
        if let Some(gate) = gates.get(url).filter(|gate| gate.concurrency == wanted.concurrency) {
            return gate.clone();
        }
        gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        let gate = Arc::new(wanted);
        gates.insert(url.to_owned(), gate.clone());
        gate
    }

    /// The gate of `url`, if anybody uses it.
    pub fn known(&self, url: &str) -> Option<Arc<EndpointGate>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned()
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "gate_fairness_tests.rs"]
mod fairness;
