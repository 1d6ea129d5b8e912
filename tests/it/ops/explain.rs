//! Where an event is and why, in one answer: each state through real sockets.

use crate::harness::application::{Reply, nobody};
use crate::harness::mail::{Line, letter, receipts, status, text};
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::{Value, json};

/// The answer about the `seq`th event of `stream`.
async fn explain(stage: &Stage, stream: &str, seq: u64) -> Value {
    let answer = stage.look(&format!("/api/events/{stream}.{seq}/explain")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The answer once its first route stands so.
async fn until_state(stage: &Stage, stream: &str, seq: u64, state: &str) -> Value {
    let look = async || Some(explain(stage, stream, seq).await).filter(|told| told["routes"][0]["state"] == state);
    until(&format!("{stream}.{seq} is {state}"), look).await
}

fn says(told: &Value, pointer: &str, words: &str) {
    let text = told.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    assert!(text.contains(words), "{pointer} does not say {words:?}: {told:#}");
}

#[actix_web::test]
async fn an_event_that_was_delivered_says_when_and_one_that_was_filtered_says_by_what() {
    let stage = Stage::engaged_with(|plan| {
        plan.routes = vec![("app", String::new()), ("calls", "fields = [\"calls\"]".into())];
    })
    .await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    let told = explain(&stage, &line.waba, 1).await;
    says(&told, "/summary", "Delivered to main/app at the first try, ");
    assert_eq!((&told["event"]["id"], &told["event"]["item"]), (&json!(format!("{}.1", line.waba)), &Value::Null));
    says(&told, "/event/lane", "dialog ");
    assert_eq!(
        (&told["received"]["secret_is"], &told["received"]["disposition"]),
        (&json!("current"), &json!("routed"))
    );
    let [app, calls] = [&told["routes"][0], &told["routes"][1]];
    assert_eq!((&app["state"], &app["matched"], &app["attempts_made"]), (&json!("delivered"), &json!(true), &json!(1)));
    assert!(app["delivered_at"].is_string() && app["attempts"][0]["took_ms"].is_u64(), "{app}");
    assert_eq!((&calls["state"], &calls["matched"]), (&json!("filtered"), &json!(false)));
    says(calls, "/why", "its fields (calls) do not name messages");
    stage.end().await;
}

#[actix_web::test]
async fn failed_attempts_are_told_after_a_restart_too_and_who_waits_behind_them_says_for_whom() {
    let mut stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.app.answer(|_| Reply::Json(503, "the database is away".into()));
    stage.take(letter(&line, &[text("wamid.1", "491"), text("wamid.2", "491")])).await;
    let told = until_state(&stage, &line.waba, 1, "waiting").await;
    let first = &told["routes"][0]["attempts"][0];
    let found = ["attempt", "result", "status", "reason"].map(|name| first[name].clone());
    assert_eq!(found, [json!(1), json!("failed"), json!(503), json!("HTTP 503 the database is away")]);
    assert!(told["routes"][0]["next_at"].is_string() && first["at"].is_string(), "{told}");
    says(&told, "/summary", "the last: HTTP 503 the database is away");
    let behind = explain(&stage, &line.waba, 2).await;
    says(&behind, "/routes/0/waits_for", &format!("{}.1 of its lane, which is before it", line.waba));
    let view = stage.look(&format!("/api/accounts/{}", line.waba)).await.json();
    let route = &view["routes"]["main/app"];
    assert!(route["oldest_pending_at"].is_string() && view["mailbox"]["waited_ms"].is_u64(), "{view}");

    stage.crash().await;
    let told = explain(&stage, &line.waba, 1).await;
    let attempts = told["routes"][0]["attempts"].as_array().map_or(0, Vec::len) as u64;
    assert!(attempts >= 1 && attempts >= told["routes"][0]["attempts_made"].as_u64().expect("a count"), "{told:#}");
    assert_eq!(told["routes"][0]["attempts"][0]["status"], 503);
    stage.app.answer(|_| Reply::Status(200));
    stage.until_ledger("/routes/main~1app/delivered", 2).await;
    let told = until_state(&stage, &line.waba, 1, "delivered").await;
    says(&told, "/summary", "Delivered to main/app after ");
    let attempts = told["routes"][0]["attempts"].as_array().expect("attempts");
    assert_eq!(attempts.last().map(|last| &last["result"]), Some(&json!("delivered")), "{told:#}");
    assert!(told["routes"][0]["delivered_at"].is_string());
    let second = explain(&stage, &line.waba, 2).await;
    says(&second, "/summary", "Delivered to main/app at the first try");
    stage.end().await;
}

#[actix_web::test]
async fn an_event_whose_endpoint_is_gone_waits_for_its_breaker() {
    let address = nobody();
    let stage = Stage::engaged_with(|plan| {
        plan.routes.clear();
        plan.more = format!("[[gateway.route]]\nname = \"gone\"\nurl = \"http://{address}/gone\"\n");
    })
    .await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &["491", "492", "493"].map(|from| text(&format!("wamid.{from}"), from)))).await;
    let look = async || {
        let told = explain(&stage, &line.waba, 1).await;
        told["routes"][0]["waits_for"].as_str().is_some_and(|why| why.contains("breaker")).then_some(told)
    };
    let told = until("it waits for the breaker", look).await;
    assert_eq!(told["routes"][0]["state"], "waiting");
    says(&told, "/summary", "Not yet at main/gone: it waits for its breaker, open until ");
    assert!(told["routes"][0]["next_at"].is_string() && told["routes"][0]["attempts"][0]["status"].is_null(), "{told}");
    stage.end().await;
}

