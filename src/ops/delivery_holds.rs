//! An operator holds the deliveries of an account, those to one route or of one number, and lets them go.

use super::holds::{MeantShown, Paused, Resumed};
use super::{full_name, json, moment};
use crate::audit::{self, Deed};
use crate::auth::Caller;
use crate::edge::Edge;
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use wharf_actors::messages::{HoldDeliveries, Look};
use wharf_actors::rules::deliveries::Place;
use wharf_actors::views::DeliveryHoldView;

/// A hold in the answer about an account.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DeliveryHoldShown {
    route: Option<String>,
    number: Option<String>,
    since: Option<String>,
    by: String,
}

impl DeliveryHoldShown {
    /// As operators see it.
    pub(super) fn of(held: DeliveryHoldView) -> Self {
        let DeliveryHoldView { route, number, since_ms, by } = held;
        Self { route, number, since: moment(since_ms), by }
    }
}

/// A route and a number, as the caller names them.
type Named = (Option<String>, Option<String>);

/// From now on nothing of it starts. Durable before it is answered.
pub(super) async fn pause(
    edge: &Edge,
    caller: &Caller,
    waba: &str,
    named: Named,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let result = |paused: bool| if paused { "paused" } else { "they were paused" };
    let by = Some(caller.name.as_ref().into());
    let (place, paused) = set(edge, caller, waba, named, by, ("deliveries.pause", result), request).await?;
    Ok(json(&Paused { meant: shown(waba, place), paused }))
}

/// It may start again, where no other hold is for it.
pub(super) async fn resume(
    edge: &Edge,
    caller: &Caller,
    waba: &str,
    named: Named,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let result = |ended: bool| if ended { "resumed" } else { "they were not paused" };
    let (place, ended) = set(edge, caller, waba, named, None, ("deliveries.resume", result), request).await?;
    Ok(json(&Resumed { meant: shown(waba, place), ended: usize::from(ended) }))
}

fn shown(waba: &str, Place { route, number }: Place) -> MeantShown {
    MeantShown { account: waba.to_owned(), what: "deliveries", route, number }
}

async fn set(
    edge: &Edge,
    caller: &Caller,
    waba: &str,
    (route, number): Named,
    by: Option<Box<str>>,
    (verb, result): (&str, impl Fn(bool) -> &'static str),
    request: &HttpRequest,
) -> Result<(Place, bool), ApiError> {
    let unknown = || ApiError::naming(ErrorId::AccountUnknown, waba);
    let restarting = || ApiError::naming(ErrorId::NotReady, "the account is being restarted");
    let (actor, desks) = edge.wharf.directory.account(waba).ok_or_else(unknown)?;
    let gateway = Arc::clone(&desks.gateway.uri);
    let route = match route {
        None => None,
        Some(given) => {
            let known = actor.send(Look).await.map_err(|_| restarting())?.routes;
            let found = full_name(&given, &gateway, waba, known.keys().map(String::as_str));
            Some(found.ok_or_else(|| ApiError::naming(ErrorId::RouteUnknown, &given))?.into())
        }
    };
    let place = Place { route, number: number.map(Into::into) };
    let set = actor.send(HoldDeliveries { place: place.clone(), by }).await.map_err(|_| restarting())?;
    let is_news = set.map_err(|why| ApiError::naming(ErrorId::NotReady, why))?;
    let ids = [Some(waba.into()), place.route.clone(), place.number.clone()].into_iter().flatten().collect();
    let deed = Deed { gateway: &gateway, verb, ids, result: result(is_news).to_owned() };
    audit::keep(deed, request, caller, edge).await?;
    Ok((place, is_news))
}
