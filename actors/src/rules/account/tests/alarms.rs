//! Alarms as events: one when an alarm begins, one when it ends, to routes that name them, and the ledger balances.

use super::*;
use crate::rules::reconcile::{Concern, Word};
use serde_json::{Value, json};
use wharf_storage::{HoldCause, HoldScope};

const HOUR: u64 = 3_600_000;

/// An event of the account, said `after_s` after the test began.
fn update(value: &Value, after_s: u64) -> Item {
    let entry =
        json!({"id": "100", "time": NOW / 1000 + after_s, "changes": [{"field": "account_update", "value": value}]});
    crate::cloud::webhook::split(&json!({ "entry": [entry] }).to_string().into()).expect("a webhook").remove(0)
}

fn ban(state: &str, after_s: u64) -> Item {
    update(&json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}}), after_s)
}

/// What the change says of alarms.
fn told(change: &Change) -> Vec<String> {
    let alarms = change.events.iter().filter(|event| *event.field == *ALARM_FIELD);
    let alarms = alarms.map(|event| {
        let post: Value = serde_json::from_slice(&event.body).expect("JSON");
        assert_eq!((&post["object"], &post["entry"][0]["id"]), (&json!("whatsapp_business_account"), &json!("100")));
        let value = &post["entry"][0]["changes"][0]["value"];
        let word = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", word("alarm"), word("detail"), word("state"))
    });
    alarms.collect()
}

fn compare(words: &[Word]) -> Input {
    let concerns = vec![Concern::Subscription, Concern::Numbers, Concern::Token];
    Input::Compared(Box::new(Compared { entry: None, concerns, words: words.to_vec(), asked: Asked::Reconcile }))
}

fn naming(fields: &[&str], types: &[&str]) -> Route {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Route { fields: owned(fields), types: owned(types), ..route("sim/all") }
}

#[test]
fn a_ban_is_told_once_when_it_begins_and_once_when_it_ends_in_the_commit_that_brings_it() {
    let mut account = active();
    let (_, change) = kept(account.handle(accept(vec![ban("DISABLE", 0)]), NOW));
    assert_eq!(told(&change), ["banned  began", "sends_held account: meta began"]);
    assert_eq!(change.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(change.writes.iter().any(|write| write.kind == Kind::Life), "what it was told of is kept with it");
    let (_, change) = kept(account.handle(accept(vec![ban("DISABLE", 1)]), NOW));
    assert_eq!(told(&change), [""; 0], "it stands already");
    let (_, change) = kept(account.handle(accept(vec![ban("REINSTATE", 2)]), NOW));
    assert_eq!(told(&change), ["banned  ended", "sends_held account: meta ended"]);
}

#[test]
fn alarms_go_to_routes_that_name_their_field_or_the_type_and_to_no_bot_that_does_not_expect_them() {
    for (fields, types, wanted) in [
        (&[][..], &[][..], false),
        (&["messages"], &[], false),
        (&[], &["message", "status"], false),
        (&["wharf.alarm"], &[], true),
        (&["messages", "wharf.alarm"], &["account"], true),
        (&[], &["account"], true),
        (&["account_update"], &["account"], false),
    ] {
        let mut account = account(true, vec![naming(fields, types)]);
        let (ticket, change) = kept(account.handle(compare(&[Word::NotSubscribed]), NOW));
        assert_eq!(told(&change), ["drift not_subscribed began"]);
        let delivers = account.handle(Input::Settled { ticket }, NOW);
        let started = delivers.iter().any(|effect| matches!(effect, Effect::Deliver(_)));
        assert_eq!(started, wanted, "fields {fields:?}, types {types:?}");
    }
}

#[test]
fn the_ledger_balances_and_counts_no_item_that_meta_did_not_send() {
    let mut account = account(true, vec![naming(&["wharf.alarm"], &[])]);
    let (_, change) = kept(account.handle(accept(vec![ban("DISABLE", 0)]), NOW));
    let mut ledger = Tally::default();
    change.tallies.iter().for_each(|(_, tally)| ledger.add(tally));
    assert_eq!((ledger.received, ledger.routed, change.events.len()), (1, 1, 3));
    let route = &ledger.routes["sim/all"];
    assert_eq!((route.offered, route.filtered, route.pending), (3, 1, 2));
    assert_eq!(ledger.faults(), Vec::<String>::new());
}

#[test]
fn drift_is_told_when_it_is_found_and_when_it_is_gone() {
    let mut account = active();
    let (_, change) = kept(account.handle(compare(&[Word::NotSubscribed, Word::TokenScopesMissing]), NOW));
    assert_eq!(told(&change), ["drift not_subscribed began", "drift token_scopes_missing began"]);
    let (_, change) = kept(account.handle(compare(&[Word::TokenScopesMissing]), NOW + 1));
    assert_eq!(told(&change), ["drift not_subscribed ended"]);
}

#[test]
fn a_restriction_with_an_end_ends_by_itself_also_after_a_restart() {
    let restricted = |until_s: u64| {
        let info = json!([{"restriction_type": "RESTRICTED_X", "expiration": until_s}]);
        update(&json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info}), 0)
    };
    let mut before = active();
    let (_, change) = kept(before.handle(accept(vec![restricted((NOW + HOUR) / 1000)]), NOW));
    assert_eq!(told(&change), ["restricted RESTRICTED_X began"]);
    let mut after = active().with_life(before.life().clone(), NOW);
    assert_eq!(after.due_at(), Some(NOW + HOUR));
    assert!(after.handle(Input::Tick, NOW + HOUR - 1).is_empty());
    let (_, change) = kept(after.handle(Input::Tick, NOW + HOUR));
    assert_eq!(told(&change), ["restricted RESTRICTED_X ended"]);
    assert_eq!(after.due_at(), None);
}

