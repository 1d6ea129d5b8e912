//! One route's way through one stream: which deliveries are open, in which lanes, and what may start next.
//!
//! A reader holds a window of at most [`WINDOW`] open deliveries. What comes in beyond it stays in the journal and is
//! read on when the window has room, so a route that is down for a day costs its account a bounded amount of memory.

use crate::gateway::Route;
use crate::rules::retry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{Event, OpenDelivery, Progress};

mod join;
use join::Joins;

/// Open deliveries in memory per account and route. 1024 keeps a route of 32 parallel deliveries busy through a read
/// of the journal, and its progress record under 8 KiB.
pub const WINDOW: usize = 1024;

/// After a read that failed the journal is read again no sooner than this, in ms: a disk that fails is not asked in a
/// loop.
const READ_AGAIN_MS: u64 = 1000;

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempted {
    /// The application took it (2xx).
    Delivered,
    /// It did not.
    Failed {
        /// Its HTTP status, where it answered.
        status: Option<u16>,
        /// How long it asked us to wait.
        retry_after: Option<Duration>,
        /// What happened, for people.
        reason: String,
    },
}

/// How an attempt changed the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Ended: delivered.
    Delivered,
    /// Not ended: tried again when due.
    Again,
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
}

/// One route's way through one stream.
#[derive(Debug)]
pub struct Reader {
    route: Arc<Route>,
    /// Every event up to here is ended or open.
    high: u64,
    open: BTreeMap<u64, Open>,
    lanes: HashMap<u64, VecDeque<u64>>,
    /// Lanes that became another one while the journal still held events of theirs.
    joins: Joins,
    /// Heads of lanes that are not under way, by when they are due.
    heads: BTreeSet<(u64, u64)>,
    under_way: usize,
    body_bytes: usize,
    body_budget: usize,
    /// A read of the journal is under way, and the last durable seq when it was asked for.
    reading: Option<u64>,
    /// The last read failed; not before this moment is there another.
    read_again_ms: Option<u64>,
    last_answer: Option<LastAnswer>,
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

#[derive(Debug)]
struct Open {
    lane: u64,
    /// The lane as the event has it: what is kept, because a restart forgets which lanes were joined.
    own_lane: u64,
    received_at_ms: u64,
    attempts: u32,
    due_at_ms: u64,
    under_way: bool,
    event: Option<Arc<Event>>,
}

/// What a route's name becomes in an event's `wanted_by`.
pub fn route_tag(name: &str) -> u32 {
    xxhash_rust::xxh3::xxh3_64(name.as_bytes()) as u32
}

impl Reader {
    /// A reader that begins after `high`; `body_budget` bounds the bytes of event bodies it keeps in memory.
    pub fn new(route: Arc<Route>, high: u64, body_budget: usize) -> Self {
        Self {
            route,
            high,
            open: BTreeMap::new(),
            lanes: HashMap::new(),
            joins: Joins::default(),
            heads: BTreeSet::new(),
            under_way: 0,
            body_bytes: 0,
            body_budget,
            reading: None,
            read_again_ms: None,
            last_answer: None,
        }
    }

    /// The route.
    pub fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// Takes an open delivery back after a restart. Call in ascending order of seq, before anything else.
    pub fn restore(&mut self, kept: OpenDelivery) {
        let OpenDelivery { seq, lane, received_at_ms, attempts, due_at_ms } = kept;
        self.insert(
            seq,
            Open { lane, own_lane: lane, received_at_ms, attempts, due_at_ms, under_way: false, event: None },
        );
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
        let room = self.open.len() < WINDOW / 2;
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
        while self.under_way < self.route.concurrency {
            let Some(&(due_at_ms, seq)) = self.heads.first() else { break };
            if due_at_ms > now {
                break;
            }
            self.heads.pop_first();
            self.under_way += 1;
            let open = self.open.get_mut(&seq).expect("a head is open");
            open.under_way = true;
            due.push(Due { seq, attempt: open.attempts + 1, event: open.event.clone() });
        }
        due
    }