#[actix_web::test]
async fn an_event_of_a_paused_route_says_who_lets_it_go_and_one_given_up_says_why() {
    let stage = Stage::engaged_with(|plan| {
        plan.routes = vec![("app", "final = [400]".into())];
        plan.accounts = 1;
    })
    .await;
    let line = stage.line(0, 0);
    stage.app.answer(|_| Reply::Json(400, "no such bot".into()));
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    stage.until_ledger("/routes/main~1app/dead", 1).await;
    let told = until_state(&stage, &line.waba, 1, "dead").await;
    let dead = &told["routes"][0]["dead"];
    assert_eq!((&dead["status"], &dead["kept"]), (&json!(400), &json!(true)), "{told:#}");
    assert_eq!(dead["reason"], "refused for good: HTTP 400 no such bot");
    says(&told, "/summary", &format!("POST /api/accounts/{}/dead/redrive", line.waba));
    stage.app.answer(|_| Reply::Status(410));
    stage.take(letter(&line, &[text("wamid.2", "492")])).await;
    let told = until_state(&stage, &line.waba, 2, "held").await;
    says(&told, "/routes/0/waits_for", "POST /api/routes/main/app/resume");

    assert_eq!(stage.verb(&format!("remove&id={}", line.waba)).await.status, 200);
    let told = explain(&stage, &line.waba, 2).await;
    assert_eq!((&told["routes"][0]["route"], &told["routes"][0]["state"]), (&json!("main/app"), &json!("dead")));
    says(&told, "/summary", "the account was removed before it could be delivered");
    says(&told, "/routes/0/why", "the account was removed since");
    stage.end().await;
}

