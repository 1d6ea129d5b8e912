//! A disk that fails when a test says so. It syncs nothing in truth, because no test cuts the real power and syncs are
//! slow. It is public for the tests of the rooms above; no product code uses it.

use crate::Disk;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

/// Told of every completed sync: the file or folder.
type AfterSync = Box<dyn Fn(&Path) + Send + Sync>;

/// Fails the nth write or sync from now, in a folder of choice, and every later one.
pub struct FailingDisk {
    within: Box<str>,
    writes_left: AtomicI64,
    syncs_left: AtomicI64,
    after_sync: Option<AfterSync>,
}

impl Default for FailingDisk {
    fn default() -> Self {
        Self::within("")
    }
}

impl FailingDisk {
    /// A disk without faults, until told otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts and fails only what happens to paths that contain `part`, such as `journal` or `state`.
    pub fn within(part: &str) -> Self {
        Self {
            within: part.into(),
            writes_left: AtomicI64::new(i64::MAX),
            syncs_left: AtomicI64::new(i64::MAX),
            after_sync: None,
        }
    }

    /// Calls `hook` after every completed sync with the path of the file or folder.
    pub fn after_sync(self, hook: impl Fn(&Path) + Send + Sync + 'static) -> Self {
        Self { after_sync: Some(Box::new(hook)), ..self }
    }

    /// Lets `good` more writes succeed, then none.
    pub fn fail_writes_after(&self, good: u32) {
        self.writes_left.store(i64::from(good), Ordering::SeqCst);
    }

    /// Lets `good` more syncs succeed, then none.
    pub fn fail_syncs_after(&self, good: u32) {
        self.syncs_left.store(i64::from(good), Ordering::SeqCst);
    }

    fn sync(&self, path: &Path, file: &File) -> io::Result<()> {
        self.spend(&self.syncs_left, path, "sync")?;
        let _ = file;
        if let Some(hook) = &self.after_sync {
            hook(path);
        }
        Ok(())
    }

    fn spend(&self, left: &AtomicI64, path: &Path, what: &str) -> io::Result<()> {
        if !path.to_string_lossy().contains(&*self.within) || left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        left.store(0, Ordering::SeqCst);
        Err(io::Error::other(format!("this {what} fails on purpose")))
    }
}

impl Disk for FailingDisk {
    fn write(&self, folder: &Path, write: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        self.spend(&self.writes_left, folder, "write")?;
        write()
    }

    fn sync_data(&self, path: &Path, file: &File) -> io::Result<()> {
        self.sync(path, file)
    }

    fn sync_all(&self, path: &Path, file: &File) -> io::Result<()> {
        self.sync(path, file)
    }
}
