//! Events about accounts rather than messages: reviews, quality, templates, partners, alerts.

use rand::{Rng, RngExt};
use serde_json::{Value, json};

use super::ids::Mint;
use super::item::{Item, Kind, Line, Place};
use super::signing::meta_json;

/// Now and then something happens to the account of `line`; `now` in seconds since 1970.
pub fn draw(line: &Line, business_id: &str, dice: &mut impl Rng, mint: &mut Mint, now: u64) -> Item {
    let (field, value) = match dice.random_range(0..7) {
        0 => ("account_review_update", json!({"decision": "APPROVED"})),
        1 => ("phone_number_quality_update", quality(line)),
        2 => ("message_template_status_update", template(mint)),
        3 => ("account_alerts", alert(line)),
        4 => (
            "business_capability_update",
            json!({"max_daily_conversations_per_business": 2000, "max_phone_numbers_per_business": 20}),
        ),
        5 => ("account_update", json!({"event": "VERIFIED_ACCOUNT"})),
        _ => (
            "account_update",
            json!({"event": "PARTNER_ADDED", "waba_info": {"waba_id": line.waba, "owner_business_id": business_id}}),
        ),
    };
    // Events of partners carry the business's id where others carry the account's.
    let entry_id = if value.get("waba_info").is_some() { business_id } else { &line.waba };
    let key = format!("{field}:{}:{:016x}", line.waba, mint.draw());
    let place = Place::Account { waba: line.waba.clone(), entry_id: entry_id.to_owned(), field, time: now };
    Item { key, place, kind: Kind::Account, body: meta_json(&value), contact: None }
}

fn quality(line: &Line) -> Value {
    json!({"display_phone_number": line.digits, "event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_UNLIMITED"})
}

fn template(mint: &mut Mint) -> Value {
    // Template ids are JSON numbers in Meta's webhooks.
    let id = mint.draw() % 1_000_000_000_000_000;
    json!({
        "event": "APPROVED", "message_template_id": id, "message_template_name": "order_ready",
        "message_template_language": "de_DE", "reason": "NONE", "message_template_category": "UTILITY",
    })
}

fn alert(line: &Line) -> Value {
    json!({
        "entity_type": "PHONE_NUMBER", "entity_id": line.number,
        "alert_info": {
            "alert_severity": "INFORMATIONAL", "alert_status": "NONE", "alert_type": "OBA_APPROVED",
            "alert_description": "Your request is approved \u{1f389}",
        },
    })
}
