//! The limits of a quarantine: the oldest items go and are counted, and Meta hears 200.

use crate::harness::mail::{letter, worded};
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::json;
use wharf::sandbox::Subscribed;

#[actix_web::test]
async fn a_quarantine_keeps_to_its_bytes_and_what_is_left_is_handed_over_by_setup() {
    let mut stage = Stage::with(|plan| {
        plan.subscribed = Subscribed::All;
        plan.storage = "quarantine_bytes = \"4MiB\"".to_owned();
    })
    .await;
    let line = stage.line(0, 0);
    for nth in 0..8 {
        stage.take(letter(&line, &[worded(&format!("wamid.{nth}"), "491", &"x".repeat(1_000_000))])).await;
    }
    let ledger = stage.until_ledger("/evicted", 4).await;
    assert_eq!((&ledger["quarantined"], &ledger["received"]), (&json!(4), &json!(8)));
    let shown: Vec<_> = stage.events("q.main").await.iter().map(|event| event["item"]["id"].clone()).collect();
    assert_eq!(shown, ["wamid.4", "wamid.5", "wamid.6", "wamid.7"], "the oldest went");
    stage.restart().await;
    let claims = stage.look("/api/quarantine").await.json()["claims"].clone();
    assert_eq!((&claims[0]["count"], &claims[0]["first"]), (&json!(4), &json!("q.main.5")));
    assert_eq!(stage.verb("setup").await.status, 200);
    let ledger = stage.until_ledger("/routes/main~1app/delivered", 4).await;
    assert_eq!((&ledger["quarantined"], &ledger["evicted"], &ledger["routed"]), (&json!(0), &json!(4), &json!(4)));
    stage.end().await;
}

#[actix_web::test]
async fn an_item_leaves_the_quarantine_after_its_time() {
    let stage = Stage::with(|plan| plan.storage = "quarantine_retention = \"1s\"".to_owned()).await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[worded("wamid.a", "491", "hello")])).await;
    stage.until_ledger("/evicted", 1).await;
    assert_eq!(stage.look("/api/quarantine?gateway=main").await.json()["events"], json!([]));
    stage.end().await;
}

#[actix_web::test]
async fn a_quarantine_gives_way_before_a_full_store_refuses_anything() {
    let stage = Stage::with(|plan| plan.max_bytes = Some(150 << 20)).await;
    let line = stage.line(0, 0);
    for nth in 0..60 {
        stage.take(letter(&line, &[worded(&format!("wamid.{nth}"), "491", &"x".repeat(2_000_000))])).await;
        let room = async || {
            let told = stage.look("/readyz").await;
            (told.status == 200 && !told.text().contains("scarce")).then_some(())
        };
        until("there is room", room).await;
    }
    let ledger = stage.ledger().await;
    assert_eq!(ledger["received"], json!(60));
    assert!(ledger["evicted"].as_i64().expect("a count") > 5, "{ledger}");
    stage.end().await;
}
