//! The store as callers see it: commits go to the queue, reads to memory first and then to the disk.

use super::committer::Committer;
use super::keeper::Keeper;
use super::open::{self, Opened};
use super::parcel::Parcel;
use super::settings::SledSettings;
use super::shared::{SHUT_DOWN, Shared};
use super::wake::End;
use super::{cold, dedupe, events, wishes};
use crate::erasure;
use crate::receipt::tell;
use crate::{
    Change, Disk, Erased, Erasure, Event, Figures, Glance, Key, Kind, Ledger, Outcome, PlainDisk, Receipt, Room, Seen,
    Stamp, Standing, Store, StoreError, Temperature,
};
use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// A store on sled, in a folder of its own.
pub struct SledStore {
    shared: Arc<Shared>,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    committer: JoinHandle<()>,
    keeper: JoinHandle<()>,
}

impl SledStore {
    /// Opens or makes the store that `settings` name.
    pub fn open(settings: SledSettings) -> Result<Self, StoreError> {
        Self::open_with(settings, Arc::new(PlainDisk))
    }

    /// The same on a disk that a test may let fail.
    pub fn open_with(settings: SledSettings, disk: Arc<dyn Disk>) -> Result<Self, StoreError> {
        let Opened { shared, next_page, next_volume, checkpointed_page } = open::open(settings, disk)?;
        shared.space.measure(&shared.settings.path)?;
        let shared = Arc::new(shared);
        let committer = Committer::new(shared.clone(), next_page);
        let keeper = Keeper::new(shared.clone(), next_volume, checkpointed_page);
        let committer = spawn("wharf-committer", move || committer.run())?;
        let keeper = spawn("wharf-keeper", move || keeper.run())?;
        Ok(Self { shared, threads: Mutex::new(Some(Threads { committer, keeper })) })
    }

    /// Checkpoints, indexes and removes what there is, due or not, and returns when that is done. *Disk.*
    pub fn tidy(&self) {
        self.shared.wake.round();
    }

    fn end(&self, end: End, reason: &str) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Threads { committer, keeper }) = threads else { return };
        if end == End::AtOnce {
            self.shared.close(reason);
        }
        self.shared.queue.end();
        // Their panics are caught and logged inside; there is nothing left to tell here.
        drop(committer.join());
        self.shared.wake.end(end);
        drop(keeper.join());
        self.shared.close(reason);
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let failed = |source| StoreError::Io { what: format!("start the thread {name}"), source };
    Builder::new().name(name.to_owned()).spawn(work).map_err(failed)
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.end(End::AtOnce, "the store was dropped");
    }
}

impl Store for SledStore {
    fn commit(&self, change: Change, receipts: Vec<Receipt>) {
        let Some(refused) = self.shared.queue.push(Parcel::new(change, receipts)) else { return };
        let reason = self.shared.close(SHUT_DOWN);
        tell(refused.receipts, &Outcome::Lost { reason });
    }

    fn standing(&self) -> Standing {
        self.shared.standing()
    }

    fn hot(&self, kind: Kind, prefix: &[u8]) -> Vec<(Key, Bytes)> {
        self.shared.read().committed.hot(kind, prefix, None, usize::MAX)
    }

    fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        match kind.temperature() {
            Temperature::Hot => Ok(self.shared.read().committed.hot_record(kind, key)),
            Temperature::Cold => cold::get(&self.shared, kind, key),
        }
    }

    fn page(
        &self,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        match kind.temperature() {
            Temperature::Hot => Ok(self.shared.read().committed.hot(kind, prefix, after, limit)),
            Temperature::Cold => cold::page(&self.shared, kind, prefix, after, limit),
        }
    }

    fn page_back(
        &self,
        kind: Kind,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        match kind.temperature() {
            Temperature::Hot => Ok(self.shared.read().committed.hot_back(kind, prefix, before, limit)),
            Temperature::Cold => cold::page_back(&self.shared, kind, prefix, before, limit),
        }
    }

    fn last_seq(&self, stream: &str) -> u64 {
        self.shared.read().committed.last_seq(stream)
    }

    fn ledger(&self, owner: &str) -> Ledger {
        self.shared.read().committed.ledger(owner)
    }

    fn ledgers(&self) -> Vec<(String, Ledger)> {
        // Shared under the lock, copied and sorted outside of it: commits must not wait for that.
        let ledgers = self.shared.read().committed.ledgers();
        let mut ledgers: Vec<_> =
            ledgers.into_iter().map(|(owner, ledger)| (owner.to_string(), Arc::unwrap_or_clone(ledger))).collect();
        ledgers.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        ledgers
    }

    fn glance(&self, wanted: &[(u128, Stamp)]) -> Vec<Glance> {
        dedupe::glance(&self.shared, wanted)
    }

    fn look(&self, wanted: &[(u128, Stamp)]) -> Result<Vec<Option<Seen>>, StoreError> {
        dedupe::look(&self.shared, wanted)
    }

    fn event(&self, stream: &str, seq: u64) -> Result<Option<Event>, StoreError> {
        let Some(before) = seq.checked_sub(1) else { return Ok(None) };
        let first = events::read(&self.shared, stream, before, 1, usize::MAX)?.pop();
        Ok(first.filter(|event| event.seq == seq))
    }

    fn events(&self, stream: &str, after: u64, limit: usize, max_bytes: usize) -> Result<Vec<Event>, StoreError> {
        events::read(&self.shared, stream, after, limit, max_bytes)
    }

    fn figures(&self) -> Figures {
        let (journal_bytes, volumes) = {
            let image = self.shared.read();
            (image.volumes.page_bytes(), image.volumes.len() as u64)
        };
        let queued_bytes = self.shared.queue.bytes();
        Figures { queued_bytes, journal_bytes, volumes, ..self.shared.figures().clone() }
    }

    fn room(&self) -> Room {
        self.shared.space.room(self.shared.settings.max_bytes)
    }

    fn wish(&self, erasure: &Erasure) -> Result<(), StoreError> {
        wishes::keep(&self.shared.settings.path, erasure, self.shared.disk.as_ref())
    }

    fn wishes(&self) -> Result<Vec<Erasure>, StoreError> {
        wishes::all(&self.shared.settings.path)
    }

    fn erase(&self, erasure: &Erasure) -> Result<Erased, StoreError> {
        let mut erased = erasure::remove(self, erasure)?;
        let Erased { found, verified } = self.shared.erasing.ask(erasure, &self.shared)?;
        found.into_iter().for_each(|(stream, found)| erased.add(&stream, found));
        erased.verified = verified && erasure::left(self, erasure)? == 0;
        if erased.verified {
            wishes::forget(&self.shared.settings.path, erasure, self.shared.disk.as_ref())?;
        }
        Ok(erased)
    }

    fn close(&self) {
        self.end(End::Tidy, SHUT_DOWN);
    }
}
