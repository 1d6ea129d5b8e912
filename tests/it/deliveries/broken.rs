//! Applications that break: what that costs them, and that it costs nobody else.

use crate::harness::application::{Delivery, Reply, nobody};
use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const HEALTHY: [&str; 8] = ["h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8"];
const MAIL: usize = 40;

fn to(delivery: &Delivery) -> &str {
    delivery.target.trim_start_matches("POST /")
}

#[actix_web::test]
async fn routes_that_hang_fail_or_are_gone_hold_up_no_other_and_get_everything_in_order_when_they_are_back() {
    let address = nobody();
    let stage = Stage::engaged_with(|plan| {
        plan.routes = HEALTHY.into_iter().chain(["hangs", "fails", "busy"]).map(|name| (name, String::new())).collect();
        plan.gateway_more = String::new();
        plan.more = format!("[[gateway.route]]\nname = \"gone\"\nurl = \"http://{address}/gone\"\n");
    });
    let stage = stage.await;
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    stage.app.answer(move |delivery| match to(delivery) {
        "hangs" if !is_well.load(Ordering::Relaxed) => Reply::Never,
        "fails" if !is_well.load(Ordering::Relaxed) => Reply::Status(500),
        "busy" if !is_well.load(Ordering::Relaxed) => Reply::With(429, "Retry-After", "1".into()),
        _ => Reply::Status(200),
    });
    let line = stage.line(0, 0);
    let begun = Instant::now();
    for nth in 0..MAIL {
        let customer = format!("49{}", nth % 10);
        stage.take(letter(&line, &[text(&format!("wamid.{nth:03}"), &customer)])).await;
    }
    for name in HEALTHY {
        stage.until_ledger(&format!("/routes/main~1{name}/delivered"), MAIL as i64).await;
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "healthy routes waited for broken ones: {took:?}");
    let account = format!("/api/accounts/{}", line.waba);
    let breakers = until("breakers open", async || {
        let told = stage.look(&account).await.json();
        let word = |name: &str| told["routes"][format!("main/{name}")]["breaker"].as_str().unwrap_or("").to_owned();
        (word("fails") == "open" && word("gone") == "open").then(|| (word("busy"), word("h1")))
    });
    assert_eq!(breakers.await, ("closed".into(), "closed".into()), "429 is busy, not broken");
    let metrics = http::get(&format!("{}/metrics", stage.ops), &[]).await;
    assert!(metrics.text().contains("wharf_route_breaker{route=\"main/fails\"} 2"), "{}", metrics.text());

    stage.app.forget();
    well.store(true, Ordering::Relaxed);
    let back = crate::harness::application::Application::on(address);
    for name in ["hangs", "fails", "busy", "gone"] {
        stage.until_ledger(&format!("/routes/main~1{name}/delivered"), MAIL as i64).await;
    }
    let gone = back.deliveries();
    for name in ["hangs", "fails", "busy", "gone"] {
        let heard = stage.app.deliveries().into_iter().filter(|delivery| to(delivery) == name);
        let heard: Vec<Delivery> = if name == "gone" { gone.clone() } else { heard.collect() };
        for customer in 0..10 {
            let of = |delivery: &&Delivery| {
                delivery.json()["entry"][0]["changes"][0]["value"]["messages"][0]["from"] == format!("49{customer}")
            };
            let ids: Vec<String> = heard.iter().filter(of).map(Delivery::item_id).collect();
            assert!(ids.is_sorted(), "{name}: {ids:?}");
        }
    }
    back.stop().await;
    stage.end().await;
}

#[actix_web::test]
async fn an_endpoint_that_is_down_is_asked_by_few_and_not_by_everyone() {
    let stage = Stage::engaged().await;
    stage.app.answer(|_| Reply::Status(500));
    let line = stage.line(0, 0);
    let letters: Vec<String> = (0..100).map(|nth| text(&format!("wamid.{nth}"), &format!("49{nth}"))).collect();
    stage.take(letter(&line, &letters)).await;
    let account = format!("/api/accounts/{}", line.waba);
    let opened = until("the breaker opens", async || {
        let told = stage.look(&account).await.json();
        (told["routes"]["main/app"]["breaker"] == "open").then_some(())
    });
    opened.await;
    let asked = stage.app.deliveries().len();
    assert!(asked < 10, "100 dialogs waited and {asked} tried");
    stage.app.answer(|_| Reply::Status(200));
    stage.until_ledger("/routes/main~1app/delivered", 100).await;
    stage.end().await;
}

