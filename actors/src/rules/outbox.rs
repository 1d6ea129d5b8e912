//! The messages of one account that still have to leave: one under way per recipient, in the order of submission, at
//! the pace of their number, unless somebody holds them.
//!
//! Every step is kept before it is taken: a message is `sending` on disk before a byte leaves.

mod ending;
mod holds;
mod lanes;
mod leaving;
mod newcomers;
mod number;
pub mod pace;
mod pairs;
mod protocol;
mod records;
mod settle;
mod turns;
mod unknown;

pub use protocol::{Answer, Hearing, News, Next, NumberView, Patience, Remains, Step, Tried};
pub use records::{answer_of, forward};

use crate::rules::portfolio::Portfolio;
use bytes::Bytes;
use holds::Holds;
use lanes::Lanes;
use number::Number;
use pairs::Pairs;
use records::shift;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use wharf_storage::{
    HoldCause, Kind, MessageBody, MessageRecord, MessageState, Noun, Outbox as Kept, PairDebt, SendHold,
};

/// The messages of one account that still have to leave.
#[derive(Debug)]
pub struct Outbox {
    account: Box<str>,
    patience: Patience,
    /// What left before is not known.
    since_ms: u64,
    hearing: Hearing,
    messages: HashMap<Box<str>, Entry>,
    lanes: Lanes,
    numbers: BTreeMap<Box<str>, Number>,
    /// When each message was submitted, by its place in the order of submission.
    ages: BTreeMap<u64, u64>,
    holds: Holds,
    pairs: Pairs,
    /// Whether an alarm is set for the next debt that is paid back.
    debts_armed: bool,
    portfolio: Portfolio,
    alarms: BTreeSet<(u64, Alarm)>,
    last_place: u64,
    last_ticket: u64,
    /// Nothing new is started.
    resting: bool,
}

#[derive(Debug)]
struct Entry {
    record: MessageRecord,
    lane: Box<str>,
    /// Its place in `alarms`.
    alarm: Option<u64>,
}

/// What is looked at when its time has come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    /// Holds that end by themselves.
    Holds,
    /// Debts of pairs that are paid back.
    Debts,
    /// Meta's limit of customers a day, where it is another one.
    Limit,
    /// A number that may send again.
    Number(Box<str>),
    /// A lane whose head has waited.
    Lane(Box<str>),
    /// A message that is too old, or whose answer was lost.
    Message(Box<str>),
}

impl Outbox {
    /// An empty outbox, which knows nothing of what was sent before `since`.
    pub fn new(account: &str, patience: Patience, since: u64) -> Self {
        Self {
            account: account.into(),
            patience,
            since_ms: since,
            hearing: Hearing::Statuses,
            messages: HashMap::new(),
            lanes: Lanes::default(),
            numbers: BTreeMap::new(),
            ages: BTreeMap::new(),
            holds: Holds::default(),
            pairs: Pairs::new(since),
            debts_armed: false,
            portfolio: Portfolio::default(),
            alarms: BTreeSet::new(),
            last_place: 0,
            last_ticket: 0,
            resting: false,
        }
    }

    /// Takes back what was kept, in any order; what was `sending` may have left and is unknown now.
    pub fn restore(&mut self, remains: Remains, step: &mut Step, now: u64) {
        let Remains { messages: mut kept, holds, debts } = remains;
        holds.into_iter().for_each(|hold| self.holds.restore(hold));
        self.arm_holds();
        for PairDebt { number, lane, paid_at_ms, .. } in debts {
            self.pairs.restore(&Lanes::name_of(&number, &lane), paid_at_ms, now);
        }
        self.arm_debts();
        kept.sort_by_key(|record| record.place);
        for mut record in kept {
            self.last_place = record.place;
            if record.state == MessageState::Sending {
                self.doubt(&mut record, "wharf stopped while it was under way", step, now);
            }
            self.insert(record, now);
        }
    }

    /// Meta's figures, by phone number id, in messages per second.
    pub fn set_limits(&mut self, limits: impl IntoIterator<Item = (Box<str>, u32)>, now: u64) {
        for (number, limit) in limits {
            self.number(&number).pace.set_limit(limit, now);
        }
    }

    /// Whether statuses reach us from now on.
    pub fn set_hearing(&mut self, hearing: Hearing) {
        self.hearing = hearing;
    }

    /// Messages came in at `number`: Meta counts them with those that leave.
    pub fn heard(&mut self, number: &str, messages: u32, now: u64) {
        self.number(number).pace.heard(messages, now);
    }

    /// A new message. It leaves at once if nothing is before it.
    pub fn submit(&mut self, record: MessageRecord, body: Bytes, step: &mut Step, now: u64) {
        self.submit_within(record, body, 0, step, now);
    }

