//! What is kept of deliveries, when, and how the ledger counts it.

use super::*;
use crate::rules::testing::{NOW, event, route};
use wharf_storage::{Kind, Noun, Progress};

fn deliveries(names: &[&str]) -> Deliveries {
    let readers = names.iter().map(|name| Reader::new(Arc::new(route(name)), 0, 1 << 20));
    Deliveries::new("100".into(), readers.collect())
}

fn deliver(deliveries: &mut Deliveries, seqs: std::ops::RangeInclusive<u64>, now: u64) {
    for seq in seqs {
        let event = event(seq, seq);
        deliveries.offer(&event);
        for start in deliveries.start_due(now) {
            deliveries.attempted(start.reader, &event, Attempted::Delivered, 0.5, now);
        }
    }
}

fn refused() -> Attempted {
    Attempted::Failed { status: Some(500), retry_after: None, reason: "broken".into(), down_until_ms: None, held_ms: 0 }
}

#[test]
fn a_lonely_delivery_is_kept_after_25_ms() {
    let mut deliveries = deliveries(&["sim/all"]);
    deliver(&mut deliveries, 1..=1, NOW);
    assert!(deliveries.keep(NOW + 24).is_none());
    assert_eq!(deliveries.due_at(), Some(NOW + 25));
    assert!(deliveries.keep(NOW + 25).is_some());
}

#[test]
fn sixty_four_deliveries_are_kept_at_once_and_together() {
    let mut deliveries = deliveries(&["sim/all"]);
    deliver(&mut deliveries, 1..=63, NOW);
    assert!(deliveries.keep(NOW).is_none());
    deliver(&mut deliveries, 64..=64, NOW);
    let change = deliveries.keep(NOW).expect("a full group");
    let kept = Progress::from_bytes(change.writes[0].value.as_ref().expect("set")).expect("readable");
    assert_eq!((kept.high, kept.open.len(), change.writes.len()), (64, 0, 1));
    let (owner, tally) = &change.tallies[0];
    let counted = RouteTally { delivered: 64, pending: -64, ..RouteTally::default() };
    assert_eq!((&**owner, tally.routes["sim/all"]), ("100", counted));
}

#[test]
fn one_group_is_on_its_way_to_the_disk_at_a_time() {
    let mut deliveries = deliveries(&["sim/all"]);
    deliver(&mut deliveries, 1..=64, NOW);
    assert!(deliveries.keep(NOW).is_some());
    deliver(&mut deliveries, 65..=200, NOW);
    assert!(deliveries.keep(NOW + 1000).is_none());
    assert_eq!((deliveries.due_at(), deliveries.is_kept()), (None, false));
    deliveries.kept();
    assert!(deliveries.keep(NOW + 1000).is_some());
    deliveries.kept();
    assert!(deliveries.is_kept());
}

/// An account that was removed forgot the deliveries that had ended within the last 25 ms: no dead letter, and
/// `pending` in its ledger for ever.
#[test]
fn at_rest_what_ends_is_kept_at_once() {
    let mut deliveries = deliveries(&["sim/all"]);
    deliver(&mut deliveries, 1..=1, NOW);
    deliveries.rest();
    assert!(deliveries.keep(NOW).is_some());
    assert!(!deliveries.is_kept());
    deliveries.kept();
    assert!(deliveries.is_kept());
    assert!(deliveries.keep(NOW).is_none(), "nothing is left to keep");
}

#[test]
fn the_progress_of_a_route_that_did_nothing_is_not_written() {
    let mut deliveries = deliveries(&["sim/all", "sim/idle"]);
    deliver(&mut deliveries, 1..=1, NOW);
    let change = deliveries.keep(NOW + 25).expect("due");
    assert_eq!(change.writes.len(), 1);
    assert_eq!(change.tallies[0].1.routes.keys().collect::<Vec<_>>(), ["sim/all"]);
}

#[test]
fn a_delivery_too_old_becomes_a_dead_letter_with_its_bytes_and_reason() {
    let mut deliveries = deliveries(&["sim/all"]);
    let (event, late) = (event(1, 1), NOW + 3_600_000);
    deliveries.offer(&event);
    deliveries.start_due(late);
    deliveries.attempted(0, &event, refused(), 0.5, late);
    let change = deliveries.keep(late + 25).expect("due");
    let letter = change.writes.iter().find(|write| write.kind == Kind::Dead).expect("a dead letter");
    let letter = DeadLetter::from_bytes(letter.value.as_ref().expect("set")).expect("readable");
    assert_eq!((letter.event.as_deref(), letter.route.as_deref()), (Some("100.1"), Some("sim/all")));
    assert_eq!((letter.status, &letter.bytes), (Some(500), &event.body));
    assert_eq!(&*letter.reason, "not delivered within max_age; last: broken");
    let counted = RouteTally { dead: 1, pending: -1, ..RouteTally::default() };
    assert_eq!(change.tallies[0].1.routes["sim/all"], counted);
}

#[test]
fn a_delivery_that_will_be_tried_again_counts_as_pending_still_and_its_try_is_kept() {
    let mut deliveries = deliveries(&["sim/all"]);
    let event = event(1, 1);
    deliveries.offer(&event);
    deliveries.start_due(NOW);
    deliveries.attempted(0, &event, refused(), 1.0, NOW);
    let change = deliveries.keep(NOW + 25).expect("due");
    let kept = Progress::from_bytes(change.writes[0].value.as_ref().expect("set")).expect("readable");
    assert_eq!((kept.open.len(), kept.open[0].attempts, kept.open[0].due_at_ms), (1, 1, NOW + 1000));
    assert_eq!(change.tallies[0].1.routes["sim/all"], RouteTally::default());
}

#[test]
fn each_event_is_offered_to_every_route_and_wanted_or_filtered() {
    let deliveries = deliveries(&["sim/all", "sim/other"]);
    let mut event = Event { wanted_by: Vec::new(), ..event(1, 1).as_ref().clone() };
    let mut tally = Tally::default();
    deliveries.decide(&mut event, |route, _| &*route.name == "sim/other", &mut tally);
    assert_eq!(event.wanted_by, [route_tag("sim/other")]);
    assert_eq!(tally.routes["sim/all"], RouteTally { offered: 1, filtered: 1, ..RouteTally::default() });
    assert_eq!(tally.routes["sim/other"], RouteTally { offered: 1, pending: 1, ..RouteTally::default() });
    assert!(tally.faults().is_empty());
}

#[test]
fn a_test_payloads_deliveries_count_in_its_gateways_ledger() {
    let mut deliveries = Deliveries::new("t.sim".into(), vec![Reader::new(Arc::new(route("sim/all")), 0, 1 << 20)]);
    deliver(&mut deliveries, 1..=1, NOW);
    let change = deliveries.keep(NOW + 25).expect("due");
    assert_eq!(&*change.tallies[0].0, "sim");
}

#[test]
fn burying_ends_open_and_unread_deliveries_alike() {
    let mut deliveries = deliveries(&["sim/all"]);
    deliveries.offer(&event(1, 1));
    deliveries.rest();
    deliveries.bury(0, &[event(1, 1), event(2, 1)], 2, "removed", NOW);
    let change = deliveries.keep(NOW + 25).expect("due");
    assert_eq!(change.writes.iter().filter(|write| write.kind == Kind::Dead).count(), 2);
    assert_eq!(change.tallies[0].1.routes["sim/all"].dead, 2);
    assert_eq!(deliveries.readers()[0].high(), 2);
}
