//! A change: everything that must become durable together, and the dedupe marks that go with it.

use crate::{Event, Key, Kind, Noun, Tally};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What one decision wants kept. Applied whole or not at all.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Events appended to their streams, each with the next seq of its stream.
    pub events: Vec<Arc<Event>>,
    /// Dedupe marks of those events.
    pub marks: Vec<Mark>,
    /// Records set or removed.
    pub writes: Vec<Write>,
    /// Additions to ledgers, by owner (an account's id, or a gateway's name for what no account owns).
    pub tallies: Vec<(Arc<str>, Tally)>,
}

impl Change {
    /// Keeps `noun`, replacing what had its key.
    pub fn put<N: Noun>(&mut self, noun: &N) {
        self.writes.push(Write { kind: N::KIND, key: noun.key(), value: Some(noun.to_bytes()) });
    }

    /// Removes the record of `kind` at `key`.
    pub fn remove(&mut self, kind: Kind, key: Key) {
        self.writes.push(Write { kind, key, value: None });
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.marks.is_empty() && self.writes.is_empty() && self.tallies.is_empty()
    }
}

/// One record set (`Some`) or removed (`None`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Which noun.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// Its bytes.
    pub value: Option<Bytes>,
}

/// Bytes of the dead letters among `writes`.
pub(crate) fn dead_bytes(writes: &[Write]) -> u64 {
    let dead = writes.iter().filter(|write| write.kind == Kind::Dead);
    dead.filter_map(|write| write.value.as_ref()).map(|value| value.len() as u64).sum()
}

/// By which time a mark is found again: a pure function of the item, the same for every copy of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stamp {
    /// The item's own time, in seconds since 1970.
    Dated(u64),
    /// The item has no usable time.
    Undated,
    /// No time and no id: a copy counts as one for 10 minutes only.
    Brief,
}

/// Proof that an item was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Hash of account, number, field and the item's natural key.
    pub key: u128,
    /// By which time it is found again.
    pub stamp: Stamp,
    /// What was accepted, and when.
    pub seen: Seen,
}

/// What a mark remembers of the accepted copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Hash of the item's bytes: another one under the same key is a duplicate that differs.
    pub content: u32,
    /// When it was accepted, in seconds since 1970.
    pub at_s: u32,
}
