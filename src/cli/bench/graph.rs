//! A Graph that knows only what the verbs ask: a token for many accounts, their nodes, their subscriptions. Each answer
//! takes a while. It checks nothing.

use super::child::{Listening, say, words};
use super::fill::node;
use super::stage::{LOOPBACK, account_id};
use super::{BenchError, while_doing};
use actix_web::http::Method;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use clap::Args;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

/// The id of the app that is subscribed.
pub(super) const APP: &str = "670843887433847";

/// The Graph to play.
#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// Accounts that the token reaches
    #[arg(long)]
    pub(super) accounts: u32,
    /// How long each answer takes, in ms
    #[arg(long)]
    pub(super) latency_ms: u64,
}

struct Graph {
    options: Options,
    subscribed: Mutex<HashSet<String>>,
}

/// Answers until it shall end; asked anything, it says how many accounts are subscribed.
pub(super) async fn run(options: &Options) -> Result<(), BenchError> {
    let graph = Data::new(Graph { options: options.clone(), subscribed: Mutex::default() });
    let shared = graph.clone();
    let server = HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(answer)))
        .workers(1)
        .disable_signals()
        .bind(LOOPBACK)
        .map_err(while_doing("listen"))?;
    let public = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    say(&Listening { public })?;
    let mut words = words();
    while words.recv().await.is_some() {
        say(&graph.subscribed.lock().expect("no holder panics").len())?;
    }
    handle.stop(false).await;
    Ok(())
}

async fn answer(request: HttpRequest, graph: Data<Graph>) -> HttpResponse {
    actix_web::rt::time::sleep(Duration::from_millis(graph.options.latency_ms)).await;
    let parts: Vec<&str> =
        request.path().split('/').filter(|part| !part.is_empty() && !part.starts_with('v')).collect();
    let told = match parts.as_slice() {
        [] => graph.nodes(request.query_string()),
        ["debug_token"] => graph.token(),
        [account, "subscribed_apps"] if request.method() == Method::POST => graph.subscribe(account),
        [account, "subscribed_apps"] => graph.apps(account),
        _ => json!({}),
    };
    HttpResponse::Ok().json(told)
}

impl Graph {
    fn token(&self) -> Value {
        let ids: Vec<String> = (0..self.options.accounts).map(account_id).collect();
        let scopes = ["whatsapp_business_management", "whatsapp_business_messaging"];
        let grants: Vec<Value> = scopes.iter().map(|scope| json!({"scope": scope, "target_ids": ids})).collect();
        json!({"data": {"app_id": APP, "is_valid": true, "scopes": scopes, "granular_scopes": grants}})
    }

    /// `?ids=1,2,3`, the commas perhaps escaped.
    fn nodes(&self, query: &str) -> Value {
        let ids = query.split('&').find_map(|pair| pair.strip_prefix("ids=")).unwrap_or_default().replace("%2C", ",");
        let nodes = ids.split(',').filter_map(|id| Some((id.to_owned(), self.node(id)?)));
        Value::Object(nodes.collect::<Map<String, Value>>())
    }

    fn node(&self, id: &str) -> Option<Value> {
        let first: u64 = account_id(0).parse().ok()?;
        let nth = id.parse::<u64>().ok()?.checked_sub(first)?;
        let mut node = node(u32::try_from(nth).ok()?);
        let numbers = node["phone_numbers"].take();
        node["phone_numbers"] = json!({"data": numbers});
        node["subscribed_apps"] = self.apps(id);
        Some(node)
    }

    fn apps(&self, account: &str) -> Value {
        let ours = self.subscribed.lock().expect("no holder panics").contains(account);
        let apps: Vec<Value> = ours.then(|| json!({"whatsapp_business_api_data": {"id": APP}})).into_iter().collect();
        json!({"data": apps})
    }

    fn subscribe(&self, account: &str) -> Value {
        self.subscribed.lock().expect("no holder panics").insert(account.to_owned());
        json!({"success": true})
    }
}
