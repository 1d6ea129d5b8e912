//! Dead letters that become deliveries and messages again, also after their account was removed.

use crate::harness::application::{Delivery, Reply};
use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use serde_json::{Value, json};

const DELIVERED: &str = "/routes/main~1app/delivered";
const DEAD: &str = "/routes/main~1app/dead";

async fn redrive(stage: &Stage, body: Value) -> (u16, Value) {
    let url = format!("{}/api/accounts/{}/dead/redrive", stage.ops, stage.line(0, 0).waba);
    let told = http::post(&url, &[("Authorization", &bearer(KEY))], body.to_string()).await;
    (told.status, told.json())
}

async fn letters_left(stage: &Stage) -> usize {
    let told = stage.look(&format!("/api/accounts/{}/dead", stage.line(0, 0).waba)).await.json();
    told["data"].as_array().map_or(0, Vec::len)
}

/// An account with `count` dead letters of one dialog.
async fn dead(count: usize) -> Stage {
    let stage = Stage::engaged_with(|plan| plan.routes = vec![("app", "final = [422]".into())]).await;
    stage.app.answer(|_| Reply::Status(422));
    let messages: Vec<String> = (1..=count).map(|nth| text(&format!("wamid.{nth}"), "491")).collect();
    stage.take(letter(&stage.line(0, 0), &messages)).await;
    stage.until_ledger(DEAD, count as i64).await;
    stage.app.answer(|_| Reply::Status(200));
    stage.app.forget();
    stage
}

#[actix_web::test]
async fn dead_letters_are_delivered_in_the_order_of_the_journal_and_their_letters_go() {
    let stage = dead(5).await;
    let (status, told) = redrive(&stage, json!({"route": "app"})).await;
    assert_eq!((status, told), (202, json!({"redriven": 5, "skipped": 0, "left": 0})));
    let ledger = stage.until_ledger(DELIVERED, 5).await;
    let its = &ledger["routes"]["main/app"];
    assert_eq!((&its["replayed"], &its["dead"], &its["pending"]), (&json!(5), &json!(5), &json!(0)));
    let got: Vec<String> = stage.app.deliveries().iter().map(Delivery::item_id).collect();
    assert_eq!(got, ["wamid.1", "wamid.2", "wamid.3", "wamid.4", "wamid.5"]);
    assert_eq!(letters_left(&stage).await, 0);
    assert_eq!(redrive(&stage, json!({})).await.1, json!({"redriven": 0, "skipped": 0, "left": 0}));
    assert!(stage.look("/api/audit").await.text().contains("5 redriven, 0 skipped, 0 left"));
    stage.end().await;
}

#[actix_web::test]
async fn one_event_alone_is_redriven_and_the_others_stay() {
    let stage = dead(3).await;
    let event = format!("{}.2", stage.line(0, 0).waba);
    let (_, told) = redrive(&stage, json!({"event": event})).await;
    assert_eq!(told, json!({"redriven": 1, "skipped": 0, "left": 0}));
    stage.until_ledger(DELIVERED, 1).await;
    assert_eq!((letters_left(&stage).await, stage.app.deliveries()[0].item_id()), (2, "wamid.2".to_owned()));
    assert_eq!(redrive(&stage, json!({"route": "nowhere"})).await.0, 404);
    stage.end().await;
}

#[actix_web::test]
async fn no_more_are_redriven_at_once_than_a_route_may_hold() {
    let stage = dead(300).await;
    stage.app.answer(|_| Reply::Status(500));
    let (_, told) = redrive(&stage, json!({})).await;
    assert_eq!(told, json!({"redriven": 256, "skipped": 0, "left": 44}));
    assert_eq!(redrive(&stage, json!({})).await.1, json!({"redriven": 0, "skipped": 0, "left": 44}));
    stage.app.answer(|_| Reply::Status(200));
    stage.until_ledger(DELIVERED, 256).await;
    assert_eq!(redrive(&stage, json!({})).await.1, json!({"redriven": 44, "skipped": 0, "left": 0}));
    stage.until_ledger(DELIVERED, 300).await;
    stage.end().await;
}

