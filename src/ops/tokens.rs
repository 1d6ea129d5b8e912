//! `/api/accounts/{waba}/token`: an account's own token, put in and taken away; it is never shown.

use super::life::TokenShown;
use super::{changer, json};
use crate::audit::{self, Deed};
use crate::auth::Caller;
use crate::callback::read_body;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wharf_actors::directory::Desks;
use wharf_actors::gateway::{Gateway, Secret};
use wharf_actors::supervisor::own_tokens::{DropToken, SetToken, TokenFault};

/// The longest token: Meta's have a few hundred characters.
const LONGEST: usize = 4096;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewToken")]
pub(super) struct Given {
    token: String,
    /// The gateway that will engage the account, where none does yet.
    gateway: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenSet {
    account: String,
    gateway: String,
    token: Option<TokenShown>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenTaken {
    account: String,
    /// Whether it had one of its own.
    removed: bool,
}

/// From now on the account uses the token in the body. An account that is not engaged yet is known by it: `setup` finds
/// the account then.
pub async fn put(
    request: HttpRequest,
    waba: web::Path<String>,
    payload: Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    require_theirs(&caller, &waba)?;
    let too_many = || ApiError::naming(ErrorId::Busy, "too many bytes are under way");
    let mut reserved = edge.in_flight.reserve(0).ok_or_else(too_many)?;
    let (token, named) = given(&read_body(&request, payload, &mut reserved).await?)?;
    drop(reserved);
    let gateway = gateway_of(edge, &caller, &waba, named.as_deref())?;
    let account: Arc<str> = waba.as_str().into();
    let (uri, of) = (Arc::clone(&gateway.uri), Arc::clone(&account));
    let set = edge.wharf.supervisor.send(SetToken { account: of, gateway: uri, token }).await;
    let set = set.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?;
    let result = set.as_ref().map_or_else(|fault| format!("not set: {fault}"), |()| "set".to_owned());
    let deed = Deed { gateway: &gateway.uri, verb: "token.set", ids: vec![waba.as_str().into()], result };
    audit::keep(deed, &request, &caller, edge).await?;
    set.map_err(refused)?;
    let token = gateway.own_tokens.of(&account).map(|own| TokenShown::of_account(&own));
    Ok(json(&TokenSet { account: waba.into_inner(), gateway: gateway.uri.to_string(), token }))
}

/// From now on the account uses its gateway's token again.
pub async fn delete(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    require_theirs(&caller, &waba)?;
    let keeps_it = |desks: &Arc<Desks>| desks.gateway.own_tokens.has(&waba);
    let keeper = edge.wharf.directory.gateways().into_iter().find(keeps_it).map(|desks| desks.gateway.uri.to_string());
    let keeper =
        keeper.filter(|keeper| caller.may_use_gateway(keeper) && edge.wharf.directory.account(&waba).is_none());
    if keeper.is_none() && edge.wharf.directory.account(&waba).is_none() {
        return Err(ApiError::naming(ErrorId::AccountUnknown, &waba));
    }
    let gateway = gateway_of(edge, &caller, &waba, keeper.as_deref())?;
    let drop = DropToken { account: waba.as_str().into(), gateway: Arc::clone(&gateway.uri) };
    let taken = edge.wharf.supervisor.send(drop).await;
    let taken = taken.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?;
    let removed = taken.map_err(refused)?;
    let result = if removed { "removed" } else { "it had none" }.to_owned();
    let deed = Deed { gateway: &gateway.uri, verb: "token.remove", ids: vec![waba.as_str().into()], result };
    audit::keep(deed, &request, &caller, edge).await?;
    Ok(json(&TokenTaken { account: waba.into_inner(), removed }))
}

/// Refuses a key that is not for the account, or not for all of it.
fn require_theirs(caller: &Caller, waba: &str) -> Result<(), ApiError> {
    if !caller.may_use_account(waba) {
        return Err(ApiError::naming(ErrorId::AccountUnknown, waba));
    }
    Ok(caller.require_all_numbers()?)
}

/// The gateway that engages the account; where none does yet, the one that is `named`, or the only one there is.
fn gateway_of(edge: &Edge, caller: &Caller, waba: &str, named: Option<&str>) -> Result<Arc<Gateway>, ApiError> {
    let directory = &edge.wharf.directory;
    let theirs = |desks: &Arc<Desks>| caller.may_use_gateway(&desks.gateway.uri);
    if let Some((_, desks)) = directory.account(waba) {
        let desks = Some(desks).filter(theirs).ok_or_else(|| ApiError::naming(ErrorId::AccountUnknown, waba))?;
        return match named.is_none_or(|named| *named == *desks.gateway.uri) {
            true => Ok(Arc::clone(&desks.gateway)),
            false => Err(ApiError::naming(ErrorId::OtherGateway, &desks.gateway.uri)),
        };
    }
    let Some(named) = named else {
        let mut all = directory.gateways().into_iter().filter(theirs);
        return match (all.next(), all.next()) {
            (Some(only), None) => Ok(Arc::clone(&only.gateway)),
            (_, _) => {
                let text = format!("account {waba} is not engaged yet: say where it will be, with \"gateway\": \"…\"");
                Err(ApiError::naming(ErrorId::ParameterBad, text))
            }
        };
    };
    let desks = directory.gateway(named).filter(theirs);
    Ok(Arc::clone(&desks.ok_or_else(|| ApiError::naming(ErrorId::GatewayUnknown, named))?.gateway))
}

/// The token and the gateway of a body. What is wrong with it is said without showing any of it.
fn given(body: &[u8]) -> Result<(Secret, Option<String>), ApiError> {
    let wanted = || ApiError::naming(ErrorId::BodyNotJson, "it must be {\"token\": \"…\"}, perhaps with a \"gateway\"");
    let Given { token, gateway } = serde_json::from_slice(body).map_err(|_| wanted())?;
    let sound = !token.is_empty() && token.len() <= LONGEST && token.bytes().all(|byte| byte.is_ascii_graphic());
    match sound {
        true => Ok((Secret::new(token), gateway)),
        false => Err(ApiError::naming(
            ErrorId::TokenUnfit,
            "it must be 1 to 4096 visible ASCII characters; is there a line break in it?",
        )),
    }
}

fn refused(fault: TokenFault) -> ApiError {
    match fault {
        TokenFault::Elsewhere => ApiError::naming(ErrorId::TokenUnfit, fault),
        TokenFault::Vault(why) => ApiError::naming(ErrorId::SecretNotKept, why),
        TokenFault::Unfit(why) => ApiError::naming(ErrorId::TokenUnfit, why),
        TokenFault::Graph(fault) => ApiError::naming(ErrorId::GraphFailed, fault),
        TokenFault::NotKept(_) => ApiError::plain(ErrorId::StoreClosed),
    }
}
