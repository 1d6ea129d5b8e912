//! The budget of management calls: Graph is not asked in vain, and sends are never held up.

use super::{ask, asked, is_refused, with_graph};
use crate::harness::application::{Delivery, Reply};
use serde_json::json;

const REFUSAL: &str = r#"{"error":{"message":"(#80008) Too many calls","type":"OAuthException","code":80008}}"#;
const TAKEN: &str =
    r#"{"messaging_product":"whatsapp","contacts":[{"input":"1","wa_id":"1"}],"messages":[{"id":"wamid.A"}]}"#;

fn sends_pass(delivery: &Delivery, otherwise: Reply) -> Reply {
    if delivery.target.contains("/messages?") { Reply::Json(200, TAKEN.into()) } else { otherwise }
}

#[actix_web::test]
async fn once_graph_had_enough_the_account_waits_here_and_its_messages_leave_all_the_same() {
    let (stage, graph) = with_graph("").await;
    let (line, other) = (stage.line(0, 0), stage.line(1, 0));
    graph.answer(|delivery| sends_pass(delivery, Reply::Json(400, REFUSAL.into())));
    let first = ask(&stage, "GET", &format!("{}/flows", line.waba), "").await;
    assert_eq!((first.status, first.text()), (400, REFUSAL), "Graph's own words");
    graph.forget();
    for path in [&line.waba, &line.number] {
        let answer = ask(&stage, "GET", path, "").await;
        is_refused(&answer, 429, 80_008);
        assert_eq!(answer.json()["error"]["is_transient"], true);
        let wait: u64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).expect("a time");
        assert!((1..=60).contains(&wait), "{wait}");
    }
    assert_eq!(asked(&graph, &line.waba).len(), 0, "Graph was not asked");
    let text = json!({"messaging_product": "whatsapp", "to": "1", "type": "text", "text": {"body": "hello"}});
    let sent = stage.send(&format!("v25.0/{}/messages", line.number), text.to_string()).await;
    assert_eq!((sent.status, sent.text()), (200, TAKEN));
    ask(&stage, "GET", &other.waba, "").await;
    assert_eq!(asked(&graph, &other.waba).len(), 1, "another account is not meant");
    stage.end().await;
}

#[actix_web::test]
async fn the_time_that_graph_names_in_its_usage_is_waited_for() {
    let (stage, graph) = with_graph("").await;
    let line = stage.line(0, 0);
    let usage = format!(
        r#"{{"{}":[{{"type":"whatsapp_business_management","call_count":100,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":19}}]}}"#,
        line.waba
    );
    graph.answer(move |_| Reply::With(200, "x-business-use-case-usage", usage.clone()));
    assert_eq!(ask(&stage, "GET", &line.waba, "").await.status, 200);
    let answer = ask(&stage, "POST", &format!("{}/flows", line.waba), "{}").await;
    is_refused(&answer, 429, 80_008);
    let wait: u64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).expect("a time");
    assert!((1130..=1140).contains(&wait), "{wait}");
    stage.end().await;
}
