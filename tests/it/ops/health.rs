//! `/healthz`, `/readyz` and `/metrics`.

use crate::harness::http;
use crate::harness::mail::{Line, letter, text};
use crate::harness::stage::Stage;
use std::collections::HashMap;

#[actix_web::test]
async fn health_and_readiness_need_no_key() {
    let stage = Stage::new().await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(http::get(&format!("{}{path}", stage.ops), &[]).await.status, 200, "{path}");
    }
    for path in ["/healthz", "/readyz", "/metrics", "/api/accounts"] {
        assert_eq!(
            http::get(&format!("{}{path}", stage.public), &[]).await.status,
            404,
            "{path} is not for the public"
        );
    }
    stage.end().await;
}

/// Reads the text format: name and labels to value.
fn parse(text: &str) -> HashMap<String, f64> {
    let mut samples = HashMap::new();
    let mut typed = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type has a name");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            typed.push(name.to_owned());
        } else if !line.starts_with('#') && !line.is_empty() {
            let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
            let family = name.split('{').next().unwrap_or_default();
            assert!(typed.iter().any(|typed| typed == family), "{line} has no type");
            assert!(samples.insert(name.to_owned(), value.parse().expect("a number")).is_none(), "{line} twice");
        }
    }
    samples
}

#[actix_web::test]
async fn the_metrics_say_what_the_ledger_says() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491"), text("wamid.1", "491")])).await;
    stage.take(letter(&Line { waba: "999".into(), ..line.clone() }, &[text("wamid.2", "491")])).await;
    http::post(&format!("{}/main", stage.public), &[], "{}").await;
    stage.post("no").await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    let samples = parse(stage.look("/metrics").await.text());
    for (name, value) in [
        ("wharf_items{state=\"received\"}", 3.0),
        ("wharf_items{state=\"routed\"}", 1.0),
        ("wharf_items{state=\"duplicate\"}", 1.0),
        ("wharf_items{state=\"quarantined\"}", 1.0),
        ("wharf_deliveries{route=\"main/app\",state=\"delivered\"}", 1.0),
        ("wharf_webhooks_total{answer=\"durable\"}", 2.0),
        ("wharf_webhooks_total{answer=\"unsigned\"}", 1.0),
        ("wharf_webhooks_total{answer=\"refused\"}", 1.0),
        ("wharf_accounts{gateway=\"main\"}", 3.0),
        ("wharf_store_open", 1.0),
        ("wharf_ledger_faults", 0.0),
        ("wharf_webhook_bytes_in_flight", 0.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name}");
    }
    assert!(samples["wharf_commit_duration_seconds_count"] >= 1.0 && samples["wharf_journal_bytes"] > 0.0);
    stage.end().await;
}
