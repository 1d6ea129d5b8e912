//! The one thread that makes changes durable: takes what waits, writes it as pages, syncs once, applies it to memory,
//! tells everybody. After the first failure it only says no.

use super::database::io_error;
use super::entry;
use super::layout::page_key;
use super::page::{Packed, Packer};
use super::parcel::Parcel;
use super::shared::{SHUT_DOWN, Shared};
use super::slots::Slots;
use super::volume::Volume;
use crate::change::dead_bytes;
use crate::receipt::tell;
use crate::{Outcome, StoreError};
use ::sled::{Batch, IVec};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// Bytes in one group: far below two of sled's segments, because sled may reuse a segment that it freed two segments
/// ago, and what freed it must be synced by then.
const GROUP_BYTES: usize = 2 << 20;
/// Marks in one volume, because they are in memory until it is indexed.
const MOST_MARKS: usize = 1_000_000;

/// The committer's own state.
pub(super) struct Committer {
    shared: Arc<Shared>,
    volume: Arc<Volume>,
    /// Known once a page was written to the volume.
    slots: Option<Slots>,
    packer: Packer,
    pages: Vec<([u8; 9], IVec)>,
    together: Together,
}

/// Whether a group's pages must become durable together, because one of its changes lies on several of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Together {
    No,
    Yes,
}

impl Committer {
    /// Goes on after the last page of `shared`.
    pub(super) fn new(shared: Arc<Shared>, next_page: u64) -> Self {
        let volume = shared.read().volumes.open.volume.clone();
        let packer = Packer::new(next_page);
        Self { shared, volume, slots: None, packer, pages: Vec::new(), together: Together::No }
    }

    /// Works until the queue ends.
    pub(super) fn run(mut self) {
        let mut group = Vec::new();
        while self.shared.queue.take(&mut group, GROUP_BYTES) {
            let outcome = self.outcome(&mut group);
            self.tell(&mut group, &outcome);
        }
        let reason = self.shared.close(SHUT_DOWN);
        while self.shared.queue.take_late(&mut group) {
            self.tell(&mut group, &Outcome::Lost { reason: reason.clone() });
        }
    }

    fn tell(&self, group: &mut Vec<Parcel>, outcome: &Outcome) {
        self.shared.queue.done(group);
        tell(group.drain(..).flat_map(|parcel| parcel.receipts), outcome);
    }

    fn outcome(&mut self, group: &mut [Parcel]) -> Outcome {
        if let Some(reason) = self.shared.why_closed() {
            return Outcome::Lost { reason };
        }
        let failure = match catch_unwind(AssertUnwindSafe(|| self.commit(group))) {
            Ok(Ok(())) => return Outcome::Durable,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the committer panicked; the log above says where".to_owned(),
        };
        log::error!("the store is closed until a restart: reason={failure:?}");
        Outcome::Lost { reason: self.shared.close(&failure) }
    }

    fn commit(&mut self, group: &mut [Parcel]) -> Result<(), StoreError> {
        self.shared.wait_for_room();
        self.roll_if_due();
        let begun = Instant::now();
        let first_page = self.packer.next_page();
        let bytes = self.pack(group);
        if bytes > 0 {
            self.lay_out_slots(first_page)?;
            let written = self.write().and_then(|()| self.volume.db.sync());
            written.map_err(|source| io_error("write to", self.volume.db.folder(), source))?;
        }
        let seconds = begun.elapsed().as_secs_f64();
        self.apply(group, first_page, bytes);
        self.count(group, seconds);
        Ok(())
    }

    /// Fills pages; notes in each parcel where it lies. Returns the bytes of all pages.
    fn pack(&mut self, group: &mut [Parcel]) -> u64 {
        let mut bytes = 0;
        let mut sink = |number: u64, page: &[u8]| {
            bytes += page.len() as u64;
            self.pages.push((page_key(number), IVec::from(page)));
        };
        self.together = Together::No;
        // An empty change lies on no page; it must not count as if it lay on the next one.
        for parcel in group.iter_mut().filter(|parcel| !parcel.bytes.is_empty()) {
            let mut heads = parcel.heads.iter_mut();
            let mut placed = |entry: &[u8], page: u64| {
                if entry::is_event(entry)
                    && let Some(head) = heads.next()
                {
                    head.page = page;
                }
            };
            match self.packer.pack(&parcel.bytes, &mut sink, &mut placed) {
                Packed::Together(page) => parcel.place(page),
                Packed::Apart(page) => {
                    parcel.page = page;
                    self.together = Together::Yes;
                }
            }
        }
        self.packer.finish(&mut sink);
        bytes
    }

    /// Puts the slots that are due in front of the pages that wait.
    fn lay_out_slots(&mut self, first_page: u64) -> Result<(), StoreError> {
        let mut slots = match self.slots {
            Some(slots) => slots,
            None => Slots::of(&self.volume)?,
        };
        let due = slots.due(first_page, self.packer.next_page());
        self.pages.splice(..0, due.map(|slot| (page_key(slot), IVec::default())));
        self.slots = Some(slots);
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        match self.together {
            Together::No => self.volume.db.append(&mut self.pages),
            Together::Yes => {
                let mut batch = Batch::default();
                self.pages.drain(..).for_each(|(key, page)| batch.insert(&key, page));
                self.volume.db.write(batch)
            }
        }
    }

    fn apply(&mut self, group: &mut [Parcel], first_page: u64, bytes: u64) {
        let next_page = self.packer.next_page();
        let dead: u64 = group.iter().map(|parcel| dead_bytes(&parcel.writes)).sum();
        self.shared.figures().dead_bytes += dead;
        let mut image = self.shared.write();
        for parcel in group.iter_mut() {
            image.volumes.open.content.note(parcel);
            image.committed.apply(parcel);
        }
        if next_page > first_page {
            image.volumes.open.content.note_pages(first_page, next_page - 1, bytes);
            image.committed.note_pages(bytes);
        }
        self.shared.space.note_pages(bytes);
        let due = image.committed.is_full(self.shared.settings.checkpoint_bytes);
        drop(image);
        if due {
            self.shared.wake.work();
        }
    }

    fn count(&self, group: &[Parcel], seconds: f64) {
        let mut figures = self.shared.figures();
        figures.changes += group.len() as u64;
        figures.events += group.iter().map(|parcel| parcel.heads.len() as u64).sum::<u64>();
        figures.commits.note(seconds);
        figures.last_commit_at_s = self.shared.settings.clock.now_s();
    }

    /// Goes on in the next volume once this one is large or old, if the next one is ready: no commit waits for it.
    fn roll_if_due(&mut self) {
        let settings = &self.shared.settings;
        let now_s = settings.clock.now_s();
        let image = self.shared.read();
        let open = &image.volumes.open;
        let full = open.content.page_bytes >= settings.volume_bytes || open.content.marks_noted() >= MOST_MARKS;
        let old = now_s.saturating_sub(open.begun_s) >= settings.volume_age.as_secs();
        let due = !open.content.is_empty() && (full || old || self.shared.is_asked_to_roll());
        drop(image);
        if !due {
            return;
        }
        let Some(next) = self.shared.prepared().take() else { return self.shared.wake.work() };
        self.volume = next.clone();
        self.slots = None;
        self.shared.write().volumes.roll(next, now_s);
        self.shared.wake.work();
    }
}