#[actix_web::test]
async fn an_application_that_is_gone_pauses_its_route_until_somebody_resumes_it() {
    let stage = Stage::engaged().await;
    stage.app.answer(|_| Reply::Status(410));
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491"), text("wamid.2", "492")])).await;
    let account = format!("/api/accounts/{}", line.waba);
    let paused = until("the route is paused", async || {
        let told = stage.look(&account).await.json();
        told["routes"]["main/app"]["paused_at"].as_str().map(str::to_owned)
    });
    paused.await;
    stage.app.answer(|_| Reply::Status(200));
    let resume = format!("{}/api/routes/main/app/resume", stage.ops);
    let stranger = http::post(&resume, &[], "").await;
    assert_eq!(stranger.status, 401);
    let nobody =
        http::post(&format!("{}/api/routes/main/none/resume", stage.ops), &[("Authorization", &bearer(KEY))], "").await;
    assert_eq!((nobody.status, &nobody.json()["id"]), (404, &json!("wharf.route.unknown")));
    let resumed = http::post(&resume, &[("Authorization", &bearer(KEY))], "").await;
    assert_eq!(
        (resumed.status, resumed.json()),
        (200, json!({ "route": "main/app", "resumed": true, "routes": ["main/app"] }))
    );
    stage.until_ledger("/routes/main~1app/delivered", 2).await;
    let audit = stage.look("/api/audit").await.json();
    assert!(audit["data"].as_array().is_some_and(|all| all.iter().any(|one| one["verb"] == "resume")), "{audit}");
    stage.end().await;
}

#[actix_web::test]
async fn an_answer_that_the_route_calls_final_makes_a_dead_letter_at_once() {
    let stage = Stage::engaged_with(|plan| plan.routes[0].1 = "final = [400, 422]".into()).await;
    stage.app.answer(|delivery| match &*delivery.item_id() {
        "wamid.bad" => Reply::Status(422),
        _ => Reply::Status(200),
    });
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.bad", "491"), text("wamid.good", "491")])).await;
    let ledger = stage.until_ledger("/routes/main~1app/delivered", 1).await;
    assert_eq!(ledger["routes"]["main/app"]["dead"], 1);
    assert_eq!(stage.app.deliveries().len(), 2, "once each");
    let dead = stage.look(&format!("/api/accounts/{}/dead", line.waba)).await.json();
    assert!(dead["data"][0]["reason"].as_str().is_some_and(|why| why.starts_with("refused for good")), "{dead}");
    stage.end().await;
}

#[actix_web::test]
async fn a_route_without_order_lets_nothing_wait_for_anything() {
    let stage = Stage::engaged_with(|plan| plan.routes[0].1 = "order = \"none\"".into()).await;
    stage.app.answer(|delivery| match &*delivery.item_id() {
        "wamid.slow" => Reply::Slowly(Duration::from_millis(1500), 200),
        _ => Reply::Status(200),
    });
    stage.take(letter(&stage.line(0, 0), &[text("wamid.slow", "491"), text("wamid.quick", "491")])).await;
    let delivered = stage.app.until(2).await;
    assert!(delivered[1].at - delivered[0].at < Duration::from_secs(1), "the second waited for the first");
    stage.until_ledger("/routes/main~1app/delivered", 2).await;
    stage.end().await;
}

#[actix_web::test]
async fn a_route_that_allows_no_private_address_reaches_none() {
    let stage = Stage::engaged_with(|plan| plan.routes[0].1 = "allow_private = false\nmax_age = \"1s\"".into()).await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    stage.until_ledger("/routes/main~1app/dead", 1).await;
    let dead = stage.look(&format!("/api/accounts/{}/dead", line.waba)).await.json();
    assert!(dead["data"][0]["reason"].as_str().is_some_and(|why| why.contains("cannot be used")), "{dead}");
    assert!(stage.app.deliveries().is_empty());
    stage.end().await;
}

#[actix_web::test]
async fn events_go_together_where_the_route_asks_and_alone_after_a_failure() {
    let stage = Stage::engaged_with(|plan| {
        plan.routes[0].1 = "format = \"dialog\"\nbatch = { max = 4, wait_ms = 200 }".into();
    });
    let stage = stage.await;
    stage.app.answer(|delivery| match delivery.json().as_array() {
        Some(all) if all.iter().any(|one| one["message_id"] == "wamid.5") => Reply::Status(422),
        _ => Reply::Status(200),
    });
    let line = stage.line(0, 0);
    let letters: Vec<String> = (0..8).map(|nth| text(&format!("wamid.{nth}"), &format!("49{nth}"))).collect();
    stage.take(letter(&line, &letters)).await;
    stage.until_ledger("/routes/main~1app/delivered", 8).await;
    let heard = stage.app.deliveries();
    let (together, alone): (Vec<_>, Vec<_>) = heard.iter().partition(|delivery| delivery.json().is_array());
    assert!(together.iter().all(|delivery| delivery.json().as_array().is_some_and(|all| all.len() <= 4)));
    assert!(together.len() <= 4, "{} POSTs for 8 events", together.len());
    let first = &together[0];
    let ids: Vec<String> =
        first.json().as_array().into_iter().flatten().map(|one| one["id"].as_str().unwrap_or("").to_owned()).collect();
    let (from, to) = (ids.first().expect("one"), ids.last().expect("one"));
    assert_eq!(first.header("webhook-id"), format!("{from}..{to}"));
    assert!(ids.is_sorted());
    assert!(alone.iter().any(|delivery| delivery.json()["message_id"] == "wamid.5"), "tried again alone");
    stage.end().await;
}
