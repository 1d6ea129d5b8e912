//! `/metrics`: what it says is what the ledger says, what it shows is in the catalogue, and it costs little.

use crate::harness::application::Reply;
use crate::harness::http;
use crate::harness::mail::{Line, letter, text};
use crate::harness::stage::Stage;
use crate::harness::until;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wharf::ops::metrics::catalogue::{Always, METRICS, Shape};
use wharf_storage::{AccountRecord, Change, Desk, Outcome, Receipt, SledSettings, SledStore, Store};

const MESSAGE: &str = r#"{"messaging_product":"whatsapp","to":"491700007777","type":"text","text":{"body":"x"}}"#;

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
            let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|part| family.strip_suffix(part));
            let is_typed = |family: &str| typed.iter().any(|typed| typed == family);
            assert!(is_typed(family) || of_histogram.is_some_and(is_typed), "{line} has no type");
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

async fn samples(stage: &Stage) -> HashMap<String, f64> {
    parse(stage.look("/metrics").await.text())
}

/// Waits until the samples are as `wanted` says.
async fn until_samples(
    stage: &Stage,
    what: &str,
    wanted: impl Fn(&HashMap<String, f64>) -> bool,
) -> HashMap<String, f64> {
    until(what, async || Some(samples(stage).await).filter(&wanted)).await
}

#[actix_web::test]
async fn every_metric_that_is_shown_is_in_the_catalogue_with_its_labels_and_the_other_way_round() {
    let stage = Stage::engaged().await;
    let text = stage.look("/metrics").await.text().to_owned();
    let mut shown = BTreeSet::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').expect("a type has a name");
        let metric = METRICS.iter().find(|metric| metric.name == name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is not in the catalogue"));
        let is = match metric.shape {
            Shape::Counter => "counter",
            Shape::Gauge => "gauge",
            Shape::Histogram => "histogram",
        };
        assert_eq!(kind, is, "{name}");
        assert!(text.contains(&format!("# HELP {name} {}\n", metric.help)), "{name}");
        let sample = text.lines().find(|line| line.starts_with(name)).expect("a sample");
        metric.labels.iter().for_each(|label| assert!(sample.contains(&format!("{label}=\"")), "{sample}"));
        shown.insert(name);
    }
    let missing = METRICS.iter().filter(|metric| metric.always == Always::Yes && !shown.contains(metric.name));
    let missing: Vec<_> = missing.map(|metric| metric.name).collect();
    assert!(missing.is_empty(), "in the catalogue and not shown: {missing:?}");
    stage.end().await;
}

#[actix_web::test]
async fn what_an_application_does_not_take_shows_its_age_and_its_account_and_nothing_is_late() {
    let stage = Stage::engaged().await;
    stage.app.answer(|_| Reply::Status(500));
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491"), text("wamid.2", "492")])).await;
    let by_account = format!("wharf_account_oldest_undelivered_seconds{{account=\"{}\"}}", line.waba);
    let pending = format!("wharf_account_pending_deliveries{{account=\"{}\"}}", line.waba);
    let told = until_samples(&stage, "two deliveries failed and wait", |told| {
        told["wharf_delivery_attempts_total{result=\"failed\"}"] >= 2.0
            && told["wharf_oldest_undelivered_seconds"] > 0.05
    });
    let told = told.await;
    assert!(told["wharf_route_oldest_undelivered_seconds{route=\"main/app\"}"] > 0.0);
    assert_eq!(told["wharf_route_oldest_undelivered_seconds{route=\"own\"}"], 0.0);
    assert!(told[&by_account] > 0.0, "{told:?}");
    assert_eq!((told[&pending], told["wharf_account_pending_deliveries{account=\"rest\"}"]), (2.0, 0.0));
    assert_eq!(told["wharf_deliveries{route=\"main/app\",state=\"pending\"}"], 2.0);
    assert_eq!(told["wharf_due_not_dispatched{what=\"deliveries\"}"], 0.0);
    stage.app.answer(|_| Reply::Status(200));
    let told = until_samples(&stage, "all is delivered", |told| {
        told["wharf_delivered_total{route=\"main/app\"}"] == 2.0 && told["wharf_oldest_undelivered_seconds"] == 0.0
    });
    assert!(!told.await.contains_key(&pending), "who has nothing pending has no series");
    stage.end().await;
}

