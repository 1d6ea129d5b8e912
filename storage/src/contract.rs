//! What any engine must do, as tests: each takes a rig that opens the engine and opens it again.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

use crate::testing::{Notes, commit, event, keep, mark, progress, routed, wamid};
use crate::{
    AuditRecord, Change, Claim, Clock, Event, Glance, Key, Kind, Noun, Outcome, Progress, Stamp, Standing, Store,
    Tally, Write,
};
use bytes::Bytes;
use std::sync::Arc;

pub(crate) mod erasing;
pub(crate) use erasing::{
    a_wish_to_erase_outlives_a_reopen_until_it_is_fulfilled, erasing_a_customer_leaves_their_place_and_nothing_of_them,
};

/// Opens an engine: a fresh one, or the one given, to which this is the only handle.
type Open = Box<dyn FnMut(Option<Arc<dyn Store>>) -> Arc<dyn Store>>;

/// An engine under test.
pub(crate) struct Rig {
    store: Option<Arc<dyn Store>>,
    open: Open,
    pub(crate) clock: Clock,
}

/// The dedupe window that a rig must give its engine: an hour.
pub(crate) const DEDUPE_S: u64 = 3600;
/// The time at which a rig's clock stands at first.
pub(crate) const START_S: u64 = 1_800_000_000;

impl Rig {
    /// `open` is called at once for a fresh store.
    pub(crate) fn new(clock: Clock, mut open: impl FnMut(Option<Arc<dyn Store>>) -> Arc<dyn Store> + 'static) -> Self {
        Self { store: Some(open(None)), open: Box::new(open), clock }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &**self.store.as_ref().unwrap()
    }

    pub(crate) fn reopen(&mut self) {
        let store = self.store.take();
        self.store = Some((self.open)(store));
    }
}

/// Runs every contract test against the rigs that `$rig` makes.
macro_rules! contract {
    ($rig:expr) => {
        crate::contract::contract!($rig;
            receipts_are_told_once_in_commit_order,
            a_change_is_visible_only_when_durable_and_then_whole,
            everything_reads_the_same_after_a_reopen,
            tallies_count_exactly_once_over_reopens,
            the_last_seq_survives_and_never_falls,
            a_removed_record_stays_removed,
            a_copy_is_seen_within_the_window_only,
            an_item_without_time_or_id_is_a_copy_for_ten_minutes_only,
            a_differing_copy_shows_the_content_accepted_first,
            events_come_in_pages_bounded_by_count_and_bytes,
            records_come_in_pages_in_key_order,
            records_come_in_pages_backwards_too,
            a_change_larger_than_any_page_is_kept_whole,
            an_event_of_three_megabytes_comes_back,
            ledgers_balance_in_every_committed_state,
            commits_after_close_are_lost_and_told,
            an_empty_change_is_told_too,
            erasing_a_customer_leaves_their_place_and_nothing_of_them,
            a_wish_to_erase_outlives_a_reopen_until_it_is_fulfilled
        );
    };
    ($rig:expr; $($test:ident),*) => { $(
        #[test]
        fn $test() {
            crate::contract::$test($rig);
        }
    )* };
}
pub(crate) use contract;

pub(crate) fn receipts_are_told_once_in_commit_order(rig: Rig) {
    let (left, right) = (Arc::new(Notes::default()), Arc::new(Notes::default()));
    for number in 0..500 {
        let change = Change { events: vec![event("100", number + 1, 100).into()], ..Change::default() };
        rig.store().commit(change, vec![left.receipt(number), right.receipt(number)]);
    }
    for notes in [left, right] {
        let told = notes.wait(500);
        assert_eq!(told.len(), 500);
        assert!(
            told.iter()
                .enumerate()
                .all(|(nth, (number, outcome))| *number == nth as u64 && *outcome == Outcome::Durable)
        );
    }
    let figures = rig.store().figures();
    assert_eq!((figures.changes, figures.events, figures.queued_bytes), (500, 500, 0));
}

