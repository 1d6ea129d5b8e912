//! When the load sends: as soon as an answer is in (closed loop), or by the clock (open loop). Pure: `now` comes in.

use std::time::{Duration, Instant};

/// The longest a sending by the clock is late because nobody looked: a poll waits whole milliseconds, so between two
/// sendings the load sleeps this long at most.
const NAP: Duration = Duration::from_micros(100);
/// A poll that nothing has to interrupt.
const IDLE: Duration = Duration::from_millis(50);

/// When to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Each connection sends again when it is answered.
    Closed,
    /// At fixed intervals, answered or not; a webhook that finds no free connection is late, and that counts.
    Open {
        /// From one to the next.
        interval: Duration,
        /// The next.
        next: Instant,
    },
}

/// How to wait for what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Until something can be read, at most this long.
    Poll(Duration),
    /// See what can be read, then sleep this long.
    Nap(Duration),
}

impl Pace {
    /// `rate` webhooks per second from `start` on, or as fast as they are answered.
    pub(super) fn new(rate: Option<f64>, start: Instant) -> Self {
        match rate {
            Some(rate) => Pace::Open { interval: Duration::from_secs_f64(1.0 / rate), next: start },
            None => Pace::Closed,
        }
    }

    /// The moment that the next webhook was meant for, if it is due; a free connection must be there for it.
    pub(super) fn take(&mut self, end: Instant, now: Instant) -> Option<Instant> {
        match self {
            Pace::Closed => (now < end).then_some(now),
            Pace::Open { interval, next } => {
                let due = *next;
                (due <= now && due < end).then(|| {
                    *next += *interval;
                    due
                })
            }
        }
    }

    /// Whether nothing is left to send.
    pub(super) fn is_over(&self, end: Instant, now: Instant) -> bool {
        match self {
            Pace::Closed => now >= end,
            Pace::Open { next, .. } => *next >= end,
        }
    }

    /// How to wait; `connections_free` is how many could send.
    pub(super) fn wait(&self, end: Instant, connections_free: usize, now: Instant) -> Wait {
        match self {
            Pace::Open { next, .. } if *next < end && connections_free > 0 => {
                Wait::Nap(next.saturating_duration_since(now).min(NAP))
            }
            Pace::Open { .. } | Pace::Closed => Wait::Poll(IDLE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_clock_every_webhook_has_its_moment_however_late_it_is_sent() {
        let start = Instant::now();
        let (end, late) = (start + Duration::from_secs(1), start + Duration::from_secs(5));
        let mut pace = Pace::new(Some(100.0), start);
        let moments: Vec<Duration> = std::iter::from_fn(|| pace.take(end, late)).map(|at| at - start).collect();
        assert_eq!(moments.len(), 100);
        assert_eq!(moments[99], Duration::from_millis(990));
        assert!(pace.is_over(end, start));
    }

    #[test]
    fn by_the_clock_nothing_is_sent_early() {
        let start = Instant::now();
        let end = start + Duration::from_secs(1);
        let mut pace = Pace::new(Some(1000.0), start);
        assert_eq!(pace.take(end, start), Some(start));
        assert_eq!(pace.take(end, start), None);
        assert_eq!(pace.wait(end, 1, start), Wait::Nap(NAP));
        assert_eq!(pace.wait(end, 0, start), Wait::Poll(IDLE));
    }

    #[test]
    fn answered_is_sent_again_until_the_end() {
        let start = Instant::now();
        let end = start + Duration::from_secs(1);
        let mut pace = Pace::new(None, start);
        assert_eq!(pace.take(end, start), Some(start));
        assert_eq!(pace.take(end, start), Some(start));
        assert_eq!(pace.take(end, end), None);
        assert!(pace.is_over(end, end));
    }
}
