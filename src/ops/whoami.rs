//! `/api/whoami`: what a key is good for. Any valid key may ask.

use super::json;
use crate::auth::{Caller, Scope};
use crate::authorised;
use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

/// What a key is good for. Empty lists mean all.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Whoami {
    /// Its name in audit records.
    name: String,
    scopes: BTreeSet<Scope>,
    gateways: Vec<String>,
    accounts: Vec<String>,
    numbers: Vec<String>,
}

/// Who asks.
pub async fn whoami(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let edge = late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "the store is being opened"))?;
    let Caller { name, scopes, gateways, accounts, numbers } = authorised::caller(&request, edge).await?;
    Ok(json(&Whoami { name: name.to_string(), scopes, gateways, accounts, numbers }))
}
