//! Tests of the engine on sled.
#![allow(clippy::unwrap_used)]

mod contract;
mod dedupe;
mod erase;
mod faults;
mod folder;
mod kill;
mod model;
mod power;
mod space;

use crate::testing::{arrival, event, progress, wamid};
use crate::{FailingDisk, Kind, Noun, Progress, SledSettings, SledStore, Store, StoreError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Opens a store on a disk that syncs nothing: these tests kill no process and cut no power.
fn open(settings: SledSettings) -> Result<SledStore, StoreError> {
    SledStore::open_with(settings, Arc::new(FailingDisk::new()))
}

/// Settings under which a few dozen events roll over volumes and bring checkpoints.
fn small(path: &Path) -> SledSettings {
    let mut settings = SledSettings::new(path);
    settings.volume_bytes = 30_000;
    settings.checkpoint_bytes = 3_000;
    settings.checkpoint_every = Duration::from_millis(10);
    settings.filter_bytes = 1_000;
    settings
}

/// Size of the nth event of these tests: some share a page, some fill several.
fn size(seq: u64) -> usize {
    match seq % 40 {
        0 => 150_000,
        1 | 2 => 20_000,
        _ => 300 + seq as usize % 700,
    }
}

/// The nth arrival in `stream`.
fn nth(stream: &str, seq: u64) -> crate::Change {
    arrival(stream, seq, size(seq), 1_800_000_000 + seq * 100)
}

/// Checks that `stream` holds the arrivals from 1 on without a gap, at least up to `acknowledged`, with their marks and
/// records, and that the ledger counts just these.
fn check(store: &dyn Store, stream: &str, acknowledged: u64) -> u64 {
    let last = store.last_seq(stream);
    assert!(last >= acknowledged, "{acknowledged} was acknowledged, {last} is there");
    assert_eq!(store.ledger(stream).received, last as i64);
    assert_eq!(store.ledger(stream).faults(), Vec::<String>::new());
    let mut after = 0;
    while after < last {
        let events = store.events(stream, after, 100, 1 << 20).unwrap();
        for found in &events {
            after += 1;
            assert_eq!(*found, event(stream, after, size(after)));
        }
        assert!(!events.is_empty(), "{stream}.{} is missing", after + 1);
    }
    let high = store.get(Kind::Progress, &progress(stream, 0).key().0).unwrap();
    assert_eq!(high.map_or(0, |bytes| Progress::from_bytes(&bytes).unwrap().high), last);
    for seq in 1..=last {
        assert!(store.get(Kind::Wamid, &wamid(stream, seq).key().0).unwrap().is_some(), "no record of {stream}.{seq}");
    }
    for mark in (1..=last).flat_map(|seq| nth(stream, seq).marks) {
        let seen = store.look(&[(mark.key, mark.stamp)]).unwrap()[0];
        assert_eq!(seen, Some(mark.seen));
    }
    last
}
