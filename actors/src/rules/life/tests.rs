//! Events of accounts, one row each, in the words of Meta.

use super::*;
use serde_json::{Value, json};

const NOW_S: u64 = 1_800_000_000;
const NOW: u64 = NOW_S * 1000;

/// A webhook with one change.
fn envelope(field: &str, value: &Value, time: u64) -> Vec<u8> {
    let change = json!({"field": field, "value": value});
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "time": time, "changes": [change]}]})
        .to_string()
        .into_bytes()
}

fn hear(life: &mut Life, field: &str, value: &Value) {
    life.hear(&envelope(field, value, NOW_S), NOW);
}

fn shown(life: &Life) -> Value {
    serde_json::to_value(life).expect("JSON")
}

#[test]
fn every_event_about_an_account_changes_its_view_as_the_table_says() {
    let update = "account_update";
    let template = |more: &Value| {
        let mut value =
            json!({"message_template_id": 77, "message_template_name": "order", "message_template_language": "de"});
        value.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        value
    };
    let number = |more: &Value| {
        let mut value = json!({"display_phone_number": "+1 555-000-0001"});
        value.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        value
    };
    let rows = [
        (
            update,
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "May 1, 2027"}}),
            "/ban/state",
            json!("disabled"),
        ),
        (
            update,
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE"}}),
            "/ban/state",
            json!("scheduled"),
        ),
        (
            update,
            json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "RESTRICTED_X", "expiration": NOW_S + 60}]}),
            "/restrictions/0/until_ms",
            json!(NOW + 60_000),
        ),
        (
            update,
            json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "RESTRICTED_X", "remediation": "appeal"}]}),
            "/restrictions/0/remedy",
            json!("appeal"),
        ),
        (
            update,
            json!({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SCAM"}}),
            "/violation/what",
            json!("SCAM"),
        ),
        (
            update,
            json!({"event": "PARTNER_REMOVED", "waba_info": {"waba_id": "1"}, "disconnection_info": {"reason": "PRIMARY_INACTIVITY"}}),
            "/offboarded/why",
            json!("PARTNER_REMOVED: PRIMARY_INACTIVITY"),
        ),
        (update, json!({"event": "ACCOUNT_DELETED"}), "/offboarded/why", json!("ACCOUNT_DELETED")),
        (update, json!({"event": "PARTNER_APP_UNINSTALLED"}), "/offboarded/why", json!("PARTNER_APP_UNINSTALLED")),
        (update, json!({"event": "ACCOUNT_OFFBOARDED"}), "/offboarded/why", json!("ACCOUNT_OFFBOARDED")),
        (
            update,
            json!({"event": "PARTNER_REMOVED", "phone_number": "15550000001"}),
            "/numbers/15550000001/offboarded/why",
            json!("PARTNER_REMOVED"),
        ),
        ("account_review_update", json!({"decision": "REJECTED"}), "/review/what", json!("REJECTED")),
        (
            "account_alerts",
            json!({"entity_type": "BUSINESS", "alert_info": {"alert_severity": "WARNING", "alert_type": "T", "alert_status": "ACTIVE"}}),
            "/alert/what",
            json!("WARNING T ACTIVE"),
        ),
        (
            "business_capability_update",
            json!({"max_daily_conversations_per_business": "TIER_10K"}),
            "/limit/what",
            json!("TIER_10K"),
        ),
        (
            "business_capability_update",
            json!({"max_daily_conversations_per_business": 2000}),
            "/limit/what",
            json!("2000"),
        ),
        (
            "phone_number_quality_update",
            number(&json!({"event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_UNLIMITED"})),
            "/numbers/15550000001/throughput/what",
            json!("HIGH"),
        ),
        (
            "phone_number_quality_update",
            number(&json!({"event": "DOWNGRADE", "old_limit": "TIER_10K", "current_limit": "TIER_1K"})),
            "/numbers/15550000001/limit/what",
            json!("TIER_1K"),
        ),
        (
            "phone_number_quality_update",
            number(&json!({"event": "FLAGGED", "current_limit": "TIER_1K"})),
            "/numbers/15550000001/quality/what",
            json!("FLAGGED"),
        ),
        (
            "phone_number_name_update",
            number(&json!({"decision": "APPROVED", "requested_verified_name": "Bakery"})),
            "/numbers/15550000001/name/what",
            json!("Bakery"),
        ),
        (
            "phone_number_name_update",
            number(
                &json!({"decision": "REJECTED", "requested_verified_name": "Bank", "rejection_reason": "NAME_POLICY"}),
            ),
            "/numbers/15550000001/name_decision/what",
            json!("REJECTED: NAME_POLICY"),
        ),
        (
            "message_template_status_update",
            template(&json!({"event": "REJECTED", "reason": "ABUSIVE_CONTENT"})),
            "/templates/77/status/what",
            json!("REJECTED: ABUSIVE_CONTENT"),
        ),
        (
            "message_template_status_update",
            template(&json!({"event": "APPROVED", "reason": "NONE"})),
            "/templates/77/status/what",
            json!("APPROVED"),
        ),
        (
            "message_template_quality_update",
            template(&json!({"previous_quality_score": "GREEN", "new_quality_score": "RED"})),
            "/templates/77/quality/what",
            json!("RED"),
        ),
        (
            "template_category_update",
            template(&json!({"previous_category": "UTILITY", "new_category": "MARKETING"})),
            "/templates/77/category/what",
            json!("MARKETING"),
        ),
    ];
    for (field, value, pointer, expected) in rows {
        let mut life = Life::default();
        hear(&mut life, field, &value);
        assert_eq!(shown(&life).pointer(pointer), Some(&expected), "{field} {value}");
        assert_eq!(Life::read(&life.record("1")), life, "{field} is kept whole");
    }
}

