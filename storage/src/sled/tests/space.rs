//! A store that may take so many bytes: who gives way, in which order, and what never does.

use super::open;
use crate::testing::{event, keep, mark, routed};
use crate::{Change, Claim, Clock, Kind, Level, Noun, OpenDelivery, Progress, SledSettings, SledStore, Stamp, Store};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const DAY_S: u64 = 86_400;
const NOW_S: u64 = 1_800_000_000;
const MIB: u64 = 1 << 20;
const DAY: Duration = Duration::from_secs(DAY_S);
/// One event fills a sixth of a volume.
const SIZE: usize = 3 << 20;

fn settings(path: &Path, max_mib: u64) -> SledSettings {
    let mut settings = SledSettings::new(path);
    settings.volume_bytes = 16 * MIB;
    settings.checkpoint_every = Duration::from_millis(10);
    settings.clock = Clock::by_hand(NOW_S);
    settings.max_bytes = Some(max_mib * MIB);
    settings
}

/// The nth event of `stream`, with its mark and its count.
fn arrival(stream: &str, seq: u64, now_s: u64) -> Change {
    let mut event = event(stream, seq, 0);
    event.body = vec![seq as u8; SIZE].into();
    event.item = (0, SIZE as u32);
    event.received_at_ms = now_s * 1000;
    event.wanted_by = vec![crate::route_tag("main/crm")];
    Change {
        events: vec![Arc::new(event)],
        marks: vec![mark(seq.into(), Stamp::Dated(now_s), seq as u32, now_s)],
        tallies: vec![routed(stream, 1)],
        ..Change::default()
    }
}

fn ended_through(high: u64, open: &[u64]) -> Change {
    let open = open.iter().map(|seq| OpenDelivery {
        seq: *seq,
        lane: 1,
        received_at_ms: 1,
        attempts: 1,
        ..OpenDelivery::default()
    });
    let mut change = Change::default();
    change.put(&Progress { account: "100".into(), route: "main/crm".into(), high, open: open.collect() });
    change
}

/// Brings events `seqs`, each delivered at once.
fn deliver(store: &SledStore, seqs: std::ops::RangeInclusive<u64>, now_s: u64) {
    for seq in seqs {
        let mut change = arrival("100", seq, now_s);
        change.writes.extend(ended_through(seq, &[]).writes);
        keep(store, change);
        store.tidy();
    }
}

fn is_known(store: &SledStore, seq: u64, at_s: u64) -> bool {
    store.look(&[(seq.into(), Stamp::Dated(at_s))]).unwrap()[0].is_some()
}

#[test]
fn the_oldest_delivered_events_give_way_to_new_ones_and_their_marks_stay() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), 240);
    let store = open(settings.clone()).unwrap();
    let mut most = 0;
    for seq in 1..=80 {
        deliver(&store, seq..=seq, NOW_S);
        most = most.max(store.room().used_bytes);
        assert!(store.room().level() < Level::Full, "{:?} at {seq}", store.room());
    }
    assert!(most > 190 * MIB, "the space is used: {most}");
    assert_eq!(store.event("100", 1).unwrap(), None, "the oldest gave way");
    assert!(store.event("100", 80).unwrap().is_some());
    let first = store.events("100", 0, 1, 1).unwrap()[0].seq;
    assert!((20..70).contains(&first), "{first}");
    assert!((1..=80).all(|seq| is_known(&store, seq, NOW_S)), "a copy of any of them is a duplicate");
    drop(store);

    let store = open(settings).unwrap();
    store.tidy();
    assert!((1..=80).all(|seq| is_known(&store, seq, NOW_S)), "also after a restart");
    assert_eq!((store.ledger("100").received, store.last_seq("100")), (80, 80));
    assert!(store.events("100", 0, 1, 1).unwrap()[0].seq >= first);
    deliver(&store, 81..=90, NOW_S);
    assert!(store.room().level() < Level::Full);
}

