//! How the keeper erases: the volume that is written is sealed, sealed ones that hold something of what must go are
//! written anew, then archive and state. A crash anywhere leaves the wish, and whoever wished does it all again.

use super::database::Shape;
use super::keeper::{ARCHIVE_CACHE, Keeper};
use super::layout::{ARCHIVE, STATE, STATE_SEGMENT};
use super::open::STATE_CACHE;
use super::parcel::Parcel;
use super::renewal::renew;
use super::retention::Retention;
use super::scrub::{Bodies, look};
use super::shared::Shared;
use crate::{Change, Erased, Erasure, StoreError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the volume that is written may take to be sealed.
const SEALING: Duration = Duration::from_secs(60);
/// How often it is looked whether it is.
const LOOKS: Duration = Duration::from_millis(5);

/// What the keeper is asked to erase, one after the other.
#[derive(Default)]
pub(super) struct Erasing {
    turn: Mutex<()>,
    job: Mutex<Job>,
    changed: Condvar,
}

#[derive(Default)]
enum Job {
    #[default]
    None,
    Asked(Arc<Erasure>),
    Done(Result<Erased, String>),
}

impl Erasing {
    /// Asks the keeper, and waits until it has done or the store is closed.
    pub(super) fn ask(&self, erasure: &Erasure, shared: &Shared) -> Result<Erased, StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *self.lock() = Job::Asked(Arc::new(erasure.clone()));
        shared.wake.work();
        let mut job = self.lock();
        loop {
            if let Job::Done(done) = &mut *job {
                let done = std::mem::replace(done, Ok(Erased::default()));
                *job = Job::None;
                return done.map_err(StoreError::Database);
            }
            if let Some(reason) = shared.why_closed() {
                *job = Job::None;
                return Err(StoreError::Database(reason.to_string()));
            }
            let waited = self.changed.wait_timeout(job, Duration::from_millis(200));
            job = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn asked(&self) -> Option<Arc<Erasure>> {
        match &*self.lock() {
            Job::Asked(erasure) => Some(Arc::clone(erasure)),
            Job::None | Job::Done(_) => None,
        }
    }

    fn done(&self, done: Result<Erased, String>) {
        *self.lock() = Job::Done(done);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Job> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    /// Erases what is asked for, if something is.
    pub(super) fn erase_asked(&mut self) -> Result<(), StoreError> {
        let Some(erasure) = self.shared.erasing.asked() else { return Ok(()) };
        let erased = self.erase(&erasure);
        let told = erased.as_ref().map(Erased::clone).map_err(ToString::to_string);
        self.shared.erasing.done(told);
        // A store that is being closed cannot go on; the wish stays.
        if self.shared.why_closed().is_some() {
            return Ok(());
        }
        erased.map(|_| ())
    }

    fn erase(&mut self, erasure: &Erasure) -> Result<Erased, StoreError> {
        let doomed = |event: &crate::Event| erasure.concerns(event);
        let mut erased = Erased::default();
        let volumes = self.seal()?;
        for number in &volumes {
            let found = self.retention().scrub(*number, &doomed, Bodies::Some)?;
            for (stream, events) in found.events {
                erased.of(&stream).events += events;
            }
            // Checkpoints go on meanwhile: commits wait for them.
            self.round_when_due()?;
            if let Some(reason) = self.shared.why_closed() {
                return Err(StoreError::Database(reason.to_string()));
            }
        }
        self.renew()?;
        erased.verified = true;
        for number in volumes {
            let Some(volume) = self.shared.shelf.lend(number)? else { continue };
            erased.verified &= look(&volume.db, &doomed)?.is_nothing();
        }
        Ok(erased)
    }

    /// Seals and checkpoints everything that was written; returns all sealed volumes.
    fn seal(&mut self) -> Result<Vec<u64>, StoreError> {
        let first = self.shared.read().volumes.open.volume.number;
        let until = Instant::now() + SEALING;
        loop {
            self.round_now()?;
            let (number, is_empty) = {
                let open = &self.shared.read().volumes.open;
                (open.volume.number, open.content.is_empty())
            };
            if is_empty || number != first {
                break;
            }
            if Instant::now() > until || self.shared.why_closed().is_some() {
                return Err(StoreError::Database("the journal's open volume could not be sealed".into()));
            }
            self.shared.ask_to_roll();
            drop(self.shared.queue.push(Parcel::new(Change::default(), Vec::new())));
            std::thread::sleep(LOOKS);
        }
        self.round_now()?;
        Ok(self.retention().checkpointed_volumes())
    }

    /// Copies archive and state without their old bytes.
    fn renew(&mut self) -> Result<(), StoreError> {
        let shared = &self.shared;
        let shape = |cache| Shape { segment: STATE_SEGMENT, cache };
        let path = |name| shared.settings.path.join(name);
        renew(&shared.archive, &path(ARCHIVE), shape(ARCHIVE_CACHE), &shared.disk)?;
        renew(&shared.state, &path(STATE), shape(STATE_CACHE), &shared.disk)?;
        log::info!("archive and state written anew");
        Ok(())
    }

    fn retention(&self) -> Retention<'_> {
        Retention { shared: &self.shared, checkpointed: self.checkpointed_page }
    }
}
