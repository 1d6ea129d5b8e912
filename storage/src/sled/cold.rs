//! Reading cold records: what memory holds of them hides what the archive holds.

use super::overlay::start;
use super::records;
use super::shared::Shared;
use crate::{Key, Kind, StoreError};
use bytes::Bytes;
use std::collections::btree_map::Entry;
use std::ops::Bound;

/// One cold record.
pub(super) fn get(shared: &Shared, kind: Kind, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
    // Memory first: a checkpoint drops a record from it only when the archive has it.
    let known = shared.read().committed.cold_record(kind, key);
    match known {
        Some(value) => Ok(value),
        None => records::get(&*shared.archive.wait()?, kind, key),
    }
}

/// Up to `limit` cold records of `kind` under `prefix` after `after`.
pub(super) fn page(
    shared: &Shared,
    kind: Kind,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<(Key, Bytes)>, StoreError> {
    let mut known = shared.read().committed.cold(kind, prefix, after, limit);
    let archive = shared.archive.wait()?;
    let from = start(prefix, after);
    let first = match from {
        Bound::Included(key) | Bound::Excluded(key) => key,
        Bound::Unbounded => &[],
    };
    let mut archived = 0;
    for record in records::scan(&archive, kind, prefix, first) {
        let (key, value) = record?;
        if archived == limit {
            break;
        }
        if from == Bound::Excluded(&key.0[..]) || known.contains_key(&key) {
            continue;
        }
        archived += 1;
        known.insert(key, Some(value));
    }
    let set = known.into_iter().filter_map(|(key, value)| Some((key, value?)));
    Ok(set.take(limit).collect())
}

/// Up to `limit` cold records of `kind` under `prefix` before `before`, descending.
pub(super) fn page_back(
    shared: &Shared,
    kind: Kind,
    prefix: &[u8],
    before: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<(Key, Bytes)>, StoreError> {
    let mut known = shared.read().committed.cold_back(kind, prefix, before, limit);
    let archive = shared.archive.wait()?;
    let mut archived = 0;
    for record in records::scan_back(&archive, kind, prefix, before) {
        if archived == limit {
            break;
        }
        let (key, value) = record?;
        if let Entry::Vacant(place) = known.entry(key) {
            archived += 1;
            place.insert(Some(value));
        }
    }
    let set = known.into_iter().rev().filter_map(|(key, value)| Some((key, value?)));
    Ok(set.take(limit).collect())
}
