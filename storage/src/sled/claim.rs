//! One process per data folder: a lock held as long as the store is open. It knows nothing of what the folder holds.

use super::database::io_error;
use crate::StoreError;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

/// The file that is locked; it stays empty.
const LOCK: &str = "LOCK";
/// How long a folder that is in use is tried again: its last user may be about to leave.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The right to write in a data folder. It ends when this is dropped, and with the process.
pub(super) struct Claim {
    _lock: File,
}

impl Claim {
    /// Claims the data folder `path`, or tells who has it.
    pub(super) fn new(path: &Path) -> Result<Self, StoreError> {
        let file = path.join(LOCK);
        let lock = File::create(&file).map_err(|source| io_error("create", &file, source))?;
        let taken = patiently(|| match lock.try_lock() {
            Ok(()) => Some(Ok(())),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(source)) => Some(Err(io_error("lock", &file, source))),
        });
        taken.unwrap_or_else(|| Err(StoreError::InUse { path: path.to_owned() }))?;
        Ok(Self { _lock: lock })
    }
}

/// Asks `attempt` until it answers; `None` if it does not within [`PATIENCE`].
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let answer = attempt();
        if answer.is_some() || begun.elapsed() > PATIENCE {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
