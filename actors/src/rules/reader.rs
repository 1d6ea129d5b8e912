//! One route's way through one stream: which deliveries are open, in which lanes, and what may start next.
//!
//! A reader holds a window of at most [`WINDOW`] open deliveries. What comes in beyond it stays in the journal and is
//! read on when the window has room, so a route that is down for a day costs its account a bounded amount of memory.

mod again;
mod exchange;
mod hold;
mod join;
mod lanes;
mod place;

use crate::gateway::{Order, Route};
use crate::rules::retry;
pub use again::MOST_AGAIN;
pub use exchange::Standing;
pub use hold::Held;
use join::Joins;
use lanes::{Lanes, Open};
pub use place::{OpenPlace, Place, Tried};
use std::sync::Arc;
use std::time::Duration;
pub use wharf_storage::route_tag;
use wharf_storage::{Event, OpenDelivery, Progress};

/// Open deliveries in memory per account and route. 1024 keeps a route of 32 parallel deliveries busy through a read
/// of the journal, and its progress record under 8 KiB.
pub const WINDOW: usize = 1024;

/// After a read that failed the journal is read again no sooner than this, in ms: a disk that fails is not asked in a
/// loop.
const READ_AGAIN_MS: u64 = 1000;

/// Deliveries under way at once while nothing is known of the endpoint, or after it failed; each that gets through
/// allows one more, up to the route's concurrency. So an endpoint that is down holds up few deliveries of each account.
const NARROW: usize = 4;

/// A delivery that failed this often ...
const PARK_ATTEMPTS: u32 = 5;
/// ... over at least this long, in ms, while others of its route got through, is parked.
const PARK_MS: u64 = 120_000;

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempted {
    /// The application took it (2xx).
    Delivered,
    /// There is nothing to deliver any more: its bytes were erased.
    Erased,
    /// The endpoint was not asked: it is known to be down, or the route is paused.
    NotTried {
        /// When asking is worth while, in ms since 1970.
        again_at_ms: u64,
    },
    /// It did not.
    Failed {
        /// Its HTTP status, where it answered.
        status: Option<u16>,
        /// How long it asked us to wait.
        retry_after: Option<Duration>,
        /// What happened, for people.
        reason: String,
        /// The endpoint is known to be down now; when asking again is worth while, in ms since 1970.
        down_until_ms: Option<u64>,
        /// How much of the time since the event was accepted its endpoint was held, in ms: that does not age it.
        held_ms: u64,
    },
}

impl Attempted {
    /// A failure without an answer, which says nothing of the endpoint.
    pub fn unanswered(reason: impl Into<String>) -> Self {
        Self::Failed { status: None, retry_after: None, reason: reason.into(), down_until_ms: None, held_ms: 0 }
    }
}

/// How an attempt changed the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Ended: delivered.
    Delivered,
    /// Not ended: it was not tried.
    NotTried,
    /// Not ended: tried again when due.
    Again,
    /// Not ended: tried again on its own; its lane goes on.
    Parked,
    /// Ended: the answer is one that the route calls final.
    Refused,
    /// Ended: its bytes were erased.
    Erased,
    /// Ended: too old to go on.
    Dead,
}

/// A delivery that may start now.
#[derive(Debug, Clone)]
pub struct Due {
    /// The event's seq.
    pub seq: u64,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// The event, where it is still in memory.
    pub event: Option<Arc<Event>>,
    /// Whether it comes after one of its lane that is parked, or is such a one.
    pub out_of_order: bool,
    /// Since when it is open, in ms since 1970: when its event was accepted, or when it was opened again.
    pub since_ms: u64,
}

/// One route's way through one stream.
#[derive(Debug)]
pub struct Reader {
    route: Arc<Route>,
    /// Every event up to here is ended or open.
    high: u64,
    lanes: Lanes,
    /// Lanes that became another one while the journal still held events of theirs.
    joins: Joins,
    /// Deliveries that may be under way at once.
    width: usize,
    /// The endpoint is down: nothing starts before this, in ms since 1970.
    held_until_ms: Option<u64>,
    /// When a delivery last got through, in ms since 1970.
    delivered_at_ms: u64,
    body_bytes: usize,
    body_budget: usize,
    /// A read of the journal is under way, and the last durable seq when it was asked for.
    reading: Option<u64>,
    /// The last read failed; not before this moment is there another.
    read_again_ms: Option<u64>,
    last_answer: Option<LastAnswer>,
    standing: Standing,
}

/// What a route last said, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LastAnswer {
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// Its HTTP status, where it answered.
    pub status: Option<u16>,
    /// What happened, where it failed.
    pub reason: Option<String>,
}

