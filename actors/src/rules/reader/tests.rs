//! What a route may count on: order within a lane, no other lane held up, nothing skipped.

use super::*;
use crate::rules::testing::{NOW, event, route};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use wharf_storage::EventKind;

const PLENTY: usize = 1 << 20;

fn reader(route: Route) -> Reader {
    Reader::new(Arc::new(route), 0, PLENTY)
}

fn all() -> Reader {
    reader(route("sim/all"))
}

fn failed(retry_after: Option<Duration>) -> Attempted {
    Attempted::Failed { status: Some(503), retry_after, reason: "down".into(), down_until_ms: None, held_ms: 0 }
}

/// Delivers `count` events of lanes of their own, so that the route is known to work.
fn warm(reader: &mut Reader, count: u64) {
    let high = reader.high();
    for seq in high + 1..=high + count {
        reader.offer(&event(seq, 1_000_000 + seq), true);
        assert_eq!(started(reader, NOW), [(seq, 1)]);
        reader.attempted(seq, Attempted::Delivered, 0.5, NOW);
    }
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
fn a_route_of_which_nothing_is_known_gets_few_at_once_and_more_as_they_get_through() {
    let mut reader = all();
    offer(&mut reader, &(0..100).collect::<Vec<u64>>());
    assert_eq!(started(&mut reader, NOW).len(), NARROW);
    for seq in 1..=NARROW as u64 {
        reader.attempted(seq, Attempted::Delivered, 0.5, NOW);
    }
    assert_eq!(started(&mut reader, NOW).len(), NARROW * 2);
    reader.attempted(5, failed(None), 0.5, NOW);
    assert_eq!(started(&mut reader, NOW).len(), 0, "it failed: few again");
}

#[test]
fn calls_go_before_messages_before_statuses_before_the_past() {
    let mut reader = reader(Route { concurrency: 1, ..route("sim/all") });
    let kinds = [EventKind::History, EventKind::Status, EventKind::Message, EventKind::Call];
    for (seq, kind) in (1..).zip(kinds) {
        let event = Event { kind, ..Event::clone(&event(seq, seq)) };
        reader.offer(&Arc::new(event), true);
    }
    let order: Vec<u64> = std::iter::from_fn(|| {
        let (seq, _) = started(&mut reader, NOW).pop()?;
        reader.attempted(seq, Attempted::Delivered, 0.5, NOW);
        Some(seq)
    })
    .collect();
    assert_eq!(order, [4, 3, 2, 1]);
}

#[test]
fn without_an_order_nothing_waits_for_anything() {
    let mut reader = reader(Route { order: Order::None, ..route("sim/all") });
    offer(&mut reader, &[7, 7, 7]);
    assert_eq!(started(&mut reader, NOW), [(1, 1), (2, 1), (3, 1)]);
}

#[test]
fn an_answer_that_the_route_calls_final_ends_the_delivery_at_once() {
    let mut reader = reader(Route { finals: vec![422], ..route("sim/all") });
    offer(&mut reader, &[7, 7]);
    started(&mut reader, NOW);
    let refused = Attempted::Failed {
        status: Some(422),
        retry_after: None,
        reason: "no".into(),
        down_until_ms: None,
        held_ms: 0,
    };
    assert_eq!(reader.attempted(1, refused, 0.5, NOW), Some(Verdict::Refused));
    assert_eq!(started(&mut reader, NOW), [(2, 1)]);
}

#[test]
fn what_fails_for_minutes_while_others_get_through_is_parked_and_its_lane_goes_on() {
    let mut reader = all();
    offer(&mut reader, &[7, 7]);
    let mut now = NOW;
    let mut verdicts = Vec::new();
    while verdicts.last() != Some(&Some(Verdict::Parked)) {
        now = now.max(reader.due_at().expect("it is tried again"));
        started(&mut reader, now);
        verdicts.push(reader.attempted(1, failed(None), 1.0, now));
        let other = reader.high() + 1;
        reader.offer(&event(other, 1_000_000 + other), true);
        assert_eq!(
            started(&mut reader, now),
            if verdicts.last() == Some(&Some(Verdict::Parked)) { vec![(2, 1), (other, 1)] } else { vec![(other, 1)] }
        );
        reader.attempted(other, Attempted::Delivered, 0.5, now);
        assert!(verdicts.len() < 20, "never parked");
    }
    assert!(verdicts.len() >= PARK_ATTEMPTS as usize && now >= NOW + PARK_MS);
    assert_eq!(reader.parked(), 1);
    reader.attempted(2, failed(None), 0.0, now);
    let again = reader.start_due(now + 1);
    assert!(again.iter().all(|due| due.seq == 2 && due.out_of_order), "its lane goes on, and says so");
    let kept = reader.progress("100");
    assert!(kept.open.iter().any(|open| open.seq == 1 && open.parked), "a restart knows it");
    reader.attempted(2, Attempted::Delivered, 0.5, now + 1);
    now = reader.due_at().expect("it is retried on its own").max(now);
    let alone = reader.start_due(now);
    assert!(alone.len() == 1 && alone[0].seq == 1 && alone[0].out_of_order);
    assert_eq!(reader.attempted(1, Attempted::Delivered, 0.5, now), Some(Verdict::Delivered));
    assert_eq!((reader.parked(), reader.depth()), (0, (0, 0)));
}

#[test]
fn an_endpoint_that_is_down_costs_no_attempt_and_lets_all_lanes_go_when_it_is_back() {
    let mut reader = all();
    warm(&mut reader, 4);
    offer(&mut reader, &[7, 8]);
    assert_eq!(started(&mut reader, NOW), [(5, 1), (6, 1)]);
    let down = Attempted::Failed {
        status: None,
        retry_after: None,
        reason: "refused".into(),
        down_until_ms: Some(NOW + 10_000),
        held_ms: 0,
    };
    assert_eq!(reader.attempted(5, down, 1.0, NOW), Some(Verdict::Again));
    assert_eq!(
        reader.attempted(6, Attempted::NotTried { again_at_ms: NOW + 10_000 }, 0.5, NOW),
        Some(Verdict::NotTried)
    );
    assert_eq!(reader.due_at(), Some(NOW + 10_000));
    assert_eq!(started(&mut reader, NOW + 9_999), []);
    assert_eq!(started(&mut reader, NOW + 10_000), [(6, 1), (5, 2)]);
    let long = failed(Some(Duration::from_secs(3_600)));
    assert_eq!(reader.attempted(5, long, 1.0, NOW + 10_000), Some(Verdict::Again));
    reader.attempted(6, Attempted::Delivered, 0.5, NOW + 10_000);
    assert_eq!(started(&mut reader, NOW + 10_000), [(5, 3)], "whoever waited may go at once");
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

#[test]
fn time_under_a_hold_does_not_count_towards_max_age_also_after_a_restart() {
    let mut before = all();
    offer(&mut before, &[7]);
    assert_eq!(started(&mut before, NOW), [(1, 1)]);
    let kept = before.progress("100");
    let mut reader = Reader::new(Arc::new(route("sim/all")), kept.high, PLENTY);
    kept.open.into_iter().for_each(|open| reader.restore(open));
    let held = |held_ms| Attempted::Failed {
        status: Some(503),
        retry_after: None,
        reason: "down".into(),
        down_until_ms: None,
        held_ms,
    };
    // 100 hours old, 99.5 of them held, and an hour is what the route allows.
    let (minute, hour) = (60_000, 3_600_000);
    let now = NOW + 100 * hour;
    assert_eq!(started(&mut reader, now), [(1, 1)]);
    assert_eq!(reader.attempted(1, held(99 * hour + 30 * minute), 0.0, now), Some(Verdict::Again));
    let now = now + 30 * minute;
    assert_eq!(started(&mut reader, now), [(1, 2)]);
    assert_eq!(reader.attempted(1, held(99 * hour + 30 * minute), 0.0, now), Some(Verdict::Dead));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However tries end and whenever the process restarts, each lane is delivered in order but for what was parked, and
    /// nothing is left over.
    #[test]
    fn every_lane_ends_in_order_whatever_fails(
        lanes in prop::collection::vec(0u64..5, 1..60),
        fates in prop::collection::vec((any::<bool>(), 0.0f64..1.0, 0u8..20), 200),
    ) {
        let mut reader = all();
        offer(&mut reader, &lanes);
        let mut ended: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut parked = HashSet::new();
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
                let verdict = reader.attempted(seq, what, chance, now).expect("it was under way");
                if verdict == Verdict::Parked {
                    parked.insert(seq);
                }
                if matches!(verdict, Verdict::Delivered | Verdict::Dead) {
                    ended.entry(lanes[seq as usize - 1]).or_default().push(seq);
                }
            }
        }
        prop_assert_eq!(reader.depth(), (0, 0));
        prop_assert_eq!(ended.values().map(Vec::len).sum::<usize>(), lanes.len());
        for lane in ended.values_mut() {
            lane.retain(|seq| !parked.contains(seq));
            prop_assert!(lane.is_sorted(), "{lane:?}");
        }
    }
}
