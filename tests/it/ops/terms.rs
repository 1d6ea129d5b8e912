//! Routes that vary, that end by themselves, whose secret changes, and that are tried out.

use crate::harness::application::{Delivery, Reply};
use crate::harness::http::{self, Answer};
use crate::harness::mail::{letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use wharf::sandbox::signing::sign;

async fn stage() -> Stage {
    Stage::engaged_with(|plan| {
        plan.server = "private_routes = true".into();
        plan.storage = "secret_key = \"the-key-of-this-test-32-characters-long\"".into();
    })
    .await
}

fn path(stage: &Stage) -> String {
    format!("/api/accounts/{}/routes/crm", stage.line(0, 0).waba)
}

/// The route `crm` to the application's `target`, with `more`.
async fn put(stage: &Stage, target: &str, more: Value) -> Answer {
    let mut body = json!({"url": stage.app.url("") + target, "allow_private": true});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    http::put(&(stage.ops.clone() + &path(stage)), &[("Authorization", &bearer(KEY))], body.to_string()).await
}

async fn post(stage: &Stage, path: &str) -> Answer {
    http::post(&(stage.ops.clone() + path), &[("Authorization", &bearer(KEY))], "").await
}

/// The next delivery at `target`, of a message with this id.
async fn delivered(stage: &Stage, id: &str, target: &str) -> Delivery {
    stage.take(letter(&stage.line(0, 0), &[text(id, "491")])).await;
    until("it is delivered", async || {
        let ours = |delivery: &Delivery| delivery.target.contains(target) && delivery.item_id() == id;
        stage.app.deliveries().into_iter().find(ours)
    })
    .await
}

fn signatures(delivery: &Delivery) -> usize {
    delivery.header("webhook-signature").split(' ').filter(|one| one.starts_with("v1,")).count()
}

#[actix_web::test]
async fn a_url_names_whose_mail_it_takes() {
    let stage = stage().await;
    let put = put(&stage, "/own/{whatsapp.business}/{whatsapp.account}?n={whatsapp.number}", json!({})).await;
    assert_eq!(put.status, 201, "{}", put.text());
    let line = stage.line(0, 0);
    let delivery = delivered(&stage, "wamid.1", "/own/").await;
    let number = delivery.header("x-whatsapp-number").replace('+', "%2B").replace(' ', "%20");
    assert_eq!(delivery.target, format!("POST /own/{}/{}?n={number}", line.waba, line.number));
    stage.end().await;
}

#[actix_web::test]
async fn a_new_secret_signs_beside_the_former_one_until_their_overlap_ends() {
    let mut stage = stage().await;
    assert_eq!(put(&stage, "/own/", json!({"secret": "first"})).await.status, 201);
    assert_eq!(signatures(&delivered(&stage, "wamid.1", "/own/").await), 1);
    let put_again = put(&stage, "/own/", json!({"secret": "second", "overlap": "1h"})).await.json();
    assert!(put_again["former_secret_until"].is_string(), "{put_again}");
    stage.restart().await;
    let both = delivered(&stage, "wamid.2", "/own/").await;
    assert_eq!(signatures(&both), 2, "also after a restart");
    assert_eq!(both.header("x-hub-signature-256"), sign("second", &both.body), "Meta's header has room for one");
    let at_once = put(&stage, "/own/", json!({"secret": "third", "overlap": "0s"})).await.json();
    assert!(at_once["former_secret_until"].is_string(), "the first rotation's overlap goes on: {at_once}");
    stage.end().await;
}

#[actix_web::test]
async fn a_route_with_an_end_ends_by_itself_and_what_it_had_pending_becomes_dead_letters() {
    let mut stage = stage().await;
    stage.app.answer(|delivery| Reply::Status(if delivery.target.contains("/own/") { 500 } else { 200 }));
    let ends = |seconds: i64| json!({"expires_at": (Timestamp::now() + seconds.seconds()).to_string()});
    assert_eq!(put(&stage, "/own/", ends(3600)).await.status, 201);
    stage.take(letter(&stage.line(0, 0), &[text("wamid.1", "491")])).await;
    let full_name = format!("main/{}/crm", stage.line(0, 0).waba).replace('/', "~1");
    stage.until_ledger(&format!("/routes/{full_name}/pending"), 1).await;
    assert_eq!(put(&stage, "/own/", ends(2)).await.status, 200);
    stage.restart().await;
    stage.until_ledger(&format!("/routes/{full_name}/dead"), 1).await;
    assert_eq!(stage.look(&path(&stage)).await.status, 404);
    stage.end().await;
}

#[actix_web::test]
async fn a_route_is_tried_out_with_a_message_that_says_it_is_none_and_no_sum_moves() {
    let stage = stage().await;
    assert_eq!(put(&stage, "/own/{whatsapp.business}", json!({"secret": "s"})).await.status, 201);
    let before = stage.ledger().await;
    for (test, target) in [
        (path(&stage), format!("POST /own/{}", stage.line(0, 0).waba)),
        ("/api/routes/main/app".into(), "POST /app".into()),
    ] {
        let told = post(&stage, &format!("{test}/test")).await.json();
        assert_eq!((&told["delivered"], &told["status"]), (&json!(true), &json!(200)), "{told}");
        let tests = stage.app.deliveries().into_iter().filter(|delivery| delivery.header("x-wharf-test") == "true");
        let delivery = tests.last().expect("a test delivery");
        assert_eq!(delivery.target, target);
        assert!(delivery.item_id().starts_with("wharf.test."), "{}", delivery.item_id());
    }
    stage.app.answer(|_| Reply::Status(503));
    let told = post(&stage, "/api/routes/main/app/test").await.json();
    assert_eq!((&told["delivered"], &told["status"]), (&json!(false), &json!(503)), "{told}");
    assert_eq!(stage.ledger().await, before, "outside every ledger");
    assert_eq!(post(&stage, "/api/routes/main/nobody/test").await.status, 404);
    stage.end().await;
}
