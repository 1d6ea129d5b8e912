//! One account: what its webhooks, deliveries, sends and subscription mean, as one machine made of small ones.
//!
//! Effects come in the order in which they must happen: what is kept stands before everything it justifies. What
//! rests on a change (deliveries of its events, sends, answers) is given out only when the change is reported durable.

mod accept;
mod again;
mod alarms;
mod erase;
mod holds;
mod live;
mod protocol;
mod ranks;
mod routes;
mod scope;
mod sends;
mod standing;
mod why;

pub use again::{Again, Found, Redriven};
pub use holds::alarm_of;
pub use protocol::{Accept, Asked, Compared, Effect, Entry, Input, Setting, Submission};
pub use scope::{ALARM_FIELD, Filter, forget, kept_out_by, scope_of, wants};
pub use sends::hearing;
pub use why::why;

use crate::cloud::item::Item;
use crate::cloud::splice;
use crate::cloud::tier::Tier;
use crate::gateway::RankGuard;
use crate::rules::deliveries::Deliveries;
use crate::rules::dialogs::{self, Dialogs, Joined};
use crate::rules::erasing::Erasing;
use crate::rules::life::Life;
use crate::rules::outbox::{Next, Outbox, Step};
use crate::rules::preferences::{Preferences, Word};
use crate::rules::recent::Recent;
use crate::rules::replay::Replays;
use ranks::Ranks;
use standing::Standing;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use wharf_storage::{AccountRecord, Change, Event, EventKind, MessageRecord, MessageState, SendHold};

/// Messages taken by Meta whose next status is matched from memory.
const RECENT_MESSAGES: usize = 2048;
/// Statuses that came before the answer of their send, remembered until it comes.
const EARLY_STATUSES: usize = 1024;

/// What waits for a change to become durable.
#[derive(Debug, Default)]
struct InFlight {
    ticket: u64,
    marks: Vec<u128>,
    events: Vec<Arc<Event>>,
    /// Dialogs that the event of that seq made one.
    joined: Vec<(u64, Joined)>,
    keeps_progress: bool,
    /// Deliveries that are open again: the places of their readers, and their seqs.
    opened: Vec<(usize, u64)>,
    next: Next,
}

/// One account.
#[derive(Debug)]
pub struct AccountMachine {
    id: Arc<str>,
    record: AccountRecord,
    numbers: HashMap<Box<str>, Box<str>>,
    /// How many customers a day its business may begin to write to, as the snapshot shows it.
    tier: Option<Tier>,
    /// Mixed into every dedupe key: the same item of two accounts is two items.
    scope: u128,
    seq: u64,
    durable_seq: u64,
    /// Marks decided on but not durable yet, with the hash of the item's bytes.
    undecided: HashMap<u128, u32>,
    dialogs: Dialogs,
    life: Life,
    news: Vec<String>,
    deliveries: Deliveries,
    replays: Replays,
    erasing: Erasing,
    preferences: Preferences,
    outbox: Outbox,
    in_flight: VecDeque<InFlight>,
    last_ticket: u64,
    recent: Recent<Box<str>, MessageRecord>,
    early: Recent<Box<str>, Standing>,
    /// Messages that were given up in doubt, and named by a late status after all.
    given_up: Recent<Box<str>, MessageRecord>,
    /// The furthest statuses heard, where a route asks.
    ranks: Ranks,
    guards_ranks: bool,
    /// Bytes of event bodies that the reader of a new route keeps in memory.
    body_budget: usize,
    /// Nothing new starts.
    resting: bool,
    /// Kept at the first turn.
    opening: Option<Change>,
}

