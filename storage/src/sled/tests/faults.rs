//! A disk that fails: the store closes, tells so, keeps showing what was committed, and reopens with it.

use super::{check, nth, open, small};
use crate::testing::Notes;
use crate::{Disk, FailingDisk, Outcome, SledStore, Standing, Store};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Commits arrivals until one is lost, or all of them; returns how many were acknowledged.
fn load(store: &SledStore, from: u64, count: u64) -> u64 {
    let notes = Arc::new(Notes::default());
    for seq in from..from + count {
        store.commit(nth("100", seq), vec![notes.receipt(seq)]);
        if seq % 7 == 0 {
            notes.wait((seq - from + 1) as usize);
        }
        if seq % 20 == 0 {
            store.tidy();
        }
    }
    let told = notes.wait(count as usize);
    assert!(told.iter().map(|(number, _)| *number).eq(from..from + count), "told once and in order");
    let durable = told.iter().take_while(|(_, outcome)| *outcome == Outcome::Durable).count();
    assert!(
        told[durable..].iter().all(|(_, outcome)| matches!(outcome, Outcome::Lost { .. })),
        "none after a lost one"
    );
    from + durable as u64 - 1
}

fn survives(fault: impl Fn(&FailingDisk), within: &str) {
    let folder = tempfile::tempdir().unwrap();
    drop(open(small(folder.path())).unwrap());
    let disk = Arc::new(FailingDisk::within(within));
    let store = SledStore::open_with(small(folder.path()), disk.clone()).unwrap();
    load(&store, 1, 30);
    fault(&disk);
    let acknowledged = load(&store, 31, 90);
    store.tidy();
    let Standing::Closed { reason, .. } = store.standing() else { panic!("the store must be closed") };
    assert!(reason.contains("on purpose"), "{reason}");
    if acknowledged < 120 {
        assert_eq!(store.last_seq("100"), acknowledged);
        assert_eq!(store.ledger("100").received as u64, acknowledged);
    }
    drop(store);

    let store = open(small(folder.path())).unwrap();
    let last = check(&store, "100", acknowledged);
    load(&store, last + 1, 10);
    drop(store);
    let store = open(small(folder.path())).unwrap();
    check(&store, "100", last + 10);
}

#[test]
fn whichever_write_of_the_journal_fails_nothing_acknowledged_is_lost() {
    for good in [0, 1, 2, 5, 13] {
        survives(|disk| disk.fail_writes_after(good), "journal");
    }
}

#[test]
fn whichever_sync_of_the_journal_fails_nothing_acknowledged_is_lost() {
    for good in [0, 1, 2, 5, 13, 21] {
        survives(|disk| disk.fail_syncs_after(good), "journal");
    }
}

#[test]
fn a_checkpoint_or_index_that_fails_anywhere_costs_a_restart_and_nothing_else() {
    for good in [0, 1, 2, 4] {
        survives(|disk| disk.fail_writes_after(good), "state");
        survives(|disk| disk.fail_syncs_after(good), "state");
        survives(|disk| disk.fail_writes_after(good), "archive");
    }
}

#[test]
fn after_a_failed_write_everything_is_lost_at_once_and_reads_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(FailingDisk::within("journal"));
    let store = SledStore::open_with(small(folder.path()), disk.clone()).unwrap();
    assert_eq!(load(&store, 1, 5), 5);
    disk.fail_writes_after(0);
    assert_eq!(load(&store, 6, 500), 5);
    assert_eq!(store.events("100", 0, 100, usize::MAX).unwrap().len(), 5);
    assert_eq!(store.figures().queued_bytes, 0);
    store.close();
    assert_eq!(load(&store, 6, 5), 5);
}

/// A disk that takes the committer down with it.
struct Panicking;

impl Disk for Panicking {
    fn write(&self, folder: &Path, write: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        let ours = std::thread::current().name() == Some("wharf-committer");
        assert!(!ours, "a bug in {}", folder.display());
        write()
    }
}

#[test]
fn a_panic_in_the_committer_closes_the_store_and_everyone_hears_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open_with(small(folder.path()), Arc::new(Panicking)).unwrap();
    assert_eq!(load(&store, 1, 20), 0);
    assert!(matches!(store.standing(), Standing::Closed { reason, .. } if reason.contains("panicked")));
}
