//! Meta delivers at least once: what was taken is not taken again, however it comes.

use crate::harness::application::{Application, Delivery, nobody};
use crate::harness::mail::{letter, receipts, status, text, worded};
use crate::harness::stage::Stage;
use serde_json::{Value, json};

async fn expect(stage: &Stage, received: i64, routed: i64, duplicate: i64, differing: i64) {
    let ledger = stage.ledger().await;
    let found = ["received", "routed", "duplicate", "duplicate_differing"].map(|name| ledger[name].clone());
    assert_eq!(found, [received, routed, duplicate, differing].map(Value::from), "{ledger}");
}

#[actix_web::test]
async fn twice_in_one_post_is_once() {
    let stage = Stage::engaged().await;
    let message = text("wamid.a", "491");
    stage.take(letter(&stage.line(0, 0), &[message.clone(), message])).await;
    expect(&stage, 2, 1, 1, 0).await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    stage.end().await;
}

#[actix_web::test]
async fn twice_in_two_posts_is_once_and_each_is_answered_200() {
    let stage = Stage::engaged().await;
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491")]);
    for _ in 0..3 {
        stage.take(body.as_str()).await;
    }
    expect(&stage, 3, 1, 2, 0).await;
    stage.end().await;
}

#[actix_web::test]
async fn at_the_same_moment_on_many_connections_is_once() {
    let stage = Stage::engaged_with(|plan| plan.server = "".into()).await;
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491"), text("wamid.b", "492")]);
    for answer in futures_util::future::join_all((0..16).map(|_| stage.post(body.as_str()))).await {
        assert_eq!(answer.status, 200);
    }
    expect(&stage, 32, 2, 30, 0).await;
    stage.end().await;
}

#[actix_web::test]
async fn after_a_restart_and_after_a_crash_it_is_still_known() {
    let mut stage = Stage::engaged().await;
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491")]);
    stage.take(body.as_str()).await;
    stage.restart().await;
    stage.take(body.as_str()).await;
    stage.crash().await;
    stage.take(body.as_str()).await;
    expect(&stage, 3, 1, 2, 0).await;
    stage.end().await;
}

/// A queue beside a store knew the id and had lost the job: the retry was refused, and the event never came.
#[actix_web::test]
async fn metas_retry_after_a_crash_between_keeping_and_delivering_is_a_duplicate_and_the_event_arrives_once() {
    let address = nobody();
    let mut stage = Stage::engaged_with(|plan| {
        plan.routes.clear();
        plan.more = format!("[[gateway.route]]\nname = \"app\"\nurl = \"http://{address}/app\"\n");
    })
    .await;
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491")]);
    stage.take(body.as_str()).await;
    stage.crash().await;
    stage.take(body.as_str()).await;
    expect(&stage, 2, 1, 1, 0).await;
    let app = Application::on(address);
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    let ids: Vec<String> = app.deliveries().iter().map(Delivery::item_id).collect();
    assert_eq!(ids, ["wamid.a"]);
    app.stop().await;
    stage.end().await;
}

#[actix_web::test]
async fn the_same_id_with_other_bytes_is_a_duplicate_that_is_counted_apart() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[worded("wamid.a", "491", "one")])).await;
    stage.take(letter(&line, &[worded("wamid.a", "491", "two")])).await;
    expect(&stage, 2, 1, 1, 1).await;
    assert_eq!(stage.events(&line.waba).await[0]["item"]["text"]["body"], "one", "the first stands");
    stage.end().await;
}

#[actix_web::test]
async fn the_states_of_a_message_and_other_numbers_and_accounts_are_not_duplicates() {
    let stage = Stage::engaged_with(|plan| plan.numbers = 2).await;
    let line = stage.line(0, 0);
    let states = ["sent", "delivered", "read"].map(|state| status("wamid.a", state, "491"));
    stage.take(receipts(&line, &states)).await;
    stage.take(letter(&line, &[text("wamid.a", "491")])).await;
    stage.take(letter(&stage.line(0, 1), &[text("wamid.a", "491")])).await;
    stage.take(letter(&stage.line(1, 0), &[text("wamid.a", "491")])).await;
    expect(&stage, 6, 6, 0, 0).await;
    stage.end().await;
}

#[actix_web::test]
async fn what_has_no_id_is_known_by_its_bytes() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let update = |what: &str| {
        let change = format!(r#"{{"field":"account_review_update","value":{{"decision":"{what}"}}}}"#);
        crate::harness::mail::post(&[format!(r#"{{"id":"{}","time":1790000000,"changes":[{change}]}}"#, line.waba)])
    };
    stage.take(update("APPROVED")).await;
    stage.take(update("APPROVED")).await;
    stage.take(update("REJECTED")).await;
    let ledger = stage.ledger().await;
    assert_eq!((&ledger["routed"], &ledger["duplicate"]), (&json!(2), &json!(1)));
    stage.end().await;
}