#[actix_web::test]
async fn after_a_remove_and_a_crash_dead_letters_are_delivered_all_the_same() {
    let mut stage = dead(4).await;
    let waba = stage.line(0, 0).waba;
    assert_eq!(stage.verb(&format!("remove&id={waba}")).await.status, 200);
    stage.app.answer(|_| Reply::Status(500));
    let (status, told) = redrive(&stage, json!({})).await;
    assert_eq!((status, told), (202, json!({"redriven": 4, "skipped": 0, "left": 0})));
    stage.until_ledger("/routes/main~1app/pending", 4).await;
    stage.crash().await;
    stage.app.answer(|_| Reply::Status(200));
    stage.until_ledger(DELIVERED, 4).await;
    assert_eq!(stage.look(&format!("/api/accounts/{waba}")).await.status, 404, "nobody is engaged by that");
    stage.take(letter(&stage.line(0, 0), &[text("wamid.9", "491")])).await;
    assert_eq!(stage.events("q.main").await.len(), 1, "what comes goes to the quarantine");
    let store = stage.store();
    let places =
        async || store.hot(wharf_storage::Kind::Progress, format!("{waba}\0").as_bytes()).is_empty().then_some(());
    until("nothing of it is left", places).await;
    drop(store);
    stage.end().await;
}

#[actix_web::test]
async fn an_account_that_is_set_up_again_takes_over_what_is_being_redriven() {
    let stage = dead(2).await;
    let waba = stage.line(0, 0).waba;
    assert_eq!(stage.verb(&format!("remove&id={waba}")).await.status, 200);
    stage.app.answer(|_| Reply::Status(500));
    assert_eq!(redrive(&stage, json!({})).await.1["redriven"], 2);
    for verb in ["setup", "subscribe"] {
        assert_eq!(stage.verb(&format!("{verb}&id={waba}")).await.status, 200);
    }
    stage.app.answer(|_| Reply::Status(200));
    stage.take(letter(&stage.line(0, 0), &[text("wamid.9", "491")])).await;
    let ledger = stage.until_ledger(DELIVERED, 3).await;
    assert_eq!(ledger["routes"]["main/app"]["pending"], 0);
    let event = stage.events(&waba).await.pop().expect("the new one");
    assert_eq!(event["seq"], 3, "its journal goes on");
    stage.end().await;
}

#[actix_web::test]
async fn letters_without_a_route_stay_and_an_account_that_nobody_knows_is_unknown() {
    let mut stage = dead(2).await;
    stage.plan.routes = vec![("other", String::new())];
    stage.restart().await;
    assert_eq!(redrive(&stage, json!({})).await.1, json!({"redriven": 0, "skipped": 2, "left": 0}));
    assert_eq!(letters_left(&stage).await, 2);
    let url = format!("{}/api/accounts/4711/dead/redrive", stage.ops);
    assert_eq!(http::post(&url, &[("Authorization", &bearer(KEY))], "").await.status, 404);
    stage.end().await;
}

#[actix_web::test]
async fn a_message_that_expired_is_sent_when_it_is_redriven_and_keeps_its_id() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let key = bearer(KEY);
    let sends = |verb: &str| format!("{}/api/accounts/{}/{verb}", stage.ops, line.waba);
    let what = r#"{"what":"sends"}"#;
    assert_eq!(http::post(&sends("pause"), &[("Authorization", &key)], what).await.status, 200);
    let headers = [("Authorization", &*key), ("Prefer", "respond-async"), ("X-Wharf-Expires", "1")];
    let body = r#"{"messaging_product":"whatsapp","to":"491700000","type":"text","text":{"body":"x"}}"#;
    let sent = http::post(&format!("{}/{}/messages", stage.public, line.number), &headers, body).await;
    let id = sent.header("x-wharf-message").expect("an id").to_owned();
    stage.until_ledger("/messages/expired", 1).await;
    assert_eq!(http::post(&sends("resume"), &[("Authorization", &key)], what).await.status, 200);
    let (_, told) = redrive(&stage, json!({"message": id})).await;
    assert_eq!(told, json!({"redriven": 1, "skipped": 0, "left": 0}));
    let ledger = stage.until_ledger("/messages/taken", 1).await;
    assert_eq!((&ledger["messages"]["submitted"], &ledger["messages"]["expired"]), (&json!(1), &json!(0)));
    let shown = stage.look(&format!("/api/messages/{id}")).await.json();
    assert!(shown["wamid"].is_string(), "{shown}");
    stage.end().await;
}
