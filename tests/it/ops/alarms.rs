//! Alarms through the API and as metrics: each is there while its cause lasts, with since when, and gone after it.

use crate::harness::application::{Delivery, Reply};
use crate::harness::http;
use crate::harness::mail::{entry, letter, post, text};
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

#[actix_web::test]
async fn an_alarm_of_an_account_reaches_the_routes_that_ask_for_it_in_metas_envelope_and_no_other() {
    let mut stage = Stage::engaged_with(|plan| {
        plan.routes = vec![("bot", String::new()), ("watch", "fields = [\"wharf.alarm\"]".into())];
    })
    .await;
    let waba = stage.line(0, 0).waba;
    let ban = |state: &str| {
        let value = json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
        post(&[entry(&waba, &[json!({"field": "account_update", "value": value}).to_string()])])
    };
    stage.take(ban("DISABLE")).await;
    stage.until_ledger("/routes/main~1watch/delivered", 2).await;
    stage.crash().await;
    stage.take(ban("REINSTATE")).await;
    let ledger = stage.until_ledger("/routes/main~1watch/delivered", 4).await;
    assert_eq!((&ledger["received"], &ledger["routed"]), (&json!(2), &json!(2)), "Meta sent no more");
    stage.until_ledger("/routes/main~1bot/pending", 0).await;
    let (watch, bot): (Vec<Delivery>, Vec<Delivery>) =
        stage.app.deliveries().into_iter().partition(|delivery| delivery.target == "POST /watch");
    let change = |delivery: &Delivery| delivery.json()["entry"][0]["changes"][0].clone();
    assert!(bot.iter().all(|delivery| change(delivery)["field"] == "account_update"), "no surprise");
    let told: Vec<Value> = watch.iter().map(change).collect();
    assert!(told.iter().all(|change| change["field"] == "wharf.alarm"), "{told:?}");
    let turns: Vec<_> = told.iter().map(|change| (&change["value"]["alarm"], &change["value"]["state"])).collect();
    let expected = ["banned", "sends_held"].map(|what| [(json!(what), json!("began")), (json!(what), json!("ended"))]);
    let [[banned, free], [held, released]] = &expected;
    assert_eq!(turns, [banned, held, free, released].map(|(what, state)| (what, state)));
    let kept = stage.events(&waba).await;
    assert_eq!(kept.len(), 6, "{kept:?}");
    stage.end().await;
}
