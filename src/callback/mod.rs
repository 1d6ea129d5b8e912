//! `/{uri}` of a gateway: Meta's handshake, webhooks, the operators' verbs, and those who come back from Meta's login. Which of them a request is, is decided
//! here and nowhere else.

mod body;
mod handshake;
pub mod login;
mod query;
mod verbs;
mod webhook;

pub use body::read as read_body;
pub use login::Logins;
pub use query::Query;
pub(crate) use verbs::run_as as run_verb;

use crate::edge::{Edge, Ready};
use crate::error::{ApiError, ErrorId};
use crate::ops::table::wrong_method;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use std::sync::Arc;
use wharf_actors::directory::Desks;
use wharf_actors::gateway::VerbsAt;

/// Every request to `/{uri}`.
pub async fn handle(
    request: HttpRequest,
    uri: web::Path<String>,
    payload: web::Payload,
    edge: Ready,
) -> Result<HttpResponse, ApiError> {
    let gateway = edge.wharf.directory.gateway(&uri).ok_or_else(|| unknown_path(&request))?;
    match *request.method() {
        Method::POST => webhook::receive(&request, payload, &gateway, &edge).await,
        Method::GET => get(&request, &gateway, &edge).await,
        _ => Err(ApiError::naming(ErrorId::MethodWrong, request.method())),
    }
}

/// Every request to `/{uri}` of the ops listener: the verbs of a gateway that has them there, and nothing else.
pub async fn handle_ops(request: HttpRequest, uri: web::Path<String>, edge: Ready) -> Result<HttpResponse, ApiError> {
    let gateway = edge.wharf.directory.gateway(&uri).filter(|desks| desks.gateway.verbs == VerbsAt::Ops);
    let gateway = gateway.ok_or_else(|| unknown_path(&request))?;
    if *request.method() != Method::GET {
        return Ok(wrong_method(&request, "GET"));
    }
    let query = Query::read(request.query_string());
    let verb = query.first("whatsapp").ok_or_else(|| ApiError::plain(ErrorId::QueryUnknown))?;
    verbs::run(&request, verb, &query, &gateway, &edge).await
}

async fn get(request: &HttpRequest, gateway: &Arc<Desks>, edge: &Edge) -> Result<HttpResponse, ApiError> {
    let query = Query::read(request.query_string());
    if query.first("hub.mode").is_some() {
        return handshake::answer(&query, &gateway.gateway);
    }
    match query.first("whatsapp") {
        // It has them where only operators come; here nobody learns of them.
        Some(_) if gateway.gateway.verbs == VerbsAt::Ops => Err(unknown_path(request)),
        Some(verb) => verbs::run(request, verb, &query, gateway, edge).await,
        None if query.first("state").is_some() && login::is_possible(&gateway.gateway) => {
            Ok(login::come_back(request, &query, gateway, edge).await)
        }
        None => Err(ApiError::plain(ErrorId::QueryUnknown)),
    }
}

/// Nothing is served at this path.
pub fn unknown_path(request: &HttpRequest) -> ApiError {
    ApiError::naming(ErrorId::PathUnknown, request.path())
}
