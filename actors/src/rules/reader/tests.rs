//! What a route may count on: order within a lane, no other lane held up, nothing skipped.

use super::*;
use crate::rules::testing::{NOW, event, route};
use proptest::prelude::*;
use std::collections::HashMap;

const PLENTY: usize = 1 << 20;

fn reader(route: Route) -> Reader {
    Reader::new(Arc::new(route), 0, PLENTY)
}

fn all() -> Reader {
    reader(route("sim/all"))
}

fn failed(retry_after: Option<Duration>) -> Attempted {
    Attempted::Failed { status: Some(503), retry_after, reason: "down".into() }
}

fn started(reader: &mut Reader, now: u64) -> Vec<(u64, u32)> {
    reader.start_due(now).into_iter().map(|due| (due.seq, due.attempt)).collect()
}

fn offer(reader: &mut Reader, lanes: &[u64]) {
    let high = reader.high();
    for (seq, lane) in (high + 1..).zip(lanes) {
        reader.offer(&event(seq, *lane), true);
    }
}

#[test]
fn deliveries_of_one_dialog_start_in_order_and_one_at_a_time() {
    let mut reader = all();
    offer(&mut reader, &[7, 7, 7]);
    assert_eq!(started(&mut reader, NOW), [(1, 1)]);
    assert_eq!(started(&mut reader, NOW), []);
    assert_eq!(reader.attempted(1, Attempted::Delivered, 0.5, NOW), Some(Verdict::Delivered));
    assert_eq!(started(&mut reader, NOW), [(2, 1)]);
}

#[test]
fn a_dialog_that_fails_holds_up_no_other() {
    let mut reader = all();
    offer(&mut reader, &[7, 8, 7, 8]);
    assert_eq!(started(&mut reader, NOW), [(1, 1), (2, 1)]);
    assert_eq!(reader.attempted(1, failed(None), 1.0, NOW), Some(Verdict::Again));
    assert_eq!(reader.attempted(2, Attempted::Delivered, 1.0, NOW), Some(Verdict::Delivered));
    assert_eq!(started(&mut reader, NOW), [(4, 1)]);
    assert_eq!(started(&mut reader, NOW + 999), []);
    assert_eq!(started(&mut reader, NOW + 1000), [(1, 2)]);
}

#[test]
fn a_route_is_as_busy_as_it_may_be_and_then_asks_for_no_wake_up() {
    let mut reader = reader(Route { concurrency: 2, ..route("sim/all") });
    offer(&mut reader, &[1, 2, 3]);
    assert_eq!(reader.due_at(), Some(0));
    assert_eq!(started(&mut reader, NOW), [(1, 1), (2, 1)]);
    assert_eq!((reader.due_at(), reader.depth()), (None, (3, 2)));
    reader.attempted(2, Attempted::Delivered, 0.5, NOW);
    assert_eq!(started(&mut reader, NOW), [(3, 1)]);
}

#[test]
fn a_route_that_asks_for_patience_gets_it() {
    let mut reader = all();
    offer(&mut reader, &[1]);
    started(&mut reader, NOW);
    reader.attempted(1, failed(Some(Duration::from_secs(60))), 0.0, NOW);
    assert_eq!(reader.due_at(), Some(NOW + 60_000));
    let said = reader.last_answer().expect("it answered");
    assert_eq!((said.status, said.reason.as_deref(), said.at_ms), (Some(503), Some("down"), NOW));
}

#[test]
fn an_old_delivery_is_tried_once_more_before_it_dies() {
    let mut reader = all();
    offer(&mut reader, &[1, 1]);
    let late = NOW + 3_600_000;
    assert_eq!(started(&mut reader, late), [(1, 1)]);
    assert_eq!(reader.attempted(1, failed(None), 0.5, late), Some(Verdict::Dead));
    assert_eq!(started(&mut reader, late), [(2, 1)]);
    assert_eq!(reader.attempted(2, Attempted::Delivered, 0.5, late), Some(Verdict::Delivered));
}

#[test]
fn an_answer_to_what_is_not_under_way_changes_nothing() {
    let mut reader = all();
    offer(&mut reader, &[1]);
    assert_eq!(reader.attempted(1, Attempted::Delivered, 0.5, NOW), None);
    assert_eq!(reader.attempted(9, Attempted::Delivered, 0.5, NOW), None);
    assert_eq!(reader.depth(), (1, 0));
}

#[test]
fn a_backlog_beyond_the_window_stays_in_the_journal_until_there_is_room() {
    let mut reader = all();
    let lanes: Vec<u64> = (0..WINDOW as u64 + 500).collect();
    offer(&mut reader, &lanes);
    let newest = WINDOW as u64 + 500;
    assert_eq!((reader.depth().0, reader.high()), (WINDOW, WINDOW as u64));
    assert_eq!(reader.wants_to_read(newest, NOW), None, "no room");
    let mut left = WINDOW;
    while left >= WINDOW / 2 {
        for (seq, _) in started(&mut reader, NOW) {
            reader.attempted(seq, Attempted::Delivered, 0.5, NOW);
            left -= 1;
        }
    }
    assert_eq!(reader.wants_to_read(newest, NOW), Some(WINDOW as u64));
    assert_eq!(reader.wants_to_read(newest, NOW), None, "one read at a time");
    let beyond: Vec<_> = (WINDOW as u64 + 1..=newest).map(|seq| event(seq, seq)).collect();
    reader.read(&beyond[..300], |_| true);
    assert_eq!(reader.high(), WINDOW as u64 + 300);
    assert_eq!(reader.wants_to_read(newest, NOW), None, "no room again");
}

