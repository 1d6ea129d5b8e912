//! `wharf tail`, against a gateway, and against a fake whose stream ends.

use super::fake::{answering, live};
use super::followed::Followed;
use super::operate_at;
use crate::harness::application::Reply;
use crate::harness::mail::{letter, text};
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::{Value, json};

const EVENT: &str = "event: event\nid: 57\ndata: {\"at\":\"2026-11-29T10:00:00.123Z\",\"id\":\"1022.57\",\"type\":\"message\",\
                     \"field\":\"messages\",\"number\":\"1065\",\"dialog\":\"12\",\"disposition\":\"routed\",\
                     \"routes\":[\"main/app\"]}\n\n";
const DELIVERY: &str = ": ping\n\nevent: delivery\ndata: {\"at\":\"2026-11-29T10:00:00.200Z\",\"event\":\"1022.57\",\
                        \"route\":\"main/app\",\"attempt\":1,\"result\":\"delivered\",\"status\":200,\"reason\":null,\
                        \"took_ms\":12}\n\n";

#[actix_web::test]
async fn a_tail_tells_one_fact_a_line_and_connects_again_when_the_stream_ends() {
    let (url, handle) = live(vec![EVENT, DELIVERY]);
    let said = operate_at(&url, &["tail", "1022", "--count", "2"]).await.well();
    let expected = "\
10:00:00.123  event     1022.57  message in messages  number 1065  dialog 12  routed  -> main/app
10:00:00.200  delivery  1022.57  main/app  attempt 1  delivered 200 in 12 ms
";
    assert_eq!(said.out, expected);
    assert!(said.err.contains("the stream ended; connecting again"), "{}", said.err);
    handle.stop(false).await;
}

#[actix_web::test]
async fn programs_read_each_fact_as_a_line_of_json() {
    let (url, handle) = live(vec![EVENT]);
    let said = operate_at(&url, &["tail", "1022", "--kind", "event,send", "--count", "1", "--json"]).await.well();
    let lines = said.lines();
    assert_eq!((lines.len(), &lines[0]["kind"], &lines[0]["id"]), (1, &json!("event"), &json!("1022.57")));
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_full_house_of_listeners_is_told() {
    let told = json!({"id": "wharf.live.full", "code": 429, "detail": "too many listen already", "status": ""});
    let fake = answering(vec![("GET /api/accounts/1022/live?kind=send", 429, told)]).await;
    let said = operate_at(&fake.url(""), &["tail", "1022", "--kind", "send"]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("too many listen already (wharf.live.full, 429)"), "{said:?}");
    fake.stop().await;
}

#[actix_web::test]
async fn an_account_is_followed_live() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let tail = Followed::start(&stage, &["tail", &line.waba]);
    let mut nth = 0;
    // Nobody says when it listens: mail comes until it tells some.
    let event = async || {
        nth += 1;
        stage.take(letter(&line, &[text(&format!("wamid.{nth}"), &format!("49{nth}"))])).await;
        tail.line()
    };
    let told = until("it tells something", event).await;
    assert!(told.contains("  event     ") || told.contains("  delivery  "), "{told}");
    stage.take(letter(&line, &[text("wamid.last", "491")])).await;
    let told = tail.until(&["  event     "]).await;
    assert!(told.contains(&format!("message in messages  number {}  dialog ", line.number)), "{told}");
    assert!(told.ends_with("routed  -> main/app"), "{told}");
    stage.app.answer(|_| Reply::Json(503, "busy".into()));
    stage.take(letter(&line, &[text("wamid.failing", "4900")])).await;
    tail.until(&["  delivery  ", "main/app  attempt 1  failed 503 in ", " ms: busy"]).await;
    stage.app.answer(|_| Reply::Status(200));
    tail.until(&["  delivery  ", "attempt 2  delivered in "]).await;
    drop(tail);
    stage.end().await;
}

#[actix_web::test]
async fn a_tail_of_some_kinds_ends_after_as_many_as_were_asked_for() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let tail = Followed::start(&stage, &["tail", &line.waba, "--kind", "delivery", "--count", "1", "--json"]);
    let mut nth = 0;
    let event = async || {
        nth += 1;
        stage.take(letter(&line, &[text(&format!("wamid.{nth}"), &format!("49{nth}"))])).await;
        tail.line()
    };
    let told: Value = serde_json::from_str(&until("it tells a delivery", event).await).expect("JSON");
    assert_eq!(
        (&told["kind"], &told["route"], &told["result"]),
        (&json!("delivery"), &json!("main/app"), &json!("delivered"))
    );
    assert_eq!(tail.ended().await, Some(0));
    stage.end().await;
}
