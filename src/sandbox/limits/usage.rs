//! What went through one number in the last second, and the most that ever did. Knows no limit.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What a throughput is counted in.
const SECOND: Duration = Duration::from_secs(1);

/// How one number used its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberUsage {
    /// Its id.
    pub number: String,
    /// Messages per second that it may have, in and out together.
    pub throughput: u32,
    /// Messages that Graph took from the business, those that failed for other reasons included.
    pub sent: u64,
    /// Messages that customers wrote.
    pub received: u64,
    /// The most messages in any sliding second: what was asked to be sent, also what was refused, and what came in.
    pub most_in_a_second: u64,
    /// Sends beyond the throughput.
    pub throttled: u64,
    /// Sends beyond what one customer may get.
    pub pair_violations: u64,
}

/// The messages of a number.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Everything that was asked for in the last second, and what came in.
    asked: VecDeque<Instant>,
    /// The same without what was refused.
    taken: VecDeque<Instant>,
    sent: u64,
    received: u64,
    most: u64,
    throttled: u64,
    violations: u64,
}

impl Flow {
    /// A send was asked for.
    pub(super) fn ask(&mut self, now: Instant) {
        push(&mut self.asked, now);
        self.most = self.most.max(self.asked.len() as u64);
    }

    /// A send was taken.
    pub(super) fn take(&mut self, now: Instant) {
        push(&mut self.taken, now);
        self.sent += 1;
    }

    /// A customer wrote.
    pub(super) fn receive(&mut self, now: Instant) {
        self.ask(now);
        push(&mut self.taken, now);
        self.received += 1;
    }

    /// Whether the last second holds all of `throughput`.
    pub(super) fn is_full(&mut self, throughput: u32, now: Instant) -> bool {
        forget_before(&mut self.taken, now);
        self.taken.len() >= throughput as usize
    }

    /// Notes a send beyond the throughput; the code of its refusal.
    pub(super) fn throttle(&mut self) -> u32 {
        self.throttled += 1;
        130_429
    }

    /// Notes a send beyond what one customer may get; the code of its refusal.
    pub(super) fn violate(&mut self) -> u32 {
        self.violations += 1;
        131_056
    }

    /// Begins to count anew.
    pub(super) fn forget(&mut self) {
        (self.sent, self.received, self.most, self.throttled, self.violations) = (0, 0, 0, 0, 0);
    }

    /// What was counted.
    pub(super) fn usage(&self, number: &str, throughput: u32) -> NumberUsage {
        NumberUsage {
            number: number.to_owned(),
            throughput,
            sent: self.sent,
            received: self.received,
            most_in_a_second: self.most,
            throttled: self.throttled,
            pair_violations: self.violations,
        }
    }
}

fn push(moments: &mut VecDeque<Instant>, now: Instant) {
    forget_before(moments, now);
    moments.push_back(now);
}

fn forget_before(moments: &mut VecDeque<Instant>, now: Instant) {
    while moments.front().is_some_and(|first| now.saturating_duration_since(*first) >= SECOND) {
        moments.pop_front();
    }
}
