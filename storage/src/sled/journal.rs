//! Reading events and pages back from volumes. It knows where pages lie from those who ask, and no lock.

use super::content::Content;
use super::entry::{self, Entry, damaged};
use super::layout::{self, page_key, page_of};
use super::page::{self, Assembler, Page};
use super::parcel::Parcel;
use super::volume::Volume;
use crate::{Event, StoreError};
use ::sled::IVec;
use std::borrow::Cow;

/// Collects events of one stream within a reader's limits.
pub(super) struct Reader<'a> {
    stream: &'a str,
    after: u64,
    limit: usize,
    bytes_left: usize,
    events: Vec<Event>,
    full: bool,
}

impl<'a> Reader<'a> {
    /// Events of `stream` after `after`: at most `limit`, and `max_bytes` of bodies but at least one.
    pub(super) fn new(stream: &'a str, after: u64, limit: usize, max_bytes: usize) -> Self {
        Self { stream, after, limit, bytes_left: max_bytes, events: Vec::new(), full: limit == 0 }
    }

    /// Whether the reader has enough.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// The seq from which to go on.
    pub(super) fn next_seq(&self) -> u64 {
        self.after.saturating_add(1)
    }

    /// How many pages may be needed: the first may hold nothing new.
    pub(super) fn pages_needed(&self) -> usize {
        (self.limit - self.events.len()).saturating_add(1)
    }

    /// What was read.
    pub(super) fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// Reads on in `pages` of `volume`.
    pub(super) fn read(&mut self, volume: &Volume, pages: &[u64]) -> Result<(), StoreError> {
        for number in pages {
            if self.full {
                return Ok(());
            }
            let page = fetch(volume, *number)?;
            self.read_entries(&whole(volume, *number, &page)?)?;
        }
        Ok(())
    }

    fn read_entries(&mut self, entries: &[u8]) -> Result<(), StoreError> {
        for entry in entry::entries(entries) {
            let Entry::Event(event) = entry? else { continue };
            if event.stream != self.stream || event.seq <= self.after {
                continue;
            }
            let event = event.decode()?;
            let fits = event.body.len() <= self.bytes_left;
            if !fits && !self.events.is_empty() {
                self.full = true;
                return Ok(());
            }
            self.bytes_left = self.bytes_left.saturating_sub(event.body.len());
            self.after = event.seq;
            self.events.push(event);
            self.full = self.events.len() >= self.limit || !fits;
            if self.full {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn fetch(volume: &Volume, number: u64) -> Result<IVec, StoreError> {
    let missing = || damaged(&format!("page {number} is missing in {}", volume.db.folder().display()));
    volume.db.get(&page_key(number))?.filter(|page| !is_slot(page)).ok_or_else(missing)
}

/// The entries filed under a page, its later parts fetched if it is the first of several.
fn whole<'a>(volume: &Volume, number: u64, page: &'a [u8]) -> Result<Cow<'a, [u8]>, StoreError> {
    let (count, mut bytes) = match page::read(page)? {
        Page::Whole(entries) => return Ok(Cow::Borrowed(entries)),
        Page::Part { count, bytes, .. } => (count, bytes.to_vec()),
    };
    for place in 1..u64::from(count) {
        let part = fetch(volume, number + place)?;
        let Page::Part { bytes: more, .. } = page::read(&part)? else { return Err(damaged("a part is no part")) };
        bytes.extend_from_slice(more);
    }
    Ok(Cow::Owned(bytes))
}

/// Reads the parcels on the pages of `volume` after page `after`, in order, each with the page its last byte is on.
pub(super) fn replay(
    volume: &Volume,
    after: u64,
    visit: &mut impl FnMut(Parcel) -> Result<(), StoreError>,
) -> Result<Replayed, StoreError> {
    let mut assembler = Assembler::default();
    let mut replayed = Replayed::default();
    for record in volume.db.scan(&page_key(after.saturating_add(1)), b"p") {
        let (key, page) = record?;
        let number = page_of(&key).ok_or_else(|| damaged("a page without a number"))?;
        if is_slot(&page) {
            continue;
        }
        replayed.first_page.get_or_insert(number);
        replayed.last_page = number;
        replayed.bytes += page.len() as u64;
        assembler.take(number, &page, &mut |filed, entries| visit(Parcel::read(entries, filed, number)?))?;
    }
    Ok(replayed)
}

/// Which pages were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Replayed {
    /// The first.
    pub(super) first_page: Option<u64>,
    /// The last.
    pub(super) last_page: u64,
    /// Their bytes.
    pub(super) bytes: u64,
}

/// The numbers of a volume's first and last page.
pub(super) fn bounds(volume: &Volume) -> Result<Option<(u64, u64)>, StoreError> {
    let is_page = |record: &Result<(IVec, IVec), _>| record.as_ref().map_or(true, |(_, page)| !is_slot(page));
    let first = volume.db.scan(&page_key(0), b"p").find(is_page).transpose()?;
    let last = volume.db.scan_back(&page_key(u64::MAX), b"p").find(is_page).transpose()?;
    let number = |record: Option<(IVec, IVec)>| record.and_then(|(key, _)| page_of(&key));
    Ok(number(first).zip(number(last)))
}

/// Whether a page is none yet.
fn is_slot(page: &[u8]) -> bool {
    page.is_empty()
}

/// Rebuilds what memory knows of a volume from its pages.
pub(super) fn content(volume: &Volume) -> Result<Content, StoreError> {
    let mut content = Content::default();
    let mut note = |parcel: Parcel| {
        content.note(&parcel);
        Ok(())
    };
    let replayed = replay(volume, 0, &mut note)?;
    if let Some(first) = replayed.first_page {
        content.note_pages(first, replayed.last_page, replayed.bytes);
    }
    Ok(content)
}

/// The volumes with events of `stream` after `after`, ascending, as archive knows them.
pub(super) fn volumes_after(
    archive: &super::database::Database,
    stream: &str,
    after: u64,
) -> Result<Vec<u64>, StoreError> {
    let prefix = layout::stretch_key(stream, 0);
    let prefix = &prefix[..prefix.len() - 8];
    let mut numbers = Vec::new();
    for record in archive.scan(prefix, prefix) {
        let (key, last_seq) = record?;
        let last_seq = layout::last_number(&last_seq).ok_or_else(|| damaged("a stretch"))?;
        if last_seq > after {
            numbers.extend(layout::last_number(&key));
        }
    }
    Ok(numbers)
}

/// The last seq of `stream` in a volume, as archive knows it.
pub(super) fn last_seq_in(
    archive: &super::database::Database,
    stream: &str,
    volume: u64,
) -> Result<Option<u64>, StoreError> {
    Ok(archive.get(&layout::stretch_key(stream, volume))?.and_then(|last_seq| layout::last_number(&last_seq)))
}
