//! `POST /api/accounts/{waba}/dead/redrive`: dead letters become deliveries and messages again. Also after `remove`.

use super::{changer, full_name, json, optional, read, require_whole_account};
use crate::audit::{self, Deed};
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use wharf_actors::account::{Account, Letters, find_letters};
use wharf_actors::messages::{Awaken, Redrive};
use wharf_actors::rules::account::Redriven;
use wharf_storage::{DeadLetter, KeyBuilder, Kind, Noun, Store, StoreError};

/// Letters looked at for the routes and gateways they were for.
const LOOKED_AT: usize = 10_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WhatToRedrive")]
pub(super) struct Given {
    /// Only what this route was to get.
    route: Option<String>,
    /// Only this event.
    event: Option<String>,
    /// Only this message.
    message: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Redriven")]
pub(super) struct Shown {
    /// What is delivered or sent again.
    redriven: usize,
    /// What cannot be: its route or its bytes are gone.
    skipped: usize,
    /// What is still to be redriven: ask again.
    left: usize,
}

/// Delivers and sends again what was given up: all of it, or that of a route, an event or a message; a thousand in one
/// call at most. Durable before it is answered.
pub async fn redrive(
    request: HttpRequest,
    waba: web::Path<String>,
    payload: web::Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    require_whole_account(edge, &caller, &waba)?;
    let wanted = "it may be left out, or have a \"route\", an \"event\" or a \"message\"";
    let Given { route, event, message } = optional(edge, &request, payload, wanted).await?;
    let names = routes_of_letters(edge, &waba).await?;
    let engaged = edge.wharf.directory.account(&waba);
    if engaged.is_none() && (names.is_empty() || waba.contains('.')) {
        return Err(ApiError::naming(ErrorId::AccountUnknown, &waba));
    }
    let gateway = engaged.as_ref().map(|(_, desks)| desks.gateway.uri.to_string());
    let gateway = gateway.or_else(|| gateway_of(edge, &names)).unwrap_or_default();
    let route = match route {
        None => None,
        Some(given) => {
            let full = full_name(&given, &gateway, &waba, names.iter().map(String::as_str));
            Some(full.ok_or_else(|| ApiError::naming(ErrorId::RouteUnknown, &given))?.into())
        }
    };
    let letters = Letters { route, event: event.map(Into::into), message: message.map(Into::into) };
    let redriven = match engaged.map(|(actor, _)| actor) {
        Some(actor) => ask(&actor, letters).await?,
        None => after_removal(edge, &waba, &gateway, letters).await?,
    };
    let Redriven { redriven, skipped, left } = redriven;
    let result = format!("{redriven} redriven, {skipped} skipped, {left} left");
    let deed = Deed { gateway: &gateway, verb: "dead.redrive", ids: vec![waba.as_str().into()], result };
    audit::keep(deed, &request, &caller, edge).await?;
    let mut answer = json(&Shown { redriven, skipped, left });
    *answer.status_mut() = StatusCode::ACCEPTED;
    Ok(answer)
}

/// Nobody is engaged: somebody delivers all the same, if the gateway and its routes are there.
async fn after_removal(edge: &Edge, waba: &str, gateway: &str, letters: Letters) -> Result<Redriven, ApiError> {
    let stopping = || ApiError::naming(ErrorId::NotReady, "wharf is stopping");
    let awaken = Awaken { account: waba.into(), gateway: gateway.into() };
    let awake = edge.wharf.supervisor.send(awaken).await.map_err(|_| stopping())?;
    match awake.map_err(|why| ApiError::naming(ErrorId::StoreFailed, why))? {
        Some(actor) => ask(&actor, letters).await,
        None => {
            let account = waba.to_owned();
            let found = read(edge, move |store| find_letters(store, &account, &letters, &HashMap::new())).await?;
            Ok(found.tally)
        }
    }
}

async fn ask(actor: &actix::Addr<Account>, letters: Letters) -> Result<Redriven, ApiError> {
    let told = actor.send(Redrive(letters)).await;
    let told = told.map_err(|_| ApiError::naming(ErrorId::NotReady, "the account is being restarted"))?;
    told.map_err(|why| ApiError::naming(ErrorId::Busy, why))
}

/// The routes that the account's dead letters were for; an empty name stands for those of messages.
async fn routes_of_letters(edge: &Edge, waba: &str) -> Result<BTreeSet<String>, ApiError> {
    let prefix = KeyBuilder::new().text(waba).build();
    read(edge, move |store| routes_in(store, &prefix.0)).await
}

fn routes_in(store: &dyn Store, prefix: &[u8]) -> Result<BTreeSet<String>, StoreError> {
    let letters = store.page(Kind::Dead, prefix, None, LOOKED_AT)?;
    let names = letters.iter().map(|(_, bytes)| Ok(DeadLetter::from_bytes(bytes)?.route.unwrap_or_default().into()));
    names.collect()
}

/// The gateway of which one of these routes is.
fn gateway_of(edge: &Edge, names: &BTreeSet<String>) -> Option<String> {
    let has = |desks: &wharf_actors::directory::Desks| {
        desks.gateway.routes.get().iter().any(|route| names.contains(&*route.name))
    };
    let gateways = edge.wharf.directory.gateways();
    gateways.iter().find(|desks| has(desks)).map(|desks| desks.gateway.uri.to_string())
}
