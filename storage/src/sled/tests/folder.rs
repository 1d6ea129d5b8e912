//! What the data folder must be, and when parts of it go away.

use super::{check, nth, open, small};
use crate::testing::keep;
use crate::{Change, Clock, Key, Kind, Store, StoreError, Write};
use std::fs;
use std::path::Path;
use std::time::Duration;

fn volumes(path: &Path) -> Vec<String> {
    let names = fs::read_dir(path.join("journal")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_folder_of_another_format_is_refused_and_left_alone() {
    for text in ["2", "", "sled\n", "999999999999"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("FORMAT"), text).unwrap();
        let error = open(small(folder.path())).err().unwrap();
        let StoreError::Format { found, expected: 1, .. } = &error else { panic!("{error}") };
        assert_eq!(found, text.trim());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("journal")).unwrap();
    assert!(matches!(open(small(folder.path())), Err(StoreError::Format { .. })));
}

#[test]
fn a_second_opener_is_told_that_the_folder_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(small(folder.path())).unwrap();
    let error = open(small(folder.path())).err().unwrap();
    assert!(matches!(&error, StoreError::InUse { path } if path == folder.path()), "{error}");
    keep(&store, nth("100", 1));
}

#[test]
fn what_a_crash_left_of_a_volume_half_made_or_half_removed_is_swept_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(small(folder.path())).unwrap();
    keep(&store, nth("100", 1));
    drop(store);
    fs::create_dir(folder.path().join("journal/00000007.new")).unwrap();
    fs::create_dir(folder.path().join("journal/00000000.gone")).unwrap();
    fs::write(folder.path().join("journal/00000000.gone/db"), "rubbish").unwrap();
    let store = open(small(folder.path())).unwrap();
    check(&store, "100", 1);
    store.tidy();
    assert!(volumes(folder.path()).iter().all(|name| name.len() == 8));
}

/// sled takes a snapshot that a kill left half written for a whole one, and refused to open.
#[test]
fn snapshots_and_databases_that_a_kill_left_half_made_do_not_keep_the_store_shut() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(small(folder.path())).unwrap();
    keep(&store, nth("100", 1));
    store.tidy();
    drop(store);
    let journal = volumes(folder.path()).into_iter().map(|name| format!("journal/{name}"));
    for database in journal.chain(["state".into(), "archive".into()]) {
        fs::write(folder.path().join(database).join("snap.00000000FFFFFFFF.generating"), "half").unwrap();
    }
    check(&open(small(folder.path())).unwrap(), "100", 1);

    let folder = tempfile::tempdir().unwrap();
    for database in ["state.new", "archive.new"] {
        fs::create_dir(folder.path().join(database)).unwrap();
        fs::write(folder.path().join(database).join("conf"), "").unwrap();
    }
    let store = open(small(folder.path())).unwrap();
    keep(&store, nth("100", 1));
    store.tidy();
    check(&store, "100", 1);
}

#[test]
fn volumes_older_than_retention_and_dedupe_go_and_what_is_younger_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = small(folder.path());
    // The events of these tests carry 1,800,000,000 s as their time of arrival.
    settings.clock = Clock::by_hand(1_800_000_000);
    settings.retention = Duration::from_secs(86_400 * 30);
    settings.dedupe = Duration::from_secs(86_400 * 30);
    let store = open(settings.clone()).unwrap();
    let write = |value| Write { kind: Kind::Dialog, key: Key(b"kept".to_vec()), value };
    keep(&store, Change { writes: vec![write(Some("dialog".into()))], ..Change::default() });
    for seq in 1..=200 {
        keep(&store, nth("100", seq));
        store.tidy();
    }
    let many = volumes(folder.path()).len();
    assert!(many > 5, "{many} volumes");
    assert_eq!(store.figures().volumes as usize, many - 1);
    check(&store, "100", 200);

    // The marks of the nth event are 100 n seconds younger.
    settings.clock.set(1_800_000_000 + 100 * 150 + 86_400 * 30);
    store.tidy();
    let few = volumes(folder.path()).len();
    assert!(few < many && few > 1, "{few} of {many} volumes");
    let first = store.events("100", 0, 1, usize::MAX).unwrap()[0].seq;
    assert!((100..=151).contains(&first), "the first kept is {first}");
    assert_eq!(store.events("100", 0, 500, usize::MAX).unwrap().len() as u64, 201 - first);
    assert_eq!(store.event("100", 1).unwrap(), None);
    drop(store);

    let store = open(settings.clone()).unwrap();
    assert_eq!((store.last_seq("100"), store.ledger("100").received), (200, 200));
    assert_eq!(store.events("100", 0, 500, usize::MAX).unwrap().len() as u64, 201 - first);
    assert_eq!(store.get(Kind::Dialog, b"kept").unwrap().unwrap(), "dialog");
    settings.clock.set(1_800_000_000 + 86_400 * 90);
    store.tidy();
    drop(store);
    let store = open(settings).unwrap();
    keep(&store, nth("100", 201));
    assert_eq!(store.last_seq("100"), 201);
}

#[test]
fn a_volume_is_sealed_after_its_age_even_if_it_is_small() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = small(folder.path());
    settings.volume_bytes = 1 << 30;
    settings.clock = Clock::by_hand(1_800_000_000);
    let store = open(settings.clone()).unwrap();
    for day in 0..4 {
        settings.clock.set(1_800_000_000 + day * 86_400);
        keep(&store, nth("100", day + 1));
        store.tidy();
    }
    assert_eq!(store.figures().volumes, 4);
    check(&store, "100", 4);
}

/// An empty change once counted as lying on the page that comes next. A checkpoint then claimed that page, and what was
/// written on it later was not replayed.
#[test]
fn a_checkpoint_after_an_empty_change_claims_no_page_that_is_yet_to_come() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(small(folder.path())).unwrap();
    for seq in 1..=3 {
        keep(&store, Change::default());
        store.tidy();
        keep(&store, nth("100", seq));
    }
    drop(store);
    let store = open(small(folder.path())).unwrap();
    check(&store, "100", 3);
}
