//! Alarms through the API and as metrics: each is there while its cause lasts, with since when, and gone after it.

use crate::harness::application::Reply;
use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use serde_json::{Value, json};

async fn alarms(stage: &Stage) -> Vec<Value> {
    let told = stage.look("/api/alarms").await.json();
    told["alarms"].as_array().unwrap_or_else(|| panic!("no alarms in {told}")).clone()
}

async fn until_alarm(stage: &Stage, what: &str) -> Value {
    let look = async || alarms(stage).await.into_iter().find(|alarm| alarm["what"] == what);
    until(&format!("the alarm {what}"), look).await
}

async fn until_quiet(stage: &Stage) {
    until("no alarm is left", async || alarms(stage).await.is_empty().then_some(())).await;
}

async fn metrics(stage: &Stage) -> String {
    http::get(&format!("{}/metrics", stage.ops), &[]).await.text().to_owned()
}

#[actix_web::test]
async fn a_route_whose_application_is_gone_is_alarmed_until_it_is_resumed() {
    let stage = Stage::engaged().await;
    stage.app.answer(|_| Reply::Status(410));
    stage.take(letter(&stage.line(0, 0), &[text("wamid.1", "491")])).await;
    let alarm = until_alarm(&stage, "route_paused").await;
    assert_eq!((&alarm["gateway"], &alarm["route"]), (&json!("main"), &json!("main/app")));
    assert!(alarm["since"].is_string() && alarm["todo"].as_str().is_some_and(|todo| todo.contains("resume")));
    assert!(metrics(&stage).await.contains("wharf_alarms{what=\"route_paused\"} 1\n"));
    stage.app.answer(|_| Reply::Status(200));
    http::post(&format!("{}/api/routes/main/app/resume", stage.ops), &[("Authorization", &bearer(KEY))], "").await;
    until_quiet(&stage).await;
    assert!(!metrics(&stage).await.contains("route_paused\"} 1"));
    stage.end().await;
}

#[actix_web::test]
async fn a_route_whose_breaker_is_open_is_alarmed_with_since_when_until_it_works() {
    let stage = Stage::engaged().await;
    stage.app.answer(|_| Reply::Status(500));
    let letters: Vec<String> = (0..4).map(|nth| text(&format!("wamid.{nth}"), &format!("49{nth}"))).collect();
    stage.take(letter(&stage.line(0, 0), &letters)).await;
    let alarm = until_alarm(&stage, "route_broken").await;
    assert_eq!((&alarm["gateway"], &alarm["route"]), (&json!("main"), &json!("main/app")));
    assert!(alarm["since"].is_string(), "{alarm}");
    assert!(metrics(&stage).await.contains("wharf_alarms{what=\"route_broken\"} 1\n"));
    stage.app.answer(|_| Reply::Status(200));
    stage.until_ledger("/routes/main~1app/delivered", 4).await;
    until_quiet(&stage).await;
    stage.end().await;
}

#[actix_web::test]
async fn a_store_that_closed_is_alarmed_with_the_reason_and_what_to_do() {
    let mut stage = Stage::engaged().await;
    stage.disk.fail_writes_after(0);
    assert_eq!(stage.post(letter(&stage.line(0, 0), &[text("wamid.1", "491")])).await.status, 503);
    let alarm = until_alarm(&stage, "store_closed").await;
    assert!(alarm["detail"].as_str().is_some_and(|why| !why.is_empty()), "{alarm}");
    assert!(
        alarm["since"].is_string() && alarm["todo"].as_str().is_some_and(|todo| todo.contains("restart")),
        "{alarm}"
    );
    assert!(metrics(&stage).await.contains("wharf_alarms{what=\"store_closed\"} 1\n"));
    stage.crash().await;
    until_quiet(&stage).await;
    stage.end().await;
}
