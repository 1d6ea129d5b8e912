//! Meta's limit of customers a day: templates to customers whom nobody wrote to today, and who wrote to nobody, wait once
//! it is reached. Replies go on, and so does whatever is for customers who count already.

use super::holds::is_templated;
use super::lanes::Lanes;
use super::{Alarm, Outbox, Step, hold_of};
use wharf_storage::{HoldCause, HoldScope, MessageRecord, Reached};
use xxhash_rust::xxh3::xxh3_64;

/// A hold for this limit lasts so long at least, in ms: each one's end looks at all that waits.
const AT_LEAST_MS: u64 = 60_000;

impl Outbox {
    /// Meta lets the business begin to write to so many customers a day; `None` where nobody knows how many, or to any.
    pub fn set_customers_a_day(&mut self, limit: Option<u32>) {
        let limit = limit.map(|limit| limit as usize);
        if limit != self.portfolio.limit() {
            self.portfolio.set_limit(limit);
            self.alarms.insert((0, Alarm::Limit));
        }
    }

    /// How many that are, where it is known.
    pub fn customers_a_day(&self) -> Option<usize> {
        self.portfolio.limit()
    }

    /// Takes back whom templates went to within the last day.
    pub fn recall_reached(&mut self, reached: Vec<Reached>, now: u64) {
        for Reached { customer, at_ms, .. } in reached {
            self.portfolio.count(hash(&customer), at_ms.min(now));
        }
    }

    /// A customer wrote to a number: until then, what it sends them does not begin anything.
    pub fn window_opens(&mut self, number: &str, recipient: &str, until_ms: u64, now: u64) {
        // Every message that comes in asks: mostly nothing waits for anybody.
        if self.messages.is_empty() {
            return;
        }
        let name = Lanes::name_of(number, recipient);
        if let Some(lane) = self.lanes.get_mut(&name) {
            lane.window_until_ms = lane.window_until_ms.max(until_ms);
            self.line_up(&name, now);
        }
    }

    /// Whether a message begins something with a customer who does not count yet.
    pub(super) fn is_newcomer(&self, window_until_ms: u64, record: &MessageRecord, now: u64) -> bool {
        self.portfolio.limit().is_some()
            && is_templated(record)
            && window_until_ms <= now
            && !self.portfolio.counts(hash(&record.lane), now)
    }

    /// Whether the head of a lane must wait for the limit; then there is a hold from now on.
    pub(super) fn is_beyond_limit(&mut self, name: &str, step: &mut Step, now: u64) -> bool {
        let Some(lane) = self.lanes.get_mut(name) else { return false };
        let window_until_ms = lane.window_until_ms;
        let Some(record) = lane.head().map(|(id, _)| &self.messages[id].record) else { return false };
        if !self.is_newcomer(window_until_ms, record, now) {
            return false;
        }
        let Some(until_ms) = self.portfolio.full_until(now) else { return false };
        let mut hold = hold_of(&self.account, HoldScope::NewCustomers, HoldCause::Limit, None, now);
        let limit = self.portfolio.limit().unwrap_or_default();
        hold.reason = format!("Meta lets it begin to write to {limit} customers a day, and it has").into();
        hold.until_ms = Some(until_ms.max(now + AT_LEAST_MS));
        self.hold(hold, step);
        true
    }

    /// A message leaves: its customer counts, if it begins something.
    pub(super) fn count_customer(&mut self, window_until_ms: u64, record: &MessageRecord, step: &mut Step, now: u64) {
        if self.portfolio.limit().is_none() || !is_templated(record) || window_until_ms > now {
            return;
        }
        self.portfolio.count(hash(&record.lane), now);
        let (account, customer) = (self.account.clone(), record.lane.clone());
        step.change.put(&Reached { account, customer, at_ms: now });
    }

    /// The limit is another one: what it held goes on if there is room now.
    pub(super) fn look_at_limit(&mut self, step: &mut Step, now: u64) {
        if self.portfolio.full_until(now).is_none() {
            let ended = self.holds.end(&mut step.change, |hold| hold.cause == HoldCause::Limit);
            self.go_on_after(ended, step, now);
        }
    }
}

/// Customers are counted, not known.
fn hash(customer: &str) -> u64 {
    xxh3_64(customer.as_bytes())
}
