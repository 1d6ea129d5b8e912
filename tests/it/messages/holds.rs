//! Messages that wait although their turn has come: for a token, for Meta, for an operator; and who lets them go.

use super::{id_of, message, send, taken, until_state, with_graph};
use crate::harness::application::{Application, Reply};
use crate::harness::http::{self, Answer};
use crate::harness::mail::{self, Line};
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const GOOD_TOKEN: &str = r#"{"data":{"is_valid":true,"app_id":"1","scopes":["whatsapp_business_management","whatsapp_business_messaging"]}}"#;
const BAD_TOKEN: &str = r#"{"data":{"is_valid":false,"error":{"code":190,"message":"revoked"},"scopes":[]}}"#;
const WAITS: &str = "send_wait = \"0s\"";

fn refused(status: u16, code: i64) -> Reply {
    let body = json!({"error": {"message": "no", "type": "OAuthException", "code": code}});
    Reply::Json(status, body.to_string())
}

/// A Graph that refuses sends with `code` until the switch is thrown, and then says that all is well.
fn refusing(graph: &Application, status: u16, code: i64) -> Arc<AtomicBool> {
    let is_well = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_well);
    graph.answer(move |call| {
        let well = switch.load(Ordering::SeqCst);
        let health = if well { "AVAILABLE" } else { "BLOCKED" };
        match () {
            () if call.target.contains("/debug_token") => {
                Reply::Json(200, if well { GOOD_TOKEN } else { BAD_TOKEN }.into())
            }
            () if call.target.contains("health_status") => {
                Reply::Json(200, json!({"health_status": {"can_send_message": health}}).to_string())
            }
            () if call.target.contains("/register") => Reply::Json(200, r#"{"success":true}"#.into()),
            () if well => Reply::Json(200, taken("wamid.out")),
            () => refused(status, code),
        }
    });
    is_well
}

fn sends(graph: &Application) -> usize {
    graph.deliveries().iter().filter(|call| call.target.contains("/messages")).count()
}

async fn holds(stage: &Stage, line: &Line) -> Vec<Value> {
    let told = stage.look(&format!("/api/accounts/{}", line.waba)).await.json();
    told["holds"].as_array().unwrap_or_else(|| panic!("no holds in {told}")).clone()
}

async fn until_held(stage: &Stage, line: &Line, cause: &str) -> Value {
    until(&format!("held by {cause}"), async || {
        holds(stage, line).await.into_iter().find(|hold| hold["cause"] == cause)
    })
    .await
}

async fn operate(stage: &Stage, line: &Line, what: &str, body: &Value) -> Answer {
    let url = format!("{}/api/accounts/{}/{what}", stage.ops, line.waba);
    http::post(&url, &[("Authorization", &bearer(KEY))], body.to_string()).await
}

#[actix_web::test]
async fn a_token_that_graph_refuses_holds_the_account_and_a_working_one_lets_it_go() {
    let (stage, graph) = with_graph(WAITS).await;
    let is_well = refusing(&graph, 401, 190);
    let line = stage.line(0, 0);
    let first = id_of(&send(&stage, &line, "491").await);
    let hold = until_held(&stage, &line, "token").await;
    assert_eq!((&hold["scope"], &hold["code"]), (&json!("account"), &json!(190)), "{hold}");
    let second = id_of(&send(&stage, &line, "492").await);
    assert_eq!(sends(&graph), 1, "nothing leaves while it is held");
    is_well.store(true, Ordering::SeqCst);
    // The operator knows before Wharf asks again.
    let resumed = operate(&stage, &line, "resume", &json!({"what": "sends"})).await;
    assert_eq!((resumed.status, resumed.json()["ended"].clone()), (200, json!(1)), "{}", resumed.text());
    for id in [&first, &second] {
        until_state(&stage, id, "accepted").await;
    }
    assert!(holds(&stage, &line).await.is_empty());
    stage.end().await;
}

#[actix_web::test]
async fn where_the_token_turns_out_to_work_the_hold_ends_at_once_and_by_itself() {
    let (stage, graph) = with_graph(WAITS).await;
    let refused_once = AtomicBool::new(false);
    graph.answer(move |call| match () {
        () if call.target.contains("/debug_token") => Reply::Json(200, GOOD_TOKEN.into()),
        // A code that nobody knows, with a 401 of Graph's: perhaps the token.
        () if !refused_once.swap(true, Ordering::SeqCst) => refused(401, 987_654),
        () => Reply::Json(200, taken("wamid.out")),
    });
    let line = stage.line(0, 0);
    let id = id_of(&send(&stage, &line, "491").await);
    let told = until_state(&stage, &id, "accepted").await;
    assert_eq!(told["attempts"].as_array().map(Vec::len), Some(2), "{told}");
    let asked = graph.deliveries().iter().filter(|call| call.target.contains("/debug_token")).count();
    assert!(asked >= 1, "Graph was asked about the token");
    assert!(holds(&stage, &line).await.is_empty());
    stage.end().await;
}

