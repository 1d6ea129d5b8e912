//! Arithmetic on what was measured: percentiles, medians, ratios. Knows nothing of where the numbers come from.

use serde::{Deserialize, Serialize};

/// Percentiles of a set of durations, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Latency {
    /// Half stay within.
    pub(super) p50_ms: f64,
    /// 99 of 100 stay within.
    pub(super) p99_ms: f64,
    /// 999 of 1000 stay within.
    pub(super) p999_ms: f64,
    /// The longest.
    pub(super) max_ms: f64,
}

impl Latency {
    /// Of durations in µs; `None` where there are none.
    pub(super) fn of(mut us: Vec<u32>) -> Option<Self> {
        us.sort_unstable();
        let at = |share| percentile(&us, share).map(|us| f64::from(us) / 1000.0);
        Some(Self { p50_ms: at(0.5)?, p99_ms: at(0.99)?, p999_ms: at(0.999)?, max_ms: at(1.0)? })
    }

    /// Each percentile the median of that of all rounds; the maximum is the worst of all.
    pub(super) fn median<'a>(rounds: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let rounds: Vec<&Self> = rounds.into_iter().collect();
        let middle = |part: fn(&Self) -> f64| median(rounds.iter().map(|round| part(round)));
        let max_ms = rounds.iter().map(|round| round.max_ms).fold(0.0, f64::max);
        Some(Self {
            p50_ms: middle(|round| round.p50_ms)?,
            p99_ms: middle(|round| round.p99_ms)?,
            p999_ms: middle(|round| round.p999_ms)?,
            max_ms,
        })
    }
}

/// The value that `share` (0 to 1) of all stay within, by the nearest rank; `sorted` ascends.
pub(super) fn percentile(sorted: &[u32], share: f64) -> Option<u32> {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

/// The middle value, or the mean of the two in the middle.
pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

/// How one compares with another, each round with the round beside it: noise that lasts hits both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Ratio {
    /// The median of all rounds.
    pub(super) median: f64,
    /// The worst round.
    pub(super) lowest: f64,
    /// The best round.
    pub(super) highest: f64,
}

impl Ratio {
    /// Of pairs of (one, other), one pair for each round.
    pub(super) fn of(pairs: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        let ratios: Vec<f64> = pairs.filter(|(_, other)| *other > 0.0).map(|(one, other)| one / other).collect();
        Some(Self {
            median: median(ratios.iter().copied())?,
            lowest: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            highest: ratios.iter().copied().fold(0.0, f64::max),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_that_so_many_stay_within() {
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 0.5), Some(50));
        assert_eq!(percentile(&hundred, 0.99), Some(99));
        assert_eq!(percentile(&hundred, 0.999), Some(100));
        assert_eq!(percentile(&hundred, 1.0), Some(100));
        assert_eq!(percentile(&[7], 0.5), Some(7));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn latencies_are_sorted_before_they_are_ranked() {
        let latency = Latency::of(vec![3000, 1000, 2000]).expect("some");
        assert_eq!((latency.p50_ms, latency.p99_ms, latency.max_ms), (2.0, 3.0, 3.0));
        assert_eq!(Latency::of(Vec::new()), None);
    }

    #[test]
    fn several_rounds_give_medians_and_the_worst_maximum() {
        let round = |ms: f64| Latency { p50_ms: ms, p99_ms: ms * 2.0, p999_ms: ms * 3.0, max_ms: ms * 4.0 };
        let rounds = [round(5.0), round(1.0), round(2.0)];
        let expected = Latency { p50_ms: 2.0, p99_ms: 4.0, p999_ms: 6.0, max_ms: 20.0 };
        assert_eq!(Latency::median(&rounds), Some(expected));
        assert_eq!(Latency::median([]), None);
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }

    #[test]
    fn a_ratio_compares_round_by_round() {
        let ratio = Ratio::of([(50.0, 100.0), (10.0, 40.0), (90.0, 100.0)].into_iter()).expect("some");
        assert_eq!(ratio, Ratio { median: 0.5, lowest: 0.25, highest: 0.9 });
        assert_eq!(Ratio::of([(1.0, 0.0)].into_iter()), None);
    }
}
