//! Keys that are made while everything runs: what they open, since when, until when, and who may make which.

use crate::harness::http;
use crate::harness::stage::{KEY, Stage, bearer};
use serde_json::{Value, json};

const CLIENT: &str = "key-of-the-client-0123456789abcdef";

async fn make(stage: &Stage, by: &str, body: Value) -> (u16, Value) {
    let answer = stage.ask("POST", "/api/keys", by, body.to_string()).await;
    (answer.status, answer.json())
}

/// Makes a key; gives it.
async fn made(stage: &Stage, name: &str, scopes: &[&str]) -> String {
    let (status, told) = make(stage, KEY, json!({"name": name, "scopes": scopes})).await;
    assert_eq!(status, 201, "{told}");
    told["key"].as_str().expect("it is shown once").to_owned()
}

#[actix_web::test]
async fn a_made_key_opens_both_listeners_at_once_and_after_a_restart_until_it_is_taken_away() {
    let mut stage = Stage::engaged().await;
    let key = made(&stage, "crm", &["inspect", "send"]).await;
    assert!(key.starts_with("wharf_") && key.len() >= 6 + 22, "{key}: at least 128 random bits");
    assert_ne!(key, made(&stage, "other", &["inspect"]).await);
    let path = format!("{}/v25.0/{}/messages", stage.public, stage.line(0, 0).number);
    let body = json!({"messaging_product": "whatsapp", "to": "491", "type": "text", "text": {"body": "x"}}).to_string();
    let sent = http::post(&path, &[("Authorization", &bearer(&key))], body).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    stage.restart().await;
    let whoami = stage.look_with("/api/whoami", &key).await.json();
    assert_eq!((&whoami["name"], &whoami["scopes"]), (&json!("crm"), &json!(["inspect", "send"])));
    assert_eq!(stage.ask("POST", "/api/keys", &key, "{}").await.status, 403, "it is no admin");
    let listed = stage.look("/api/keys").await;
    let text = listed.text().to_owned() + stage.look("/api/audit?limit=1000").await.text();
    assert!(!text.contains(&key) && !text.contains(KEY), "a key is shown once only");
    let crm = stage.look("/api/keys/crm").await.json();
    assert_eq!((&crm["source"], &crm["created_by"]), (&json!("api"), &json!("operator")));
    assert!(crm["created_at"].is_string() && crm["last_used_at"].is_string(), "{crm}");
    assert!(stage.look("/api/keys/other").await.json()["last_used_at"].is_null());
    let removed = stage.ask("DELETE", "/api/keys/crm", KEY, "").await;
    assert_eq!((removed.status, removed.json()), (200, json!({"name": "crm", "removed": true})));
    assert_eq!(stage.look_with("/api/whoami", &key).await.status, 401);
    stage.restart().await;
    assert_eq!(stage.look_with("/api/whoami", &key).await.status, 401);
    let names: Vec<Value> = stage.look("/api/keys").await.json()["data"].as_array().expect("keys").clone();
    assert_eq!(names.iter().map(|key| &key["name"]).collect::<Vec<_>>(), ["operator", "other"]);
    let audit = stage.look("/api/audit?order=newest&limit=1").await.json();
    assert_eq!((&audit["data"][0]["verb"], &audit["data"][0]["ids"]), (&json!("key.remove"), &json!(["crm"])));
    stage.end().await;
}

#[actix_web::test]
async fn names_are_unique_among_all_keys_and_those_of_the_settings_stay() {
    let stage = Stage::new().await;
    made(&stage, "crm", &["send"]).await;
    for name in ["crm", "operator"] {
        let (status, told) = make(&stage, KEY, json!({"name": name, "scopes": ["send"]})).await;
        assert_eq!((status, &told["id"]), (409, &json!("wharf.key.exists")), "{told}");
    }
    for (path, status, id) in [("operator", 409, "wharf.key.in_settings"), ("nobody", 404, "wharf.key.unknown")] {
        let answer = stage.ask("DELETE", &format!("/api/keys/{path}"), KEY, "").await;
        assert_eq!((answer.status, &answer.json()["id"]), (status, &json!(id)));
    }
    let looked = stage.look("/api/keys/crm").await;
    let before = looked.header("etag").expect("a state").to_owned();
    assert_eq!(stage.ask("DELETE", "/api/keys/crm", KEY, "").await.status, 200);
    made(&stage, "crm", &["inspect"]).await;
    let url = format!("{}/api/keys/crm", stage.ops);
    let late = http::delete(&url, &[("Authorization", &bearer(KEY)), ("If-Match", &before)]).await;
    assert_eq!((late.status, &late.json()["id"]), (412, &json!("wharf.precondition.failed")), "it is another one now");
    let now = stage.look("/api/keys/crm").await.header("etag").expect("a state").to_owned();
    assert_eq!(http::delete(&url, &[("Authorization", &bearer(KEY)), ("If-Match", &now)]).await.status, 200);
    stage.end().await;
}

#[actix_web::test]
async fn a_key_gives_only_what_it_has_and_sees_only_what_it_could_give() {
    let mut stage = Stage::engaged().await;
    let (mine, theirs) = (stage.line(0, 0).waba, stage.line(1, 0).waba);
    stage.plan.more = format!(
        "[[key]]\nname = \"client\"\nsecret = \"{CLIENT}\"\nscopes = [\"admin\", \"inspect\"]\naccounts = [\"{mine}\"]\n"
    );
    stage.restart().await;
    made(&stage, "house", &["inspect"]).await;
    for wish in [
        json!({"name": "a", "scopes": ["inspect"]}),
        json!({"name": "a", "scopes": ["inspect"], "accounts": [mine, theirs]}),
        json!({"name": "a", "scopes": ["inspect", "send"], "accounts": [mine]}),
    ] {
        let (status, told) = make(&stage, CLIENT, wish.clone()).await;
        assert_eq!((status, &told["id"]), (403, &json!("wharf.auth.forbidden")), "{wish}");
    }
    let (status, told) = make(&stage, CLIENT, json!({"name": "a", "scopes": ["inspect"], "accounts": [mine]})).await;
    assert_eq!((status, &told["accounts"], &told["created_by"]), (201, &json!([mine]), &json!("client")));
    let key = told["key"].as_str().expect("a key");
    assert_eq!(stage.look_with(&format!("/api/accounts/{mine}"), key).await.status, 200);
    assert_eq!(stage.look_with(&format!("/api/accounts/{theirs}"), key).await.status, 404);
    let seen = stage.look_with("/api/keys", CLIENT).await.json();
    let names: Vec<&Value> = seen["data"].as_array().expect("keys").iter().map(|key| &key["name"]).collect();
    assert_eq!(names, ["client", "a"]);
    for name in ["house", "operator"] {
        assert_eq!(stage.ask("DELETE", &format!("/api/keys/{name}"), CLIENT, "").await.status, 404, "{name}");
    }
    for wish in [
        json!({"name": "", "scopes": ["send"]}),
        json!({"name": "a b", "scopes": ["send"]}),
        json!({"name": "b", "scopes": []}),
        json!({"name": "b", "scopes": ["send"], "accounts": []}),
        json!({"name": "b", "scopes": ["send"], "numbers": ["../1"]}),
        json!({"name": "b", "scopes": ["send"], "gateways": ["nowhere"]}),
    ] {
        let (status, told) = make(&stage, KEY, wish.clone()).await;
        assert_eq!((status, &told["id"]), (400, &json!("wharf.parameter.bad")), "{wish}: {told}");
    }
    stage.end().await;
}