pub(crate) fn a_change_is_visible_only_when_durable_and_then_whole(rig: Rig) {
    let notes = Arc::new(Notes::default());
    for seq in 1..=300 {
        let mut change = Change { events: vec![event("100", seq, 300).into()], ..Change::default() };
        change.put(&progress("100", seq));
        change.put(&wamid("100", seq));
        change.tallies.push(routed("100", 1));
        rig.store().commit(change, vec![notes.receipt(seq)]);
        // Whatever shows of a change, all of it shows; the event is applied with the record that names it.
        let high = rig.store().get(Kind::Progress, &progress("100", 0).key().0).unwrap();
        let high = high.map_or(0, |bytes| Progress::from_bytes(&bytes).unwrap().high);
        assert!(rig.store().last_seq("100") >= high);
        assert!(rig.store().ledger("100").received as u64 >= high);
        assert_eq!(rig.store().event("100", high).unwrap().is_some(), high > 0);
        assert!(high == 0 || rig.store().get(Kind::Wamid, &wamid("100", high).key().0).unwrap().is_some());
    }
    notes.wait(300);
    assert_eq!(rig.store().last_seq("100"), 300);
}

pub(crate) fn everything_reads_the_same_after_a_reopen(mut rig: Rig) {
    let read = |store: &dyn Store| {
        let kinds: Vec<_> = Kind::ALL.into_iter().map(|kind| store.page(kind, &[], None, 10_000).unwrap()).collect();
        let events: Vec<_> = (0..7).map(|nth| store.events(&format!("{nth}"), 0, 1000, usize::MAX).unwrap()).collect();
        (kinds, events, store.ledgers(), store.hot(Kind::Progress, &[]))
    };
    for round in 0..4_u64 {
        for nth in 0..50 {
            let seq = round * 50 + nth + 1;
            let mut change = Change::default();
            change.events.extend((0..7).map(|stream| event(&format!("{stream}"), seq, 200 + seq as usize).into()));
            change.put(&wamid("100", seq % 60));
            change.put(&progress("100", seq));
            change.put(&Claim {
                gateway: "main".into(),
                claimed: format!("{nth}").into(),
                first: seq,
                count: 1,
                bytes: 1,
            });
            change.tallies.push(routed("100", 7));
            change.tallies.push(routed(&format!("{nth}"), 1));
            keep(rig.store(), change);
        }
        let before = read(rig.store());
        rig.reopen();
        assert_eq!(read(rig.store()), before);
    }
}

pub(crate) fn tallies_count_exactly_once_over_reopens(mut rig: Rig) {
    let mut expected = Tally::default();
    for round in 1..=6_i64 {
        for _ in 0..10 {
            let (owner, mut tally) = routed("100", round);
            tally.routes.entry("main/crm".into()).or_default().offered += 1;
            tally.routes.entry("main/crm".into()).or_default().pending += 1;
            expected.add(&tally);
            keep(rig.store(), Change { tallies: vec![(owner, tally)], ..Change::default() });
        }
        rig.reopen();
        assert_eq!(rig.store().ledger("100"), expected);
    }
    assert_eq!(rig.store().ledgers(), vec![("100".to_owned(), expected)]);
    assert_eq!(rig.store().ledger("nobody"), Tally::default());
}

pub(crate) fn the_last_seq_survives_and_never_falls(mut rig: Rig) {
    for seq in 1..=20 {
        keep(rig.store(), Change { events: vec![event("100", seq, 10).into()], ..Change::default() });
    }
    rig.reopen();
    assert_eq!((rig.store().last_seq("100"), rig.store().last_seq("10"), rig.store().last_seq("1000")), (20, 0, 0));
}

pub(crate) fn a_removed_record_stays_removed(mut rig: Rig) {
    for kind in [Kind::Claim, Kind::Alias] {
        let key = Key(b"a".to_vec());
        let large = Bytes::from(vec![7; 200_000]);
        let write = |value| Change { writes: vec![Write { kind, key: key.clone(), value }], ..Change::default() };
        keep(rig.store(), write(Some(large.clone())));
        rig.reopen();
        assert_eq!(rig.store().get(kind, &key.0).unwrap(), Some(large));
        keep(rig.store(), write(Some(Bytes::from_static(b"small"))));
        rig.reopen();
        assert_eq!(rig.store().get(kind, &key.0).unwrap(), Some(Bytes::from_static(b"small")));
        keep(rig.store(), write(None));
        assert_eq!(rig.store().get(kind, &key.0).unwrap(), None);
        rig.reopen();
        assert_eq!(rig.store().get(kind, &key.0).unwrap(), None);
        assert_eq!(rig.store().page(kind, &[], None, 10).unwrap(), Vec::new());
    }
}

