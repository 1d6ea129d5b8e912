//! What an endpoint may count on, and what accounts may count on from each other.
#![allow(clippy::unwrap_used)]

use super::*;
use futures_util::FutureExt;
use std::pin::pin;
use wharf_storage::{Kind, MemoryStore};

const NOW: u64 = 1_800_000_000_000;

fn gate(concurrency: usize) -> Arc<EndpointGate> {
    Gates::default().gate("https://u:p@app.example/hook?key=1", concurrency)
}

fn account(id: &str) -> Arc<str> {
    id.into()
}

fn permit(entered: Option<Entered>) -> Permit {
    match entered {
        Some(Entered::Permit(permit)) => permit,
        Some(Entered::NotBefore(_)) | None => panic!("let in at once"),
    }
}

#[test]
fn no_more_get_in_at_once_than_the_route_allows_and_a_permit_that_ends_lets_in_the_next() {
    let gate = gate(1);
    let a = account("a");
    let first = permit(gate.enter(&a, 1, || NOW).now_or_never());
    let mut second = pin!(gate.enter(&a, 2, || NOW));
    assert!(second.as_mut().now_or_never().is_none());
    assert_eq!((gate.free(), gate.standing().waiting), (0, 1));
    first.end(Heard::Delivered, NOW);
    let second = permit(second.now_or_never());
    assert_eq!((gate.free(), gate.standing().waiting), (0, 0));
    drop(second);
    assert_eq!(gate.free(), 1);
}

#[test]
fn an_account_with_a_long_line_gets_one_turn_at_a_time() {
    let gate = gate(1);
    let (busy, quiet) = (account("busy"), account("quiet"));
    let mut inside = permit(gate.enter(&busy, 0, || NOW).now_or_never());
    let names = [&busy, &busy, &busy, &quiet, &busy, &quiet];
    let mut line: Vec<_> =
        names.iter().enumerate().map(|(n, name)| (*name, Box::pin(gate.enter(name, n as u64, || NOW)))).collect();
    line.iter_mut().for_each(|(_, waits)| assert!(waits.as_mut().now_or_never().is_none()));
    let mut order = Vec::new();
    while !line.is_empty() {
        inside.end(Heard::Delivered, NOW);
        let found = line.iter_mut().enumerate().find_map(|(at, (name, waits))| {
            waits.as_mut().now_or_never().map(|entered| (at, name.to_string(), entered))
        });
        let (at, name, entered) = found.unwrap();
        order.push(name);
        inside = permit(Some(entered));
        drop(line.remove(at));
    }
    assert_eq!(order, ["busy", "quiet", "busy", "quiet", "busy", "busy"]);
}

#[test]
fn who_goes_away_while_waiting_keeps_nobody_out() {
    let gate = gate(1);
    let a = account("a");
    let inside = permit(gate.enter(&a, 1, || NOW).now_or_never());
    {
        let mut gone = pin!(gate.enter(&a, 2, || NOW));
        assert!(gone.as_mut().now_or_never().is_none());
    }
    let mut stays = pin!(gate.enter(&a, 3, || NOW));
    assert!(stays.as_mut().now_or_never().is_none());
    drop(inside);
    permit(stays.now_or_never());
    assert_eq!(gate.free(), 1);
}

#[test]
fn an_endpoint_that_is_down_is_not_asked_and_its_line_is_sent_away() {
    let gate = gate(2);
    let a = account("a");
    let permits: Vec<Permit> = (1..=2).map(|lane| permit(gate.enter(&a, lane, || NOW).now_or_never())).collect();
    let mut waits = pin!(gate.enter(&a, 3, || NOW));
    assert!(waits.as_mut().now_or_never().is_none());
    let mut permits = permits.into_iter();
    assert_eq!(permits.next().unwrap().end(Heard::Unconnected, NOW), None);
    assert_eq!(permits.next().unwrap().end(Heard::Failed, NOW), None);
    let third = permit(waits.now_or_never());
    assert_eq!(third.end(Heard::Failed, NOW), Some(NOW + 10_000));
    assert_eq!(gate.standing().breaker, "open");
    let refused = gate.enter(&a, 4, || NOW + 1).now_or_never();
    assert!(matches!(refused, Some(Entered::NotBefore(until_ms)) if until_ms == NOW + 10_000));
    assert_eq!(gate.free(), 2);
}

