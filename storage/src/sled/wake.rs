//! How the keeper is woken: by work, by somebody who waits for a full round, or to end.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Orders for the keeper.
#[derive(Default)]
pub(super) struct Wake {
    orders: Mutex<Orders>,
    changed: Condvar,
}

#[derive(Default)]
struct Orders {
    work: Work,
    rounds_asked: u64,
    rounds_done: u64,
    end: Option<End>,
}

/// Whether something waits for the keeper before its time.
#[derive(Default, PartialEq, Eq)]
enum Work {
    #[default]
    None,
    Some,
}

/// How the keeper ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// After a last checkpoint.
    Tidy,
    /// At once: a start will replay what is not checkpointed.
    AtOnce,
}

/// What the keeper wakes up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Whatever is due.
    Due,
    /// Everything, due or not; then this round is done.
    Round(u64),
    /// The end.
    End(End),
}

impl Wake {
    /// There is work.
    pub(super) fn work(&self) {
        self.lock().work = Work::Some;
        self.changed.notify_all();
    }

    /// End.
    pub(super) fn end(&self, end: End) {
        self.lock().end.get_or_insert(end);
        self.changed.notify_all();
    }

    /// Asks for a full round and waits until it is done, or the keeper has ended.
    pub(super) fn round(&self) {
        let mut orders = self.lock();
        orders.rounds_asked += 1;
        let round = orders.rounds_asked;
        self.changed.notify_all();
        let waits = |orders: &mut Orders| orders.rounds_done < round;
        drop(self.changed.wait_while(orders, waits).unwrap_or_else(PoisonError::into_inner));
    }

    /// The keeper waits for its next call, at most `patience`.
    pub(super) fn wait(&self, patience: Duration) -> Call {
        let idle = |orders: &mut Orders| {
            orders.work == Work::None && orders.rounds_asked == orders.rounds_done && orders.end.is_none()
        };
        let waited = self.changed.wait_timeout_while(self.lock(), patience, idle);
        let (mut orders, _) = waited.unwrap_or_else(PoisonError::into_inner);
        orders.work = Work::None;
        match orders.end {
            Some(end) => Call::End(end),
            None if orders.rounds_asked > orders.rounds_done => Call::Round(orders.rounds_asked),
            None => Call::Due,
        }
    }

    /// The keeper did every round up to `round`.
    pub(super) fn done(&self, round: u64) {
        self.lock().rounds_done = round;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
