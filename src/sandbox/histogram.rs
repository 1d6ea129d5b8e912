//! A histogram of durations that many threads may fill at once: 16 steps per power of two, so at most 6 % off.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Steps within a power of two.
const STEPS: usize = 16;
/// Powers of two of a microsecond: up to 2^40, about twelve days.
const POWERS: usize = 40;

/// Durations, counted.
#[derive(Debug)]
pub struct Histogram {
    buckets: Vec<AtomicU64>,
    longest_us: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        let buckets = (0..STEPS * POWERS).map(|_| AtomicU64::new(0)).collect();
        Self { buckets, longest_us: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket_of(us)].fetch_add(1, Ordering::Relaxed);
        self.longest_us.fetch_max(us, Ordering::Relaxed);
    }

    /// How many have been counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        Duration::from_micros(self.longest_us.load(Ordering::Relaxed))
    }

    /// The duration that `share` (0 to 1) of all stay within; zero while nothing has been counted.
    pub fn quantile(&self, share: f64) -> Duration {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let wanted = (counts.iter().sum::<u64>() as f64 * share).ceil() as u64;
        let mut seen = 0;
        let reached = counts.iter().position(|count| {
            seen += count;
            wanted > 0 && seen >= wanted
        });
        reached.map_or(Duration::ZERO, |bucket| Duration::from_micros(end_of(bucket)).min(self.longest()))
    }

    /// Forgets everything counted so far.
    pub fn reset(&self) {
        self.buckets.iter().for_each(|bucket| bucket.store(0, Ordering::Relaxed));
        self.longest_us.store(0, Ordering::Relaxed);
    }
}

fn bucket_of(us: u64) -> usize {
    if us < STEPS as u64 {
        return us as usize;
    }
    let power = 63 - us.leading_zeros() as usize;
    let step = (us >> (power - 4)) as usize - STEPS;
    ((power - 3) * STEPS + step).min(STEPS * POWERS - 1)
}

/// The largest value of a bucket, in microseconds.
fn end_of(bucket: usize) -> u64 {
    if bucket < STEPS {
        return bucket as u64;
    }
    let (power, step) = (bucket / STEPS + 3, bucket % STEPS);
    (((STEPS + step + 1) as u64) << (power - 4)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_within_six_percent() {
        let histogram = Histogram::default();
        (1..=10_000).for_each(|ms| histogram.record(Duration::from_micros(ms * 100)));
        for (share, expected) in [(0.5, 0.5), (0.99, 0.99), (1.0, 1.0)] {
            let found = histogram.quantile(share).as_secs_f64();
            assert!((found - expected).abs() / expected < 0.07, "{share}: {found}");
        }
        assert_eq!(histogram.count(), 10_000);
    }

    #[test]
    fn every_duration_falls_into_the_bucket_that_ends_after_it() {
        for us in (0..2000).chain([123_456, 9_999_999, 1 << 38]) {
            let bucket = bucket_of(us);
            assert!(us <= end_of(bucket) && (bucket == 0 || us > end_of(bucket - 1)), "{us}");
        }
    }

    #[test]
    fn an_empty_histogram_says_zero() {
        assert_eq!(Histogram::default().quantile(0.99), Duration::ZERO);
    }
}