    /// A new message to a customer who wrote: their window is open until then. It leaves at once if nothing is before it.
    pub fn submit_within(
        &mut self,
        mut record: MessageRecord,
        body: Bytes,
        window_until_ms: u64,
        step: &mut Step,
        now: u64,
    ) {
        self.last_place += 1;
        record.place = self.last_place;
        step.tally.submitted += 1;
        step.tally.queued += 1;
        step.change.put(&MessageBody { id: record.id.clone(), body });
        step.change.put(&Kept(record.clone()));
        step.change.put(&record.submitted());
        let (number, recipient) = (record.number.clone(), record.lane.clone());
        self.insert(record, now);
        self.window_opens(&number, &recipient, window_until_ms, now);
        self.start_due(step, now);
    }

    /// A message that had ended without Meta lines up anew, last of all: with all its attempts before it, and as long to
    /// go as it once had.
    pub fn requeue(&mut self, mut record: MessageRecord, step: &mut Step, now: u64) {
        shift(&mut step.tally, record.state, MessageState::Queued);
        let lasts_ms = record.expires_at_ms.saturating_sub(record.created_at_ms);
        self.last_place += 1;
        record.place = self.last_place;
        (record.state, record.error, record.due_at_ms) = (MessageState::Queued, None, 0);
        (record.changed_at_ms, record.expires_at_ms) = (now, now + lasts_ms);
        record.attempts.clear();
        step.change.remove(Kind::Message, record.key());
        step.change.put(&Kept(record.clone()));
        self.insert(record, now);
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

    /// Starts nothing new from now on.
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
        let alarm = self.alarms.first().map(|(due_at_ms, _)| *due_at_ms);
        self.numbers.values().filter_map(Number::due_at).chain(alarm).min()
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

    /// When the first of them was submitted, in ms since 1970.
    pub fn oldest_ms(&self) -> Option<u64> {
        self.ages.first_key_value().map(|(_, created_at_ms)| *created_at_ms)
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
            if record.state == MessageState::Queued {
                view.queued += 1;
                let oldest_ms = view.oldest_ms.map_or(record.created_at_ms, |at| at.min(record.created_at_ms));
                view.oldest_ms = Some(oldest_ms);
            }
            view.sending += usize::from(record.state == MessageState::Sending);
        }
        views
    }

    fn look_at(&mut self, alarm: Alarm, step: &mut Step, now: u64) {
        match alarm {
            Alarm::Holds => {
                let ended = self.holds.expire(&mut step.change, now);
                self.go_on_after(ended, step, now);
                self.arm_holds();
            }
            Alarm::Debts => {
                self.debts_armed = false;
                self.pay_back(step, now);
                self.arm_debts();
            }
            Alarm::Limit => self.look_at_limit(step, now),
            Alarm::Number(id) => self.number(&id).alarm = None,
            Alarm::Lane(name) => {
                if let Some(lane) = self.lanes.get_mut(&name) {
                    lane.alarm = None;
                }
                self.line_up(&name, now);
            }
            Alarm::Message(id) => self.look_at_message(&id, step, now),
        }
    }

    fn look_at_message(&mut self, id: &str, step: &mut Step, now: u64) {
        let Some(entry) = self.messages.get_mut(id) else { return };
        entry.alarm = None;
        if entry.record.state == MessageState::Unknown {
            return self.look_at_unknown(id, step, now);
        }
        // The answer of one that is under way decides.
        if entry.record.state == MessageState::Queued {
            let record = entry.record.clone();
            self.expire(record, step, now);
        }
    }

    fn insert(&mut self, record: MessageRecord, now: u64) {
        let name = Lanes::name(&record);
        let (id, is_unknown) = (record.id.clone(), record.state == MessageState::Unknown);
        let look_at_ms = if is_unknown { record.due_at_ms } else { record.expires_at_ms };
        match is_unknown {
            true => self.lanes.occupy(&name, &record),
            false => self.lanes.join(&name, &record),
        }
        self.ages.insert(record.place, record.created_at_ms);
        self.messages.insert(id.clone(), Entry { record, lane: name.clone(), alarm: None });
        self.alarm(&id, look_at_ms);
        self.line_up(&name, now);
    }

    fn arm_holds(&mut self) {
        if let Some(at_ms) = self.holds.due_at() {
            self.alarms.insert((at_ms, Alarm::Holds));
        }
    }

    fn leave(&mut self, name: &str, id: &str, now: u64) {
        if let Some(lane) = self.lanes.get_mut(name) {
            lane.leave(id);
        }
        self.line_up(name, now);
    }

    fn number(&mut self, id: &str) -> &mut Number {
        if !self.numbers.contains_key(id) {
            self.numbers.insert(id.into(), Number::new(self.since_ms));
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

/// A hold of `account` that an answer of Graph's begins.
fn hold_of(account: &str, scope: wharf_storage::HoldScope, cause: HoldCause, code: Option<i64>, now: u64) -> SendHold {
    SendHold { account: account.into(), scope, cause, code, reason: "".into(), since_ms: now, until_ms: None }
}

#[cfg(test)]
mod tests;
