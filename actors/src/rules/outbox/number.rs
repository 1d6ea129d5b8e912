//! One number of an account: messages line up for a turn, are started, become durable as `sending`, and leave. Knows no
//! lanes, no holds and no recipients.

use super::pace::{self, Pace};
use super::turns::Turns;
use std::collections::VecDeque;
use std::sync::Arc;
use wharf_storage::MessageRecord;

/// One number.
#[derive(Debug)]
pub(super) struct Number {
    /// How fast it may start messages, and let them leave.
    pub(super) pace: Pace,
    /// Who may start next.
    pub(super) turns: Turns,
    /// When the next may be started.
    pub(super) alarm: Option<u64>,
    /// Messages that were started and are not durable as `sending` yet.
    unkept: usize,
    /// Messages that are, and leave as soon as the pace allows.
    ready: VecDeque<Arc<MessageRecord>>,
    /// When the first of them may leave.
    leaves_at_ms: u64,
}

impl Number {
    /// A number of which nothing is known before `since`.
    pub(super) fn new(since: u64) -> Self {
        let (pace, turns) = (Pace::new(pace::STANDARD, since), Turns::default());
        Self { pace, turns, alarm: None, unkept: 0, ready: VecDeque::new(), leaves_at_ms: 0 }
    }

    /// Whether more may be started: few wait for the disk, however long it takes.
    pub(super) fn may_start(&self) -> bool {
        self.alarm.is_none() && self.unkept + self.ready.len() < self.pace.ahead()
    }

    /// A message was started.
    pub(super) fn started(&mut self) {
        self.unkept += 1;
    }

    /// A message that was started is durable as `sending`.
    pub(super) fn kept(&mut self, record: Arc<MessageRecord>) {
        self.unkept = self.unkept.saturating_sub(1);
        self.ready.push_back(record);
    }

    /// The next message that leaves now; one that `is_sending` no more, because it was given up meanwhile, never does.
    pub(super) fn leave(
        &mut self,
        is_sending: impl Fn(&MessageRecord) -> bool,
        now: u64,
    ) -> Option<Arc<MessageRecord>> {
        while self.ready.front().is_some_and(|record| !is_sending(record)) {
            self.ready.pop_front();
        }
        self.ready.front()?;
        match self.pace.leave(now) {
            Ok(()) => self.ready.pop_front(),
            Err(at_ms) => {
                self.leaves_at_ms = at_ms;
                None
            }
        }
    }

    /// When something can be done.
    pub(super) fn due_at(&self) -> Option<u64> {
        // Whoever lined up while nothing could leave (at a start) has been due all along.
        let starts_at = (self.may_start() && !self.turns.is_empty()).then_some(0);
        starts_at.or_else(|| (!self.ready.is_empty()).then_some(self.leaves_at_ms))
    }
}
