//! What is kept of attempts, and what is not.

use super::*;
use crate::rules::reader::{Attempted, Reader};
use crate::rules::testing::{NOW, event, route};
use std::sync::Arc;
use wharf_storage::Noun;

fn deliveries() -> Deliveries {
    Deliveries::new("100".into(), vec![Reader::new(Arc::new(route("sim/all")), 0, 1 << 20)])
}

fn refused(reason: &str) -> Attempted {
    let (status, reason) = (Some(500), reason.to_owned());
    Attempted::Failed { status, retry_after: None, reason, down_until_ms: None, held_ms: 0 }
}

/// Tries event `seq` once, when it is due; gives the moment.
fn try_once(deliveries: &mut Deliveries, seq: u64, what: Attempted, now: u64) -> u64 {
    let now = deliveries.due_at().unwrap_or(now).max(now);
    assert!(deliveries.start_due(now).iter().any(|start| start.due.seq == seq), "{seq} starts at {now}");
    deliveries.attempted(0, &event(seq, seq), what, 1.0, now + 12);
    now + 12
}

/// What is on the disk after these changes.
fn kept<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Vec<Trail> {
    let mut trails = std::collections::BTreeMap::new();
    for write in changes.into_iter().flat_map(|change| &change.writes).filter(|write| write.kind == Kind::Trail) {
        match &write.value {
            Some(value) => drop(trails.insert(write.key.clone(), Trail::from_bytes(value).expect("readable"))),
            None => drop(trails.remove(&write.key)),
        }
    }
    trails.into_values().collect()
}

fn keep(deliveries: &mut Deliveries, now: u64) -> Change {
    let change = deliveries.keep(now + 25).expect("something ended");
    deliveries.kept();
    change
}

#[test]
fn a_success_at_the_first_try_costs_nothing_on_disk_and_its_time_is_known_for_a_while() {
    let mut deliveries = deliveries();
    for seq in 1..=FIRST_TRIES as u64 + 1 {
        deliveries.offer(&event(seq, seq));
        try_once(&mut deliveries, seq, Attempted::Delivered, NOW);
    }
    assert_eq!(kept([&keep(&mut deliveries, NOW)]), []);
    let last = deliveries.first_try(FIRST_TRIES as u64 + 1, "sim/all").expect("lately");
    assert_eq!((last.at_ms, last.took_ms), (NOW + 12, 12));
    assert_eq!(deliveries.first_try(1, "sim/all"), None, "older ones make room");
    assert_eq!(deliveries.first_try(2, "sim/other"), None);
}

#[test]
fn a_failed_attempt_is_kept_with_the_progress_it_made_and_so_is_the_end_of_it() {
    let mut deliveries = deliveries();
    deliveries.offer(&event(1, 1));
    let now = try_once(&mut deliveries, 1, refused("HTTP 500 oh"), NOW);
    assert_eq!(deliveries.fresh_trails(1).len(), 1, "seen before it is kept");
    let first = deliveries.keep(now + 25).expect("it failed");
    assert_eq!(deliveries.fresh_trails(1).len(), 1, "and on its way to the disk");
    deliveries.kept();
    assert!(first.writes.iter().any(|write| write.kind == Kind::Progress), "in the same change");
    assert_eq!(deliveries.fresh_trails(1), []);
    let now = try_once(&mut deliveries, 1, Attempted::Delivered, now);
    let trails = kept([&first, &keep(&mut deliveries, now)]);
    let told: Vec<_> = trails.iter().map(|it| (it.attempt, it.result, it.status, &*it.reason, it.took_ms)).collect();
    assert_eq!(
        told,
        [(1, TrailResult::Failed, Some(500), "HTTP 500 oh", 12), (2, TrailResult::Delivered, None, "", 12)]
    );
    assert_eq!(deliveries.first_try(1, "sim/all"), None, "it was not the first try");
}

#[test]
fn of_many_attempts_the_first_and_the_last_are_kept() {
    let mut deliveries = deliveries();
    deliveries.offer(&event(1, 1));
    let (mut now, mut changes) = (NOW, Vec::new());
    let mut attempts = 0;
    while deliveries.readers()[0].tried(1).is_some() {
        now = try_once(&mut deliveries, 1, refused("HTTP 500"), now);
        changes.push(keep(&mut deliveries, now));
        attempts += 1;
        let kept: Vec<u32> = kept(&changes).iter().map(|trail| trail.attempt).collect();
        let all = 1..=attempts;
        let worth: Vec<u32> = all.filter(|it| *it <= FIRST || it + LAST > attempts).collect();
        assert_eq!(kept, worth, "after {attempts}");
    }
    let last = kept(&changes).pop().expect("the end");
    assert_eq!((last.attempt, last.result), (attempts, TrailResult::Dead));
    assert_eq!(&*last.reason, "not delivered within max_age; last: HTTP 500");
}

#[test]
fn what_is_given_up_without_an_attempt_leaves_its_reason_after_the_attempts_there_were() {
    let mut deliveries = deliveries();
    deliveries.offer(&event(1, 1));
    let now = try_once(&mut deliveries, 1, refused("HTTP 500"), NOW);
    deliveries.rest();
    deliveries.bury(0, &[event(1, 1), event(2, 1)], 2, "removed", now);
    let trails = kept([&keep(&mut deliveries, now)]);
    let told: Vec<_> = trails.iter().map(|it| (it.seq, it.attempt, it.result, &*it.reason)).collect();
    let (failed, buried) = (TrailResult::Failed, TrailResult::Buried);
    assert_eq!(told, [(1, 1, failed, "HTTP 500"), (1, 2, buried, "removed"), (2, 1, buried, "removed")]);
}

#[test]
fn nothing_an_endpoint_wrote_is_kept_where_bodies_go_or_somebody_is_being_erased() {
    let mut until_delivered = deliveries().keeping(KeepBody::UntilDelivered);
    until_delivered.offer(&event(1, 1));
    let now = try_once(&mut until_delivered, 1, refused("HTTP 500 she said hello"), NOW);
    assert_eq!(&*kept([&keep(&mut until_delivered, now)])[0].reason, "HTTP 500");
    let mut erasing = deliveries();
    erasing.offer(&event(1, 1));
    let now = try_once(&mut erasing, 1, refused("HTTP 500 she said hello"), NOW);
    erasing.erase(&Arc::default());
    assert_eq!(&*kept([&keep(&mut erasing, now)])[0].reason, "HTTP 500");
}
