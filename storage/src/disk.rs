//! The seam between the store and the disk, where tests make it fail. It knows paths and files, not what is in them.

use std::fs::File;
use std::io;
use std::path::Path;

/// What the engine asks of a disk. Everything written or synced goes through here.
pub trait Disk: Send + Sync + 'static {
    /// Runs `write`, which changes files in `folder`.
    fn write(&self, folder: &Path, write: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        let _ = folder;
        write()
    }

    /// Makes everything written to the file at `path` survive a power cut.
    fn sync_data(&self, path: &Path, file: &File) -> io::Result<()> {
        let _ = path;
        file.sync_data()
    }

    /// The same for a file that is new, or for a folder and its list of entries.
    fn sync_all(&self, path: &Path, file: &File) -> io::Result<()> {
        let _ = path;
        file.sync_all()
    }
}

/// The disk as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainDisk;

impl Disk for PlainDisk {}
