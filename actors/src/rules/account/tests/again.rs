//! What an account delivers or sends once more: kept before it starts, counted, and no more than there is.

use super::*;
use crate::cloud::splice::mark_of;
use crate::rules::account::{Again, Found, Redriven};
use crate::rules::testing::item;
use wharf_storage::{Event, Key, MessageTally, ReplayRecord, ReplayState, RouteTally, Write};

/// An account whose first `count` events are delivered and durable, and what it had kept until then.
fn delivered(count: usize) -> (AccountMachine, Vec<Arc<Event>>) {
    let mut account = active();
    let items = (0..count).map(|nth| message(&format!("w{nth}"), &format!(r#""from":"{nth}""#))).collect();
    let (ticket, change) = kept(account.handle(accept(items), NOW));
    let mut effects = account.handle(Input::Settled { ticket }, NOW);
    while let Some(start) = started(&effects).pop() {
        let event = change.events.iter().find(|event| event.seq == start).expect("journalled");
        let what = Attempted::Delivered;
        effects
            .extend(account.handle(Input::Attempted { reader: 0, event: Arc::clone(event), what, chance: 0.5 }, NOW));
        effects.retain(|effect| !matches!(effect, Effect::Deliver(begun) if begun.due.seq == start));
    }
    (account, change.events)
}

fn started(effects: &[Effect]) -> Vec<u64> {
    let starts = effects.iter().filter_map(|effect| match effect {
        Effect::Deliver(start) => Some(start.due.seq),
        Effect::Commit { .. }
        | Effect::ReadOn { .. }
        | Effect::ReadAgain(_)
        | Effect::Send(_)
        | Effect::Answer { .. } => None,
    });
    starts.collect()
}

fn reads(effects: &[Effect]) -> Vec<(u64, usize)> {
    let reads = effects.iter().filter_map(|effect| match effect {
        Effect::ReadAgain(wanted) => Some((wanted.after, wanted.limit)),
        Effect::Commit { .. }
        | Effect::ReadOn { .. }
        | Effect::Deliver(_)
        | Effect::Send(_)
        | Effect::Answer { .. } => None,
    });
    reads.collect()
}

fn replay(through_seq: u64, rate: u32) -> ReplayRecord {
    ReplayRecord {
        account: "100".into(),
        id: "rpl_1".into(),
        route: None,
        kind: None,
        from_seq: 1,
        through_seq,
        rate,
        state: ReplayState::Running,
        done: 0,
        skipped: 0,
        next_seq: 1,
        began_at_ms: NOW,
        ended_at_ms: None,
    }
}

#[test]
fn an_event_is_delivered_again_once_that_is_durable() {
    let (mut account, events) = delivered(2);
    let asked = account.ask_again(&events[0], None);
    assert_eq!(asked.open, [0]);
    let deliveries = vec![(0, Arc::clone(&events[0]))];
    let effects = account.handle(Input::Again(Again { deliveries, ..Again::default() }), NOW);
    assert!(started(&effects).is_empty());
    let (ticket, change) = kept(effects);
    let its = counted(&change).routes["sim/all"];
    assert_eq!(its, RouteTally { replayed: 1, delivered: 2, pending: -1, ..RouteTally::default() });
    assert_eq!(account.ask_again(&events[0], None).pending, [0]);
    assert_eq!(started(&account.handle(Input::Settled { ticket }, NOW)), [1]);
}

#[test]
fn a_filter_is_asked_again_unless_a_route_is_named() {
    let routes = vec![Route { types: vec!["status".into()], ..route("sim/all") }];
    let mut account = account(true, routes);
    let (ticket, change) = kept(account.handle(accept(vec![text("w")]), NOW));
    account.handle(Input::Settled { ticket }, NOW);
    assert!(account.ask_again(&change.events[0], None).open.is_empty());
    assert_eq!(account.ask_again(&change.events[0], Some("sim/all")).open, [0]);
    assert!(account.ask_again(&change.events[0], Some("sim/gone")).open.is_empty());
}

#[test]
fn a_replay_moves_on_in_the_change_that_opens_its_deliveries() {
    let (mut account, events) = delivered(8);
    let effects = account.handle(Input::BeginReplay(Box::new(replay(8, 30))), NOW);
    assert_eq!(reads(&effects), [(0, 16)]);
    let (_, change) = kept(account.handle(Input::ReadAgain { replay: "rpl_1".into(), read: Some(events) }, NOW));
    let moved = change.writes.iter().find(|write| write.kind == Kind::Replay).expect("kept");
    let moved = ReplayRecord::from_bytes(moved.value.as_ref().expect("set")).expect("readable");
    assert_eq!((moved.done, moved.next_seq, moved.state), (3, 4, ReplayState::Running));
    assert_eq!(change.tallies[0].1.routes["sim/all"].replayed, 3);
    assert_eq!(account.due_at().map(|due| due <= NOW + 100), Some(true));
    assert_eq!(reads(&account.handle(Input::Tick, NOW + 99)), []);
    assert_eq!(reads(&account.handle(Input::Tick, NOW + 100)), [(3, 16)]);
}

#[test]
fn two_letters_of_one_delivery_are_one_delivery_and_what_has_no_route_stays() {
    let (account, events) = delivered(3);
    let letter = |nth: u8, route: &str, event: &Arc<Event>| (Key(vec![nth]), route.into(), Arc::clone(event));
    let deliveries = vec![
        letter(3, "sim/all", &events[2]),
        letter(1, "sim/all", &events[0]),
        letter(2, "sim/all", &events[2]),
        letter(4, "sim/gone", &events[1]),
    ];
    let found = Found { deliveries, ..Found::default() };
    let (again, redriven) = account.plan_redrive(found);
    assert_eq!(redriven, Redriven { redriven: 3, skipped: 1, left: 0 });
    assert_eq!(again.deliveries.iter().map(|(_, event)| event.seq).collect::<Vec<_>>(), [1, 3], "in their order");
    assert_eq!(again.letters.len(), 3);
}

#[test]
fn a_message_that_had_ended_is_queued_again_under_its_id_and_its_letter_goes() {
    let mut account = active();
    let record = MessageRecord { state: MessageState::Expired, expires_at_ms: NOW + 5_000, ..outbound("a", "1") };
    let later = NOW + 3_600_000;
    let found = Found { messages: vec![(Key(vec![1]), record.clone())], ..Found::default() };
    let (again, redriven) = account.plan_redrive(found);
    assert_eq!(redriven, Redriven { redriven: 1, skipped: 0, left: 0 });
    let (_, change) = kept(account.handle(Input::Again(again), later));
    let expected = MessageTally { expired: -1, sending: 1, ..MessageTally::default() };
    assert_eq!(counted(&change).messages, expected, "queued, and off at once");
    let removed: Vec<Kind> =
        change.writes.iter().filter(|write| write.value.is_none()).map(|write| write.kind).collect();
    assert_eq!(removed, [Kind::Dead, Kind::Message]);
    let now = account.outbox().get("a").expect("it is there");
    assert_eq!((now.state, now.expires_at_ms), (MessageState::Sending, later + 5_000));
    let found = Found { messages: vec![(Key(vec![1]), record)], ..Found::default() };
    assert_eq!(account.plan_redrive(found).1.skipped, 1, "it is on its way");
}

#[test]
fn a_message_of_another_number_or_that_meta_had_taken_is_not_sent_again() {
    let account = active();
    let failed = MessageRecord { state: MessageState::Failed, ..outbound("a", "1") };
    for record in [
        MessageRecord { number: "8".into(), ..failed.clone() },
        MessageRecord { wamid: Some("w".into()), ..failed.clone() },
        MessageRecord { state: MessageState::Cancelled, ..failed.clone() },
    ] {
        let found = Found { messages: vec![(Key(vec![1]), record)], ..Found::default() };
        assert_eq!(account.plan_redrive(found).1, Redriven { redriven: 0, skipped: 1, left: 0 });
    }
}

/// Seed 59 of the simulation, once redrive and the pace met: a message that was in doubt expired while it waited to be
/// sent once more, a status named it after all, and then its letter was redriven: the customer got it twice.
#[test]
fn a_message_that_a_late_status_names_is_not_sent_again() {
    let mut account = active();
    let record = MessageRecord { state: MessageState::Expired, ..outbound("msg_a", "1") };
    let mark = mark_of("msg_a");
    let status =
        format!(r#"{{"id":"w","status":"sent","timestamp":"1800000000","biz_opaque_callback_data":"{mark}"}}"#);
    let named = item("100", "9", "statuses", &status);
    let (copies, messages) = (vec![None], vec![record.clone()]);
    let (dialogs, preferences) = (Vec::new(), Vec::new());
    let items = vec![named];
    let accept = Accept { gateway: "sim".into(), secret: 0, items, copies, dialogs, messages, preferences };
    let (_, change) = kept(account.handle(Input::Accept(accept), NOW));
    let body_goes = |write: &Write| write.kind == Kind::Body && write.value.is_none();
    assert!(change.writes.iter().any(body_goes), "what has no bytes is not redriven after a restart either");
    let found = Found { messages: vec![(Key(vec![1]), record)], ..Found::default() };
    assert_eq!(account.plan_redrive(found).1.skipped, 1);
}

#[test]
fn replays_and_holds_are_forgotten_with_their_account() {
    let (mut account, _) = delivered(1);
    account.handle(Input::BeginReplay(Box::new(replay(1, 30))), NOW);
    account.handle(Input::HoldDeliveries { place: Default::default(), by: "ops".into() }, NOW);
    let change = forget(&account);
    let removed = |kind: Kind| change.writes.iter().any(|write| write.kind == kind && write.value.is_none());
    assert!(removed(Kind::Replay) && removed(Kind::DeliveryHold) && removed(Kind::Progress));
}