/// What an actor asks: memory first, then the disk.
pub(crate) fn ask(store: &dyn Store, key: u128, stamp: Stamp) -> Option<u32> {
    let looked = store.look(&[(key, stamp)]).unwrap()[0];
    match store.glance(&[(key, stamp)])[0] {
        Glance::New => assert_eq!(looked, None),
        Glance::Seen(seen) => assert_eq!(looked, Some(seen)),
        Glance::Unsure => {}
    }
    looked.map(|seen| seen.content)
}

pub(crate) fn a_copy_is_seen_within_the_window_only(mut rig: Rig) {
    let stamps = [(1, Stamp::Dated(START_S)), (2, Stamp::Dated(START_S - 90 * 86_400)), (3, Stamp::Undated)];
    for (key, stamp) in stamps {
        assert_eq!(ask(rig.store(), key, stamp), None);
        keep(rig.store(), Change { marks: vec![mark(key, stamp, 5, START_S)], ..Change::default() });
        assert_eq!(ask(rig.store(), key, stamp), Some(5));
    }
    rig.clock.set(START_S + DEDUPE_S);
    rig.reopen();
    for (key, stamp) in stamps {
        assert_eq!(ask(rig.store(), key, stamp), Some(5));
    }
    assert_eq!(ask(rig.store(), 4, Stamp::Dated(START_S)), None);
    rig.clock.set(START_S + DEDUPE_S + 1);
    for (key, stamp) in stamps {
        assert_eq!(ask(rig.store(), key, stamp), None);
    }
}

pub(crate) fn an_item_without_time_or_id_is_a_copy_for_ten_minutes_only(mut rig: Rig) {
    keep(rig.store(), Change { marks: vec![mark(9, Stamp::Brief, 5, START_S)], ..Change::default() });
    rig.clock.set(START_S + 600);
    assert_eq!(ask(rig.store(), 9, Stamp::Brief), Some(5));
    rig.reopen();
    assert_eq!(ask(rig.store(), 9, Stamp::Brief), Some(5));
    rig.clock.set(START_S + 601);
    assert_eq!(ask(rig.store(), 9, Stamp::Brief), None);
    keep(rig.store(), Change { marks: vec![mark(9, Stamp::Brief, 6, START_S + 601)], ..Change::default() });
    assert_eq!(ask(rig.store(), 9, Stamp::Brief), Some(6));
}

pub(crate) fn a_differing_copy_shows_the_content_accepted_first(mut rig: Rig) {
    let stamp = Stamp::Dated(START_S);
    let marks = (0..100).map(|key| mark(key, stamp, key as u32 + 1000, START_S)).collect();
    keep(rig.store(), Change { marks, ..Change::default() });
    for _ in 0..2 {
        assert!((0..100).all(|key| ask(rig.store(), key, stamp) == Some(key as u32 + 1000)));
        rig.reopen();
    }
}

pub(crate) fn events_come_in_pages_bounded_by_count_and_bytes(mut rig: Rig) {
    for seq in 1..=100 {
        let events = vec![event("a", seq, 1000).into(), event("ab", seq, 3000).into()];
        keep(rig.store(), Change { events, ..Change::default() });
    }
    for _ in 0..2 {
        let seqs = |events: Vec<Event>| events.iter().map(|event| event.seq).collect::<Vec<_>>();
        let read = |after, limit, bytes| seqs(rig.store().events("a", after, limit, bytes).unwrap());
        assert_eq!(read(0, 10, usize::MAX), (1..=10).collect::<Vec<_>>());
        assert_eq!(read(95, 10, usize::MAX), (96..=100).collect::<Vec<_>>());
        assert_eq!(read(100, 10, usize::MAX), Vec::<u64>::new());
        assert_eq!(read(u64::MAX, 10, usize::MAX), Vec::<u64>::new());
        assert_eq!(read(0, 0, usize::MAX), Vec::<u64>::new());
        assert_eq!(read(50, 10, 3500), vec![51, 52, 53]);
        assert_eq!(read(50, 10, 3000), vec![51, 52, 53]);
        assert_eq!(read(50, 10, 1), vec![51]);
        assert_eq!(read(0, 1000, usize::MAX), (1..=100).collect::<Vec<_>>());
        assert_eq!(rig.store().event("a", 42).unwrap(), Some(event("a", 42, 1000)));
        assert_eq!(rig.store().event("ab", 42).unwrap(), Some(event("ab", 42, 3000)));
        assert_eq!(rig.store().event("a", 101).unwrap(), None);
        assert_eq!(rig.store().event("a", 0).unwrap(), None);
        assert_eq!(rig.store().event("b", 1).unwrap(), None);
        rig.reopen();
    }
}