#[test]
fn what_arrives_during_a_read_is_read_next() {
    let mut reader = all();
    assert_eq!(reader.wants_to_read(2, NOW), Some(0));
    reader.offer(&event(3, 3), true);
    reader.read(&[event(1, 1), event(2, 2)], |_| true);
    assert_eq!(reader.wants_to_read(3, NOW), Some(2));
    reader.read(&[event(3, 3)], |_| true);
    assert_eq!(reader.open_seqs(), [1, 2, 3]);
}

#[test]
fn a_journal_that_forgot_the_backlog_is_passed_over() {
    let mut reader = all();
    assert_eq!(reader.wants_to_read(10, NOW), Some(0));
    reader.read(&[], |_| true);
    assert_eq!((reader.high(), reader.wants_to_read(10, NOW)), (10, None));
}

/// A read that failed was repeated at once: on a broken disk that was a loop as fast as the disk could fail.
#[test]
fn a_journal_that_cannot_be_read_is_asked_again_a_second_later() {
    let mut reader = all();
    assert_eq!(reader.wants_to_read(10, NOW), Some(0));
    reader.read_failed(NOW);
    assert_eq!(reader.wants_to_read(10, NOW + 999), None);
    assert_eq!(reader.due_at(), Some(NOW + 1000));
    assert_eq!(reader.wants_to_read(10, NOW + 1000), Some(0));
    assert_eq!(reader.due_at(), None);
}

#[test]
fn an_event_nobody_wants_is_passed() {
    let mut reader = all();
    reader.offer(&event(1, 1), false);
    reader.offer(&event(2, 1), true);
    assert_eq!((reader.open_seqs(), reader.high()), (vec![2], 2));
}

#[test]
fn bodies_beyond_the_budget_are_left_to_the_journal() {
    let mut reader = Reader::new(Arc::new(route("sim/all")), 0, 250);
    offer(&mut reader, &[1, 2, 3, 4]);
    let in_memory =
        |reader: &mut Reader| -> Vec<bool> { reader.start_due(NOW).iter().map(|due| due.event.is_some()).collect() };
    assert_eq!(in_memory(&mut reader), [true, true, false, false]);
    reader.attempted(1, Attempted::Delivered, 0.5, NOW);
    offer(&mut reader, &[5]);
    assert_eq!(in_memory(&mut reader), [true], "an ended delivery gives its bytes back");
}

#[test]
fn after_a_restart_open_deliveries_go_on_where_they_were() {
    let mut before = all();
    offer(&mut before, &[7, 7, 8]);
    started(&mut before, NOW);
    before.attempted(1, failed(None), 1.0, NOW);
    before.attempted(3, Attempted::Delivered, 1.0, NOW);
    let kept = before.progress("100");
    assert_eq!((kept.high, kept.open.len()), (3, 2));

    let mut after = Reader::new(Arc::new(route("sim/all")), kept.high, PLENTY);
    kept.open.into_iter().for_each(|open| after.restore(open));
    assert_eq!(started(&mut after, NOW), []);
    assert_eq!(started(&mut after, NOW + 1000), [(1, 2)]);
    after.attempted(1, Attempted::Delivered, 0.5, NOW + 1000);
    assert_eq!(started(&mut after, NOW + 1000), [(2, 1)]);
}

#[test]
fn what_is_buried_is_buried_once() {
    let mut reader = all();
    offer(&mut reader, &[7, 7]);
    assert!(reader.bury(2, true), "behind the head of its lane");
    assert!(reader.bury(1, true));
    assert!(!reader.bury(1, true), "not open any more");
    assert!(reader.bury(3, true), "in the journal, not read yet");
    assert!(!reader.bury(3, true));
    assert!(!reader.bury(4, false), "nobody wanted it");
    assert_eq!((reader.depth(), reader.high(), reader.due_at()), ((0, 0), 4, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However tries end and whenever the process restarts, each lane is delivered in order and nothing is left over.
    #[test]
    fn every_lane_ends_in_order_whatever_fails(
        lanes in prop::collection::vec(0u64..5, 1..60),
        fates in prop::collection::vec((any::<bool>(), 0.0f64..1.0, 0u8..20), 200),
    ) {
        let mut reader = all();
        offer(&mut reader, &lanes);
        let mut ended: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut fates = fates.into_iter();
        let mut now = NOW;
        while let Some(due_at) = reader.due_at() {
            now = now.max(due_at);
            let mut due = reader.start_due(now);
            while let Some(Due { seq, .. }) = due.pop() {
                let (fails, chance, restarts) = fates.next().unwrap_or((false, 0.0, 1));
                if restarts == 0 {
                    let kept = reader.progress("100");
                    reader = Reader::new(Arc::new(route("sim/all")), kept.high, PLENTY);
                    kept.open.into_iter().for_each(|open| reader.restore(open));
                    break;
                }
                let what = if fails { failed(None) } else { Attempted::Delivered };
                if reader.attempted(seq, what, chance, now) != Some(Verdict::Again) {
                    ended.entry(lanes[seq as usize - 1]).or_default().push(seq);
                }
            }
        }
        prop_assert_eq!(reader.depth(), (0, 0));
        prop_assert_eq!(ended.values().map(Vec::len).sum::<usize>(), lanes.len());
        for lane in ended.values() {
            prop_assert!(lane.is_sorted(), "{lane:?}");
        }
    }
}
