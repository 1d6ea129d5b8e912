//! What clients of the Cloud API do that no library of ours would: raw sockets, chunked uploads.

use super::{Process, TOKEN};
use crate::harness::http;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn bearer() -> (&'static str, String) {
    ("Authorization", format!("Bearer {TOKEN}"))
}

async fn post(sandbox: &Process, path: &str, body: &Value) -> (u16, Value) {
    let (name, value) = bearer();
    let headers = [(name, value.as_str()), ("Content-Type", "application/json")];
    let answer = http::post(&sandbox.url(path), &headers, body.to_string()).await;
    (answer.status, answer.json())
}

async fn get(sandbox: &Process, path: &str) -> Value {
    let (name, value) = bearer();
    http::get(&sandbox.url(path), &[(name, &value)]).await.json()
}

fn text_to(to: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "hello"}})
}

/// Everything that comes back for `request` until the other side closes.
fn exchange(sandbox: &Process, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(sandbox.address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
    stream.write_all(request).expect("it takes the request");
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn send_request(sandbox: &Process, to: &str) -> Vec<u8> {
    let (body, number) = (text_to(to).to_string(), &sandbox.number);
    let length = body.len();
    format!(
        "POST /v25.0/{number}/messages HTTP/1.1\r\nHost: graph\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

#[actix_web::test]
async fn a_lost_connection_ends_without_a_byte_whether_the_message_was_taken_or_not() {
    let sandbox = Process::start(&[]);
    let accepted = async |sandbox: &Process| get(sandbox, "/sandbox/stats").await["stats"]["sends_accepted"].clone();
    for (to, taken) in [("15550503", 0), ("15550502", 1)] {
        assert_eq!(exchange(&sandbox, &send_request(&sandbox, to)), b"", "{to}");
        assert_eq!(accepted(&sandbox).await, taken, "{to}");
    }
    let again = String::from_utf8(exchange(&sandbox, &send_request(&sandbox, "15550503"))).expect("an answer");
    assert!(again.starts_with("HTTP/1.1 200"), "{again}");
    assert_eq!(accepted(&sandbox).await, 2);
}

#[actix_web::test]
async fn a_chunked_upload_with_its_fields_behind_the_file_is_taken() {
    let sandbox = Process::start(&["--media-url-life", "120"]);
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n\
                --b\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\ntext/plain\r\n\
                --b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--b--\r\n";
    let (one, two) = form.split_at(57);
    let (number, first, second) = (&sandbox.number, one.len(), two.len());
    let request = format!(
        "POST /v25.0/{number}/media HTTP/1.1\r\nHost: graph\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n\
         {first:x}\r\n{one}\r\n{second:x}\r\n{two}\r\n0\r\n\r\n"
    );
    let answer = String::from_utf8(exchange(&sandbox, request.as_bytes())).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    let node = get(&sandbox, &format!("/v25.0/{}", body["id"].as_str().expect("an id"))).await;
    assert_eq!((&node["mime_type"], &node["file_size"]), (&json!("text/plain"), &json!(5)));
    let (name, value) = bearer();
    let file = http::get(node["url"].as_str().expect("a URL"), &[(name, &value)]).await;
    assert_eq!((file.status, file.text()), (200, "hello"));
}

#[actix_web::test]
async fn a_number_with_a_small_throughput_is_throttled_in_graphs_words_and_its_use_can_be_read() {
    let sandbox = Process::start(&["--limits", "--throughput", "5"]);
    let path = format!("/v25.0/{}/messages", sandbox.number);
    let mut refused = Vec::new();
    for nth in 0..40 {
        let (status, answer) = post(&sandbox, &path, &text_to(&format!("49151{}", 1000 + nth))).await;
        if status != 200 {
            refused.push((status, answer));
        }
    }
    let (status, answer) = refused.first().expect("40 sends take less than eight seconds");
    assert_eq!((*status, &answer["error"]["code"]), (400, &json!(130_429)));
    assert_eq!(answer["error"]["type"], "OAuthException");
    let usage = get(&sandbox, "/sandbox/stats").await["numbers"][0].clone();
    assert_eq!((&usage["throughput"], &usage["throttled"]), (&json!(5), &json!(refused.len())));
    assert_eq!(usage["sent"], 40 - refused.len());
    assert!(usage["most_in_a_second"].as_u64() > Some(5), "what was asked for counts: {usage}");
    let node = get(&sandbox, &format!("/v25.0/{}?fields=throughput,is_on_biz_app", sandbox.number)).await;
    assert_eq!((&node["throughput"]["level"], &node["is_on_biz_app"]), (&json!("STANDARD"), &json!(true)));
}
