//! Events of accounts: they change how the account is shown, and reach the routes as they are.

use crate::harness::http;
use crate::harness::mail::{entry, letter, now_s, post, text};
use crate::harness::stage::Stage;
use serde_json::{Value, json};

/// An event of an account.
fn event(waba: &str, field: &str, value: &Value) -> String {
    post(&[entry(waba, &[format!(r#"{{"field":"{field}","value":{value}}}"#)])])
}

fn ban(state: &str) -> Value {
    json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state, "waba_ban_date": "May 1, 2027"}})
}

#[actix_web::test]
async fn bans_restrictions_and_numbers_are_shown_and_their_events_reach_the_routes() {
    let mut stage = Stage::engaged_with(|plan| plan.routes = vec![("app", "types = [\"account\"]".into())]).await;
    let line = stage.line(0, 0);
    let path = format!("/api/accounts/{}", line.waba);
    let fresh = stage.look(&path).await.json();
    assert_eq!((&fresh["standing"], &fresh["drift"]), (&json!("ok"), &json!([])));
    let digits: String = line.display.chars().filter(char::is_ascii_digit).collect();
    let restricted = json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
        {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": now_s() + 3600},
        {"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION", "expiration": now_s() - 3600}]});
    stage.take(event(&line.waba, "account_update", &restricted)).await;
    let quality =
        json!({"display_phone_number": digits, "event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_UNLIMITED"});
    stage.take(event(&line.waba, "phone_number_quality_update", &quality)).await;
    let template = json!({"event": "PAUSED", "message_template_id": 5, "message_template_name": "order", "message_template_language": "de", "reason": "NONE"});
    stage.take(event(&line.waba, "message_template_status_update", &template)).await;
    let told = stage.look(&path).await.json();
    assert_eq!(told["standing"], "restricted", "{told}");
    assert_eq!(told["restrictions"].as_array().map(Vec::len), Some(1), "one has ended already");
    assert!(told["restrictions"][0]["until"].is_string());
    assert_eq!(told["numbers"][&digits]["throughput"]["what"], "HIGH");
    assert_eq!(told["templates"]["5"]["status"]["what"], "PAUSED");

    stage.take(event(&line.waba, "account_update", &ban("DISABLE"))).await;
    stage.restart().await;
    let told = stage.look(&path).await.json();
    assert_eq!((&told["standing"], &told["ban"]["date"]), (&json!("banned"), &json!("May 1, 2027")), "kept");
    let alarms = stage.look("/api/alarms").await.json();
    let whats: Vec<&Value> = alarms["alarms"].as_array().expect("a list").iter().map(|alarm| &alarm["what"]).collect();
    let held = json!("sends_held");
    assert_eq!(whats, [&json!("banned"), &json!("restricted"), &held, &held, &held], "account, templates, one of them");
    let metrics = http::get(&format!("{}/metrics", stage.ops), &[]).await;
    assert!(metrics.text().contains("wharf_alarms{what=\"banned\"} 1"), "{}", metrics.text());
    stage.take(event(&line.waba, "account_update", &ban("REINSTATE"))).await;
    assert_eq!(stage.look(&path).await.json()["standing"], "restricted");

    // Meta's five, and three turns of alarms: restricted, banned, and banned no more; and four of sends that wait.
    stage.until_ledger("/routes/main~1app/delivered", 12).await;
    let bodies: Vec<Value> = stage.app.deliveries().iter().map(crate::harness::application::Delivery::json).collect();
    assert!(bodies.iter().any(|body| body["entry"][0]["changes"][0]["value"] == ban("DISABLE")), "byte for byte");
    stage.end().await;
}

#[actix_web::test]
async fn what_a_removed_account_was_is_forgotten_with_it() {
    let stage = Stage::engaged().await;
    let waba = stage.line(0, 0).waba;
    stage.take(event(&waba, "account_update", &ban("DISABLE"))).await;
    assert_eq!(stage.look("/api/alarms").await.json()["alarms"].as_array().map(Vec::len), Some(2));
    assert_eq!(stage.verb(&format!("remove&id={waba}")).await.status, 200);
    assert_eq!(stage.look("/api/alarms").await.json()["alarms"], json!([]));
    stage.verb("setup").await;
    assert_eq!(stage.look(&format!("/api/accounts/{waba}")).await.json()["standing"], "ok");
    stage.end().await;
}

#[actix_web::test]
async fn alarms_name_a_quarantine_that_holds_mail_and_a_key_sees_its_own_alone() {
    let stage = Stage::engaged_with(|plan| {
        plan.more = "[[key]]\nname = \"narrow\"\nsecret = \"a-key-for-one-account-alone-0123456789\"\n\
                     scopes = [\"inspect\"]\naccounts = [\"7\"]\n"
            .into();
    });
    let stage = stage.await;
    let (line, mut stranger) = (stage.line(0, 0), stage.line(1, 0));
    stranger.waba = "990000000000001".into();
    stage.take(letter(&stranger, &[text("wamid.stranger", "491")])).await;
    stage.take(event(&line.waba, "account_update", &ban("DISABLE"))).await;
    let told = stage.look("/api/alarms").await.json();
    let alarm = told["alarms"].as_array().expect("a list").iter().find(|alarm| alarm["what"] == "quarantine");
    let alarm = alarm.unwrap_or_else(|| panic!("no quarantine in {told}"));
    assert!(alarm["since"].is_string() && alarm["gateway"] == "main" && alarm["todo"].is_string(), "{alarm}");
    let narrow = stage.look_with("/api/alarms", "a-key-for-one-account-alone-0123456789").await;
    assert_eq!((narrow.status, narrow.json()), (200, json!({"alarms": []})));
    assert_eq!(stage.look_with("/api/alarms", "wrong").await.status, 401);
    stage.end().await;
}