#[actix_web::test]
async fn a_number_that_may_not_send_is_held_alone_and_goes_on_after_register() {
    let (stage, graph) = with_graph(WAITS).await;
    let is_well = refusing(&graph, 400, 133_010);
    let line = stage.line(0, 0);
    let id = id_of(&send(&stage, &line, "491").await);
    let hold = until_held(&stage, &line, "meta").await;
    assert_eq!((&hold["scope"], &hold["name"]), (&json!("number"), &json!(line.number)), "{hold}");
    is_well.store(true, Ordering::SeqCst);
    let url = format!("{}/v25.0/{}/register", stage.public, line.number);
    let body = r#"{"messaging_product":"whatsapp","pin":"123456"}"#;
    let headers = [("Authorization", &*bearer(KEY)), ("Content-Type", "application/json")];
    assert_eq!(http::post(&url, &headers, body).await.status, 200);
    until_state(&stage, &id, "accepted").await;
    assert!(holds(&stage, &line).await.is_empty());
    stage.end().await;
}

#[actix_web::test]
async fn an_operators_pause_queues_what_is_sent_survives_a_restart_and_ends_by_hand() {
    let (mut stage, graph) = with_graph(WAITS).await;
    graph.answer(|_| Reply::Json(200, taken("wamid.out")));
    let line = stage.line(0, 0);
    let sends_of_it = json!({"what": "sends", "number": line.number});
    let paused = operate(&stage, &line, "pause", &sends_of_it).await;
    assert_eq!((paused.status, paused.json()["paused"].clone()), (200, json!(true)), "{}", paused.text());
    assert_eq!(operate(&stage, &line, "pause", &sends_of_it).await.json()["paused"], false, "idempotent");
    let id = id_of(&send(&stage, &line, "491").await);
    stage.restart().await;
    assert_eq!(message(&stage, &id).await["state"], "queued");
    assert_eq!(until_held(&stage, &line, "operator").await["name"], json!(line.number));
    let all = operate(&stage, &line, "resume", &json!({"what": "sends"})).await;
    assert_eq!(all.json()["ended"], 0, "a number's own pause is ended by its name: {}", all.text());
    assert_eq!(sends(&graph), 0);
    assert_eq!(operate(&stage, &line, "resume", &sends_of_it).await.json()["ended"], 1);
    until_state(&stage, &id, "accepted").await;
    let audit = stage.look("/api/audit").await.json();
    let verbs: Vec<&Value> = audit["data"].as_array().expect("records").iter().map(|record| &record["verb"]).collect();
    assert!(verbs.contains(&&json!("sends.pause")) && verbs.contains(&&json!("sends.resume")), "{audit}");
    stage.end().await;
}

