//! How messages leave: lanes line up for a turn when their head may, and numbers start as many as their pace allows.

use super::protocol::{News, Step};
use super::{Alarm, Outbox, records::shift};
use std::sync::Arc;
use wharf_storage::{MessageState, Outbox as Kept, SendHold};

impl Outbox {
    /// Starts messages of one number while its pace allows.
    pub(super) fn start_of(&mut self, id: &str, step: &mut Step, now: u64) {
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

    /// Lets a lane line up for a turn, if its head may leave; else sees to it that it is looked at again.
    pub(super) fn line_up(&mut self, name: &str, now: u64) {
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
    pub(super) fn go_on_after(&mut self, ended: Vec<SendHold>, step: &mut Step, now: u64) {
        if ended.is_empty() {
            return;
        }
        step.next.news.extend(ended.into_iter().map(News::Released));
        self.lanes.names().iter().for_each(|name| self.line_up(name, now));
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
