//! How replays go through a journal: nothing twice, nothing left out, no faster than asked, wherever they are stopped.

use super::*;
use crate::rules::testing::{NOW, event};
use proptest::prelude::*;

fn record(id: &str, from_seq: u64, through_seq: u64, rate: u32) -> ReplayRecord {
    ReplayRecord {
        account: "100".into(),
        id: id.into(),
        route: None,
        kind: None,
        from_seq,
        through_seq,
        rate,
        state: ReplayState::Running,
        done: 0,
        skipped: 0,
        next_seq: from_seq,
        began_at_ms: NOW,
        ended_at_ms: None,
    }
}

fn any(_: &ReplayRecord, _: Option<usize>) -> bool {
    true
}

/// The events after `after` of a journal that ends at `last`.
fn journal(wanted: &Wanted, last: u64) -> Vec<Arc<Event>> {
    (wanted.after + 1..=last).take(wanted.limit).map(|seq| event(seq, seq)).collect()
}

#[test]
fn a_stretch_is_gone_through_once_in_order_and_no_faster_than_asked() {
    let mut replays = Replays::default();
    replays.begin(record("rpl_1", 3, 120, 100)).expect("room");
    let (mut taken, mut now) = (Vec::new(), NOW);
    while let Some(due_at) = replays.due_at(any) {
        now = now.max(due_at);
        for wanted in replays.wants_to_read(any, now) {
            let events = journal(&wanted, 500);
            replays.step(
                "rpl_1",
                &events,
                |_, event| {
                    taken.push(event.seq);
                    Taken::Opened
                },
                now,
            );
        }
    }
    assert_eq!(taken, (3..=120).collect::<Vec<u64>>());
    assert_eq!(now, NOW + 1100, "118 events at 100 a second, the first ten at once");
    let ended = replays.get("rpl_1").expect("kept");
    assert_eq!((ended.state, ended.done, ended.ended_at_ms), (ReplayState::Done, 118, Some(now)));
}

#[test]
fn what_nobody_gets_again_costs_no_time() {
    let mut replays = Replays::default();
    replays.begin(ReplayRecord { kind: Some("status".into()), ..record("rpl_1", 1, 900, 1) }).expect("room");
    let mut reads = 0;
    while let [wanted] = &replays.wants_to_read(any, NOW)[..] {
        reads += 1;
        let events = journal(wanted, 2000);
        replays.step("rpl_1", &events, |_, _| panic!("there is no status"), NOW);
    }
    let ended = replays.get("rpl_1").expect("kept");
    assert_eq!((ended.state, ended.skipped, ended.next_seq, reads), (ReplayState::Done, 900, 901, 3));
}

#[test]
fn a_reader_without_room_stops_it_until_there_is_some() {
    let mut replays = Replays::default();
    replays.begin(record("rpl_1", 1, 10, 10_000)).expect("room");
    let wanted = replays.wants_to_read(any, NOW).remove(0);
    assert!(replays.wants_to_read(any, NOW).is_empty(), "one read at a time");
    let full_at_4 = |_: &ReplayRecord, event: &Arc<Event>| {
        if event.seq < 4 { Taken::Opened } else { Taken::NoRoom(2) }
    };
    let kept = replays.step("rpl_1", &journal(&wanted, 10), full_at_4, NOW).expect("it moved");
    assert_eq!((kept.done, kept.next_seq), (3, 4));
    let has_no_room = |_: &ReplayRecord, stuck: Option<usize>| stuck != Some(2);
    assert_eq!(replays.due_at(has_no_room), None);
    assert_eq!(replays.wants_to_read(any, NOW + 1)[0].after, 3);
    assert!(replays.step("rpl_1", &[event(4, 4)], full_at_4, NOW).is_none(), "nothing moved, nothing to keep");
}

#[test]
fn a_read_that_failed_is_tried_a_second_later() {
    let mut replays = Replays::default();
    replays.begin(record("rpl_1", 1, 10, 10)).expect("room");
    replays.wants_to_read(any, NOW);
    replays.read_failed("rpl_1", NOW);
    assert_eq!(replays.due_at(any), Some(NOW + 1000));
    assert!(replays.wants_to_read(any, NOW + 999).is_empty());
}

