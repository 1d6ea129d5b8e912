//! A server on port 0 that plays Graph or an endpoint in tests: it records what it was asked. Knows no dialect.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use serde_json::Value;

use super::graph::{Graph, GraphLimits};
use crate::gateway::{Gateway, GraphSettings, Overrides, Secret};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) uri: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What the server does about a request.
pub(crate) enum Reply {
    Json(u16, Value),
    Raw(u16, Vec<(&'static str, String)>, Vec<u8>),
    Late(Duration, Box<Reply>),
}

type Script = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

/// A running server.
pub(crate) struct Fake {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    handle: ServerHandle,
}

impl Fake {
    /// Serves what `script` says.
    pub(crate) fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (script, log): (Script, _) = (Arc::new(script), seen.clone());
        let server = HttpServer::new(move || {
            let (script, log) = (script.clone(), log.clone());
            let answer = move |request: HttpRequest, body: Bytes| serve(request, body, script.clone(), log.clone());
            App::new().app_data(web::PayloadConfig::new(64 << 20)).default_service(web::to(answer))
        })
        .workers(1)
        .shutdown_timeout(0)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        Self { url, seen, handle }
    }

    /// Everything it was asked so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How often a request with this method and path came.
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.method == method && seen.path == path).count()
    }

    /// A client for it.
    pub(crate) fn graph(&self) -> Graph {
        self.graph_with(GraphLimits::default())
    }

    /// A client for it, under these limits.
    pub(crate) fn graph_with(&self, limits: GraphLimits) -> Graph {
        Graph::new(&GraphSettings { base_url: self.url.clone(), version: "v25.0".into() }, limits)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn serve(request: HttpRequest, body: Bytes, script: Script, log: Arc<Mutex<Vec<Seen>>>) -> HttpResponse {
    let text = |value: &actix_web::http::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let seen = Seen {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect(),
        uri: request.uri().to_string(),
        headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
    };
    let mut reply = script(&seen);
    log.lock().unwrap().push(seen);
    loop {
        match reply {
            Reply::Json(status, value) => {
                return HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(value);
            }
            Reply::Raw(status, headers, body) => {
                let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap());
                for header in headers {
                    response.insert_header(header);
                }
                return response.body(body);
            }
            Reply::Late(wait, then) => {
                actix_rt::time::sleep(wait).await;
                reply = *then;
            }
        }
    }
}

/// A gateway as the settings would make it.
pub(crate) fn gateway() -> Gateway {
    Gateway {
        uri: "support".into(),
        token: Secret::new("EAAG-secret-token").into(),
        app_secrets: vec![Secret::new("current"), Secret::new("previous")].into(),
        app_id: Some("42".into()),
        verify_token: Some(Secret::new("verify me")).into(),
        business_id: None,
        overrides: Overrides::App,
        callback_url: Some("https://wa.example.com/support".into()),
        routes: Vec::new().into(),
        own_tokens: Default::default(),
        verbs: Default::default(),
        admin_origin: None,
    }
}
