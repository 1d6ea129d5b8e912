//! A change on its way to the disk: its bytes, encoded once on the caller's thread, and what memory will need of it
//! when it is committed. Also the way back, from a page that is replayed.

use super::entry::{self, Entry};
use crate::{Change, Mark, Receipt, StoreError, Tally, Write};
use std::sync::Arc;

/// A change, encoded.
#[derive(Default)]
pub(super) struct Parcel {
    /// Its entries; empty in one that was read back.
    pub(super) bytes: Vec<u8>,
    /// Its events, in the order of their entries.
    pub(super) heads: Vec<Head>,
    /// Its marks.
    pub(super) marks: Vec<Mark>,
    /// Its writes.
    pub(super) writes: Vec<Write>,
    /// Its tallies.
    pub(super) tallies: Vec<(Arc<str>, Tally)>,
    /// Who wants to hear of it.
    pub(super) receipts: Vec<Receipt>,
    /// The last page it lies on, once that is known.
    pub(super) page: u64,
}

/// What memory keeps of an event.
#[derive(Debug)]
pub(super) struct Head {
    /// Its stream.
    pub(super) stream: Arc<str>,
    /// Its seq.
    pub(super) seq: u64,
    /// When it was accepted, in ms since 1970.
    pub(super) received_at_ms: u64,
    /// The page it is filed under, once that is known.
    pub(super) page: u64,
}

impl Parcel {
    /// Encodes `change`.
    pub(super) fn new(change: Change, receipts: Vec<Receipt>) -> Self {
        let bytes = entry::write_change(&change, Vec::new());
        let Change { events, marks, writes, tallies } = change;
        let head = |event: Arc<crate::Event>| Head {
            stream: Arc::clone(&event.stream),
            seq: event.seq,
            received_at_ms: event.received_at_ms,
            page: 0,
        };
        let heads = events.into_iter().map(head).collect();
        Self { bytes, heads, marks, writes, tallies, receipts, page: 0 }
    }

    /// Reads entries back that are filed under `page`; the last of them lies on `last`.
    pub(super) fn read(entries: &[u8], page: u64, last: u64) -> Result<Self, StoreError> {
        let mut parcel = Self { page: last, ..Self::default() };
        for entry in entry::entries(entries) {
            match entry? {
                Entry::Event(event) => parcel.heads.push(Head {
                    stream: event.stream.into(),
                    seq: event.seq,
                    received_at_ms: event.received_at_ms()?,
                    page,
                }),
                Entry::Marks(marks) => {
                    for mark in entry::read_marks(marks) {
                        parcel.marks.push(mark?);
                    }
                }
                Entry::Write(write) => parcel.writes.push(entry::read_write(write)?),
                Entry::Tally(tally) => parcel.tallies.push(entry::read_tally(tally)?),
            }
        }
        Ok(parcel)
    }

    /// Notes on which page the next event without one lies.
    pub(super) fn place(&mut self, page: u64) {
        for head in &mut self.heads {
            head.page = page;
        }
        self.page = page;
    }
}
