//! Which stretches of an account's journal are delivered again, how fast, and what to read next. Pure; it knows neither
//! routes nor disks.

use std::sync::Arc;
use wharf_storage::{Change, Event, Kind, Noun, ReplayRecord, ReplayState};

/// Replays of one account that go on at once: each costs reads of the journal beside those for live traffic.
pub const MOST_REPLAYS: usize = 4;
/// Events per second where nobody says how many.
pub const USUAL_RATE: u32 = 50;
/// Events per second at most.
pub const FASTEST: u32 = 10_000;

/// Replays that have ended are shown until there are more than this.
const ENDED_KEPT: usize = 20;
/// Events opened at once at most: what a reader may hold of them.
const MOST_AT_ONCE: u32 = 256;
/// Events read at once while most of them are delivered again, and while none of them is.
const READS: (usize, usize) = (16, 512);
/// After a read that failed the journal is read again no sooner than this, in ms.
const READ_AGAIN_MS: u64 = 1000;

/// The replays of one account.
#[derive(Debug, Default)]
pub struct Replays(Vec<Job>);

#[derive(Debug)]
struct Job {
    record: ReplayRecord,
    due_at_ms: u64,
    /// Events to read at once.
    limit: usize,
    /// A read is under way.
    reading: bool,
    /// The reader that had no room for the next event.
    stuck: Option<usize>,
}

/// A read of the journal that a replay wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which replay.
    pub replay: Box<str>,
    /// After which seq.
    pub after: u64,
    /// At most so many events.
    pub limit: usize,
}

/// What became of one event of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is an open delivery again.
    Opened,
    /// Nobody gets it again.
    Skipped,
    /// A reader, by its place, has no room for it just now.
    NoRoom(usize),
}

impl Replays {
    /// Those that were kept, in the order in which they began.
    pub fn restored(mut records: Vec<ReplayRecord>) -> Self {
        records.sort_by_key(|record| record.began_at_ms);
        Self(records.into_iter().map(Job::of).collect())
    }

    /// One more begins. What is to be kept of that; `None` where too many go on.
    pub fn begin(&mut self, record: ReplayRecord) -> Option<Change> {
        if self.running().count() >= MOST_REPLAYS {
            return None;
        }
        let mut change = Change::default();
        let too_many = (self.0.len() - self.running().count()).saturating_sub(ENDED_KEPT - 1);
        for _ in 0..too_many {
            let oldest = self.0.iter().position(|job| !job.is_running()).expect("counted just now");
            change.remove(Kind::Replay, self.0.remove(oldest).record.key());
        }
        change.put(&record);
        self.0.push(Job::of(record));
        Some(change)
    }

    /// One shall end. What is to be kept of that; `None` where it does not go on.
    pub fn cancel(&mut self, id: &str, now: u64) -> Option<Change> {
        let job = self.0.iter_mut().find(|job| *job.record.id == *id && job.is_running())?;
        job.end(ReplayState::Cancelled, now);
        let mut change = Change::default();
        change.put(&job.record);
        Some(change)
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&ReplayRecord> {
        self.0.iter().map(|job| &job.record).find(|record| *record.id == *id)
    }

    /// The reads that are due, each to be answered with [`Replays::step`] or [`Replays::read_failed`]; `may` says whether
    /// a replay may go on, and whether the reader that had no room for it has some.
    pub fn wants_to_read(&mut self, may: impl Fn(&ReplayRecord, Option<usize>) -> bool, now: u64) -> Vec<Wanted> {
        let due = self.0.iter_mut().filter(|job| job.waits() && job.due_at_ms <= now && may(&job.record, job.stuck));
        due.map(|job| {
            job.reading = true;
            Wanted { replay: job.record.id.clone(), after: job.record.next_seq - 1, limit: job.limit }
        })
        .collect()
    }

    /// The next moment worth a wake-up; `may` as above.
    pub fn due_at(&self, may: impl Fn(&ReplayRecord, Option<usize>) -> bool) -> Option<u64> {
        let waiting = self.0.iter().filter(|job| job.waits() && may(&job.record, job.stuck));
        waiting.map(|job| job.due_at_ms).min()
    }

    /// A read failed; it may be tried again, but not at once.
    pub fn read_failed(&mut self, id: &str, now: u64) {
        if let Some(job) = self.reading(id) {
            job.reading = false;
            job.due_at_ms = now + READ_AGAIN_MS;
        }
    }

    /// What was read: events ascending after the place asked for, none where the journal holds no more. `take` opens
    /// them, as many as the rate allows. The record as it is to be kept together with that; `None` where nothing moved.
    pub fn step(
        &mut self,
        id: &str,
        events: &[Arc<Event>],
        take: impl FnMut(&ReplayRecord, &Arc<Event>) -> Taken,
        now: u64,
    ) -> Option<&ReplayRecord> {
        let job = self.reading(id)?;
        job.reading = false;
        let before = job.record.next_seq;
        let opened = job.walk(events, take);
        job.due_at_ms = now + u64::from(opened * 1000).div_ceil(u64::from(job.record.rate));
        job.limit = if opened > 0 { at_once(job.record.rate).max(READS.0) } else { READS.1 };
        if job.record.next_seq > job.record.through_seq {
            job.end(ReplayState::Done, now);
        }
        (job.record.next_seq > before).then_some(&job.record)
    }

    /// The removal of all of them, of an account that is forgotten.
    pub fn forget(&self, change: &mut Change) {
        self.0.iter().for_each(|job| change.remove(Kind::Replay, job.record.key()));
    }

    fn running(&self) -> impl Iterator<Item = &Job> {
        self.0.iter().filter(|job| job.is_running())
    }

    fn reading(&mut self, id: &str) -> Option<&mut Job> {
        self.0.iter_mut().find(|job| *job.record.id == *id && job.reading && job.is_running())
    }
}

impl Job {
    fn of(record: ReplayRecord) -> Self {
        let limit = at_once(record.rate).max(READS.0);
        Self { record, due_at_ms: 0, limit, reading: false, stuck: None }
    }

    fn is_running(&self) -> bool {
        self.record.state == ReplayState::Running
    }

    fn waits(&self) -> bool {
        self.is_running() && !self.reading
    }

    fn end(&mut self, state: ReplayState, now: u64) {
        self.record.state = state;
        self.record.ended_at_ms = Some(now);
    }

    /// Goes through `events` as far as it may; says how many were opened.
    fn walk(&mut self, events: &[Arc<Event>], mut take: impl FnMut(&ReplayRecord, &Arc<Event>) -> Taken) -> u32 {
        self.stuck = None;
        let mut opened = 0;
        let is_over = events.last().is_none_or(|last| last.seq >= self.record.through_seq);
        for event in events.iter().filter(|event| event.seq <= self.record.through_seq) {
            if opened as usize == at_once(self.record.rate) {
                return opened;
            }
            let is_meant = self.record.kind.as_deref().is_none_or(|kind| kind == event.kind.word());
            match if is_meant { take(&self.record, event) } else { Taken::Skipped } {
                Taken::Opened => {
                    self.record.done += 1;
                    opened += 1;
                }
                Taken::Skipped => self.record.skipped += 1,
                Taken::NoRoom(reader) => {
                    self.stuck = Some(reader);
                    return opened;
                }
            }
            self.record.next_seq = event.seq + 1;
        }
        if is_over {
            self.record.next_seq = self.record.through_seq + 1;
        }
        opened
    }
}

/// Events opened in one step: a tenth of a second's.
fn at_once(rate: u32) -> usize {
    (rate / 10).clamp(1, MOST_AT_ONCE) as usize
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
