//! The one place where actors read the clock and roll dice; rules get both as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// A number from 0 to 1.
pub fn chance() -> f64 {
    rand::random()
}