#[actix_web::test]
async fn what_cannot_be_paused_is_refused_with_words() {
    let stage = Stage::engaged().await;
    let (line, other) = (stage.line(0, 0), stage.line(1, 0));
    for (body, words) in [
        (json!({"what": "everything"}), "cannot be paused, \"sends\" and \"deliveries\" can"),
        (json!({"what": "sends", "number": other.number}), "no phone number id of account"),
        (json!({"number": line.number}), "must be"),
    ] {
        let answer = operate(&stage, &line, "pause", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert!(answer.text().contains(words.replace('"', "\\\"").as_str()), "{body}: {}", answer.text());
    }
    assert!(holds(&stage, &line).await.is_empty());
    stage.end().await;
}

#[actix_web::test]
async fn a_queued_message_is_withdrawn_and_one_that_has_left_is_not() {
    let (stage, graph) = with_graph(WAITS).await;
    graph.answer(|_| Reply::Json(200, taken("wamid.out")));
    let line = stage.line(0, 0);
    let sent = id_of(&send(&stage, &line, "491").await);
    until_state(&stage, &sent, "accepted").await;
    assert_eq!(operate(&stage, &line, "pause", &json!({"what": "sends"})).await.status, 200);
    let waits = id_of(&send(&stage, &line, "492").await);
    let withdraw = async |id: &str| {
        http::ask("DELETE", &format!("{}/api/messages/{id}", stage.ops), &[("Authorization", &bearer(KEY))], "").await
    };
    let gone = withdraw(&sent).await;
    assert_eq!(gone.status, 409, "{}", gone.text());
    let cancelled = withdraw(&waits).await;
    assert_eq!(
        (cancelled.status, cancelled.json()["state"].clone()),
        (200, json!("cancelled")),
        "{}",
        cancelled.text()
    );
    assert_eq!(withdraw(&waits).await.status, 409);
    assert_eq!(operate(&stage, &line, "resume", &json!({"what": "sends"})).await.json()["ended"], 1);
    let next = id_of(&send(&stage, &line, "493").await);
    until_state(&stage, &next, "accepted").await;
    assert_eq!(sends(&graph), 2, "what was withdrawn never leaves");
    stage.end().await;
}

/// An event of the account's field, as Meta sends it.
async fn tell(stage: &Stage, line: &Line, field: &str, value: &Value) {
    let change = json!({"field": field, "value": value}).to_string();
    stage.take(mail::post(&[mail::entry(&line.waba, &[change])])).await;
}

#[actix_web::test]
async fn what_meta_tells_of_an_account_holds_its_sends_and_lets_them_go() {
    let (stage, graph) = with_graph(WAITS).await;
    graph.answer(|_| Reply::Json(200, taken("wamid.out")));
    let line = stage.line(0, 0);
    let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
    tell(&stage, &line, "account_update", &ban("SCHEDULE_FOR_DISABLE")).await;
    let before = id_of(&send(&stage, &line, "490").await);
    until_state(&stage, &before, "accepted").await;
    tell(&stage, &line, "account_update", &ban("DISABLE")).await;
    let id = id_of(&send(&stage, &line, "491").await);
    assert_eq!(until_held(&stage, &line, "meta").await["scope"], "account");
    assert_eq!(message(&stage, &id).await["state"], "queued");
    tell(&stage, &line, "account_update", &ban("REINSTATE")).await;
    until_state(&stage, &id, "accepted").await;

    let restriction = json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
        {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": mail::now_s() + 3600}]});
    tell(&stage, &line, "account_update", &restriction).await;
    let template = json!({"messaging_product": "whatsapp", "to": "492", "type": "template",
        "template": {"name": "sale", "language": {"code": "de"}}});
    let sale = id_of(&stage.send(&format!("{}/messages", line.number), template.to_string()).await);
    let reply = id_of(&send(&stage, &line, "493").await);
    until_state(&stage, &reply, "accepted").await;
    assert_eq!(message(&stage, &sale).await["state"], "queued");
    let hold = until_held(&stage, &line, "meta").await;
    assert!(hold["scope"] == "templates" && hold["until"].is_string(), "{hold}");
    assert_eq!(sends(&graph), 3);
    stage.end().await;
}

#[actix_web::test]
async fn a_hold_is_an_alarm_with_its_beginning_and_a_way_out_and_a_metric() {
    let (stage, graph) = with_graph(WAITS).await;
    refusing(&graph, 401, 190);
    let line = stage.line(0, 0);
    send(&stage, &line, "491").await;
    until_held(&stage, &line, "token").await;
    let told = stage.look("/api/alarms").await.json();
    let held = |alarm: &&Value| alarm["what"] == "sends_held";
    let alarm = told["alarms"].as_array().expect("a list").iter().find(held).unwrap_or_else(|| panic!("{told}"));
    assert!(alarm["detail"].as_str().is_some_and(|it| it.contains("account: token")), "{alarm}");
    assert_eq!((&alarm["account"], &alarm["gateway"]), (&json!(line.waba), &json!("main")));
    assert!(alarm["since"].is_string() && alarm["todo"].is_string(), "{alarm}");
    let metrics = http::get(&format!("{}/metrics", stage.ops), &[]).await;
    assert!(metrics.text().contains("wharf_alarms{what=\"sends_held\"} 1"), "{}", metrics.text());
    let fields: Vec<Value> = stage.events(&line.waba).await.iter().map(|event| event["field"].clone()).collect();
    assert_eq!(fields, [json!("wharf.alarm")]);
    assert_eq!(operate(&stage, &line, "pause", &json!({"what": "sends"})).await.status, 200);
    assert_eq!(operate(&stage, &line, "resume", &json!({"what": "sends"})).await.json()["ended"], 2);
    stage.end().await;
}
