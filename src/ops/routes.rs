//! `/api/routes/{gateway}/{name}`: what operators do about a route.

use super::json;
use crate::audit::{self, Deed};
use crate::auth::{Caller, Scope};
use crate::authorised;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use wharf_actors::clock::now_ms;

#[derive(Debug, Serialize)]
struct Resumed {
    route: String,
    /// Whether it was paused.
    resumed: bool,
    /// Every route that goes to the same endpoint, and goes on with it.
    routes: Vec<String>,
}

/// Ends a pause: the application said 410 and is back. Durable before it is answered: the audit record comes after it.
pub async fn resume(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (gateway, name) = path.into_inner();
    authorised::refuse_cross_site(&request)?;
    let edge = late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "the store is being opened"))?;
    let caller = authorised::caller(&request, edge).await?;
    caller.require(Scope::Admin)?;
    let unknown = || ApiError::naming(ErrorId::RouteUnknown, format!("{gateway}/{name}"));
    let desks = edge.wharf.directory.gateway(&gateway).filter(|_| caller.may_use_gateway(&gateway));
    let desks = desks.ok_or_else(unknown)?;
    let full_name = format!("{gateway}/{name}");
    let route = desks.gateway.routes.iter().find(|route| *route.name == *full_name).ok_or_else(unknown)?;
    let resumed = edge.wharf.gates.resume(&route.url, now_ms());
    let result = if resumed { "resumed" } else { "it was not paused" };
    let deed = Deed { gateway: &gateway, verb: "resume", ids: vec![name.as_str().into()], result: result.to_owned() };
    audit::keep(deed, &request, &caller, edge).await?;
    Ok(json(&Resumed { route: full_name, resumed, routes: sharing(edge, &caller, &route.url) }))
}

/// The routes to `url` that the caller may know of.
fn sharing(edge: &Edge, caller: &Caller, url: &str) -> Vec<String> {
    let theirs = edge.wharf.directory.gateways().filter(|desks| caller.may_use_gateway(&desks.gateway.uri));
    let routes = theirs.flat_map(|desks| &desks.gateway.routes).filter(|route| route.url == url);
    let mut names: Vec<String> = routes.map(|route| route.name.to_string()).collect();
    names.sort();
    names
}
