//! `/api/quarantine`: what no account owns, by the account it claims, and the items themselves.

use super::events::EventShown;
use super::page::Wanted;
use super::{inspector, json, read, sees_claim};
use crate::callback::Query;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use wharf_actors::rules::gate::quarantine_stream;
use wharf_storage::{Claim, Event, Kind, Noun};

/// What no account owns.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Quarantine {
    /// By gateway and claimed account.
    claims: Vec<ClaimShown>,
    /// The items of the gateway asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<EventShown>>,
}

/// Items that claim one account.
#[derive(Debug, Serialize, JsonSchema)]
struct ClaimShown {
    gateway: String,
    /// The account they claim; `null` where they name none.
    claimed: Option<String>,
    /// The id of the first of them.
    first: String,
    count: u64,
    bytes: u64,
}

/// The claims; with `gateway=` its items too, `after` a number.
pub async fn list(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    caller.require_all_numbers()?;
    let query = Query::read(request.query_string());
    let (wanted, after) = (Wanted::read(&query)?, after(&query)?);
    let claims: Vec<Claim> = read(edge, |store| {
        store.hot(Kind::Claim, &[]).iter().map(|(_, bytes)| Claim::from_bytes(bytes)).collect::<Result<Vec<_>, _>>()
    })
    .await?;
    let waiting = claims.clone();
    let named = |claimed: &str| Some(claimed.to_owned()).filter(|claimed| !claimed.is_empty());
    let seen = claims.into_iter().filter(|claim| sees_claim(&caller, &claim.gateway, named(&claim.claimed).as_deref()));
    let claims = seen.map(ClaimShown::of).collect();
    let events = match query.first("gateway") {
        None => None,
        Some(gateway) if !caller.may_use_gateway(gateway) || !is_known(edge, &waiting, gateway) => {
            return Err(ApiError::naming(ErrorId::GatewayUnknown, gateway));
        }
        Some(gateway) => {
            let stream = quarantine_stream(gateway);
            let events = read(edge, move |store| store.events(&stream, after, wanted.limit, 8 << 20)).await?;
            let seen = events.into_iter().filter(|event| {
                waits(&waiting, gateway, event) && sees_claim(&caller, gateway, event.claimed.as_deref())
            });
            Some(seen.map(EventShown::of).collect())
        }
    };
    Ok(json(&Quarantine { claims, events }))
}

/// The number in the quarantine's stream after which to go on.
fn after(query: &Query) -> Result<u64, ApiError> {
    let Some(text) = query.first("after") else { return Ok(0) };
    text.parse().map_err(|_| ApiError::naming(ErrorId::ParameterBad, format!("after must be a number, not {text}")))
}

/// Whether there is such a gateway, or was and left something.
fn is_known(edge: &Edge, claims: &[Claim], gateway: &str) -> bool {
    edge.wharf.directory.gateway(gateway).is_some() || claims.iter().any(|claim| &*claim.gateway == gateway)
}

/// Whether an item is still in quarantine: neither handed over nor evicted.
pub(super) fn waits(claims: &[Claim], gateway: &str, event: &Event) -> bool {
    let claimed = event.claimed.as_deref().unwrap_or_default();
    let its = claims.iter().find(|claim| &*claim.gateway == gateway && &*claim.claimed == claimed);
    its.is_some_and(|claim| event.seq >= claim.first)
}

impl ClaimShown {
    fn of(claim: Claim) -> Self {
        Self {
            first: format!("q.{}.{}", claim.gateway, claim.first),
            gateway: claim.gateway.into(),
            claimed: Some(claim.claimed.into_string()).filter(|claimed| !claimed.is_empty()),
            count: claim.count,
            bytes: claim.bytes,
        }
    }
}
