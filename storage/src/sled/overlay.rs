//! Committed writes that are not yet in state or archive. It knows no disk.

use crate::key::ceiling;
use crate::{Key, Kind, Write};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::ops::Bound;

/// The newest write of each record.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    kinds: ByKind<BTreeMap<Key, Option<Bytes>>>,
    bytes: usize,
}

/// One of something for every kind.
#[derive(Debug, Default)]
pub(super) struct ByKind<T>([T; Kind::ALL.len()]);

impl<T> ByKind<T> {
    /// The one for `kind`.
    pub(super) fn of(&self, kind: Kind) -> &T {
        &self.0[place(kind)]
    }

    /// The one for `kind`.
    pub(super) fn of_mut(&mut self, kind: Kind) -> &mut T {
        &mut self.0[place(kind)]
    }
}

fn place(kind: Kind) -> usize {
    Kind::ALL.iter().position(|known| *known == kind).expect("ALL has every kind")
}

impl Overlay {
    /// Notes a committed write.
    pub(super) fn note(&mut self, write: Write) {
        self.bytes += write.key.0.len() + write.value.as_ref().map_or(0, Bytes::len) + 64;
        self.kinds.of_mut(write.kind).insert(write.key, write.value);
    }

    /// What is known of a record: set, removed (`Some(None)`) or nothing.
    pub(super) fn get(&self, kind: Kind, key: &[u8]) -> Option<Option<Bytes>> {
        self.kinds.of(kind).get(key).cloned()
    }

    /// Records of `kind` under `prefix` from `from` on, removed ones too, ascending.
    pub(super) fn scan<'a>(
        &'a self,
        kind: Kind,
        prefix: &'a [u8],
        from: Bound<&'a [u8]>,
    ) -> impl Iterator<Item = (&'a Key, &'a Option<Bytes>)> {
        scan(self.kinds.of(kind), prefix, from)
    }

    /// Records of `kind` under `prefix` before `before`, removed ones too, descending.
    pub(super) fn scan_back<'a>(
        &'a self,
        kind: Kind,
        prefix: &'a [u8],
        before: Option<&[u8]>,
    ) -> impl Iterator<Item = (&'a Key, &'a Option<Bytes>)> + use<'a> {
        scan_back(self.kinds.of(kind), prefix, before)
    }

    /// Every record, by kind.
    pub(super) fn records(&self) -> impl Iterator<Item = (Kind, &Key, Option<&Bytes>)> {
        let of = |kind: Kind| self.kinds.of(kind).iter().map(move |(key, value)| (kind, key, value.as_ref()));
        Kind::ALL.into_iter().flat_map(of)
    }

    /// About how much memory it takes; a record written again counts again.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Where a page of `prefix` after `after` starts.
pub(super) fn start<'a>(prefix: &'a [u8], after: Option<&'a [u8]>) -> Bound<&'a [u8]> {
    match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        Some(_) | None => Bound::Included(prefix),
    }
}

/// Entries of `map` from `from` on whose keys start with `prefix`.
pub(super) fn scan<'a, V>(
    map: &'a BTreeMap<Key, V>,
    prefix: &'a [u8],
    from: Bound<&'a [u8]>,
) -> impl Iterator<Item = (&'a Key, &'a V)> {
    map.range::<[u8], _>((from, Bound::Unbounded)).take_while(move |(key, _)| key.0.starts_with(prefix))
}

/// Entries of `map` whose keys start with `prefix`, from the last one before `before` on, descending.
pub(super) fn scan_back<'a, V>(
    map: &'a BTreeMap<Key, V>,
    prefix: &'a [u8],
    before: Option<&[u8]>,
) -> impl Iterator<Item = (&'a Key, &'a V)> + use<'a, V> {
    let end = ceiling(prefix, before);
    let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    map.range::<[u8], _>((Bound::Included(prefix), end)).rev()
}
