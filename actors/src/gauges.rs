//! What each account's actor says of itself whenever it did something, for whoever looks at all of them at once: a look
//! asks no actor, and an actor that hangs still shows what it should have done by now.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Events are counted by minutes of this length, in ms.
const MINUTE_MS: u64 = 60_000;

/// One account's gauge.
#[derive(Debug, Default)]
pub struct Gauge {
    shown: Mutex<Shown>,
    /// Webhooks that wait in the account's mailbox.
    mail: AtomicUsize,
}

/// What an account last said of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// Its way through its journal, route by route.
    pub routes: Vec<RouteShown>,
    /// When its oldest message that has not ended was submitted, in ms since 1970.
    pub oldest_message_ms: Option<u64>,
    /// When its outbox has something to do next, in ms since 1970.
    pub outbox_due_ms: Option<u64>,
    /// The highest seq given to an event, once it was said.
    pub seq: Option<u64>,
    minute: Minute,
}

/// One route's way through one account's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteShown {
    /// `{gateway}/{route}`.
    pub name: Arc<str>,
    /// When its oldest open delivery was accepted, in ms since 1970.
    pub oldest_ms: Option<u64>,
    /// When something may start, in ms since 1970: nothing holds it up but time.
    pub startable_ms: Option<u64>,
    /// Deliveries that are next in their dialogs and not under way.
    pub next: usize,
    /// Deliveries under way.
    pub under_way: usize,
}

/// Events of this minute and of the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Minute {
    nth: u64,
    events: u64,
    before: u64,
}

impl Gauge {
    /// Lets the account's actor say how it stands.
    pub fn show(&self, now: u64, write: impl FnOnce(&mut Shown)) {
        let mut shown = self.lock();
        let before = shown.seq;
        write(&mut shown);
        // The first word after a start tells of events that came before it.
        let came = before.zip(shown.seq).map_or(0, |(before, seq)| seq.saturating_sub(before));
        shown.minute.count(came, now);
    }

    /// What the account last said.
    pub fn shown(&self) -> Shown {
        self.lock().clone()
    }

    /// A webhook goes into the account's mailbox, and leaves it when the guard is dropped.
    pub fn mail(self: &Arc<Self>) -> InMailbox {
        self.mail.fetch_add(1, Ordering::Relaxed);
        InMailbox(Arc::clone(self))
    }

    /// Webhooks in the account's mailbox.
    pub fn mail_waiting(&self) -> usize {
        self.mail.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A webhook waits in a mailbox.
#[derive(Debug)]
pub struct InMailbox(Arc<Gauge>);

impl Drop for InMailbox {
    fn drop(&mut self) {
        self.0.mail.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shown {
    /// Events of the last whole minute.
    pub fn events_last_minute(&self, now: u64) -> u64 {
        let Minute { nth, events, before } = self.minute;
        match (now / MINUTE_MS).saturating_sub(nth) {
            0 => before,
            1 => events,
            _ => 0,
        }
    }
}

impl Minute {
    fn count(&mut self, events: u64, now: u64) {
        let nth = now / MINUTE_MS;
        if nth > self.nth {
            self.before = if nth == self.nth + 1 { self.events } else { 0 };
            (self.nth, self.events) = (nth, 0);
        }
        self.events += events;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_count_for_the_minute_after_theirs_and_those_before_the_start_for_none() {
        let gauge = Gauge::default();
        let came = |seq, now| gauge.show(now, |shown| shown.seq = Some(seq));
        let last_minute = |now| gauge.shown().events_last_minute(now);
        came(500, 10 * MINUTE_MS);
        came(503, 10 * MINUTE_MS + 1);
        assert_eq!(last_minute(10 * MINUTE_MS + 2), 0, "the minute is not over");
        assert_eq!(last_minute(11 * MINUTE_MS), 3, "also where nothing was said since");
        came(504, 11 * MINUTE_MS);
        assert_eq!(last_minute(11 * MINUTE_MS), 3);
        assert_eq!(last_minute(12 * MINUTE_MS), 1);
        assert_eq!(last_minute(13 * MINUTE_MS), 0);
    }

    #[test]
    fn mail_is_counted_until_it_is_taken_or_thrown_away() {
        let gauge = Arc::new(Gauge::default());
        let mail = [gauge.mail(), gauge.mail()];
        assert_eq!(gauge.mail_waiting(), 2);
        drop(mail);
        assert_eq!(gauge.mail_waiting(), 0);
    }
}
