//! Calls out, counted by what came of them and by how long they took: all arbiters together, since start.

use crate::cloud::verdict::Class;
use crate::courier::call::{Answer, Kind};
use crate::courier::fault::Fault;
use crate::rules::outbox::Tried;
use crate::rules::reader::Attempted;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets that calls to Graph are counted in, in s. Meta reckons with 350 ms for a send.
pub const CALL_BOUNDS_S: [f64; 10] = [0.05, 0.1, 0.2, 0.35, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

/// What came of trying to send a message, in words.
pub const SENDS: [&str; 12] = [
    "taken",
    "refused_auth",
    "refused_account",
    "refused_throttled",
    "refused_transient",
    "refused_recipient",
    "refused_request",
    "refused_template",
    "refused_operation",
    "not_sent",
    "lost",
    "refused_auth_suspected",
];
/// What came of trying to deliver an event, in words.
pub const DELIVERIES: [&str; 6] = ["delivered", "busy", "gone", "refused", "failed", "unanswered"];
/// What came of a call to Graph, in words.
pub const CALLS: [&str; 5] = ["answered", "refused", "not_sent", "lost", "too_large"];
/// What calls to Graph are for, in words.
pub const PURPOSES: [&str; 2] = ["send", "management"];

/// All that is counted of calls out.
#[derive(Debug, Default)]
pub struct Meters {
    sends: [AtomicU64; SENDS.len()],
    deliveries: [AtomicU64; DELIVERIES.len()],
    calls: [[AtomicU64; CALLS.len()]; PURPOSES.len()],
    times: [Times; PURPOSES.len()],
}

/// How long calls took.
#[derive(Debug, Default)]
pub struct Times {
    sum_us: AtomicU64,
    count: AtomicU64,
    buckets: [AtomicU64; CALL_BOUNDS_S.len()],
}

impl Meters {
    /// A message was tried.
    pub fn sent(&self, tried: &Tried) {
        let word = match tried {
            Tried::Taken { .. } => "taken",
            Tried::Refused { verdict, .. } => class(verdict.class),
            Tried::NotSent { .. } => "not_sent",
            Tried::Lost { .. } => "lost",
        };
        count(&self.sends, &SENDS, word);
    }

    /// A delivery was tried, or was not worth trying: then nothing is counted.
    pub fn delivered(&self, attempted: &Attempted) {
        let word = match attempted {
            Attempted::NotTried { .. } | Attempted::Erased => return,
            Attempted::Delivered => "delivered",
            Attempted::Failed { status, .. } => match status {
                None => "unanswered",
                Some(429) => "busy",
                Some(410) => "gone",
                Some(400..=499) => "refused",
                Some(_) => "failed",
            },
        };
        count(&self.deliveries, &DELIVERIES, word);
    }

    /// Graph was called and this came of it.
    pub fn called(&self, kind: Kind, answer: &Result<Answer, Fault>, took: Duration) {
        let purpose = match kind {
            Kind::Send => 0,
            Kind::Management => 1,
        };
        let word = match answer {
            Ok(_) => "answered",
            Err(Fault::Refused(_)) => "refused",
            Err(Fault::NotSent { .. }) => "not_sent",
            Err(Fault::Unknown { .. }) => "lost",
            Err(Fault::TooLarge { .. }) => "too_large",
        };
        count(&self.calls[purpose], &CALLS, word);
        self.times[purpose].note(took);
    }

    /// Sends by what came of them, as in [`SENDS`].
    pub fn sends(&self) -> impl Iterator<Item = (&'static str, u64)> {
        told(&self.sends, &SENDS)
    }

    /// Deliveries by what came of them, as in [`DELIVERIES`].
    pub fn deliveries(&self) -> impl Iterator<Item = (&'static str, u64)> {
        told(&self.deliveries, &DELIVERIES)
    }

    /// Calls to Graph: what for, as in [`PURPOSES`], and what came of them, as in [`CALLS`].
    pub fn calls(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let each = PURPOSES.into_iter().zip(&self.calls);
        each.flat_map(|(purpose, calls)| told(calls, &CALLS).map(move |(word, count)| (purpose, word, count)))
    }

    /// How long calls to Graph took: what for, as in [`PURPOSES`].
    pub fn times(&self) -> impl Iterator<Item = (&'static str, &Times)> {
        PURPOSES.into_iter().zip(&self.times)
    }
}

impl Times {
    fn note(&self, took: Duration) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
        let seconds = took.as_secs_f64();
        if let Some(bucket) = CALL_BOUNDS_S.iter().position(|bound| seconds <= *bound) {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Seconds all took together.
    pub fn sum_s(&self) -> f64 {
        self.sum_us.load(Ordering::Relaxed) as f64 / 1e6
    }

    /// How many took no longer than each of [`CALL_BOUNDS_S`], and longer than the bound before it.
    pub fn buckets(&self) -> [u64; CALL_BOUNDS_S.len()] {
        std::array::from_fn(|nth| self.buckets[nth].load(Ordering::Relaxed))
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Auth => "refused_auth",
        Class::AuthSuspected => "refused_auth_suspected",
        Class::Account => "refused_account",
        Class::Throttled => "refused_throttled",
        Class::Transient => "refused_transient",
        Class::Recipient => "refused_recipient",
        Class::Request => "refused_request",
        Class::Template => "refused_template",
        Class::Operation => "refused_operation",
    }
}

fn count(counters: &[AtomicU64], words: &[&str], word: &str) {
    let nth = words.iter().position(|known| *known == word).expect("every word is in its table");
    counters[nth].fetch_add(1, Ordering::Relaxed);
}

fn told(counters: &[AtomicU64], words: &'static [&'static str]) -> impl Iterator<Item = (&'static str, u64)> {
    words.iter().zip(counters).map(|(word, counter)| (*word, counter.load(Ordering::Relaxed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::fault::Fault;

    #[test]
    fn every_class_of_refusal_has_its_word() {
        let classes = [
            Class::Auth,
            Class::AuthSuspected,
            Class::Account,
            Class::Throttled,
            Class::Transient,
            Class::Recipient,
            Class::Request,
            Class::Template,
            Class::Operation,
        ];
        classes.into_iter().for_each(|known| assert!(SENDS.contains(&class(known)), "{known:?}"));
    }

    #[test]
    fn an_application_that_says_later_is_busy_and_one_not_asked_is_not_counted() {
        let meters = Meters::default();
        for status in [Some(429), Some(404), Some(500), Some(302), Some(410), None] {
            let reason = String::new();
            meters.delivered(&Attempted::Failed { status, retry_after: None, reason, down_until_ms: None, held_ms: 0 });
        }
        meters.delivered(&Attempted::NotTried { again_at_ms: 1 });
        let counts: Vec<_> = meters.deliveries().collect();
        let expected = [("delivered", 0), ("busy", 1), ("gone", 1), ("refused", 1), ("failed", 2), ("unanswered", 1)];
        assert_eq!(counts, expected);
    }

    #[test]
    fn calls_are_counted_by_purpose_and_timed() {
        let meters = Meters::default();
        meters.called(Kind::Management, &Err(Fault::not_sent("no")), Duration::from_millis(60));
        assert!(meters.calls().any(|call| call == ("management", "not_sent", 1)));
        let (_, times) = meters.times().nth(1).expect("two purposes");
        assert_eq!((times.count(), times.buckets()[1], times.sum_s()), (1, 1, 0.06));
    }
}
