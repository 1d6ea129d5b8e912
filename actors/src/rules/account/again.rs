//! What an account delivers or sends once more because somebody asks: single events, stretches of its journal, dead
//! letters. Each is kept before it starts, in the change that moves the replay on or takes the letter away.

use super::{AccountMachine, Effect, InFlight, Step, wants};
use crate::gateway::Route;
use crate::rules::deliveries::{Asked, Deliveries, Place};
use crate::rules::reader::MOST_AGAIN;
use crate::rules::replay::{Replays, Taken};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use wharf_storage::{Event, Key, Kind, MessageRecord, MessageState, ReplayRecord};

/// What shall be delivered or sent once more.
#[derive(Debug, Default)]
pub struct Again {
    /// Deliveries, each with the place of its reader.
    pub deliveries: Vec<(usize, Arc<Event>)>,
    /// Messages that had ended.
    pub messages: Vec<MessageRecord>,
    /// The dead letters that go with that.
    pub letters: Vec<Key>,
}

/// Dead letters that were found, and how many were passed over.
#[derive(Debug, Default)]
pub struct Found {
    /// Of deliveries, with the route's name and the event.
    pub deliveries: Vec<(Key, Box<str>, Arc<Event>)>,
    /// Of messages, with the message and what is left of its bytes.
    pub messages: Vec<(Key, MessageRecord)>,
    /// What came of the others.
    pub tally: Redriven,
}

/// What came of redriving dead letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Redriven {
    /// Letters that are deliveries or messages again.
    pub redriven: usize,
    /// Letters that stay: there is no route, no event, no number for them.
    pub skipped: usize,
    /// Letters for which there was no room in this call.
    pub left: usize,
}

impl AccountMachine {
    /// With the replays that were kept.
    #[must_use]
    pub fn with_replays(self, replays: Replays) -> Self {
        Self { replays, ..self }
    }

    /// The replays.
    pub fn replays(&self) -> &Replays {
        &self.replays
    }

    /// Who may get `event` again: `route`, whatever its filter says, or each whose filter wants it.
    pub fn ask_again(&self, event: &Event, route: Option<&str>) -> Asked {
        self.deliveries.ask_again(event, |its: &Route| match route {
            Some(name) => *its.name == *name,
            None => wants(its, event),
        })
    }

    /// How many deliveries each route that is there may get again now.
    pub fn rooms(&self) -> HashMap<Box<str>, usize> {
        let live = self.deliveries.readers().iter().filter(|reader| reader.is_live());
        live.map(|reader| (reader.route().name.as_ref().into(), reader.room_again())).collect()
    }

    /// Which of the letters found can be redriven: to be performed at once by `Input::Again`.
    pub fn plan_redrive(&self, found: Found) -> (Again, Redriven) {
        let (mut again, mut tally) = (Again::default(), found.tally);
        let mut rooms: HashMap<usize, usize> = HashMap::new();
        let mut opens: BTreeMap<(usize, u64), Arc<Event>> = BTreeMap::new();
        for (letter, route, event) in found.deliveries {
            let reader = self.deliveries.reader_of(&route);
            let reader = reader.filter(|reader| {
                let asked = self.ask_again(&event, Some(&route));
                asked.open.contains(reader) || asked.full.contains(reader)
            });
            let Some(reader) = reader.filter(|_| !event.is_erased() && !self.erasing.concerns(&event)) else {
                tally.skipped += 1;
                continue;
            };
            let room = rooms.entry(reader).or_insert_with(|| self.deliveries.readers()[reader].room_again());
            // Two letters of one delivery are one.
            let is_new = !opens.contains_key(&(reader, event.seq));
            if is_new && *room == 0 {
                tally.left += 1;
                continue;
            }
            *room -= usize::from(is_new);
            opens.insert((reader, event.seq), event);
            again.letters.push(letter);
            tally.redriven += 1;
        }
        for (letter, record) in found.messages {
            let record = self.given_up.peek(&record.id).cloned().unwrap_or(record);
            if self.may_requeue(&record) {
                again.letters.push(letter);
                again.messages.push(record);
                tally.redriven += 1;
            } else {
                tally.skipped += 1;
            }
        }
        again.deliveries = opens.into_iter().map(|((reader, _), event)| (reader, event)).collect();
        (again, tally)
    }

