//! The one thread behind the committer: opens the archive, makes volumes ahead, indexes sealed ones, checkpoints, and
//! removes what is too old. Whatever fails here closes the store: it would fill memory or disk unnoticed.

use super::bodies::Bodies;
use super::database::{Database, Shape};
use super::layout::{self, ARCHIVE, STATE_SEGMENT};
use super::records::Chunks;
use super::retention::Retention;
use super::shared::Shared;
use super::volumes::{Closing, Sealed};
use super::wake::{Call, End};
use super::{checkpoint, journal, sealed};
use crate::StoreError;
use ::sled::Batch;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Cache of the archive, in bytes.
pub(super) const ARCHIVE_CACHE: u64 = 32 << 20;
/// How often old volumes are looked for.
const RETENTION_EVERY: Duration = Duration::from_secs(60);

/// The keeper's own state.
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    next_volume: u64,
    pub(super) checkpointed_page: u64,
    checkpointed_at: Instant,
    retained_at: Instant,
    bodies: Bodies,
}

/// Whether a task waits for its time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    WhenDue,
    Now,
}

impl Keeper {
    /// Makes volumes from `next_volume` on; state holds everything up to `checkpointed_page`.
    pub(super) fn new(shared: Arc<Shared>, next_volume: u64, checkpointed_page: u64) -> Self {
        let now = Instant::now();
        Self {
            shared,
            next_volume,
            checkpointed_page,
            checkpointed_at: now,
            retained_at: now,
            bodies: Bodies::default(),
        }
    }

    /// Works until told to end.
    pub(super) fn run(mut self) {
        let end = self.guarded(Self::work).unwrap_or(End::AtOnce);
        if end == End::Tidy {
            self.guarded(|keeper| keeper.round(Pace::Now));
        }
        self.shared.archive.fail("the store is closed");
        self.shared.state.fail("the store is closed");
        for closing in &self.shared.read().volumes.closing {
            closing.content.fail("the store is closed");
        }
        self.shared.wake.done(u64::MAX);
    }

    /// Runs `task`; its failure or panic closes the store.
    fn guarded<T>(&mut self, task: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Option<T> {
        let failure = match catch_unwind(AssertUnwindSafe(|| task(self))) {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the keeper panicked; the log above says where".to_owned(),
        };
        log::error!("the store is closed until a restart: reason={failure:?}");
        self.shared.close(&failure);
        None
    }

    fn work(&mut self) -> Result<End, StoreError> {
        let archive = self.shared.settings.path.join(ARCHIVE);
        let shape = Shape { segment: STATE_SEGMENT, cache: ARCHIVE_CACHE };
        self.shared.archive.open(Database::open_or_make(&archive, shape, &self.shared.disk)?);
        self.round(Pace::WhenDue)?;
        loop {
            match self.shared.wake.wait(self.shared.settings.checkpoint_every) {
                Call::End(end) => return Ok(end),
                Call::Due => self.round_when_due()?,
                Call::Round(round) => {
                    self.round(Pace::Now)?;
                    self.shared.wake.done(round);
                }
            }
            self.erase_asked()?;
        }
    }

    /// Whatever is due.
    pub(super) fn round_when_due(&mut self) -> Result<(), StoreError> {
        self.round(Pace::WhenDue)
    }

    /// Everything, due or not.
    pub(super) fn round_now(&mut self) -> Result<(), StoreError> {
        self.round(Pace::Now)
    }

    fn round(&mut self, pace: Pace) -> Result<(), StoreError> {
        self.prepare()?;
        self.checkpoint(pace)?;
        while let Some(closing) = self.oldest_closing() {
            self.index(&closing)?;
            self.prepare()?;
            self.checkpoint(Pace::WhenDue)?;
        }
        self.retain(pace)
    }

    /// Makes the next volume ahead.
    fn prepare(&mut self) -> Result<(), StoreError> {
        if self.shared.prepared().is_some() || self.shared.why_closed().is_some() {
            return Ok(());
        }
        let volume = self.shared.shelf.open_to_write(self.next_volume)?;
        self.next_volume += 1;
        *self.shared.prepared() = Some(volume);
        Ok(())
    }

    fn checkpoint(&mut self, pace: Pace) -> Result<(), StoreError> {
        let settings = &self.shared.settings;
        let (page, full) = {
            let image = self.shared.read();
            (image.committed.applied_page(), image.committed.is_full(settings.checkpoint_bytes))
        };
        let due = pace == Pace::Now || self.checkpointed_at.elapsed() >= settings.checkpoint_every || full;
        if !due || page == self.checkpointed_page {
            return Ok(());
        }
        let archive = self.shared.archive.wait()?;
        let cut = self.shared.write().committed.cut();
        checkpoint::write(&cut, &*self.shared.state.wait()?, &archive)?;
        self.shared.settled();
        self.checkpointed_page = cut.page;
        self.checkpointed_at = Instant::now();
        Ok(())
    }

    fn oldest_closing(&self) -> Option<Arc<Closing>> {
        self.shared.read().volumes.closing.first().cloned()
    }

    /// Writes a sealed volume's index, marks and filter, then what finds them again.
    fn index(&mut self, closing: &Closing) -> Result<(), StoreError> {
        let (number, db) = (closing.volume.number, &closing.volume.db);
        if closing.content.peek().is_none() {
            closing.content.open(journal::content(&closing.volume)?);
        }
        let content = closing.content.wait()?;
        let filter = sealed::write(db, &content)?;
        let archive = self.shared.archive.wait()?;
        let mut chunks = Chunks::new(&archive);
        for (stream, stretch) in content.stretches() {
            chunks.put(layout::stretch_key(stream, number), &stretch.last_seq.to_be_bytes())?;
        }
        chunks.finish()?;
        let summary = content.summary(self.shared.settings.clock.now_s());
        let mut batch = Batch::default();
        let bytes = postcard::to_stdvec(&summary).expect("a summary of numbers always encodes");
        batch.insert(&layout::volume_key(number), bytes);
        self.shared.state.wait()?.commit(batch)?;
        self.shared.shelf.keep(&closing.volume);
        let sealed = Sealed { summary, filter: Some(Arc::new(filter)), exact: Some(content) };
        let mut image = self.shared.write();
        let dropped = image.volumes.seal(number, sealed);
        image.volumes.trim_filters(self.shared.settings.filter_bytes);
        drop(image);
        drop(dropped);
        log::info!("journal volume sealed: volume={number}");
        Ok(())
    }

    /// Removes what is too old, and what must give way to what is new.
    fn retain(&mut self, pace: Pace) -> Result<(), StoreError> {
        let retention = Retention { shared: &self.shared, checkpointed: self.checkpointed_page };
        if pace == Pace::Now || self.retained_at.elapsed() >= RETENTION_EVERY {
            self.retained_at = Instant::now();
            retention.retire()?;
            self.bodies.forget(&retention)?;
        }
        retention.relieve()
    }
}
