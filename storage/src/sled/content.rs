//! What is known in memory of a volume whose index is not yet on the disk: where each stream's events lie, and all its
//! marks. It knows no disk.

use super::marks::{Buckets, MarkMap, Spans};
use super::parcel::{Head, Parcel};
use crate::Mark;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// A volume in memory, beside its pages.
#[derive(Debug, Default)]
pub(super) struct Content {
    streams: HashMap<Arc<str>, Stretch>,
    /// Every mark, exact.
    pub(super) marks: MarkMap,
    buckets: Buckets,
    pages: Option<(u64, u64)>,
    /// Bytes of its pages.
    pub(super) page_bytes: u64,
    newest_s: u64,
    newest_mark_s: u64,
    marks_noted: usize,
}

/// The events of one stream in one volume.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// Pages that hold some, each with the first seq there, ascending.
    pub(super) pages: Vec<(u64, u64)>,
    /// The last seq.
    pub(super) last_seq: u64,
}

/// What is remembered of a sealed volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Summary {
    /// Its first page.
    pub(super) first_page: u64,
    /// Its last page.
    pub(super) last_page: u64,
    /// Bytes of its pages.
    pub(super) page_bytes: u64,
    /// When its newest event was accepted, in seconds since 1970; without events, when it was sealed.
    pub(super) newest_s: u64,
    /// When its newest mark was accepted, in seconds since 1970.
    pub(super) newest_mark_s: u64,
    /// Which stamps its marks have.
    pub(super) spans: Spans,
}

impl Content {
    /// Takes in what a committed parcel holds.
    pub(super) fn note(&mut self, parcel: &Parcel) {
        for head in &parcel.heads {
            self.note_event(head);
        }
        for mark in &parcel.marks {
            self.note_mark(mark);
        }
    }

    /// Takes in pages that were written.
    pub(super) fn note_pages(&mut self, first: u64, last: u64, bytes: u64) {
        let begin = self.pages.map_or(first, |(begin, _)| begin);
        self.pages = Some((begin, last));
        self.page_bytes += bytes;
    }

    fn note_event(&mut self, head: &Head) {
        let stretch = match self.streams.get_mut(&head.stream) {
            Some(stretch) => stretch,
            None => self.streams.entry(head.stream.clone()).or_default(),
        };
        if stretch.pages.last().is_none_or(|(_, page)| *page != head.page) {
            stretch.pages.push((head.seq, head.page));
        }
        stretch.last_seq = head.seq;
        self.newest_s = self.newest_s.max(head.received_at_ms / 1000);
    }

    fn note_mark(&mut self, mark: &Mark) {
        self.marks.insert(mark.key, mark.seen);
        self.buckets.insert(mark.stamp);
        self.newest_mark_s = self.newest_mark_s.max(mark.seen.at_s.into());
        self.marks_noted += 1;
    }

    /// How many marks came in.
    pub(super) fn marks_noted(&self) -> usize {
        self.marks_noted
    }

    /// Whether it has no pages.
    pub(super) fn is_empty(&self) -> bool {
        self.pages.is_none()
    }

    /// One stream's events here.
    pub(super) fn stretch(&self, stream: &str) -> Option<&Stretch> {
        self.streams.get(stream)
    }

    /// Every stream with events here.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (&Arc<str>, &Stretch)> {
        self.streams.iter()
    }

    /// What is remembered once the volume is sealed.
    pub(super) fn summary(&self, now_s: u64) -> Summary {
        let (first_page, last_page) = self.pages.unwrap_or((1, 0));
        Summary {
            first_page,
            last_page,
            page_bytes: self.page_bytes,
            newest_s: if self.newest_s == 0 { now_s } else { self.newest_s },
            newest_mark_s: self.newest_mark_s,
            spans: self.buckets.spans(),
        }
    }
}

impl Summary {
    /// Whether nothing is left of it but its marks.
    pub(super) fn is_bare(&self) -> bool {
        self.page_bytes == 0
    }

    /// Whether all of it was accepted before `oldest_s`.
    pub(super) fn is_older_than(&self, oldest_s: u64) -> bool {
        self.newest_s.max(self.newest_mark_s) < oldest_s
    }
}

impl Stretch {
    /// Up to `limit` pages that may hold events from `seq` on.
    pub(super) fn pages_from(&self, seq: u64, limit: usize) -> Vec<u64> {
        pages_from(&self.pages, seq).iter().take(limit).map(|(_, page)| *page).collect()
    }

    /// The first seq.
    pub(super) fn first_seq(&self) -> u64 {
        self.pages.first().map_or(u64::MAX, |(seq, _)| *seq)
    }
}

/// The tail of `pages` that may hold events from `seq` on: a page's first seq may lie before it.
pub(super) fn pages_from(pages: &[(u64, u64)], seq: u64) -> &[(u64, u64)] {
    let after = pages.partition_point(|(first, _)| *first <= seq);
    &pages[after.saturating_sub(1)..]
}
