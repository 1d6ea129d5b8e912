//! All routes of one stream: what each new event means for each of them, and the progress worth keeping.

mod again;
mod exchange;
mod holds;
mod trail;

use crate::gateway::Route;
use crate::rules::erasing::Erasing;
use crate::rules::reader::{Attempted, Due, Reader, Verdict, route_tag};
pub use again::Asked;
pub use exchange::{Ending, is_own};
pub use holds::Place;
use std::sync::Arc;
pub use trail::FirstTry;
use trail::Trails;
use wharf_storage::{Change, DeadLetter, DeliveryHold, ERASED, Erasure, Event, KeepBody, RouteTally, Tally};

/// Ended attempts that wait for one another before their progress is kept.
const GROUP: usize = 64;
/// How long they wait at most, in ms. After a `kill -9` this much is delivered again.
const GROUP_MS: u64 = 25;

/// A reader that passed this many events without a delivery keeps how far it got all the same: a restart must not read
/// what a filter passed over since the route began.
const PASSED: u64 = 1024;

/// The readers of one stream.
#[derive(Debug)]
pub struct Deliveries {
    stream: Arc<str>,
    readers: Vec<Reader>,
    /// By reader: how far it had got when that was last kept.
    kept_high: Vec<u64>,
    ended: Ended,
    trails: Trails,
    erasing: Erasing,
    /// What operators hold or held.
    holds: Vec<DeliveryHold>,
    /// A change with progress is on its way to the disk.
    keeping: bool,
    /// Nothing new starts; what ends is kept at once.
    resting: bool,
}

#[derive(Debug, Default)]
struct Ended {
    count: usize,
    since_ms: Option<u64>,
    /// By reader: what to add to the ledger; `None` where nothing changed.
    tallies: Vec<Option<RouteTally>>,
    dead: Vec<DeadLetter>,
}

/// A delivery to start, with its route.
#[derive(Debug, Clone)]
pub struct Start {
    /// Which of the stream's routes.
    pub reader: usize,
    /// The route.
    pub route: Arc<Route>,
    /// The delivery.
    pub due: Due,
}

impl Deliveries {
    /// The readers of `stream`, already restored.
    pub fn new(stream: Arc<str>, readers: Vec<Reader>) -> Self {
        let ended = Ended { tallies: vec![None; readers.len()], ..Ended::default() };
        let kept_high = readers.iter().map(Reader::high).collect();
        let (trails, erasing, holds) = (Trails::default(), Erasing::default(), Vec::new());
        Self { stream, readers, kept_high, ended, trails, erasing, holds, keeping: false, resting: false }
    }

    /// The same where bodies are kept as `keep_body` says, and so is what endpoints write about them.
    #[must_use]
    pub fn keeping(self, keep_body: KeepBody) -> Self {
        Self { trails: Trails::new(keep_body), ..self }
    }

    /// Fixes which routes want `event`, and what that adds to the ledger.
    pub fn decide(&self, event: &mut Event, wanted: impl Fn(&Route, &Event) -> bool, tally: &mut Tally) {
        for reader in self.readers.iter().filter(|reader| reader.is_live()) {
            let route = reader.route();
            let wants = wanted(route, event);
            let sum = tally.routes.entry(route.name.to_string()).or_default();
            sum.offered += 1;
            if wants {
                event.wanted_by.push(route_tag(&route.name));
                sum.pending += 1;
            } else {
                sum.filtered += 1;
            }
        }
    }

    /// `event` became durable.
    pub fn offer(&mut self, event: &Arc<Event>) {
        let event = &self.erasing.mask(event);
        for reader in self.readers.iter_mut().filter(|reader| reader.is_live()) {
            let wanted = is_wanted(event, reader.route());
            reader.offer(event, wanted);
        }
    }

    /// Two lanes are one from the event at `until` on.
    pub fn join(&mut self, from: u64, into: u64, until: u64) {
        self.readers.iter_mut().for_each(|reader| reader.join(from, into, until));
    }

    /// Readers that want the journal read on, and from where.
    pub fn wants_to_read(&mut self, last_durable_seq: u64, now: u64) -> Vec<(usize, u64)> {
        let readers = self.readers.iter_mut().enumerate().filter(|(_, reader)| reader.is_live());
        readers.filter_map(|(index, reader)| Some((index, reader.wants_to_read(last_durable_seq, now)?))).collect()
    }

