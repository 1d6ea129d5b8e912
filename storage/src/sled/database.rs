//! One sled database with a commit that survives a power cut: write, flush, then a sync of our own. It knows folders
//! and batches, not what is in them.

use super::claim::patiently;
use super::layout::NEW;
use crate::{Disk, StoreError};
use ::sled::{Batch, Config, Db, IVec};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Ends the name of a snapshot that sled is writing.
const HALF_WRITTEN: &str = "generating";

/// A database that lives in one folder.
pub(super) struct Database {
    db: Db,
    file: File,
    log: PathBuf,
    folder: PathBuf,
    disk: Arc<dyn Disk>,
}

/// How a database is laid out and cached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// sled's segment; it cannot change later.
    pub(super) segment: usize,
    /// Cache, in bytes.
    pub(super) cache: u64,
}

impl Database {
    /// Opens the database in `folder`, or makes it there: under another name first, because sled refuses what it was
    /// killed over while making it.
    pub(super) fn open_or_make(folder: &Path, shape: Shape, disk: &Arc<dyn Disk>) -> Result<Self, StoreError> {
        if folder.is_dir() {
            return Self::open(folder, shape, disk);
        }
        let new = folder.with_extension(NEW);
        if new.exists() {
            fs::remove_dir_all(&new).map_err(|source| io_error("remove", &new, source))?;
        }
        make_folder(&new, disk.as_ref()).map_err(|source| io_error("create", &new, source))?;
        drop(Self::open(&new, shape, disk)?);
        fs::rename(&new, folder).map_err(|source| io_error("rename", &new, source))?;
        let above = parent(folder);
        sync_path(above, disk.as_ref()).map_err(|source| io_error("sync", above, source))?;
        Self::open(folder, shape, disk)
    }

    /// Opens the database in `folder`. Whatever sled finds, recovers or writes on opening is on the disk when this
    /// returns. Nobody else may have the folder open.
    fn open(folder: &Path, shape: Shape, disk: &Arc<dyn Disk>) -> Result<Self, StoreError> {
        let io = |what: &str, source| io_error(what, folder, source);
        let log = folder.join("db");
        if log.exists() {
            // sled snapshots what it reads; what it reads must not be younger than what a power cut leaves.
            sync_path(&log, disk.as_ref()).map_err(|source| io("sync", source))?;
        }
        sweep_snapshots(folder).map_err(|source| io("sweep", source))?;
        let db = open_locked(folder, shape)?;
        let file = File::open(&log).map_err(|source| io("open", source))?;
        db.flush().map_err(|error| database_error(&error))?;
        sync_tree(folder, disk.as_ref()).map_err(|source| io("sync", source))?;
        Ok(Self { db, file, log, folder: folder.to_owned(), disk: disk.clone() })
    }

    /// Applies `batch` whole or not at all. It survives a kill of the process, and a power cut after [`Self::sync`].
    pub(super) fn write(&self, batch: Batch) -> io::Result<()> {
        let mut batch = Some(batch);
        self.disk.write(&self.folder, &mut || {
            self.db.apply_batch(batch.take().unwrap_or_default())?;
            self.db.flush()?;
            Ok(())
        })
    }

    /// Inserts `records` in their order: a crash meanwhile leaves the first ones, each whole. They survive what
    /// [`Self::write`] survives, at half its price: sled writes a batch in two buffers, each by a thread of its pool.
    pub(super) fn append<K: AsRef<[u8]>>(&self, records: &mut Vec<(K, IVec)>) -> io::Result<()> {
        self.disk.write(&self.folder, &mut || {
            for (key, value) in records.drain(..) {
                self.db.insert(key, value)?;
            }
            self.db.flush()?;
            Ok(())
        })
    }

    /// Makes everything written survive a power cut.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.disk.sync_data(&self.log, &self.file)
    }

    /// [`Self::write`] and [`Self::sync`].
    pub(super) fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let io = |source| io_error("write to", &self.folder, source);
        self.write(batch).map_err(io)?;
        self.sync().map_err(io)
    }

    /// One record.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        self.db.get(key).map_err(|error| database_error(&error))
    }

    /// Records from `from` on, ascending, as long as their keys start with `prefix`.
    pub(super) fn scan<'a, P: AsRef<[u8]> + 'a>(
        &'a self,
        from: &[u8],
        prefix: P,
    ) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> + use<'a, P> {
        within(self.db.range(from..), prefix)
    }

    /// The last record whose key is at most `upto` and starts with `prefix`.
    pub(super) fn last(&self, upto: &[u8], prefix: &[u8]) -> Result<Option<(IVec, IVec)>, StoreError> {
        self.scan_back(upto, prefix).next().transpose()
    }

    /// Records from `from` on, descending, as long as their keys start with `prefix`.
    pub(super) fn scan_back<'a, P: AsRef<[u8]> + 'a>(
        &'a self,
        from: &[u8],
        prefix: P,
    ) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> + use<'a, P> {
        within(self.db.range(..=from).rev(), prefix)
    }

    /// Records from `first` on and below `end`, descending.
    pub(super) fn scan_down<'a>(
        &'a self,
        first: &[u8],
        end: &[u8],
    ) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> + use<'a> {
        let records = self.db.range(first..end).rev();
        records.map(|pair| pair.map_err(|error| database_error(&error)))
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Records as long as their keys start with `prefix`.
fn within<P: AsRef<[u8]>>(
    records: impl Iterator<Item = sled::Result<(IVec, IVec)>>,
    prefix: P,
) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> {
    let records = records.map(|pair| pair.map_err(|error| database_error(&error)));
    records.take_while(move |pair| pair.as_ref().map_or(true, |(key, _)| key.starts_with(prefix.as_ref())))
}

/// Removes the snapshots that a kill left half written: sled takes them for whole ones, and the store for damaged.
fn sweep_snapshots(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == HALF_WRITTEN) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// sled frees its lock a moment after the last handle is dropped, so a taken one is tried again.
fn open_locked(folder: &Path, shape: Shape) -> Result<Db, StoreError> {
    let config = Config::new()
        .path(folder)
        .segment_size(shape.segment)
        .cache_capacity(shape.cache)
        .flush_every_ms(None)
        .use_compression(false);
    let opened = patiently(|| match config.open() {
        Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => None,
        opened => Some(opened.map_err(|error| database_error(&error))),
    });
    opened.unwrap_or_else(|| Err(StoreError::InUse { path: parent(folder).to_owned() }))
}

/// Makes `folder` and whatever is missing above it, each entry safe on the disk.
pub(super) fn make_folder(folder: &Path, disk: &dyn Disk) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = parent(folder);
    make_folder(above, disk)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    sync_path(above, disk)
}

fn parent(folder: &Path) -> &Path {
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Syncs every file in `folder`, then its list of entries; its own entry was synced when it was made.
fn sync_tree(folder: &Path, disk: &dyn Disk) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // The folder of blobs stays empty.
        if path.is_file() {
            sync_path(&path, disk)?;
        }
    }
    sync_path(folder, disk)
}

/// Syncs one file or folder.
pub(super) fn sync_path(path: &Path, disk: &dyn Disk) -> io::Result<()> {
    disk.sync_all(path, &File::open(path)?)
}

/// A failure of the database in our words.
pub(super) fn database_error(error: &sled::Error) -> StoreError {
    StoreError::Database(error.to_string())
}

/// A failure of the disk in our words.
pub(super) fn io_error(what: &str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { what: format!("{what} {}", path.display()), source }
}
