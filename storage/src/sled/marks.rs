//! Dedupe marks in memory: an exact map for young volumes, and for old ones the set of stamps they hold. It knows no
//! disk and no clock.

use crate::{Seen, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

/// Shards of the map: one growing shard stalls a commit 64 times less than a growing map.
const SHARDS: usize = 64;
/// Seconds of item time that share a bucket: 256.
const BUCKET_SHIFT: u32 = 8;
/// Spans of buckets remembered of a sealed volume, at most; beyond that the closest are joined.
const MOST_SPANS: usize = 1024;

/// Exact marks of one volume.
#[derive(Debug)]
pub(super) struct MarkMap {
    shards: Vec<HashMap<u128, Seen, BuildHasherDefault<Fold>>>,
}

impl Default for MarkMap {
    fn default() -> Self {
        Self { shards: std::iter::repeat_with(HashMap::default).take(SHARDS).collect() }
    }
}

impl MarkMap {
    /// Remembers the newest copy.
    pub(super) fn insert(&mut self, key: u128, seen: Seen) {
        self.shards[shard(key)].insert(key, seen);
    }

    /// The copy remembered.
    pub(super) fn get(&self, key: u128) -> Option<Seen> {
        self.shards[shard(key)].get(&key).copied()
    }

    /// All of them, ascending.
    pub(super) fn sorted(&self) -> Vec<(u128, Seen)> {
        let mut all: Vec<_> = self.shards.iter().flatten().map(|(key, seen)| (*key, *seen)).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }
}

fn shard(key: u128) -> usize {
    (fold(key) % SHARDS as u64) as usize
}

/// A mark's key is a hash already; folding it makes 64 good bits even of small numbers.
pub(super) fn fold(key: u128) -> u64 {
    let mixed = (key ^ (key >> 64)).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    (mixed >> 64) as u64
}

/// Hashes nothing but 128-bit keys.
#[derive(Debug, Default)]
pub(super) struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        // Not what chose the shard, or a shard would use a 64th of its buckets.
        self.0 = fold(key).rotate_left(32);
    }
}

/// The stamps of a volume's marks while it grows.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    dated: BTreeSet<u64>,
    latest: Option<u64>,
    undated: bool,
    brief: bool,
}

impl Buckets {
    /// Adds a mark's stamp.
    pub(super) fn insert(&mut self, stamp: Stamp) {
        match stamp {
            Stamp::Dated(at_s) => {
                let bucket = at_s >> BUCKET_SHIFT;
                if self.latest.replace(bucket) != Some(bucket) {
                    self.dated.insert(bucket);
                }
            }
            Stamp::Undated => self.undated = true,
            Stamp::Brief => self.brief = true,
        }
    }

    /// What is remembered of them.
    pub(super) fn spans(&self) -> Spans {
        let mut dated: Vec<(u64, u64)> = Vec::new();
        for bucket in &self.dated {
            match dated.last_mut() {
                Some((_, last)) if *last + 1 == *bucket => *last = *bucket,
                Some(_) | None => dated.push((*bucket, *bucket)),
            }
        }
        Spans { dated: joined(dated), undated: self.undated, brief: self.brief }
    }
}

/// Joins the spans with the smallest gaps between them until few enough are left.
fn joined(spans: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    if spans.len() <= MOST_SPANS {
        return spans;
    }
    let mut gaps: Vec<u64> = spans.windows(2).map(|pair| pair[1].0 - pair[0].1).collect();
    gaps.sort_unstable();
    let widest_joined = gaps[gaps.len() - MOST_SPANS];
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(MOST_SPANS);
    for (first, last) in spans {
        match joined.last_mut() {
            Some((_, end)) if first - *end <= widest_joined => *end = last,
            Some(_) | None => joined.push((first, last)),
        }
    }
    joined
}

/// The stamps a sealed volume may hold: never too few, at times too many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spans {
    dated: Vec<(u64, u64)>,
    undated: bool,
    brief: bool,
}

impl Spans {
    /// Whether a mark with `stamp` may be there.
    pub(super) fn may_hold(&self, stamp: Stamp) -> bool {
        match stamp {
            Stamp::Dated(at_s) => {
                let bucket = at_s >> BUCKET_SHIFT;
                let next = self.dated.partition_point(|(_, last)| *last < bucket);
                self.dated.get(next).is_some_and(|(first, _)| *first <= bucket)
            }
            Stamp::Undated => self.undated,
            Stamp::Brief => self.brief,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_never_denies_a_stamp_it_holds_however_scattered_they_are() {
        let mut buckets = Buckets::default();
        let stamps: Vec<u64> = (0..20_000_u64).map(|nth| nth * nth * 997).collect();
        stamps.iter().for_each(|at_s| buckets.insert(Stamp::Dated(*at_s)));
        let spans = buckets.spans();
        assert!(spans.dated.len() <= MOST_SPANS);
        assert!(stamps.iter().all(|at_s| spans.may_hold(Stamp::Dated(*at_s))));
        assert!(!spans.may_hold(Stamp::Undated) && !spans.may_hold(Stamp::Brief));
        assert!(!spans.may_hold(Stamp::Dated(u64::MAX)));
    }

    #[test]
    fn marks_come_back_sorted_and_the_newest_copy_counts() {
        let mut map = MarkMap::default();
        (0..1000_u128).rev().for_each(|key| map.insert(key, Seen { content: 1, at_s: 1 }));
        map.insert(7, Seen { content: 2, at_s: 2 });
        assert_eq!((map.sorted().len(), map.get(7)), (1000, Some(Seen { content: 2, at_s: 2 })));
        assert!(map.sorted().is_sorted_by_key(|(key, _)| *key));
    }
}