impl Reader {
    /// A reader that begins after `high`; `body_budget` bounds the bytes of event bodies it keeps in memory.
    pub fn new(route: Arc<Route>, high: u64, body_budget: usize) -> Self {
        Self {
            width: NARROW.min(route.concurrency),
            route,
            high,
            lanes: Lanes::default(),
            joins: Joins::default(),
            held_until_ms: None,
            delivered_at_ms: 0,
            body_bytes: 0,
            body_budget,
            reading: None,
            read_again_ms: None,
            last_answer: None,
            standing: Standing::Live,
        }
    }

    /// The route.
    pub fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// Takes an open delivery back after a restart. Call in ascending order of seq, before anything else.
    pub fn restore(&mut self, kept: OpenDelivery) {
        let lane = match self.route.order {
            Order::Dialog => kept.lane,
            Order::None => kept.seq,
        };
        self.lanes.insert(kept.seq, Open::restored(kept, lane));
    }

    /// A new event became durable. Takes it into the window if nothing before it is missing and there is room.
    pub fn offer(&mut self, event: &Arc<Event>, wanted: bool) {
        if self.reading.is_some() || self.high + 1 != event.seq || self.is_full() {
            return;
        }
        self.high = event.seq;
        if wanted {
            self.insert_new(event);
        }
    }

    /// Where to read on from, if the journal holds more and the window has room; then [`Reader::read`] must follow.
    pub fn wants_to_read(&mut self, last_durable_seq: u64, now: u64) -> Option<u64> {
        let room = self.lanes.len() < WINDOW / 2;
        self.read_again_ms = self.read_again_ms.filter(|again_ms| *again_ms > now);
        if self.reading.is_some() || self.read_again_ms.is_some() || !room || self.high >= last_durable_seq {
            return None;
        }
        self.reading = Some(last_durable_seq);
        Some(self.high)
    }

    /// What was read: events ascending after the place asked for. None at all means that the journal no longer holds
    /// what was there when it was asked.
    pub fn read(&mut self, events: &[Arc<Event>], wanted: impl Fn(&Event) -> bool) {
        let asked_through = self.reading.take().unwrap_or(self.high);
        if events.is_empty() {
            self.high = self.high.max(asked_through);
        }
        let after = self.high;
        for event in events.iter().filter(|event| event.seq > after) {
            if self.is_full() {
                return;
            }
            self.high = event.seq;
            if wanted(event) {
                self.insert_new(event);
            }
        }
    }

    /// The read failed; it may be tried again, but not at once.
    pub fn read_failed(&mut self, now: u64) {
        self.reading = None;
        self.read_again_ms = Some(now + READ_AGAIN_MS);
    }

    /// Starts what is due, within the route's concurrency.
    pub fn start_due(&mut self, now: u64) -> Vec<Due> {
        let mut due = Vec::new();
        if self.held_until_ms.is_some_and(|until_ms| until_ms > now) {
            return due;
        }
        while self.lanes.under_way() < self.room() {
            let Some(seq) = self.lanes.take(now) else { break };
            let out_of_order = self.lanes.is_out_of_order(seq);
            let open = self.lanes.get(seq).expect("it starts just now");
            let since_ms = open.received_at_ms;
            due.push(Due { seq, attempt: open.attempts + 1, event: open.event.clone(), out_of_order, since_ms });
        }
        due
    }

    /// An attempt ended. `None` where the delivery is not open any more.
    pub fn attempted(&mut self, seq: u64, what: Attempted, chance: f64, now: u64) -> Option<Verdict> {
        let open = self.lanes.stop(seq)?;
        let (status, retry_after, reason, down_until_ms, held_ms) = match what {
            Attempted::NotTried { again_at_ms } => {
                self.lanes.wait(seq);
                self.hold(again_at_ms);
                return Some(Verdict::NotTried);
            }
            Attempted::Erased => {
                self.end(seq);
                return Some(Verdict::Erased);
            }
            Attempted::Delivered => {
                self.last_answer = Some(LastAnswer { at_ms: now, status: None, reason: None });
                self.delivered(seq, now);
                return Some(Verdict::Delivered);
            }
            Attempted::Failed { status, retry_after, reason, down_until_ms, held_ms } => {
                (status, retry_after, reason, down_until_ms, held_ms)
            }
        };
        open.attempts += 1;
        open.due_at_ms = now + retry::DELIVERY.delay_ms(open.attempts, retry_after, chance);
        if open.failed_since_ms == 0 {
            open.failed_since_ms = now;
        }
        let age_ms = now.saturating_sub(open.received_at_ms).saturating_sub(held_ms);
        let is_old = age_ms >= self.route.max_age.as_millis() as u64;
        let is_poison = !open.parked
            && open.attempts >= PARK_ATTEMPTS
            && now.saturating_sub(open.failed_since_ms) >= PARK_MS
            && self.delivered_at_ms > open.failed_since_ms;
        self.last_answer = Some(LastAnswer { at_ms: now, status, reason: Some(reason) });
        self.width = NARROW.min(self.route.concurrency);
        down_until_ms.into_iter().for_each(|until_ms| self.hold(until_ms));
        if status.is_some_and(|status| self.route.finals.contains(&status)) {
            self.end(seq);
            return Some(Verdict::Refused);
        }
        if is_old {
            self.end(seq);
            return Some(Verdict::Dead);
        }
        self.lanes.wait(seq);
        if is_poison {
            self.lanes.park(seq);
            return Some(Verdict::Parked);
        }
        Some(Verdict::Again)
    }

