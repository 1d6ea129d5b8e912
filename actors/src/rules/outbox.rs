//! The messages of one account that still have to leave: one under way per recipient, in the order of submission.
//!
//! Every step is kept before it is taken: a message is `sending` on disk before a byte leaves.

mod records;

pub use records::forward;

use crate::rules::retry;
use bytes::Bytes;
use records::{answered, attempt, dead_letter, lane_of, our_error, remember, shift};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use wharf_storage::{Change, Erasure, Kind, MessageRecord, MessageState, MessageTally, Noun, Outbox as Kept, Wamid};

/// Tries before Meta's last answer stands, for errors that pass.
const TRIES: usize = 5;
/// How long a message whose answer was lost holds back the next one to the same recipient, in ms.
const UNKNOWN_HOLDS_MS: u64 = 10_000;
/// After this long without word from Meta a message whose answer was lost counts as failed, in ms.
const UNKNOWN_WAIT_MS: u64 = 60_000;

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// Meta took it.
    Taken {
        /// Meta's id of the message.
        wamid: Box<str>,
        /// Graph's answer.
        answer: Answer,
    },
    /// Meta refused it.
    Refused {
        /// Graph's error code.
        code: Option<i64>,
        /// Whether the refusal may pass.
        passing: bool,
        /// Graph's answer.
        answer: Answer,
    },
    /// No byte left: no connection, no permit.
    NotSent {
        /// What happened, for people.
        reason: String,
    },
    /// The request may have been written and no answer came.
    Lost {
        /// What happened, for people.
        reason: String,
    },
}

/// What a caller that waits is told: Graph's answer, or ours in Graph's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Bytes,
}

/// What a step wants done once its change is durable.
#[derive(Debug, Default)]
pub struct Next {
    /// Messages to send.
    pub sends: Vec<Arc<MessageRecord>>,
    /// Callers to answer, by message id.
    pub answers: Vec<(Box<str>, Answer)>,
    /// The message that Meta took, as it is kept from now on.
    pub taken: Option<MessageRecord>,
}

/// The messages of one account that still have to leave.
#[derive(Debug)]
pub struct Outbox {
    max_age_ms: u64,
    messages: HashMap<Box<str>, Entry>,
    lanes: HashMap<Box<str>, VecDeque<Box<str>>>,
    /// Heads of lanes that wait, and unknown messages, by when they are looked at.
    due: BTreeSet<(u64, Box<str>)>,
    last_place: u64,
    /// Nothing new leaves.
    resting: bool,
}

#[derive(Debug)]
struct Entry {
    record: MessageRecord,
    lane: Box<str>,
    /// Its place in `due`.
    alarm: Option<u64>,
}

impl Outbox {
    /// An empty outbox; a message older than `max_age_ms` is not sent any more.
    pub fn new(max_age_ms: u64) -> Self {
        Self {
            max_age_ms,
            messages: HashMap::new(),
            lanes: HashMap::new(),
            due: BTreeSet::new(),
            last_place: 0,
            resting: false,
        }
    }

    /// Takes back what was kept, in any order; what was `sending` may have left and is unknown now.
    pub fn restore(&mut self, mut kept: Vec<MessageRecord>, change: &mut Change, tally: &mut MessageTally, now: u64) {
        kept.sort_by_key(|record| record.place);
        for mut record in kept {
            self.last_place = record.place;
            if record.state == MessageState::Sending {
                self.lose(&mut record, "wharf stopped while it was under way", change, tally, now);
            }
            let lane = lane_of(&record);
            self.insert(record, lane);
        }
    }

    /// A new message. It leaves at once if nothing to its recipient is before it.
    pub fn submit(
        &mut self,
        mut record: MessageRecord,
        change: &mut Change,
        tally: &mut MessageTally,
        now: u64,
    ) -> Next {
        self.last_place += 1;
        record.place = self.last_place;
        tally.submitted += 1;
        tally.queued += 1;
        change.put(&Kept(record.clone()));
        let lane = lane_of(&record);
        self.insert(record, lane);
        self.start_due(change, tally, now)
    }

    /// Lets nothing new leave from now on.
    pub fn rest(&mut self) {
        self.resting = true;
    }