    /// An attempt ended. `None` where the delivery is not open any more.
    pub fn attempted(&mut self, seq: u64, what: Attempted, chance: f64, now: u64) -> Option<Verdict> {
        let open = self.open.get_mut(&seq).filter(|open| open.under_way)?;
        open.under_way = false;
        open.attempts += 1;
        self.under_way -= 1;
        let (status, reason, retry_after) = match what {
            Attempted::Delivered => {
                self.last_answer = Some(LastAnswer { at_ms: now, status: None, reason: None });
                self.end(seq);
                return Some(Verdict::Delivered);
            }
            Attempted::Failed { status, retry_after, reason } => (status, reason, retry_after),
        };
        self.last_answer = Some(LastAnswer { at_ms: now, status, reason: Some(reason) });
        if now.saturating_sub(open.received_at_ms) >= self.route.max_age.as_millis() as u64 {
            self.end(seq);
            return Some(Verdict::Dead);
        }
        open.due_at_ms = now + retry::DELIVERY.delay_ms(open.attempts, retry_after, chance);
        let lane = open.lane;
        self.wake(lane);
        Some(Verdict::Again)
    }

    /// Ends a delivery that is open, or that the journal holds and the route wanted; says whether there was one.
    pub fn bury(&mut self, seq: u64, wanted: bool) -> bool {
        if let Some(open) = self.open.get(&seq) {
            debug_assert!(!open.under_way, "what is under way is not buried");
            let (due_at_ms, lane) = (open.due_at_ms, open.lane);
            self.heads.remove(&(due_at_ms, seq));
            self.end_in_lane(seq, lane);
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
        let is_busy = self.under_way >= self.route.concurrency;
        let head = self.heads.first().filter(|_| !is_busy).map(|(due_at_ms, _)| *due_at_ms);
        [head, self.read_again_ms].into_iter().flatten().min()
    }

    /// What must be kept so that nothing is lost and little is repeated.
    pub fn progress(&self, account: &str) -> Progress {
        Progress {
            account: account.into(),
            route: self.route.name.as_ref().into(),
            high: self.high,
            open: self.open.iter().map(|(seq, open)| open.kept(*seq)).collect(),
        }
    }

    /// Open deliveries in memory, and how many of them are under way.
    pub fn depth(&self) -> (usize, usize) {
        (self.open.len(), self.under_way)
    }

    /// When the oldest open delivery was accepted, in ms since 1970.
    pub fn oldest_ms(&self) -> Option<u64> {
        self.open.first_key_value().map(|(_, open)| open.received_at_ms)
    }

    /// What the route last said.
    pub fn last_answer(&self) -> Option<&LastAnswer> {
        self.last_answer.as_ref()
    }

    /// Every open delivery's seq, ascending.
    pub fn open_seqs(&self) -> Vec<u64> {
        self.open.keys().copied().collect()
    }

    /// Every event up to here is ended or open.
    pub fn high(&self) -> u64 {
        self.high
    }

    fn is_full(&self) -> bool {
        self.open.len() >= WINDOW
    }

    fn insert_new(&mut self, event: &Arc<Event>) {
        let keep = self.body_bytes + event.body.len() <= self.body_budget;
        if keep {
            self.body_bytes += event.body.len();
        }
        let open = Open {
            lane: self.joins.lane_of(event),
            own_lane: event.lane,
            received_at_ms: event.received_at_ms,
            attempts: 0,
            due_at_ms: 0,
            under_way: false,
            event: keep.then(|| Arc::clone(event)),
        };
        self.insert(event.seq, open);
    }

    fn insert(&mut self, seq: u64, open: Open) {
        let lane = self.lanes.entry(open.lane).or_default();
        lane.push_back(seq);
        if lane.len() == 1 {
            self.heads.insert((open.due_at_ms, seq));
        }
        self.open.insert(seq, open);
    }

    /// Ends the delivery at the head of its lane; the next one may go.
    fn end(&mut self, seq: u64) {
        let lane = self.open[&seq].lane;
        self.end_in_lane(seq, lane);
    }

    fn end_in_lane(&mut self, seq: u64, lane: u64) {
        let open = self.open.remove(&seq).expect("only an open delivery ends");
        self.body_bytes -= open.event.map_or(0, |event| event.body.len());
        let queue = self.lanes.get_mut(&lane).expect("an open delivery has a lane");
        if queue.front() == Some(&seq) {
            queue.pop_front();
        } else {
            queue.retain(|other| *other != seq);
        }
        if queue.is_empty() {
            self.lanes.remove(&lane);
        }
        self.wake(lane);
    }
}

impl Open {
    fn kept(&self, seq: u64) -> OpenDelivery {
        OpenDelivery {
            seq,
            lane: self.own_lane,
            received_at_ms: self.received_at_ms,
            attempts: self.attempts,
            due_at_ms: self.due_at_ms,
        }
    }
}

#[cfg(test)]
mod tests;