#[actix_web::test]
async fn what_was_offered_to_nobody_says_whose_it_is() {
    let stage = Stage::with(|plan| plan.routes = vec![("app", String::new()), ("trial", "tests = true".into())]).await;
    assert_eq!(stage.verb("setup").await.status, 200);
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    let inactive = explain(&stage, &line.waba, 1).await;
    assert_eq!(
        (&inactive["routes"][0]["state"], &inactive["received"]["disposition"]),
        (&json!("not_offered"), &json!("inactive"))
    );
    says(&inactive, "/summary", &format!("whatsapp=subscribe&id={}", line.waba));
    let stranger = Line { waba: "99988877766".into(), number: "998".into(), display: "+1 555".into() };
    stage.take(letter(&stranger, &[text("wamid.2", "491")])).await;
    let stray = explain(&stage, "q.main", 1).await;
    says(&stray, "/summary", "whatsapp=setup&id=99988877766");
    assert_eq!(stray["routes"], json!([]));
    let sample = Line { waba: "0".into(), number: "123456123".into(), display: "16505551111".into() };
    stage.take(letter(&sample, &[text("ABGGFlA5Fpa", "16315551181")])).await;
    let test = until_state(&stage, "t.main", 1, "delivered").await;
    assert_eq!(test["routes"][0]["route"], "main/trial");
    says(&test, "/routes/0/why", "tests = true");
    for id in ["nonsense", "1.1", "q.main.99"] {
        let unknown = stage.look(&format!("/api/events/{id}/explain")).await;
        assert_eq!((unknown.status, &unknown.json()["id"]), (404, &json!("wharf.event.unknown")), "{id}");
    }
    stage.end().await;
}

#[actix_web::test]
async fn a_status_names_the_message_that_it_is_about() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let body = r#"{"messaging_product":"whatsapp","to":"491700000","type":"text","text":{"body":"x"}}"#;
    let sent = stage.send(&format!("{}/messages", line.number), body).await;
    let message = sent.header("x-wharf-message").expect("an id").to_owned();
    let wamid = sent.json()["messages"][0]["id"].as_str().expect("Meta's id").to_owned();
    stage.take(receipts(&line, &[status(&wamid, "played", "491700000")])).await;
    let look = async || {
        let events = stage.events(&line.waba).await;
        let ours = events.iter().find(|event| event["message_id"] == *wamid)?;
        ours["seq"].as_u64()
    };
    let seq = until("the status is in the journal", look).await;
    assert_eq!(explain(&stage, &line.waba, seq).await["message"], json!(message));
    stage.end().await;
}

#[actix_web::test]
async fn events_are_listed_by_how_any_of_their_routes_stands() {
    let stage = Stage::engaged_with(|plan| {
        plan.routes = vec![("app", "final = [400]\norder = \"none\"".into()), ("calls", "fields = [\"calls\"]".into())];
    })
    .await;
    let line = stage.line(0, 0);
    stage.app.answer(|delivery| match delivery.item_id().as_str() {
        "wamid.dead" => Reply::Status(400),
        "wamid.open" => Reply::Status(503),
        _ => Reply::Status(200),
    });
    let ids = ["wamid.done", "wamid.dead", "wamid.open"];
    stage.take(letter(&line, &ids.map(|id| text(id, id)))).await;
    stage.until_ledger("/routes/main~1app/dead", 1).await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    assert_eq!(stage.verb(&format!("unsubscribe&id={}", line.waba)).await.status, 200);
    stage.take(letter(&line, &[text("wamid.unheard", "495")])).await;
    let path = format!("/api/accounts/{}/events", line.waba);
    for (state, expected) in [
        ("delivered", vec!["wamid.done"]),
        ("dead", vec!["wamid.dead"]),
        ("pending", vec!["wamid.open"]),
        ("filtered", ids.to_vec()),
        ("inactive", vec!["wamid.unheard"]),
    ] {
        let told = stage.look(&format!("{path}?state={state}")).await.json();
        let found: Vec<_> = told["data"].as_array().expect("a list").iter().map(|event| &event["message_id"]).collect();
        assert_eq!(found, expected, "{state}");
    }
    let bad = stage.look(&format!("{path}?state=lost")).await;
    assert_eq!((bad.status, &bad.json()["id"]), (400, &json!("wharf.parameter.bad")));
    stage.end().await;
}
