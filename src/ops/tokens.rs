//! `/api/accounts/{waba}/token`: an account's own token, put in and taken away; it is never shown.

use super::life::TokenShown;
use super::{changer, json, require_whole_account};
use crate::audit::{self, Deed};
use crate::callback::read_body;
use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wharf_actors::gateway::Secret;
use wharf_actors::supervisor::own_tokens::{DropToken, SetToken, TokenFault};

/// The longest token: Meta's have a few hundred characters.
const LONGEST: usize = 4096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    token: String,
}

#[derive(Debug, Serialize)]
struct TokenSet {
    account: String,
    token: Option<TokenShown>,
}

#[derive(Debug, Serialize)]
struct TokenTaken {
    account: String,
    /// Whether it had one of its own.
    removed: bool,
}

/// From now on the account uses the token in the body.
pub async fn put(
    request: HttpRequest,
    waba: web::Path<String>,
    payload: Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    require_whole_account(edge, &caller, &waba)?;
    let token = given(&read_body(&request, payload).await?)?;
    let account: Arc<str> = waba.as_str().into();
    let desks = edge.wharf.directory.account(&account).map(|(_, desks)| desks);
    let desks = desks.ok_or_else(|| ApiError::naming(ErrorId::AccountUnknown, &account))?;
    let set = edge.wharf.supervisor.send(SetToken { account: Arc::clone(&account), token }).await;
    let set = set.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?;
    let result = set.as_ref().map_or_else(|fault| format!("not set: {fault}"), |()| "set".to_owned());
    let deed = Deed { gateway: &desks.gateway.uri, verb: "token.set", ids: vec![waba.as_str().into()], result };
    audit::keep(deed, &request, &caller, edge).await?;
    set.map_err(|fault| refused(fault, &account))?;
    let token = desks.gateway.own_tokens.of(&account).map(|own| TokenShown::of_account(&own));
    Ok(json(&TokenSet { account: waba.into_inner(), token }))
}

/// From now on the account uses its gateway's token again.
pub async fn delete(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    require_whole_account(edge, &caller, &waba)?;
    let account: Arc<str> = waba.as_str().into();
    let desks = edge.wharf.directory.account(&account).map(|(_, desks)| desks);
    let desks = desks.ok_or_else(|| ApiError::naming(ErrorId::AccountUnknown, &account))?;
    let taken = edge.wharf.supervisor.send(DropToken { account: Arc::clone(&account) }).await;
    let taken = taken.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?;
    let removed = taken.map_err(|fault| refused(fault, &account))?;
    let result = if removed { "removed" } else { "it had none" }.to_owned();
    let deed = Deed { gateway: &desks.gateway.uri, verb: "token.remove", ids: vec![waba.as_str().into()], result };
    audit::keep(deed, &request, &caller, edge).await?;
    Ok(json(&TokenTaken { account: waba.into_inner(), removed }))
}

/// The token of a body. What is wrong with it is said without showing any of it.
fn given(body: &[u8]) -> Result<Secret, ApiError> {
    let wanted = || ApiError::naming(ErrorId::BodyNotJson, "it must be {\"token\": \"…\"} and nothing else");
    let Given { token } = serde_json::from_slice(body).map_err(|_| wanted())?;
    let sound = !token.is_empty() && token.len() <= LONGEST && token.bytes().all(|byte| byte.is_ascii_graphic());
    match sound {
        true => Ok(Secret::new(token)),
        false => Err(ApiError::naming(
            ErrorId::TokenUnfit,
            "it must be 1 to 4096 visible ASCII characters; is there a line break in it?",
        )),
    }
}

fn refused(fault: TokenFault, account: &str) -> ApiError {
    match fault {
        TokenFault::Unknown => ApiError::naming(ErrorId::AccountUnknown, account),
        TokenFault::Vault(why) => ApiError::naming(ErrorId::SecretNotKept, why),
        TokenFault::Unfit(why) => ApiError::naming(ErrorId::TokenUnfit, why),
        TokenFault::Graph(fault) => ApiError::naming(ErrorId::GraphFailed, fault),
        TokenFault::NotKept(_) => ApiError::plain(ErrorId::StoreClosed),
    }
}
