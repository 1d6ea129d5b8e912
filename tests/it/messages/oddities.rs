//! What real clients do that no documentation shows, and what Graph takes all the same.

use super::{id_of, message, taken, text_to, with_graph};
use crate::harness::application::{Application, Reply};
use crate::harness::http::{self, Answer};
use crate::harness::mail::Line;
use crate::harness::stage::{KEY, Stage, bearer};
use serde_json::json;

/// Sends `body` to where Graph takes everything; what Graph got, without our mark, which stands in front.
async fn passed(stage: &Stage, graph: &Application, query: &str, body: &str) -> (Answer, String) {
    graph.forget();
    let answer = stage.send(&format!("v25.0/{}/messages{query}", stage.line(0, 0).number), body).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    let call = graph.until(1).await.remove(0);
    let told = String::from_utf8(call.body.to_vec()).expect("text");
    let Some(id) = answer.header("x-wharf-message") else { return (answer, told) };
    let mark = format!(r#"{{"biz_opaque_callback_data":"wharf:{id}","#);
    let rest = told.strip_prefix(&mark).unwrap_or_else(|| panic!("{told}")).to_owned();
    (answer, format!("{{{rest}"))
}

async fn with_willing_graph() -> (Stage, Application) {
    let (stage, graph) = with_graph("").await;
    graph.answer(|_| Reply::Json(200, taken("wamid.out")));
    (stage, graph)
}

/// One request, its body in pieces of seven bytes whose number nobody told.
async fn in_chunks(stage: &Stage, path: &str, kind: &str, body: &str) -> Answer {
    let address = stage.public.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address");
    let mut request = format!(
        "POST /{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: {kind}\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for piece in body.as_bytes().chunks(7) {
        request.extend([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat());
    }
    request.extend(b"0\r\n\r\n");
    http::raw(address, &request).await
}

#[actix_web::test]
async fn a_message_without_a_type_or_a_recipient_type_is_a_text_and_reaches_graph_as_it_came() {
    let (stage, graph) = with_willing_graph().await;
    let body = r#"{ "messaging_product":"whatsapp", "to":"4915112345678","text":{"body":"\ud83d hi"} }"#;
    let (answer, told) = passed(&stage, &graph, "", body).await;
    assert_eq!(told, body);
    assert_eq!(message(&stage, &id_of(&answer)).await["kind"], "text");
    stage.end().await;
}

#[actix_web::test]
async fn a_customer_may_be_named_by_recipient_alone() {
    let stage = Stage::engaged().await;
    let body = json!({"messaging_product": "whatsapp", "recipient": "DE.7319568412367632", "text": {"body": "hi"}});
    let answer = stage.send(&format!("{}/messages", stage.line(0, 0).number), body.to_string()).await;
    assert_eq!((answer.status, &answer.json()["contacts"][0]["input"]), (200, &json!("DE.7319568412367632")));
    assert_eq!(message(&stage, &id_of(&answer)).await["to"], "DE.7319568412367632");
    stage.end().await;
}

#[actix_web::test]
async fn types_in_capital_letters_are_the_same_types_and_reach_graph_as_they_came() {
    let (stage, graph) = with_willing_graph().await;
    let components = concat!(
        r#"[{"type":"HEADER","parameters":[{"type":"IMAGE","image":{"id":"1"}}]},"#,
        r#"{"type":"BUTTON","sub_type":"QUICK_REPLY","index":"0","parameters":[]}]"#
    );
    let body = format!(
        r#"{{"messaging_product":"WHATSAPP","to":"491","type":"TEMPLATE","template":{{"name":"hello","components":{components}}}}}"#
    );
    let (answer, told) = passed(&stage, &graph, "", &body).await;
    assert_eq!(told, body);
    let shown = message(&stage, &id_of(&answer)).await;
    assert_eq!((&shown["kind"], &shown["template"]), (&json!("template"), &json!("hello")));
    stage.end().await;
}

#[actix_web::test]
async fn the_product_may_stand_in_the_query_and_graph_finds_it_in_the_body() {
    let (stage, graph) = with_willing_graph().await;
    let query = "?messaging_product=whatsapp";
    let (_, told) = passed(&stage, &graph, query, r#"{"to":"491","text":{"body":"hi"}}"#).await;
    assert_eq!(told, r#"{"messaging_product":"whatsapp","to":"491","text":{"body":"hi"}}"#);
    let (_, told) = passed(&stage, &graph, query, r#"{"status":"read","message_id":"wamid.in"}"#).await;
    assert_eq!(told, r#"{"messaging_product":"whatsapp","status":"read","message_id":"wamid.in"}"#);
    let body = text_to("491");
    assert_eq!(passed(&stage, &graph, query, &body).await.1, body, "what the body says stands");
    let path = format!("v25.0/{}/messages", stage.line(0, 0).number);
    for (query, body) in [("", r#"{"to":"491"}"#), ("?messaging_product=", r#"{"to":"491"}"#), (query, "{}")] {
        is_refused(&stage.send(&format!("{path}{query}"), body).await);
    }
    stage.end().await;
}

#[actix_web::test]
async fn a_body_in_chunks_is_taken_whole() {
    let stage = Stage::engaged().await;
    let number = stage.line(0, 0).number;
    let sent = in_chunks(&stage, &format!("v25.0/{number}/messages"), "application/json", &text_to("49151")).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    assert!(sent.json()["messages"][0]["id"].as_str().is_some_and(|id| id.starts_with("wamid.")));
    let form = parts(&[FILE, PRODUCT, TYPE]);
    let uploaded = in_chunks(&stage, &format!("v25.0/{number}/media"), FORM, &form).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.text());
    assert_eq!(size_of(&stage, &uploaded).await, 7);
    stage.end().await;
}

const FORM: &str = "multipart/form-data; boundary=b1";
const FILE: &str = "name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\npicture";
const PRODUCT: &str = "name=\"messaging_product\"\r\n\r\nwhatsapp";
const TYPE: &str = "name=\"type\"\r\n\r\nimage/png";

fn parts(parts: &[&str]) -> String {
    let part = |part: &&str| format!("--b1\r\nContent-Disposition: form-data; {part}\r\n");
    parts.iter().map(part).collect::<String>() + "--b1--\r\n"
}

async fn upload(stage: &Stage, line: &Line, query: &str, kind: &str, body: String) -> Answer {
    let authorization = bearer(KEY);
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", kind)];
    http::post(&format!("{}/v25.0/{}/media{query}", stage.public, line.number), &headers, body).await
}

/// How many bytes the uploaded file has, as a lookup tells.
async fn size_of(stage: &Stage, uploaded: &Answer) -> u64 {
    let id = uploaded.json()["id"].as_str().expect("an id").to_owned();
    let url = format!("{}/v25.0/{id}", stage.public);
    let node = http::get(&url, &[("Authorization", &bearer(KEY))]).await;
    node.json()["file_size"].as_u64().unwrap_or_else(|| panic!("no size: {}", node.text()))
}

#[actix_web::test]
async fn the_parts_of_an_upload_come_in_any_order() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    for order in [[FILE, PRODUCT, TYPE], [PRODUCT, FILE, TYPE], [TYPE, PRODUCT, FILE]] {
        let uploaded = upload(&stage, &line, "", FORM, parts(&order)).await;
        assert_eq!(uploaded.status, 200, "{order:?}: {}", uploaded.text());
        assert_eq!(size_of(&stage, &uploaded).await, 7);
    }
    let uploaded = upload(&stage, &line, "?messaging_product=whatsapp", FORM, parts(&[FILE])).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.text());
    stage.end().await;
}

fn is_refused(answer: &Answer) {
    let told = answer.json();
    assert_eq!((answer.status, &told["error"]["code"]), (400, &json!(100)), "{}", answer.text());
    assert!(told["error"]["message"].is_string() && told["error"]["type"] == "OAuthException", "{told}");
}

#[actix_web::test]
async fn a_form_that_is_called_json_is_refused_as_graph_refuses_wherever_it_comes() {
    let (stage, graph) = with_willing_graph().await;
    let line = stage.line(0, 0);
    let authorization = bearer(KEY);
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    for path in [
        format!("v25.0/{}/messages", line.number),
        format!("v25.0/{}/marketing_messages", line.number),
        format!("v25.0/{}/media", line.number),
        format!("v25.0/{}/message_templates", line.waba),
        format!("v25.0/{}", line.number),
    ] {
        let form = parts(&[PRODUCT, TYPE, FILE]);
        is_refused(&http::post(&format!("{}/{path}", stage.public), &headers, form).await);
    }
    assert!(graph.deliveries().is_empty(), "{:?}", graph.deliveries());
    stage.end().await;
}