#[test]
fn a_probe_whose_account_died_leaves_the_question_to_the_next_at_once() {
    let gate = gate(4);
    let a = account("a");
    for lane in 1..=3 {
        permit(gate.enter(&a, lane, || NOW).now_or_never()).end(Heard::Failed, NOW);
    }
    let then = NOW + 10_000;
    drop(permit(gate.enter(&a, 9, || then).now_or_never()));
    permit(gate.enter(&a, 8, || then).now_or_never()).end(Heard::Delivered, then);
    assert_eq!(gate.standing().breaker, "closed");
}

#[test]
fn a_route_that_is_gone_is_paused_until_somebody_resumes_it() {
    let gate = gate(2);
    let a = account("a");
    permit(gate.enter(&a, 1, || NOW).now_or_never()).pause(NOW);
    assert_eq!(gate.standing().paused_at_ms, Some(NOW));
    assert!(matches!(gate.enter(&a, 1, || NOW + 1).now_or_never(), Some(Entered::NotBefore(_))));
    assert!(gate.hold.end(NOW + 2));
    assert!(!gate.hold.end(NOW + 2));
    permit(gate.enter(&a, 1, || NOW + 2).now_or_never());
}

#[test]
fn everyone_shares_the_gate_of_an_endpoint_until_its_concurrency_changes() {
    let gates = Gates::default();
    let first = gates.gate("http://a/", 2);
    assert!(Arc::ptr_eq(&first, &gates.gate("http://a/", 2)));
    assert!(!Arc::ptr_eq(&first, &gates.gate("http://b/", 2)));
    assert_eq!(gates.gate("http://a/", 3).free(), 3);
    assert_eq!(gates.gate("http://c/", 0).free(), 1);
}

#[test]
fn gates_that_nobody_holds_are_forgotten() {
    let gates = Gates::default();
    for n in 0..100 {
        gates.gate(&format!("http://{n}/"), 1);
    }
    assert_eq!(gates.lock().gates.len(), 1);
}

#[test]
fn a_pause_and_its_length_survive_a_restart() {
    let url = "https://u:p@app.example/hook?key=1";
    let disk = MemoryStore::new();
    let store: Arc<dyn Store> = Arc::new(disk.crash());
    let gates = Gates::kept_in(&store);
    let gate = gates.gate(url, 2);
    permit(gate.enter(&account("a"), 1, || NOW).now_or_never()).pause(NOW);
    drop((gate, gates));

    let gates = Gates::kept_in(&store);
    let gate = gates.gate(url, 2);
    assert_eq!(gate.standing().paused_at_ms, Some(NOW));
    assert!(matches!(gate.enter(&account("a"), 1, || NOW + 1).now_or_never(), Some(Entered::NotBefore(_))));
    assert_eq!(gates.gate("https://other.example/", 2).standing().paused_at_ms, None);
    assert!(gates.resume(url, NOW + 500));
    permit(gate.enter(&account("a"), 1, || NOW + 501).now_or_never());

    let gate = Gates::kept_in(&store).gate(url, 2);
    assert_eq!(gate.standing().paused_at_ms, None);
    assert_eq!(gate.held_ms(NOW - 100, NOW + 10_000), 500);
    let kept = store.hot(Kind::Hold, &[]);
    assert!(!kept.is_empty());
    assert!(kept.iter().all(|(_, bytes)| !String::from_utf8_lossy(bytes).contains("key=1")), "no URL on disk");
}

#[test]
fn a_pause_holds_for_every_gate_of_its_endpoint_and_survives_gates_that_nobody_holds() {
    let gates = Gates::default();
    let (narrow, wide) = (gates.gate("http://a/", 2), gates.gate("http://a/", 3));
    permit(narrow.enter(&account("a"), 1, || NOW).now_or_never()).pause(NOW);
    assert_eq!(wide.standing().paused_at_ms, Some(NOW));
    drop((narrow, wide));
    for n in 0..10 {
        gates.gate(&format!("http://{n}/"), 1);
    }
    assert_eq!(gates.gate("http://a/", 2).standing().paused_at_ms, Some(NOW));
}
