//! Carries committed records, ledgers and last seqs from memory to state and archive. Everything it writes may be
//! written again, and the page that says how far it got is written last, so a crash anywhere costs only repetition.

use super::committed::Cut;
use super::database::Database;
use super::entry::damaged;
use super::layout;
use super::records::{Chunks, RecordWriter};
use crate::{Kind, StoreError, Tally, Temperature};

/// Writes `cut`, synced.
pub(super) fn write(cut: &Cut, state: &Database, archive: &Database) -> Result<(), StoreError> {
    write_records(cut, archive, Temperature::Cold)?.finish()?;
    let mut chunks = write_records(cut, state, Temperature::Hot)?;
    for (owner, ledger) in &cut.ledgers {
        chunks.put(layout::ledger_key(owner), &ledger_bytes(cut.page, ledger))?;
    }
    for (stream, seq) in &cut.last_seqs {
        chunks.put(layout::last_seq_key(stream), &seq.to_be_bytes())?;
    }
    // The very last record of the very last chunk.
    chunks.put(vec![layout::CHECKPOINT], &cut.page.to_be_bytes())?;
    chunks.finish()
}

fn write_records<'a>(cut: &Cut, to: &'a Database, temperature: Temperature) -> Result<Chunks<'a>, StoreError> {
    let mut writer = RecordWriter::new(to)?;
    for (kind, key, value) in cut.overlay.records().filter(|(kind, _, _)| kind.temperature() == temperature) {
        writer.write(kind, &key.0, value.map(|value| &**value))?;
    }
    Ok(writer.into_chunks())
}

/// A ledger and the page up to which it counts: tallies are additions, and must be counted once.
fn ledger_bytes(page: u64, ledger: &Tally) -> Vec<u8> {
    postcard::to_stdvec(&(page, ledger)).expect("a tally of plain numbers always encodes")
}

/// The page up to which state holds everything.
pub(super) fn read_page(state: &Database) -> Result<u64, StoreError> {
    Ok(state.get(&[layout::CHECKPOINT])?.and_then(|bytes| layout::last_number(&bytes)).unwrap_or(0))
}

/// Every ledger with its owner and its page.
pub(super) fn ledgers(state: &Database) -> impl Iterator<Item = Result<(String, u64, Tally), StoreError>> {
    state.scan(&[layout::LEDGERS], [layout::LEDGERS]).map(|record| {
        let (key, value) = record?;
        let (page, ledger) = postcard::from_bytes(&value).map_err(|error| damaged(&format!("a ledger: {error}")))?;
        Ok((name(&key)?, page, ledger))
    })
}

/// Every stream's last seq.
pub(super) fn last_seqs(state: &Database) -> impl Iterator<Item = Result<(String, u64), StoreError>> {
    state.scan(&[layout::LAST_SEQS], [layout::LAST_SEQS]).map(|record| {
        let (key, value) = record?;
        Ok((name(&key)?, layout::last_number(&value).ok_or_else(|| damaged("a last seq"))?))
    })
}

fn name(key: &[u8]) -> Result<String, StoreError> {
    String::from_utf8(key[1..].to_vec()).map_err(|_| damaged("a name in state is no text"))
}

/// Every hot record.
pub(super) fn hot_kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| kind.temperature() == Temperature::Hot)
}
