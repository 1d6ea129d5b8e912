//! `POST /api/accounts/{waba}/pause` and `/resume`: an operator holds an account's sends or deliveries, or those of one
//! number, and lets them go. What a hold does, only the account decides.

use super::{changer, delivery_holds, json, require_account};
use crate::audit::{self, Deed};
use crate::auth::Caller;
use crate::callback::read_body;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wharf_actors::clock::now_ms;
use wharf_actors::messages::{BeginHold, EndHolds};
use wharf_storage::{HoldCause, HoldScope, SendHold};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WhatToHold")]
pub(super) struct Given {
    #[schemars(extend("enum" = ["sends", "deliveries"]))]
    what: String,
    /// Only deliveries to this route, by its name or its full name; sends have none.
    route: Option<String>,
    /// Only those of this number, by its id.
    number: Option<String>,
}

/// What is meant, as far as the caller's key goes.
enum Meant {
    /// Sends, of this number alone where there is one.
    Sends(Option<String>),
    /// Deliveries, to this route or of this number alone where there is one.
    Deliveries { route: Option<String>, number: Option<String> },
}

/// What is held from now on.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Paused {
    #[serde(flatten)]
    pub(super) meant: MeantShown,
    /// Whether it was not paused before.
    pub(super) paused: bool,
}

/// What may go on.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Resumed {
    #[serde(flatten)]
    pub(super) meant: MeantShown,
    /// How many holds ended. Of deliveries: one for just this, or none. Of sends: the operators', and those that wait
    /// for a token or for Meta.
    pub(super) ended: usize,
}

/// What was meant.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MeantShown {
    pub(super) account: String,
    #[schemars(extend("enum" = ["sends", "deliveries"]))]
    pub(super) what: &'static str,
    /// Its full name; sends have none.
    pub(super) route: Option<Box<str>>,
    pub(super) number: Option<Box<str>>,
}

impl MeantShown {
    fn sends(account: String, number: Option<String>) -> Self {
        Self { account, what: "sends", route: None, number: number.map(Into::into) }
    }
}

/// From now on no message of the account, or of the number, leaves, or no delivery starts; none is refused or lost.
/// Durable before it is answered.
pub async fn pause(
    request: HttpRequest,
    waba: web::Path<String>,
    payload: Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    let number = match meant(edge, &caller, &waba, &request, payload).await? {
        Meant::Sends(number) => number,
        Meant::Deliveries { route, number } => {
            return delivery_holds::pause(edge, &caller, &waba, (route, number), &request).await;
        }
    };
    let hold = SendHold {
        account: waba.as_str().into(),
        scope: scope(number.as_deref()),
        cause: HoldCause::Operator,
        code: None,
        reason: format!("paused by {}", caller.name).into(),
        since_ms: now_ms(),
        until_ms: None,
    };
    let (actor, desks) = edge.wharf.directory.account(&waba).ok_or_else(|| unknown(&waba))?;
    let paused = actor.send(BeginHold(hold)).await.map_err(|_| restarting())?.map_err(not_kept)?;
    let result = if paused { "paused" } else { "it was paused" };
    note(&desks.gateway.uri, "sends.pause", &waba, number.as_deref(), result, &request, &caller, edge).await?;
    Ok(json(&Paused { meant: MeantShown::sends(waba.into_inner(), number), paused }))
}

/// Lets them leave again, also where they wait for a token or for Meta: whoever asks knows better. Without a number
/// that is all of the account but its numbers' own pauses.
pub async fn resume(
    request: HttpRequest,
    waba: web::Path<String>,
    payload: Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    let number = match meant(edge, &caller, &waba, &request, payload).await? {
        Meant::Sends(number) => number,
        Meant::Deliveries { route, number } => {
            return delivery_holds::resume(edge, &caller, &waba, (route, number), &request).await;
        }
    };
    let (actor, desks) = edge.wharf.directory.account(&waba).ok_or_else(|| unknown(&waba))?;
    let place = scope(number.as_deref());
    let others = if number.is_some() { Some(place.clone()) } else { None };
    let mut ended = 0;
    for ends in [
        EndHolds { scope: Some(place), causes: vec![HoldCause::Operator] },
        EndHolds { scope: others, causes: vec![HoldCause::Token, HoldCause::Meta] },
    ] {
        ended += actor.send(ends).await.map_err(|_| restarting())?.map_err(not_kept)?;
    }
    let result = format!("{ended} holds ended");
    note(&desks.gateway.uri, "sends.resume", &waba, number.as_deref(), &result, &request, &caller, edge).await?;
    Ok(json(&Resumed { meant: MeantShown::sends(waba.into_inner(), number), ended }))
}

/// What the body means: a number is the account's own, and the key's. A key for some numbers alone must name one.
async fn meant(
    edge: &Edge,
    caller: &Caller,
    waba: &str,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Meant, ApiError> {
    require_account(edge, caller, waba)?;
    let too_many = || ApiError::naming(ErrorId::Busy, "too many bytes are under way");
    let mut reserved = edge.in_flight.reserve(0).ok_or_else(too_many)?;
    let body = read_body(request, payload, &mut reserved).await?;
    let wanted = "it must be {\"what\": \"sends\"} or {\"what\": \"deliveries\"}, perhaps with a \"number\" (a phone number id), and for deliveries with a \"route\"";
    let given: Result<Given, _> = serde_json::from_slice(&body);
    let Given { what, route, number } = given.map_err(|_| ApiError::naming(ErrorId::BodyNotJson, wanted))?;
    let number = number_of(edge, caller, waba, number)?;
    match (what.as_str(), route) {
        ("sends", None) => Ok(Meant::Sends(number)),
        ("deliveries", route) => Ok(Meant::Deliveries { route, number }),
        ("sends", Some(_)) => Err(ApiError::naming(ErrorId::ParameterBad, "sends have no route: deliveries have")),
        (what, _) => {
            let text = format!("{what:?} cannot be paused, \"sends\" and \"deliveries\" can");
            Err(ApiError::naming(ErrorId::ParameterBad, text))
        }
    }
}

fn number_of(edge: &Edge, caller: &Caller, waba: &str, number: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(number) = number else {
        caller.require_all_numbers()?;
        return Ok(None);
    };
    let is_its = edge.wharf.directory.account_of_number(&number).is_some_and(|(account, ..)| *account == *waba);
    match is_its && caller.may_use_number(&number) {
        true => Ok(Some(number)),
        false => {
            let text = format!("{number} is no phone number id of account {waba}: GET /api/accounts/{waba} lists them");
            Err(ApiError::naming(ErrorId::ParameterBad, text))
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one record, written for two endpoints")]
async fn note(
    gateway: &str,
    verb: &str,
    waba: &str,
    number: Option<&str>,
    result: &str,
    request: &HttpRequest,
    caller: &Caller,
    edge: &Edge,
) -> Result<(), ApiError> {
    let ids = std::iter::once(waba).chain(number).map(Into::into).collect();
    audit::keep(Deed { gateway, verb, ids, result: result.to_owned() }, request, caller, edge).await
}

fn scope(number: Option<&str>) -> HoldScope {
    number.map_or(HoldScope::Account, |id| HoldScope::Number(id.into()))
}

fn unknown(waba: &str) -> ApiError {
    ApiError::naming(ErrorId::AccountUnknown, waba)
}

fn restarting() -> ApiError {
    ApiError::naming(ErrorId::NotReady, "the account is being restarted")
}

fn not_kept(why: String) -> ApiError {
    ApiError::naming(ErrorId::NotReady, why)
}
