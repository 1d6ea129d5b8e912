//! `POST /api/events/{id}/replay`: one event is delivered again.

use super::{changer, events, full_name, json, optional};
use crate::audit::{self, Deed};
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wharf_actors::messages::{Look, Replay, Replayed};
use wharf_storage::Event;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WhereToReplay")]
pub(super) struct Given {
    /// A route, by its name or its full name; left out, each whose filter wants the event now.
    route: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventReplayed")]
pub(super) struct Shown {
    event: String,
    /// Where it is delivered again.
    routes: Vec<Arc<str>>,
    /// Where it was to be delivered anyway.
    already_pending: Vec<Arc<str>>,
}

/// Delivers an event again: to the route that the body names, whatever its filter says, else to each whose filter wants
/// it now. Durable before it is answered.
pub async fn replay(
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    let event = events::seen(edge, &caller, &id).await?;
    let wanted = "it may be left out, or {\"route\": \"name\"}";
    let Given { route } = optional(edge, &request, payload, wanted).await?;
    if event.is_erased() {
        return Err(nothing("the bytes of the event were erased"));
    }
    let (gateway, replayed) = again(edge, event, route).await?;
    if replayed.routes.is_empty() && replayed.pending.is_empty() {
        return Err(match replayed.full.first() {
            Some(full) => ApiError::naming(ErrorId::ReplayFull, full),
            None => nothing("the filter of no route wants the event; name a route to deliver it all the same"),
        });
    }
    let Replayed { routes, pending, .. } = replayed;
    let result = format!("to {} routes", routes.len());
    let deed = Deed { gateway: &gateway, verb: "event.replay", ids: vec![id.as_str().into()], result };
    audit::keep(deed, &request, &caller, edge).await?;
    let mut answer = json(&Shown { event: id.into_inner(), routes, already_pending: pending });
    *answer.status_mut() = StatusCode::ACCEPTED;
    Ok(answer)
}

/// Asks whoever owns the event; also says at which gateway that is.
async fn again(edge: &Edge, event: Event, route: Option<String>) -> Result<(Arc<str>, Replayed), ApiError> {
    let restarting = || ApiError::naming(ErrorId::NotReady, "the account is being restarted");
    let not_kept = |why: String| ApiError::naming(ErrorId::NotReady, why);
    let unknown = |given: &str| ApiError::naming(ErrorId::RouteUnknown, given);
    let (stream, event) = (Arc::clone(&event.stream), Arc::new(event));
    let Some((place, gateway)) = stream.split_once('.') else {
        let (actor, desks) = edge.wharf.directory.account(&stream).ok_or_else(|| {
            nothing("its account was removed; what was left of it is under /dead, and can be redriven there")
        })?;
        let gateway = Arc::clone(&desks.gateway.uri);
        let known = actor.send(Look).await.map_err(|_| restarting())?.routes;
        let live = known.iter().filter(|(_, view)| !view.removed).map(|(name, _)| name.as_str());
        let full = |given: &String| full_name(given, &gateway, &stream, live.clone()).ok_or_else(|| unknown(given));
        let route = route.as_ref().map(full).transpose()?.map(Into::into);
        let replayed = actor.send(Replay { event, route }).await.map_err(|_| restarting())?;
        return Ok((gateway, replayed.map_err(not_kept)?));
    };
    if place == "q" {
        return Err(nothing(
            "the event is in quarantine: the setup that engages its account takes it out and delivers it",
        ));
    }
    let desks = edge.wharf.directory.gateway(gateway);
    let desks = desks.ok_or_else(|| ApiError::naming(ErrorId::GatewayUnknown, gateway))?;
    let routes = desks.gateway.routes.get();
    let testing = routes.iter().filter(|route| route.tests).map(|route| &*route.name);
    let full = |given: &String| full_name(given, gateway, gateway, testing.clone()).ok_or_else(|| unknown(given));
    let route = route.as_ref().map(full).transpose()?.map(Into::into);
    let replayed = desks.gate.send(Replay { event, route }).await.map_err(|_| restarting())?;
    Ok((Arc::clone(&desks.gateway.uri), replayed.map_err(not_kept)?))
}

fn nothing(why: &str) -> ApiError {
    ApiError::naming(ErrorId::ReplayNothing, why)
}
