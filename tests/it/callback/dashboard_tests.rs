//! What the App Dashboard's "Test" button sends: recorded each time, for routes that ask for it.

use crate::harness::mail::{Line, letter, text};
use crate::harness::stage::Stage;
use serde_json::json;

fn sample() -> String {
    let line = Line { waba: "0".into(), number: "123456123".into(), display: "16505551111".into() };
    letter(&line, &[text("ABGGFlA5Fpa", "16315551181")])
}

#[actix_web::test]
async fn a_test_payload_is_recorded_each_time_and_goes_to_routes_that_want_tests() {
    let stage =
        Stage::engaged_with(|plan| plan.routes = vec![("app", String::new()), ("trial", "tests = true".into())]).await;
    let body = sample();
    stage.take(body.as_str()).await;
    stage.take(body.as_str()).await;
    let delivered = stage.app.until(2).await;
    assert!(delivered.iter().all(|delivery| delivery.target == "POST /trial"), "{delivered:?}");
    assert_eq!(
        delivered.iter().map(|delivery| delivery.header("webhook-id")).collect::<Vec<_>>(),
        ["t.main.1", "t.main.2"]
    );
    let ledger = stage.until_ledger("/routes/main~1trial/delivered", 2).await;
    let found = ["received", "test", "duplicate", "routed", "quarantined"].map(|name| ledger[name].clone());
    assert_eq!(found, [2, 2, 0, 0, 0].map(|count| json!(count)));
    let event = stage.look("/api/events/t.main.1").await.json();
    assert_eq!((&event["disposition"], &event["field"]), (&json!("test"), &json!("messages")));
    stage.end().await;
}

#[actix_web::test]
async fn without_a_route_for_tests_they_are_still_recorded() {
    let mut stage = Stage::engaged().await;
    stage.take(sample()).await;
    stage.crash().await;
    stage.take(sample()).await;
    assert_eq!(stage.ledger().await["test"], 2);
    assert_eq!(stage.look("/api/events/t.main.2").await.status, 200);
    assert!(stage.app.deliveries().is_empty());
    stage.end().await;
}

#[actix_web::test]
async fn the_ids_of_metas_documentation_are_no_tests() {
    let stage = Stage::engaged().await;
    let line = Line { waba: "102290129340398".into(), number: "106540352242922".into(), display: "15550783881".into() };
    stage.take(letter(&line, &[text("wamid.HBg", "16505551234")])).await;
    assert_eq!(stage.ledger().await["quarantined"], 1);
    stage.end().await;
}
