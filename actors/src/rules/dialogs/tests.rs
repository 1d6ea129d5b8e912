//! One dialog per number and customer, whatever ids the customer goes by and however small the memory is.

use super::*;
use crate::rules::testing::{NOW, item, message};
use wharf_storage::{Kind, Noun};

const DAY_MS: u64 = 86_400_000;

fn dialogs(capacity: usize) -> Dialogs {
    Dialogs::new("100", 30 * DAY_MS, capacity)
}

fn by_phone(phone: &str) -> Item {
    message("m", &format!(r#""from":"{phone}""#))
}

fn by_user(user: &str) -> Item {
    message("m", &format!(r#""from_user_id":"{user}""#))
}

fn by_both(phone: &str, user: &str) -> Item {
    message("m", &format!(r#""from":"{phone}","from_user_id":"{user}""#))
}

fn meet(dialogs: &mut Dialogs, item: &Item, now: u64) -> (EventDialog, Change) {
    let mut change = Change::default();
    let dialog = dialogs.meet(item, &mut change, 1, now).expect("it names a customer");
    (dialog, change)
}

/// What storage has after these changes.
fn kept(changes: &[Change], name: &str) -> Option<Dialog> {
    let writes = || changes.iter().flat_map(|change| &change.writes);
    let bytes = |write: &wharf_storage::Write| write.value.clone().expect("set");
    let aliases = writes().filter(|write| write.kind == Kind::Alias);
    let mut aliases = aliases.map(|write| Alias::from_bytes(&bytes(write)).expect("readable"));
    let id = aliases.rfind(|alias| &*alias.name == name)?.dialog;
    let all = writes().filter(|write| write.kind == Kind::Dialog && write.value.is_some());
    let mut all = all.map(|write| Dialog::from_bytes(&bytes(write)).expect("readable"));
    all.rfind(|dialog| dialog.id == id)
}

#[test]
fn a_dialog_is_new_once() {
    let mut dialogs = dialogs(8);
    let (first, _) = meet(&mut dialogs, &by_phone("1"), NOW);
    let (second, change) = meet(&mut dialogs, &by_phone("1"), NOW + 1);
    assert_eq!((first.new, second.new, first.id), (true, false, second.id));
    assert!(change.is_empty(), "nothing about it changed");
}

#[test]
fn another_number_or_customer_is_another_dialog() {
    let mut dialogs = dialogs(8);
    let (one, _) = meet(&mut dialogs, &by_phone("1"), NOW);
    let (two, _) = meet(&mut dialogs, &by_phone("2"), NOW);
    let elsewhere = item("100", "8", "messages", r#"{"id":"m","from":"1"}"#);
    let (three, _) = meet(&mut dialogs, &elsewhere, NOW);
    assert!(one.id != two.id && one.id != three.id && two.id != three.id);
}

#[test]
fn two_ids_seen_together_are_one_dialog_from_then_on() {
    let mut dialogs = dialogs(8);
    let (phone, _) = meet(&mut dialogs, &by_phone("1"), NOW);
    let (both, _) = meet(&mut dialogs, &by_both("1", "US.7"), NOW);
    let (user, _) = meet(&mut dialogs, &by_user("US.7"), NOW);
    assert_eq!((both.id, user.id, both.new, user.new), (phone.id, phone.id, false, false));
    assert_eq!((user.user_id.as_deref(), user.wa_id.as_deref()), (Some("US.7"), Some("1")));
}

#[test]
fn two_dialogs_of_one_customer_become_the_one_that_began_first() {
    let mut dialogs = dialogs(8);
    let (phone, _) = meet(&mut dialogs, &by_phone("1"), NOW);
    let (user, _) = meet(&mut dialogs, &by_user("US.7"), NOW + 1);
    assert_ne!(phone.id, user.id);
    let (both, change) = meet(&mut dialogs, &by_both("1", "US.7"), NOW + 2);
    assert_eq!((both.id, both.new), (phone.id, false));
    assert_eq!(meet(&mut dialogs, &by_phone("1"), NOW + 3).0.id, phone.id);
    assert_eq!(meet(&mut dialogs, &by_user("US.7"), NOW + 3).0.id, phone.id);
    assert_eq!(dialogs.take_joined(), [Joined { from: user.id, into: phone.id }]);
    assert!(dialogs.take_joined().is_empty(), "told once");
    let records = change.writes.iter().filter(|write| write.kind == Kind::Dialog);
    let mut records = records.map(|write| Dialog::from_bytes(write.value.as_ref().expect("set")).expect("readable"));
    let leads_on = records.next().expect("what is left of the other one");
    assert_eq!((leads_on.id, leads_on.user_id, leads_on.wa_id), (phone.id, None, None), "it leads on and names nobody");
    assert_eq!(kept(&[change], "9|u|US.7").expect("kept").wa_id.as_deref(), Some("1"));
}

#[test]
fn a_merged_dialog_has_the_longer_window() {
    let mut dialogs = dialogs(8);
    let status = message("m", r#""from":"1","type":"system","system":{"type":"customer_identity_changed"}"#);
    assert_eq!(meet(&mut dialogs, &status, NOW).0.window_expires_at_ms, None);
    let open = meet(&mut dialogs, &by_user("US.7"), NOW + 1).0.window_expires_at_ms;
    let told = message("m", r#""from":"1","from_user_id":"US.7","type":"system","system":{}"#);
    let (both, _) = meet(&mut dialogs, &told, NOW + 2);
    assert!(open.is_some());
    assert_eq!(both.window_expires_at_ms, open);
}

#[test]
fn a_user_id_update_leads_the_new_id_to_the_dialog_and_merges_what_it_began_before() {
    let update = r#"{"wa_id":"1","user_id":{"previous":"US.1","current":"US.2"},"timestamp":"1800000000"}"#;
    let update = item("100", "9", "user_id_update", update);
    let mut dialogs = dialogs(8);
    let (before, _) = meet(&mut dialogs, &by_both("1", "US.1"), NOW);
    let (early, _) = meet(&mut dialogs, &by_user("US.2"), NOW + 1);
    assert_ne!(early.id, before.id, "the news came late");
    let (told, _) = meet(&mut dialogs, &update, NOW + 2);
    assert_eq!((told.id, told.user_id.as_deref()), (before.id, Some("US.2")));
    assert_eq!(dialogs.take_joined(), [Joined { from: early.id, into: before.id }]);
    for late in [by_user("US.1"), by_user("US.2"), by_phone("1")] {
        assert_eq!(meet(&mut dialogs, &late, NOW + 3).0.id, before.id);
    }
}

#[test]
fn the_other_names_of_a_merged_dialog_lead_to_the_one_that_goes_on() {
    let mut dialogs = dialogs(8);
    let (old, _) = meet(&mut dialogs, &by_phone("1"), NOW);
    let (new, _) = meet(&mut dialogs, &by_both("2", "US.2"), NOW + 1);
    let moved = message("m", r#""from":"1","type":"system","system":{"type":"user_changed_number","wa_id":"2"}"#);
    let (told, change) = meet(&mut dialogs, &moved, NOW + 2);
    assert_eq!(told.id, old.id);
    assert_eq!(meet(&mut dialogs, &by_user("US.2"), NOW + 3).0.id, old.id, "the item did not name it");
    assert_eq!(kept(&[change], "9|u|US.2").expect("kept").id, old.id);
    assert_eq!(dialogs.take_joined(), [Joined { from: new.id, into: old.id }]);
}

/// Numbers are given to new people: the old owner's dialog must not become theirs.
#[test]
fn a_phone_number_with_another_user_id_changes_hands_and_merges_nothing() {
    let mut dialogs = dialogs(8);
    let (before, _) = meet(&mut dialogs, &by_both("1", "US.1"), NOW);
    let (other, _) = meet(&mut dialogs, &by_user("US.2"), NOW + 1);
    let (hands, change) = meet(&mut dialogs, &by_both("1", "US.2"), NOW + 2);
    assert_eq!((hands.id, dialogs.take_joined().len()), (other.id, 0));
    assert_eq!(meet(&mut dialogs, &by_phone("1"), NOW + 3).0.id, other.id);
    let (again, _) = meet(&mut dialogs, &by_user("US.1"), NOW + 3);
    assert_eq!((again.id, again.wa_id), (before.id, None));
    assert_eq!(kept(&[change], "9|p|1").expect("kept").user_id.as_deref(), Some("US.2"));
}

#[test]
fn what_storage_said_of_a_merged_dialog_leads_to_the_one_that_goes_on() {
    let mut dialogs = dialogs(8);
    let (phone, _) = meet(&mut dialogs, &by_phone("1"), NOW);
    let (_, begun) = meet(&mut dialogs, &by_user("US.7"), NOW + 1);
    let stale = kept(&[begun], "9|u|US.7").expect("kept");
    meet(&mut dialogs, &by_both("1", "US.7"), NOW + 2);
    dialogs.recall(&stale, "9|u|US.0");
    assert_eq!(meet(&mut dialogs, &by_user("US.0"), NOW + 3).0.id, phone.id, "asked before the merge was durable");
    assert_eq!(dialogs.dialogs.len(), 1);
}

/// A customer with a new phone number began a new dialog: the names did not include those that an item replaces.
#[test]
fn a_customer_who_changes_ids_keeps_the_dialog() {
    let mut dialogs = dialogs(8);
    let (before, _) = meet(&mut dialogs, &by_phone("1"), NOW);
    let moved = message("m", r#""from":"1","type":"system","system":{"type":"user_changed_number","wa_id":"2"}"#);
    let (told, _) = meet(&mut dialogs, &moved, NOW);
    let (after, _) = meet(&mut dialogs, &by_phone("2"), NOW);
    assert_eq!((told.id, after.id, after.new), (before.id, before.id, false));
    assert_eq!(after.wa_id.as_deref(), Some("2"));
    let (old, _) = meet(&mut dialogs, &by_phone("1"), NOW);
    assert_eq!(old.id, before.id, "what was sent before the change may come after it");
}

#[test]
fn a_group_is_one_dialog_whoever_writes() {
    let mut dialogs = dialogs(8);
    let from = |phone: &str| message("m", &format!(r#""from":"{phone}","group_id":"G""#));
    let (one, _) = meet(&mut dialogs, &from("1"), NOW);
    let (two, _) = meet(&mut dialogs, &from("2"), NOW);
    assert_eq!((one.id, one.group_id.as_deref()), (two.id, Some("G")));
    assert_ne!(meet(&mut dialogs, &by_phone("1"), NOW).0.id, one.id);
}

#[test]
fn an_item_without_a_customer_belongs_to_no_dialog() {
    let nobody = item("100", "9", "errors", r#"{"code":1}"#);
    assert_eq!(dialogs(8).meet(&nobody, &mut Change::default(), 1, NOW), None);
}

#[test]
fn a_customers_message_opens_the_window_for_a_day_and_a_status_does_not() {
    let mut dialogs = dialogs(8);
    let sent_ms = 1_800_000_000_000;
    let (status, _) = meet(&mut dialogs, &crate::rules::testing::status("w", "sent"), NOW);
    assert_eq!(status.window_expires_at_ms, None);
    let (wrote, _) = meet(&mut dialogs, &by_phone("1"), NOW + 5_000);
    assert_eq!((wrote.id, wrote.window_expires_at_ms), (status.id, Some(sent_ms + DAY_MS)), "from when it was sent");
}

#[test]
fn after_thirty_days_of_silence_a_customer_begins_anew() {
    let mut dialogs = dialogs(8);
    let (first, _) = meet(&mut dialogs, &by_phone("1"), NOW);
    let (still, _) = meet(&mut dialogs, &by_phone("1"), NOW + 30 * DAY_MS);
    assert_eq!((still.id, still.new), (first.id, false));
    let (anew, _) = meet(&mut dialogs, &by_phone("1"), NOW + 60 * DAY_MS + 1);
    assert!(anew.new && anew.id != first.id);
}

#[test]
fn that_a_customer_was_heard_of_is_kept_once_an_hour() {
    let mut dialogs = dialogs(8);
    let status = crate::rules::testing::status("w", "sent");
    meet(&mut dialogs, &status, NOW);
    let writes: usize = (1..=180).map(|s| meet(&mut dialogs, &status, NOW + s * 1000).1.writes.len()).sum();
    assert_eq!(writes, 0);
    assert_eq!(meet(&mut dialogs, &status, NOW + 3_600_000).1.writes.len(), 1);
}

#[test]
fn a_dialog_that_left_memory_goes_on_when_it_is_recalled() {
    let mut dialogs = dialogs(1);
    let (first, change) = meet(&mut dialogs, &by_phone("1"), NOW);
    for phone in ["2", "3", "4"] {
        meet(&mut dialogs, &by_phone(phone), NOW);
    }
    dialogs.settled(1, NOW + FRESH_MS);
    assert!(!dialogs.knows(Name { number: "9", kind: "|p|", id: "1" }));
    dialogs.recall(&kept(&[change], "9|p|1").expect("kept"), "9|p|1");
    let (again, _) = meet(&mut dialogs, &by_phone("1"), NOW + FRESH_MS);
    assert_eq!((again.id, again.new), (first.id, false));
}

/// Memory held 64 dialogs; a webhook of more customers pushed its own recalled dialogs out before it met them, and
/// each of them began anew, in another lane.
#[test]
fn a_webhook_of_more_customers_than_memory_holds_begins_no_dialog_twice() {
    let (mut before, mut changes) = (dialogs(100), Vec::new());
    let items: Vec<Item> = (0..50).map(|nth| by_phone(&format!("1{nth}"))).collect();
    let ids: Vec<u64> = items
        .iter()
        .map(|item| {
            let (dialog, change) = meet(&mut before, item, NOW);
            changes.push(change);
            dialog.id
        })
        .collect();
    let mut after = dialogs(2);
    for name in items.iter().flat_map(names).map(Box::<str>::from) {
        after.recall(&kept(&changes, &name).expect("kept"), &name);
    }
    let met: Vec<u64> = items.iter().map(|item| meet(&mut after, item, NOW).0.id).collect();
    assert_eq!(met, ids);
    after.settled(9, NOW + FRESH_MS);
    assert_eq!(after.dialogs.len(), 2);
}

#[test]
fn what_is_not_durable_or_changed_just_now_stays_in_memory() {
    let mut dialogs = dialogs(1);
    for phone in ["1", "2", "3"] {
        meet(&mut dialogs, &by_phone(phone), NOW);
    }
    dialogs.settled(0, NOW + FRESH_MS);
    assert!(dialogs.knows(Name { number: "9", kind: "|p|", id: "1" }), "storage does not know it yet");
    dialogs.settled(1, NOW + FRESH_MS - 1);
    assert!(
        dialogs.knows(Name { number: "9", kind: "|p|", id: "1" }),
        "somebody may have asked storage before it knew"
    );
    dialogs.settled(1, NOW + FRESH_MS);
    assert_eq!(dialogs.dialogs.len(), 1);
}

/// Two webhooks asked storage about one customer; the answer to the second, older than the decision about the first,
/// led the customer's phone back to the dialog it had left.
#[test]
fn what_memory_knows_is_newer_than_what_storage_said() {
    let mut dialogs = dialogs(8);
    let (_, by_phone_alone) = meet(&mut dialogs, &by_phone("1"), NOW);
    let stale = kept(&[by_phone_alone], "9|p|1").expect("kept");
    let (user, _) = meet(&mut dialogs, &by_user("US.7"), NOW);
    meet(&mut dialogs, &by_both("1", "US.7"), NOW);
    assert_eq!(dialogs.take_joined().len(), 1);
    dialogs.recall(&stale, "9|p|1");
    assert_eq!(meet(&mut dialogs, &by_phone("1"), NOW).0.id, user.id);
}
