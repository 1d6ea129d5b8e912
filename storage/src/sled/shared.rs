//! What the callers, the committer and the keeper of one store share. It decides nothing but when the store is closed.

use super::claim::Claim;
use super::committed::Committed;
use super::database::Database;
use super::erase::Erasing;
use super::gate::Gate;
use super::queue::Queue;
use super::settings::SledSettings;
use super::space::Space;
use super::volume::{Shelf, Volume};
use super::volumes::Volumes;
use super::wake::Wake;
use crate::{Disk, Figures, Standing};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// Why a store takes nothing that was closed in good order.
pub(super) const SHUT_DOWN: &str = "the store was shut down";

/// One open store.
pub(super) struct Shared {
    pub(super) settings: SledSettings,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) queue: Queue,
    pub(super) wake: Wake,
    pub(super) shelf: Shelf,
    /// Written by the keeper alone.
    pub(super) state: Gate<Database>,
    /// Opened by the keeper, so that it does not delay the start.
    pub(super) archive: Gate<Database>,
    /// What it takes on disk.
    pub(super) space: Space,
    /// What is being erased.
    pub(super) erasing: Erasing,
    roll: AtomicBool,
    figures: Mutex<Figures>,
    image: RwLock<Image>,
    prepared: Mutex<Option<Arc<Volume>>>,
    settled: Condvar,
    /// Why, and since when, in s since 1970.
    closed: Mutex<Option<(Arc<str>, u64)>>,
    _claim: Claim,
}

/// The committed state that readers see, under one lock.
pub(super) struct Image {
    /// Records, ledgers, last seqs.
    pub(super) committed: Committed,
    /// Events and marks.
    pub(super) volumes: Volumes,
}

impl Shared {
    /// A store that was read from disk.
    pub(super) fn new(
        (settings, disk, claim): (SledSettings, Arc<dyn Disk>, Claim),
        (state, shelf): (Database, Shelf),
        image: Image,
        prepared: Option<Arc<Volume>>,
    ) -> Self {
        Self {
            settings,
            disk,
            queue: Queue::default(),
            wake: Wake::default(),
            shelf,
            state: Gate::ready(state),
            archive: Gate::shut(),
            space: Space::default(),
            erasing: Erasing::default(),
            roll: AtomicBool::new(false),
            figures: Mutex::default(),
            image: RwLock::new(image),
            prepared: Mutex::new(prepared),
            _claim: claim,
            settled: Condvar::new(),
            closed: Mutex::default(),
        }
    }

    /// The committed state, to read.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Image> {
        self.image.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The committed state, to apply to.
    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Image> {
        self.image.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The volume made ahead.
    pub(super) fn prepared(&self) -> MutexGuard<'_, Option<Arc<Volume>>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the volume that is written has pages and is old enough to be sealed.
    pub(super) fn is_open_volume_old(&self) -> bool {
        let now_s = self.settings.clock.now_s();
        let image = self.read();
        let open = &image.volumes.open;
        !open.content.is_empty() && now_s.saturating_sub(open.begun_s) >= self.settings.volume_age.as_secs()
    }

    /// Asks the committer to go on in another volume at its next commit.
    pub(super) fn ask_to_roll(&self) {
        self.roll.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to; from then on it is not.
    pub(super) fn is_asked_to_roll(&self) -> bool {
        self.roll.swap(false, Ordering::Relaxed)
    }

    /// Figures since start.
    pub(super) fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the store for good, unless it is closed; returns why it is.
    pub(super) fn close(&self, reason: &str) -> Arc<str> {
        let mut closed = self.closed();
        let (reason, _) = closed.get_or_insert_with(|| (reason.into(), self.settings.clock.now_s())).clone();
        drop(closed);
        self.settled.notify_all();
        reason
    }

    /// Why the store is closed, if it is.
    pub(super) fn why_closed(&self) -> Option<Arc<str>> {
        self.closed().as_ref().map(|(reason, _)| Arc::clone(reason))
    }

    /// Whether commits are possible.
    pub(super) fn standing(&self) -> Standing {
        match &*self.closed() {
            Some((reason, since_s)) => Standing::Closed { reason: reason.to_string(), since_s: *since_s },
            None => Standing::Open,
        }
    }

    /// Waits until checkpoints have caught up with commits, or the store is closed: memory is bounded.
    pub(super) fn wait_for_room(&self) {
        let most = self.settings.checkpoint_bytes.saturating_mul(8);
        while self.read().committed.unsettled_bytes() > most {
            self.wake.work();
            let closed = self.closed();
            if closed.is_some() {
                return;
            }
            // The time limit covers a checkpoint that ended between the look and the wait.
            drop(self.settled.wait_timeout(closed, Duration::from_millis(20)));
        }
    }

    /// A checkpoint is on the disk.
    pub(super) fn settled(&self) {
        drop(self.write().committed.settled());
        self.settled.notify_all();
    }

    fn closed(&self) -> MutexGuard<'_, Option<(Arc<str>, u64)>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
