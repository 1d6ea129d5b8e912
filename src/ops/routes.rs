//! `/api/routes/{gateway}/{name}`: what operators do about a route.

use super::account_routes::admin;
use super::json;
use crate::audit::{self, Deed};
use crate::auth::{Caller, Scope};
use crate::authorised;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use wharf_actors::clock::now_ms;
use wharf_actors::directory::Desks;
use wharf_actors::gateway::Route;
use wharf_actors::messages::EndRoute;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EndpointResumed")]
pub(super) struct Resumed {
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
    let (_, route) = of_gateway(edge, &caller, &gateway, &name)?;
    let resumed = edge.wharf.gates.resume(&route.url, now_ms());
    let result = if resumed { "resumed" } else { "it was not paused" };
    let deed = Deed { gateway: &gateway, verb: "resume", ids: vec![name.as_str().into()], result: result.to_owned() };
    audit::keep(deed, &request, &caller, edge).await?;
    Ok(json(&Resumed { route: route.name.to_string(), resumed, routes: sharing(edge, &caller, &route.url) }))
}

/// A route of the settings, for a key that is for all accounts of its gateway, and who is engaged there.
pub(super) fn of_gateway(
    edge: &Edge,
    caller: &Caller,
    gateway: &str,
    name: &str,
) -> Result<(Arc<Desks>, Arc<Route>), ApiError> {
    let full_name = format!("{gateway}/{name}");
    let unknown = || ApiError::naming(ErrorId::RouteUnknown, &full_name);
    let desks = edge.wharf.directory.gateway(gateway).filter(|_| caller.may_use_gateway(gateway));
    let desks = desks.ok_or_else(unknown)?;
    caller.require_all_accounts()?;
    let routes = desks.gateway.routes.get();
    let route = routes.iter().find(|route| *route.name == *full_name).cloned().ok_or_else(unknown)?;
    Ok((desks, route))
}

/// The routes to `url` that the caller may know of.
fn sharing(edge: &Edge, caller: &Caller, url: &str) -> Vec<String> {
    let gateways = edge.wharf.directory.gateways().into_iter();
    let theirs = gateways.filter(|desks| caller.may_use_gateway(&desks.gateway.uri));
    let routes = theirs.flat_map(|desks| desks.gateway.routes.get().to_vec()).filter(|route| route.url == url);
    let mut names: Vec<String> = routes.map(|route| route.name.to_string()).collect();
    names.sort();
    names
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RouteEnded")]
pub(super) struct Ended {
    route: String,
    /// Accounts where it was known.
    accounts: usize,
}

/// Gives up what is left of a route that is not in the settings any more: its unfinished deliveries become dead letters.
pub async fn end(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (gateway, name) = path.into_inner();
    let (edge, caller) = admin(&request, &late).await?;
    caller.require_all_numbers()?;
    caller.require_all_accounts()?;
    let full_name: Arc<str> = format!("{gateway}/{name}").into();
    let unknown = || ApiError::naming(ErrorId::RouteUnknown, &full_name);
    let desks = edge.wharf.directory.gateway(&gateway).filter(|_| caller.may_use_gateway(&gateway));
    let desks = desks.ok_or_else(unknown)?;
    if desks.gateway.routes.get().iter().any(|route| route.name == full_name) {
        return Err(ApiError::naming(ErrorId::RouteStands, &full_name));
    }
    let accounts = desks.everybody();
    let asked = accounts.into_iter().map(|(_, actor)| actor.send(EndRoute { route: Arc::clone(&full_name) }));
    let ended = join_all(asked).await.into_iter().filter(|ended| matches!(ended, Ok(true))).count();
    let of_tests = desks.gate.send(EndRoute { route: Arc::clone(&full_name) }).await.unwrap_or(false);
    if ended == 0 && !of_tests {
        return Err(unknown());
    }
    let result = format!("{full_name} ended at {ended} accounts");
    let deed = Deed { gateway: &gateway, verb: "end_route", ids: vec![name.as_str().into()], result };
    audit::keep(deed, &request, &caller, edge).await?;
    Ok(json(&Ended { route: full_name.to_string(), accounts: ended }))
}
