//! How long a dedupe mark counts. Pure; it knows neither where marks are kept nor how they are found.

use crate::{Seen, Stamp};

/// How long a mark without time and id counts, in seconds: 10 minutes.
pub(crate) const BRIEF_S: u64 = 600;

/// How long a mark with `stamp` counts, in seconds.
pub(crate) fn length_s(stamp: Stamp, dedupe_s: u64) -> u64 {
    match stamp {
        Stamp::Dated(_) | Stamp::Undated => dedupe_s,
        Stamp::Brief => BRIEF_S.min(dedupe_s),
    }
}

/// Whether the copy that `seen` tells of still makes an item with `stamp` a duplicate.
pub(crate) fn counts(seen: Seen, stamp: Stamp, dedupe_s: u64, now_s: u64) -> bool {
    now_s.saturating_sub(u64::from(seen.at_s)) <= length_s(stamp, dedupe_s)
}