impl AccountMachine {
    /// The account as the registry has it, with its journal at `seq` and its readers restored.
    /// `opening` is kept before anything else: the places of new readers, what the restart made of the outbox.
    pub fn new(
        entry: Entry,
        seq: u64,
        deliveries: Deliveries,
        outbox: Outbox,
        opening: Change,
        setting: &Setting,
    ) -> Self {
        let id: Arc<str> = entry.record.id.as_ref().into();
        let guards_ranks = deliveries.readers().iter().any(|reader| reader.route().rank_guard != RankGuard::Off);
        Self {
            scope: scope_of(&id),
            dialogs: Dialogs::new(&id, setting.dialog_ttl_ms, setting.dialogs),
            life: Life::default(),
            news: Vec::new(),
            record: entry.record,
            numbers: entry.numbers,
            tier: entry.tier,
            seq,
            durable_seq: seq,
            undecided: HashMap::new(),
            deliveries,
            replays: Replays::default(),
            erasing: Erasing::default(),
            preferences: Preferences::new(&id),
            outbox,
            in_flight: VecDeque::new(),
            last_ticket: 0,
            recent: Recent::new(RECENT_MESSAGES),
            early: Recent::new(EARLY_STATUSES),
            given_up: Recent::new(EARLY_STATUSES),
            ranks: Ranks::default(),
            guards_ranks,
            body_budget: setting.body_budget(),
            resting: false,
            opening: Some(opening).filter(|opening| !opening.is_empty()),
            id,
        }
    }

    /// With what is known of how it stands with Meta.
    #[must_use]
    pub fn with_life(self, life: Life, now: u64) -> Self {
        let mut machine = Self { life, ..self };
        machine.raise_limits(now);
        machine.limit_customers();
        machine
    }

