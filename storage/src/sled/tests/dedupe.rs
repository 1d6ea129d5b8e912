//! Marks in volumes that are no longer written: memory says no where it can, and the disk knows.

use super::{nth, open, small};
use crate::testing::{keep, mark};
use crate::{Change, Clock, Glance, SledSettings, SledStore, Stamp, Store};
use std::path::Path;
use std::sync::Arc;

const NOW_S: u64 = 1_800_000_000;

fn settings(path: &Path) -> SledSettings {
    let mut settings = small(path);
    settings.filter_bytes = 64 << 20;
    settings.clock = Clock::by_hand(NOW_S);
    settings
}

/// Fills ten volumes; each holds a mark of its own.
fn fill(store: &SledStore, seqs: std::ops::Range<u64>) {
    for seq in seqs {
        let mut change = nth("100", seq * 40);
        Arc::make_mut(&mut change.events[0]).seq = seq;
        change.marks = vec![mark(seq.into(), Stamp::Dated(NOW_S - seq * 10_000), seq as u32, NOW_S)];
        keep(store, change);
        store.tidy();
    }
}

#[test]
fn a_copy_is_found_in_any_volume_before_and_after_a_reopen() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let store = open(settings.clone()).unwrap();
    fill(&store, 1..11);
    let wanted: Vec<_> = (1..11).map(|seq: u64| (u128::from(seq), Stamp::Dated(NOW_S - seq * 10_000))).collect();
    let found =
        |store: &SledStore| store.look(&wanted).unwrap().iter().flatten().map(|seen| seen.content).collect::<Vec<_>>();
    assert!(store.figures().volumes >= 10);
    assert_eq!(found(&store), (1..11).collect::<Vec<_>>());
    let glances = store.glance(&wanted);
    assert_eq!(glances[0], Glance::Unsure, "only the disk knows what an old volume holds");
    assert!(matches!(glances[9], Glance::Seen(seen) if seen.content == 10));
    drop(store);

    let store = open(settings).unwrap();
    store.tidy();
    assert_eq!(store.glance(&wanted)[..9], [Glance::Unsure; 9]);
    assert_eq!(found(&store), (1..11).collect::<Vec<_>>());
}

#[test]
fn a_fresh_item_is_new_without_a_look_at_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let store = open(settings.clone()).unwrap();
    fill(&store, 1..11);
    let fresh: Vec<_> = (0..1000).map(|nth| (1_000_000 + nth, Stamp::Dated(NOW_S))).collect();
    // Filters are in memory while the store runs: unknown items of an old time are new, too, but for a few.
    let old: Vec<_> = (0..1000).map(|nth| (2_000_000 + nth, Stamp::Dated(NOW_S - 20_000))).collect();
    assert!(store.glance(&fresh).iter().all(|glance| *glance == Glance::New));
    let unsure = |store: &SledStore| store.glance(&old).iter().filter(|glance| **glance == Glance::Unsure).count();
    assert!(unsure(&store) < 50);
    drop(store);

    let store = open(settings).unwrap();
    store.tidy();
    assert!(store.glance(&fresh).iter().all(|glance| *glance == Glance::New), "no volume has marks of that time");
    assert_eq!(unsure(&store), 1000, "no filter is loaded yet");
    assert!(store.look(&old).unwrap().iter().all(Option::is_none));
    assert!(unsure(&store) < 50, "a look loads it");
}

#[test]
fn the_newest_copy_of_a_mark_counts_wherever_older_ones_lie() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let store = open(settings.clone()).unwrap();
    let stamp = Stamp::Undated;
    for round in 0..5 {
        keep(&store, Change { marks: vec![mark(77, stamp, round, NOW_S + u64::from(round))], ..Change::default() });
        fill(&store, u64::from(round) * 2 + 1..u64::from(round) * 2 + 3);
        assert_eq!(store.look(&[(77, stamp)]).unwrap()[0].unwrap().content, round);
    }
    drop(store);
    let store = open(settings).unwrap();
    assert_eq!(store.look(&[(77, stamp)]).unwrap()[0].unwrap().content, 4);
}
