//! A database copied into a fresh folder that takes its place: sled keeps old bytes in its log, a copy has none. It knows
//! folders, not what is in them.

use super::database::{Database, Shape, io_error, sync_path};
use super::gate::Gate;
use super::layout::{GONE, HALF, WHOLE};
use super::records::Chunks;
use crate::{Disk, StoreError};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Copies the database behind `gate`, which lives in `folder`, and puts the copy in its place. Nobody may write to it
/// meanwhile; readers wait for the moment of the change alone.
pub(super) fn renew(
    gate: &Gate<Database>,
    folder: &Path,
    shape: Shape,
    disk: &Arc<dyn Disk>,
) -> Result<(), StoreError> {
    let (half, whole) = (folder.with_extension(HALF), folder.with_extension(WHOLE));
    remove(&half)?;
    copy(&*gate.wait()?, &Database::open_or_make(&half, shape, disk)?)?;
    fs::rename(&half, &whole).map_err(|source| io_error("rename", &half, source))?;
    sync_above(folder, disk)?;
    drop(gate.take_back());
    finish(folder, disk)?;
    gate.open(Database::open_or_make(folder, shape, disk)?);
    Ok(())
}

/// Puts a copy that is whole in the place of the database in `folder`, and sweeps out what a crash left half done.
pub(super) fn finish(folder: &Path, disk: &Arc<dyn Disk>) -> Result<(), StoreError> {
    let [half, whole, gone] = [HALF, WHOLE, GONE].map(|ending| folder.with_extension(ending));
    remove(&half)?;
    if whole.exists() {
        if folder.exists() {
            remove(&gone)?;
            fs::rename(folder, &gone).map_err(|source| io_error("rename", folder, source))?;
        }
        fs::rename(&whole, folder).map_err(|source| io_error("rename", &whole, source))?;
        sync_above(folder, disk)?;
    }
    remove(&gone)
}

fn copy(from: &Database, to: &Database) -> Result<(), StoreError> {
    let mut chunks = Chunks::new(to);
    for record in from.scan(&[], []) {
        let (key, value) = record?;
        chunks.put(key.to_vec(), &value)?;
    }
    chunks.finish()
}

fn remove(folder: &Path) -> Result<(), StoreError> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).map_err(|source| io_error("remove", folder, source))
}

fn sync_above(folder: &Path, disk: &Arc<dyn Disk>) -> Result<(), StoreError> {
    let above = folder.parent().unwrap_or(Path::new("."));
    sync_path(above, disk.as_ref()).map_err(|source| io_error("sync", above, source))
}
