//! What a sealed volume carries beside its pages: an index of its events, its marks as a sorted run, and a filter over
//! them. Written once by the keeper, read by anyone. It knows no memory state.

use super::content::{Content, pages_from};
use super::database::Database;
use super::entry::damaged;
use super::layout::{self, FILTER_BITS, MARK_BYTES, MARKS_A_BLOCK, RECORD_BYTES};
use super::marks::fold;
use super::records::Chunks;
use crate::{Seen, StoreError};
use fastbloom::BloomFilter;

/// Pairs of seq and page in one chunk of the index: at most 20 bytes each.
const PAIRS_A_CHUNK: usize = 1500;

/// A compact answer to "certainly not here".
pub(super) struct Filter(BloomFilter);

impl Filter {
    /// Over all `marks`.
    pub(super) fn over(marks: &[(u128, Seen)]) -> Self {
        let bits = (marks.len() * FILTER_BITS).max(64);
        let mut filter = BloomFilter::with_num_bits(bits).seed(&0).expected_items(marks.len().max(1));
        for (key, _) in marks {
            filter.insert_hash(fold(*key));
        }
        Self(filter)
    }

    /// `false` only for a mark that is not in the volume.
    pub(super) fn may_hold(&self, key: u128) -> bool {
        self.0.contains_hash(fold(key))
    }

    /// Its size.
    pub(super) fn bytes(&self) -> usize {
        self.0.num_bits() / 8
    }
}

/// Writes index, run and filter of `content` into its volume, synced. Repeating it changes nothing.
pub(super) fn write(db: &Database, content: &Content) -> Result<Filter, StoreError> {
    let mut chunks = Chunks::new(db);
    for (stream, stretch) in content.stretches() {
        for chunk in stretch.pages.chunks(PAIRS_A_CHUNK) {
            chunks.put(layout::index_key(stream, chunk[0].0), &deltas(chunk))?;
        }
    }
    let marks = content.marks.sorted();
    for block in marks.chunks(MARKS_A_BLOCK) {
        chunks.put(layout::marks_key(block[0].0).to_vec(), &run_block(block))?;
    }
    let filter = Filter::over(&marks);
    for (piece, words) in (1_u64..).zip(filter.0.as_slice().chunks(RECORD_BYTES / 8)) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        chunks.put(layout::filter_key(piece).to_vec(), &bytes)?;
    }
    chunks.put(layout::filter_key(0).to_vec(), &filter.0.num_hashes().to_le_bytes())?;
    chunks.finish()?;
    Ok(filter)
}

fn deltas(pairs: &[(u64, u64)]) -> Vec<u8> {
    let mut before = (0, 0);
    let deltas: Vec<(u64, u64)> = pairs
        .iter()
        .map(|pair| {
            let delta = (pair.0.wrapping_sub(before.0), pair.1.wrapping_sub(before.1));
            before = *pair;
            delta
        })
        .collect();
    postcard::to_stdvec(&deltas).expect("pairs of numbers always encode")
}

fn sums(chunk: &[u8]) -> Result<Vec<(u64, u64)>, StoreError> {
    let mut pairs: Vec<(u64, u64)> =
        postcard::from_bytes(chunk).map_err(|error| damaged(&format!("an event index: {error}")))?;
    let mut sum = (0_u64, 0_u64);
    for pair in &mut pairs {
        sum = (sum.0.wrapping_add(pair.0), sum.1.wrapping_add(pair.1));
        *pair = sum;
    }
    Ok(pairs)
}

fn run_block(block: &[(u128, Seen)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(block.len() * MARK_BYTES);
    for (key, seen) in block {
        bytes.extend_from_slice(&key.to_be_bytes());
        bytes.extend_from_slice(&seen.content.to_be_bytes());
        bytes.extend_from_slice(&seen.at_s.to_be_bytes());
    }
    bytes
}

/// Up to `limit` pages of a sealed volume that may hold events of `stream` from `seq` on.
pub(super) fn event_pages(db: &Database, stream: &str, seq: u64, limit: usize) -> Result<Vec<u64>, StoreError> {
    let prefix = layout::index_key(stream, 0);
    let prefix = &prefix[..prefix.len() - 8];
    let from = db.last(&layout::index_key(stream, seq), prefix)?.map(|(key, _)| key);
    let mut pages = Vec::new();
    for chunk in db.scan(from.as_deref().unwrap_or(prefix), prefix) {
        let pairs = sums(&chunk?.1)?;
        pages.extend(pages_from(&pairs, seq).iter().map(|(_, page)| *page).take(limit - pages.len()));
        if pages.len() == limit {
            break;
        }
    }
    Ok(pages)
}

/// Copies the marks of a sealed volume and their filter into another one.
pub(super) fn copy_marks(from: &Database, to: &Database) -> Result<(), StoreError> {
    let mut chunks = Chunks::new(to);
    for prefix in [b"m", b"f"] {
        for record in from.scan(prefix, prefix) {
            let (key, value) = record?;
            chunks.put(key.to_vec(), &value)?;
        }
    }
    chunks.finish()
}

/// Every stream that a sealed volume holds events of, with its first seq there.
pub(super) fn streams(db: &Database) -> Result<Vec<(String, u64)>, StoreError> {
    let mut streams: Vec<(String, u64)> = Vec::new();
    for chunk in db.scan(b"i", b"i") {
        let (key, _) = chunk?;
        let name = key.get(1..key.len().saturating_sub(9)).unwrap_or_default();
        let name = std::str::from_utf8(name).map_err(|_| damaged("an event index names no stream"))?;
        let first = layout::last_number(&key).ok_or_else(|| damaged("an event index has no seq"))?;
        if streams.last().is_none_or(|(last, _)| last != name) {
            streams.push((name.to_owned(), first));
        }
    }
    Ok(streams)
}

/// The copy of a mark in a sealed volume's run.
pub(super) fn find_mark(db: &Database, wanted: u128) -> Result<Option<Seen>, StoreError> {
    let Some((_, block)) = db.last(&layout::marks_key(wanted), b"m")? else { return Ok(None) };
    let (marks, _) = block.as_chunks::<MARK_BYTES>();
    let found = marks.binary_search_by(|mark| mark[..16].cmp(&wanted.to_be_bytes()[..]));
    Ok(found.ok().map(|at| read_seen(&marks[at])))
}

fn read_seen(mark: &[u8; MARK_BYTES]) -> Seen {
    let number = |at: usize| u32::from_be_bytes([mark[at], mark[at + 1], mark[at + 2], mark[at + 3]]);
    Seen { content: number(16), at_s: number(20) }
}

/// The filter of a sealed volume.
pub(super) fn read_filter(db: &Database) -> Result<Filter, StoreError> {
    let head = db.get(&layout::filter_key(0))?.ok_or_else(|| damaged("a sealed volume has no filter"))?;
    let hashes = u32::from_le_bytes(head[..].try_into().map_err(|_| damaged("a filter's head"))?);
    let mut words = Vec::new();
    for piece in db.scan(&layout::filter_key(1), b"f") {
        let (_, bytes) = piece?;
        words.extend(bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)));
    }
    Ok(Filter(BloomFilter::from_vec(words).seed(&0).hashes(hashes)))
}
