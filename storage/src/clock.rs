//! Where the store reads the time of day: the system's clock, or one a test or simulation turns by hand. It knows
//! nothing of what the time is used for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day in seconds since 1970, by which dedupe windows and retention are measured.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    by_hand: Option<Arc<AtomicU64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `now_s` until it is set; clones show the same time.
    pub fn by_hand(now_s: u64) -> Self {
        Self { by_hand: Some(Arc::new(AtomicU64::new(now_s))) }
    }

    /// Sets a clock that was made with [`Clock::by_hand`]; the system's clock takes no orders.
    pub fn set(&self, now_s: u64) {
        if let Some(time) = &self.by_hand {
            time.store(now_s, Ordering::Release);
        }
    }

    /// Seconds since 1970.
    pub fn now_s(&self) -> u64 {
        match &self.by_hand {
            Some(time) => time.load(Ordering::Acquire),
            None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        }
    }
}