#[test]
fn an_account_that_comes_back_stands_well_again() {
    let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
    let mut life = Life::default();
    assert_eq!(life.health(NOW), Health::Ok);
    hear(&mut life, "account_update", &ban("SCHEDULE_FOR_DISABLE"));
    assert_eq!((life.health(NOW), life.record("1").alarms[0].what.as_ref()), (Health::Ok, "ban_scheduled"));
    hear(&mut life, "account_update", &ban("DISABLE"));
    assert_eq!((life.health(NOW), life.record("1").alarms[0].what.as_ref()), (Health::Banned, "banned"));
    hear(&mut life, "account_update", &ban("REINSTATE"));
    hear(&mut life, "account_update", &json!({"event": "ACCOUNT_OFFBOARDED"}));
    assert_eq!(life.health(NOW), Health::Offboarded);
    hear(&mut life, "account_update", &json!({"event": "ACCOUNT_RECONNECTED"}));
    assert_eq!((life.health(NOW), life.record("1").alarms), (Health::Ok, vec![]));
}

#[test]
fn a_restriction_ends_by_itself_and_a_new_word_on_it_replaces_the_old() {
    let restriction = |what: &str, until: u64| json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": what, "expiration": until}]});
    let mut life = Life::default();
    hear(&mut life, "account_update", &restriction("A", NOW_S + 60));
    hear(&mut life, "account_update", &restriction("B", NOW_S + 120));
    hear(&mut life, "account_update", &restriction("A", NOW_S + 90));
    assert_eq!(life.restrictions_at(NOW).count(), 2);
    assert_eq!(
        (life.health(NOW), life.health(NOW + 119_000), life.health(NOW + 120_000)),
        (Health::Restricted, Health::Restricted, Health::Ok)
    );
    assert_eq!(life.restrictions_at(NOW + 100_000).count(), 1);
    hear(&mut life, "account_update", &restriction("A", NOW_S - 1));
    assert_eq!(life.restrictions.len(), 1, "what has ended already is no restriction");
}

