//! `POST …/test`: a route tried out with a made-up message, outside every ledger.

use super::account_routes::{Place, admin};
use super::{json, routes};
use crate::audit::{self, Deed};
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use wharf_actors::clock::now_ms;
use wharf_actors::cloud::specimen;
use wharf_actors::courier::tryout::{TriedOut, TryOut};
use wharf_actors::gateway::Route;

/// The account that Meta's own tests name.
const NOBODY: &str = "0";

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RouteTried")]
pub(super) struct Answered {
    route: String,
    /// Whether it would have counted as delivered.
    delivered: bool,
    /// The HTTP status, where there was one.
    status: Option<u16>,
    took_ms: u64,
    /// What happened, where it failed.
    reason: Option<String>,
}

/// Tries a gateway's route out.
pub async fn of_gateway(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (gateway, name) = path.into_inner();
    let (edge, caller) = admin(&request, &late).await?;
    let (desks, route) = routes::of_gateway(edge, &caller, &gateway, &name)?;
    let answered = try_out(edge, &desks.gateway.uri, NOBODY, &route).await?;
    let (verb, ids, result) = ("test_route", vec![name.as_str().into()], answered.told());
    audit::keep(Deed { gateway: &gateway, verb, ids, result }, &request, &caller, edge).await?;
    Ok(json(&answered))
}

/// Tries an account's own route out.
pub async fn of_account(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = admin(&request, &late).await?;
    let (waba, name) = path.into_inner();
    let place = Place::of(edge, &caller, &waba)?;
    let route = place.route(&name).await?.ok_or_else(|| place.unknown(&name))?;
    let answered = try_out(edge, place.gateway(), &waba, &route).await?;
    place.note("test_route", &format!("{} {}", answered.route, answered.told()), &request, &caller).await?;
    Ok(json(&answered))
}

async fn try_out(edge: &Edge, gateway: &Arc<str>, account: &str, route: &Arc<Route>) -> Result<Answered, ApiError> {
    let event = Arc::new(specimen::message(gateway, account, &route.name, now_ms()));
    let tried = edge.wharf.courier.send(TryOut { route: Arc::clone(route), event }).await;
    let TriedOut { delivered, status, took_ms, reason } =
        tried.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?;
    Ok(Answered { route: route.name.to_string(), delivered, status, took_ms, reason })
}

impl Answered {
    fn told(&self) -> String {
        match &self.reason {
            None => format!("delivered in {} ms", self.took_ms),
            Some(reason) => format!("failed after {} ms: {reason}", self.took_ms),
        }
    }
}
