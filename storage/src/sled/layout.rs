//! The format on disk, whole: its version, the folders, the keys and the sizes. Whoever changes a line here changes
//! [`FORMAT`]. It knows no engine and reads no disk.
//!
//! ```text
//! <path>/FORMAT                       the version, as text
//! <path>/LOCK                         empty; locked while a process has the store open
//! <path>/state/                       hot records, ledgers, last seqs, volumes, the checkpoint
//! <path>/archive/                     cold records, and which volumes hold which stream
//! <path>/journal/NNNNNNNN/            a volume: pages, and once it is sealed an event index, marks and their filter
//! <path>/journal/NNNNNNNN.new, .gone  a volume being made or removed; swept at start
//! <path>/journal/NNNNNNNN.half, .whole a volume being replaced: swept at start, or put in its place
//! <path>/state.new/, archive.new/     a database being made; swept at start
//! <path>/state.half/, .whole/, .gone/ a database being copied, its copy, and what the copy replaced; the same for archive
//! <path>/erasing-*                    a wish to erase somebody that is not fulfilled yet
//! ```

use crate::Kind;

/// The version of everything below.
pub(super) const FORMAT: u32 = 1;
/// The file that says it.
pub(super) const FORMAT_FILE: &str = "FORMAT";
/// Folder of the checkpointed state.
pub(super) const STATE: &str = "state";
/// Folder of the cold records.
pub(super) const ARCHIVE: &str = "archive";
/// Folder of the volumes.
pub(super) const JOURNAL: &str = "journal";
/// Ends the name of a database's folder while it is made.
pub(super) const NEW: &str = "new";
/// Ends the name of a volume's folder while it is removed.
pub(super) const GONE: &str = "gone";

/// Ends the name of a volume's folder while another one is written that will replace it.
pub(super) const HALF: &str = "half";
/// Ends the name of a folder that replaces a volume, once it is written.
pub(super) const WHOLE: &str = "whole";

/// A page's bytes, at most; a page that is empty is a slot for one to come. 17 of them are sled's largest leaf, and a
/// leaf must stay under a quarter of [`VOLUME_SEGMENT`], above which sled would move it into a blob that nobody syncs.
/// Smaller than that, because sled reads whole leaves and its cache holds 256 of them, whatever its capacity: 70 MB for a
/// volume, not 280 as with 64 KiB.
pub(super) const PAGE_BYTES: usize = 16 * 1024;
/// A record's bytes in state, archive and a volume's index, at most, for the same reason.
pub(super) const RECORD_BYTES: usize = 32 * 1024;
/// sled's segment in a volume.
pub(super) const VOLUME_SEGMENT: usize = 8 << 20;
/// sled's segment in state and archive: a quarter of it holds a leaf of 17 full records.
pub(super) const STATE_SEGMENT: usize = 4 << 20;
/// Marks in one block of a sealed volume's run.
pub(super) const MARKS_A_BLOCK: usize = 1024;
/// Bytes of one mark in a run: the key, the content's hash, the time.
pub(super) const MARK_BYTES: usize = 24;
/// Bits a mark takes in a filter: about one in 800 unknown marks needs a look for nothing.
pub(super) const FILTER_BITS: usize = 14;

/// Key of a page in a volume: the highest prefix, so that pages are appended at the right edge of the tree.
pub(super) fn page_key(page: u64) -> [u8; 9] {
    prefixed(b'p', page)
}

/// Key in a volume that no longer holds the body of any event.
pub(super) const WITHOUT_BODIES: &[u8; 1] = b"e";

/// Which page a key names.
pub(super) fn page_of(key: &[u8]) -> Option<u64> {
    let number = key.strip_prefix(b"p")?;
    Some(u64::from_be_bytes(number.try_into().ok()?))
}

/// Key of a chunk of a sealed volume's event index: stream and first seq in it.
pub(super) fn index_key(stream: &str, first_seq: u64) -> Vec<u8> {
    text_and_number(b'i', stream, first_seq)
}

/// Key of a block of marks: the first mark in it.
pub(super) fn marks_key(first: u128) -> [u8; 17] {
    let mut key = [b'm'; 17];
    key[1..].copy_from_slice(&first.to_be_bytes());
    key
}

/// Key of a piece of the filter; piece 0 says how many hashes and marks it has.
pub(super) fn filter_key(piece: u64) -> [u8; 9] {
    prefixed(b'f', piece)
}

/// Key of a record in state or archive.
pub(super) fn record_key(kind: Kind, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(key.len() + 1);
    full.push(kind as u8);
    full.extend_from_slice(key);
    full
}

/// Key of a piece of a record that is larger than [`RECORD_BYTES`]. The key's length keeps pieces of different
/// records apart.
pub(super) fn piece_key(kind: Kind, key: &[u8], piece: u32) -> Vec<u8> {
    let mut full = pieces_prefix(kind, key);
    full.extend_from_slice(&piece.to_be_bytes());
    full
}

/// What the keys of all pieces of one record start with.
pub(super) fn pieces_prefix(kind: Kind, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(key.len() + 10);
    full.extend_from_slice(&[PIECES, kind as u8]);
    full.extend_from_slice(&(key.len() as u32).to_be_bytes());
    full.extend_from_slice(key);
    full
}

/// Prefix of ledgers in state: the owner follows.
pub(super) const LEDGERS: u8 = 0x80;
/// Prefix of last seqs in state: the stream follows.
pub(super) const LAST_SEQS: u8 = 0x81;
/// Prefix of what is known of sealed volumes in state: the number follows.
pub(super) const VOLUMES: u8 = 0x82;
/// Key of the checkpoint in state: up to which page everything is in state and archive.
pub(super) const CHECKPOINT: u8 = 0x83;
/// Prefix of stream and volume in archive: which seqs of the stream the volume holds.
pub(super) const STREAMS: u8 = 0x84;
/// Prefix of pieces of large records.
pub(super) const PIECES: u8 = 0x90;

/// Key of a ledger.
pub(super) fn ledger_key(owner: &str) -> Vec<u8> {
    [&[LEDGERS], owner.as_bytes()].concat()
}

/// Key of a last seq.
pub(super) fn last_seq_key(stream: &str) -> Vec<u8> {
    [&[LAST_SEQS], stream.as_bytes()].concat()
}

/// Key of a volume's description.
pub(super) fn volume_key(number: u64) -> [u8; 9] {
    prefixed(VOLUMES, number)
}

/// Key of a stream's stretch in a volume.
pub(super) fn stretch_key(stream: &str, volume: u64) -> Vec<u8> {
    text_and_number(STREAMS, stream, volume)
}

/// The number that ends a key.
pub(super) fn last_number(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*key.last_chunk()?))
}

/// Name of a volume's folder.
pub(super) fn volume_name(number: u64) -> String {
    format!("{number:08}")
}

fn prefixed(prefix: u8, number: u64) -> [u8; 9] {
    let mut key = [prefix; 9];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The zero byte ends the text: no stream's name may hold one, so no name is another one's prefix.
fn text_and_number(prefix: u8, text: &str, number: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(text.len() + 10);
    key.push(prefix);
    key.extend_from_slice(text.as_bytes());
    key.push(0);
    key.extend_from_slice(&number.to_be_bytes());
    key
}