#[test]
fn a_journal_that_forgot_the_rest_ends_it() {
    let mut replays = Replays::default();
    replays.begin(record("rpl_1", 1, 10, 10)).expect("room");
    replays.wants_to_read(any, NOW);
    let kept = replays.step("rpl_1", &[], |_, _| Taken::Opened, NOW).expect("it ended");
    assert_eq!((kept.state, kept.done), (ReplayState::Done, 0));
}

#[test]
fn four_go_on_at_once_and_one_that_is_cancelled_makes_room() {
    let mut replays = Replays::default();
    for nth in 0..MOST_REPLAYS {
        assert!(replays.begin(record(&format!("rpl_{nth}"), 1, 10, 10)).is_some());
    }
    assert!(replays.begin(record("rpl_x", 1, 10, 10)).is_none());
    replays.wants_to_read(any, NOW);
    assert!(replays.cancel("rpl_1", NOW).is_some());
    assert!(replays.cancel("rpl_1", NOW).is_none(), "it goes on no more");
    assert!(replays.step("rpl_1", &[event(1, 1)], |_, _| panic!("cancelled"), NOW).is_none());
    assert!(replays.begin(record("rpl_x", 1, 10, 10)).is_some());
}

#[test]
fn of_those_that_have_ended_the_last_twenty_are_shown() {
    let mut replays = Replays::default();
    let mut kept = std::collections::BTreeSet::new();
    for nth in 0..50 {
        let id = format!("rpl_{nth:02}");
        for write in replays.begin(record(&id, 1, 10, 10)).expect("room").writes {
            if write.value.is_some() {
                kept.insert(write.key)
            } else {
                kept.remove(&write.key)
            };
        }
        replays.cancel(&id, NOW);
    }
    assert_eq!((kept.len(), replays.0.len()), (ENDED_KEPT, ENDED_KEPT));
    assert!(replays.get("rpl_49").is_some() && replays.get("rpl_29").is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Wherever it is stopped and taken up from what was kept, and whoever has no room when: every event of the stretch
    /// is looked at to its end exactly once, in order.
    #[test]
    fn every_event_of_a_stretch_is_taken_once_whatever_stops_it(
        from in 1u64..50, length in 1u64..300, rate in 1u32..=FASTEST, fates in prop::collection::vec(0u8..10, 400),
    ) {
        let through = from + length - 1;
        let mut replays = Replays::default();
        let mut kept = record("rpl_1", from, through, rate);
        replays.begin(kept.clone()).expect("room");
        let (mut taken, mut now, mut fates) = (Vec::new(), NOW, fates.into_iter());
        while let Some(due_at) = replays.due_at(any) {
            now = now.max(due_at);
            let Some(wanted) = replays.wants_to_read(any, now).pop() else { continue };
            match fates.next().unwrap_or(9) {
                0 => replays = Replays::restored(vec![kept.clone()]),
                1 => replays.read_failed("rpl_1", now),
                fate => {
                    let mut room = if fate == 2 { 3 } else { usize::MAX };
                    let take = |_: &ReplayRecord, event: &Arc<Event>| {
                        if room == 0 {
                            return Taken::NoRoom(0);
                        }
                        room -= 1;
                        taken.push(event.seq);
                        if event.seq.is_multiple_of(3) { Taken::Skipped } else { Taken::Opened }
                    };
                    if let Some(moved) = replays.step("rpl_1", &journal(&wanted, through + 7), take, now) {
                        kept = moved.clone();
                    }
                }
            }
        }
        prop_assert_eq!(taken, (from..=through).collect::<Vec<u64>>());
        prop_assert_eq!((kept.state, kept.done + kept.skipped), (ReplayState::Done, length));
        let least_ms = (kept.done.saturating_sub(u64::from(rate / 10).max(1))) * 1000 / u64::from(rate);
        prop_assert!(now - NOW >= least_ms, "{} events in {} ms at {rate}", kept.done, now - NOW);
    }
}