    /// What a try came to.
    pub fn tried(
        &mut self,
        id: &str,
        tried: Tried,
        chance: f64,
        change: &mut Change,
        tally: &mut MessageTally,
        now: u64,
    ) -> Next {
        let Some(entry) = self.messages.get(id).filter(|entry| entry.record.state == MessageState::Sending) else {
            return Next::default();
        };
        let mut record = entry.record.clone();
        remember(&mut record.attempts, attempt(&tried, now));
        let mut next = Next::default();
        match tried {
            Tried::Taken { wamid, answer } => {
                next.taken = Some(self.take(record, wamid, change, tally, now));
                next.answers.push((id.into(), answer));
            }
            Tried::Refused { passing: true, .. } if answered(&record.attempts) < TRIES => {
                self.wait(record, chance, change, tally, now)
            }
            Tried::NotSent { .. } if now < record.created_at_ms + self.max_age_ms => {
                self.wait(record, chance, change, tally, now)
            }
            Tried::Refused { answer, .. } => {
                let error = String::from_utf8_lossy(&answer.body).into_owned();
                self.fail(record, &error, Some(answer.status), change, tally, now);
                next.answers.push((id.into(), answer));
            }
            Tried::NotSent { reason } => {
                let error = our_error(
                    "wharf.unreachable",
                    &format!("Graph could not be reached within send_max_age: {reason}"),
                );
                self.fail(record, &error, None, change, tally, now);
            }
            Tried::Lost { reason } => {
                self.lose(&mut record, &reason, change, tally, now);
                self.alarm(id, record.due_at_ms);
                self.messages.get_mut(id).expect("found above").record = record;
            }
        }
        next.sends = self.start_due(change, tally, now).sends;
        next
    }

    /// Starts what is due, gives up what is too old, and lets go of what stayed unknown.
    pub fn start_due(&mut self, change: &mut Change, tally: &mut MessageTally, now: u64) -> Next {
        let mut next = Next::default();
        if self.resting {
            return next;
        }
        while let Some((due_at_ms, id)) = self.due.first().cloned() {
            if self.resting || due_at_ms > now {
                break;
            }
            self.silence(&id);
            self.look_at(&id, &mut next, change, tally, now);
        }
        next
    }

    /// The next moment worth a wake-up.
    pub fn due_at(&self) -> Option<u64> {
        if self.resting {
            return None;
        }
        self.due.first().map(|(due_at_ms, _)| *due_at_ms)
    }

    /// A message that has not left yet, or whose leaving is in doubt.
    pub fn get(&self, id: &str) -> Option<&MessageRecord> {
        self.messages.get(id).map(|entry| &entry.record)
    }

    /// All of them, for views.
    pub fn messages(&self) -> impl Iterator<Item = &MessageRecord> {
        self.messages.values().map(|entry| &entry.record)
    }

    /// Gives everything up, for `remove`.
    pub fn abandon(&mut self, reason: &str, change: &mut Change, tally: &mut MessageTally, now: u64) {
        let records: Vec<MessageRecord> = self.messages().cloned().collect();
        for record in records {
            self.fail(record, &our_error("wharf.removed", reason), None, change, tally, now);
        }
    }

    /// Withdraws what waits for a customer who is erased, without a trace but its count; what is leaving just now stays
    /// until its answer is there.
    pub fn erase(&mut self, erasure: &Erasure, change: &mut Change, tally: &mut MessageTally) {
        let theirs = |record: &&MessageRecord| record.state != MessageState::Sending && erasure.has_message(record);
        let records: Vec<MessageRecord> = self.messages().filter(theirs).cloned().collect();
        for record in records {
            // Who cannot know whether it left says that it failed.
            let end =
                if record.state == MessageState::Unknown { MessageState::Failed } else { MessageState::Cancelled };
            shift(tally, record.state, end);
            self.leave(&record, change);
        }
    }

    fn look_at(&mut self, id: &str, next: &mut Next, change: &mut Change, tally: &mut MessageTally, now: u64) {
        let Some(entry) = self.messages.get_mut(id) else { return };
        if entry.record.state == MessageState::Unknown {
            return self.look_at_unknown(id, change, tally, now);
        }
        if now >= entry.record.created_at_ms + self.max_age_ms {
            let record = entry.record.clone();
            return self.expire(record, change, tally, now);
        }
        shift(tally, entry.record.state, MessageState::Sending);
        entry.record.state = MessageState::Sending;
        entry.record.changed_at_ms = now;
        change.put(&Kept(entry.record.clone()));
        next.sends.push(Arc::new(entry.record.clone()));
    }

    fn look_at_unknown(&mut self, id: &str, change: &mut Change, tally: &mut MessageTally, now: u64) {
        let record = self.messages[id].record.clone();
        let gives_up_at_ms = record.changed_at_ms + UNKNOWN_WAIT_MS;
        if now >= gives_up_at_ms {
            let error = our_error(
                "wharf.unknown",
                "The request was written, no answer came and no status followed: it may have been sent.",
            );
            return self.fail(record, &error, None, change, tally, now);
        }
        let lane = self.messages[id].lane.clone();
        self.leave_lane(&lane, id);
        self.alarm(id, gives_up_at_ms);
    }

