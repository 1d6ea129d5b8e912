//! The one error of this room. It says what could not be read or opened; a failed commit is an [`crate::Outcome`].

use std::path::PathBuf;

/// Why the store could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder belongs to another format version.
    #[error("{path} holds data of format {found}, this wharf reads format {expected}; use the wharf that wrote it, or another storage.path", path = .path.display())]
    Format {
        /// The data folder.
        path: PathBuf,
        /// The version found there.
        found: String,
        /// The version this build reads and writes.
        expected: u32,
    },
    /// Another process has the folder open.
    #[error("{path} is in use by another process; one wharf per storage.path", path = .path.display())]
    InUse {
        /// The data folder.
        path: PathBuf,
    },
    /// The database below failed.
    #[error("the database failed: {0}")]
    Database(String),
    /// The disk failed.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A record could not be read back.
    #[error("a kept record is damaged: {0}")]
    Damaged(String),
}