#[test]
fn history_whose_marks_no_longer_count_goes_first_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path(), 240);
    settings.retention = Duration::from_secs(60 * DAY_S);
    let store = open(settings.clone()).unwrap();
    deliver(&store, 1..=24, NOW_S);
    let volumes = store.figures().volumes;
    settings.clock.set(NOW_S + 9 * DAY_S);
    deliver(&store, 25..=70, NOW_S + 9 * DAY_S);
    assert_eq!(store.event("100", 1).unwrap(), None);
    assert!((25..=70).all(|seq| is_known(&store, seq, NOW_S + 9 * DAY_S)));
    let left = store.figures().volumes;
    assert!(left < volumes + 46 / 5, "{left} volumes are left of {volumes} and what came");
    assert!(store.room().level() < Level::Full);
}

#[test]
fn unfinished_work_never_gives_way_and_a_full_store_recovers_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), 120);
    let store = open(settings).unwrap();
    keep(&store, ended_through(0, &[]));
    let mut seq = 0;
    while store.room().level() < Level::Full {
        seq += 1;
        keep(&store, arrival("100", seq, NOW_S));
        store.tidy();
        assert!(seq < 100, "never full: {:?}", store.room());
    }
    assert_eq!(store.events("100", 0, 1000, usize::MAX).unwrap().len() as u64, seq, "all of it is there");
    keep(&store, ended_through(seq, &[1]));
    store.tidy();
    assert!(store.room().level() < Level::Full, "what was delivered gives way: {:?}", store.room());
    assert!(store.event("100", 1).unwrap().is_some(), "what is still open does not");
    assert!((1..=seq).all(|seq| is_known(&store, seq, NOW_S)));
}

#[test]
fn the_owner_of_a_quarantine_is_asked_before_the_store_is_full_and_what_it_lets_go_goes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(settings(folder.path(), 200)).unwrap();
    let claim = |first| {
        let mut change = Change::default();
        change.put(&Claim { gateway: "main".into(), claimed: "7".into(), first, count: 9, bytes: 9 });
        change
    };
    keep(&store, claim(1));
    let mut seq = 0;
    while store.room().asked.is_empty() {
        seq += 1;
        keep(&store, arrival("q.main", seq, NOW_S));
        store.tidy();
        assert!(seq < 100, "never asked: {:?}", store.room());
    }
    assert!(store.room().level() < Level::Full);
    let through = store.room().asked_of("q.main").unwrap();
    assert!((1..seq).contains(&through), "the oldest volume's, not all of it: {through} of {seq}");
    assert!(store.event("q.main", 1).unwrap().is_some(), "it waits for the owner");
    keep(&store, claim(through + 1));
    store.tidy();
    assert_eq!(store.event("q.main", 1).unwrap(), None);
    assert!(store.event("q.main", through + 1).unwrap().is_some());
    assert!(store.hot(Kind::Claim, &[]).iter().all(|(_, bytes)| Claim::from_bytes(bytes).unwrap().first > through));
}

#[test]
fn marks_that_count_give_way_last_and_before_anything_new_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(settings(folder.path(), 100)).unwrap();
    for seq in 1..=70 {
        deliver(&store, seq..=seq, NOW_S);
        assert!(store.room().level() < Level::Full, "{:?} at {seq}", store.room());
    }
    assert!(!is_known(&store, 1, NOW_S), "the oldest marks went");
    assert!(is_known(&store, 70, NOW_S));
}

/// Whatever write or sync of the giving way fails: after a restart everything is there but what gave way.
#[test]
fn a_disk_that_fails_while_history_gives_way_loses_no_mark_and_no_young_event() {
    for good in [0, 1, 2, 4, 8, 16] {
        for within in ["journal", "archive", "state"] {
            let folder = tempfile::tempdir().unwrap();
            let settings = settings(folder.path(), 0);
            let roomy = SledSettings { max_bytes: None, ..settings.clone() };
            let store = open(roomy.clone()).unwrap();
            deliver(&store, 1..=14, NOW_S);
            drop(store);
            let disk = Arc::new(crate::FailingDisk::within(within));
            let tight = SledSettings { max_bytes: Some(75 * MIB), checkpoint_every: DAY, ..settings };
            disk.fail_syncs_after(u32::MAX);
            if let Ok(store) = SledStore::open_with(tight, disk.clone()) {
                disk.fail_syncs_after(good);
                store.tidy();
            }
            let store = open(roomy).unwrap();
            store.tidy();
            assert!((1..=14).all(|seq| is_known(&store, seq, NOW_S)), "{within} {good}");
            let young = store.events("100", 12, 10, usize::MAX).unwrap().len();
            assert_eq!((young, store.ledger("100").received), (2, 14), "{within} {good}");
        }
    }
}

