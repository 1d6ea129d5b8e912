//! Journal volumes as folders: made ahead, opened when needed, removed whole. It knows nothing of what their records
//! say.

use super::database::{Database, Shape, io_error, make_folder, sync_path};
use super::layout::{GONE, HALF, NEW, VOLUME_SEGMENT, WHOLE, volume_name};
use super::space::bytes_under;
use crate::{Disk, StoreError};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Cache of the volume that is written, in bytes.
const WRITTEN_CACHE: u64 = 32 << 20;
/// Cache of a volume that is only read, in bytes.
const READ_CACHE: u64 = 8 << 20;
/// Volumes kept open for readers.
const MOST_OPEN: usize = 4;

/// A volume that is open.
pub(super) struct Volume {
    /// Its number; pages ascend with it.
    pub(super) number: u64,
    /// Its database.
    pub(super) db: Database,
}

/// The folder of all volumes.
pub(super) struct Shelf {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    open: Mutex<Vec<Place>>,
}

/// A volume that is or was open; the last one was used last.
struct Place {
    number: u64,
    kept: Option<Arc<Volume>>,
    lent: Weak<Volume>,
}

impl Shelf {
    /// The volumes in `folder`; what a crash left half made or half removed there is swept out.
    pub(super) fn open(folder: PathBuf, disk: Arc<dyn Disk>) -> Result<(Self, Vec<u64>), StoreError> {
        make_folder(&folder, disk.as_ref()).map_err(|source| io_error("create", &folder, source))?;
        let mut numbers: Vec<u64> = Vec::new();
        let mut replaced = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|source| io_error("list", &folder, source))? {
            let path = entry.map_err(|source| io_error("list", &folder, source))?.path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            let stem: Option<u64> = path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            let number = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            match (ending, number) {
                (Some(NEW | GONE | HALF), _) => remove_tree(&path)?,
                (Some(WHOLE), _) => replaced.extend(stem),
                (_, Some(number)) => numbers.push(number),
                (_, None) => log::warn!("unknown file in the journal, left alone: path={}", path.display()),
            }
        }
        let shelf = Self { folder, disk, open: Mutex::default() };
        for number in replaced {
            shelf.swap(number)?;
            numbers.push(number);
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok((shelf, numbers))
    }

    /// Opens volume `number` with a cache for writing; made, empty, if there is none.
    pub(super) fn open_to_write(&self, number: u64) -> Result<Arc<Volume>, StoreError> {
        self.open_volume(number, WRITTEN_CACHE)
    }

    /// Lends volume `number` to a reader; `None` once it is removed.
    pub(super) fn lend(&self, number: u64) -> Result<Option<Arc<Volume>>, StoreError> {
        let mut open = self.lock();
        open.retain(|place| place.kept.is_some() || place.lent.strong_count() > 0);
        let known = open.iter().position(|place| place.number == number).map(|at| open.remove(at));
        let volume = match known.and_then(|place| place.lent.upgrade()) {
            Some(volume) => volume,
            None if !self.path(number).exists() => return Ok(None),
            None => self.open_volume(number, READ_CACHE)?,
        };
        keep(&mut open, &volume);
        Ok(Some(volume))
    }

    /// Keeps a volume within reach of readers that was open for another reason.
    pub(super) fn keep(&self, volume: &Arc<Volume>) {
        keep(&mut self.lock(), volume);
    }

    /// Removes volume `number` with all it holds: at once in name, so that a crash leaves no half volume.
    pub(super) fn remove(&self, number: u64) -> Result<(), StoreError> {
        let path = self.path(number);
        let gone = path.with_extension(GONE);
        let mut open = self.lock();
        open.retain(|place| place.number != number);
        fs::rename(&path, &gone).map_err(|source| io_error("rename", &path, source))?;
        drop(open);
        self.sync()?;
        remove_tree(&gone)
    }

    /// Puts what `fill` writes in the place of volume `number`: all of it or nothing, whatever a crash cuts short.
    pub(super) fn replace(
        &self,
        number: u64,
        fill: impl FnOnce(&Database) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let half = self.path(number).with_extension(HALF);
        if half.exists() {
            remove_tree(&half)?;
        }
        let db = Database::open_or_make(&half, shape(READ_CACHE), &self.disk)?;
        fill(&db)?;
        drop(db);
        let whole = half.with_extension(WHOLE);
        fs::rename(&half, &whole).map_err(|source| io_error("rename", &half, source))?;
        self.sync()?;
        self.swap(number)
    }

    /// The whole replacement takes the place of volume `number`.
    fn swap(&self, number: u64) -> Result<(), StoreError> {
        let path = self.path(number);
        let (whole, gone) = (path.with_extension(WHOLE), path.with_extension(GONE));
        let mut open = self.lock();
        open.retain(|place| place.number != number);
        if path.exists() {
            fs::rename(&path, &gone).map_err(|source| io_error("rename", &path, source))?;
        }
        fs::rename(&whole, &path).map_err(|source| io_error("rename", &whole, source))?;
        drop(open);
        self.sync()?;
        if gone.exists() { remove_tree(&gone) } else { Ok(()) }
    }

    /// Bytes on disk of volume `number`.
    pub(super) fn bytes(&self, number: u64) -> Result<u64, StoreError> {
        let path = self.path(number);
        bytes_under(&path).map_err(|source| io_error("measure", &path, source))
    }

    fn sync(&self) -> Result<(), StoreError> {
        sync_path(&self.folder, self.disk.as_ref()).map_err(|source| io_error("sync", &self.folder, source))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(volume_name(number))
    }

    fn open_volume(&self, number: u64, cache: u64) -> Result<Arc<Volume>, StoreError> {
        let db = Database::open_or_make(&self.path(number), shape(cache), &self.disk)?;
        Ok(Arc::new(Volume { number, db }))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Place>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep(open: &mut Vec<Place>, volume: &Arc<Volume>) {
    open.retain(|place| place.number != volume.number);
    open.push(Place { number: volume.number, kept: Some(volume.clone()), lent: Arc::downgrade(volume) });
    let surplus = open.iter().filter(|place| place.kept.is_some()).count().saturating_sub(MOST_OPEN);
    open.iter_mut().filter(|place| place.kept.is_some()).take(surplus).for_each(|place| place.kept = None);
}

fn shape(cache: u64) -> Shape {
    Shape { segment: VOLUME_SEGMENT, cache }
}

fn remove_tree(path: &Path) -> Result<(), StoreError> {
    fs::remove_dir_all(path).map_err(|source| io_error("remove", path, source))
}
