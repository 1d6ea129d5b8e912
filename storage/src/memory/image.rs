//! What a memory store has committed: the plainest reading of the store's promise, which other engines are compared
//! with. It knows neither queues nor receipts.

use crate::key::ceiling;
use crate::window;
use crate::{Change, Erased, Erasure, Event, Key, Kind, Ledger, Seen, Stamp, Tally, Write};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// Committed state, whole in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Image {
    records: BTreeMap<(Kind, Key), Bytes>,
    streams: BTreeMap<String, BTreeMap<u64, Event>>,
    ledgers: BTreeMap<String, Ledger>,
    marks: HashMap<u128, Seen>,
}

impl Image {
    /// Applies one change whole; returns how many bytes of events it brought.
    pub(super) fn apply(&mut self, change: Change) -> u64 {
        let mut bytes = 0;
        for event in change.events {
            bytes += event.body.len() as u64;
            self.streams.entry(event.stream.to_string()).or_default().insert(event.seq, event.as_ref().clone());
        }
        for mark in change.marks {
            self.marks.insert(mark.key, mark.seen);
        }
        for Write { kind, key, value } in change.writes {
            match value {
                Some(value) => drop(self.records.insert((kind, key), value)),
                None => drop(self.records.remove(&(kind, key))),
            }
        }
        for (owner, tally) in change.tallies {
            self.ledgers.entry(owner.to_string()).or_default().add(&tally);
        }
        bytes
    }

    /// Makes stubs of the events that are concerned.
    pub(super) fn erase(&mut self, erasure: &Erasure, erased: &mut Erased) {
        for (stream, events) in &mut self.streams {
            for event in events.values_mut().filter(|event| erasure.concerns(event)) {
                *event = event.clone().erased();
                erased.of(stream).events += 1;
            }
        }
    }

    /// One record.
    pub(super) fn get(&self, kind: Kind, key: &[u8]) -> Option<Bytes> {
        self.records.get(&(kind, Key(key.to_vec()))).cloned()
    }

    /// Records of `kind` under `prefix` after `after`, ascending.
    pub(super) fn page(&self, kind: Kind, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<(Key, Bytes)> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded((kind, Key(after.to_vec()))),
            Some(_) | None => Bound::Included((kind, Key(prefix.to_vec()))),
        };
        self.records
            .range((start, Bound::Unbounded))
            .take_while(|((of, key), _)| *of == kind && key.0.starts_with(prefix))
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Records of `kind` under `prefix` before `before`, descending.
    pub(super) fn page_back(
        &self,
        kind: Kind,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Vec<(Key, Bytes)> {
        let end = ceiling(prefix, before).map_or(Bound::Unbounded, |end| Bound::Excluded((kind, Key(end))));
        self.records
            .range((Bound::Included((kind, Key(prefix.to_vec()))), end))
            .rev()
            .filter(|((of, _), _)| *of == kind)
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The highest seq of `stream`.
    pub(super) fn last_seq(&self, stream: &str) -> u64 {
        self.streams.get(stream).and_then(|events| events.keys().next_back().copied()).unwrap_or(0)
    }

    /// One owner's ledger.
    pub(super) fn ledger(&self, owner: &str) -> Ledger {
        self.ledgers.get(owner).cloned().unwrap_or_else(Tally::default)
    }

    /// Every owner's ledger.
    pub(super) fn ledgers(&self) -> Vec<(String, Ledger)> {
        self.ledgers.iter().map(|(owner, ledger)| (owner.clone(), ledger.clone())).collect()
    }

    /// The accepted copy, if it still counts.
    pub(super) fn seen(&self, key: u128, stamp: Stamp, dedupe_s: u64, now_s: u64) -> Option<Seen> {
        self.marks.get(&key).copied().filter(|seen| window::counts(*seen, stamp, dedupe_s, now_s))
    }

    /// One event.
    pub(super) fn event(&self, stream: &str, seq: u64) -> Option<Event> {
        self.streams.get(stream)?.get(&seq).cloned()
    }

    /// Events of `stream` after `after`, within `limit` and `max_bytes`.
    pub(super) fn events(&self, stream: &str, after: u64, limit: usize, max_bytes: usize) -> Vec<Event> {
        let Some(events) = self.streams.get(stream) else { return Vec::new() };
        let mut bytes = 0;
        events
            .range((Bound::Excluded(after), Bound::Unbounded))
            .enumerate()
            .take_while(|(nth, (_, event))| {
                bytes += event.body.len();
                *nth == 0 || bytes <= max_bytes
            })
            .take(limit)
            .map(|(_, (_, event))| event.clone())
            .collect()
    }
}
