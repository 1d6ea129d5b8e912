//! The one way to the committer: first in, first out, and a wake-up only when it sleeps.

use super::parcel::Parcel;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Changes that wait to become durable.
#[derive(Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    filled: Condvar,
    bytes: AtomicU64,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Parcel>,
    asleep: Asleep,
    ended: Ended,
}

/// Whether the committer waits for work.
#[derive(Default, PartialEq, Eq)]
enum Asleep {
    #[default]
    No,
    Yes,
}

/// Whether nobody takes from the queue any more.
#[derive(Default, PartialEq, Eq)]
enum Ended {
    #[default]
    No,
    WhenEmpty,
    Gone,
}

impl Queue {
    /// Adds `parcel`; gives it back once nobody will take it.
    pub(super) fn push(&self, parcel: Parcel) -> Option<Parcel> {
        let mut inner = self.lock();
        if inner.ended == Ended::Gone {
            return Some(parcel);
        }
        self.bytes.fetch_add(parcel.bytes.len() as u64, Ordering::Relaxed);
        inner.waiting.push_back(parcel);
        let asleep = inner.asleep == Asleep::Yes;
        inner.asleep = Asleep::No;
        drop(inner);
        if asleep {
            self.filled.notify_one();
        }
        None
    }

    /// Waits for work and moves what waits into `group`, until it holds `most_bytes`; at least one parcel.
    /// `false` when the queue has ended and is empty.
    pub(super) fn take(&self, group: &mut Vec<Parcel>, most_bytes: usize) -> bool {
        let mut inner = self.lock();
        while inner.waiting.is_empty() {
            if inner.ended != Ended::No {
                inner.ended = Ended::Gone;
                return false;
            }
            inner.asleep = Asleep::Yes;
            inner = self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.asleep = Asleep::No;
        let mut bytes = 0;
        while let Some(next) = inner.waiting.front() {
            bytes += next.bytes.len();
            if bytes > most_bytes && !group.is_empty() {
                break;
            }
            group.extend(inner.waiting.pop_front());
        }
        true
    }

    /// Lets the committer end once the queue is empty.
    pub(super) fn end(&self) {
        let mut inner = self.lock();
        if inner.ended == Ended::No {
            inner.ended = Ended::WhenEmpty;
        }
        drop(inner);
        self.filled.notify_one();
    }

    /// What was taken has been dealt with, before anybody is told.
    pub(super) fn done(&self, group: &[Parcel]) {
        let bytes: u64 = group.iter().map(|parcel| parcel.bytes.len() as u64).sum();
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes of changes that are not yet durable.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
