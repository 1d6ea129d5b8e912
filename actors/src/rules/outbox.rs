//! The messages of one account that still have to leave: one under way per recipient, in the order of submission, at
//! the pace of their number, unless somebody holds them.
//!
//! Every step is kept before it is taken: a message is `sending` on disk before a byte leaves.

mod holds;
mod lanes;
pub mod pace;
mod pairs;
mod records;
mod settle;
mod turns;
mod unknown;

pub use records::{answer_of, forward};

use crate::cloud::verdict::Verdict;
use bytes::Bytes;
use holds::Holds;
use lanes::Lanes;
use pace::Pace;
use pairs::Pairs;
use records::{dead_letter, our_error, shift};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use turns::Turns;
use wharf_storage::{
    Change, Erasure, HoldCause, Kind, MessageBody, MessageRecord, MessageState, MessageTally, Noun, Outbox as Kept,
    SendHold, Wamid,
};

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
        /// What follows from it.
        verdict: Verdict,
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

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After this long without word from Meta a message whose answer was lost is settled by its policy, in ms.
    pub unknown_ms: u64,
    /// How long such a message holds back the next one to the same recipient, in ms.
    pub unknown_holds_ms: u64,
}

/// Whether Meta's statuses reach us: only they tell what became of a message whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// The account is subscribed.
    Statuses,
    /// It is not: waiting for word would be in vain.
    Nothing,
}

/// What one step wants kept, and done once that is durable.
#[derive(Debug, Default)]
pub struct Step {
    /// What to keep.
    pub change: Change,
    /// Its part in the ledger.
    pub tally: MessageTally,
    /// What to do then.
    pub next: Next,
}

/// What a step wants done once its change is durable.
#[derive(Debug, Default)]
pub struct Next {
    /// Messages to send.
    pub sends: Vec<Arc<MessageRecord>>,
    /// Callers to answer, by message id.
    pub answers: Vec<(Box<str>, Answer)>,
    /// Messages that Meta took, as they are kept from now on.
    pub taken: Vec<MessageRecord>,
    /// Messages that ended and were not taken: a status may name one after all, if an answer of it was lost.
    pub given_up: Vec<MessageRecord>,
    /// Holds that began or ended, for the log.
    pub news: Vec<News>,
}

/// A hold began or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// These messages wait from now on.
    Held(SendHold),
    /// They may go on.
    Released(SendHold),
}

/// The messages of one account that still have to leave.
#[derive(Debug)]
pub struct Outbox {
    account: Box<str>,
    patience: Patience,
    hearing: Hearing,
    messages: HashMap<Box<str>, Entry>,
    lanes: Lanes,
    numbers: BTreeMap<Box<str>, Number>,
    holds: Holds,
    pairs: Pairs,
    alarms: BTreeSet<(u64, Alarm)>,
    last_place: u64,
    last_ticket: u64,
    /// Nothing new leaves.
    resting: bool,
}

#[derive(Debug)]
struct Entry {
    record: MessageRecord,
    lane: Box<str>,
    /// Its place in `alarms`.
    alarm: Option<u64>,
}

#[derive(Debug)]
struct Number {
    pace: Pace,
    turns: Turns,
    alarm: Option<u64>,
}

/// What is looked at when its time has come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    /// Holds that end by themselves.
    Holds,
    /// A number that may send again.
    Number(Box<str>),
    /// A lane whose head has waited.
    Lane(Box<str>),
    /// A message that is too old, or whose answer was lost.
    Message(Box<str>),
}

/// How the sends of one number stand, for views.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NumberView {
    /// Meta's figure: messages per second, out and in together.
    pub limit: u32,
    /// What is used of it now.
    pub rate: u32,
    /// Messages that have not left.
    pub queued: usize,
    /// Messages under way.
    pub sending: usize,
    /// When the oldest of those that have not left was submitted, in ms since 1970.
    pub oldest_ms: Option<u64>,
}