pub(crate) fn records_come_in_pages_in_key_order(mut rig: Rig) {
    for kind in [Kind::Claim, Kind::Alias] {
        let key = |nth: u32| Key(format!("k{nth:03}").into_bytes());
        let write = |nth, value| Write { kind, key: key(nth), value };
        for nth in (0..100).rev() {
            let writes = vec![write(nth, Some(Bytes::from(vec![nth as u8])))];
            keep(rig.store(), Change { writes, ..Change::default() });
        }
        rig.reopen();
        let writes = (0..50).map(|nth| write(nth * 2, None)).chain([write(101, Some(Bytes::new()))]).collect();
        keep(rig.store(), Change { writes, ..Change::default() });
        for _ in 0..2 {
            let page = |prefix: &str, after: Option<Key>, limit| {
                let after = after.as_ref().map(|key| &key.0[..]);
                let page = rig.store().page(kind, prefix.as_bytes(), after, limit).unwrap();
                page.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
            };
            assert_eq!(page("k", None, 3), vec![key(1), key(3), key(5)]);
            assert_eq!(page("k", Some(key(5)), 3), vec![key(7), key(9), key(11)]);
            assert_eq!(page("k", Some(key(96)), 9), vec![key(97), key(99), key(101)]);
            assert_eq!(page("k01", None, 9), vec![key(11), key(13), key(15), key(17), key(19)]);
            assert_eq!(page("k01", Some(key(3)), 1), vec![key(11)]);
            assert_eq!(page("k01", Some(key(19)), 9), Vec::new());
            assert_eq!(page("", None, 1000).len(), 51);
            assert_eq!(page("l", None, 9), Vec::new());
            rig.reopen();
        }
    }
}

pub(crate) fn records_come_in_pages_backwards_too(mut rig: Rig) {
    for kind in [Kind::Claim, Kind::Alias] {
        let write = |name: &str, value| Write { kind, key: Key(name.as_bytes().to_vec()), value };
        let set = || Some(Bytes::from_static(b"x"));
        // Neighbours on both sides of the prefix, and kinds on both sides of this one.
        let names = (0..50).map(|nth| format!("k{nth:02}")).chain(["j", "k", "k~", "l"].map(str::to_owned));
        keep(rig.store(), Change { writes: names.map(|name| write(&name, set())).collect(), ..Change::default() });
        for kind in [Kind::Progress, Kind::Life, Kind::Dialog, Kind::Message] {
            let writes = vec![Write { kind, key: Key(b"k25".to_vec()), value: set() }];
            keep(rig.store(), Change { writes, ..Change::default() });
        }
        rig.reopen();
        let writes = (0..25).map(|nth| write(&format!("k{:02}", nth * 2), None)).chain([write("k50", set())]).collect();
        keep(rig.store(), Change { writes, ..Change::default() });
        for _ in 0..2 {
            let page = |prefix: &str, before: Option<&str>, limit| {
                let page = rig.store().page_back(kind, prefix.as_bytes(), before.map(str::as_bytes), limit).unwrap();
                page.into_iter().map(|(key, _)| String::from_utf8(key.0).unwrap()).collect::<Vec<_>>()
            };
            assert_eq!(page("k", None, 3), ["k~", "k50", "k49"]);
            assert_eq!(page("k", Some("k49"), 3), ["k47", "k45", "k43"]);
            assert_eq!(page("k", Some("k48"), 2), ["k47", "k45"], "what was removed is a place all the same");
            assert_eq!(page("k", Some("k03"), 9), ["k01", "k"]);
            assert_eq!(page("k", Some("l"), 1), ["k~"]);
            assert_eq!(page("k1", None, 9), ["k19", "k17", "k15", "k13", "k11"]);
            assert_eq!(page("k1", Some("k30"), 1), ["k19"]);
            assert_eq!(page("k1", Some("k11"), 9), Vec::<String>::new());
            assert_eq!(page("k1", Some("a"), 9), Vec::<String>::new());
            assert_eq!(page("m", None, 9), Vec::<String>::new());
            assert_eq!(page("", None, 1), ["l"]);
            let mut forward = rig.store().page(kind, &[], None, 100).unwrap();
            forward.reverse();
            assert_eq!(rig.store().page_back(kind, &[], None, 100).unwrap(), forward);
            rig.reopen();
        }
    }
}

