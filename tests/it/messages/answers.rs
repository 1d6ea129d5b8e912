//! How a send is answered: as Graph answered it, or that it is kept.

use super::{id_of, message, send, taken, text_to, until_state, with_graph};
use crate::harness::application::Reply;
use crate::harness::stage::Stage;
use serde_json::json;
use std::time::Duration;
use wharf::sandbox::Faults;

#[actix_web::test]
async fn a_send_is_answered_as_graph_answered_it_and_graph_gets_it_as_it_was_sent() {
    let (stage, graph) = with_graph("").await;
    graph.answer(|_| Reply::Json(200, taken("wamid.out") + " "));
    let line = stage.line(0, 0);
    let body =
        r#"{"messaging_product" : "whatsapp","to":"+49 1","type":"text","text":{"body":"caf\u00e9"},"new":[1.0]}"#;
    let answer = stage.send(&format!("v23.0/{}/messages", line.number), body).await;
    assert_eq!((answer.status, answer.text()), (200, &*(taken("wamid.out") + " ")));
    let told = message(&stage, &id_of(&answer)).await;
    assert_eq!(
        (&told["state"], &told["wamid"], &told["to"], &told["number"]),
        (&json!("accepted"), &json!("wamid.out"), &json!("+49 1"), &json!(line.number))
    );
    assert_eq!((told["attempts"].as_array().map(Vec::len), &told["attempts"][0]["status"]), (Some(1), &json!(200)));
    let call = graph.until(1).await.remove(0);
    let marked = format!("{{\"biz_opaque_callback_data\":\"wharf:{}\",{}", id_of(&answer), &body[1..]);
    assert_eq!(String::from_utf8_lossy(&call.body), marked, "as it was sent, and our mark");
    let (target, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
    assert_eq!(target, format!("POST /v23.0/{}/messages", line.number), "the path's version");
    let token = &stage.sandbox.options().token;
    assert_eq!(call.header("authorization"), format!("Bearer {token}"));
    assert!(query.contains("appsecret_proof=") && !call.target.contains(token.as_str()), "{}", call.target);
    assert_eq!(call.header("content-type"), "application/json");
    stage.end().await;
}

#[actix_web::test]
async fn without_a_version_graphs_is_the_one_in_the_settings_and_marketing_has_a_path_of_its_own() {
    let (stage, graph) = with_graph("").await;
    graph.answer(|_| Reply::Json(200, taken("wamid.out")));
    let line = stage.line(0, 0);
    assert_eq!(stage.send(&format!("{}/messages", line.number), text_to("1")).await.status, 200);
    assert_eq!(stage.send(&format!("v24.0/{}/marketing_messages", line.number), text_to("2")).await.status, 200);
    let targets: Vec<String> =
        graph.until(2).await.iter().map(|call| call.target.split('?').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        targets,
        [format!("POST /v25.0/{}/messages", line.number), format!("POST /v24.0/{}/marketing_messages", line.number)]
    );
    stage.end().await;
}

#[actix_web::test]
async fn a_final_refusal_of_graph_stands_and_is_a_dead_letter() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let answer = send(&stage, &line, "4917600000026").await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!(131_026)), "{}", answer.text());
    assert!(answer.json()["error"]["fbtrace_id"].is_string(), "Graph's own words");
    let id = id_of(&answer);
    let told = message(&stage, &id).await;
    assert_eq!(
        (&told["state"], &told["error"]["error"]["code"], &told["attempts"][0]["code"]),
        (&json!("failed"), &json!(131_026), &json!(131_026))
    );
    let dead = stage.look(&format!("/api/accounts/{}/dead", line.waba)).await.json();
    assert_eq!((&dead["data"][0]["message"], &dead["data"][0]["status"]), (&json!(id), &json!(400)));
    let ledger = stage.ledger().await;
    assert_eq!((&ledger["messages"]["submitted"], &ledger["messages"]["failed"]), (&json!(1), &json!(1)));
    stage.end().await;
}

#[actix_web::test]
async fn an_error_that_passes_is_tried_again_and_the_caller_sees_only_the_success() {
    let stage = Stage::engaged().await;
    let answer = send(&stage, &stage.line(0, 0), "4917600000000").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = message(&stage, &id_of(&answer)).await;
    let codes: Vec<_> =
        told["attempts"].as_array().expect("attempts").iter().map(|attempt| attempt["code"].clone()).collect();
    assert_eq!(codes, [json!(131_000), json!(null)]);
    stage.end().await;
}

#[actix_web::test]
async fn an_error_that_does_not_pass_after_all_stands_after_five_tries() {
    let (stage, graph) = with_graph("send_wait = \"30s\"").await;
    graph.answer(|_| {
        Reply::Json(
            500,
            r#"{"error":{"message":"(#131000) Something went wrong","type":"OAuthException","code":131000}}"#.into(),
        )
    });
    let answer = send(&stage, &stage.line(0, 0), "1").await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (500, &json!(131_000)));
    assert_eq!(graph.deliveries().len(), 5);
    assert_eq!(message(&stage, &id_of(&answer)).await["state"], "failed");
    stage.end().await;
}