#[test]
fn a_replacement_that_a_crash_cut_short_is_finished_or_swept_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut unbounded = settings(folder.path(), 0);
    unbounded.max_bytes = None;
    let store = open(unbounded.clone()).unwrap();
    deliver(&store, 1..=14, NOW_S);
    drop(store);
    let journal = folder.path().join("journal");
    let copy = |to: &str| {
        std::fs::create_dir(journal.join(to)).unwrap();
        for entry in std::fs::read_dir(journal.join("00000002")).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                std::fs::copy(entry.path(), journal.join(to).join(entry.file_name())).unwrap();
            }
        }
    };
    copy("00000001.half");
    copy("00000002.whole");
    std::fs::rename(journal.join("00000002"), journal.join("00000002.gone")).unwrap();
    let store = open(unbounded).unwrap();
    store.tidy();
    assert_eq!(store.events("100", 0, 100, usize::MAX).unwrap().len(), 14);
    assert!((1..=14).all(|seq| is_known(&store, seq, NOW_S)));
    let names = std::fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| name.len() == 8));
}

#[test]
fn unfinished_work_outlives_retention_but_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path(), 0);
    settings.max_bytes = None;
    let store = open(settings.clone()).unwrap();
    keep(&store, ended_through(0, &[]));
    for seq in 1..=14 {
        keep(&store, arrival("100", seq, NOW_S));
        store.tidy();
    }
    keep(&store, ended_through(14, &[8]));
    settings.clock.set(NOW_S + 20 * DAY_S);
    store.tidy();
    assert_eq!(store.event("100", 1).unwrap(), None, "delivered and old");
    assert!(store.event("100", 8).unwrap().is_some(), "a route may still be on hold");
    settings.clock.set(NOW_S + 61 * DAY_S);
    store.tidy();
    assert_eq!(store.event("100", 8).unwrap(), None, "a route that is gone holds nothing for ever");
}

/// Seven days and seven more, an hour at a time: what comes in is delivered, and the disk does not grow any further.
#[test]
fn over_a_simulated_fortnight_the_disk_reaches_a_plateau() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path(), 0);
    settings.max_bytes = None;
    settings.volume_bytes = MIB;
    let store = open(settings.clone()).unwrap();
    let mut days = Vec::new();
    for day in 0..20 {
        for hour in 0..24 {
            let (seq, now_s) = (day * 24 + hour + 1, NOW_S + (day * 24 + hour) * 3600);
            settings.clock.set(now_s);
            let mut change = arrival("100", seq, now_s);
            change.writes.extend(ended_through(seq, &[]).writes);
            let short = Arc::make_mut(&mut change.events[0]);
            short.body = short.body.slice(..20_000);
            short.item = (0, 20_000);
            keep(&store, change);
        }
        store.tidy();
        days.push((store.room().used_bytes, store.figures().volumes));
    }
    let plateau = days[10..].iter().map(|(used, _)| *used).max().unwrap();
    assert!(days[19].0 <= plateau && plateau <= days[9].0 + 3 * 8 * MIB, "{days:?}");
    assert!(days[19].1 <= 11, "no more volumes than days: {days:?}");
    let first = store.events("100", 0, 1, 1).unwrap()[0].seq;
    assert!(first > 10 * 24, "what is older than a volume and 8 days is gone: {first}");
    assert!(is_known(&store, 12 * 24 + 1, NOW_S + 12 * DAY_S), "marks of 8 days are there");
    assert!(!is_known(&store, 24, NOW_S + 23 * 3600), "older ones count no more");
}