    fn insert(&mut self, record: MessageRecord, lane: Box<str>) {
        let id = record.id.clone();
        let due_at_ms = record.due_at_ms;
        let queue = self.lanes.entry(lane.clone()).or_default();
        queue.push_back(id.clone());
        let is_head = queue.len() == 1;
        self.messages.insert(id.clone(), Entry { record, lane, alarm: None });
        if is_head {
            self.alarm(&id, due_at_ms);
        }
    }

    fn take(
        &mut self,
        mut record: MessageRecord,
        wamid: Box<str>,
        change: &mut Change,
        tally: &mut MessageTally,
        now: u64,
    ) -> MessageRecord {
        shift(tally, record.state, MessageState::Accepted);
        record.state = MessageState::Accepted;
        record.changed_at_ms = now;
        record.body = Bytes::new();
        record.wamid = Some(wamid.clone());
        change.put(&Wamid { account: record.account.clone(), wamid, message: record.id.clone() });
        self.finish(&record, change);
        record
    }

    fn wait(
        &mut self,
        mut record: MessageRecord,
        chance: f64,
        change: &mut Change,
        tally: &mut MessageTally,
        now: u64,
    ) {
        shift(tally, record.state, MessageState::Queued);
        record.state = MessageState::Queued;
        record.changed_at_ms = now;
        record.due_at_ms = now + retry::SEND.delay_ms(record.attempts.len() as u32, None, chance);
        change.put(&Kept(record.clone()));
        let id = record.id.clone();
        self.alarm(&id, record.due_at_ms);
        self.messages.get_mut(&id).expect("a message that was tried is here").record = record;
    }

    fn lose(
        &mut self,
        record: &mut MessageRecord,
        reason: &str,
        change: &mut Change,
        tally: &mut MessageTally,
        now: u64,
    ) {
        shift(tally, record.state, MessageState::Unknown);
        record.state = MessageState::Unknown;
        record.changed_at_ms = now;
        record.due_at_ms = now + UNKNOWN_HOLDS_MS;
        record.error = Some(our_error("wharf.unknown", &format!("No answer was seen: {reason}")).into());
        change.put(&Kept(record.clone()));
    }

    fn fail(
        &mut self,
        mut record: MessageRecord,
        error: &str,
        status: Option<u16>,
        change: &mut Change,
        tally: &mut MessageTally,
        now: u64,
    ) {
        shift(tally, record.state, MessageState::Failed);
        record.state = MessageState::Failed;
        record.changed_at_ms = now;
        record.error = Some(error.into());
        change.put(&dead_letter(&record, error, status, now));
        self.finish(&record, change);
    }

    fn expire(&mut self, mut record: MessageRecord, change: &mut Change, tally: &mut MessageTally, now: u64) {
        shift(tally, record.state, MessageState::Expired);
        record.state = MessageState::Expired;
        record.changed_at_ms = now;
        change.put(&dead_letter(&record, "older than send_max_age", None, now));
        self.finish(&record, change);
    }

    /// Moves a message from the outbox to the finished ones and frees its lane.
    fn finish(&mut self, record: &MessageRecord, change: &mut Change) {
        self.leave(record, change);
        change.put(record);
    }

    /// Takes a message out of the outbox and frees its lane.
    fn leave(&mut self, record: &MessageRecord, change: &mut Change) {
        change.remove(Kind::Outbox, Kept(record.clone()).key());
        self.silence(&record.id);
        let entry = self.messages.remove(&record.id).expect("only a message of the outbox ends");
        self.leave_lane(&entry.lane, &record.id);
    }

    fn leave_lane(&mut self, lane: &str, id: &str) {
        let Some(queue) = self.lanes.get_mut(lane) else { return };
        if queue.front().is_none_or(|head| &**head != id) {
            return queue.retain(|other| &**other != id);
        }
        queue.pop_front();
        match queue.front().cloned() {
            Some(head) => self.alarm(&head, self.messages[&head].record.due_at_ms),
            None => drop(self.lanes.remove(lane)),
        }
    }

    fn alarm(&mut self, id: &str, at_ms: u64) {
        self.silence(id);
        self.messages.get_mut(id).expect("an alarm is for a message of the outbox").alarm = Some(at_ms);
        self.due.insert((at_ms, id.into()));
    }

    fn silence(&mut self, id: &str) {
        if let Some(at_ms) = self.messages.get_mut(id).and_then(|entry| entry.alarm.take()) {
            self.due.remove(&(at_ms, id.into()));
        }
    }
}

#[cfg(test)]
mod tests;
