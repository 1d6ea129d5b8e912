//! A number's way through Graph: added, sent a code, verified, registered, deregistered.

use serde_json::{Value, json};

use super::{Client, start, subscribed};
use crate::sandbox::Sandbox;

/// The code of the error at an edge; `None` where it went well.
async fn told(client: &Client, node: &str, edge: &str, body: Value) -> Option<u64> {
    client.post(&format!("/v25.0/{node}/{edge}"), &body).await.1["error"]["code"].as_u64()
}

async fn status(client: &Client, number: &str) -> (Value, Value) {
    let shown = client.get(&format!("/v25.0/{number}?fields=status,code_verification_status")).await.1;
    (shown["status"].clone(), shown["code_verification_status"].clone())
}

fn bike_shop() -> Value {
    json!({"cc": "1", "phone_number": "6505550100", "verified_name": "Bob's Bikes"})
}

fn text() -> Value {
    json!({"messaging_product": "whatsapp", "to": "15551234", "type": "text", "text": {"body": "hello"}})
}

/// A sandbox with a number that was added, and the number's id.
async fn adding() -> (Sandbox, Client, String) {
    let sandbox = start(subscribed()).await;
    let client = Client::of(&sandbox);
    let waba = sandbox.account_ids()[0].clone();
    let (code, answer) = client.post(&format!("/v25.0/{waba}/phone_numbers"), &bike_shop()).await;
    assert_eq!(code, 200, "{answer}");
    let id = answer["id"].as_str().expect("an id").to_owned();
    (sandbox, client, id)
}

#[actix_web::test]
async fn a_number_sends_only_after_all_four_steps() {
    let (sandbox, client, number) = adding().await;
    assert_eq!(status(&client, &number).await, (json!("PENDING"), json!("NOT_VERIFIED")));
    assert_eq!(told(&client, &number, "messages", text()).await, Some(133_010));
    let register = json!({"messaging_product": "whatsapp", "pin": "000111"});
    assert_eq!(told(&client, &number, "register", register.clone()).await, Some(133_006));
    assert_eq!(told(&client, &number, "verify_code", json!({"code": "000000"})).await, Some(136_025), "none was sent");
    let request = json!({"code_method": "SMS", "language": "en_US"});
    assert_eq!(told(&client, &number, "request_code", request.clone()).await, None);
    let stats = client.get("/sandbox/stats").await.1;
    let code = stats["codes"][&number].as_str().expect("a code").to_owned();
    assert_eq!(told(&client, &number, "verify_code", json!({ "code": code })).await, None);
    assert_eq!(told(&client, &number, "request_code", request).await, Some(136_024));
    assert_eq!(client.get("/sandbox/stats").await.1["codes"], json!({}), "it was given back");
    assert_eq!(status(&client, &number).await, (json!("PENDING"), json!("VERIFIED")));
    assert_eq!(told(&client, &number, "register", register).await, None);
    assert_eq!(status(&client, &number).await, (json!("CONNECTED"), json!("VERIFIED")));
    assert_eq!(told(&client, &number, "messages", text()).await, None);
    assert!(sandbox.world().active_lines().iter().any(|line| line.number == number), "customers write to it");
    assert_eq!(told(&client, &number, "deregister", json!({})).await, None);
    assert_eq!(status(&client, &number).await, (json!("DISCONNECTED"), json!("VERIFIED")));
    assert_eq!(told(&client, &number, "messages", text()).await, Some(133_010));
    assert!(sandbox.world().active_lines().iter().all(|line| line.number != number), "nobody writes to it");
    sandbox.stop().await;
}

#[actix_web::test]
async fn what_meta_cannot_read_of_a_number_is_refused_with_100() {
    let (sandbox, client, number) = adding().await;
    let waba = sandbox.account_ids()[0].clone();
    let cases = [
        (&waba, "phone_numbers", bike_shop()),
        (&waba, "phone_numbers", json!({"cc": "1", "phone_number": "6505550101"})),
        (&waba, "phone_numbers", json!({"cc": "Germany", "phone_number": "6505550101", "verified_name": "Bob"})),
        (&number, "phone_numbers", json!({"cc": "1", "phone_number": "6505550101", "verified_name": "Bob"})),
        (&number, "request_code", json!({"code_method": "PIGEON", "language": "en_US"})),
        (&number, "request_code", json!({"code_method": "SMS"})),
        (&number, "verify_code", json!({})),
        (&number, "register", json!({"pin": "000111"})),
        (&number, "register", json!({"messaging_product": "whatsapp", "pin": "1"})),
        (&waba, "register", json!({"messaging_product": "whatsapp", "pin": "000111"})),
    ];
    for (node, edge, body) in cases {
        assert_eq!(told(&client, node, edge, body.clone()).await, Some(100), "{edge} {body}");
    }
    sandbox.stop().await;
}

#[actix_web::test]
async fn a_wrong_pin_is_133005_and_the_eleventh_attempt_133016() {
    let sandbox = start(subscribed()).await;
    let client = Client::of(&sandbox);
    let number = sandbox.world().accounts()[0].numbers[0].id.clone();
    let pin = |pin: &str| json!({"messaging_product": "whatsapp", "pin": pin});
    assert_eq!(told(&client, &number, "register", pin("000111")).await, None, "its first pin");
    for _ in 0..9 {
        assert_eq!(told(&client, &number, "register", pin("222222")).await, Some(133_005));
    }
    assert_eq!(told(&client, &number, "register", pin("000111")).await, Some(133_016));
    sandbox.stop().await;
}
