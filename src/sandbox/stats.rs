//! What the sandbox has done so far, counted by many threads, and when each item was sent.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::histogram::Histogram;

/// The sent log remembers this many items.
const REMEMBERED: usize = 200_000;

/// A counter that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `more`.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A figure that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The figure now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many there are at once, and how many there were at most.
#[derive(Debug, Default)]
pub struct Crowd {
    now: AtomicU64,
    most: AtomicU64,
}

impl Crowd {
    /// One more, until the guard is dropped.
    pub fn join(&self) -> impl Drop + use<'_> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        Joined(&self.now)
    }

    /// The most there ever were.
    pub fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }
}

struct Joined<'c>(&'c AtomicU64);

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How often a message with each mark was taken: twice is once too often. Bounded: new ones beyond that do not count.
#[derive(Debug, Default)]
pub struct Marks(Mutex<HashMap<String, u32>>);

impl Marks {
    /// A message with `mark` as its `biz_opaque_callback_data` was taken.
    pub fn note(&self, mark: &str) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.len() < REMEMBERED || marks.contains_key(mark) {
            *marks.entry(mark.to_owned()).or_default() += 1;
        }
    }

    /// How often messages with `mark` were taken.
    pub fn times(&self, mark: &str) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(mark).copied().unwrap_or(0)
    }
}

/// Everything the sandbox counts. Items count when their POST is first sent, so that retries show apart.
#[derive(Debug, Default)]
pub struct Stats {
    /// POSTs answered 200.
    pub posts_accepted: Counter,
    /// POSTs answered otherwise, or not at all.
    pub posts_refused: Counter,
    /// POSTs sent again.
    pub posts_retried: Counter,
    /// POSTs given up because too many were waiting.
    pub posts_lost: Counter,
    /// Items sent, duplicates included.
    pub items: Counter,
    /// Items answered 200, duplicates included.
    pub items_accepted: Counter,
    /// Items sent a second time on purpose.
    pub duplicates: Counter,
    /// Statuses of sends sent.
    pub statuses: Counter,
    /// Items nobody was subscribed to, or that had no URL to go to.
    pub unsubscribed: Counter,
    /// Items and POSTs that wait to be sent, again or for the first time, or for their answer.
    pub waiting: Gauge,
    /// Calls of `/messages` and `/marketing_messages`.
    pub sends: Counter,
    /// Sends taken as messages.
    pub sends_accepted: Counter,
    /// Sends refused.
    pub sends_refused: Counter,
    /// Calls of Graph under way.
    pub calls: Crowd,
    /// Sends, taken or not, whose connection was closed instead of an answer.
    pub sends_cut: Counter,
    /// How often each marked message was taken.
    pub marks: Marks,
    /// From the POST to its answer.
    pub answer_time: Histogram,
}

/// A snapshot of [`Stats`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields of Stats, which explains them")]
pub struct StatsView {
    pub posts_accepted: u64,
    pub posts_refused: u64,
    pub posts_retried: u64,
    pub posts_lost: u64,
    pub items: u64,
    pub items_accepted: u64,
    pub duplicates: u64,
    pub statuses: u64,
    pub unsubscribed: u64,
    pub waiting: u64,
    pub sends: u64,
    pub sends_accepted: u64,
    pub sends_refused: u64,
    pub sends_cut: u64,
    pub answer_p50_ms: f64,
    pub answer_p99_ms: f64,
    pub answer_max_ms: f64,
}

impl Stats {
    /// The counts now.
    pub fn view(&self) -> StatsView {
        StatsView {
            posts_accepted: self.posts_accepted.get(),
            posts_refused: self.posts_refused.get(),
            posts_retried: self.posts_retried.get(),
            posts_lost: self.posts_lost.get(),
            items: self.items.get(),
            items_accepted: self.items_accepted.get(),
            duplicates: self.duplicates.get(),
            statuses: self.statuses.get(),
            unsubscribed: self.unsubscribed.get(),
            waiting: self.waiting.get(),
            sends: self.sends.get(),
            sends_accepted: self.sends_accepted.get(),
            sends_refused: self.sends_refused.get(),
            sends_cut: self.sends_cut.get(),
            answer_p50_ms: millis(self.answer_time.quantile(0.5)),
            answer_p99_ms: millis(self.answer_time.quantile(0.99)),
            answer_max_ms: millis(self.answer_time.longest()),
        }
    }
}

/// A duration in milliseconds, with fractions.
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// When each item was first sent: by wamid for messages, by `wamid:status` for statuses. Bounded; the oldest go.
#[derive(Debug, Default)]
pub struct SentLog {
    inner: Mutex<SentItems>,
}

#[derive(Debug, Default)]
struct SentItems {
    at: HashMap<String, Instant>,
    order: VecDeque<String>,
}

impl SentLog {
    /// Remembers that `key` was sent `now`; of several times the first counts, and only then it says true.
    pub fn record(&self, key: &str, now: Instant) -> bool {
        let mut items = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if items.at.contains_key(key) {
            return false;
        }
        items.at.insert(key.to_owned(), now);
        items.order.push_back(key.to_owned());
        while items.order.len() > REMEMBERED {
            if let Some(oldest) = items.order.pop_front() {
                items.at.remove(&oldest);
            }
        }
        true
    }

    /// When `key` was first sent, while it is remembered.
    pub fn sent_at(&self, key: &str) -> Option<Instant> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).at.get(key).copied()
    }
}
