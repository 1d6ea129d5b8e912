//! What an account makes of items, statuses and changes, and what it gives out only when they are durable.

mod again;
mod alarms;
mod erasing;
mod fields;
mod guard;
mod people;
mod wishes;

use super::*;
use crate::cloud::item::Item;
use crate::gateway::Route;
use crate::rules::outbox::{Answer, Patience, Tried};
use crate::rules::reader::{Attempted, Reader};
use crate::rules::testing::{NOW, message, outbound, route, status};
use bytes::Bytes;
use wharf_storage::{Disposition, Kind, Noun, Seen, Tally};

fn account(active: bool, routes: Vec<Route>) -> AccountMachine {
    let snapshot = r#"{"id":"100","phone_numbers":[{"id":"9","display_phone_number":"+1 555"}]}"#;
    let record = AccountRecord {
        id: "100".into(),
        gateway: "sim".into(),
        snapshot: snapshot.into(),
        wished: true,
        active,
        override_uri: None,
        refusal: None,
        engaged_at_ms: NOW,
        refreshed_at_ms: NOW,
    };
    let readers = routes.into_iter().map(|route| Reader::new(Arc::new(route), 0, 1 << 20)).collect();
    let patience = Patience { unknown_ms: 60_000, unknown_holds_ms: 10_000 };
    let setting = Setting {
        dialogs: 8,
        dialog_ttl_ms: 1 << 40,
        body_bytes: 1 << 20,
        patience,
        keep_body: wharf_storage::KeepBody::Retention,
    };
    let deliveries = Deliveries::new("100".into(), readers);
    AccountMachine::new(Entry::new(record), 0, deliveries, Outbox::new("100", patience, 0), Change::default(), &setting)
}

fn active() -> AccountMachine {
    account(true, vec![route("sim/all")])
}

