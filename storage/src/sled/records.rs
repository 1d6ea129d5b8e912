//! Records in state and archive: written in chunks, each its own commit, large values in pieces. Writing them again is
//! harmless, so a crash between chunks is too. It knows no memory state.

use super::database::Database;
use super::entry::damaged;
use super::layout::{self, RECORD_BYTES};
use crate::key::ceiling;
use crate::{Key, Kind, StoreError};
use ::sled::{Batch, IVec};
use bytes::Bytes;

/// Bytes in one chunk: far below two segments, because sled may reuse a segment that it freed two segments ago, and
/// what it freed must be synced by then.
const CHUNK_BYTES: usize = 512 << 10;
/// Records in one chunk; each may rewrite a small node.
const CHUNK_RECORDS: usize = 2000;

/// First byte of a value that follows whole.
const INLINE: u8 = 0;
/// First byte of a value that lies in pieces; their count follows.
const PIECES: u8 = 1;

/// A long run of writes to one database.
pub(super) struct Chunks<'a> {
    db: &'a Database,
    batch: Batch,
    bytes: usize,
    records: usize,
}

impl<'a> Chunks<'a> {
    /// Nothing written yet.
    pub(super) fn new(db: &'a Database) -> Self {
        Self { db, batch: Batch::default(), bytes: 0, records: 0 }
    }

    /// Sets one record.
    pub(super) fn put(&mut self, key: Vec<u8>, value: &[u8]) -> Result<(), StoreError> {
        self.bytes += key.len() + value.len();
        self.batch.insert(key, value);
        self.count()
    }

    /// Removes one record.
    pub(super) fn remove(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        self.bytes += key.len();
        self.batch.remove(key);
        self.count()
    }

    fn count(&mut self) -> Result<(), StoreError> {
        self.records += 1;
        if self.bytes < CHUNK_BYTES && self.records < CHUNK_RECORDS {
            return Ok(());
        }
        self.finish()
    }

    /// Commits what is left.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        if self.records == 0 {
            return Ok(());
        }
        (self.bytes, self.records) = (0, 0);
        self.db.commit(std::mem::take(&mut self.batch))
    }
}

/// Writes or removes records of any size.
pub(super) struct RecordWriter<'a> {
    chunks: Chunks<'a>,
    any_pieces: bool,
}

impl<'a> RecordWriter<'a> {
    /// Writes to `db`.
    pub(super) fn new(db: &'a Database) -> Result<Self, StoreError> {
        let any_pieces = db.scan(&[layout::PIECES], [layout::PIECES]).next().transpose()?.is_some();
        Ok(Self { chunks: Chunks::new(db), any_pieces })
    }

    /// Sets or removes one record.
    pub(super) fn write(&mut self, kind: Kind, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        let pieces = value.filter(|value| value.len() >= RECORD_BYTES).map(|value| value.chunks(RECORD_BYTES));
        self.remove_pieces(kind, key, pieces.as_ref().map_or(0, |pieces| pieces.len() as u32))?;
        let full = layout::record_key(kind, key);
        let Some(value) = value else { return self.chunks.remove(full) };
        let Some(pieces) = pieces else { return self.chunks.put(full, &[&[INLINE], value].concat()) };
        let count = pieces.len() as u32;
        for (nth, piece) in (0_u32..).zip(pieces) {
            self.chunks.put(layout::piece_key(kind, key, nth), piece)?;
        }
        self.any_pieces = true;
        self.chunks.put(full, &[&[PIECES], &count.to_be_bytes()[..]].concat())
    }

    /// Removes pieces of an older value from the `from`th on.
    fn remove_pieces(&mut self, kind: Kind, key: &[u8], from: u32) -> Result<(), StoreError> {
        if !self.any_pieces {
            return Ok(());
        }
        let start = layout::piece_key(kind, key, from);
        let db = self.chunks.db;
        for piece in db.scan(&start, layout::pieces_prefix(kind, key)) {
            self.chunks.remove(piece?.0.to_vec())?;
        }
        Ok(())
    }

    /// What is not yet committed, to go on with other records.
    pub(super) fn into_chunks(self) -> Chunks<'a> {
        self.chunks
    }
}

/// One record.
pub(super) fn get(db: &Database, kind: Kind, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
    match db.get(&layout::record_key(kind, key))? {
        Some(value) => whole(db, kind, key, &value).map(Some),
        None => Ok(None),
    }
}

/// Records of `kind` from `from` on whose keys start with `prefix`, ascending.
pub(super) fn scan<'a>(
    db: &'a Database,
    kind: Kind,
    prefix: &'a [u8],
    from: &[u8],
) -> impl Iterator<Item = Result<(Key, Bytes), StoreError>> + use<'a> {
    db.scan(&layout::record_key(kind, from), [kind as u8])
        .map(move |record| {
            let (full, value) = record?;
            let key = &full[1..];
            Ok((Key(key.to_vec()), whole(db, kind, key, &value)?))
        })
        .take_while(|record: &Result<(Key, Bytes), StoreError>| {
            record.as_ref().map_or(true, |(key, _)| key.0.starts_with(prefix))
        })
}

/// Records of `kind` under `prefix`, from the last one before `before` on, descending.
pub(super) fn scan_back<'a>(
    db: &'a Database,
    kind: Kind,
    prefix: &[u8],
    before: Option<&[u8]>,
) -> impl Iterator<Item = Result<(Key, Bytes), StoreError>> + use<'a> {
    let first = layout::record_key(kind, prefix);
    let before = before.map(|before| layout::record_key(kind, before));
    let end = ceiling(&first, before.as_deref()).expect("a kind's number is below 255");
    db.scan_down(&first, &end).map(move |record| {
        let (full, value) = record?;
        let key = &full[1..];
        Ok((Key(key.to_vec()), whole(db, kind, key, &value)?))
    })
}

fn whole(db: &Database, kind: Kind, key: &[u8], value: &IVec) -> Result<Bytes, StoreError> {
    let Some((form, rest)) = value.split_first() else { return Err(damaged("an empty record")) };
    if *form == INLINE {
        return Ok(Bytes::copy_from_slice(rest));
    }
    let mut bytes = Vec::new();
    for piece in db.scan(&layout::piece_key(kind, key, 0), layout::pieces_prefix(kind, key)) {
        bytes.extend_from_slice(&piece?.1);
    }
    Ok(bytes.into())
}
