//! How many bytes the store takes on disk: measured now and then by the keeper, estimated in between from what the
//! committer writes. It knows files by their size alone.

use super::database::io_error;
use crate::{Level, Room, StoreError};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes on disk for each byte of a page, until they are measured. About 1.2 in the long run; twice is on the safe side
/// where a segment has just been begun, or changes are too large for one page.
const DISK_PER_PAGE_BYTE: u64 = 2;
/// The unit in which a file's blocks are counted.
const BLOCK: u64 = 512;

/// The space of one store.
#[derive(Debug, Default)]
pub(super) struct Space {
    measured: AtomicU64,
    written: AtomicU64,
    asked: Mutex<Vec<(String, u64)>>,
    said: Mutex<Option<Level>>,
}

impl Space {
    /// Pages were written since the last measurement.
    pub(super) fn note_pages(&self, bytes: u64) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Measures `folder`.
    pub(super) fn measure(&self, folder: &Path) -> Result<(), StoreError> {
        let written = self.written.load(Ordering::Relaxed);
        let bytes = bytes_under(folder).map_err(|source| io_error("measure", folder, source))?;
        self.measured.store(bytes, Ordering::Relaxed);
        self.written.fetch_sub(written, Ordering::Relaxed);
        Ok(())
    }

    /// Asks the owners of these streams to let go of events up to a seq.
    pub(super) fn ask(&self, asked: Vec<(String, u64)>) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }

    /// Whether `level` is news to operators; from then on it is none.
    pub(super) fn is_news(&self, level: Level) -> bool {
        let before = self.said.lock().unwrap_or_else(PoisonError::into_inner).replace(level);
        before.unwrap_or(Level::Ample) != level
    }

    /// What is taken of `max_bytes`.
    pub(super) fn room(&self, max_bytes: Option<u64>) -> Room {
        let written = self.written.load(Ordering::Relaxed).saturating_mul(DISK_PER_PAGE_BYTE);
        let used_bytes = self.measured.load(Ordering::Relaxed).saturating_add(written);
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Room { used_bytes, max_bytes, asked }
    }
}

/// Bytes on disk of everything in `folder`; what disappears meanwhile counts nothing.
pub(super) fn bytes_under(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let about = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            about => about?,
        };
        bytes += about.blocks() * BLOCK;
        if about.is_dir() {
            bytes += bytes_under(&entry.path())?;
        }
    }
    Ok(bytes)
}
