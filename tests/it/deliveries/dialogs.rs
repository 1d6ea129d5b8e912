//! Who is at the other end: one dialog under ids that both can change.

use crate::harness::application::Delivery;
use crate::harness::mail::{Line, letter, now_s, text};
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::{Value, json};

/// A message with either or both ids of its sender.
fn from(id: &str, wa_id: Option<&str>, user_id: Option<&str>) -> String {
    let mut message = json!({"id": id, "timestamp": now_s().to_string(), "type": "text", "text": {"body": "x"}});
    let ids = [("from", wa_id), ("from_user_id", user_id)];
    ids.into_iter().filter_map(|(name, id)| Some((name, id?))).for_each(|(name, id)| message[name] = id.into());
    message.to_string()
}

async fn dialogs() -> Stage {
    Stage::engaged_with(|plan| {
        plan.numbers = 2;
        plan.routes[0].1 = "format = \"dialog\"".into();
    })
    .await
}

/// Posts one message and gives the dialog of its delivery.
async fn tell(stage: &Stage, line: &Line, message: String) -> Value {
    let id = serde_json::from_str::<Value>(&message).expect("JSON")["id"].clone();
    stage.take(letter(line, &[message])).await;
    let delivered = async || stage.app.deliveries().iter().map(Delivery::json).find(|told| told["message_id"] == id);
    until("it is delivered", delivered).await["dialog"].clone()
}

#[actix_web::test]
async fn a_dialog_is_new_once_and_one_per_number_and_customer() {
    let stage = dialogs().await;
    let (line, other) = (stage.line(0, 0), stage.line(0, 1));
    let first = tell(&stage, &line, text("wamid.1", "491")).await;
    let second = tell(&stage, &line, text("wamid.2", "491")).await;
    let elsewhere = tell(&stage, &other, text("wamid.3", "491")).await;
    let somebody = tell(&stage, &line, text("wamid.4", "492")).await;
    assert_eq!([&first, &second, &elsewhere, &somebody].map(|dialog| dialog["new"].clone()), [true, false, true, true]);
    assert_eq!(first["id"], second["id"]);
    let mut ids = [&first, &elsewhere, &somebody].map(|dialog| dialog["id"].to_string()).to_vec();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    stage.end().await;
}

#[actix_web::test]
async fn a_customer_known_by_number_then_by_both_then_by_user_id_alone_is_one_dialog_also_after_a_restart() {
    let mut stage = dialogs().await;
    let line = stage.line(0, 0);
    let by_number = tell(&stage, &line, from("wamid.1", Some("491"), None)).await;
    let by_both = tell(&stage, &line, from("wamid.2", Some("491"), Some("US.77"))).await;
    stage.crash().await;
    let by_user = tell(&stage, &line, from("wamid.3", None, Some("US.77"))).await;
    assert_eq!((&by_number["id"], &by_number["id"]), (&by_both["id"], &by_user["id"]));
    assert_eq!((&by_both["new"], &by_user["new"]), (&json!(false), &json!(false)));
    assert_eq!(by_user["customer"], json!({"wa_id": "491", "user_id": "US.77"}));
    stage.end().await;
}

#[actix_web::test]
async fn a_customer_who_changes_the_number_stays_the_same_customer() {
    let stage = dialogs().await;
    let line = stage.line(0, 0);
    let before = tell(&stage, &line, text("wamid.1", "491")).await;
    let system = json!({"from": "491", "id": "wamid.2", "timestamp": now_s().to_string(), "type": "system",
        "system": {"body": "changed", "type": "user_changed_number", "wa_id": "492"}});
    let change = tell(&stage, &line, system.to_string()).await;
    let after = tell(&stage, &line, text("wamid.3", "492")).await;
    assert_eq!((&before["id"], &before["id"]), (&change["id"], &after["id"]));
    assert_eq!(after["customer"]["wa_id"], "492");
    stage.end().await;
}

#[actix_web::test]
async fn the_list_of_dialogs_shows_customers_variables_and_windows() {
    let stage = dialogs().await;
    let line = stage.line(0, 0);
    let told = tell(&stage, &line, from("wamid.1", Some("491"), Some("US.77"))).await;
    let listed = stage.look(&format!("/api/accounts/{}/dialogs", line.waba)).await.json();
    let dialog = &listed["data"][0];
    assert_eq!((&dialog["id"], &dialog["customer"]), (&told["id"], &told["customer"]));
    assert_eq!(dialog["variables"], told["variables"]);
    assert_eq!(dialog["window_expires_at"], told["window_expires_at"]);
    stage.end().await;
}

/// A status knew the phone alone and a message the user id alone; then one item names both.
#[actix_web::test]
async fn two_dialogs_that_turn_out_to_be_one_customers_are_one_from_then_on_also_after_a_crash() {
    let mut stage = dialogs().await;
    let line = stage.line(0, 0);
    let by_number = tell(&stage, &line, from("wamid.1", Some("491"), None)).await;
    let by_user = tell(&stage, &line, from("wamid.2", None, Some("US.77"))).await;
    assert_ne!(by_number["id"], by_user["id"]);
    let by_both = tell(&stage, &line, from("wamid.3", Some("491"), Some("US.77"))).await;
    assert_eq!((&by_both["id"], &by_both["new"]), (&by_number["id"], &json!(false)));
    stage.crash().await;
    for (id, wa_id, user_id) in [("wamid.4", None, Some("US.77")), ("wamid.5", Some("491"), None)] {
        assert_eq!(tell(&stage, &line, from(id, wa_id, user_id)).await["id"], by_number["id"]);
    }
    let listed = stage.look(&format!("/api/accounts/{}/dialogs", line.waba)).await.json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed["data"][0]["id"], by_number["id"]);
    stage.end().await;
}