    /// Ends a delivery that is open, or that the journal holds and the route wanted; says whether there was one.
    pub fn bury(&mut self, seq: u64, wanted: bool) -> bool {
        if self.lanes.get(seq).is_some() {
            self.end(seq);
            return true;
        }
        let ahead = seq > self.high;
        self.high = self.high.max(seq);
        ahead && wanted
    }

    /// The journal holds nothing up to here that is not open.
    pub fn pass(&mut self, through: u64) {
        self.high = self.high.max(through);
    }

    /// The next moment at which something may start; `None` when nothing waits or the route is as busy as it may be.
    pub fn due_at(&self) -> Option<u64> {
        let is_busy = self.lanes.under_way() >= self.room();
        let head =
            self.lanes.due_at().filter(|_| !is_busy).map(|due_at_ms| due_at_ms.max(self.held_until_ms.unwrap_or(0)));
        [head, self.read_again_ms].into_iter().flatten().min()
    }

    /// What must be kept so that nothing is lost and little is repeated.
    pub fn progress(&self, account: &str) -> Progress {
        Progress {
            account: account.into(),
            route: self.route.name.as_ref().into(),
            high: self.high,
            open: self.lanes.iter().map(|(seq, open)| open.kept(seq)).collect(),
        }
    }

    /// Open deliveries in memory, and how many of them are under way.
    pub fn depth(&self) -> (usize, usize) {
        (self.lanes.len(), self.lanes.under_way())
    }

    /// When the oldest open delivery was accepted, or opened again, in ms since 1970.
    pub fn oldest_ms(&self) -> Option<u64> {
        self.lanes.iter().map(|(_, open)| open.received_at_ms).min()
    }

    /// Deliveries that are next in their lanes and not under way.
    pub fn next(&self) -> usize {
        self.lanes.next()
    }

    /// Deliveries that are retried on their own.
    pub fn parked(&self) -> usize {
        self.lanes.parked()
    }

    /// What the route last said.
    pub fn last_answer(&self) -> Option<&LastAnswer> {
        self.last_answer.as_ref()
    }

    /// Every open delivery's seq, ascending.
    pub fn open_seqs(&self) -> Vec<u64> {
        self.lanes.iter().map(|(seq, _)| seq).collect()
    }

    /// Puts what `mask` makes of it in the place of each event in memory.
    pub fn mask(&mut self, mask: impl Fn(&Arc<Event>) -> Arc<Event>) {
        let bytes = &mut self.body_bytes;
        for event in self.lanes.events_mut() {
            let masked = mask(event);
            *bytes = *bytes - event.body.len() + masked.body.len();
            *event = masked;
        }
    }

    /// Every event up to here is ended or open.
    pub fn high(&self) -> u64 {
        self.high
    }

    fn is_full(&self) -> bool {
        self.lanes.len() >= WINDOW
    }

    fn insert_new(&mut self, event: &Arc<Event>) {
        let keep = self.body_bytes + event.body.len() <= self.body_budget;
        if keep {
            self.body_bytes += event.body.len();
        }
        let lane = match self.route.order {
            Order::Dialog => self.joins.lane_of(event),
            Order::None => event.seq,
        };
        self.lanes.insert(event.seq, Open::new(event, lane, keep.then(|| Arc::clone(event))));
    }

    /// Deliveries that may be under way: a batch counts as one.
    fn room(&self) -> usize {
        self.width * self.route.batch.map_or(1, |batch| batch.max)
    }

    fn delivered(&mut self, seq: u64, now: u64) {
        self.end(seq);
        self.delivered_at_ms = now;
        self.width = (self.width + 1).min(self.route.concurrency);
        if self.held_until_ms.take().is_some() {
            self.lanes.release(now);
        }
    }

    fn hold(&mut self, until_ms: u64) {
        self.held_until_ms = self.held_until_ms.max(Some(until_ms));
        self.width = NARROW.min(self.route.concurrency);
    }

    fn end(&mut self, seq: u64) {
        let open = self.lanes.end(seq);
        self.body_bytes -= open.event.map_or(0, |event| event.body.len());
    }
}

#[cfg(test)]
mod tests;
