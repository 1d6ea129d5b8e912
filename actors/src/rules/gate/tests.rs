//! What the gate keeps of mail that nobody owns, and how it gives it back.

use super::*;
use crate::rules::reader::Reader;
use crate::rules::testing::{NOW, item, route};
use wharf_storage::Disposition;

fn gate() -> GateMachine {
    gate_with(Vec::new())
}

fn gate_with(claims: Vec<Claim>) -> GateMachine {
    let route = Arc::new(Route { tests: true, ..route("sim/all") });
    let deliveries = Deliveries::new(test_stream("sim"), vec![Reader::new(route, 0, 1 << 20)]);
    GateMachine::new(&"sim".into(), Seqs::default(), claims, deliveries, Change::default())
}

fn stray(account: &str, id: &str) -> Item {
    item(account, "9", "messages", &format!(r#"{{"id":"{id}","from":"1","timestamp":"1800000000"}}"#))
}

fn test_payload() -> Item {
    let test = item("0", "123456123", "messages", r#"{"id":"ABGGFlA5Fpa","from":"1","timestamp":"1504902988"}"#);
    assert!(test.test);
    test
}

fn accept(gate: &mut GateMachine, items: Vec<Item>) -> (u64, Change) {
    let copies = vec![None; items.len()];
    let mut effects = gate.accept(items, copies, 0, NOW).into_iter();
    match effects.next() {
        Some(Effect::Commit { ticket, change }) => (ticket, change),
        other => panic!("the first effect is a commit, not {other:?}"),
    }
}

fn claims(change: &Change) -> Vec<(String, u64, u64)> {
    let claims = change.writes.iter().filter(|write| write.kind == Kind::Claim);
    let claims = claims.map(|write| Claim::from_bytes(write.value.as_ref().expect("set")).expect("readable"));
    claims.map(|claim| (claim.claimed.into(), claim.first, claim.count)).collect()
}

#[test]
fn what_nobody_owns_is_kept_and_counted_by_the_account_it_claims() {
    let mut gate = gate();
    let (_, change) = accept(&mut gate, vec![stray("7", "a"), stray("8", "b"), stray("7", "c")]);
    assert_eq!(change.events.iter().map(|event| event.id()).collect::<Vec<_>>(), ["q.sim.1", "q.sim.2", "q.sim.3"]);
    assert!(change.events.iter().all(|event| event.disposition == Disposition::Quarantined));
    assert_eq!(claims(&change), [("7".into(), 1, 1), ("8".into(), 2, 1), ("7".into(), 1, 2)]);
    let (owner, tally) = &change.tallies[0];
    assert_eq!((&**owner, tally.received, tally.quarantined, tally.faults()), ("sim", 3, 3, Vec::new()));
    assert_eq!(gate.claim("7").map(|claim| claim.count), Some(2));
    assert_eq!(gate.claim("9"), None);
}

#[test]
fn a_copy_in_one_webhook_or_the_next_is_a_duplicate_before_anything_is_durable() {
    let mut gate = gate();
    let (_, change) = accept(&mut gate, vec![stray("7", "a"), stray("7", "a")]);
    assert_eq!((change.tallies[0].1.quarantined, change.tallies[0].1.duplicate), (1, 1));
    let other = item("7", "9", "messages", r#"{"id":"a","from":"1","timestamp":"1800000000","x":1}"#);
    let (_, change) = accept(&mut gate, vec![other]);
    let tally = &change.tallies[0].1;
    assert_eq!((tally.duplicate, tally.duplicate_differing, change.events.len()), (1, 1, 0));
}

#[test]
fn the_same_item_of_two_accounts_is_two_items() {
    let (_, change) = accept(&mut gate(), vec![stray("7", "a"), stray("8", "a")]);
    assert_eq!(change.tallies[0].1.quarantined, 2);
}

#[test]
fn test_payloads_are_never_deduplicated_and_go_to_routes_that_want_them() {
    let mut gate = gate();
    let (ticket, change) = accept(&mut gate, vec![test_payload(), test_payload()]);
    let tally = &change.tallies[0].1;
    assert_eq!((tally.test, tally.duplicate, tally.faults()), (2, 0, Vec::new()));
    assert_eq!(change.events.iter().map(|event| event.id()).collect::<Vec<_>>(), ["t.sim.1", "t.sim.2"]);
    assert!(change.marks.is_empty());
    let starts = gate.settled(ticket, NOW).into_iter().filter(|effect| matches!(effect, Effect::Deliver(_)));
    assert_eq!(starts.count(), 1, "one after another");
}

#[test]
fn a_test_payload_is_delivered_only_when_it_is_durable() {
    let mut gate = gate();
    let effects = gate.accept(vec![test_payload()], vec![None], 0, NOW);
    assert!(matches!(&effects[..], [Effect::Commit { .. }]), "{effects:?}");
    assert!(!gate.is_settled());
    assert!(matches!(&gate.settled(1, NOW)[..], [Effect::Deliver(_)]));
    assert!(gate.is_settled());
}

#[test]
fn a_release_takes_the_next_items_of_a_claim_and_the_last_one_removes_it() {
    let mut gate = gate();
    accept(&mut gate, vec![stray("7", "a"), stray("8", "b"), stray("7", "c")]);
    let bytes = gate.claim("7").expect("claimed").bytes;
    let writes = gate.release("7", 1, bytes / 2, 2);
    let rest = Claim::from_bytes(writes[0].value.as_ref().expect("something is left")).expect("readable");
    assert_eq!((rest.first, rest.count), (3, 1));
    assert_eq!(gate.claim("7").map(|claim| claim.count), Some(2), "nothing is gone before that is durable");
    gate.released("7", 1, bytes / 2, 2);
    assert_eq!(gate.claim("7").map(|claim| (claim.first, claim.count)), Some((3, 1)));
    assert_eq!(gate.release("7", 1, bytes / 2, 3)[0].value, None);
    gate.released("7", 1, bytes / 2, 3);
    assert_eq!(gate.claim("7"), None);
    assert!(gate.release("7", 1, 1, 4).is_empty());
}

#[test]
fn claims_are_there_after_a_restart_and_go_on_counting() {
    let claim = Claim { gateway: "sim".into(), claimed: "7".into(), first: 3, count: 2, bytes: 10 };
    let mut gate = gate_with(vec![claim]);
    let (_, change) = accept(&mut gate, vec![stray("7", "z")]);
    assert_eq!(claims(&change), [("7".into(), 3, 3)]);
}

#[test]
fn only_routes_that_ask_for_tests_get_them() {
    let routes = [Arc::new(route("sim/all")), Arc::new(Route { tests: true, ..route("sim/tests") })];
    let names: Vec<Arc<str>> = test_routes(&routes).iter().map(|route| Arc::clone(&route.name)).collect();
    assert_eq!(names, ["sim/tests".into()]);
}

/// Keeps one stray per id and returns them as the journal holds them.
fn strays(gate: &mut GateMachine, account: &str, ids: std::ops::Range<u64>, now: u64) -> Vec<Event> {
    let mut kept = Vec::new();
    for id in ids {
        let mut effects = gate.accept(vec![stray(account, &format!("{account}-{id}"))], vec![None], 0, now).into_iter();
        let Some(Effect::Commit { ticket, change }) = effects.next() else { panic!("a commit") };
        kept.extend(change.events.iter().map(|event| event.as_ref().clone()));
        gate.settled(ticket, now);
    }
    kept
}

/// What an eviction commits: its tally.
fn evicted(gate: &mut GateMachine, events: &[Event], asked: Option<u64>, now: u64) -> Option<(i64, i64)> {
    let after = gate.wants_to_evict(asked, now)?;
    let read: Vec<Event> = events.iter().filter(|event| event.seq > after).take(4).cloned().collect();
    let effects = gate.evict(&read, asked, now);
    let Some(Effect::Commit { ticket, change }) = effects.into_iter().next() else { return Some((0, 0)) };
    let tally = change.tallies[0].1.clone();
    assert_eq!(tally.faults(), Vec::<String>::new());
    gate.settled(ticket, now);
    Some((tally.quarantined, tally.evicted))
}

#[test]
fn the_oldest_items_are_evicted_and_counted_when_the_quarantine_holds_too_many_bytes() {
    let mut gate = gate();
    let events = strays(&mut gate, "7", 0..6, NOW);
    let bytes = events[0].body.len() as u64;
    assert_eq!(evicted(&mut gate, &events, None, NOW), Some((0, 0)), "the first look finds nothing to do");
    assert_eq!(gate.wants_to_evict(None, NOW), None);
    let mut gate = gate.limited(Limits { bytes: 4 * bytes, ..Limits::default() });
    assert_eq!(evicted(&mut gate, &events, None, NOW), Some((-2, 2)));
    assert_eq!(gate.claim("7").map(|claim| (claim.first, claim.count, claim.bytes)), Some((3, 4, 4 * bytes)));
    assert_eq!(gate.wants_to_evict(None, NOW), None);
}

#[test]
fn items_are_evicted_after_seven_days_one_claim_as_well_as_another() {
    let mut gate = gate();
    let mut events = strays(&mut gate, "7", 0..2, NOW);
    events.extend(strays(&mut gate, "8", 0..2, NOW));
    events.extend(strays(&mut gate, "7", 2..3, NOW + 1000));
    let week = Limits::default().age_ms;
    assert_eq!(evicted(&mut gate, &events, None, NOW + week - 1), Some((0, 0)));
    assert_eq!(gate.wants_to_evict(None, NOW + week - 1), None);
    assert_eq!(evicted(&mut gate, &events, None, NOW + week), Some((-4, 4)));
    assert_eq!(evicted(&mut gate, &events, None, NOW + week), Some((0, 0)));
    assert_eq!((gate.claim("8"), gate.claim("7").map(|claim| claim.count)), (None, Some(1)));
    assert_eq!(evicted(&mut gate, &events, None, NOW + week + 1000), Some((-1, 1)));
    assert_eq!((gate.claim("7"), gate.quarantined_bytes()), (None, 0));
}

#[test]
fn a_store_without_space_asks_for_the_oldest_and_gets_no_more_than_it_asked_for() {
    let mut gate = gate();
    let events = strays(&mut gate, "7", 0..5, NOW);
    assert_eq!(evicted(&mut gate, &events, Some(3), NOW), Some((-3, 3)));
    assert_eq!(gate.claim("7").map(|claim| claim.first), Some(4));
    assert_eq!(gate.wants_to_evict(Some(3), NOW), None);
}

#[test]
fn what_the_journal_no_longer_holds_is_evicted_but_not_what_is_on_its_way_there() {
    let mut gate = gate();
    strays(&mut gate, "7", 0..3, NOW);
    assert!(gate.wants_to_evict(None, NOW).is_some());
    let (ticket, _) = accept(&mut gate, vec![stray("8", "late")]);
    assert_eq!(gate.evict(&[], None, NOW).len(), 0, "something came in during the look");
    gate.settled(ticket, NOW);
    assert_eq!(evicted(&mut gate, &[], None, NOW), Some((-4, 4)));
    assert_eq!(gate.wants_to_evict(None, NOW), None);
}
