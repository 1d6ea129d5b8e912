//! Reading a stream's events: young volumes are found in memory, old ones through the archive.

use super::journal::{self, Reader};
use super::sealed;
use super::shared::Shared;
use super::volume::Volume;
use super::volumes::Closing;
use crate::{Event, StoreError};
use std::sync::Arc;

/// Events of `stream` after `after`, ascending: at most `limit`, and `max_bytes` of bodies but at least one.
pub(super) fn read(
    shared: &Shared,
    stream: &str,
    after: u64,
    limit: usize,
    max_bytes: usize,
) -> Result<Vec<Event>, StoreError> {
    let mut reader = Reader::new(stream, after, limit, max_bytes);
    let Some(young) = young(shared, stream, &reader) else { return Ok(Vec::new()) };
    if young.open.first_seq <= reader.next_seq() {
        reader.read(&young.open.volume, &young.open.pages)?;
        return Ok(reader.into_events());
    }
    let closing = closing_stretches(&young.closing, stream, &reader)?;
    if closing.first().is_none_or(|oldest| oldest.first_seq > reader.next_seq()) {
        let before = young.closing.first().map_or(young.open.volume.number, |oldest| oldest.volume.number);
        read_sealed(shared, stream, before, &mut reader)?;
    }
    for found in closing.into_iter().chain([young.open]) {
        reader.read(&found.volume, &found.pages)?;
    }
    Ok(reader.into_events())
}

/// The volumes without an index, as one committed state has them.
struct Young {
    open: Found,
    closing: Vec<Arc<Closing>>,
}

/// Pages of one volume.
struct Found {
    volume: Arc<Volume>,
    pages: Vec<u64>,
    first_seq: u64,
}

/// `None` where nothing can be found: the stream has no such events, or nobody wants any.
fn young(shared: &Shared, stream: &str, reader: &Reader<'_>) -> Option<Young> {
    let image = shared.read();
    if reader.is_full() || image.committed.last_seq(stream) < reader.next_seq() {
        return None;
    }
    let open = &image.volumes.open;
    let found = open
        .content
        .stretch(stream)
        .map(|stretch| (stretch.pages_from(reader.next_seq(), reader.pages_needed()), stretch.first_seq()));
    let (pages, first_seq) = found.unwrap_or((Vec::new(), u64::MAX));
    let open = Found { volume: open.volume.clone(), pages, first_seq };
    Some(Young { open, closing: image.volumes.closing.clone() })
}

/// The stream's pages in volumes that wait for their index, oldest first; volumes before one that is enough are left
/// out.
fn closing_stretches(closing: &[Arc<Closing>], stream: &str, reader: &Reader<'_>) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    for closing in closing.iter().rev() {
        let content = closing.content.wait()?;
        let Some(stretch) = content.stretch(stream) else { continue };
        let pages = stretch.pages_from(reader.next_seq(), reader.pages_needed());
        found.push(Found { volume: closing.volume.clone(), pages, first_seq: stretch.first_seq() });
        if stretch.first_seq() <= reader.next_seq() {
            break;
        }
    }
    found.reverse();
    Ok(found)
}

/// Reads on in sealed volumes with numbers below `before`.
fn read_sealed(shared: &Shared, stream: &str, before: u64, reader: &mut Reader<'_>) -> Result<(), StoreError> {
    let archive = shared.archive.wait()?;
    let numbers = journal::volumes_after(&archive, stream, reader.next_seq() - 1)?;
    for number in numbers.into_iter().filter(|number| *number < before) {
        if reader.is_full() {
            return Ok(());
        }
        let Some(volume) = shared.shelf.lend(number)? else { continue };
        let pages = sealed::event_pages(&volume.db, stream, reader.next_seq(), reader.pages_needed())?;
        reader.read(&volume, &pages)?;
    }
    Ok(())
}
