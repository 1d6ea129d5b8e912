//! The past of a number that joins: thousands of messages in a webhook, and nobody who writes now waits for them.

use crate::harness::application::{Delivery, Reply};
use crate::harness::mail::{Line, entry, letter, now_s, post, text, value};
use crate::harness::stage::Stage;
use crate::harness::until;

fn change(line: &Line, field: &str, members: &str) -> String {
    format!(r#"{{"value":{},"field":"{field}"}}"#, value(line, members))
}

/// A chunk of history with `count` messages inside, and `count` media parts of it as messages of their own.
fn past(line: &Line, count: usize) -> String {
    let old = now_s() - 90 * 86_400;
    let message = |nth| format!(r#"{{"from":"491","id":"wamid.old{nth}","timestamp":"{old}","type":"image"}}"#);
    let messages = (0..count).map(message).collect::<Vec<_>>().join(",");
    let chunk = format!(
        r#""history":[{{"metadata":{{"phase":0,"chunk_order":1,"progress":50}},"threads":[{{"id":"491","messages":[{messages}]}}]}}]"#
    );
    let parts = format!(r#""messages":[{messages}]"#);
    post(&[entry(&line.waba, &[change(line, "history", &chunk), change(line, "history", &parts)])])
}

#[actix_web::test]
async fn a_customers_live_message_does_not_wait_for_their_past() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let is_past = |delivery: &Delivery| String::from_utf8_lossy(&delivery.body).contains(r#""field":"history""#);
    stage.app.answer(move |delivery| Reply::Status(if is_past(delivery) { 500 } else { 200 }));
    let count = 1000;
    stage.take(past(&line, count)).await;
    stage.take(letter(&line, &[text("wamid.now", "491")])).await;
    let live = async || stage.app.deliveries().into_iter().find(|delivery| delivery.item_id() == "wamid.now");
    until("what is said now arrives, while the past is refused", live).await;
    stage.app.answer(|_| Reply::Status(200));
    let ledger = stage.until_ledger("/received", count as i64 + 2).await;
    assert_eq!((&ledger["routed"], &ledger["duplicate"]), (&(count + 2).into(), &0.into()));
    stage.end().await;
}
