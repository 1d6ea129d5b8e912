//! The journal's volumes in memory: the one that is written, those that wait for their index, and the sealed ones. It
//! reads no disk.

use super::content::{Content, Summary};
use super::gate::Gate;
use super::sealed::Filter;
use super::volume::Volume;
use crate::{Glance, Stamp, window};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All volumes.
pub(super) struct Volumes {
    /// The one that is written.
    pub(super) open: Open,
    /// Those that wait for their index, oldest first.
    pub(super) closing: Vec<Arc<Closing>>,
    /// Those with an index.
    pub(super) sealed: BTreeMap<u64, Sealed>,
}

/// The volume that is written.
pub(super) struct Open {
    /// Its folder.
    pub(super) volume: Arc<Volume>,
    /// What it holds.
    pub(super) content: Content,
    /// When it was begun, in seconds since 1970.
    pub(super) begun_s: u64,
}

/// A volume between its last page and its index.
pub(super) struct Closing {
    /// The volume.
    pub(super) volume: Arc<Volume>,
    /// What memory knows of it; shut while it is read back after a crash.
    pub(super) content: Gate<Content>,
}

/// A sealed volume.
pub(super) struct Sealed {
    /// What is remembered of it.
    pub(super) summary: Summary,
    /// Its filter, if it is in memory.
    pub(super) filter: Option<Arc<Filter>>,
    /// What it holds, if that is still in memory: so for the last one sealed since start.
    pub(super) exact: Option<Arc<Content>>,
}

impl Volumes {
    /// Goes on in `volume`; the one written so far waits for its index.
    pub(super) fn roll(&mut self, volume: Arc<Volume>, now_s: u64) {
        let begun = Open { volume, content: Content::default(), begun_s: now_s };
        let Open { volume, content, .. } = std::mem::replace(&mut self.open, begun);
        self.closing.push(Arc::new(Closing { volume, content: Gate::ready(content) }));
    }

    /// A volume that waited for its index has it now. Returns what memory need not hold any more, for the caller to
    /// drop outside the lock.
    pub(super) fn seal(&mut self, number: u64, sealed: Sealed) -> (Vec<Arc<Content>>, Vec<Arc<Closing>>) {
        let (done, closing) = self.closing.drain(..).partition(|closing| closing.volume.number == number);
        self.closing = closing;
        let forgotten = self.sealed.values_mut().filter_map(|older| older.exact.take()).collect();
        self.sealed.insert(number, sealed);
        (forgotten, done)
    }

    /// Drops filters, the oldest first, until the rest fit into `bytes`.
    pub(super) fn trim_filters(&mut self, bytes: usize) {
        let mut left = bytes;
        for sealed in self.sealed.values_mut().rev() {
            let size = sealed.filter.as_ref().map_or(0, |filter| filter.bytes());
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => sealed.filter = None,
            }
        }
    }

    /// Bytes of all pages.
    pub(super) fn page_bytes(&self) -> u64 {
        let closing = self.closing.iter().filter_map(|closing| closing.content.peek());
        let sealed: u64 = self.sealed.values().map(|sealed| sealed.summary.page_bytes).sum();
        self.open.content.page_bytes + closing.map(|content| content.page_bytes).sum::<u64>() + sealed
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        1 + self.closing.len() + self.sealed.len()
    }

    /// What memory knows of a mark. Newer volumes speak first: a copy there is the newest.
    pub(super) fn glance(&self, key: u128, stamp: Stamp, dedupe_s: u64, now_s: u64) -> Glance {
        let judge = |seen| if window::counts(seen, stamp, dedupe_s, now_s) { Glance::Seen(seen) } else { Glance::New };
        if let Some(seen) = self.open.content.marks.get(key) {
            return judge(seen);
        }
        for closing in self.closing.iter().rev() {
            let Some(content) = closing.content.peek() else { return Glance::Unsure };
            if let Some(seen) = content.marks.get(key) {
                return judge(seen);
            }
        }
        for sealed in self.sealed.values().rev().filter(|sealed| sealed.may_hold(stamp, dedupe_s, now_s)) {
            match (&sealed.exact, &sealed.filter) {
                (Some(content), _) => {
                    if let Some(seen) = content.marks.get(key) {
                        return judge(seen);
                    }
                }
                (None, Some(filter)) if !filter.may_hold(key) => {}
                (None, _) => return Glance::Unsure,
            }
        }
        Glance::New
    }
}

impl Sealed {
    /// Whether a mark with `stamp` may be here and count.
    pub(super) fn may_hold(&self, stamp: Stamp, dedupe_s: u64, now_s: u64) -> bool {
        let summary = &self.summary;
        summary.newest_mark_s + window::length_s(stamp, dedupe_s) >= now_s && summary.spans.may_hold(stamp)
    }
}