    /// What a read brought; `None` where it failed.
    pub fn read(&mut self, reader: usize, read: Option<&[Arc<Event>]>, now: u64) {
        let reader = &mut self.readers[reader];
        let route = Arc::clone(reader.route());
        match read {
            Some(events) => {
                let events: Vec<_> = events.iter().map(|event| self.erasing.mask(event)).collect();
                reader.read(&events, |event| is_wanted(event, &route))
            }
            None => reader.read_failed(now),
        }
    }

    /// Starts everything that is due.
    pub fn start_due(&mut self, now: u64) -> Vec<Start> {
        let mut starts = Vec::new();
        for (index, reader) in self.readers.iter_mut().enumerate().filter(|(_, reader)| reader.is_live()) {
            let route = Arc::clone(reader.route());
            let due = reader.start_due(now).into_iter();
            starts.extend(due.map(|due| Start { reader: index, route: Arc::clone(&route), due }));
        }
        starts
    }

    /// An attempt ended; `event` is what was tried.
    pub fn attempted(&mut self, reader: usize, event: &Event, what: Attempted, chance: f64, now: u64) {
        let what = self.aged(reader, event, what, now);
        let (status, reason) = match &what {
            Attempted::Delivered | Attempted::Erased | Attempted::NotTried { .. } => (None, String::new()),
            Attempted::Failed { status, reason, .. } => (*status, reason.clone()),
        };
        let tried = self.readers[reader].tried(event.seq);
        let Some(verdict) = self.readers[reader].attempted(event.seq, what, chance, now) else { return };
        let reason = match verdict {
            Verdict::Dead => format!("not delivered within max_age; last: {reason}"),
            Verdict::Refused => format!("refused for good: {reason}"),
            Verdict::Erased => ERASED.to_owned(),
            Verdict::Delivered | Verdict::Again | Verdict::Parked | Verdict::NotTried => reason,
        };
        self.leave_trail(reader, event, tried, verdict, status, &reason, now);
        match verdict {
            Verdict::Delivered => {
                self.end(reader, RouteTally { delivered: 1, pending: -1, ..RouteTally::default() }, now)
            }
            Verdict::Dead | Verdict::Refused => self.give_up(reader, event, &reason, status, now),
            Verdict::Erased => self.give_up(reader, &event.clone().erased(), &reason, None, now),
            // The count of attempts and the time of the next are worth keeping too.
            Verdict::Again | Verdict::Parked => self.end(reader, RouteTally::default(), now),
            Verdict::NotTried => {}
        }
    }

    fn give_up(&mut self, reader: usize, event: &Event, reason: &str, status: Option<u16>, now: u64) {
        let letter = self.dead_letter(reader, event, reason, status, now);
        self.ended.dead.push(letter);
        self.end(reader, RouteTally { dead: 1, pending: -1, ..RouteTally::default() }, now);
    }

    /// Lets go of the bytes of a customer's events: their deliveries end once they are due.
    pub fn erase(&mut self, erasure: &Arc<Erasure>) {
        self.erasing.begin(erasure);
        self.readers.iter_mut().for_each(|reader| reader.mask(|event| self.erasing.mask(event)));
        self.trails.erase();
        for letter in &mut self.ended.dead {
            if erasure.is_mentioned(&letter.account, &letter.bytes) {
                (letter.bytes, letter.reason) = (bytes::Bytes::new(), ERASED.into());
            }
        }
    }

    /// The store has nothing left of an erasure.
    pub fn erased(&mut self, erasure: &Erasure) {
        self.erasing.end(erasure);
    }

    /// Gives up deliveries: they become dead letters.
    pub fn bury(&mut self, reader: usize, events: &[Arc<Event>], through: u64, reason: &str, now: u64) {
        // Its route has come back meanwhile.
        if self.readers[reader].is_live() && !self.resting {
            return;
        }
        for event in events {
            let wanted = is_wanted(event, self.readers[reader].route());
            let tried = self.readers[reader].tried(event.seq);
            if self.readers[reader].bury(event.seq, wanted) {
                self.leave_last_trail(reader, event, tried, reason, now);
                self.give_up(reader, event, reason, None, now);
            }
        }
        self.readers[reader].pass(through);
    }

