//! When to try again. Delays only: what is worth another try is decided where the answer is understood.

use std::time::Duration;

/// A delay that doubles from `first` to `most`.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The longest delay before the second try.
    pub first: Duration,
    /// The longest delay ever.
    pub most: Duration,
}

/// Deliveries: 1 s doubling to 10 min. An application that restarts is back within seconds; one that is down for a day
/// is asked six times an hour.
pub const DELIVERY: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(600) };

/// Sends that Graph could not take for a passing reason: 0.5 s doubling to 30 s.
pub const SEND: Backoff = Backoff { first: Duration::from_millis(500), most: Duration::from_secs(30) };

/// The longest `Retry-After` that is honoured: an application may not park its mail for longer than this by accident.
pub const RETRY_AFTER_AT_MOST: Duration = Duration::from_secs(3600);

impl Backoff {
    /// The delay in ms after `attempts` failed tries, with full jitter: anywhere from 0 (but at least 1 ms) to the
    /// bound, so that many lanes that failed together do not come back together. Never less than what was asked for.
    pub fn delay_ms(self, attempts: u32, asked: Option<Duration>, chance: f64) -> u64 {
        let doubled = self.first.saturating_mul(1u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
        let bound = doubled.min(self.most);
        let jittered = (bound.as_millis() as f64 * chance.clamp(0.0, 1.0)) as u64;
        let asked_ms = asked.map_or(0, |asked| asked.min(RETRY_AFTER_AT_MOST).as_millis() as u64);
        jittered.max(1).max(asked_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_and_stops_at_ten_minutes() {
        let bounds: Vec<u64> = (1..=12).map(|attempts| DELIVERY.delay_ms(attempts, None, 1.0)).collect();
        assert_eq!(bounds[..4], [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(bounds[11], 600_000);
        assert_eq!(DELIVERY.delay_ms(40, None, 1.0), 600_000);
    }

    #[test]
    fn jitter_is_full_and_retry_after_is_a_floor_of_at_most_an_hour() {
        assert_eq!(DELIVERY.delay_ms(3, None, 0.0), 1);
        assert_eq!(DELIVERY.delay_ms(3, None, 0.5), 2_000);
        assert_eq!(DELIVERY.delay_ms(1, Some(Duration::from_secs(30)), 0.5), 30_000);
        assert_eq!(DELIVERY.delay_ms(1, Some(Duration::from_secs(90_000)), 0.5), 3_600_000);
    }
}
