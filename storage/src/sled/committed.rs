//! Committed records, ledgers and last seqs in memory. The committer applies to them, the keeper cuts checkpoints from
//! them. It knows neither volumes nor disks.

use super::overlay::{ByKind, Overlay, scan, scan_back, start};
use super::parcel::Parcel;
use crate::{Key, Kind, Ledger, Tally, Temperature};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Committed state beside the journal.
#[derive(Default)]
pub(super) struct Committed {
    hot: ByKind<BTreeMap<Key, Bytes>>,
    /// Writes since the last cut.
    fresh: Overlay,
    /// Writes that a checkpoint is carrying to the disk.
    settling: Option<Arc<Overlay>>,
    ledgers: HashMap<Arc<str>, Owner>,
    last_seqs: HashMap<Arc<str>, LastSeq>,
    changed_owners: Vec<Arc<str>>,
    changed_streams: Vec<Arc<str>>,
    applied_page: u64,
    /// Bytes of pages since the last cut: what a start would replay.
    page_bytes: u64,
}

/// One owner's ledger.
#[derive(Default)]
struct Owner {
    ledger: Arc<Ledger>,
    /// The page up to which the ledger on the disk has been counted.
    counted: u64,
    changed: Changed,
}

/// One stream's last seq.
#[derive(Default)]
struct LastSeq {
    seq: u64,
    changed: Changed,
}

/// Whether the next checkpoint must write something.
#[derive(Default, PartialEq, Eq, Clone, Copy)]
enum Changed {
    #[default]
    No,
    Yes,
}

/// What a checkpoint carries.
pub(super) struct Cut {
    /// Everything up to this page is in it.
    pub(super) page: u64,
    /// Writes.
    pub(super) overlay: Arc<Overlay>,
    /// Ledgers that changed.
    pub(super) ledgers: Vec<(Arc<str>, Arc<Ledger>)>,
    /// Last seqs that changed.
    pub(super) last_seqs: Vec<(Arc<str>, u64)>,
}

impl Committed {
    /// Takes in a hot record read from state.
    pub(super) fn load_record(&mut self, kind: Kind, key: Key, value: Bytes) {
        self.hot.of_mut(kind).insert(key, value);
    }

    /// Takes in a ledger read from state, counted up to `page`.
    pub(super) fn load_ledger(&mut self, owner: &str, ledger: Ledger, page: u64) {
        self.ledgers.insert(owner.into(), Owner { ledger: Arc::new(ledger), counted: page, changed: Changed::No });
    }

    /// Takes in a last seq read from state.
    pub(super) fn load_last_seq(&mut self, stream: &str, seq: u64) {
        self.last_seqs.insert(stream.into(), LastSeq { seq, changed: Changed::No });
    }

    /// Applies a durable parcel.
    pub(super) fn apply(&mut self, parcel: &mut Parcel) {
        for head in &parcel.heads {
            self.note_seq(&head.stream, head.seq);
        }
        for write in parcel.writes.drain(..) {
            if write.kind.temperature() == Temperature::Hot {
                let hot = self.hot.of_mut(write.kind);
                match &write.value {
                    Some(value) => drop(hot.insert(write.key.clone(), value.clone())),
                    None => drop(hot.remove(&write.key)),
                }
            }
            self.fresh.note(write);
        }
        for (owner, tally) in parcel.tallies.drain(..) {
            self.note_tally(owner, &tally, parcel.page);
        }
        self.applied_page = self.applied_page.max(parcel.page);
    }

    fn note_seq(&mut self, stream: &Arc<str>, seq: u64) {
        let last = match self.last_seqs.get_mut(stream) {
            Some(last) => last,
            None => self.last_seqs.entry(stream.clone()).or_default(),
        };
        last.seq = last.seq.max(seq);
        if last.changed == Changed::No {
            last.changed = Changed::Yes;
            self.changed_streams.push(stream.clone());
        }
    }

    /// Adds a tally once: a ledger on the disk may be ahead of the checkpoint that a crash interrupted.
    fn note_tally(&mut self, name: Arc<str>, tally: &Tally, page: u64) {
        let owner = match self.ledgers.get_mut(&name) {
            Some(owner) => owner,
            None => self.ledgers.entry(name.clone()).or_default(),
        };
        if page <= owner.counted {
            return;
        }
        Arc::make_mut(&mut owner.ledger).add(tally);
        if owner.changed == Changed::No {
            owner.changed = Changed::Yes;
            self.changed_owners.push(name);
        }
    }

    /// The last page applied.
    pub(super) fn applied_page(&self) -> u64 {
        self.applied_page
    }

    /// Notes pages that were written.
    pub(super) fn note_pages(&mut self, bytes: u64) {
        self.page_bytes += bytes;
    }

    /// Begins a count of pages after what state holds.
    pub(super) fn set_applied_page(&mut self, page: u64) {
        self.applied_page = page;
    }

    /// Memory that waits for a checkpoint.
    pub(super) fn unsettled_bytes(&self) -> usize {
        self.fresh.bytes() + self.settling.as_ref().map_or(0, |overlay| overlay.bytes())
    }

