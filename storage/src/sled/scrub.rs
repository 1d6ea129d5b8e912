//! Volumes written anew without the bytes that must go. What a sealed and checkpointed volume holds beside its events is
//! never read again, for state and archive have it: writes and tallies go too, and with them every old value of a record.
//! Pages keep their numbers, so that the index goes on finding them.

use super::database::Database;
use super::entry::{self, Entry, damaged};
use super::layout::{WITHOUT_BODIES, page_key, page_of};
use super::page::{Assembler, Packer};
use super::records::Chunks;
use super::retention::Retention;
use crate::{Change, Event, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which events lose their bytes.
pub(super) type Doomed<'a> = &'a dyn Fn(&Event) -> bool;

/// What a volume holds of what must go.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// By stream: events that lose their bytes.
    pub(super) events: BTreeMap<Box<str>, u64>,
    /// Entries that are no events.
    others: u64,
}

impl Found {
    /// Whether there is nothing to write anew for.
    pub(super) fn is_nothing(&self) -> bool {
        self.events.is_empty() && self.others == 0
    }
}

/// Looks through a sealed volume.
pub(super) fn look(db: &Database, doomed: Doomed<'_>) -> Result<Found, StoreError> {
    let mut found = Found::default();
    each_entry(db, &mut |_, entries| {
        for entry in entry::entries(entries) {
            let Entry::Event(event) = entry? else {
                found.others += 1;
                continue;
            };
            if doomed(&event.decode()?) {
                *found.events.entry(event.stream.into()).or_default() += 1;
            }
        }
        Ok(())
    })?;
    Ok(found)
}

/// Whether a volume that was written anew holds any bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bodies {
    /// As many as before, but for the doomed ones.
    Some,
    /// None, and it is marked so.
    None,
}

impl Retention<'_> {
    /// Whether a volume is marked as one without bodies.
    pub(super) fn is_without_bodies(&self, number: u64) -> Result<bool, StoreError> {
        let volume = self.shared.shelf.lend(number)?;
        volume.map_or(Ok(true), |volume| Ok(volume.db.get(WITHOUT_BODIES)?.is_some()))
    }

    /// Writes a sealed volume anew without the bytes of doomed events, if it holds any or other old bytes. Says what went.
    pub(super) fn scrub(&self, number: u64, doomed: Doomed<'_>, bodies: Bodies) -> Result<Found, StoreError> {
        let Some(volume) = self.shared.shelf.lend(number)? else { return Ok(Found::default()) };
        let found = look(&volume.db, doomed)?;
        if found.is_nothing() && (bodies == Bodies::Some || self.is_without_bodies(number)?) {
            return Ok(found);
        }
        let mut page_bytes = 0;
        self.shared.shelf.replace(number, |fresh| {
            page_bytes = copy(&volume.db, fresh, doomed, bodies)?;
            Ok(())
        })?;
        drop(volume);
        self.note_summary(number, page_bytes)?;
        let events: u64 = found.events.values().sum();
        log::info!("journal volume written anew: volume={number} events_erased={events}");
        Ok(found)
    }
}

/// Copies a sealed volume with stubs in the place of doomed events; returns the bytes of its pages.
fn copy(from: &Database, to: &Database, doomed: Doomed<'_>, bodies: Bodies) -> Result<u64, StoreError> {
    let mut chunks = Chunks::new(to);
    if bodies == Bodies::None {
        chunks.put(WITHOUT_BODIES.to_vec(), &[])?;
    }
    for prefix in [b"i", b"m", b"f", WITHOUT_BODIES] {
        for record in from.scan(prefix, prefix) {
            let (key, value) = record?;
            chunks.put(key.to_vec(), &value)?;
        }
    }
    let mut bytes = 0;
    each_entry(from, &mut |first, entries| {
        let kept = scrubbed(entries, doomed)?;
        let mut failed = Ok(());
        let mut sink = |number: u64, page: &[u8]| {
            bytes += page.len() as u64;
            if failed.is_ok() {
                failed = chunks.put(page_key(number).to_vec(), page);
            }
        };
        let mut packer = Packer::new(first);
        packer.pack(&kept, &mut sink, &mut |_, _| ());
        packer.finish(&mut sink);
        failed
    })?;
    chunks.finish()?;
    Ok(bytes)
}

/// The events among `entries`, doomed ones as stubs.
fn scrubbed(mut entries: &[u8], doomed: Doomed<'_>) -> Result<Vec<u8>, StoreError> {
    let mut kept = Vec::with_capacity(entries.len());
    while !entries.is_empty() {
        let length = entry::length(entries).ok_or_else(|| damaged("an entry is cut off"))?;
        let (raw, rest) = entries.split_at(length);
        entries = rest;
        for entry in entry::entries(raw) {
            let Entry::Event(event) = entry? else { continue };
            let event = event.decode()?;
            if doomed(&event) {
                let stub = Change { events: vec![Arc::new(event.erased())], ..Change::default() };
                kept = entry::write_change(&stub, kept);
            } else {
                kept.extend_from_slice(raw);
            }
        }
    }
    Ok(kept)
}

/// Visits the entries of every page, parts put together, with the number of the page they are filed under.
fn each_entry(db: &Database, visit: &mut impl FnMut(u64, &[u8]) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let mut assembler = Assembler::default();
    for record in db.scan(b"p", b"p") {
        let (key, page) = record?;
        let number = page_of(&key).ok_or_else(|| damaged("a page without a number"))?;
        // An empty page is a slot that was never filled.
        if !page.is_empty() {
            assembler.take(number, &page, visit)?;
        }
    }
    Ok(())
}
