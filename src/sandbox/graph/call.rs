//! A call to Graph as handlers see it: authorised, its parameters merged from query, form and JSON.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Data, Query};
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;

use super::Graph;
use super::fault::Fault;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::Caller;

/// An authorised call.
pub(super) struct Call {
    /// The id in the path; empty where there is none.
    pub(super) node: String,
    /// The method as Graph's errors name it: `get`, `post`, `delete`.
    pub(super) method: String,
    /// The JSON body; null without one.
    pub(super) body: Value,
    /// `https://host`, as the caller reached us.
    pub(super) origin: String,
    /// The path, for paging links.
    pub(super) path: String,
    /// The body as it came.
    pub(super) raw: web::Bytes,
    /// The header `Content-Type`.
    pub(super) content_type: String,
    caller: Caller,
    params: HashMap<String, String>,
}

impl Call {
    /// A parameter, wherever the caller put it.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str).or_else(|| self.body[name].as_str())
    }

    /// Refuses the app's own token, which opens no account.
    pub(super) fn of_system(&self) -> Result<&Self, Refusal> {
        match self.caller {
            Caller::System | Caller::Client => Ok(self),
            Caller::App => Err(Refusal::permission(&self.node)),
        }
    }

    /// Refuses every token but the app's own.
    pub(super) fn of_app(&self) -> Result<&Self, Refusal> {
        match self.caller {
            Caller::App => Ok(self),
            Caller::System | Caller::Client => Err(Refusal::app_token()),
        }
    }
}

impl FromRequest for Call {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Bytes::from_request(req, payload);
        let req = req.clone();
        Box::pin(async move {
            let body = body.await?;
            read(&req, body).map_err(|refusal| Fault::from(refusal).into())
        })
    }
}

fn read(req: &HttpRequest, raw: web::Bytes) -> Result<Call, Refusal> {
    let mut params = pairs(req.query_string());
    if is_form(req) {
        params.extend(pairs(&String::from_utf8_lossy(&raw)));
    }
    let body: Value = serde_json::from_slice(&raw).unwrap_or_default();
    let named = |name: &str| params.get(name).cloned().or_else(|| body[name].as_str().map(str::to_owned));
    let token = bearer(req).or_else(|| named("access_token"));
    let proof = named("appsecret_proof");
    let graph = req.app_data::<Data<Graph>>().expect("the URL table carries the state of every handler");
    let caller = graph.world().authorise(token.as_deref(), proof.as_deref())?;
    let path_node = req.match_info().get("node").into_iter();
    let ids = named("ids").unwrap_or_default();
    for node in path_node.chain(ids.split(',').map(str::trim)) {
        graph.world().reach(token.as_deref().unwrap_or_default(), node)?;
    }
    let connection = req.connection_info();
    Ok(Call {
        node: req.match_info().get("node").unwrap_or_default().to_owned(),
        method: req.method().as_str().to_ascii_lowercase(),
        origin: format!("{}://{}", connection.scheme(), connection.host()),
        path: req.path().to_owned(),
        body,
        raw,
        content_type: content_type(req).to_owned(),
        caller,
        params,
    })
}

fn pairs(text: &str) -> HashMap<String, String> {
    Query::<HashMap<String, String>>::from_query(text).map(Query::into_inner).unwrap_or_default()
}

fn is_form(req: &HttpRequest) -> bool {
    let content_type = content_type(req);
    content_type.is_empty() || content_type.starts_with("application/x-www-form-urlencoded")
}

fn content_type(req: &HttpRequest) -> &str {
    req.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn bearer(req: &HttpRequest) -> Option<String> {
    let value = req.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
    known.then(|| token.trim().to_owned())
}
