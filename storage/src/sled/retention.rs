//! What leaves the journal, and when: volumes at the end of their time, and before it where space is short. The order:
//!
//! 1. history whose marks no longer count, whole volumes, the oldest first;
//! 2. history whose marks still count: its events go, its marks stay;
//! 3. the quarantine, the oldest first: its owners are asked, because they keep its count;
//! 4. once nearly all space is taken and nothing else is left, marks that still count, the oldest first.
//!
//! What somebody still has to work on never leaves for want of space. Then nothing new comes in (see [`crate::Room`]).

use super::database::Database;
use super::layout;
use super::records::Chunks;
use super::shared::Shared;
use super::volumes::Sealed;
use super::{events, journal, sealed};
use crate::unfinished::{Lookup, Need, need};
use crate::{Key, Kind, Level, StoreError};
use ::sled::Batch;
use bytes::Bytes;

/// A volume that takes fewer bytes on disk is not worth stripping: an empty one takes 8 MiB.
const WORTH_STRIPPING: u64 = 12 << 20;
/// Per cent of the space from which even marks that count give way, before anything new is refused.
const LAST_MOMENT: u64 = 97;
/// Events read at once while it is asked who wants them.
const BATCH: usize = 256;
/// Bytes of their bodies at once.
const BATCH_BYTES: usize = 4 << 20;

/// One round of retention; state holds everything up to `checkpointed`.
pub(super) struct Retention<'a> {
    pub(super) shared: &'a Shared,
    pub(super) checkpointed: u64,
}

/// What a volume may give.
struct Candidate {
    number: u64,
    /// Whether its marks count no more.
    spent: bool,
    /// Whether it holds nothing but marks.
    bare: bool,
}

/// What came of a look for somebody to give way.
enum Found {
    /// Some bytes were freed, maybe.
    Freed,
    /// Only the quarantine of these streams is in the way, up to a seq.
    Quarantined(Vec<(String, u64)>),
    /// Nothing.
    Nothing,
}

