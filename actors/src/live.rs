//! What happens at an account, as those who listen are told: plain data, and the queue to one listener. A listener that is
//! too slow loses entries and learns how many; nothing ever waits for it.

use crate::rules::deliveries::{Deliveries, is_wanted};
use crate::rules::reader::{Attempted, Place};
use serde::{Serialize, Serializer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};
use wharf_storage::{Event, Kind, MessageRecord, Noun, Outbox, Trail, TrailResult, Write};

/// Entries that wait for one listener at most.
const WAITING: usize = 1024;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The phone number id that it concerns.
    pub number: Option<Box<str>>,
    /// What happened.
    pub what: What,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum What {
    /// An event was accepted.
    Event(EventSeen),
    /// A delivery was tried, or given up.
    Delivery(DeliverySeen),
    /// An outbound message changed.
    Send(SendSeen),
    /// Entries were lost, because the listener was too slow.
    Missed {
        /// How many.
        count: u64,
    },
}

/// What a listener may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Events.
    Event,
    /// Deliveries.
    Delivery,
    /// Outbound messages.
    Send,
}

/// An event that is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventSeen {
    /// When it was accepted, in ms since 1970.
    #[serde(rename = "at", serialize_with = "moment")]
    pub at_ms: u64,
    /// Its place in the account's journal.
    #[serde(skip)]
    pub seq: u64,
    /// `{account}.{seq}`.
    pub id: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The webhook's field.
    pub field: Box<str>,
    /// The phone number id.
    pub number: Option<Box<str>>,
    /// The dialog.
    pub dialog: Option<String>,
    /// How it was counted.
    pub disposition: &'static str,
    /// The routes that want it.
    pub routes: Vec<String>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliverySeen {
    /// When, in ms since 1970.
    #[serde(rename = "at", serialize_with = "moment")]
    pub at_ms: u64,
    /// The event's id.
    pub event: String,
    /// The route.
    pub route: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// `delivered`, `failed`, `parked` or `dead`.
    pub result: &'static str,
    /// The HTTP status, where it failed and there was an answer.
    pub status: Option<u16>,
    /// What happened, where it failed.
    pub reason: Option<String>,
    /// How long it took, in ms.
    pub took_ms: Option<u64>,
}

/// How an outbound message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SendSeen {
    /// When it came to stand so, in ms since 1970.
    #[serde(rename = "at", serialize_with = "moment")]
    pub at_ms: u64,
    /// `msg_…`.
    pub message: Box<str>,
    /// The phone number id it leaves from.
    pub number: Box<str>,
    /// The recipient, as the application named it.
    pub to: Box<str>,
    /// Its state.
    pub state: &'static str,
    /// Graph's error code of the last try.
    pub code: Option<i64>,
}

/// A moment as text: RFC 3339, UTC, milliseconds.
fn moment<S: Serializer>(ms: &u64, to: S) -> Result<S::Ok, S::Error> {
    let moment = i64::try_from(*ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.map(|moment| format!("{moment:.3}")).serialize(to)
}

impl Sort {
    /// All of them.
    pub const ALL: [Sort; 3] = [Sort::Event, Sort::Delivery, Sort::Send];

    /// The word used in queries and streams.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Event => "event",
            Sort::Delivery => "delivery",
            Sort::Send => "send",
        }
    }
}

impl What {
    /// Which sort it is; none where it speaks of the stream itself.
    pub fn sort(&self) -> Option<Sort> {
        match self {
            What::Event(_) => Some(Sort::Event),
            What::Delivery(_) => Some(Sort::Delivery),
            What::Send(_) => Some(Sort::Send),
            What::Missed { .. } => None,
        }
    }
}

impl Entry {
    /// An event, as the routes of `deliveries` were asked about it.
    pub fn of_event(event: &Event, deliveries: &Deliveries) -> Self {
        let readers = deliveries.readers().iter().filter(|reader| !reader.is_gone());
        let wanted = readers.filter(|reader| is_wanted(event, reader.route()));
        let what = What::Event(EventSeen {
            at_ms: event.received_at_ms,
            seq: event.seq,
            id: event.id(),
            kind: event.kind.word(),
            field: event.field.clone(),
            number: event.number.id.clone(),
            dialog: event.dialog.as_ref().map(|dialog| dialog.id.to_string()),
            disposition: event.disposition.word(),
            routes: wanted.map(|reader| reader.route().name.to_string()).collect(),
        });
        Self { number: event.number.id.clone(), what }
    }

