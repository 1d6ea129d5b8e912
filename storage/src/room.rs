//! How full the store's disk space is, and who is asked to give way. Pure; it knows neither files nor what they hold.

/// Per cent of the limit from which operators are warned.
const LOW: u64 = 80;
/// Per cent of the limit from which the oldest of what may go goes.
const SCARCE: u64 = 90;

/// What the store takes on disk, against the limit it was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes on disk of the whole store: measured, and since then estimated from what was written.
    pub used_bytes: u64,
    /// Bytes it may take; `None` means as many as the disk has.
    pub max_bytes: Option<u64>,
    /// Streams whose unfinished events up to this seq stand in the way of space, each to be let go by its owner.
    pub asked: Vec<(String, u64)>,
}

/// How much room is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Under 80 % is taken.
    Ample,
    /// From 80 % on: operators are warned.
    Low,
    /// From 90 % on: history gives way, the oldest first.
    Scarce,
    /// All is taken: nothing new comes in.
    Full,
}

impl Room {
    /// How much is left.
    pub fn level(&self) -> Level {
        match () {
            () if self.has_reached(100) => Level::Full,
            () if self.has_reached(SCARCE) => Level::Scarce,
            () if self.has_reached(LOW) => Level::Low,
            () => Level::Ample,
        }
    }

    /// Whether so many per cent of the limit are taken.
    pub(crate) fn has_reached(&self, percent: u64) -> bool {
        let reached = |max: u64| u128::from(self.used_bytes) * 100 >= u128::from(max) * u128::from(percent);
        self.max_bytes.is_some_and(reached)
    }

    /// Up to which seq of `stream` its owner is asked to let events go, if it is.
    pub fn asked_of(&self, stream: &str) -> Option<u64> {
        self.asked.iter().find(|(asked, _)| asked == stream).map(|(_, seq)| *seq)
    }
}

impl Level {
    /// The word used in answers and logs.
    pub fn word(self) -> &'static str {
        match self {
            Level::Ample => "ample",
            Level::Low => "low",
            Level::Scarce => "scarce",
            Level::Full => "full",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(used_bytes: u64, max_bytes: Option<u64>) -> Level {
        Room { used_bytes, max_bytes, asked: Vec::new() }.level()
    }

    #[test]
    fn operators_are_warned_at_80_percent_history_goes_at_90_and_nothing_comes_in_at_100() {
        let cases = [(79, Level::Ample), (80, Level::Low), (89, Level::Low), (90, Level::Scarce), (99, Level::Scarce)];
        for (used, expected) in cases {
            assert_eq!(level(used, Some(100)), expected, "{used}");
        }
        assert_eq!(level(100, Some(100)), Level::Full);
        assert_eq!(level(u64::MAX, Some(u64::MAX)), Level::Full);
        assert_eq!(level(u64::MAX, None), Level::Ample, "without a limit nothing is ever short");
    }
}
