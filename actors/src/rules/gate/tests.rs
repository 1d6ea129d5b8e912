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