    /// What a record that is kept tells: of an outbound message, or of a delivery given up without an attempt.
    pub fn of_write(write: &Write) -> Option<Self> {
        let value = write.value.as_ref()?;
        match write.kind {
            Kind::Outbox => Some(Self::of_message(Outbox::from_bytes(value).ok()?.0)),
            Kind::Message => Some(Self::of_message(MessageRecord::from_bytes(value).ok()?)),
            Kind::Trail => {
                let trail = Trail::from_bytes(value).ok()?;
                (trail.result == TrailResult::Buried).then(|| Self::of_burial(trail))
            }
            Kind::Account
            | Kind::Progress
            | Kind::Claim
            | Kind::Life
            | Kind::Hold
            | Kind::Routes
            | Kind::Token
            | Kind::SendHold
            | Kind::Dialog
            | Kind::Alias
            | Kind::Wamid
            | Kind::Dead
            | Kind::Audit
            | Kind::Media
            | Kind::Body
            | Kind::Twin
            | Kind::Replay
            | Kind::DeliveryHold
            | Kind::ApiKey
            | Kind::Submitted
            | Kind::Preference
            | Kind::PairDebt
            | Kind::Reached => None,
        }
    }

    fn of_message(record: MessageRecord) -> Self {
        let what = What::Send(SendSeen {
            at_ms: record.changed_at_ms,
            message: record.id,
            number: record.number.clone(),
            to: record.to,
            state: record.state.word(),
            code: record.attempts.last().and_then(|attempt| attempt.code),
        });
        Self { number: Some(record.number), what }
    }

    /// Which number it concerned, only the journal knows.
    fn of_burial(trail: Trail) -> Self {
        let what = What::Delivery(DeliverySeen {
            at_ms: trail.at_ms,
            event: format!("{}.{}", trail.account, trail.seq),
            route: trail.route.into(),
            attempt: trail.attempt - 1,
            result: "dead",
            status: None,
            reason: Some(trail.reason.into()),
            took_ms: None,
        });
        Self { number: None, what }
    }

    /// An attempt of `event`, before its reader has heard of it; `None` where nothing was tried.
    pub fn of_attempt(
        route: &str,
        attempt: u32,
        event: &Event,
        what: &Attempted,
        began_ms: u64,
        now: u64,
    ) -> Option<Self> {
        let (result, status, reason) = match what {
            Attempted::Delivered => ("delivered", None, None),
            Attempted::Failed { status, reason, .. } => ("failed", *status, Some(reason.clone())),
            // It is given up, and told when that is kept.
            Attempted::Erased | Attempted::NotTried { .. } => return None,
        };
        let took_ms = Some(now.saturating_sub(began_ms));
        let (event_id, route) = (event.id(), route.to_owned());
        let seen = DeliverySeen { at_ms: now, event: event_id, route, attempt, result, status, reason, took_ms };
        Some(Self { number: event.number.id.clone(), what: What::Delivery(seen) })
    }

    /// The same after the attempt, where the delivery stands at `place` now.
    #[must_use]
    pub fn standing_at(mut self, place: Place) -> Self {
        if let What::Delivery(seen) = &mut self.what
            && seen.result == "failed"
        {
            seen.result = match place {
                Place::Ended => "dead",
                Place::Open(open) if open.parked => "parked",
                Place::Open(_) | Place::Unread { .. } => "failed",
            };
        }
        self
    }
}

/// The account's end of the queue to one listener.
#[derive(Debug)]
pub struct Listener {
    sorts: Vec<Sort>,
    numbers: Vec<String>,
    queue: Sender<Arc<Entry>>,
    missed: Arc<AtomicU64>,
}

/// The listener's end.
#[derive(Debug)]
pub struct Listening {
    queue: Receiver<Arc<Entry>>,
    missed: Arc<AtomicU64>,
}