#[test]
fn a_flagged_number_is_an_alarm_until_it_is_unflagged() {
    let quality = |event: &str| {
        let value = json!({"display_phone_number": "1555", "event": event});
        let entry = json!({"id": "100", "time": NOW / 1000, "changes": [{"field": "phone_number_quality_update", "value": value}]});
        crate::cloud::webhook::split(&json!({ "entry": [entry] }).to_string().into()).expect("a webhook").remove(0)
    };
    let mut account = active();
    let (_, change) = kept(account.handle(accept(vec![quality("FLAGGED")]), NOW));
    assert_eq!(told(&change), ["quality_flagged 1555 began"]);
    let (_, change) = kept(account.handle(accept(vec![quality("UNFLAGGED")]), NOW));
    assert_eq!(told(&change), ["quality_flagged 1555 ended"]);
}

#[test]
fn an_inactive_accounts_alarms_are_kept_and_offered_to_nobody() {
    let mut account = account(false, vec![naming(&["wharf.alarm"], &[])]);
    let (ticket, change) = kept(account.handle(compare(&[Word::InactiveButSubscribed]), NOW));
    assert_eq!((told(&change).len(), change.events[0].disposition), (1, Disposition::Inactive));
    let effects = account.handle(Input::Settled { ticket }, NOW);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Deliver(_))));
}

/// The holds of the account's sends, as they stand.
fn holds(account: &AccountMachine) -> Vec<String> {
    account.outbox().holds().map(|hold| hold.scope.parts()).map(|(scope, name)| format!("{scope} {name}")).collect()
}

fn change_of(field: &str, value: &Value) -> Item {
    let entry = json!({"id": "100", "time": NOW / 1000, "changes": [{"field": field, "value": value}]});
    crate::cloud::webhook::split(&json!({ "entry": [entry] }).to_string().into()).expect("a webhook").remove(0)
}

fn template(event: &str) -> Item {
    let value = json!({"event": event, "message_template_id": 5, "message_template_name": "sale",
        "message_template_language": "en_US"});
    change_of("message_template_status_update", &value)
}

#[test]
fn a_hold_is_kept_and_ended_in_the_commit_of_the_event_that_says_so() {
    let mut account = active();
    for (begins, scope, ends) in [
        (ban("DISABLE", 0), "account ", ban("REINSTATE", 1)),
        (update(&json!({"event": "PARTNER_REMOVED"}), 2), "account ", update(&json!({"event": "PARTNER_ADDED"}), 3)),
        (template("PAUSED"), "template sale (en_US)", template("APPROVED")),
    ] {
        let (_, change) = kept(account.handle(accept(vec![begins]), NOW));
        assert_eq!(holds(&account), [scope]);
        assert!(change.writes.iter().any(|write| write.kind == Kind::SendHold), "{scope}");
        let (_, change) = kept(account.handle(accept(vec![ends]), NOW));
        assert!(holds(&account).is_empty(), "{scope}");
        assert!(change.writes.iter().any(|write| write.kind == Kind::SendHold), "{scope}");
    }
}