#[actix_web::test]
async fn a_message_that_is_held_shows_the_hold_and_its_age_until_it_is_taken() {
    let stage = Stage::engaged_with(|plan| plan.send = "send_wait = \"0s\"".into()).await;
    let line = stage.line(0, 0);
    let path = format!("/api/accounts/{}", line.waba);
    let change = async |verb: &str| {
        let headers = [("Authorization", crate::harness::stage::bearer(crate::harness::stage::KEY))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let url = format!("{}{path}/{verb}", stage.ops);
        assert_eq!(http::post(&url, &headers, r#"{"what":"sends"}"#).await.status, 200, "{verb}");
    };
    change("pause").await;
    assert_eq!(stage.send(&format!("{}/messages", line.number), MESSAGE).await.status, 202);
    let told = until_samples(&stage, "it waits", |told| told["wharf_queue_oldest_seconds"] > 0.02).await;
    assert_eq!(told["wharf_send_holds{cause=\"operator\"}"], 1.0);
    assert_eq!(told["wharf_messages{state=\"queued\"}"], 1.0);
    assert_eq!(told[&format!("wharf_account_queued_messages{{account=\"{}\"}}", line.waba)], 1.0);
    assert_eq!(told["wharf_due_not_dispatched{what=\"outboxes\"}"], 0.0);
    change("resume").await;
    let told = until_samples(&stage, "it is taken", |told| told["wharf_messages{state=\"taken\"}"] == 1.0).await;
    assert_eq!(told["wharf_send_attempts_total{result=\"taken\"}"], 1.0);
    assert_eq!(told["wharf_send_holds{cause=\"operator\"}"], 0.0);
    assert_eq!(told["wharf_graph_calls_total{purpose=\"send\",result=\"answered\"}"], 1.0);
    assert_eq!(told["wharf_graph_call_duration_seconds_count{purpose=\"send\"}"], 1.0);
    until_samples(&stage, "nothing is in the queue", |told| told["wharf_queue_oldest_seconds"] == 0.0).await;
    stage.end().await;
}

/// A disk that the fill of the next test waits for.
struct Waiting(std::sync::Mutex<std::sync::mpsc::Sender<Outcome>>);

impl Desk for Waiting {
    fn settle(&self, _: &[u64], outcome: &Outcome) {
        let _ = self.0.lock().expect("not poisoned").send(outcome.clone());
    }
}

/// Engages `count` accounts in a store that nobody has open.
fn engage(folder: &std::path::Path, count: u64) {
    let store = SledStore::open(SledSettings::new(folder)).expect("a store");
    let mut change = Change::default();
    for nth in 0..count {
        let id = format!("{}", 900_000_000_000 + nth);
        let snapshot = format!(
            r#"{{"id":"{id}","name":"Shop {nth}","phone_numbers":{{"data":[{{"id":"8{id}","display_phone_number":"+1 {nth}"}}]}}}}"#
        );
        change.put(&AccountRecord {
            id: id.as_str().into(),
            gateway: "main".into(),
            snapshot: snapshot.into(),
            wished: true,
            active: true,
            override_uri: None,
            refusal: None,
            engaged_at_ms: 1,
            refreshed_at_ms: 1,
        });
        let mut tally =
            wharf_storage::Tally { received: 2, routed: 1, duplicate: 1, ..wharf_storage::Tally::default() };
        let route = wharf_storage::RouteTally { offered: 1, delivered: 1, ..wharf_storage::RouteTally::default() };
        tally.routes.insert("main/app".into(), route);
        change.tallies.push((id.as_str().into(), tally));
    }
    let (tell, told) = std::sync::mpsc::channel();
    let desk = Arc::new(Waiting(std::sync::Mutex::new(tell)));
    store.commit(change, vec![Receipt { desk, number: 0 }]);
    assert_eq!(told.recv(), Ok(Outcome::Durable));
    store.close();
}

#[actix_web::test]
async fn a_scrape_is_cheap_with_ten_thousand_accounts() {
    const ACCOUNTS: u64 = 10_000;
    let mut stage = Stage::new().await;
    stage.stop().await;
    engage(&stage.folder.path().join("data"), ACCOUNTS);
    stage.start().await;
    let told = samples(&stage).await;
    assert_eq!(told["wharf_accounts{gateway=\"main\"}"], ACCOUNTS as f64);
    assert_eq!(told["wharf_received_total"], 2.0 * ACCOUNTS as f64);
    let series = told.keys().filter(|name| name.contains("account=\"")).count();
    assert!(series <= 4 * 21, "{series} series of accounts");
    let mut took: Vec<Duration> = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        assert_eq!(stage.look("/metrics").await.status, 200);
        took.push(begun.elapsed());
    }
    took.sort();
    println!("/metrics with {ACCOUNTS} accounts: median {:?}, slowest {:?} (without optimisation)", took[2], took[4]);
    assert!(took[2] < Duration::from_secs(1), "{took:?}");
    stage.end().await;
}