impl Listener {
    /// A queue for entries of these sorts and numbers; empty means all.
    pub fn new(sorts: Vec<Sort>, numbers: Vec<String>) -> (Self, Listening) {
        let (queue, out) = channel(WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        let listening = Listening { queue: out, missed: Arc::clone(&missed) };
        (Self { sorts, numbers, queue, missed }, listening)
    }

    /// Whether somebody is still at the other end.
    pub fn is_there(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Tells of `entry`, if it is asked for and there is room.
    pub fn tell(&self, entry: &Arc<Entry>) {
        if !self.wants(entry) {
            return;
        }
        let missed = self.missed.load(Ordering::Relaxed);
        let room = if missed > 0 { 2 } else { 1 };
        if self.queue.capacity() < room {
            self.missed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if missed > 0 {
            let count = self.missed.swap(0, Ordering::Relaxed);
            self.put(Arc::new(Entry { number: None, what: What::Missed { count } }));
        }
        self.put(Arc::clone(entry));
    }

    fn put(&self, entry: Arc<Entry>) {
        match self.queue.try_send(entry) {
            // Who has gone needs nothing.
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(_)) => drop(self.missed.fetch_add(1, Ordering::Relaxed)),
        }
    }

    fn wants(&self, entry: &Entry) -> bool {
        let is_theirs = |number: &str| self.numbers.iter().any(|theirs| theirs == number);
        let sort_is_wanted = self.sorts.is_empty() || entry.what.sort().is_none_or(|sort| self.sorts.contains(&sort));
        sort_is_wanted && (self.numbers.is_empty() || entry.number.as_deref().is_some_and(is_theirs))
    }
}

impl Listening {
    /// The next entry; `None` when the account has ended.
    pub async fn next(&mut self) -> Option<Arc<Entry>> {
        self.queue.recv().await
    }

    /// What waits already.
    pub fn waiting(&mut self) -> Option<Arc<Entry>> {
        self.queue.try_recv().ok()
    }

    /// How many entries were lost of which nothing was said yet: asked when nothing waits.
    pub fn missed(&self) -> u64 {
        self.missed.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{NOW, event};
    use futures_util::FutureExt;

    fn entry(seq: u64) -> Arc<Entry> {
        let failed = Attempted::unanswered("refused");
        Arc::new(Entry::of_attempt("main/bot", 1, &event(seq, 1), &failed, NOW, NOW + 3).expect("it was tried"))
    }

    fn id(entry: &Entry) -> String {
        match &entry.what {
            What::Delivery(seen) => seen.event.clone(),
            What::Missed { count } => format!("missed {count}"),
            What::Event(_) | What::Send(_) => panic!("nobody told that"),
        }
    }

    #[test]
    fn a_slow_listener_loses_the_newest_and_learns_how_many_before_it_hears_more() {
        let (listener, mut listening) = Listener::new(Vec::new(), Vec::new());
        for seq in 1..=WAITING as u64 + 7 {
            listener.tell(&entry(seq));
        }
        assert_eq!(listening.waiting().map(|first| id(&first)).as_deref(), Some("100.1"));
        listener.tell(&entry(5000));
        assert_eq!(listening.waiting().map(|second| id(&second)).as_deref(), Some("100.2"));
        listener.tell(&entry(5001));
        let rest: Vec<String> = std::iter::from_fn(|| listening.waiting()).map(|entry| id(&entry)).collect();
        assert_eq!(rest[rest.len() - 3..], [format!("100.{WAITING}"), "missed 8".into(), "100.5001".into()]);
        assert_eq!(listening.missed(), 0);
    }

    #[test]
    fn what_was_lost_is_told_also_when_nothing_follows() {
        let (listener, mut listening) = Listener::new(Vec::new(), Vec::new());
        (0..=WAITING as u64).for_each(|seq| listener.tell(&entry(seq)));
        while listening.waiting().is_some() {}
        assert_eq!((listening.missed(), listening.missed()), (1, 0));
    }

    #[test]
    fn a_listener_hears_of_its_sorts_and_numbers_and_of_the_end() {
        let (of_sends, mut sends) = Listener::new(vec![Sort::Send], Vec::new());
        let (of_another, mut another) = Listener::new(Vec::new(), vec!["8".into()]);
        let (of_nine, mut nine) = Listener::new(vec![Sort::Delivery], vec!["9".into()]);
        for listener in [&of_sends, &of_another, &of_nine] {
            listener.tell(&entry(1));
        }
        assert!(sends.waiting().is_none() && another.waiting().is_none() && nine.waiting().is_some());
        drop(of_nine);
        assert_eq!(nine.next().now_or_never(), Some(None));
        drop(sends);
        assert!(!of_sends.is_there() && of_another.is_there());
    }

    #[test]
    fn an_attempt_that_failed_is_told_as_what_became_of_its_delivery() {
        let told = |place| match entry(1).as_ref().clone().standing_at(place).what {
            What::Delivery(seen) => (seen.result, seen.took_ms),
            What::Event(_) | What::Send(_) | What::Missed { .. } => panic!("a delivery"),
        };
        let open = |parked| Place::Open(crate::rules::reader::OpenPlace { parked, ..Default::default() });
        assert_eq!(told(Place::Ended), ("dead", Some(3)));
        assert_eq!((told(open(true)).0, told(open(false)).0), ("parked", "failed"));
        let not_tried = Attempted::NotTried { again_at_ms: NOW };
        assert_eq!(Entry::of_attempt("main/bot", 1, &event(1, 1), &not_tried, NOW, NOW), None);
    }
}