fn text(id: &str) -> Item {
    message(id, r#""from":"1""#)
}

fn accept(items: Vec<Item>) -> Input {
    let copies = vec![None; items.len()];
    let (dialogs, messages, preferences) = (Vec::new(), Vec::new(), Vec::new());
    Input::Accept(Accept { gateway: "sim".into(), secret: 0, items, copies, dialogs, messages, preferences })
}

fn submit(record: MessageRecord) -> Input {
    Input::Submit(Box::new(Submission { record, body: Bytes::from_static(b"{}"), twin: None }))
}

/// The first effect, which must be a commit.
fn kept(effects: Vec<Effect>) -> (u64, Change) {
    match effects.into_iter().next() {
        Some(Effect::Commit { ticket, change }) => (ticket, change),
        other => panic!("the first effect is a commit, not {other:?}"),
    }
}

fn counted(change: &Change) -> &Tally {
    &change.tallies.last().expect("items are counted").1
}

/// The message as `change` keeps it.
fn message_in(change: &Change) -> MessageRecord {
    let write = change.writes.iter().rfind(|write| write.kind == Kind::Message).expect("it is kept");
    MessageRecord::from_bytes(write.value.as_ref().expect("set")).expect("readable")
}

fn taken(wamid: &str) -> Input {
    let answer = Answer { status: 200, body: bytes::Bytes::from_static(b"{}") };
    Input::Tried { id: "a".into(), tried: Tried::Taken { wamid: wamid.into(), answer }, chance: 0.5 }
}

#[test]
fn an_item_is_delivered_only_when_it_is_durable() {
    let mut account = active();
    let effects = account.handle(accept(vec![text("a")]), NOW);
    assert!(matches!(&effects[..], [Effect::Commit { ticket: 1, .. }]), "{effects:?}");
    let effects = account.handle(Input::Settled { ticket: 1 }, NOW);
    assert!(matches!(&effects[..], [Effect::Deliver(start)] if start.due.seq == 1), "{effects:?}");
}

#[test]
fn a_copy_is_a_duplicate_in_the_same_webhook_the_next_and_after_it_is_durable() {
    let mut account = active();
    let (ticket, change) = kept(account.handle(accept(vec![text("a"), text("a")]), NOW));
    assert_eq!((counted(&change).received, counted(&change).routed, counted(&change).duplicate), (2, 1, 1));
    let (_, change) = kept(account.handle(accept(vec![text("a")]), NOW));
    assert_eq!((counted(&change).duplicate, change.events.len()), (1, 0), "its original is on its way to the disk");
    account.handle(Input::Settled { ticket: ticket + 1 }, NOW);
    let seen = Seen { content: text("a").content, at_s: 0 };
    let mut again = accept(vec![text("a")]);
    if let Input::Accept(accept) = &mut again {
        accept.copies = vec![Some(seen)];
    }
    let (_, change) = kept(account.handle(again, NOW));
    assert_eq!((counted(&change).duplicate, counted(&change).duplicate_differing), (1, 0));
}

#[test]
fn the_same_key_with_other_bytes_is_a_duplicate_counted_apart() {
    let mut account = active();
    let other = message("a", r#""from":"1","edited":true"#);
    let (_, change) = kept(account.handle(accept(vec![text("a"), other]), NOW));
    assert_eq!((counted(&change).duplicate, counted(&change).duplicate_differing), (1, 1));
    assert_eq!(change.events[0].item_bytes(), text("a").bytes());
}

#[test]
fn an_inactive_accounts_items_are_kept_and_offered_to_nobody() {
    let mut account = account(false, vec![route("sim/all")]);
    let (ticket, change) = kept(account.handle(accept(vec![text("a")]), NOW));
    assert_eq!((counted(&change).inactive, counted(&change).routes.len()), (1, 0));
    assert_eq!(change.events[0].disposition, Disposition::Inactive);
    assert!(account.handle(Input::Settled { ticket }, NOW).is_empty());
}

#[test]
fn a_filter_by_field_type_account_or_number_is_the_same_filter() {
    let filters = [
        Route { fields: vec!["calls".into()], ..route("sim/fields") },
        Route { types: vec!["status".into()], ..route("sim/types") },
        Route { accounts: vec!["200".into()], ..route("sim/accounts") },
        Route { numbers: vec!["8".into()], ..route("sim/numbers") },
    ];
    let all = Route { types: vec!["status".into(), "message".into()], numbers: vec!["9".into()], ..route("sim/all") };
    let mut account = account(true, filters.into_iter().chain([all]).collect());
    let (_, change) = kept(account.handle(accept(vec![text("a")]), NOW));
    let routes = &counted(&change).routes;
    assert!(routes.values().all(|route| route.offered == 1));
    let wanted: Vec<&str> = routes.iter().filter(|(_, route)| route.pending == 1).map(|(name, _)| &**name).collect();
    assert_eq!(wanted, ["sim/all"]);
    assert_eq!(routes.values().filter(|route| route.filtered == 1).count(), 4);
}

#[test]
fn an_event_shows_its_number_as_graph_does() {
    let (_, change) = kept(active().handle(accept(vec![text("a")]), NOW));
    assert_eq!(change.events[0].number.display.as_deref(), Some("+1 555"));
}

#[test]
fn a_message_is_sent_and_its_caller_answered_only_when_that_is_durable() {
    let mut account = active();
    let (ticket, _) = kept(account.handle(submit(outbound("a", "1")), NOW));
    let effects = account.handle(Input::Settled { ticket }, NOW);
    assert!(matches!(&effects[..], [Effect::Send(record)] if record.state == MessageState::Sending), "{effects:?}");
    let (ticket, _) = kept(account.handle(taken("wamid.1"), NOW));
    let effects = account.handle(Input::Settled { ticket }, NOW);
    assert!(matches!(&effects[..], [Effect::Answer { id, .. }] if &**id == "a"), "{effects:?}");
}

/// The first status of a message wrote the record as it was before the try that was taken: the try was gone.
#[test]
fn a_status_moves_a_message_forward_and_leaves_its_tries() {
    let mut account = active();
    account.handle(submit(outbound("a", "1")), NOW);
    account.handle(taken("wamid.1"), NOW);
    let (_, change) = kept(account.handle(accept(vec![status("wamid.1", "delivered")]), NOW));
    let record = message_in(&change);
    assert_eq!((record.state, record.attempts.len()), (MessageState::Delivered, 1));
    let (_, change) = kept(account.handle(accept(vec![status("wamid.1", "sent")]), NOW));
    assert!(change.writes.iter().all(|write| write.kind != Kind::Message), "never backward");
}

/// `delivered` and then `sent` came before the answer of the send: the message stood at `sent`.
#[test]
fn of_statuses_that_come_before_the_answer_the_furthest_counts_and_is_kept_with_it() {
    let mut account = active();
    account.handle(submit(outbound("a", "1")), NOW);
    account.handle(accept(vec![status("wamid.1", "delivered"), status("wamid.1", "sent")]), NOW);
    let (_, change) = kept(account.handle(taken("wamid.1"), NOW));
    assert_eq!(message_in(&change).state, MessageState::Delivered);
}

#[test]
fn a_failure_that_meta_reports_later_shows_its_status_and_counts_as_taken() {
    let mut account = active();
    account.handle(submit(outbound("a", "1")), NOW);
    account.handle(taken("wamid.1"), NOW);
    let (_, change) = kept(account.handle(accept(vec![status("wamid.1", "failed")]), NOW));
    let record = message_in(&change);
    assert_eq!(record.state, MessageState::Failed);
    assert!(record.error.is_some_and(|error| error.contains(r#""status":"failed""#)));
    assert_eq!(counted(&change).messages, Default::default());
}

/// The reader of a removed account stood at the end of all seqs: the next event overflowed, or was never delivered.
#[test]
fn where_the_journal_ends_the_next_event_begins() {
    let mut account = active();
    account.handle(Input::Bury { reader: 0, events: Vec::new(), through: u64::MAX, reason: "removed".into() }, NOW);
    let (ticket, _) = kept(account.handle(accept(vec![text("a")]), NOW));
    account.handle(Input::Settled { ticket }, NOW);
    assert_eq!(account.deliveries().readers()[0].open_seqs(), [1]);
}

/// A removed account left before the deliveries of its last 25 ms were kept.
#[test]
fn an_account_at_rest_is_settled_only_when_every_end_is_durable() {
    let mut account = active();
    let (ticket, change) = kept(account.handle(accept(vec![text("a")]), NOW));
    account.handle(Input::Settled { ticket }, NOW);
    account.handle(Input::Rest, NOW);
    assert!(!account.is_at_rest(), "a delivery is under way");
    let event = Arc::clone(&change.events[0]);
    let ended = Input::Attempted { reader: 0, event, what: Attempted::Delivered, chance: 0.5 };
    let (ticket, change) = kept(account.handle(ended, NOW));
    assert_eq!(counted(&change).routes["sim/all"].delivered, 1);
    assert!(!account.is_at_rest(), "its end is on the way to the disk");
    account.handle(Input::Settled { ticket }, NOW);
    assert!(account.is_at_rest() && account.unfinished().is_none());
}