impl Outbox {
    /// An empty outbox.
    pub fn new(account: &str, patience: Patience) -> Self {
        Self {
            account: account.into(),
            patience,
            hearing: Hearing::Statuses,
            messages: HashMap::new(),
            lanes: Lanes::default(),
            numbers: BTreeMap::new(),
            holds: Holds::default(),
            pairs: Pairs::default(),
            alarms: BTreeSet::new(),
            last_place: 0,
            last_ticket: 0,
            resting: false,
        }
    }

    /// Takes back what was kept, in any order; what was `sending` may have left and is unknown now.
    pub fn restore(&mut self, mut kept: Vec<MessageRecord>, holds: Vec<SendHold>, step: &mut Step, now: u64) {
        holds.into_iter().for_each(|hold| self.holds.restore(hold));
        self.arm_holds();
        kept.sort_by_key(|record| record.place);
        for mut record in kept {
            self.last_place = record.place;
            if record.state == MessageState::Sending {
                self.doubt(&mut record, "wharf stopped while it was under way", step, now);
            }
            self.insert(record, now);
        }
        // Nothing else may wake up who could send at once.
        let ready = self.numbers.iter_mut().filter(|(_, number)| !number.turns.is_empty() && number.alarm.is_none());
        for (id, number) in ready {
            number.alarm = Some(now);
            self.alarms.insert((now, Alarm::Number(id.clone())));
        }
    }

    /// Meta's figures, by phone number id, in messages per second.
    pub fn set_limits(&mut self, limits: impl IntoIterator<Item = (Box<str>, u32)>, now: u64) {
        for (number, limit) in limits {
            self.number(&number, now).pace.set_limit(limit, now);
        }
    }

    /// Whether statuses reach us from now on.
    pub fn set_hearing(&mut self, hearing: Hearing) {
        self.hearing = hearing;
    }

    /// Messages came in at `number`: Meta counts them with those that leave.
    pub fn heard(&mut self, number: &str, messages: u32, now: u64) {
        self.number(number, now).pace.heard(messages, now);
    }

    /// A new message. It leaves at once if nothing is before it.
    pub fn submit(&mut self, mut record: MessageRecord, body: Bytes, step: &mut Step, now: u64) {
        self.last_place += 1;
        record.place = self.last_place;
        step.tally.submitted += 1;
        step.tally.queued += 1;
        step.change.put(&MessageBody { id: record.id.clone(), body });
        step.change.put(&Kept(record.clone()));
        self.insert(record, now);
        self.start_due(step, now);
    }

    /// Withdraws a message that has not left; else says how it stands.
    pub fn cancel(&mut self, id: &str, step: &mut Step, now: u64) -> Result<(), Option<MessageState>> {
        let Some(entry) = self.messages.get(id) else { return Err(None) };
        if entry.record.state != MessageState::Queued {
            return Err(Some(entry.record.state));
        }
        let record = entry.record.clone();
        step.change.remove(Kind::Body, record.key());
        self.end(record, MessageState::Cancelled, step, now);
        self.start_due(step, now);
        Ok(())
    }

    /// These messages wait from now on.
    pub fn hold(&mut self, hold: SendHold, step: &mut Step) {
        if self.holds.begin(hold.clone(), &mut step.change) {
            step.next.news.push(News::Held(hold));
        }
        self.arm_holds();
    }

    /// Ends the holds that `ends` says; returns how many.
    pub fn release(&mut self, step: &mut Step, now: u64, ends: impl Fn(&SendHold) -> bool) -> usize {
        let ended = self.holds.end(&mut step.change, ends);
        let count = ended.len();
        self.go_on_after(ended, step, now);
        self.start_due(step, now);
        count
    }

    /// Lets nothing new leave from now on.
    pub fn rest(&mut self) {
        self.resting = true;
    }

    /// Starts what is due, gives up what is too old, and settles what stayed unknown.
    pub fn start_due(&mut self, step: &mut Step, now: u64) {
        if self.resting {
            return;
        }
        while let Some((due_at_ms, _)) = self.alarms.first()
            && *due_at_ms <= now
        {
            let (_, alarm) = self.alarms.pop_first().expect("looked at just now");
            self.look_at(alarm, step, now);
        }
        let numbers: Vec<Box<str>> = self.numbers.keys().cloned().collect();
        numbers.iter().for_each(|number| self.start_of(number, step, now));
    }

