//! What an operator or a test may choose about the store.

use crate::Clock;
use std::path::PathBuf;
use std::time::Duration;

/// How long the journal keeps the bodies of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepBody {
    /// As long as the events.
    #[default]
    Retention,
    /// Until they have ended for every route that wants them.
    UntilDelivered,
}

/// Settings of a [`SledStore`](crate::SledStore).
#[derive(Debug, Clone)]
pub struct SledSettings {
    /// The data folder; it is made if it does not exist.
    pub path: PathBuf,
    /// How long events are kept.
    pub retention: Duration,
    /// How long a mark makes a copy a duplicate. Events are kept at least as long as their marks.
    pub dedupe: Duration,
    /// How long events keep their bodies.
    pub keep_body: KeepBody,
    /// Events that a route has not ended with, or that wait in quarantine, are kept longer than `retention`, but no longer
    /// than this (60 days): a route that is gone for good must not hold the journal for ever.
    pub unfinished_retention: Duration,
    /// Bytes the whole store may take on disk; `None` means as many as there are.
    pub max_bytes: Option<u64>,
    /// Bytes of pages after which a volume is sealed (256 MiB): what one folder's removal gives back.
    pub volume_bytes: u64,
    /// Age after which a volume is sealed (a day).
    pub volume_age: Duration,
    /// How often state is checkpointed (5 s).
    pub checkpoint_every: Duration,
    /// Bytes of records written since the last checkpoint that bring the next one forward (32 MiB), as twice as many
    /// bytes of pages do. Commits wait at eight times as much.
    pub checkpoint_bytes: usize,
    /// Memory for the filters of old volumes (64 MiB).
    pub filter_bytes: usize,
    /// The time of day.
    pub clock: Clock,
}

impl SledSettings {
    /// The defaults for a store in `path`: 7 days of events, 8 days of marks.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            retention: Duration::from_secs(7 * 86_400),
            dedupe: Duration::from_secs(8 * 86_400),
            keep_body: KeepBody::Retention,
            unfinished_retention: Duration::from_secs(60 * 86_400),
            max_bytes: None,
            volume_bytes: 256 << 20,
            volume_age: Duration::from_secs(86_400),
            checkpoint_every: Duration::from_secs(5),
            checkpoint_bytes: 32 << 20,
            filter_bytes: 64 << 20,
            clock: Clock::system(),
        }
    }

    /// The same keeping bodies so long: where they go once they are delivered, volumes are sealed every 6 hours, because
    /// only a sealed one can be written anew.
    pub fn keeping(self, keep_body: KeepBody) -> Self {
        match keep_body {
            KeepBody::Retention => Self { keep_body, ..self },
            KeepBody::UntilDelivered => Self { keep_body, volume_age: Duration::from_secs(6 * 3600), ..self },
        }
    }

    /// The same within `max_bytes` on disk, in volumes of a sixteenth of it at most: space comes back volume by volume.
    pub fn within(self, max_bytes: Option<u64>) -> Self {
        let volume_bytes = max_bytes.map_or(self.volume_bytes, |max| self.volume_bytes.min(max / 16));
        Self { max_bytes, volume_bytes, ..self }
    }
}
