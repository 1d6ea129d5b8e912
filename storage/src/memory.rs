//! An engine without a disk, for tests and simulations: the same promise, kept until [`MemoryStore::crash`] decides
//! otherwise. It must not know how a real engine writes.

mod image;

use crate::change::dead_bytes;
use crate::erasure;
use crate::receipt::tell;
use crate::{
    Change, Clock, Erased, Erasure, Event, Figures, Glance, Key, Kind, Ledger, Outcome, Receipt, Room, Seen, Stamp,
    Standing, Store, StoreError,
};
use bytes::Bytes;
use image::Image;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A store that forgets when its process ends, unless it is asked to [`crash`](MemoryStore::crash) into a new one.
pub struct MemoryStore {
    inner: Mutex<Inner>,
    pace: Pace,
    clock: Clock,
    dedupe: Duration,
}

/// When commits settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Within `commit`.
    AtOnce,
    /// When the test says so.
    Stepwise,
}

#[derive(Default)]
struct Inner {
    image: Image,
    waiting: VecDeque<(Change, Vec<Receipt>)>,
    news: VecDeque<(Vec<Receipt>, Outcome)>,
    telling: bool,
    closed: Option<Arc<str>>,
    /// Since when, in s since 1970.
    closed_at_s: u64,
    figures: Figures,
    room: Room,
    wishes: Vec<Erasure>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store that settles each change within `commit`, on the caller's thread.
    pub fn new() -> Self {
        Self::with(Pace::AtOnce, Image::default(), Clock::system(), Duration::from_secs(8 * 86_400))
    }

    /// An empty store whose changes wait for [`settle_next`](Self::settle_next) or [`fail_next`](Self::fail_next).
    pub fn manual() -> Self {
        Self { pace: Pace::Stepwise, ..Self::new() }
    }

    /// The same store with another clock and dedupe window (8 days by default).
    pub fn timed(self, clock: Clock, dedupe: Duration) -> Self {
        Self { clock, dedupe, ..self }
    }

    fn with(pace: Pace, image: Image, clock: Clock, dedupe: Duration) -> Self {
        Self { inner: Mutex::new(Inner { image, ..Inner::default() }), pace, clock, dedupe }
    }

    /// Makes the oldest waiting change durable and tells its receipts; `false` where none waits.
    pub fn settle_next(&self) -> bool {
        let settled = self.lock().settle_one();
        self.tell_news();
        settled
    }

    /// Makes everything that waits durable; returns how many changes that were.
    pub fn settle_all(&self) -> usize {
        let mut settled = 0;
        while self.settle_next() {
            settled += 1;
        }
        settled
    }

    /// Lets the next write fail: whatever waits is lost and the store is closed, as by a failed disk.
    pub fn fail_next(&self, reason: &str) {
        self.lock().lose(reason);
        self.tell_news();
    }

    /// From now on the store says that its space is as `room` tells.
    pub fn set_room(&self, room: Room) {
        self.lock().room = room;
    }

    /// How many changes wait.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Kills this store: nothing that waits is kept or told of. The new store holds what was committed.
    pub fn crash(&self) -> MemoryStore {
        let mut inner = self.lock();
        inner.waiting.clear();
        inner.news.clear();
        inner.closed = Some("the process was killed".into());
        let wishes = inner.wishes.clone();
        let next = Self::with(self.pace, inner.image.clone(), self.clock.clone(), self.dedupe);
        next.lock().wishes = wishes;
        next
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells receipts in commit order, outside the lock: a desk may commit again from within.
    fn tell_news(&self) {
        if std::mem::replace(&mut self.lock().telling, true) {
            return;
        }
        loop {
            let mut inner = self.lock();
            let Some((receipts, outcome)) = inner.news.pop_front() else {
                inner.telling = false;
                return;
            };
            drop(inner);
            tell(receipts, &outcome);
        }
    }
}

impl Inner {
    fn settle_one(&mut self) -> bool {
        let Some((change, receipts)) = self.waiting.pop_front() else { return false };
        self.figures.commits.note(0.0);
        self.figures.changes += 1;
        self.figures.events += change.events.len() as u64;
        self.figures.dead_bytes += dead_bytes(&change.writes);
        self.figures.journal_bytes += self.image.apply(change);
        self.news.push_back((receipts, Outcome::Durable));
        true
    }

    fn lose(&mut self, reason: &str) {
        if self.closed.is_none() {
            self.closed_at_s = Clock::system().now_s();
        }
        let reason: Arc<str> = self.closed.get_or_insert_with(|| reason.into()).clone();
        for (_, receipts) in self.waiting.drain(..) {
            self.news.push_back((receipts, Outcome::Lost { reason: reason.clone() }));
        }
    }
}

impl Store for MemoryStore {
    fn commit(&self, change: Change, receipts: Vec<Receipt>) {
        let mut inner = self.lock();
        inner.waiting.push_back((change, receipts));
        match (&inner.closed, self.pace) {
            (Some(reason), _) => {
                let reason = reason.clone();
                inner.lose(&reason);
            }
            (None, Pace::AtOnce) => drop(inner.settle_one()),
            (None, Pace::Stepwise) => return,
        }
        drop(inner);
        self.tell_news();
    }

