//! A message is never lost and never knowingly sent twice.

use super::{id_of, message, send, taken, until_state, with_graph};
use crate::harness::application::{Reply, nobody};
use crate::harness::http;
use crate::harness::mail::{receipts, status};
use crate::harness::stage::{KEY, Stage, bearer};
use serde_json::json;

#[actix_web::test]
async fn what_was_accepted_before_a_crash_leaves_after_it() {
    let mut stage = Stage::engaged().await;
    stage.plan.graph = Some(format!("http://{}", nobody()));
    // One that is caught in the middle of a try may have left, as far as anybody knows: it is sent again.
    stage.plan.send = "send_wait = \"0s\"\nunknown_wait = \"1s\"".into();
    stage.restart().await;
    let line = stage.line(0, 0);
    let url = format!("{}/v25.0/{}/messages", stage.public, line.number);
    let key = bearer(KEY);
    let headers = [("Authorization", key.as_str()), ("X-Wharf-On-Unknown", "resend")];
    let mut ids = Vec::new();
    for nth in 0..20 {
        let body = super::text_to(&format!("49151{}", nth % 4));
        ids.push(id_of(&http::post(&url, &headers, body).await));
    }
    stage.plan.graph = None;
    stage.crash().await;
    for id in &ids {
        crate::harness::until("it was taken", async || message(&stage, id).await["wamid"].is_string().then_some(()))
            .await;
    }
    assert_eq!(stage.sandbox.stats().view().sends, 20);
    let ledger = stage.ledger().await;
    assert_eq!((&ledger["messages"]["submitted"], &ledger["messages"]["taken"]), (&json!(20), &json!(20)));
    stage.end().await;
}

#[actix_web::test]
async fn what_may_have_left_when_the_process_died_is_unknown_and_not_sent_again() {
    let (mut stage, graph) = with_graph("send_wait = \"0s\"").await;
    graph.answer(|_| Reply::Never);
    let line = stage.line(0, 0);
    let id = id_of(&send(&stage, &line, "491").await);
    graph.until(1).await;
    let address = graph.address;
    graph.stop().await;
    stage.crash().await;
    let graph = crate::harness::application::Application::on(address);
    graph.answer(|_| Reply::Json(200, taken("wamid.other")));
    let told = until_state(&stage, &id, "unknown").await;
    assert!(told["error"]["message"].is_string(), "{told}");
    let other = id_of(&send(&stage, &line, "492").await);
    until_state(&stage, &other, "accepted").await;
    assert_eq!(graph.deliveries().len(), 1, "the other recipient's, and never the first again");
    assert_eq!(stage.ledger().await["messages"]["unknown"], 1);
    stage.end().await;
    graph.stop().await;
}

#[actix_web::test]
async fn a_stop_in_good_order_leaves_nothing_unknown_and_the_rest_queued() {
    let (mut stage, graph) = with_graph("send_wait = \"0s\"").await;
    let slow = std::time::Duration::from_millis(100);
    graph.answer(move |call| {
        Reply::SlowJson(
            slow,
            200,
            taken(&format!("wamid.{}", call.json()["text"]["body"].as_str().unwrap_or_default())),
        )
    });
    let line = stage.line(0, 0);
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(id_of(&send(&stage, &line, "491").await));
    }
    graph.until(2).await;
    stage.restart().await;
    for id in &ids {
        until_state(&stage, id, "accepted").await;
    }
    assert_eq!(graph.deliveries().len(), 10, "each once");
    stage.end().await;
}

#[actix_web::test]
async fn the_state_survives_and_statuses_still_find_their_message() {
    let (mut stage, graph) = with_graph("").await;
    graph.answer(|_| Reply::Json(200, taken("wamid.out")));
    let line = stage.line(0, 0);
    let id = id_of(&send(&stage, &line, "491").await);
    stage.take(receipts(&line, &[status("wamid.out", "sent", "491")])).await;
    let before = until_state(&stage, &id, "sent").await;
    stage.crash().await;
    assert_eq!(message(&stage, &id).await, before);
    stage.take(receipts(&line, &[status("wamid.out", "read", "491")])).await;
    until_state(&stage, &id, "read").await;
    stage.end().await;
}
