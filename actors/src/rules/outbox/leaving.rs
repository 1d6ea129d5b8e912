//! How messages leave: lanes line up for a turn when their head may, numbers start as many as their pace allows, and what
//! was started leaves once it is durable as `sending`, at the same pace.

use super::lanes::{Lane, Lanes};
use super::protocol::{News, Step};
use super::{Alarm, Outbox, number::Number, records::shift};
use std::sync::Arc;
use wharf_storage::{Kind, MessageRecord, MessageState, Noun, Outbox as Kept, PairDebt, SendHold};

impl Outbox {
    /// Messages that were started are durable as `sending`.
    pub fn kept(&mut self, started: Vec<Arc<MessageRecord>>) {
        for record in started {
            let number = record.number.clone();
            self.number(&number).kept(record);
        }
    }

    /// The messages that leave now.
    pub fn leave_due(&mut self, now: u64) -> Vec<Arc<MessageRecord>> {
        let Self { messages, numbers, pairs, .. } = self;
        let is_sending = |record: &MessageRecord| {
            messages.get(&record.id).is_some_and(|entry| entry.record.state == MessageState::Sending)
        };
        let leave = |number: &mut Number| number.leave(is_sending, now);
        let leaving: Vec<_> =
            numbers.values_mut().flat_map(|number| std::iter::from_fn(move || leave(number))).collect();
        leaving.iter().for_each(|record| pairs.left(&Lanes::name(record), now));
        leaving
    }

    /// Starts messages of one number while its pace allows.
    pub(super) fn start_of(&mut self, id: &str, step: &mut Step, now: u64) {
        loop {
            let number = self.number(id);
            if number.turns.is_empty() || !number.may_start() {
                return;
            }
            if let Err(at_ms) = number.pace.start(now) {
                number.alarm = Some(at_ms);
                self.alarms.insert((at_ms, Alarm::Number(id.into())));
                return;
            }
            if !self.start_next(id, step, now) {
                self.number(id).pace.not_started(now);
                return;
            }
        }
    }

    /// Starts the message whose turn it is; `false` where nobody's is.
    fn start_next(&mut self, number: &str, step: &mut Step, now: u64) -> bool {
        while let Some((name, priority, ticket)) = self.number(number).turns.next() {
            let Some(lane) = self.lanes.get_mut(&name) else { continue };
            if lane.lined_up != Some((priority, ticket)) {
                continue;
            }
            lane.lined_up = None;
            if self.ready(&name, now) != Ready::Now {
                self.line_up(&name, now);
                continue;
            }
            if self.is_beyond_limit(&name, step, now) {
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
        let (id, number) = (lane.busy.clone().expect("a lane that is ready has a head"), lane.number.clone());
        let window_until_ms = lane.window_until_ms;
        self.silence(&id);
        self.borrow(name, step, now);
        self.number(&number).started();
        let entry = self.messages.get_mut(&id).expect("what a lane holds is a message of the outbox");
        shift(&mut step.tally, entry.record.state, MessageState::Sending);
        entry.record.state = MessageState::Sending;
        entry.record.changed_at_ms = now;
        let record = Arc::new(entry.record.clone());
        step.change.put(&Kept(MessageRecord::clone(&record)));
        self.count_customer(window_until_ms, &record, step, now);
        step.next.sends.push(record);
    }

    /// A pair borrows a message of Meta; what it owes is kept where it is much.
    fn borrow(&mut self, name: &str, step: &mut Step, now: u64) {
        self.pay_back(step, now);
        if let Some(paid_at_ms) = self.pairs.take(name, now) {
            step.change.put(&self.debt_of(name, paid_at_ms));
            self.arm_debts();
        }
    }

    /// Debts that are paid back by now are not kept any longer.
    pub(super) fn pay_back(&mut self, step: &mut Step, now: u64) {
        for name in self.pairs.paid_back(now) {
            step.change.remove(Kind::PairDebt, self.debt_of(&name, 0).key());
        }
    }

    pub(super) fn arm_debts(&mut self) {
        if let Some(at_ms) = self.pairs.due_at().filter(|_| !self.debts_armed) {
            self.debts_armed = true;
            self.alarms.insert((at_ms, Alarm::Debts));
        }
    }

    fn debt_of(&self, name: &str, paid_at_ms: u64) -> PairDebt {
        let (number, lane) = Lanes::parts(name);
        PairDebt { account: self.account.clone(), number: number.into(), lane: lane.into(), paid_at_ms }
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
                self.number(&number).turns.line_up(name.into(), priority, ticket);
            }
        }
    }

    /// When the head of a lane may leave, as far as its own trouble goes.
    fn ready(&mut self, name: &str, now: u64) -> Ready {
        let Some(lane) = self.lanes.get_mut(name).filter(|lane| lane.busy.is_none()) else { return Ready::Never };
        let window_until_ms = lane.window_until_ms;
        let Some((head, _)) = lane.head() else { return Ready::Never };
        let record = &self.messages[head].record;
        let is_new = || self.is_newcomer(window_until_ms, record, now);
        if self.holds.covers(record) || self.holds.cover_new_customers() && is_new() {
            return Ready::Never;
        }
        match record.due_at_ms.max(self.pairs.free_at(name)) {
            at_ms if at_ms > now => Ready::At(at_ms),
            _ => Ready::Now,
        }
    }

    /// Lanes that were held line up again, in the order in which their heads were submitted.
    pub(super) fn go_on_after(&mut self, ended: Vec<SendHold>, step: &mut Step, now: u64) {
        if ended.is_empty() {
            return;
        }
        step.next.news.extend(ended.into_iter().map(News::Released));
        let mut names = self.lanes.names();
        names.sort_by_cached_key(|name| {
            let head = self.lanes.get(name).and_then(Lane::head);
            head.map(|(id, _)| self.messages[id].record.place)
        });
        names.iter().for_each(|name| self.line_up(name, now));
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