#[test]
fn an_older_event_that_comes_late_changes_nothing() {
    let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
    let mut life = Life::default();
    life.hear(&envelope("account_update", &ban("REINSTATE"), NOW_S), NOW);
    life.hear(&envelope("account_update", &ban("DISABLE"), NOW_S - 10), NOW);
    assert_eq!(life.health(NOW), Health::Ok);
    life.hear(&envelope("account_update", &json!({"event": "ACCOUNT_RECONNECTED"}), NOW_S), NOW);
    life.hear(&envelope("account_update", &json!({"event": "ACCOUNT_OFFBOARDED"}), NOW_S - 1), NOW);
    assert_eq!(life.health(NOW), Health::Ok);
    life.hear(&envelope("account_review_update", &json!({"decision": "APPROVED"}), NOW_S * 1000), NOW);
    life.hear(&envelope("account_review_update", &json!({"decision": "PENDING"}), NOW_S - 1), NOW);
    assert_eq!(shown(&life)["review"], json!({"what": "APPROVED", "said_s": NOW_S}), "milliseconds are understood");
}

#[test]
fn odd_and_unknown_events_change_nothing() {
    let mut life = Life::default();
    let odd = [
        ("account_update", json!(null)),
        ("account_update", json!({"event": "SOMETHING_NEW", "ban_info": {"waba_ban_state": "DISABLE"}})),
        ("account_update", json!({"event": "DISABLED_UPDATE", "ban_info": 7})),
        ("account_update", json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": {"0": 1}})),
        ("account_update", json!({"event": "PARTNER_REMOVED", "phone_number": "none"})),
        ("phone_number_quality_update", json!({"event": "FLAGGED"})),
        ("message_template_status_update", json!({"event": "APPROVED"})),
        ("flows", json!({"event": "X"})),
    ];
    let before = {
        let mut life = Life::default();
        hear(&mut life, "account_update", &json!({"event": "PARTNER_REMOVED", "phone_number": "none"}));
        life
    };
    for (field, value) in odd {
        hear(&mut life, field, &value);
    }
    life.hear(b"[]", NOW);
    life.hear(b"no JSON", NOW);
    assert_eq!(life, before);
}

#[test]
fn only_so_many_templates_are_remembered_and_the_newest_stay() {
    let mut life = Life::default();
    for nth in 0..150_u64 {
        let value = json!({"event": "APPROVED", "message_template_id": nth});
        life.hear(&envelope("message_template_status_update", &value, NOW_S + nth), NOW);
    }
    assert_eq!(life.templates.len(), 100);
    assert!(life.templates.contains_key("149") && !life.templates.contains_key("49"));
}

#[test]
fn drift_begins_and_ends_once_and_keeps_its_beginning() {
    let mut life = Life::default();
    let all = [Concern::Subscription, Concern::Numbers, Concern::Token];
    let before = life.clone();
    life.compare(&all, &[Word::NotSubscribed, Word::NumbersChanged], NOW);
    assert_eq!(life.news(&before, NOW), ["drift_began=not_subscribed", "drift_began=numbers_changed"]);
    assert!(!life.is_agreed());
    let before = life.clone();
    life.compare(&all, &[Word::NotSubscribed], NOW + 1);
    assert_eq!(life.drift, [Drift { word: Word::NotSubscribed, since_ms: NOW }]);
    assert_eq!(life.news(&before, NOW), ["drift_ended=numbers_changed"]);
    life.compare(&all, &[Word::NotReadable], NOW + 2);
    assert!(life.is_agreed(), "what cannot be read says nothing against the subscription");
    life.compare(&[Concern::Subscription], &[], NOW + 3);
    assert_eq!(life.drift.len(), 1, "what was not compared stays");
    assert_eq!(life.record("1").alarms[0].detail.as_ref(), "not_readable");
}
