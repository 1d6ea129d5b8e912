//! What a journal page is made of: entries, each with a tag and its length in front, so that a reader steps over what
//! it does not want. It knows neither pages nor disks.

use crate::{Change, Disposition, Event, EventDialog, EventKind, Kind, Mark, NumberRef, StoreError, Tally, Write};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Bytes in front of each entry: tag and length.
pub(super) const ENTRY_HEAD: usize = 5;

const EVENT: u8 = 1;
const MARKS: u8 = 2;
const WRITE: u8 = 3;
const TALLY: u8 = 4;

/// An event's fields beside stream, seq and body, as they are written.
#[derive(Serialize)]
struct WrittenHead<'a> {
    received_at_ms: u64,
    kind: EventKind,
    disposition: Disposition,
    gateway: &'a str,
    secret: u8,
    field: &'a str,
    claimed: &'a Option<Box<str>>,
    number: &'a NumberRef,
    dialog: &'a Option<EventDialog>,
    lane: u64,
    message_id: &'a Option<Box<str>>,
    outbound: &'a Option<Box<str>>,
    wanted_by: &'a [u32],
    item: (u32, u32),
}

/// The same fields as they are read.
#[derive(Deserialize)]
struct ReadHead {
    received_at_ms: u64,
    kind: EventKind,
    disposition: Disposition,
    gateway: Arc<str>,
    secret: u8,
    field: Box<str>,
    claimed: Option<Box<str>>,
    number: NumberRef,
    dialog: Option<EventDialog>,
    lane: u64,
    message_id: Option<Box<str>>,
    outbound: Option<Box<str>>,
    wanted_by: Vec<u32>,
    item: (u32, u32),
}

/// One entry, still in its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// An event.
    Event(EventEntry<'a>),
    /// Marks of one change.
    Marks(&'a [u8]),
    /// A write.
    Write(&'a [u8]),
    /// A tally.
    Tally(&'a [u8]),
}

/// An event whose place is known and whose rest is not yet decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventEntry<'a> {
    /// Its stream.
    pub(super) stream: &'a str,
    /// Its seq.
    pub(super) seq: u64,
    rest: &'a [u8],
}

/// Writes all of `change` as entries behind `to`.
pub(super) fn write_change(change: &Change, to: Vec<u8>) -> Vec<u8> {
    let mut to = to;
    to.reserve(size_hint(change));
    for event in &change.events {
        to = entry(EVENT, to, |to| write_event(event, to));
    }
    if !change.marks.is_empty() {
        to = entry(MARKS, to, |to| write_marks(&change.marks, to));
    }
    for write in &change.writes {
        to = entry(WRITE, to, |to| write_write(write, to));
    }
    for (owner, tally) in &change.tallies {
        to = entry(TALLY, to, |to| extend((&**owner, tally), to));
    }
    to
}

fn size_hint(change: &Change) -> usize {
    let events: usize = change.events.iter().map(|event| event.body.len() + 256).sum();
    let value = |write: &Write| write.value.as_ref().map_or(0, Bytes::len);
    let writes: usize = change.writes.iter().map(|write| value(write) + write.key.0.len() + 16).sum();
    events + change.marks.len() * 40 + writes + change.tallies.len() * 96
}

fn entry(tag: u8, mut to: Vec<u8>, body: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let start = to.len();
    to.extend_from_slice(&[tag, 0, 0, 0, 0]);
    let mut to = body(to);
    let length = (to.len() - start - ENTRY_HEAD) as u32;
    to[start + 1..start + ENTRY_HEAD].copy_from_slice(&length.to_le_bytes());
    to
}

fn extend<T: Serialize>(value: T, to: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(&value, to).expect("plain data always encodes into a vector")
}

fn write_event(event: &Event, mut to: Vec<u8>) -> Vec<u8> {
    to.extend_from_slice(&(event.stream.len() as u32).to_le_bytes());
    to.extend_from_slice(event.stream.as_bytes());
    to.extend_from_slice(&event.seq.to_le_bytes());
    let head = WrittenHead {
        received_at_ms: event.received_at_ms,
        kind: event.kind,
        disposition: event.disposition,
        gateway: &event.gateway,
        secret: event.secret,
        field: &event.field,
        claimed: &event.claimed,
        number: &event.number,
        dialog: &event.dialog,
        lane: event.lane,
        message_id: &event.message_id,
        outbound: &event.outbound,
        wanted_by: &event.wanted_by,
        item: event.item,
    };
    let mut to = extend(head, to);
    to.extend_from_slice(&event.body);
    to
}

fn write_marks(marks: &[Mark], to: Vec<u8>) -> Vec<u8> {
    marks.iter().fold(to, |to, mark| extend(mark, to))
}

fn write_write(write: &Write, mut to: Vec<u8>) -> Vec<u8> {
    to.extend_from_slice(&[write.kind as u8, u8::from(write.value.is_some())]);
    to.extend_from_slice(&(write.key.0.len() as u32).to_le_bytes());
    to.extend_from_slice(&write.key.0);
    to.extend_from_slice(write.value.as_deref().unwrap_or_default());
    to
}

/// Takes the first entry off `bytes`: its whole length, head included.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let length: [u8; 4] = bytes.get(1..ENTRY_HEAD)?.try_into().ok()?;
    let whole = u32::from_le_bytes(length) as usize + ENTRY_HEAD;
    (whole <= bytes.len()).then_some(whole)
}

/// Reads the entries in `bytes`, ending with an error at the first damaged one.
pub(super) fn entries(mut bytes: &[u8]) -> impl Iterator<Item = Result<Entry<'_>, StoreError>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let Some(length) = length(bytes) else {
            bytes = &[];
            return Some(Err(damaged("an entry is cut off")));
        };
        let (first, rest) = bytes.split_at(length);
        bytes = rest;
        Some(read(first[0], &first[ENTRY_HEAD..]).ok_or_else(|| damaged("an entry has no known form")))
    })
}

