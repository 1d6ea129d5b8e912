//! What becomes of readers when the routes of their stream change.

use super::*;
use crate::rules::deliveries::is_wanted;
use crate::rules::reader::{Attempted, route_tag};
use crate::rules::testing::{NOW, event, route};
use wharf_storage::{DeadLetter, Event, Kind, Progress, RouteTally, Tally};

const MINE: &str = "sim/100/mine";

fn all() -> Arc<Route> {
    Arc::new(route("sim/all"))
}

fn deliveries(routes: &[&str]) -> Deliveries {
    let readers = routes.iter().map(|name| Reader::new(Arc::new(route(name)), 0, 1 << 20));
    Deliveries::new("100".into(), readers.collect())
}

/// An event that `MINE` wants.
fn mine(seq: u64) -> Arc<Event> {
    Arc::new(Event { wanted_by: vec![route_tag(MINE)], ..(*event(seq, seq)).clone() })
}

fn started(deliveries: &mut Deliveries) -> Vec<(usize, String, u64)> {
    let starts = deliveries.start_due(NOW).into_iter();
    starts.map(|start| (start.reader, start.route.url.clone(), start.due.seq)).collect()
}

fn failed(down_until_ms: Option<u64>) -> Attempted {
    Attempted::Failed { status: Some(500), retry_after: None, reason: "down".into(), down_until_ms, held_ms: 0 }
}

#[test]
fn a_new_route_begins_after_every_event_that_was_decided_and_that_is_kept_first() {
    let mut deliveries = deliveries(&["sim/all"]);
    let change = deliveries.exchange(&[all(), Arc::new(route("sim/late"))], 7, 0, NOW);
    let kept = Progress::from_bytes(change.writes[0].value.as_ref().expect("set")).expect("readable");
    assert_eq!((&*kept.route, kept.high, change.writes.len()), ("sim/late", 7, 1));
    assert!(deliveries.exchange(&[all(), Arc::new(route("sim/late"))], 9, 0, NOW).is_empty(), "said twice");
}

#[test]
fn another_url_gets_at_once_what_waits_for_the_old_one() {
    let mut deliveries = deliveries(&["sim/all"]);
    deliveries.offer(&event(1, 1));
    assert_eq!(started(&mut deliveries).len(), 1);
    deliveries.attempted(0, &event(1, 1), failed(Some(NOW + 60_000)), 1.0, NOW);
    assert_eq!(started(&mut deliveries), []);
    let other = Arc::new(Route { url: "http://other.invalid/".into(), ..route("sim/all") });
    deliveries.exchange(&[other], 1, 0, NOW);
    assert_eq!(started(&mut deliveries), [(0, "http://other.invalid/".to_owned(), 1)]);
}

#[test]
fn a_route_that_vanished_is_offered_nothing_and_forgets_nothing() {
    let mut deliveries = deliveries(&["sim/all"]);
    deliveries.offer(&event(1, 1));
    deliveries.exchange(&[], 1, 0, NOW);
    assert_eq!((started(&mut deliveries), deliveries.due_at()), (vec![], None));
    let (mut next, mut tally) = ((*event(2, 2)).clone(), Tally::default());
    deliveries.decide(&mut next, |_, _| true, &mut tally);
    assert!(tally.routes.is_empty());
    deliveries.offer(&Arc::new(next));
    assert_eq!(deliveries.ending(2), None);
    deliveries.exchange(&[all()], 2, 0, NOW);
    assert_eq!(started(&mut deliveries).len(), 1);
    assert_eq!(deliveries.wants_to_read(2, NOW), [(0, 1)], "it reads on where it was");
}

#[test]
fn what_an_accounts_own_route_leaves_is_buried_and_then_its_place_is_free() {
    let mut deliveries = deliveries(&["sim/all", MINE]);
    deliveries.offer(&mine(1));
    assert_eq!(started(&mut deliveries).len(), 1);
    deliveries.exchange(&[all()], 2, 0, NOW);
    assert_eq!(deliveries.ending(2), Some(Ending::Later), "an attempt is under way");
    deliveries.attempted(1, &mine(1), failed(None), 1.0, NOW);
    assert_eq!(deliveries.ending(2), Some(Ending::Now { reader: 1, open: vec![1], after: 1 }));
    deliveries.bury(1, &[mine(1)], 1, "removed", NOW);
    // The last event that it was offered was on its way to the disk.
    assert_eq!(deliveries.ending(1), Some(Ending::Later));
    deliveries.bury(1, &[mine(2)], 2, "removed", NOW);
    assert_eq!(deliveries.ending(2), None);
    let change = deliveries.keep(NOW).expect("its end is worth keeping at once");
    let of = |kind: Kind| change.writes.iter().filter(move |write| write.kind == kind);
    assert!(of(Kind::Progress).any(|write| write.value.is_none()), "its place is forgotten");
    let dead = of(Kind::Dead).map(|write| DeadLetter::from_bytes(write.value.as_ref().expect("set")).expect("sound"));
    assert_eq!(dead.map(|letter| letter.reason.to_string()).collect::<Vec<_>>(), ["removed", "removed"]);
    let counted = RouteTally { dead: 2, pending: -2, ..RouteTally::default() };
    assert_eq!(change.tallies[0].1.routes[MINE], counted);
    deliveries.kept();
    deliveries.exchange(&[all(), Arc::new(route("sim/100/other"))], 2, 0, NOW);
    assert_eq!(deliveries.readers().len(), 2, "another takes its place");
    assert!(deliveries.is_kept());
}

#[test]
fn a_route_that_comes_back_while_it_ends_loses_nothing() {
    let mut deliveries = deliveries(&[MINE]);
    deliveries.offer(&mine(1));
    deliveries.exchange(&[], 1, 0, NOW);
    deliveries.exchange(&[Arc::new(route(MINE))], 1, 0, NOW);
    deliveries.bury(0, &[mine(1)], 1, "too late", NOW);
    assert_eq!(started(&mut deliveries).len(), 1);
    assert!(is_wanted(&mine(1), deliveries.readers()[0].route()));
}

#[test]
fn order_that_is_switched_sorts_what_is_open_anew() {
    let mut deliveries = deliveries(&["sim/all"]);
    (1..=3).for_each(|seq| deliveries.offer(&event(seq, 9)));
    assert_eq!(started(&mut deliveries).len(), 1, "one dialog, one at a time");
    let none = Arc::new(Route { order: crate::gateway::Order::None, ..route("sim/all") });
    deliveries.exchange(&[none], 3, 0, NOW);
    assert_eq!(started(&mut deliveries).len(), 2, "all at once");
    deliveries.exchange(&[all()], 3, 0, NOW);
    deliveries.attempted(0, &event(1, 9), failed(None), 0.0, NOW);
    deliveries.attempted(0, &event(3, 9), Attempted::Delivered, 0.0, NOW);
    deliveries.attempted(0, &event(2, 9), failed(None), 0.0, NOW);
    let due = deliveries.start_due(NOW + 10_000);
    assert_eq!(due.iter().map(|start| start.due.seq).collect::<Vec<_>>(), [1], "the first of the dialog goes first");
}

#[test]
fn only_three_parts_with_the_account_in_the_middle_are_its_own() {
    assert!(is_own(MINE, "100"));
    assert!(!is_own("sim/100", "100") && !is_own("sim/all", "100") && !is_own(MINE, "101"));
}
