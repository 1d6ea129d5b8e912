//! Journal pages: entries packed into records of bounded size, in commit order. An entry larger than a page is cut
//! into parts that fill pages of their own. It knows neither volumes nor disks.

use super::entry::{self, ENTRY_HEAD, damaged};
use super::layout::PAGE_BYTES;
use crate::StoreError;

/// First byte of a page: the form of what follows.
const WHOLE: u8 = 1;
const PART: u8 = 2;
/// Bytes in front of a part: the form, its place and how many there are.
const PART_HEAD: usize = 9;

/// Packs entries into pages and hands each full page to a sink.
#[derive(Debug)]
pub(super) struct Packer {
    next_page: u64,
    page: Vec<u8>,
}

impl Packer {
    /// The first page it fills will be `next_page`.
    pub(super) fn new(next_page: u64) -> Self {
        let mut page = Vec::with_capacity(PAGE_BYTES);
        page.push(WHOLE);
        Self { next_page, page }
    }

    /// The page that comes next.
    pub(super) fn next_page(&self) -> u64 {
        self.next_page
    }

    /// Packs the entries in `bytes`; `placed` is told the page of each entry, unless all of them are on the page that
    /// is returned.
    pub(super) fn pack(
        &mut self,
        bytes: &[u8],
        sink: &mut impl FnMut(u64, &[u8]),
        placed: &mut impl FnMut(&[u8], u64),
    ) -> Packed {
        if self.page.len() + bytes.len() > PAGE_BYTES {
            self.finish(sink);
        }
        if self.page.len() + bytes.len() <= PAGE_BYTES {
            self.page.extend_from_slice(bytes);
            return Packed::Together(self.next_page);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = entry::length(rest).unwrap_or(rest.len());
            let (first, after) = rest.split_at(length);
            let page = self.pack_entry(first, sink);
            placed(first, page);
            rest = after;
        }
        Packed::Apart(self.next_page.saturating_sub(u64::from(self.page.len() == 1)))
    }

    fn pack_entry(&mut self, entry: &[u8], sink: &mut impl FnMut(u64, &[u8])) -> u64 {
        if self.page.len() + entry.len() > PAGE_BYTES {
            self.finish(sink);
        }
        if self.page.len() + entry.len() > PAGE_BYTES {
            return self.cut(entry, sink);
        }
        self.page.extend_from_slice(entry);
        self.next_page
    }

    /// Gives a large entry pages of its own; returns the first.
    fn cut(&mut self, entry: &[u8], sink: &mut impl FnMut(u64, &[u8])) -> u64 {
        let first = self.next_page;
        let parts = entry.chunks(PAGE_BYTES - PART_HEAD);
        let count = parts.len() as u32;
        for (place, part) in (0_u32..).zip(parts) {
            self.page.clear();
            self.page.push(PART);
            self.page.extend_from_slice(&place.to_le_bytes());
            self.page.extend_from_slice(&count.to_le_bytes());
            self.page.extend_from_slice(part);
            sink(self.next_page, &self.page);
            self.next_page += 1;
        }
        self.page.clear();
        self.page.push(WHOLE);
        first
    }

    /// Hands over the page begun, if it holds anything.
    pub(super) fn finish(&mut self, sink: &mut impl FnMut(u64, &[u8])) {
        if self.page.len() == 1 {
            return;
        }
        sink(self.next_page, &self.page);
        self.next_page += 1;
        self.page.truncate(1);
    }
}

/// Where a change went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packed {
    /// All of it on this page.
    Together(u64),
    /// On several pages; this is the last.
    Apart(u64),
}

/// A page as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page<'a> {
    /// Whole entries.
    Whole(&'a [u8]),
    /// A part of one large entry.
    Part {
        /// Its place, from 0.
        place: u32,
        /// How many parts there are.
        count: u32,
        /// The entry's bytes.
        bytes: &'a [u8],
    },
}

/// Reads a page's form.
pub(super) fn read(page: &[u8]) -> Result<Page<'_>, StoreError> {
    try_read(page).ok_or_else(|| damaged("a journal page has no known form"))
}

fn try_read(page: &[u8]) -> Option<Page<'_>> {
    let (form, rest) = page.split_first()?;
    match *form {
        WHOLE => Some(Page::Whole(rest)),
        PART => {
            let (place, rest) = rest.split_first_chunk::<4>()?;
            let (count, bytes) = rest.split_first_chunk::<4>()?;
            Some(Page::Part { place: u32::from_le_bytes(*place), count: u32::from_le_bytes(*count), bytes })
        }
        _ => None,
    }
}

/// Puts the parts of large entries together again while pages are read in order.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    begun: Vec<u8>,
    first: u64,
}

impl Assembler {
    /// Takes one page; calls `read` with whole entries and the page they are filed under.
    pub(super) fn take(
        &mut self,
        number: u64,
        page: &[u8],
        visit: &mut impl FnMut(u64, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match read(page)? {
            Page::Whole(entries) => visit(number, entries),
            Page::Part { place, count, bytes } => {
                if place == 0 {
                    self.begun.clear();
                    self.first = number;
                }
                self.begun.extend_from_slice(bytes);
                if place + 1 < count {
                    return Ok(());
                }
                let whole = std::mem::take(&mut self.begun);
                if whole.len() < ENTRY_HEAD {
                    return Err(damaged("a large entry is cut off"));
                }
                visit(self.first, &whole)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entry(length: usize, fill: u8) -> Vec<u8> {
        let mut entry = vec![2];
        entry.extend_from_slice(&(length as u32).to_le_bytes());
        entry.extend(std::iter::repeat_n(fill, length));
        entry
    }

    #[test]
    fn entries_of_any_size_come_back_in_order_under_the_page_that_pack_named() {
        let sizes = [10, 60_000, 9_000, 3_000_000, 5, PAGE_BYTES - 6, PAGE_BYTES - 5, 70_000, 1];
        let change: Vec<u8> = sizes.iter().zip(1..).flat_map(|(size, fill)| entry(*size, fill)).collect();
        let mut packer = Packer::new(7);
        let (mut pages, mut places) = (Vec::new(), Vec::new());
        let mut sink = |number, page: &[u8]| pages.push((number, page.to_vec()));
        let packed = packer.pack(&change, &mut sink, &mut |entry, page| places.push((page, entry.to_vec())));
        packer.finish(&mut sink);
        assert_eq!(packed, Packed::Apart(packer.next_page() - 1));

        let mut read = Vec::new();
        let mut assembler = Assembler::default();
        for (number, page) in &pages {
            assert!(page.len() <= PAGE_BYTES);
            let mut visit = |number, mut entries: &[u8]| {
                while !entries.is_empty() {
                    let (first, rest) = entries.split_at(entry::length(entries).unwrap());
                    read.push((number, first.to_vec()));
                    entries = rest;
                }
                Ok(())
            };
            assembler.take(*number, page, &mut visit).unwrap();
        }
        assert_eq!(read, places);
    }

    #[test]
    fn small_changes_share_a_page() {
        let mut packer = Packer::new(1);
        let mut pages = 0;
        for _ in 0..10 {
            let packed = packer.pack(&entry(700, 1), &mut |_, _| pages += 1, &mut |_, _| ());
            assert_eq!(packed, Packed::Together(1));
        }
        packer.finish(&mut |_, _| pages += 1);
        assert_eq!(pages, 1);
    }
}
