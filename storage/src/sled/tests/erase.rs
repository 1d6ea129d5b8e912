//! What is erased is on no disk any more: every byte of every file is looked at.

use super::{nth, open, small};
use crate::contract::erasing::{GONE, STAYS, WORDS, all_of, wish};
use crate::testing::keep;
use crate::{FailingDisk, SledSettings, SledStore, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files under `folder` that hold `text` anywhere.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if std::fs::read(&path).unwrap().windows(text.len()).any(|part| part == text.as_bytes()) {
            found.push(path);
        }
    }
    found
}

/// A few volumes of mail, the customer's among it, read and checkpointed.
fn fill(store: &SledStore, folder: &Path) {
    keep(store, all_of("100", GONE, 5, 1));
    for seq in 4..200 {
        keep(store, nth("100", seq));
        if seq == 50 || seq == 150 {
            store.tidy();
        }
    }
    keep(store, all_of("200", STAYS, 6, 1));
    keep(store, all_of("200", GONE, 7, 4));
    store.tidy();
    assert!(!holding(folder, GONE.0).is_empty() && !holding(folder, WORDS).is_empty());
}

#[test]
fn not_one_byte_of_an_erased_customer_is_left_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(small(folder.path())).unwrap();
    fill(&store, folder.path());
    let wanted = wish(&store);
    store.wish(&wanted).unwrap();
    let erased = store.erase(&wanted).unwrap();
    assert!(erased.verified, "{erased:?}");
    for gone in [GONE.0, GONE.1] {
        assert_eq!(holding(folder.path(), gone), [] as [PathBuf; 0], "{gone}");
    }
    assert!(!holding(folder.path(), STAYS.0).is_empty());
    assert_eq!(store.events("100", 0, 1000, usize::MAX).unwrap().len(), 199, "every place is kept");
    drop(store);
    let store = open(small(folder.path())).unwrap();
    store.tidy();
    assert_eq!(holding(folder.path(), GONE.0), [] as [PathBuf; 0]);
    assert_eq!(store.events("100", 3, 1000, usize::MAX).unwrap(), (4..200).map(body_of).collect::<Vec<_>>());
    keep(&store, nth("100", 200));
}

fn body_of(seq: u64) -> crate::Event {
    (*nth("100", seq).events[0]).clone()
}

/// Whatever write or sync of an erasure fails: the wish is there after the restart, nobody else's mail is harmed, and
/// the second attempt leaves nothing.
#[test]
fn an_erasure_that_a_failing_disk_cuts_short_is_finished_after_a_restart() {
    for good in [0, 2, 9] {
        for within in ["journal", "archive", "state"] {
            let folder = tempfile::tempdir().unwrap();
            let settings = SledSettings { volume_bytes: 500_000, ..small(folder.path()) };
            let store = open(settings.clone()).unwrap();
            fill(&store, folder.path());
            let wanted = wish(&store);
            store.wish(&wanted).unwrap();
            drop(store);
            cut_short(&settings, within, good, &wanted);
            let store = open(settings).unwrap();
            for left in store.wishes().unwrap() {
                assert!(store.erase(&left).unwrap().verified, "{within} {good}");
            }
            assert_eq!(store.wishes().unwrap(), [], "{within} {good}");
            assert_eq!(holding(folder.path(), GONE.0), [] as [PathBuf; 0], "{within} {good}");
            assert_eq!(store.events("100", 3, 1000, usize::MAX).unwrap().len(), 196, "{within} {good}");
            assert_eq!(store.ledger("200").received, 6, "{within} {good}");
        }
    }
}

fn cut_short(settings: &SledSettings, within: &'static str, good: u32, wanted: &crate::Erasure) {
    let disk = Arc::new(FailingDisk::within(within));
    let Ok(store) = SledStore::open_with(settings.clone(), disk.clone()) else { return };
    store.tidy();
    disk.fail_syncs_after(good);
    let erased = store.erase(wanted);
    assert!(erased.is_err() || store.wishes().unwrap().is_empty(), "{within} {good}: {erased:?}");
}

/// An event that route `main/crm` wants, with `words` in it; the route has ended with everything up to `high`.
fn wanted(seq: u64, words: &str, high: u64) -> crate::Change {
    let body = format!(r#"{{"text":"{words}"}}"#).into_bytes();
    let mut event = crate::testing::event("100", seq, 0);
    (event.item, event.body) = ((0, body.len() as u32), body.into());
    event.wanted_by = vec![crate::route_tag("main/crm")];
    let mut change = crate::Change { events: vec![event.into()], ..crate::Change::default() };
    change.put(&crate::testing::progress("100", high));
    change
}

#[test]
fn bodies_that_are_kept_until_delivered_leave_the_disk_when_their_volume_is_done_or_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let clock = crate::Clock::by_hand(1_800_000_000);
    let settings = SledSettings { clock: clock.clone(), volume_bytes: u64::MAX, ..SledSettings::new(folder.path()) };
    let settings = settings.keeping(crate::KeepBody::UntilDelivered);
    let store = open(settings.clone()).unwrap();
    let later = |hours: u64, seq: u64, words: &str, high: u64| {
        clock.set(clock.now_s() + hours * 3600);
        keep(&store, wanted(seq, words, high));
        // The second round looks at the volume that the first one sealed.
        store.tidy();
        store.tidy();
    };
    let holds = |words: &str| !holding(folder.path(), words).is_empty();
    later(0, 1, "apples", 0);
    later(0, 2, "pears", 1);
    assert!(holds("apples") && holds("pears"), "the volume is still written");
    // The volume is sealed, and the second of its events is open.
    later(7, 3, "plums", 1);
    assert!(holds("apples") && holds("pears"));
    later(25, 4, "grapes", 1);
    assert!(!holds("apples"), "what was delivered waits a day at most for its neighbours");
    assert!(holds("pears") && holds("plums") && holds("grapes"), "what is open has its body");
    assert_eq!(&*store.event("100", 2).unwrap().unwrap().body, br#"{"text":"pears"}"#);
    later(7, 5, "figs", 4);
    assert!(!holds("pears") && !holds("plums") && holds("figs"), "a volume that is done goes at once");
    let events = store.events("100", 0, 10, usize::MAX).unwrap();
    assert_eq!(events.iter().map(crate::Event::is_erased).collect::<Vec<_>>(), [true, true, true, true, false]);
    drop(store);
    let store = open(settings).unwrap();
    store.tidy();
    assert_eq!(&*store.event("100", 5).unwrap().unwrap().body, br#"{"text":"figs"}"#);
}
