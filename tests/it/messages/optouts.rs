//! Customers who want no marketing: known from their preferences and from Meta's refusals, refused before Graph is asked.

use super::{taken, with_graph};
use crate::harness::application::Reply;
use crate::harness::http::Answer;
use crate::harness::mail::Line;
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::json;
use wharf::sandbox::{LifeEvent, Preference};

const CUSTOMER: &str = "4915151234567";

async fn marketing(stage: &Stage, line: &Line, to: &str) -> Answer {
    let body = json!({"messaging_product": "whatsapp", "to": to, "type": "template",
        "template": {"name": "sale", "language": {"code": "de"}}});
    stage.send(&format!("v25.0/{}/marketing_messages", line.number), body.to_string()).await
}

async fn template(stage: &Stage, line: &Line, to: &str) -> Answer {
    let body = json!({"messaging_product": "whatsapp", "to": to, "type": "template",
        "template": {"name": "receipt", "language": {"code": "de"}}});
    stage.send(&format!("v25.0/{}/messages", line.number), body.to_string()).await
}

/// The customer says `value` to Meta, which tells Wharf.
async fn says(stage: &Stage, line: &Line, value: Preference) {
    let count = stage.ledger().await["received"].as_i64().expect("a count");
    let event = LifeEvent::Preference { number: line.number.clone(), customer: CUSTOMER.into(), value };
    stage.sandbox.happen(&event).expect("the number is the sandbox's");
    stage.until_ledger("/received", count + 1).await;
}

fn assert_refused(answer: &Answer) {
    let error = answer.json()["error"].clone();
    assert_eq!((answer.status, &error["code"]), (400, &json!(131_050)), "{}", answer.text());
    let details = error["error_data"]["details"].as_str().expect("a text");
    assert!(details.contains("resume") && details.contains("/messages"), "it says the way out: {details}");
    assert_eq!(answer.header("x-wharf-message"), None, "it is no message");
}

#[actix_web::test]
async fn who_wants_no_marketing_gets_none_until_they_want_some_again() {
    let mut stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    assert_eq!(marketing(&stage, &line, CUSTOMER).await.status, 200);
    says(&stage, &line, Preference::Stop).await;
    let sent = stage.ledger().await["messages"]["submitted"].clone();
    assert_refused(&marketing(&stage, &line, CUSTOMER).await);
    assert_refused(&marketing(&stage, &line, "+49 1515 1234567").await);
    stage.restart().await;
    assert_refused(&marketing(&stage, &line, CUSTOMER).await);
    assert_eq!(stage.ledger().await["messages"]["submitted"], sent, "what was refused was never kept");
    assert_eq!(template(&stage, &line, CUSTOMER).await.status, 200, "what may be no marketing Meta decides");
    assert_eq!(marketing(&stage, &line, "4915151234568").await.status, 200, "others go on");
    says(&stage, &line, Preference::Resume).await;
    assert_eq!(marketing(&stage, &line, CUSTOMER).await.status, 200);
    stage.end().await;
}

#[actix_web::test]
async fn metas_own_refusal_teaches_wharf_who_opted_out() {
    let (mut stage, graph) = with_graph("").await;
    graph.answer(|call| match call.json()["to"].as_str() {
        Some(CUSTOMER) => {
            let error = json!({"error": {"message": "no", "type": "OAuthException", "code": 131_050}});
            Reply::Json(400, error.to_string())
        }
        _ => Reply::Json(200, taken("wamid.out")),
    });
    let line = stage.line(0, 0);
    let sends = || graph.deliveries().iter().filter(|call| call.target.contains("marketing_messages")).count();
    let first = marketing(&stage, &line, CUSTOMER).await;
    assert_eq!((first.status, sends()), (400, 1), "{}", first.text());
    stage.restart().await;
    assert_refused(&marketing(&stage, &line, CUSTOMER).await);
    assert_eq!((marketing(&stage, &line, "491").await.status, sends()), (200, 2));
    until("its dead letter alone", async || (stage.ledger().await["messages"]["failed"] == 1).then_some(())).await;
    stage.end().await;
}