    /// Whether a checkpoint should not wait for its time: memory grows, or what a start would replay.
    pub(super) fn is_full(&self, most_bytes: usize) -> bool {
        self.fresh.bytes() > most_bytes || self.page_bytes > 2 * most_bytes as u64
    }

    /// Cuts a checkpoint; readers go on seeing what it carries until [`Committed::settled`].
    pub(super) fn cut(&mut self) -> Cut {
        let overlay = Arc::new(std::mem::take(&mut self.fresh));
        self.settling = Some(overlay.clone());
        self.page_bytes = 0;
        let mut ledgers = Vec::with_capacity(self.changed_owners.len());
        for name in self.changed_owners.drain(..) {
            if let Some(owner) = self.ledgers.get_mut(&name) {
                owner.changed = Changed::No;
                ledgers.push((name, owner.ledger.clone()));
            }
        }
        let mut last_seqs = Vec::with_capacity(self.changed_streams.len());
        for name in self.changed_streams.drain(..) {
            if let Some(last) = self.last_seqs.get_mut(&name) {
                last.changed = Changed::No;
                last_seqs.push((name, last.seq));
            }
        }
        Cut { page: self.applied_page, overlay, ledgers, last_seqs }
    }

    /// The cut is on the disk.
    pub(super) fn settled(&mut self) -> Option<Arc<Overlay>> {
        self.settling.take()
    }

    /// Hot records of `kind` under `prefix`.
    pub(super) fn hot(&self, kind: Kind, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<(Key, Bytes)> {
        let records = scan(self.hot.of(kind), prefix, start(prefix, after));
        records.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The same, descending.
    pub(super) fn hot_back(&self, kind: Kind, prefix: &[u8], before: Option<&[u8]>, limit: usize) -> Vec<(Key, Bytes)> {
        let records = scan_back(self.hot.of(kind), prefix, before);
        records.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// One hot record.
    pub(super) fn hot_record(&self, kind: Kind, key: &[u8]) -> Option<Bytes> {
        self.hot.of(kind).get(key).cloned()
    }

    /// What memory knows of a cold record: set, removed or nothing.
    pub(super) fn cold_record(&self, kind: Kind, key: &[u8]) -> Option<Option<Bytes>> {
        self.fresh.get(kind, key).or_else(|| self.settling.as_ref()?.get(kind, key))
    }

    /// Cold records of `kind` under `prefix` that memory knows of, removed ones too: enough of them that `limit` are
    /// set, or all there are.
    pub(super) fn cold(
        &self,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> BTreeMap<Key, Option<Bytes>> {
        let from = start(prefix, after);
        let older = self.settling.iter().flat_map(|overlay| overlay.scan(kind, prefix, from));
        merged(older, self.fresh.scan(kind, prefix, from), |old, new| old < new, limit)
    }

    /// The same from the last one before `before` on, descending.
    pub(super) fn cold_back(
        &self,
        kind: Kind,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> BTreeMap<Key, Option<Bytes>> {
        let older = self.settling.iter().flat_map(|overlay| overlay.scan_back(kind, prefix, before));
        merged(older, self.fresh.scan_back(kind, prefix, before), |old, new| old > new, limit)
    }

    /// The last seq of `stream`.
    pub(super) fn last_seq(&self, stream: &str) -> u64 {
        self.last_seqs.get(stream).map_or(0, |last| last.seq)
    }

    /// One owner's ledger.
    pub(super) fn ledger(&self, owner: &str) -> Ledger {
        self.ledgers.get(owner).map_or_else(Ledger::default, |owner| (*owner.ledger).clone())
    }

    /// All ledgers; they stay as they are while the store goes on.
    pub(super) fn ledgers(&self) -> Vec<(Arc<str>, Arc<Ledger>)> {
        self.ledgers.iter().map(|(name, owner)| (name.clone(), owner.ledger.clone())).collect()
    }
}

/// Records of two runs in one order, `goes_first` tells which: enough of them that `limit` are set, or all there are.
fn merged<'a>(
    older: impl Iterator<Item = (&'a Key, &'a Option<Bytes>)>,
    newer: impl Iterator<Item = (&'a Key, &'a Option<Bytes>)>,
    goes_first: fn(&Key, &Key) -> bool,
    limit: usize,
) -> BTreeMap<Key, Option<Bytes>> {
    let (mut older, mut newer) = (older.peekable(), newer.peekable());
    let mut known = BTreeMap::new();
    let mut set = 0;
    while set < limit {
        // The newer write of a key hides the older one.
        let next = match (older.peek(), newer.peek()) {
            (Some((old, _)), Some((new, _))) if goes_first(old, new) => older.next(),
            (Some((old, _)), Some((new, _))) if old == new => older.next().and(newer.next()),
            (Some(_), None) => older.next(),
            (_, Some(_)) | (None, None) => newer.next(),
        };
        let Some((key, value)) = next else { break };
        set += usize::from(value.is_some());
        known.insert(key.clone(), value.clone());
    }
    known
}
