//! The sandbox through real sockets, as a gateway and an application meet it.
#![allow(clippy::unwrap_used)]

mod answers;
mod breakage;
mod control;
mod graph;
mod media;
mod numbers;
mod receiver;
mod webhooks;

use std::time::{Duration, Instant};

use actix_web::http::Method;
use serde_json::Value;

use super::{Sandbox, SandboxOptions, Subscribed, Traffic};

/// No test waits longer than this for anything.
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until `met` says so.
async fn until(what: &str, mut met: impl FnMut() -> bool) {
    let started = Instant::now();
    while !met() {
        assert!(started.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        actix_rt::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Customers who write nothing that was not asked for.
fn plain_traffic() -> Traffic {
    Traffic { statuses: 0.0, duplicates: 0.0, account_events: 0.0, disorder: 0.0, ..Traffic::default() }
}

async fn start(options: SandboxOptions) -> Sandbox {
    super::start(options).await.expect("a free port on the loopback address")
}

fn subscribed() -> SandboxOptions {
    SandboxOptions { subscribed: Subscribed::All, traffic: plain_traffic(), ..SandboxOptions::default() }
}

/// A client of the simulated Graph.
struct Client {
    base: String,
    token: String,
}

impl Client {
    fn of(sandbox: &Sandbox) -> Self {
        Self { base: sandbox.graph_url(), token: sandbox.options().token.clone() }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        self.call(Method::DELETE, path, None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = awc::Client::default().request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        let pending = match body {
            Some(body) => request.send_json(body),
            None => request.send(),
        };
        let mut response = pending.await.expect("an answer");
        let body = response.body().await.expect("a whole body");
        (response.status().as_u16(), serde_json::from_slice(&body).unwrap_or_default())
    }
}
