//! Wishes to erase somebody, each in a file of its own beside the databases: they name the customer, and a file that is
//! removed leaves nothing in any log. It knows no engine.

use super::database::{io_error, sync_path};
use super::entry::damaged;
use crate::{Disk, Erasure, StoreError};
use std::fs;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// What the name of such a file starts with.
const PREFIX: &str = "erasing-";
/// The name of one that is being written.
const HALF_WRITTEN: &str = "wish.new";

/// Keeps a wish, durable when this returns.
pub(super) fn keep(folder: &Path, erasure: &Erasure, disk: &dyn Disk) -> Result<(), StoreError> {
    let (bytes, path) = named(folder, erasure);
    let new = folder.join(HALF_WRITTEN);
    let write = || {
        fs::write(&new, &bytes)?;
        sync_path(&new, disk)?;
        fs::rename(&new, &path)?;
        sync_path(folder, disk)
    };
    write().map_err(|source| io_error("write", &path, source))
}

/// Every wish that is kept, none being written just now.
pub(super) fn all(folder: &Path) -> Result<Vec<Erasure>, StoreError> {
    let mut wishes = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| io_error("list", folder, source))? {
        let path = entry.map_err(|source| io_error("list", folder, source))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name == HALF_WRITTEN {
            fs::remove_file(&path).map_err(|source| io_error("remove", &path, source))?;
        }
        if name.starts_with(PREFIX) {
            let bytes = fs::read(&path).map_err(|source| io_error("read", &path, source))?;
            let wish =
                postcard::from_bytes(&bytes).map_err(|error| damaged(&format!("{}: {error}", path.display())))?;
            wishes.push(wish);
        }
    }
    Ok(wishes)
}

/// Forgets a wish that is fulfilled.
pub(super) fn forget(folder: &Path, erasure: &Erasure, disk: &dyn Disk) -> Result<(), StoreError> {
    let (_, path) = named(folder, erasure);
    if !path.exists() {
        return Ok(());
    }
    fs::remove_file(&path).map_err(|source| io_error("remove", &path, source))?;
    sync_path(folder, disk).map_err(|source| io_error("sync", folder, source))
}

/// A wish's bytes, and its file.
fn named(folder: &Path, erasure: &Erasure) -> (Vec<u8>, PathBuf) {
    let bytes = postcard::to_stdvec(erasure).expect("plain data always encodes");
    let path = folder.join(format!("{PREFIX}{:016x}", xxh3_64(&bytes)));
    (bytes, path)
}
