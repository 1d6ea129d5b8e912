//! `keep_body = "until_delivered"`: what every route has is shown no more.

use crate::harness::application::Reply;
use crate::harness::mail::{letter, worded};
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::json;

#[actix_web::test]
async fn an_event_shows_its_bytes_until_every_route_has_ended_with_it_over_a_restart_too() {
    let mut stage = Stage::engaged_with(|plan| {
        plan.storage = "keep_body = \"until_delivered\"".to_owned();
        plan.routes = vec![("app", String::new()), ("crm", "order = \"none\"".into())];
    })
    .await;
    let line = stage.line(0, 0);
    let refuses_crm = |delivery: &crate::harness::application::Delivery| match delivery.target.as_str() {
        "POST /crm" => Reply::Status(503),
        _ => Reply::Status(200),
    };
    stage.app.answer(refuses_crm);
    stage.take(letter(&line, &[worded("wamid.1", "4917612345678", "private words")])).await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    let path = format!("/api/events/{}.1", line.waba);
    let event = stage.look(&path).await.json();
    assert_eq!(event["item"]["text"]["body"], "private words", "one route does not have it yet: {event}");
    stage.restart().await;
    stage.app.forget();
    stage.app.answer(|_| Reply::Status(200));
    let delivered = stage.app.until(1).await;
    assert!(std::str::from_utf8(&delivered[0].body).expect("text").contains("private words"));
    let look = async || Some(stage.look(&path).await).filter(|shown| !shown.text().contains("private words"));
    let event = until("the bytes are shown no more", look).await.json();
    assert_eq!((&event["body"], &event["item"], &event["seq"]), (&json!("erased"), &json!(null), &json!(1)));
    let listed = stage.events(&line.waba).await;
    assert_eq!((listed.len(), &listed[0]["body"]), (1, &json!("erased")));
    stage.end().await;
}
