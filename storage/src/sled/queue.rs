//! The one way to the committer: first in, first out, and a wake-up only when it sleeps. While many callers are busy the
//! committer lingers for a fuller group, because a commit costs the same for one change as for thirty.

use super::parcel::Parcel;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Changes in the last group from which on callers count as busy. Below it nobody ever lingers.
const BUSY: usize = 8;
/// Changes that are worth a commit at once.
const FULL: usize = 24;
/// The longest time to linger, about as long as a commit takes.
const LINGER: Duration = Duration::from_micros(300);

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
    /// Changes in the group taken last.
    last_group: usize,
    asleep: Asleep,
    ended: Ended,
}

/// Whether the committer waits for work.
#[derive(Default, PartialEq, Eq)]
enum Asleep {
    #[default]
    No,
    /// For the first.
    Yes,
    /// For [`FULL`] of them, or the end of [`LINGER`].
    Lingering,
}

/// Whether the queue goes on.
#[derive(Default, PartialEq, Eq)]
enum Ended {
    #[default]
    No,
    /// So many parcels came before the end; later ones are refused in their turn.
    After(usize),
    /// Nobody takes any more.
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
        let due = match inner.asleep {
            Asleep::No => false,
            Asleep::Yes => true,
            Asleep::Lingering => inner.waiting.len() >= FULL,
        };
        if due {
            inner.asleep = Asleep::No;
        }
        drop(inner);
        if due {
            self.filled.notify_one();
        }
        None
    }

    /// Waits for work and moves what waits into `group`, until it holds `most_bytes`; at least one parcel. `false` when
    /// the queue has ended: the rest is for [`Queue::take_late`].
    pub(super) fn take(&self, group: &mut Vec<Parcel>, most_bytes: usize) -> bool {
        let mut inner = self.lock();
        if inner.last_group >= BUSY {
            inner = self.linger(inner);
        }
        while inner.waiting.is_empty() && inner.ended == Ended::No {
            inner.asleep = Asleep::Yes;
            inner = self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.asleep = Asleep::No;
        let most = match inner.ended {
            Ended::No => usize::MAX,
            Ended::After(count) => count,
            Ended::Gone => 0,
        };
        let mut bytes = 0;
        while let Some(next) = inner.waiting.front() {
            bytes += next.bytes.len();
            if group.len() == most || (bytes > most_bytes && !group.is_empty()) {
                break;
            }
            group.extend(inner.waiting.pop_front());
        }
        inner.last_group = group.len();
        if let Ended::After(count) = &mut inner.ended {
            *count -= group.len();
        }
        !group.is_empty()
    }

    /// Waits for a full group, but not long.
    fn linger<'a>(&'a self, mut inner: MutexGuard<'a, Inner>) -> MutexGuard<'a, Inner> {
        let until = Instant::now() + LINGER;
        while inner.waiting.len() < FULL && inner.ended == Ended::No {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            inner.asleep = Asleep::Lingering;
            let (woken, _) = self.filled.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner);
            inner = woken;
        }
        inner
    }

    /// Moves what came after the end into `group`; once there is nothing, nobody takes any more.
    pub(super) fn take_late(&self, group: &mut Vec<Parcel>) -> bool {
        let mut inner = self.lock();
        group.extend(inner.waiting.drain(..));
        if group.is_empty() {
            inner.ended = Ended::Gone;
        }
        !group.is_empty()
    }

    /// Lets the committer end with what waits now.
    pub(super) fn end(&self) {
        let mut inner = self.lock();
        if inner.ended == Ended::No {
            inner.ended = Ended::After(inner.waiting.len());
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc;

    /// Far beyond [`LINGER`], on a busy machine too.
    const SOON: Duration = Duration::from_secs(10);

    fn parcel() -> Parcel {
        Parcel { bytes: vec![0; 10], ..Parcel::default() }
    }

    /// A queue whose last group was a busy one.
    fn busy() -> Arc<Queue> {
        let queue = Arc::new(Queue::default());
        (0..BUSY).for_each(|_| assert!(queue.push(parcel()).is_none()));
        let mut group = Vec::new();
        assert!(queue.take(&mut group, usize::MAX));
        assert_eq!(group.len(), BUSY);
        queue
    }

    /// Takes one group on a thread of its own, as the committer does.
    fn taking(queue: &Arc<Queue>) -> mpsc::Receiver<usize> {
        let (tell, told) = mpsc::channel();
        let queue = Arc::clone(queue);
        std::thread::spawn(move || {
            let mut group = Vec::new();
            queue.take(&mut group, usize::MAX);
            let _ = tell.send(group.len());
        });
        told
    }

    #[test]
    fn a_lone_change_after_a_busy_group_is_taken_soon() {
        let queue = busy();
        queue.push(parcel());
        assert_eq!(taking(&queue).recv_timeout(SOON), Ok(1), "already there when the committer comes back");
    }

    #[test]
    fn a_lone_change_that_comes_while_the_committer_lingers_or_after_it_is_taken_soon() {
        let queue = busy();
        let told = taking(&queue);
        assert!(told.recv_timeout(LINGER * 2).is_err(), "nothing is there to take");
        queue.push(parcel());
        assert_eq!(told.recv_timeout(SOON), Ok(1));
        // And the committer is not busy any more: the next one is taken without lingering.
        assert_eq!(queue.lock().last_group, 1);
    }

    #[test]
    fn a_full_group_ends_the_lingering_at_once() {
        let queue = busy();
        let told = taking(&queue);
        (0..FULL).for_each(|_| assert!(queue.push(parcel()).is_none()));
        let first = told.recv_timeout(SOON).expect("taken");
        let rest = if first < FULL { taking(&queue).recv_timeout(SOON).expect("taken") } else { 0 };
        assert_eq!(first + rest, FULL);
    }
}