    /// Applies `input`, says what must happen, in order. Never blocks, never fails halfway.
    pub fn handle(&mut self, input: Input, now: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Accept(accept) => self.accept(accept, Vec::new(), &mut effects, now),
            Input::Adopt { accept, release } => self.accept(accept, release, &mut effects, now),
            Input::Settled { ticket } => self.settled(ticket, &mut effects, now),
            Input::Attempted { reader, event, what, chance } => {
                self.deliveries.attempted(reader, &event, what, chance, now)
            }
            Input::Read { reader, read } => self.deliveries.read(reader, read.as_deref(), now),
            Input::Submit(submission) => {
                let Submission { record, body, twin } = *submission;
                let window_until_ms = self.dialogs.window_until_ms(&record.number, &record.lane).unwrap_or(0);
                self.outbox_step(&mut effects, now, |outbox, step| {
                    twin.iter().for_each(|twin| step.change.put(twin));
                    outbox.submit_within(record, body, window_until_ms, step, now);
                })
            }
            Input::Cancel { id } => self.outbox_step(&mut effects, now, |outbox, step| {
                // One that has left is none of ours to take back: whoever asks looks at its state.
                let _ = outbox.cancel(&id, step, now);
            }),
            Input::Hold(hold) => self.outbox_step(&mut effects, now, |outbox, step| outbox.hold(hold, step)),
            Input::Release { scope, cause } => self.outbox_step(&mut effects, now, |outbox, step| {
                let is_meant =
                    |hold: &SendHold| hold.cause == cause && scope.as_ref().is_none_or(|scope| *scope == hold.scope);
                outbox.release(step, now, is_meant);
            }),
            Input::Tried { id, tried, chance } => self.tried(&id, tried, chance, &mut effects, now),
            Input::Enter(entry) => self.enter(*entry, &mut effects, now),
            Input::Compared(compared) => self.compared(*compared, &mut effects, now),
            Input::Routes { routes, change } => self.exchange(&routes, change, &mut effects, now),
            Input::Again(again) => self.again(again, &mut effects, now),
            Input::BeginReplay(record) => self.begin_replay(*record, &mut effects),
            Input::CancelReplay { id } => self.cancel_replay(&id, &mut effects, now),
            Input::ReadAgain { replay, read } => self.replay_on(&replay, read, &mut effects, now),
            Input::HoldDeliveries { place, by } => self.hold_deliveries(&place, Some(&by), &mut effects, now),
            Input::FreeDeliveries { place } => self.hold_deliveries(&place, None, &mut effects, now),
            Input::Rest => self.rest(),
            Input::Bury { reader, events, through, reason } => {
                // Where the journal ends, the next event begins.
                self.deliveries.bury(reader, &events, through.min(self.durable_seq), &reason, now)
            }
            Input::Forget { change } => self.commit(change, InFlight::default(), &mut effects),
            Input::Abandon { reason } => self.abandon(&reason, &mut effects, now),
            Input::Erase(erasure) => self.erase(&erasure, &mut effects, now),
            Input::Erased(erasure) => self.erased(&erasure),
            Input::Tick => {}
        }
        self.pump(&mut effects, now);
        effects
    }

    /// Starts nothing from now on: of an account whose store is closed.
    #[must_use]
    pub fn at_rest(mut self) -> Self {
        self.rest();
        self
    }

    /// The next moment worth a wake-up; `None` when nothing waits.
    pub fn due_at(&self) -> Option<u64> {
        if self.resting {
            return self.deliveries.keep_due_at();
        }
        let parts = [self.deliveries.due_at(), self.outbox.due_at(), self.life.expires_at(), self.replays_due_at()];
        parts.into_iter().flatten().min()
    }

    /// The dedupe keys of `items`, as the store knows them.
    pub fn keys(&self, items: &[Item]) -> Vec<(u128, wharf_storage::Stamp)> {
        items.iter().map(|item| (item.key ^ self.scope, item.stamp)).collect()
    }

    /// Whether memory knows every dialog name of `items`; else all of [`AccountMachine::names`] must be recalled
    /// before they are accepted: until then memory may forget the ones it knows now.
    pub fn knows_names(&mut self, items: &[Item]) -> bool {
        items.iter().flat_map(dialogs::names).all(|name| self.dialogs.knows(name))
    }

    /// The dialog names of `items`.
    pub fn names(&self, items: &[Item]) -> Vec<Box<str>> {
        let mut names: Vec<Box<str>> = items.iter().flat_map(dialogs::names).map(Box::from).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Meta's ids of messages that must be recalled before `items` are accepted.
    pub fn unknown_messages(&self, items: &[Item]) -> Vec<Box<str>> {
        let statuses = items.iter().filter(|item| item.kind == EventKind::Status);
        let wamids = statuses.filter(|item| item.status.is_some()).filter_map(|item| item.message_id.clone());
        wamids.filter(|wamid| !self.recent.contains(wamid)).collect()
    }

    /// Our ids of messages that statuses name by our mark, and that must be recalled before `items` are accepted.
    pub fn unknown_marks(&self, items: &[Item]) -> Vec<Box<str>> {
        let marked = |item: &Item| {
            let id = splice::marked_message(item.opaque.as_deref()?)?;
            let known = item.message_id.as_ref().is_some_and(|wamid| self.recent.contains(wamid));
            let known = known || self.outbox.get(id).is_some() || self.given_up.contains(id);
            (!known).then(|| id.into())
        };
        items.iter().filter_map(marked).collect()
    }

    /// The ids of customers of whom it must be recalled what they said about marketing before `items` are accepted.
    pub fn unknown_preferences(&self, items: &[Item]) -> Vec<Box<str>> {
        let ids = items.iter().filter_map(Word::of).flat_map(|word| word.ids);
        ids.filter(|id| self.preferences.of(id).is_none()).collect()
    }

    /// What customers said about marketing lately.
    pub fn preferences(&self) -> &Preferences {
        &self.preferences
    }

    /// Whether a delivery or a send is under way.
    pub fn is_under_way(&self) -> bool {
        let delivers = self.deliveries.readers().iter().any(|reader| reader.depth().1 > 0);
        delivers || self.outbox.messages().any(|record| record.state == MessageState::Sending)
    }

    /// Whether everything that was decided is durable, the end of every delivery too.
    pub fn is_settled(&self) -> bool {
        self.in_flight.is_empty() && self.deliveries.is_kept()
    }

    /// Whether nothing is under way and everything that happened is durable.
    pub fn is_at_rest(&self) -> bool {
        !self.is_under_way() && self.is_settled()
    }

    /// A reader with unfinished deliveries: which, its open ones, and after which seq the journal holds more.
    pub fn unfinished(&self) -> Option<(usize, Vec<u64>, u64)> {
        let readers = self.deliveries.readers().iter().enumerate();
        let mut unfinished = readers
            .filter(|(_, reader)| !reader.is_gone() && (reader.depth().0 > 0 || reader.high() < self.durable_seq));
        unfinished.next().map(|(index, reader)| (index, reader.open_seqs(), reader.high()))
    }

    /// The registry's entry.
    pub fn record(&self) -> &AccountRecord {
        &self.record
    }

    /// How it stands with Meta.
    pub fn life(&self) -> &Life {
        &self.life
    }

    /// The readers, for views.
    pub fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    /// The outbox, for views.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Changes not durable yet.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// The highest seq of an event that is durable.
    pub fn durable_seq(&self) -> u64 {
        self.durable_seq
    }

    /// The highest seq given to an event.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Whether nothing new starts.
    pub fn is_resting(&self) -> bool {
        self.resting
    }

    fn rest(&mut self) {
        self.resting = true;
        self.deliveries.rest();
        self.outbox.rest();
    }

    fn enter(&mut self, entry: Entry, effects: &mut Vec<Effect>, now: u64) {
        let mut change = Change::default();
        change.put(&entry.record);
        self.show(entry, now);
        self.commit(change, InFlight::default(), effects);
    }

    /// The registry's entry is this from now on.
    fn show(&mut self, entry: Entry, now: u64) {
        self.record = entry.record;
        self.numbers = entry.numbers;
        self.tier = entry.tier;
        self.outbox.set_limits(entry.limits, now);
        self.raise_limits(now);
        self.limit_customers();
        self.outbox.set_hearing(hearing(&self.record));
    }

    fn commit(&mut self, change: Change, mut flight: InFlight, effects: &mut Vec<Effect>) {
        self.last_ticket += 1;
        flight.ticket = self.last_ticket;
        self.in_flight.push_back(flight);
        effects.push(Effect::Commit { ticket: self.last_ticket, change });
    }

    fn settled(&mut self, ticket: u64, effects: &mut Vec<Effect>, now: u64) {
        self.dialogs.settled(ticket, now);
        while self.in_flight.front().is_some_and(|flight| flight.ticket <= ticket) {
            let flight = self.in_flight.pop_front().expect("looked at just now");
            for mark in flight.marks {
                self.undecided.remove(&mark);
            }
            for (until, Joined { from, into }) in flight.joined {
                self.deliveries.join(from, into, until);
            }
            for event in flight.events {
                self.durable_seq = event.seq;
                self.deliveries.offer(&event);
            }
            if flight.keeps_progress {
                self.deliveries.kept();
            }
            self.deliveries.admit(&flight.opened);
            self.outbox.kept(flight.next.sends);
            effects.extend(flight.next.answers.into_iter().map(|(id, answer)| Effect::Answer { id, answer }));
        }
    }

    /// Whatever became possible or due.
    fn pump(&mut self, effects: &mut Vec<Effect>, now: u64) {
        if let Some(opening) = self.opening.take().filter(|_| !self.resting) {
            self.commit(opening, InFlight::default(), effects);
        }
        effects.extend(self.outbox.leave_due(now).into_iter().map(Effect::Send));
        if self.outbox.due_at().is_some_and(|due_at| due_at <= now) {
            self.outbox_step(effects, now, |outbox, step| outbox.start_due(step, now));
        }
        if let Some(change) = self.deliveries.keep(now) {
            self.commit(change, InFlight { keeps_progress: true, ..InFlight::default() }, effects);
        }
        if self.resting {
            return;
        }
        self.expire(effects, now);
        effects.extend(self.deliveries.start_due(now).into_iter().map(Effect::Deliver));
        let reads = self.deliveries.wants_to_read(self.durable_seq, now);
        effects.extend(reads.into_iter().map(|(reader, after)| Effect::ReadOn { reader, after }));
        self.read_for_replays(effects, now);
    }
}

#[cfg(test)]
mod tests;