fn read(tag: u8, body: &[u8]) -> Option<Entry<'_>> {
    match tag {
        EVENT => read_place(body).map(Entry::Event),
        MARKS => Some(Entry::Marks(body)),
        WRITE => Some(Entry::Write(body)),
        TALLY => Some(Entry::Tally(body)),
        _ => None,
    }
}

fn read_place(body: &[u8]) -> Option<EventEntry<'_>> {
    let (length, rest) = body.split_first_chunk::<4>()?;
    let (stream, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let (seq, rest) = rest.split_first_chunk::<8>()?;
    Some(EventEntry { stream: std::str::from_utf8(stream).ok()?, seq: u64::from_le_bytes(*seq), rest })
}

impl EventEntry<'_> {
    /// When it was accepted, in ms since 1970, without decoding the rest.
    pub(super) fn received_at_ms(&self) -> Result<u64, StoreError> {
        postcard::take_from_bytes(self.rest).map(|(at_ms, _)| at_ms).map_err(|error| self.damaged(&error))
    }

    /// The whole event, its body copied once out of the page.
    pub(super) fn decode(&self) -> Result<Event, StoreError> {
        let (head, body): (ReadHead, &[u8]) =
            postcard::take_from_bytes(self.rest).map_err(|error| self.damaged(&error))?;
        Ok(Event {
            stream: self.stream.into(),
            seq: self.seq,
            received_at_ms: head.received_at_ms,
            kind: head.kind,
            disposition: head.disposition,
            gateway: head.gateway,
            secret: head.secret,
            field: head.field,
            claimed: head.claimed,
            number: head.number,
            dialog: head.dialog,
            lane: head.lane,
            message_id: head.message_id,
            outbound: head.outbound,
            wanted_by: head.wanted_by,
            body: Bytes::copy_from_slice(body),
            item: head.item,
        })
    }

    fn damaged(&self, error: &postcard::Error) -> StoreError {
        damaged(&format!("event {}.{}: {error}", self.stream, self.seq))
    }
}

/// The marks of a [`Entry::Marks`].
pub(super) fn read_marks(mut body: &[u8]) -> impl Iterator<Item = Result<Mark, StoreError>> {
    std::iter::from_fn(move || {
        if body.is_empty() {
            return None;
        }
        let read = postcard::take_from_bytes::<Mark>(body);
        body = read.as_ref().map_or(&[], |(_, rest)| rest);
        Some(read.map(|(mark, _)| mark).map_err(|error| damaged(&format!("a mark: {error}"))))
    })
}

/// The write of a [`Entry::Write`].
pub(super) fn read_write(body: &[u8]) -> Result<Write, StoreError> {
    try_read_write(body).ok_or_else(|| damaged("a write has no known form"))
}

fn try_read_write(body: &[u8]) -> Option<Write> {
    let ([kind, set], rest) = body.split_first_chunk::<2>()?;
    let kind = Kind::ALL.into_iter().find(|known| *known as u8 == *kind)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (key, value) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let value = (*set == 1).then(|| Bytes::copy_from_slice(value));
    Some(Write { kind, key: crate::Key(key.to_vec()), value })
}

/// The owner and addition of a [`Entry::Tally`].
pub(super) fn read_tally(body: &[u8]) -> Result<(Arc<str>, Tally), StoreError> {
    postcard::from_bytes(body).map_err(|error| damaged(&format!("a tally: {error}")))
}

pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(what.to_owned())
}

/// Whether `bytes` start with an event's entry.
pub(super) fn is_event(bytes: &[u8]) -> bool {
    bytes.first() == Some(&EVENT)
}