    /// The progress worth keeping now, if there is any; [`Deliveries::kept`] must follow when it is durable.
    pub fn keep(&mut self, now: u64) -> Option<Change> {
        if self.keeping || !(self.is_group_due(now) || self.has_passed_many() || self.has_over()) {
            return None;
        }
        self.keeping = true;
        Some(self.keep_now())
    }

    /// All that is worth keeping, as it is now.
    fn keep_now(&mut self) -> Change {
        let mut change = Change::default();
        let mut tally = Tally::default();
        for ((reader, kept_high), ended) in
            self.readers.iter_mut().zip(&mut self.kept_high).zip(&mut self.ended.tallies)
        {
            let ended = ended.take();
            if reader.is_gone() || (ended.is_none() && reader.high() < *kept_high + PASSED && !reader.is_over()) {
                continue;
            }
            *kept_high = reader.high();
            Self::keep_place(reader, &self.stream, &mut change);
            tally.routes.insert(reader.route().name.to_string(), ended.unwrap_or_default());
        }
        self.ended.dead.drain(..).for_each(|letter| change.put(&letter));
        self.trails.drain(&mut change);
        change.tallies.push((self.owner(), tally));
        self.ended.count = 0;
        self.ended.since_ms = None;
        change
    }

    /// What [`Deliveries::keep`] gave is durable.
    pub fn kept(&mut self) {
        self.trails.kept();
        self.keeping = false;
    }

    /// Keeps what ends at once from now on: nothing follows that it could wait for.
    pub fn rest(&mut self) {
        self.resting = true;
    }

    /// Whether the end of every delivery is durable.
    pub fn is_kept(&self) -> bool {
        !self.keeping && self.ended.count == 0 && !self.has_over()
    }

    /// The next moment worth a wake-up.
    pub fn due_at(&self) -> Option<u64> {
        let live = self.readers.iter().filter(|reader| reader.is_live());
        let deliveries = live.filter_map(Reader::due_at).min();
        [deliveries, self.keep_due_at()].into_iter().flatten().min()
    }

    /// When progress is worth keeping, if there is any.
    pub fn keep_due_at(&self) -> Option<u64> {
        self.ended.since_ms.filter(|_| !self.keeping).map(|since_ms| since_ms + GROUP_MS)
    }

    /// The readers, for views.
    pub fn readers(&self) -> &[Reader] {
        &self.readers
    }

    /// A delivery given up, as it is kept.
    pub fn dead_letter(&self, reader: usize, event: &Event, reason: &str, status: Option<u16>, now: u64) -> DeadLetter {
        let is_erased = self.erasing.concerns(event);
        DeadLetter {
            account: self.stream.as_ref().into(),
            route: Some(self.readers[reader].route().name.as_ref().into()),
            event: Some(event.id().into()),
            message: None,
            reason: if is_erased { ERASED.into() } else { reason.into() },
            status,
            at_ms: now,
            bytes: if is_erased { bytes::Bytes::new() } else { event.body.clone() },
        }
    }

    /// Who owns the ledger of this stream: the account, or for test payloads the gateway.
    fn owner(&self) -> Arc<str> {
        match self.stream.strip_prefix("t.") {
            Some(gateway) => gateway.into(),
            None => Arc::clone(&self.stream),
        }
    }

    fn end(&mut self, reader: usize, tally: RouteTally, now: u64) {
        self.ended.tallies[reader].get_or_insert_default().add(&tally);
        self.ended.count += 1;
        self.ended.since_ms.get_or_insert(now);
    }

    fn has_passed_many(&self) -> bool {
        let mut readers = self.readers.iter().zip(&self.kept_high);
        readers.any(|(reader, kept_high)| !reader.is_gone() && reader.high() >= kept_high + PASSED)
    }

    fn is_group_due(&self, now: u64) -> bool {
        let waited = self.ended.since_ms.is_some_and(|since_ms| now >= since_ms + GROUP_MS);
        waited || self.ended.count >= GROUP || (self.resting && self.ended.count > 0)
    }
}

/// Whether `event` was fixed to go to `route`.
pub fn is_wanted(event: &Event, route: &Route) -> bool {
    event.wanted_by.contains(&route_tag(&route.name))
}

#[cfg(test)]
mod tests;