#[test]
fn a_restriction_lets_replies_go_and_templates_at_its_end() {
    let info = json!([{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": (NOW + HOUR) / 1000}]);
    let mut account = active();
    account.handle(accept(vec![update(&json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info}), 0)]), NOW);
    assert_eq!(holds(&account), ["templates "]);
    let submit = |id: &str, template: Option<&str>| {
        let record = MessageRecord {
            template: template.map(Into::into),
            expires_at_ms: NOW + 2 * HOUR,
            ..crate::rules::testing::outbound(id, id)
        };
        Input::Submit(Box::new(Submission { record, body: "{}".into(), twin: None }))
    };
    let sent = |effects: Vec<Effect>, account: &mut AccountMachine, now: u64| -> Vec<String> {
        let (ticket, _) = kept(effects);
        let effects = account.handle(Input::Settled { ticket: ticket + 1 }, now);
        let sends = effects.iter().filter_map(|effect| match effect {
            Effect::Send(record) => Some(record.id.to_string()),
            Effect::Commit { .. }
            | Effect::Deliver(_)
            | Effect::ReadOn { .. }
            | Effect::ReadAgain(_)
            | Effect::Answer { .. } => None,
        });
        sends.collect()
    };
    let effects = account.handle(submit("sale", Some("sale")), NOW);
    assert_eq!(sent(effects, &mut account, NOW), [""; 0]);
    let effects = account.handle(submit("reply", None), NOW);
    assert_eq!(sent(effects, &mut account, NOW), ["reply"]);
    let effects = account.handle(Input::Tick, NOW + HOUR);
    assert_eq!(sent(effects, &mut account, NOW + HOUR), ["sale"]);
    assert!(holds(&account).is_empty());
}

#[test]
fn an_event_ends_what_graph_refused_before_and_leaves_an_operators_pause_alone() {
    let hold = |cause| SendHold {
        account: "100".into(),
        scope: HoldScope::Account,
        cause,
        code: Some(131_031),
        reason: "".into(),
        since_ms: NOW,
        until_ms: None,
    };
    let mut account = active();
    let (_, change) = kept(account.handle(Input::Hold(hold(HoldCause::Meta)), NOW));
    assert_eq!(told(&change), ["sends_held account: meta began"]);
    let (_, change) = kept(account.handle(Input::Hold(hold(HoldCause::Operator)), NOW));
    assert_eq!(told(&change), [""; 0], "who paused it knows");
    account.handle(accept(vec![ban("REINSTATE", 1)]), NOW);
    let causes: Vec<_> = account.outbox().holds().map(|hold| hold.cause).collect();
    assert_eq!(causes, [HoldCause::Operator]);
}

#[test]
fn a_throughput_upgrade_counts_at_once_and_after_a_restart_until_the_snapshot_is_newer() {
    let mut account = active();
    let display = account.numbers.values().next().expect("a number").clone();
    let upgrade = json!({"display_phone_number": display, "event": "THROUGHPUT_UPGRADE"});
    account.handle(accept(vec![change_of("phone_number_quality_update", &upgrade)]), NOW);
    let limits = |account: &AccountMachine| -> Vec<u32> {
        account.outbox().numbers().values().map(|number| number.limit).collect()
    };
    assert_eq!(limits(&account), [1000]);
    let mut again = active().with_life(account.life().clone(), NOW);
    assert_eq!(limits(&again), [1000]);
    let mut newer = again.record().clone();
    newer.refreshed_at_ms = NOW + 1000;
    let (number, limit) = (again.numbers.keys().next().expect("a number").clone(), 80);
    let entry = Entry { tier: None, limits: vec![(number, limit)], numbers: again.numbers.clone(), record: newer };
    again.handle(Input::Enter(Box::new(entry)), NOW + 1000);
    assert_eq!(limits(&again), [80]);
}

#[test]
fn what_meta_says_of_its_customers_a_day_is_the_limit_until_the_snapshot_is_newer() {
    let mut account = active();
    let limit = |account: &AccountMachine| account.outbox().customers_a_day();
    assert_eq!(limit(&account), None, "nobody knows");
    let told = |customers: i64| {
        let value = json!({"max_daily_conversations_per_business": customers});
        accept(vec![change_of("business_capability_update", &value)])
    };
    account.handle(told(2000), NOW);
    assert_eq!(limit(&account), Some(2000));
    let snapshot = r#"{"id":"100","phone_numbers":[{"id":"9","messaging_limit_tier":"TIER_10K"}]}"#;
    let entry = |refreshed_at_ms: u64| {
        let record = AccountRecord { snapshot: snapshot.into(), refreshed_at_ms, ..account.record().clone() };
        Input::Enter(Box::new(Entry::new(record)))
    };
    let (older, newer) = (entry(NOW), entry(NOW + HOUR));
    account.handle(older, NOW);
    assert_eq!(limit(&account), Some(2000));
    account.handle(newer, NOW + HOUR);
    assert_eq!(limit(&account), Some(10_000));
}