#[actix_web::test]
async fn while_graph_is_slow_the_answer_is_202_and_the_message_goes_on() {
    let stage = Stage::engaged_with(|plan| plan.send = "send_wait = \"50ms\"".into()).await;
    stage.sandbox.set_faults(Faults { send_latency_ms: 400, ..Faults::default() });
    let answer = send(&stage, &stage.line(0, 0), "+49 176-1234567").await;
    assert_eq!(answer.status, 202);
    let id = id_of(&answer);
    let expected = format!(
        r#"{{"messaging_product":"whatsapp","contacts":[{{"input":"+49 176-1234567"}}],"messages":[{{"id":"{id}","message_status":"queued"}}]}}"#
    );
    assert_eq!(answer.text(), expected);
    let told = message(&stage, &id).await;
    assert!(["queued", "sending"].contains(&told["state"].as_str().unwrap_or_default()), "{told}");
    until_state(&stage, &id, "delivered").await;
    stage.end().await;
}

#[actix_web::test]
async fn while_graph_cannot_be_reached_messages_wait_and_leave_in_order_once_it_is_back() {
    let address = crate::harness::application::nobody();
    let mut stage = Stage::engaged().await;
    stage.plan.graph = Some(format!("http://{address}"));
    stage.plan.send = "send_wait = \"0s\"".into();
    stage.restart().await;
    let line = stage.line(0, 0);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = send(&stage, &line, "491").await;
        assert_eq!(answer.status, 202);
        ids.push(id_of(&answer));
    }
    let listed = stage.look(&format!("/api/accounts/{}/messages", line.waba)).await.json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(3));
    let graph = crate::harness::application::Application::on(address);
    graph.answer(|call| Reply::Json(200, taken(&format!("wamid.{}", call.body.len()))));
    for id in &ids {
        until_state(&stage, id, "accepted").await;
    }
    assert_eq!(graph.deliveries().len(), 3);
    let ledger = stage.ledger().await;
    assert_eq!((&ledger["messages"]["submitted"], &ledger["messages"]["taken"]), (&json!(3), &json!(3)));
    stage.end().await;
}

#[actix_web::test]
async fn one_is_under_way_per_recipient_in_order_and_recipients_do_not_wait_for_each_other() {
    let (stage, graph) = with_graph("send_wait = \"20s\"").await;
    let slowly = Duration::from_millis(150);
    graph.answer(move |call| match call.json()["to"].as_str() {
        Some("777") => Reply::Never,
        _ => Reply::Slowly(slowly, 500),
    });
    let line = stage.line(0, 0);
    let stuck = async { tokio::time::timeout(Duration::from_millis(400), send(&stage, &line, "777")).await.is_err() };
    let to = |nth: usize| ["+49 1", "491", "(49) 1", "0049"][nth];
    let all = async {
        for nth in 0..3 {
            let number = format!("{}/messages", line.number);
            let body = json!({"messaging_product": "whatsapp", "to": to(nth), "type": "text", "text": {"body": nth.to_string()}});
            let pending = stage.send(&number, body.to_string());
            let _ = tokio::time::timeout(Duration::from_millis(60), pending).await;
        }
        graph.until(4).await
    };
    let (was_stuck, calls) = futures_util::future::join(stuck, all).await;
    assert!(was_stuck);
    let mine: Vec<_> = calls.iter().filter(|call| call.json()["to"] != "777").collect();
    for pair in mine.windows(2) {
        assert!(pair[1].at - pair[0].at >= slowly, "the second left before the first was answered");
    }
    assert_eq!(mine[0].json()["text"]["body"], "0");
    assert_eq!(
        mine.iter().filter(|call| call.json()["text"]["body"] == "0").count(),
        mine.len().min(3),
        "a retry does not let others pass"
    );
    stage.app.stop().await;
    graph.stop().await;
}

#[actix_web::test]
async fn read_receipts_and_typing_go_straight_through_past_a_queue_that_stands() {
    let (stage, graph) = with_graph("send_wait = \"0s\"").await;
    graph.answer(|call| match call.json()["status"].as_str() {
        Some("read") => Reply::Json(200, r#"{"success":true}"#.into()),
        _ => Reply::Never,
    });
    let line = stage.line(0, 0);
    send(&stage, &line, "491").await;
    send(&stage, &line, "491").await;
    let path = format!("v22.0/{}/messages", line.number);
    for extra in ["", r#","typing_indicator":{"type":"text"}"#] {
        let body = format!(r#"{{"messaging_product":"whatsapp","status":"read","message_id":"wamid.in"{extra}}}"#);
        let answer = stage.send(&path, body.as_str()).await;
        assert_eq!((answer.status, answer.text()), (200, r#"{"success":true}"#));
        assert_eq!(answer.header("x-wharf-message"), None);
        let call =
            graph.deliveries().into_iter().rfind(|call| call.json()["status"] == "read").expect("it went through");
        assert_eq!(call.body, body.as_bytes());
        assert!(call.target.starts_with(&format!("POST /v22.0/{}/messages", line.number)));
    }
    assert_eq!(stage.ledger().await["messages"]["submitted"], 2);
    graph.answer(|_| Reply::Json(400, r#"{"error":{"message":"no","type":"OAuthException","code":131009}}"#.into()));
    let refused = stage.send(&path, r#"{"messaging_product":"whatsapp","status":"read","message_id":"x"}"#).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!(131_009)), "as Graph answered");
    stage.app.stop().await;
    graph.stop().await;
}
