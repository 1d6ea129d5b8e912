//! Empty records laid out ahead for the pages of the volume that is written. sled writes a leaf again, whole, each time
//! it splits; a leaf of empty records splits for nothing, and a page that fills a slot never splits one. Without slots
//! sled wrote 3.8 times what it was given.

use super::layout::{page_key, page_of};
use super::volume::Volume;
use crate::StoreError;

/// Slots kept between the last page and the last slot: the leaves that still split hold none that is filled.
const MARGIN: u64 = 32;
/// Slots laid out at once.
const AT_ONCE: u64 = 64;

/// The slots of one volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slots {
    last: u64,
}

impl Slots {
    /// The slots that `volume` has.
    pub(super) fn of(volume: &Volume) -> Result<Self, StoreError> {
        let last = volume.db.last(&page_key(u64::MAX), b"p")?;
        Ok(Self { last: last.and_then(|(key, _)| page_of(&key)).unwrap_or(0) })
    }

    /// The slots to lay out before pages `first..next` are written; they count as laid out.
    pub(super) fn due(&mut self, first: u64, next: u64) -> std::ops::Range<u64> {
        if next + MARGIN <= self.last {
            return 0..0;
        }
        let from = first.max(self.last + 1);
        self.last = next + MARGIN + AT_ONCE;
        from..self.last + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_slot_and_no_slot_is_laid_out_twice() {
        let mut slots = Slots { last: 0 };
        let mut laid_out = 0;
        let mut first = 1_000;
        for pages in (0..500).map(|round| 1 + round * 7919 % 300) {
            let next = first + pages;
            let due = slots.due(first, next);
            assert!(due.is_empty() || due.start == (laid_out + 1).max(1_000));
            laid_out = laid_out.max(due.end.saturating_sub(1));
            assert!(laid_out >= next + MARGIN);
            first = next;
        }
    }
}
