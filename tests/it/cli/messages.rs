//! `wharf messages`, and `wharf explain` of one.

use super::operate;
use crate::harness::stage::Stage;
use serde_json::json;

/// A stage where messages wait: an operator holds them.
async fn holding() -> (Stage, String, String) {
    let stage = Stage::engaged_with(|plan| plan.send = "send_wait = \"0s\"".into()).await;
    let line = stage.line(0, 0);
    operate(&stage, &["hold", &line.waba, "--sends"]).await.well();
    let body = json!({"messaging_product": "whatsapp", "to": "4915155555", "type": "text", "text": {"body": "hello"}});
    let sent = stage.send(&format!("{}/messages", line.number), body.to_string()).await;
    assert_eq!(sent.status, 202, "{}", sent.text());
    let id = sent.header("x-wharf-message").expect("an id").to_owned();
    (stage, line.waba, id)
}

#[actix_web::test]
async fn a_waiting_message_is_listed_explained_and_withdrawn() {
    let (stage, waba, id) = holding().await;
    let said = operate(&stage, &["messages", &waba]).await.well();
    let row = said.out.lines().nth(1).expect("a message");
    assert!(row.starts_with(&id) && row.contains("queued") && row.contains("4915155555"), "{row}");
    let told = operate(&stage, &["messages", &waba, "--json"]).await.well().json();
    assert_eq!(told["data"][0]["id"], *id);
    let said = operate(&stage, &["explain", &id]).await.well();
    assert!(said.out.starts_with("It has not left yet; no attempt was made.\n"), "{}", said.out);
    assert!(said.out.contains(&format!("`wharf accounts {waba}`")), "{}", said.out);
    let said = operate(&stage, &["messages", &id, "--cancel"]).await.well();
    assert!(said.out.contains("state         cancelled\n"), "{}", said.out);
    let again = operate(&stage, &["messages", &id, "--cancel"]).await;
    assert_eq!(again.code, 1);
    assert!(again.err.contains("the message is cancelled and can no longer be cancelled"), "{again:?}");
    let told = operate(&stage, &["messages", &id, "--json"]).await.well().json();
    assert_eq!((&told["id"], &told["state"]), (&json!(id), &json!("cancelled")));
    stage.end().await;
}
