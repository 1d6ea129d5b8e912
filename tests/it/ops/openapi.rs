//! `/api/openapi.json` and `/api/docs`: what is told of the API is what the API does.

use crate::harness::application::{Reply, nobody};
use crate::harness::description::DOCUMENT;
use crate::harness::front::Front;
use crate::harness::http;
use crate::harness::mail::{Line, letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wharf::router::OPS;

const CUSTOMER: &str = "491700000";

#[actix_web::test]
async fn the_document_is_open_and_has_every_endpoint_there_is() {
    let stage = Stage::new().await;
    let answer = http::get(&format!("{}/api/openapi.json", stage.ops), &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let document = answer.json();
    assert_eq!((&document, &document["openapi"]), (&*DOCUMENT, &json!("3.1.0")));
    let mut ids = BTreeSet::new();
    for endpoint in OPS {
        let operation = &document["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()];
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{} is not described", endpoint.path));
        assert!(ids.insert(id.to_owned()), "two are called {id}");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{id}");
    }
    let text = answer.text();
    for reference in text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document["components"]["schemas"][reference].is_object(), "there is no shape {reference}");
    }
    for secret in [KEY, crate::harness::stage::SECRET, crate::harness::stage::VERIFY] {
        assert!(!text.contains(secret));
    }
    stage.end().await;
}

#[actix_web::test]
async fn the_page_is_open_and_loads_nothing_from_elsewhere() {
    let stage = Stage::new().await;
    let page = http::get(&format!("{}/api/docs", stage.ops), &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("content-security-policy"), Some("default-src 'none'; style-src 'self'"));
    let links = page.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    for link in links.filter(|link| !link.starts_with('#')) {
        let there = http::get(&format!("{}{link}", stage.ops), &[]).await;
        assert_eq!(there.status, 200, "{link}");
    }
    assert!(!page.text().contains("src=") && !page.text().contains("<script"));
    stage.end().await;
}

/// What is in the house that a path can name.
struct Named {
    message: String,
    replay: String,
}

/// An account with mail, dialogs, a dead letter, a message that waits, a stray item, a replay, and a route that is gone.
async fn house() -> (Stage, Front, Named) {
    let front = Front::start().await;
    let mut stage = Stage::engaged_with(|plan| {
        plan.routes = vec![("app", String::new()), ("strict", "final = [400]".into()), ("gone", String::new())];
        plan.storage = "secret_key = \"a key for the secrets of this test, long enough\"".into();
        plan.server = format!("private_routes = true\npublic_url = \"{}\"", front.url);
        plan.send = "send_wait = \"0s\"".into();
    })
    .await;
    let line = stage.line(0, 0);
    stage.app.answer(|delivery| match delivery.target.as_str() {
        "POST /strict" => Reply::With(400, "x-why", "no".into()),
        "POST /gone" => Reply::With(503, "Retry-After", "60".into()),
        _ => Reply::With(200, "x-why", "yes".into()),
    });
    stage.take(letter(&line, &[text("wamid.1", CUSTOMER)])).await;
    stage.take(letter(&Line { waba: "77777".into(), ..line.clone() }, &[text("wamid.stray", CUSTOMER)])).await;
    stage.until_ledger("/routes/main~1strict/dead", 1).await;
    stage.sandbox.world().give_client_token(&line.waba, "EAAGtokenOfTheClient");
    stage.plan.routes.pop();
    stage.plan.gateway_more = "verbs = \"ops\"".into();
    stage.restart().await;
    front.lead_to(&stage.public);
    let body = json!({"messaging_product": "whatsapp", "to": CUSTOMER, "type": "text", "text": {"body": "x"}});
    let hold = stage.ask("POST", &format!("/api/accounts/{}/pause", line.waba), KEY, r#"{"what":"sends"}"#).await;
    assert_eq!(hold.status, 200, "{}", hold.text());
    let sent = stage.send(&format!("{}/messages", line.number), body.to_string()).await;
    let message = sent.header("x-wharf-message").expect("an id").to_owned();
    let began = stage.ask("POST", &format!("/api/accounts/{}/replay", line.waba), KEY, r#"{"from":1}"#).await;
    let replay = began.json()["replay"]["id"].as_str().expect("an id").to_owned();
    (stage, front, Named { message, replay })
}

/// Every endpoint, in an order in which each has something to do, with a body where it takes one.
fn visits(stage: &Stage, Named { message, replay }: &Named) -> Vec<(&'static str, String, Value)> {
    let waba = stage.line(0, 0).waba;
    let account = |rest: &str| format!("/api/accounts/{waba}{rest}");
    let own = json!({"url": stage.app.url("/own"), "allow_private": true});
    let look = |path: &str| ("GET", path.to_owned(), Value::Null);
    let mut visits = vec![
        ("POST", "/api/keys".into(), json!({"name": "made", "scopes": ["inspect"], "accounts": [waba]})),
        ("PUT", account("/routes/own"), own),
        ("PUT", account("/token"), json!({"token": "EAAGtokenOfTheClient"})),
    ];
    visits.extend(
        ["", "/events", "/dead", "/dialogs", "/messages", "/routes", "/routes/own", "/replays"]
            .map(|it| look(&account(it))),
    );
    visits.extend(
        ["", "ui/main.js", "healthz", "readyz", "metrics", "main?whatsapp=search"].map(|it| look(&format!("/{it}"))),
    );
    let house = "openapi.json docs docs.css whoami keys keys/made keys/operator accounts accounts?q=a alarms ledger \
        audit quarantine quarantine?gateway=main gateways doctor rates rates?minutes=5";
    visits.extend(house.split_whitespace().map(|it| look(&format!("/api/{it}"))));
    visits.extend(
        [format!("events/{waba}.1"), format!("events/{waba}.1/explain"), format!("messages/{message}")]
            .map(|it| look(&format!("/api/{it}"))),
    );
    let gateway = |rest: &str| format!("/api/gateways/main/{rest}");
    visits.extend([
        ("POST", gateway("register"), json!({"dry_run": true})),
        ("POST", gateway("register"), Value::Null),
        ("POST", gateway("signature"), json!({"object": "whatsapp_business_account"})),
        ("POST", gateway("verbs/search"), Value::Null),
        ("POST", format!("/api/events/{waba}.1/replay"), json!({"route": "app"})),
        ("POST", account("/replay"), json!({"from": 1, "dry_run": true})),
        ("DELETE", account(&format!("/replays/{replay}")), Value::Null),
        ("POST", account("/dead/redrive"), json!({"route": "strict"})),
        ("POST", account("/pause"), json!({"what": "deliveries", "route": "app"})),
        ("POST", account("/resume"), json!({"what": "deliveries", "route": "app"})),
        ("POST", account("/routes/own/test"), Value::Null),
        ("POST", "/api/routes/main/app/test".into(), Value::Null),
    ]);
    let change = |method, path: String| (method, path, Value::Null);
    visits.extend([
        change("DELETE", format!("/api/messages/{message}")),
        ("POST", account("/pause"), json!({"what": "sends", "number": stage.line(0, 0).number})),
        ("POST", account("/resume"), json!({"what": "sends"})),
        change("POST", account("/routes/own/resume")),
        change("DELETE", account("/routes/own")),
        change("DELETE", account("/token")),
        change("POST", "/api/routes/main/app/resume".into()),
        change("DELETE", "/api/routes/main/gone".into()),
        change("DELETE", format!("/api/customers/{CUSTOMER}")),
        change("DELETE", "/api/keys/made".into()),
    ]);
    visits
}

#[actix_web::test]
async fn every_endpoint_answers_as_the_document_says() {
    let (stage, _front, named) = house().await;
    // A stream has no end to wait for: its own tests hold it to the document.
    let mut seen = BTreeSet::from([("GET", "/api/accounts/{waba}/live")]);
    for (method, path, body) in visits(&stage, &named) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        // What it answers is held against the document there.
        let answer = stage.ask(method, &path, KEY, body).await;
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.text());
        let template = crate::harness::description::template(&path).expect("a described path");
        seen.insert((method, template));
    }
    for endpoint in OPS {
        let line = (endpoint.method.as_str(), endpoint.path);
        assert!(seen.contains(&line), "{line:?} is served and was not visited: give it a line in `visits`");
    }
    stage.end().await;
}

#[actix_web::test]
async fn a_key_hears_what_it_is_good_for() {
    let stage = Stage::with(|plan| plan.graph = Some(format!("http://{}", nobody()))).await;
    let whoami = http::get(&format!("{}/api/whoami", stage.ops), &[("Authorization", &bearer(KEY))]).await;
    let expected = json!({"name": "operator", "scopes": ["admin", "inspect", "send", "manage"],
        "gateways": [], "accounts": [], "numbers": []});
    assert_eq!((whoami.status, whoami.json()), (200, expected));
    stage.end().await;
}