    fn standing(&self) -> Standing {
        let inner = self.lock();
        match &inner.closed {
            Some(reason) => Standing::Closed { reason: reason.to_string(), since_s: inner.closed_at_s },
            None => Standing::Open,
        }
    }

    fn hot(&self, kind: Kind, prefix: &[u8]) -> Vec<(Key, Bytes)> {
        self.lock().image.page(kind, prefix, None, usize::MAX)
    }

    fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.lock().image.get(kind, key))
    }

    fn page(
        &self,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        Ok(self.lock().image.page(kind, prefix, after, limit))
    }

    fn page_back(
        &self,
        kind: Kind,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        Ok(self.lock().image.page_back(kind, prefix, before, limit))
    }

    fn last_seq(&self, stream: &str) -> u64 {
        self.lock().image.last_seq(stream)
    }

    fn ledger(&self, owner: &str) -> Ledger {
        self.lock().image.ledger(owner)
    }

    fn ledgers(&self) -> Vec<(String, Ledger)> {
        self.lock().image.ledgers()
    }

    fn glance(&self, wanted: &[(u128, Stamp)]) -> Vec<Glance> {
        let (dedupe_s, now_s) = (self.dedupe.as_secs(), self.clock.now_s());
        let inner = self.lock();
        let glance = |seen: Option<Seen>| seen.map_or(Glance::New, Glance::Seen);
        wanted.iter().map(|(key, stamp)| glance(inner.image.seen(*key, *stamp, dedupe_s, now_s))).collect()
    }

    fn look(&self, wanted: &[(u128, Stamp)]) -> Result<Vec<Option<Seen>>, StoreError> {
        let (dedupe_s, now_s) = (self.dedupe.as_secs(), self.clock.now_s());
        let inner = self.lock();
        Ok(wanted.iter().map(|(key, stamp)| inner.image.seen(*key, *stamp, dedupe_s, now_s)).collect())
    }

    fn event(&self, stream: &str, seq: u64) -> Result<Option<Event>, StoreError> {
        Ok(self.lock().image.event(stream, seq))
    }

    fn events(&self, stream: &str, after: u64, limit: usize, max_bytes: usize) -> Result<Vec<Event>, StoreError> {
        Ok(self.lock().image.events(stream, after, limit, max_bytes))
    }

    fn figures(&self) -> Figures {
        self.lock().figures.clone()
    }

    fn room(&self) -> Room {
        self.lock().room.clone()
    }

    fn wish(&self, erasure: &Erasure) -> Result<(), StoreError> {
        self.lock().wishes.push(erasure.clone());
        Ok(())
    }

    fn wishes(&self) -> Result<Vec<Erasure>, StoreError> {
        Ok(self.lock().wishes.clone())
    }

    fn erase(&self, erasure: &Erasure) -> Result<Erased, StoreError> {
        let mut erased = erasure::remove(self, erasure)?;
        self.lock().image.erase(erasure, &mut erased);
        erased.verified = erasure::left(self, erasure)? == 0;
        self.lock().wishes.retain(|wish| wish != erasure);
        Ok(erased)
    }

    fn close(&self) {
        let mut inner = self.lock();
        while inner.settle_one() {}
        inner.lose("the store was shut down");
        drop(inner);
        self.tell_news();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::contract::{DEDUPE_S, Rig, START_S, contract};
    use crate::testing::{Notes, event};

    fn rig() -> Rig {
        let clock = Clock::by_hand(START_S);
        let timed = clock.clone();
        let mut current: Option<Arc<MemoryStore>> = None;
        Rig::new(clock, move |_| {
            let next = match &current {
                Some(store) => store.crash(),
                None => MemoryStore::new().timed(timed.clone(), Duration::from_secs(DEDUPE_S)),
            };
            current.insert(Arc::new(next)).clone()
        })
    }

    contract!(rig());

    fn arrival(seq: u64) -> Change {
        Change { events: vec![event("100", seq, 10).into()], ..Change::default() }
    }

    #[test]
    fn a_simulation_may_delay_fail_and_crash_commits() {
        let store = MemoryStore::manual();
        let notes = Arc::new(Notes::default());
        (1..=4).for_each(|seq| store.commit(arrival(seq), vec![notes.receipt(seq)]));
        assert_eq!((store.waiting(), store.last_seq("100"), notes.told()), (4, 0, Vec::new()));
        assert!(store.settle_next());
        assert_eq!((store.last_seq("100"), notes.told()), (1, vec![(1, Outcome::Durable)]));

        let crashed = store.crash();
        assert_eq!((crashed.last_seq("100"), crashed.waiting(), notes.told().len()), (1, 0, 1));
        crashed.commit(arrival(2), vec![notes.receipt(5)]);
        crashed.commit(arrival(3), vec![notes.receipt(6)]);
        crashed.fail_next("the disk is full");
        crashed.commit(arrival(4), vec![notes.receipt(7)]);
        let lost = Outcome::Lost { reason: "the disk is full".into() };
        assert_eq!(notes.told()[1..], [(5, lost.clone()), (6, lost.clone()), (7, lost)]);
        assert_eq!((crashed.last_seq("100"), crashed.settle_next()), (1, false));
        assert!(matches!(crashed.standing(), Standing::Closed { .. }));
    }
}
