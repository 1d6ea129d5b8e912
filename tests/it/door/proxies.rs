//! Whose word on a caller's address is believed: seen in the audit, and in who waits for wrong keys.

use crate::harness::http;
use crate::harness::stage::{KEY, Stage, bearer};
use std::time::{Duration, Instant};

async fn audited(stage: &Stage, forwarded: &[&str]) -> String {
    let key = bearer(KEY);
    let mut headers = vec![("Authorization", key.as_str())];
    let all = forwarded.join(", ");
    if !forwarded.is_empty() {
        headers.push(("X-Forwarded-For", &all));
    }
    assert_eq!(stage.verb_with("main", "setup", &headers).await.status, 200);
    let records = stage.look("/api/audit").await.json();
    let last = records["data"].as_array().and_then(|records| records.last().cloned()).expect("a record");
    last["address"].as_str().expect("an address").to_owned()
}

/// How long the answer to a wrong key takes.
async fn wrong_key(stage: &Stage, forwarded: &str) -> Duration {
    let began = Instant::now();
    let headers = [("Authorization", "Bearer wrong"), ("X-Forwarded-For", forwarded)];
    assert_eq!(stage.verb_with("main", "search", &headers).await.status, 401);
    began.elapsed()
}

#[actix_web::test]
async fn without_a_trusted_proxy_a_forwarded_address_is_never_believed() {
    let stage = Stage::new().await;
    assert_eq!(audited(&stage, &["203.0.113.7"]).await, "127.0.0.1");
    for nth in 0..4 {
        wrong_key(&stage, &format!("203.0.113.{nth}")).await;
    }
    let fifth = wrong_key(&stage, "203.0.113.99").await;
    assert!(fifth >= Duration::from_millis(1600), "a forged address starts anew: {fifth:?}");
    stage.end().await;
}

#[actix_web::test]
async fn behind_a_trusted_proxy_the_audit_names_the_rightmost_address_that_is_none() {
    let stage = Stage::with(|plan| plan.server = "trusted_proxy = [\"127.0.0.1\", \"fd00::/8\"]".into()).await;
    assert_eq!(audited(&stage, &["203.0.113.7"]).await, "203.0.113.7");
    assert_eq!(audited(&stage, &["1.1.1.1", "203.0.113.7", "fd00::5"]).await, "203.0.113.7", "forged on the left");
    assert_eq!(audited(&stage, &["[2001:db8::7]:4711"]).await, "2001:db8::7");
    assert_eq!(audited(&stage, &["203.0.113.7", "unknown"]).await, "127.0.0.1");
    assert_eq!(audited(&stage, &[]).await, "127.0.0.1");
    stage.end().await;
}

#[actix_web::test]
async fn behind_a_trusted_proxy_each_caller_waits_for_its_own_wrong_keys_and_a_right_key_never() {
    let stage = Stage::with(|plan| plan.server = "trusted_proxy = \"127.0.0.0/8\"".into()).await;
    for _ in 0..4 {
        wrong_key(&stage, "203.0.113.7").await;
    }
    // Whoever writes something to the left of its own address stays who it is.
    let guilty = wrong_key(&stage, "9.9.9.9, 203.0.113.7").await;
    assert!(guilty >= Duration::from_millis(1600), "{guilty:?}");
    let began = Instant::now();
    let key = bearer(KEY);
    let headers = [("Authorization", key.as_str()), ("X-Forwarded-For", "203.0.113.7")];
    let url = format!("{}/main?whatsapp=search", stage.public);
    assert_eq!(http::get(&url, &headers).await.status, 200);
    let innocent = wrong_key(&stage, "2001:db8::1").await;
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?} and {innocent:?}", began.elapsed());
    let same_network = wrong_key(&stage, "2001:db8::2").await;
    assert!(same_network >= Duration::from_millis(200), "one IPv6 network is one caller: {same_network:?}");
    stage.end().await;
}
