//! What the tests of this room share: small events, a desk that remembers, waiting with a deadline.

#![allow(clippy::unwrap_used)]

use crate::{
    Change, Desk, Disposition, Event, EventKind, Mark, NumberRef, Outcome, Progress, Receipt, Seen, Stamp, Store,
    Tally, Wamid,
};
use bytes::Bytes;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How often a test repeats itself: as `variable` says (`tests/run --nightly` sets it), else `usual` times.
pub(crate) fn times(variable: &str, usual: u32) -> u32 {
    let Ok(asked) = std::env::var(variable) else { return usual };
    asked.parse().unwrap_or_else(|_| panic!("{variable}={asked}: expected a number of repetitions"))
}

/// A desk that remembers what it was told, in order.
#[derive(Default)]
pub(crate) struct Notes {
    told: Mutex<Vec<(u64, Outcome)>>,
    news: Condvar,
}

impl Desk for Notes {
    fn settle(&self, numbers: &[u64], outcome: &Outcome) {
        self.told.lock().unwrap().extend(numbers.iter().map(|number| (*number, outcome.clone())));
        self.news.notify_all();
    }
}

impl Notes {
    pub(crate) fn receipt(self: &Arc<Self>, number: u64) -> Receipt {
        Receipt { desk: self.clone(), number }
    }

    /// Waits until `count` receipts were told.
    pub(crate) fn wait(&self, count: usize) -> Vec<(u64, Outcome)> {
        let told = self.told.lock().unwrap();
        let (told, timeout) = self.news.wait_timeout_while(told, PATIENCE, |told| told.len() < count).unwrap();
        assert!(!timeout.timed_out(), "{} of {count} receipts told", told.len());
        told.clone()
    }

    pub(crate) fn told(&self) -> Vec<(u64, Outcome)> {
        self.told.lock().unwrap().clone()
    }
}

/// Commits `change` and waits for the outcome.
pub(crate) fn commit(store: &dyn Store, change: Change) -> Outcome {
    let notes = Arc::new(Notes::default());
    store.commit(change, vec![notes.receipt(1)]);
    notes.wait(1).remove(0).1
}

/// Commits `change`, which must become durable.
pub(crate) fn keep(store: &dyn Store, change: Change) {
    assert_eq!(commit(store, change), Outcome::Durable);
}

/// An event whose body is `size` bytes that depend on stream and seq.
pub(crate) fn event(stream: &str, seq: u64, size: usize) -> Event {
    let body: Vec<u8> = (0..size as u64).map(|at| (at ^ seq.wrapping_mul(31) ^ stream.len() as u64) as u8).collect();
    Event {
        stream: stream.into(),
        seq,
        received_at_ms: 1_800_000_000_000 + seq,
        kind: EventKind::Message,
        disposition: Disposition::Routed,
        gateway: "main".into(),
        secret: 1,
        field: "messages".into(),
        claimed: Some(stream.into()),
        number: NumberRef { id: Some("123".into()), display: None },
        dialog: None,
        lane: seq % 3,
        message_id: Some(format!("wamid.{seq}").into()),
        outbound: None,
        wanted_by: vec![7],
        body: Bytes::from(body),
        item: (0, size as u32),
    }
}

/// A mark of the item with this key.
pub(crate) fn mark(key: u128, stamp: Stamp, content: u32, at_s: u64) -> Mark {
    Mark { key, stamp, seen: Seen { content, at_s: at_s as u32 } }
}

/// Counts `received` items as routed.
pub(crate) fn routed(owner: &str, received: i64) -> (Arc<str>, Tally) {
    (owner.into(), Tally { received, routed: received, ..Tally::default() })
}

/// A cold record: the nth outbound message's id.
pub(crate) fn wamid(account: &str, nth: u64) -> Wamid {
    Wamid { account: account.into(), wamid: format!("wamid.{nth:06}").into(), message: format!("msg_{nth}").into() }
}

/// A hot record: how far a route got.
pub(crate) fn progress(account: &str, high: u64) -> Progress {
    Progress { account: account.into(), route: "main/crm".into(), high, open: Vec::new() }
}

/// An event with its mark, its count and records of both temperatures.
pub(crate) fn arrival(stream: &str, seq: u64, size: usize, now_s: u64) -> Change {
    let name = stream.bytes().fold(7, |sum: u128, byte| sum * 131 + u128::from(byte)) & 0xFFFF_FFFF;
    let key = (u128::from(seq) << 64) | name;
    let mut change = Change {
        events: vec![event(stream, seq, size).into()],
        marks: vec![mark(key, Stamp::Dated(now_s), seq as u32, now_s)],
        writes: Vec::new(),
        tallies: vec![routed(stream, 1)],
    };
    change.put(&wamid(stream, seq));
    change.put(&progress(stream, seq));
    change
}