    /// The next moment worth a wake-up.
    pub fn due_at(&self) -> Option<u64> {
        if self.resting {
            return None;
        }
        self.alarms.first().map(|(due_at_ms, _)| *due_at_ms)
    }

    /// A message that has not left yet, or whose leaving is in doubt.
    pub fn get(&self, id: &str) -> Option<&MessageRecord> {
        self.messages.get(id).map(|entry| &entry.record)
    }

    /// All of them, for views.
    pub fn messages(&self) -> impl Iterator<Item = &MessageRecord> {
        self.messages.values().map(|entry| &entry.record)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The holds, for views and for whoever can end them.
    pub fn holds(&self) -> impl Iterator<Item = &SendHold> {
        self.holds.all()
    }

    /// The numbers, for views.
    pub fn numbers(&self) -> BTreeMap<String, NumberView> {
        let mut views: BTreeMap<String, NumberView> = BTreeMap::new();
        for (id, number) in &self.numbers {
            let view = NumberView { limit: number.pace.limit(), rate: number.pace.rate(), ..NumberView::default() };
            views.insert(id.to_string(), view);
        }
        for record in self.messages() {
            let view = views.entry(record.number.to_string()).or_default();
            match record.state {
                MessageState::Queued => {
                    view.queued += 1;
                    let oldest_ms = view.oldest_ms.map_or(record.created_at_ms, |at| at.min(record.created_at_ms));
                    view.oldest_ms = Some(oldest_ms);
                }
                MessageState::Sending => view.sending += 1,
                MessageState::Unknown
                | MessageState::Accepted
                | MessageState::Sent
                | MessageState::Delivered
                | MessageState::Read
                | MessageState::Played
                | MessageState::Failed
                | MessageState::Expired
                | MessageState::Cancelled => {}
            }
        }
        views
    }

    /// Gives everything up, for `remove`.
    pub fn abandon(&mut self, reason: &str, step: &mut Step, now: u64) {
        let records: Vec<MessageRecord> = self.messages().cloned().collect();
        self.resting = true;
        for record in records {
            self.fail(record, &our_error("wharf.removed", reason), None, step, now);
        }
        self.holds.end(&mut step.change, |_| true);
    }

    fn look_at(&mut self, alarm: Alarm, step: &mut Step, now: u64) {
        match alarm {
            Alarm::Holds => {
                let ended = self.holds.expire(&mut step.change, now);
                self.go_on_after(ended, step, now);
                self.arm_holds();
            }
            Alarm::Number(id) => self.number(&id, now).alarm = None,
            Alarm::Lane(name) => {
                if let Some(lane) = self.lanes.get_mut(&name) {
                    lane.alarm = None;
                }
                self.line_up(&name, now);
            }
            Alarm::Message(id) => self.look_at_message(&id, step, now),
        }
    }

    /// Withdraws what waits for a customer who is erased, without a trace but its count; what is leaving just now stays
    /// until its answer is there.
    pub fn erase(&mut self, erasure: &Erasure, step: &mut Step, now: u64) {
        let theirs = |record: &&MessageRecord| record.state != MessageState::Sending && erasure.has_message(record);
        let records: Vec<MessageRecord> = self.messages().filter(theirs).cloned().collect();
        for record in records {
            // Who cannot know whether it left says that it failed.
            let end =
                if record.state == MessageState::Unknown { MessageState::Failed } else { MessageState::Cancelled };
            shift(&mut step.tally, record.state, end);
            step.change.remove(Kind::Body, record.key());
            self.forget(&record, step, now);
        }
    }

    fn look_at_message(&mut self, id: &str, step: &mut Step, now: u64) {
        let Some(entry) = self.messages.get_mut(id) else { return };
        entry.alarm = None;
        match entry.record.state {
            MessageState::Unknown => self.look_at_unknown(id, step, now),
            MessageState::Queued => {
                let record = entry.record.clone();
                self.expire(record, step, now);
            }
            // Its answer decides.
            MessageState::Sending
            | MessageState::Accepted
            | MessageState::Sent
            | MessageState::Delivered
            | MessageState::Read
            | MessageState::Played
            | MessageState::Failed
            | MessageState::Expired
            | MessageState::Cancelled => {}
        }
    }

    /// Starts messages of one number while its pace allows.
    fn start_of(&mut self, id: &str, step: &mut Step, now: u64) {
        loop {
            let number = self.number(id, now);
            if number.turns.is_empty() || number.alarm.is_some() {
                return;
            }
            if let Err(at_ms) = number.pace.take(now) {
                number.alarm = Some(at_ms);
                self.alarms.insert((at_ms, Alarm::Number(id.into())));
                return;
            }
            if !self.start_next(id, step, now) {
                self.number(id, now).pace.give_back(now);
                return;
            }
        }
    }

    /// Starts the message whose turn it is; `false` where nobody's is.
    fn start_next(&mut self, number: &str, step: &mut Step, now: u64) -> bool {
        while let Some((name, priority, ticket)) = self.number(number, now).turns.next() {
            let Some(lane) = self.lanes.get_mut(&name) else { continue };
            if lane.lined_up != Some((priority, ticket)) {
                continue;
            }
            lane.lined_up = None;
            if self.ready(&name, now) != Ready::Now {
                self.line_up(&name, now);
                continue;
            }
            self.start(&name, step, now);
            return true;
        }
        false
    }

    fn start(&mut self, name: &str, step: &mut Step, now: u64) {
        let lane = self.lanes.get_mut(name).expect("a lane that is ready is here");
        lane.start();
        let id = lane.busy.clone().expect("a lane that is ready has a head");
        self.silence(&id);
        self.pairs.take(name, now);
        let entry = self.messages.get_mut(&id).expect("what a lane holds is a message of the outbox");
        shift(&mut step.tally, entry.record.state, MessageState::Sending);
        entry.record.state = MessageState::Sending;
        entry.record.changed_at_ms = now;
        step.change.put(&Kept(entry.record.clone()));
        step.next.sends.push(Arc::new(entry.record.clone()));
    }

    fn insert(&mut self, record: MessageRecord, now: u64) {
        let name = Lanes::name(&record);
        let (id, is_unknown) = (record.id.clone(), record.state == MessageState::Unknown);
        let look_at_ms = if is_unknown { record.due_at_ms } else { record.expires_at_ms };
        match is_unknown {
            true => self.lanes.occupy(&name, &record),
            false => self.lanes.join(&name, &record),
        }
        self.messages.insert(id.clone(), Entry { record, lane: name.clone(), alarm: None });
        self.alarm(&id, look_at_ms);
        self.line_up(&name, now);
    }

    /// Lets a lane line up for a turn, if its head may leave; else sees to it that it is looked at again.
    fn line_up(&mut self, name: &str, now: u64) {
        let ready = self.ready(name, now);
        let Some(lane) = self.lanes.get_mut(name) else { return };
        if let Some(at_ms) = lane.alarm.take() {
            self.alarms.remove(&(at_ms, Alarm::Lane(name.into())));
        }
        match ready {
            Ready::Never => {
                lane.lined_up = None;
                self.lanes.tidy(name);
            }
            Ready::At(at_ms) => {
                (lane.lined_up, lane.alarm) = (None, Some(at_ms));
                self.alarms.insert((at_ms, Alarm::Lane(name.into())));
            }
            Ready::Now => {
                let (_, priority) = lane.head().expect("a lane that is ready has a head");
                if lane.lined_up.is_some_and(|(known, _)| known == priority) {
                    return;
                }
                self.last_ticket += 1;
                lane.lined_up = Some((priority, self.last_ticket));
                let (number, ticket) = (lane.number.clone(), self.last_ticket);
                self.number(&number, now).turns.line_up(name.into(), priority, ticket);
            }
        }
    }

    /// When the head of a lane may leave, as far as its own trouble goes.
    fn ready(&mut self, name: &str, now: u64) -> Ready {
        let Some(lane) = self.lanes.get_mut(name).filter(|lane| lane.busy.is_none()) else { return Ready::Never };
        let Some((head, _)) = lane.head() else { return Ready::Never };
        let record = &self.messages[head].record;
        if self.holds.covers(record) {
            return Ready::Never;
        }
        match record.due_at_ms.max(self.pairs.free_at(name)) {
            at_ms if at_ms > now => Ready::At(at_ms),
            _ => Ready::Now,
        }
    }

    /// Lanes that were held line up again.
    fn go_on_after(&mut self, ended: Vec<SendHold>, step: &mut Step, now: u64) {
        if ended.is_empty() {
            return;
        }
        step.next.news.extend(ended.into_iter().map(News::Released));
        self.lanes.names().iter().for_each(|name| self.line_up(name, now));
    }

    fn arm_holds(&mut self) {
        if let Some(at_ms) = self.holds.due_at() {
            self.alarms.insert((at_ms, Alarm::Holds));
        }
    }

    fn expire(&mut self, record: MessageRecord, step: &mut Step, now: u64) {
        step.change.put(&dead_letter(&record, "older than it may be: send_max_age, or X-Wharf-Expires", None, now));
        self.end(record, MessageState::Expired, step, now);
    }

    fn fail(&mut self, mut record: MessageRecord, error: &str, status: Option<u16>, step: &mut Step, now: u64) {
        record.error = Some(error.into());
        step.change.put(&dead_letter(&record, error, status, now));
        self.end(record, MessageState::Failed, step, now);
    }

    fn take(&mut self, mut record: MessageRecord, wamid: Box<str>, step: &mut Step, now: u64) {
        record.wamid = Some(wamid.clone());
        step.change.remove(Kind::Body, record.key());
        step.change.put(&Wamid { account: record.account.clone(), wamid, message: record.id.clone() });
        let taken = self.end(record, MessageState::Accepted, step, now);
        step.next.taken.push(taken);
    }

    /// Moves a message from the outbox to the finished ones and frees its lane.
    fn end(&mut self, mut record: MessageRecord, state: MessageState, step: &mut Step, now: u64) -> MessageRecord {
        shift(&mut step.tally, record.state, state);
        record.state = state;
        record.changed_at_ms = now;
        step.change.put(&record);
        self.forget(&record, step, now);
        step.next.given_up.extend((state != MessageState::Accepted).then(|| record.clone()));
        record
    }

    /// Takes a message out of the outbox and frees its lane.
    fn forget(&mut self, record: &MessageRecord, step: &mut Step, now: u64) {
        step.change.remove(Kind::Outbox, Kept(record.clone()).key());
        self.silence(&record.id);
        let entry = self.messages.remove(&record.id).expect("only a message of the outbox ends");
        self.leave(&entry.lane, &record.id, now);
    }

    fn leave(&mut self, name: &str, id: &str, now: u64) {
        if let Some(lane) = self.lanes.get_mut(name) {
            lane.leave(id);
        }
        self.line_up(name, now);
    }

    fn number(&mut self, id: &str, now: u64) -> &mut Number {
        let new = || Number { pace: Pace::new(pace::STANDARD, now), turns: Turns::default(), alarm: None };
        if !self.numbers.contains_key(id) {
            self.numbers.insert(id.into(), new());
        }
        self.numbers.get_mut(id).expect("put there where it was missing")
    }

    fn alarm(&mut self, id: &str, at_ms: u64) {
        self.silence(id);
        self.messages.get_mut(id).expect("an alarm is for a message of the outbox").alarm = Some(at_ms);
        self.alarms.insert((at_ms, Alarm::Message(id.into())));
    }

    fn silence(&mut self, id: &str) {
        if let Some(at_ms) = self.messages.get_mut(id).and_then(|entry| entry.alarm.take()) {
            self.alarms.remove(&(at_ms, Alarm::Message(id.into())));
        }
    }
}

/// When the head of a lane may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ready {
    /// As soon as its number may send.
    Now,
    /// Not before this.
    At(u64),
    /// Not by waiting: nothing is there, one is under way, or somebody holds it.
    Never,
}

/// A hold of `account` that an answer of Graph's begins.
fn hold_of(account: &str, scope: wharf_storage::HoldScope, cause: HoldCause, code: Option<i64>, now: u64) -> SendHold {
    SendHold { account: account.into(), scope, cause, code, reason: "".into(), since_ms: now, until_ms: None }
}

#[cfg(test)]
mod tests;
