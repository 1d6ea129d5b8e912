//! A status that comes after a later one of its message: marked, dropped or neither, as each route asks.

use super::*;
use crate::gateway::RankGuard;
use wharf_storage::Event;

fn guarded() -> AccountMachine {
    let guards = [("sim/off", RankGuard::Off), ("sim/mark", RankGuard::Mark), ("sim/drop", RankGuard::Drop)];
    account(true, guards.map(|(name, rank_guard)| Route { rank_guard, ..route(name) }).into())
}

fn take(account: &mut AccountMachine, states: &[&str]) -> Vec<(Arc<Event>, Tally)> {
    let take = |state: &&str| {
        let (_, change) = kept(account.handle(accept(vec![status("wamid.1", state)]), NOW));
        let counted = counted(&change).clone();
        assert_eq!(counted.faults(), Vec::<String>::new());
        (Arc::clone(&change.events[0]), counted)
    };
    states.iter().map(take).collect()
}

#[test]
fn a_late_status_is_marked_for_one_route_dropped_for_another_and_counted_for_all() {
    let taken = take(&mut guarded(), &["read", "delivered", "played"]);
    let late: Vec<bool> = taken.iter().map(|(event, _)| event.is_superseded()).collect();
    assert_eq!(late, [false, true, false]);
    for ((_, counted), filtered) in taken.iter().zip([0, 1, 0]) {
        let filtered_by = |route: &str| (counted.routes[route].offered, counted.routes[route].filtered);
        assert_eq!(filtered_by("sim/drop"), (1, filtered));
        assert_eq!([filtered_by("sim/off"), filtered_by("sim/mark")], [(1, 0), (1, 0)]);
    }
}

#[test]
fn where_no_route_asks_nothing_is_marked() {
    let taken = take(&mut active(), &["read", "sent"]);
    assert!(taken.iter().all(|(event, _)| !event.is_superseded()));
}

/// After a restart nothing is remembered but what the records of our own messages say.
#[test]
fn of_a_message_of_our_own_its_record_knows_what_was_heard_before_a_restart() {
    let mut account = guarded();
    let record = MessageRecord { state: MessageState::Read, wamid: Some("wamid.1".into()), ..outbound("a", "1") };
    let mut input = accept(vec![status("wamid.1", "delivered"), status("wamid.2", "delivered")]);
    if let Input::Accept(accept) = &mut input {
        accept.messages = vec![record];
    }
    let (_, change) = kept(account.handle(input, NOW));
    assert_eq!(change.events.iter().map(|event| event.is_superseded()).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn the_status_of_a_payment_or_a_call_is_never_late_and_moves_no_message() {
    let mut account = guarded();
    account.handle(submit(outbound("a", "1")), NOW);
    account.handle(taken("wamid.1"), NOW);
    take(&mut account, &["sent"]);
    for kind in ["payment", "call"] {
        let text = format!(r#"{{"id":"wamid.1","type":"{kind}","status":"failed","recipient_id":"1"}}"#);
        let (_, change) =
            kept(account.handle(accept(vec![crate::rules::testing::item("100", "9", "statuses", &text)]), NOW));
        assert!(change.writes.iter().all(|write| write.kind != Kind::Message), "{kind}");
        assert!(!change.events[0].is_superseded());
    }
}
