//! How a message gets on, as Meta's statuses tell it.

use super::{id_of, message, send, taken, until_state, with_graph};
use crate::harness::application::Reply;
use crate::harness::mail::{receipts, status};
use crate::harness::stage::Stage;
use serde_json::json;
use std::time::Duration;

#[actix_web::test]
async fn a_message_goes_from_accepted_to_read_and_never_back() {
    let (stage, graph) = with_graph("").await;
    graph.answer(|_| Reply::Json(200, taken("wamid.out")));
    let line = stage.line(0, 0);
    let id = id_of(&send(&stage, &line, "491").await);
    assert_eq!(message(&stage, &id).await["state"], "accepted");
    for (told, state) in [("sent", "sent"), ("delivered", "delivered"), ("read", "read")] {
        stage.take(receipts(&line, &[status("wamid.out", told, "491")])).await;
        let message = until_state(&stage, &id, state).await;
        assert_eq!(message["attempts"].as_array().map(Vec::len), Some(1), "{message}");
    }
    stage.take(receipts(&line, &[status("wamid.out", "sent", "491"), status("wamid.out", "failed", "491")])).await;
    assert_eq!(message(&stage, &id).await["state"], "read", "what was read did not fail");
    stage.take(receipts(&line, &[status("wamid.out", "played", "491")])).await;
    until_state(&stage, &id, "played").await;
    stage.end().await;
}

#[actix_web::test]
async fn statuses_in_the_wrong_order_only_move_it_forward() {
    let (stage, graph) = with_graph("").await;
    graph.answer(|_| Reply::Json(200, taken("wamid.out")));
    let line = stage.line(0, 0);
    let id = id_of(&send(&stage, &line, "491").await);
    let all = ["delivered", "sent", "read", "delivered"].map(|state| status("wamid.out", state, "491"));
    stage.take(receipts(&line, &all)).await;
    assert_eq!(until_state(&stage, &id, "read").await["wamid"], "wamid.out");
    stage.end().await;
}

#[actix_web::test]
async fn a_failure_that_meta_reports_later_is_kept_with_its_reason() {
    let stage = Stage::engaged().await;
    let answer = send(&stage, &stage.line(0, 0), "4917600000047").await;
    assert_eq!(answer.status, 200);
    let told = until_state(&stage, &id_of(&answer), "failed").await;
    assert_eq!(told["error"]["errors"][0]["code"], 131_047, "{told}");
    let ledger = stage.ledger().await;
    assert_eq!((&ledger["messages"]["taken"], &ledger["messages"]["failed"]), (&json!(1), &json!(0)), "Meta took it");
    stage.end().await;
}

#[actix_web::test]
async fn statuses_that_come_before_the_answer_count_whatever_their_order() {
    let (stage, graph) = with_graph("").await;
    graph.answer(|_| Reply::Json(200, taken("wamid.fast")));
    let line = stage.line(0, 0);
    let slow = Duration::from_millis(300);
    graph.answer(move |call| match call.json()["text"]["body"].as_str() {
        Some(_) => Reply::SlowJson(slow, 200, taken("wamid.fast")),
        None => Reply::Status(500),
    });
    let sent = send(&stage, &line, "491");
    let statuses = async {
        graph.until(1).await;
        stage.take(receipts(&line, &[status("wamid.fast", "delivered", "491")])).await;
        stage.take(receipts(&line, &[status("wamid.fast", "sent", "491")])).await;
    };
    let (answer, ()) = futures_util::future::join(sent, statuses).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    until_state(&stage, &id_of(&answer), "delivered").await;
    stage.end().await;
}

#[actix_web::test]
async fn a_failure_that_comes_before_the_answer_is_kept_with_its_reason() {
    let (stage, graph) = with_graph("").await;
    let slow = Duration::from_millis(300);
    graph.answer(move |_| Reply::SlowJson(slow, 200, taken("wamid.fast")));
    let line = stage.line(0, 0);
    let sent = send(&stage, &line, "491");
    let statuses = async {
        graph.until(1).await;
        let failed = status("wamid.fast", "failed", "491")
            .replace("\"recipient_id\"", "\"errors\":[{\"code\":131047}],\"recipient_id\"");
        stage.take(receipts(&line, &[failed])).await;
    };
    let (answer, ()) = futures_util::future::join(sent, statuses).await;
    let told = until_state(&stage, &id_of(&answer), "failed").await;
    assert_eq!(told["error"]["errors"][0]["code"], 131_047, "{told}");
    stage.end().await;
}

#[actix_web::test]
async fn another_accounts_status_moves_nothing() {
    let (stage, graph) = with_graph("").await;
    graph.answer(|_| Reply::Json(200, taken("wamid.out")));
    let id = id_of(&send(&stage, &stage.line(0, 0), "491").await);
    stage.take(receipts(&stage.line(1, 0), &[status("wamid.out", "read", "491")])).await;
    assert_eq!(message(&stage, &id).await["state"], "accepted");
    stage.end().await;
}
