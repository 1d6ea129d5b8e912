//! Everything else of the Cloud API: what passes to Graph, what does not, and media.

mod budget;
mod media;
mod passing;
mod refusals;
mod streams;

use crate::harness::application::{Application, Delivery};
use crate::harness::http::{self, Answer};
use crate::harness::stage::{KEY, Stage, bearer};
use serde_json::json;

/// A stage whose accounts are engaged by the sandbox and whose Graph is then a fake one that answers what it is told.
async fn with_graph(more: &str) -> (Stage, Application) {
    let mut stage = Stage::engaged().await;
    let graph = Application::start().await;
    stage.plan.graph = Some(graph.url(""));
    stage.plan.more = more.to_owned();
    stage.restart().await;
    graph.forget();
    (stage, graph)
}

/// A key of the settings: its name says its secret.
fn key(name: &str, scopes: &[&str], more: &str) -> String {
    let scopes = json!(scopes);
    format!("[[key]]\nname = \"{name}\"\nsecret = \"{}\"\nscopes = {scopes}\n{more}\n", secret(name))
}

fn secret(name: &str) -> String {
    format!("key-called-{name}-0123456789abcdef")
}

/// The operator asks.
async fn ask(stage: &Stage, method: &str, path: &str, body: &str) -> Answer {
    ask_as(stage, KEY, method, path, body).await
}

/// Somebody asks.
async fn ask_as(stage: &Stage, key: &str, method: &str, path: &str, body: &str) -> Answer {
    let (authorization, json) = (bearer(key), ("Content-Type", "application/json"));
    let headers = [("Authorization", authorization.as_str()), json];
    let asked = http::try_ask(method, &format!("{}/{path}", stage.public), &headers, body.to_owned()).await;
    asked.unwrap_or_else(|| panic!("no whole answer to {method} {path}"))
}

/// What the fake Graph was asked about this object.
fn asked(graph: &Application, node: &str) -> Vec<Delivery> {
    let about = |delivery: &Delivery| delivery.target.contains(&format!("/{node}"));
    graph.deliveries().into_iter().filter(about).collect()
}

/// Refused here, in Graph's shape.
fn is_refused(answer: &Answer, status: u16, code: i64) {
    let told = answer.json();
    assert_eq!((answer.status, &told["error"]["code"]), (status, &json!(code)), "{}", answer.text());
    assert!(told["error"]["message"].is_string() && told["error"]["type"] == "OAuthException", "{told}");
}