impl Retention<'_> {
    /// Removes volumes that hold nothing young enough to be asked for.
    pub(super) fn retire(&self) -> Result<(), StoreError> {
        let settings = &self.shared.settings;
        let now_s = settings.clock.now_s();
        let before = |age: std::time::Duration| now_s.saturating_sub(age.as_secs());
        let keep = settings.retention.max(settings.dedupe);
        let (oldest_s, oldest_mark_s) = (before(keep), before(settings.dedupe));
        let oldest_unfinished_s = before(keep.max(settings.unfinished_retention));
        let old = |sealed: &Sealed| match sealed.summary.is_bare() {
            true => sealed.summary.newest_mark_s < oldest_mark_s,
            false => sealed.summary.is_older_than(oldest_s),
        };
        for (number, too_old) in
            self.sealed(|sealed| old(sealed).then(|| sealed.summary.is_older_than(oldest_unfinished_s)))
        {
            match self.needs(number)?.is_empty() {
                true => self.remove(number, "the end of retention")?,
                false if too_old => {
                    log::warn!("journal volume with unfinished work removed, it is too old: volume={number}");
                    self.remove(number, "the end of all patience")?;
                }
                false => log::debug!("journal volume kept for unfinished work: volume={number}"),
            }
        }
        Ok(())
    }

    /// Measures the space, and frees some where it is short.
    pub(super) fn relieve(&self) -> Result<(), StoreError> {
        let (space, settings) = (&self.shared.space, &self.shared.settings);
        let level = || space.room(settings.max_bytes).level();
        space.measure(&settings.path)?;
        let mut asked = Vec::new();
        while level() >= Level::Scarce {
            match self.give_way()? {
                Found::Freed => space.measure(&settings.path)?,
                Found::Quarantined(streams) => {
                    asked = streams;
                    break;
                }
                Found::Nothing => break,
            }
        }
        space.ask(asked);
        self.say(level());
        Ok(())
    }

    fn say(&self, now: Level) {
        if !self.shared.space.is_news(now) {
            return;
        }
        let room = self.shared.space.room(self.shared.settings.max_bytes);
        let (used, max) = (room.used_bytes, room.max_bytes.unwrap_or(u64::MAX));
        match now {
            Level::Ample => log::info!("store_space level={} used_bytes={used} max_bytes={max}", now.word()),
            Level::Low | Level::Scarce => {
                log::warn!("store_space level={} used_bytes={used} max_bytes={max}", now.word());
            }
            Level::Full => log::error!(
                "store_space level=full used_bytes={used} max_bytes={max}: webhooks and sends are answered 503; raise storage.max_bytes, or end what is unfinished"
            ),
        }
    }

    /// Lets the next in the order give way.
    fn give_way(&self) -> Result<Found, StoreError> {
        let settings = &self.shared.settings;
        let oldest_mark_s = settings.clock.now_s().saturating_sub(settings.dedupe.as_secs());
        let candidate = |sealed: &Sealed| {
            let summary = &sealed.summary;
            Some((summary.newest_mark_s < oldest_mark_s, summary.is_bare()))
        };
        let candidates = self.sealed(candidate).into_iter();
        let candidates: Vec<Candidate> =
            candidates.map(|(number, (spent, bare))| Candidate { number, spent, bare }).collect();
        let mut quarantined = None;
        for spent in [true, false] {
            for candidate in candidates.iter().filter(|one| one.spent == spent && (spent || !one.bare)) {
                if !candidate.spent && self.shared.shelf.bytes(candidate.number)? < WORTH_STRIPPING {
                    continue;
                }
                let needs = self.needs(candidate.number)?;
                if needs.is_empty() {
                    self.shrink(candidate)?;
                    return Ok(Found::Freed);
                }
                if !needs.is_empty() && needs.iter().all(|(_, _, need)| *need == Need::Quarantine) {
                    quarantined.get_or_insert(needs);
                }
            }
        }
        if let Some(needs) = quarantined {
            return Ok(Found::Quarantined(needs.into_iter().map(|(stream, last, _)| (stream, last)).collect()));
        }
        let is_last_moment = self.shared.space.room(settings.max_bytes).has_reached(LAST_MOMENT);
        let Some(bare) = candidates.iter().find(|one| one.bare && is_last_moment) else {
            return Ok(Found::Nothing);
        };
        log::warn!("dedupe marks removed before their time, the store is full: volume={}", bare.number);
        self.remove(bare.number, "a full store")?;
        Ok(Found::Freed)
    }

    /// Removes a volume whose marks are spent, strips one whose marks still count.
    fn shrink(&self, candidate: &Candidate) -> Result<(), StoreError> {
        match candidate.spent {
            true => self.remove(candidate.number, "want of space"),
            false => self.strip(candidate.number),
        }
    }

    /// Sealed volumes that are checkpointed, the oldest first, with what `of` says of them.
    fn sealed<T>(&self, of: impl Fn(&Sealed) -> Option<T>) -> Vec<(u64, T)> {
        let image = self.shared.read();
        let sealed = image.volumes.sealed.iter().filter(|(_, one)| one.summary.last_page <= self.checkpointed);
        sealed.filter_map(|(number, one)| Some((*number, of(one)?))).collect()
    }

    /// The streams whose events in a volume somebody needs, with their last seq there; all of them where that is only
    /// the quarantine, else some.
    fn needs(&self, number: u64) -> Result<Vec<(String, u64, Need)>, StoreError> {
        let Some(volume) = self.shared.shelf.lend(number)? else { return Ok(Vec::new()) };
        let archive = self.shared.archive.wait()?;
        let mut needs = Vec::new();
        for (stream, first) in sealed::streams(&volume.db)? {
            let Some(last) = journal::last_seq_in(&archive, &stream, number)? else { continue };
            if let Some(need) = need(&stream, (first, last), self)? {
                needs.push((stream, last, need));
                if need == Need::Delivery {
                    break;
                }
            }
        }
        Ok(needs)
    }

    fn forget_stretches(&self, number: u64) -> Result<(), StoreError> {
        let volume = self.shared.shelf.lend(number)?;
        let streams = volume.map_or(Ok(Vec::new()), |volume| sealed::streams(&volume.db))?;
        let archive = self.shared.archive.wait()?;
        let mut chunks = Chunks::new(&archive);
        for (stream, _) in streams {
            chunks.remove(layout::stretch_key(&stream, number))?;
        }
        chunks.finish()
    }

    fn remove(&self, number: u64, why: &str) -> Result<(), StoreError> {
        drop(self.shared.write().volumes.sealed.remove(&number));
        self.forget_stretches(number)?;
        self.shared.shelf.remove(number)?;
        let mut batch = Batch::default();
        batch.remove(&layout::volume_key(number));
        self.shared.state.wait()?.commit(batch)?;
        log::info!("journal volume removed: volume={number} why={why:?}");
        Ok(())
    }

    /// Takes the events out of a volume and leaves its marks.
    fn strip(&self, number: u64) -> Result<(), StoreError> {
        self.forget_stretches(number)?;
        let Some(volume) = self.shared.shelf.lend(number)? else { return Ok(()) };
        self.shared.shelf.replace(number, |bare: &Database| sealed::copy_marks(&volume.db, bare))?;
        self.note_summary(number, 0)?;
        log::info!("journal volume stripped to its marks for want of space: volume={number}");
        Ok(())
    }

    /// A volume was replaced by one with so many bytes of pages.
    pub(super) fn note_summary(&self, number: u64, page_bytes: u64) -> Result<(), StoreError> {
        let summary = {
            let mut image = self.shared.write();
            let Some(sealed) = image.volumes.sealed.get_mut(&number) else { return Ok(()) };
            sealed.summary.page_bytes = page_bytes;
            sealed.exact = None;
            sealed.summary.clone()
        };
        let bytes = postcard::to_stdvec(&summary).expect("a summary of numbers always encodes");
        let mut batch = Batch::default();
        batch.insert(&layout::volume_key(number), bytes);
        self.shared.state.wait()?.commit(batch)
    }

    /// Those of them that hold more than marks.
    pub(super) fn volumes_with_pages(&self) -> Vec<u64> {
        self.sealed(|sealed| (!sealed.summary.is_bare()).then_some(())).into_iter().map(|(number, ())| number).collect()
    }

    /// Whether nobody needs any event of a volume.
    pub(super) fn is_unneeded(&self, number: u64) -> Result<bool, StoreError> {
        Ok(self.needs(number)?.is_empty())
    }

    /// Every sealed volume that is checkpointed, the oldest first.
    pub(super) fn checkpointed_volumes(&self) -> Vec<u64> {
        self.sealed(|_| Some(())).into_iter().map(|(number, ())| number).collect()
    }
}

impl Lookup for Retention<'_> {
    fn hot(&self, kind: Kind, prefix: &[u8]) -> Vec<(Key, Bytes)> {
        self.shared.read().committed.hot(kind, prefix, None, usize::MAX)
    }

    fn is_wanted(&self, stream: &str, after: u64, last: u64, tag: u32) -> Result<bool, StoreError> {
        let mut after = after;
        while after < last {
            let read = events::read(self.shared, stream, after, BATCH, BATCH_BYTES)?;
            let Some(end) = read.last() else { return Ok(false) };
            after = end.seq;
            if read.iter().any(|event| event.seq <= last && event.wanted_by.contains(&tag)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