pub(crate) fn a_change_larger_than_any_page_is_kept_whole(mut rig: Rig) {
    let mut change = Change::default();
    change.events.extend((1..=200).map(|seq| event("100", seq, 5000 + 700 * seq as usize).into()));
    change.marks.extend((0..20_000).map(|key| mark(key, Stamp::Dated(START_S), 1, START_S)));
    for nth in 0..300 {
        change.put(&AuditRecord {
            at_ms: nth,
            nonce: 0,
            who: "x".repeat(1000).into(),
            address: "".into(),
            gateway: "".into(),
            verb: "".into(),
            ids: Vec::new(),
            result: "".into(),
        });
    }
    change.tallies.push(routed("100", 200));
    let events: Vec<Event> = change.events.iter().map(|event| (**event).clone()).collect();
    keep(rig.store(), change);
    keep(rig.store(), Change { events: vec![event("100", 201, 10).into()], ..Change::default() });
    for _ in 0..2 {
        assert_eq!(rig.store().events("100", 0, 200, usize::MAX).unwrap(), events);
        assert_eq!(rig.store().last_seq("100"), 201);
        assert_eq!(rig.store().page(Kind::Audit, &[], None, 1000).unwrap().len(), 300);
        assert_eq!(rig.store().ledger("100").received, 200);
        assert!((0..20_000).step_by(997).all(|key| ask(rig.store(), key, Stamp::Dated(START_S)) == Some(1)));
        rig.reopen();
    }
}

pub(crate) fn an_event_of_three_megabytes_comes_back(mut rig: Rig) {
    let events = [event("100", 1, 500), event("100", 2, 3 << 20), event("100", 3, 500)];
    for event in &events {
        keep(rig.store(), Change { events: vec![event.clone().into()], ..Change::default() });
    }
    for _ in 0..2 {
        assert_eq!(rig.store().events("100", 0, 10, usize::MAX).unwrap(), events);
        assert_eq!(rig.store().events("100", 0, 10, 1 << 20).unwrap().len(), 1);
        assert_eq!(rig.store().event("100", 2).unwrap().as_ref(), Some(&events[1]));
        rig.reopen();
    }
}

pub(crate) fn ledgers_balance_in_every_committed_state(mut rig: Rig) {
    let notes = Arc::new(Notes::default());
    for number in 0..600 {
        let mut change = Change::default();
        // One owner's loss is another one's gain: only a whole change balances.
        change.tallies.push(("a".into(), Tally { received: 1, quarantined: 1, ..Tally::default() }));
        change.tallies.push(("b".into(), Tally { received: -1, quarantined: -1, ..Tally::default() }));
        change.tallies.push(routed("c", 3));
        rig.store().commit(change, vec![notes.receipt(number)]);
        let mut sum = Tally::default();
        rig.store().ledgers().iter().for_each(|(_, ledger)| sum.add(ledger));
        assert_eq!((sum.faults(), sum.quarantined), (Vec::<String>::new(), 0));
    }
    notes.wait(600);
    rig.reopen();
    assert_eq!((rig.store().ledger("a").received, rig.store().ledger("c").received), (600, 1800));
}

pub(crate) fn commits_after_close_are_lost_and_told(mut rig: Rig) {
    keep(rig.store(), Change { events: vec![event("100", 1, 10).into()], ..Change::default() });
    assert_eq!(rig.store().standing(), Standing::Open);
    rig.store().close();
    assert!(matches!(rig.store().standing(), Standing::Closed { .. }));
    let lost = commit(rig.store(), Change { events: vec![event("100", 2, 10).into()], ..Change::default() });
    assert!(matches!(lost, Outcome::Lost { .. }));
    assert_eq!(rig.store().last_seq("100"), 1);
    rig.reopen();
    assert_eq!((rig.store().standing(), rig.store().last_seq("100")), (Standing::Open, 1));
}

pub(crate) fn an_empty_change_is_told_too(rig: Rig) {
    keep(rig.store(), Change::default());
}
