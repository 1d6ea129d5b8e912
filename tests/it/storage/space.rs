//! A store that is full says so: 503 to what is new, and everything else goes on until there is room again.

use crate::harness::application::Reply;
use crate::harness::mail::{letter, text, worded};
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::json;

/// A message of about 2 MB.
fn big(nth: usize) -> String {
    worded(&format!("wamid.big{nth}"), &format!("49{nth}"), &"x".repeat(2_000_000))
}

async fn metric(stage: &Stage, name: &str) -> f64 {
    let metrics = stage.look("/metrics").await;
    let line = metrics.text().lines().find(|line| line.starts_with(&format!("{name} "))).map(str::to_owned);
    let line = line.unwrap_or_else(|| panic!("no {name}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

#[actix_web::test]
async fn a_full_store_refuses_what_is_new_warns_before_and_recovers_when_what_is_unfinished_ends() {
    let stage = Stage::engaged_with(|plan| plan.max_bytes = Some(120 << 20)).await;
    let line = stage.line(0, 0);
    assert_eq!(stage.look("/readyz").await.text(), "ready\n");
    stage.app.answer(|_| Reply::Status(500));
    let (mut taken, mut warned) = (0, false);
    let message = r#"{"messaging_product":"whatsapp","to":"1","text":{"body":"x"}}"#;
    let send = format!("{}/messages", line.number);
    // What is written counts double until it is measured: full may turn out to be nearly full, and then more is taken.
    let full = until("the store is full, and stays so", async || {
        let refusal = stage.post(letter(&line, &[big(taken)])).await;
        if refusal.status == 200 {
            taken += 1;
            let ready = stage.look("/readyz").await;
            warned |= ready.status == 200 && ready.text().contains("store_space=");
            return None;
        }
        let (ready, sent) = (stage.look("/readyz").await, stage.send(&send, message).await);
        let is_full = [&refusal, &ready, &sent].iter().all(|answer| answer.status == 503);
        (is_full && metric(&stage, "wharf_store_space_level").await == 3.0).then_some((refusal, ready, sent))
    });
    let (refusal, ready, sent) = full.await;
    assert_eq!(refusal.json()["id"], "wharf.store.full");
    assert!(refusal.header("retry-after").is_some());
    assert!(warned, "operators hear of it before");
    assert_eq!(ready.json()["id"], "wharf.store.full");
    assert!(ready.json()["detail"].as_str().expect("a text").contains("max_bytes=125829120"), "{}", ready.text());
    assert_eq!(metric(&stage, "wharf_store_max_bytes").await, 125_829_120.0);
    assert_eq!(sent.json()["error"]["is_transient"], true);
    assert_eq!(stage.verb("search").await.status, 200);
    let ledger = stage.ledger().await;
    assert_eq!(ledger["received"], json!(taken), "what was refused is not there");

    stage.app.answer(|_| Reply::Status(200));
    until("there is room", async || (stage.look("/readyz").await.status == 200).then_some(())).await;
    // While history gives way the store may be full once more: Meta posts again.
    let again = letter(&line, &[big(taken), text("wamid.small", "491")]);
    until("it is taken", async || (stage.post(again.clone()).await.status == 200).then_some(())).await;
    let ledger = stage.until_ledger("/routes/main~1app/delivered", taken as i64 + 2).await;
    assert_eq!((&ledger["duplicate"], &ledger["routed"]), (&json!(0), &json!(taken + 2)), "nothing was lost");
    let copy = letter(&line, &[text("wamid.small", "491")]);
    until("it is taken", async || (stage.post(copy.clone()).await.status == 200).then_some(())).await;
    assert_eq!(stage.ledger().await["duplicate"], 1);
    stage.end().await;
}

#[actix_web::test]
async fn delivered_history_gives_way_so_that_a_full_disk_is_never_seen() {
    let stage = Stage::engaged_with(|plan| plan.max_bytes = Some(150 << 20)).await;
    let line = stage.line(0, 0);
    for nth in 0..60 {
        stage.take(letter(&line, &[big(nth)])).await;
        stage.until_ledger("/routes/main~1app/delivered", nth as i64 + 1).await;
        stage.app.forget();
    }
    assert!(metric(&stage, "wharf_store_bytes").await <= f64::from(150 << 20));
    stage.take(letter(&line, &[big(0)])).await;
    assert_eq!(stage.ledger().await["duplicate"], 1, "the mark of an event that gave way is there");
    stage.end().await;
}