    fn may_requeue(&self, record: &MessageRecord) -> bool {
        let has_ended = matches!(record.state, MessageState::Failed | MessageState::Expired) && record.wamid.is_none();
        let is_ours = self.numbers.contains_key(&record.number) && !self.erasing.has_message(record);
        has_ended && is_ours && self.outbox.get(&record.id).is_none()
    }

    pub(super) fn again(&mut self, again: Again, effects: &mut Vec<Effect>, now: u64) {
        let mut flight = InFlight::default();
        for (reader, event) in again.deliveries {
            if self.deliveries.open_again(reader, &event, now) {
                flight.opened.push((reader, event.seq));
            }
        }
        let mut change = self.deliveries.keep_again();
        again.letters.into_iter().for_each(|letter| change.remove(Kind::Dead, letter));
        let mut step = Step::default();
        for record in again.messages {
            self.given_up.pop(&record.id);
            self.outbox.requeue(record, &mut step, now);
        }
        self.outbox.start_due(&mut step, now);
        self.join_step(step, &mut flight, &mut change, now);
        self.commit(change, flight, effects);
    }

    /// Deliveries of `place` are held from now on by somebody, or by nobody any more.
    pub(super) fn hold_deliveries(&mut self, place: &Place, by: Option<&str>, effects: &mut Vec<Effect>, now: u64) {
        let change = match by {
            Some(by) => self.deliveries.hold(place, by, now),
            None => self.deliveries.free(place, now),
        };
        if let Some(change) = change {
            self.commit(change, InFlight::default(), effects);
        }
    }

    // ---- replays of a stretch

    pub(super) fn begin_replay(&mut self, record: ReplayRecord, effects: &mut Vec<Effect>) {
        if let Some(change) = self.replays.begin(record) {
            self.commit(change, InFlight::default(), effects);
        }
    }

    pub(super) fn cancel_replay(&mut self, id: &str, effects: &mut Vec<Effect>, now: u64) {
        if let Some(change) = self.replays.cancel(id, now) {
            self.commit(change, InFlight::default(), effects);
        }
    }

    /// A replay's part of the journal was read.
    pub(super) fn replay_on(&mut self, id: &str, read: Option<Vec<Arc<Event>>>, effects: &mut Vec<Effect>, now: u64) {
        let Some(events) = read.filter(|_| !self.resting) else { return self.replays.read_failed(id, now) };
        let mut flight = InFlight::default();
        let deliveries = &mut self.deliveries;
        let take = |record: &ReplayRecord, event: &Arc<Event>| {
            let wanted =
                |its: &Route| wants(its, event) && record.route.as_deref().is_none_or(|route| *route == *its.name);
            let asked = deliveries.ask_again(event, wanted);
            if let Some(full) = asked.full.first() {
                return Taken::NoRoom(*full);
            }
            let before = flight.opened.len();
            let opened = asked.open.into_iter().filter(|reader| deliveries.open_again(*reader, event, now));
            flight.opened.extend(opened.map(|reader| (reader, event.seq)).collect::<Vec<_>>());
            if flight.opened.len() > before { Taken::Opened } else { Taken::Skipped }
        };
        let Some(moved) = self.replays.step(id, &events, take, now) else { return };
        let mut change = self.deliveries.keep_again();
        change.put(moved);
        self.commit(change, flight, effects);
    }

    pub(super) fn read_for_replays(&mut self, effects: &mut Vec<Effect>, now: u64) {
        let deliveries = &self.deliveries;
        let wanted = self.replays.wants_to_read(|record, stuck| may_go_on(deliveries, record, stuck), now);
        effects.extend(wanted.into_iter().map(Effect::ReadAgain));
    }

    pub(super) fn replays_due_at(&self) -> Option<u64> {
        self.replays.due_at(|record, stuck| may_go_on(&self.deliveries, record, stuck))
    }
}

/// Whether somebody is there for whom a replay may open more. One that found no room waits until half of it is free.
fn may_go_on(deliveries: &Deliveries, record: &ReplayRecord, stuck: Option<usize>) -> bool {
    let is_there = deliveries
        .readers()
        .iter()
        .any(|reader| reader.is_live() && record.route.as_deref().is_none_or(|route| *route == *reader.route().name));
    let has_room = |reader: usize| {
        let reader = &deliveries.readers()[reader];
        !reader.is_live() || reader.room_again() >= MOST_AGAIN / 2
    };
    is_there && stuck.is_none_or(has_room)
}
