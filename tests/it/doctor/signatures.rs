//! Why a signature does not match, asked with the header and the body as they came.

use crate::harness::http::{self, Answer};
use crate::harness::stage::{KEY, OLD_SECRET, SECRET, Stage, bearer};
use serde_json::json;
use wharf::sandbox::signing::sign;

const BODY: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"1","x":"caf\u00e9 https:\/\/a"}]}"#;

async fn ask(stage: &Stage, key: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let authorization = bearer(key);
    let headers = [headers, &[("Authorization", authorization.as_str())]].concat();
    http::post(&format!("{}/api/gateways/main/signature", stage.ops), &headers, body.to_owned()).await
}

#[actix_web::test]
async fn a_signature_is_told_by_the_secret_that_made_it_and_a_mistake_by_its_name() {
    let stage = Stage::new().await;
    let (current, older) = (sign(SECRET, BODY.as_bytes()), sign(OLD_SECRET, BODY.as_bytes()));
    for (header, at, word) in [(&current, 0, "current"), (&older, 1, "older")] {
        let told = ask(&stage, KEY, &[("X-Hub-Signature-256", header)], BODY).await.json();
        assert_eq!((&told["matches"], &told["secret"]), (&json!(at), &json!(word)), "{told}");
    }
    let rewritten = BODY.replace("\\/", "/").replace("\\u00e9", "é");
    let told = ask(&stage, KEY, &[("X-Hub-Signature-256", &current)], &rewritten).await.json();
    assert_eq!((&told["matches"], &told["secret"]), (&json!(null), &json!(null)));
    assert!(told["why"].as_str().is_some_and(|why| why.contains("\\/ for /")), "{told}");
    assert!(told["hint"].as_str().is_some_and(|hint| hint.contains("raw bytes")), "{told}");
    let legacy = ask(&stage, KEY, &[("X-Hub-Signature", "sha1=00")], BODY).await.json();
    assert!(legacy["why"].as_str().is_some_and(|why| why.contains("SHA-1")), "{legacy}");
    assert_eq!(stage.events("q.main").await, [] as [serde_json::Value; 0], "it is no webhook");
    stage.end().await;
}

#[actix_web::test]
async fn another_gateways_secret_is_named_to_keys_of_that_gateway_only() {
    let narrow = "key-of-somebody-at-the-first-gateway";
    let sales = "[[gateway]]\nuri = \"sales\"\nwhatsapp_token = \"t\"\napp_secret = \"the-secret-of-sales\"\n";
    let key =
        format!("[[key]]\nname = \"narrow\"\nsecret = \"{narrow}\"\nscopes = [\"inspect\"]\ngateways = [\"main\"]\n");
    let stage = Stage::with(|plan| plan.more = format!("{key}{sales}")).await;
    let header = sign("the-secret-of-sales", BODY.as_bytes());
    let wide = ask(&stage, KEY, &[("X-Hub-Signature-256", &header)], BODY).await.json();
    assert!(wide["why"].as_str().is_some_and(|why| why.contains("gateway sales")), "{wide}");
    let told = ask(&stage, narrow, &[("X-Hub-Signature-256", &header)], BODY).await;
    assert!(told.status == 200 && !told.text().contains("sales"), "{}", told.text());
    assert_eq!(ask(&stage, "nobody's key", &[], BODY).await.status, 401);
    stage.end().await;
}
