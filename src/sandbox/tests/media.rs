//! Media as Graph keeps it: uploads in any order of their parts, URLs that end, limits per type.

use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Client, DEADLINE, start, subscribed};
use crate::sandbox::{Faults, Sandbox, SandboxOptions};

/// A form of (name, type, content).
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, kind, content) in parts {
        let file = if *name == "file" { "; filename=\"a.png\"" } else { "" };
        body.extend(format!("--frame\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n").bytes());
        body.extend(kind.map(|kind| format!("Content-Type: {kind}\r\n")).unwrap_or_default().bytes());
        body.extend(b"\r\n");
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(b"--frame--\r\n");
    body
}

async fn upload(sandbox: &Sandbox, number: &str, body: Vec<u8>) -> (u16, Value) {
    let request = awc::Client::default().post(format!("{}/v25.0/{number}/media", sandbox.graph_url()));
    let request = request.bearer_auth(&sandbox.options().token).content_type("multipart/form-data; boundary=frame");
    let mut response = request.send_body(body).await.unwrap();
    let body = response.body().limit(1 << 20).await.unwrap();
    (response.status().as_u16(), serde_json::from_slice(&body).unwrap())
}

async fn download(url: &str, token: Option<&str>) -> (u16, Bytes, String) {
    let mut request = awc::Client::default().get(url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let mut response = request.send().await.unwrap();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (response.status().as_u16(), response.body().await.unwrap(), kind.unwrap_or_default())
}

fn number(sandbox: &Sandbox, nth: usize) -> String {
    sandbox.world().accounts()[0].numbers[nth].id.clone()
}

#[actix_web::test]
async fn what_was_uploaded_comes_back_to_the_byte_with_its_hash() {
    let sandbox = start(subscribed()).await;
    let (client, number) = (Client::of(&sandbox), number(&sandbox, 0));
    let picture: Vec<u8> = (0..70_000_u32).map(|nth| (nth * 7 % 251) as u8).collect();
    let last =
        form(&[("messaging_product", None, b"whatsapp"), ("type", None, b"image/png"), ("file", None, &picture)]);
    let first = form(&[("file", Some("image/png"), &picture), ("messaging_product", None, b"whatsapp")]);
    for body in [last, first] {
        let (status, answer) = upload(&sandbox, &number, body).await;
        assert_eq!(status, 200, "{answer}");
        let id = answer["id"].as_str().unwrap();
        let (_, node) = client.get(&format!("/v25.0/{id}?phone_number_id={number}")).await;
        let hash = hex::encode(Sha256::digest(&picture));
        assert_eq!(
            (&node["mime_type"], &node["file_size"], &node["sha256"]),
            (&json!("image/png"), &json!(70_000), &json!(hash))
        );
        let (status, bytes, kind) = download(node["url"].as_str().unwrap(), Some(&client.token)).await;
        assert_eq!((status, bytes.as_ref() == picture, kind.as_str()), (200, true, "image/png"));
    }
    sandbox.stop().await;
}

#[actix_web::test]
async fn a_media_url_wants_the_token_and_ends() {
    let faults = Faults { media_url_life_ms: 1_500, ..Faults::default() };
    let sandbox = start(SandboxOptions { faults, ..subscribed() }).await;
    let (client, id) = (Client::of(&sandbox), sandbox.world().mint.media_id(1));
    let (_, node) = client.get(&format!("/v25.0/{id}")).await;
    let url = node["url"].as_str().unwrap().to_owned();
    assert_eq!(download(&url, None).await.0, 401);
    assert_eq!(download(&url.replace("hash=", "hash=0"), Some(&client.token)).await.0, 404, "not a URL of ours");
    let (status, bytes, _) = download(&url, Some(&client.token)).await;
    assert_eq!((status, hex::encode(Sha256::digest(&bytes))), (200, node["sha256"].as_str().unwrap().to_owned()));
    let began = Instant::now();
    while download(&url, Some(&client.token)).await.0 != 404 {
        assert!(began.elapsed() < DEADLINE, "the URL never ends");
        actix_rt::time::sleep(Duration::from_millis(50)).await;
    }
    let (_, node) = client.get(&format!("/v25.0/{id}")).await;
    assert_eq!(download(node["url"].as_str().unwrap(), Some(&client.token)).await.0, 200, "a new URL");
    sandbox.stop().await;
}

#[actix_web::test]
async fn deleted_and_foreign_media_are_unknown() {
    let sandbox = start(subscribed()).await;
    let client = Client::of(&sandbox);
    let body = form(&[("messaging_product", None, b"whatsapp"), ("file", Some("text/plain"), b"hello")]);
    let (_, answer) = upload(&sandbox, &number(&sandbox, 0), body).await;
    let path = format!("/v25.0/{}", answer["id"].as_str().unwrap());
    let (status, refused) = client.get(&format!("{path}?phone_number_id={}", number(&sandbox, 1))).await;
    assert_eq!((status, &refused["error"]["error_subcode"]), (400, &json!(33)));
    assert_eq!(client.delete(&path).await, (200, json!({"success": true})));
    assert_eq!(client.get(&path).await.1["error"]["code"], 100);
    assert_eq!(client.delete(&path).await.0, 400);
    let theirs = format!("/v25.0/{}", sandbox.world().mint.media_id(1));
    assert_eq!(client.delete(&theirs).await.0, 200);
    assert_eq!(client.get(&theirs).await.1["error"]["code"], 100, "what a customer sent can be deleted too");
    sandbox.stop().await;
}

#[actix_web::test]
async fn an_upload_that_is_not_right_is_refused_as_graph_refuses() {
    let sandbox = start(subscribed()).await;
    let number = number(&sandbox, 0);
    let product: (&str, Option<&str>, &[u8]) = ("messaging_product", None, b"whatsapp");
    let large = vec![0; 5 * 1024 * 1024 + 1];
    let cases = [
        (form(&[("file", Some("image/png"), b"x")]), 100),
        (form(&[product]), 100),
        (form(&[product, ("file", Some("application/zip"), b"x")]), 100),
        (form(&[product, ("file", Some("image/jpeg"), &large)]), 131_053),
        (b"{\"no\": \"form\"}".to_vec(), 100),
    ];
    for (body, code) in cases {
        let (status, answer) = upload(&sandbox, &number, body).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!(code)), "{answer}");
    }
    sandbox.stop().await;
}
