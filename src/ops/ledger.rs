//! `/api/ledger`: where everything went, all figures from one committed state, and whether they balance.

use super::{inspector, json, sees, sees_claim};
use crate::auth::Caller;
use crate::edge::{Edge, Late};
use crate::error::ApiError;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use wharf_storage::Tally;

/// The ledger with what does not balance in it.
#[derive(Debug, Serialize)]
struct Sheet {
    #[serde(flatten)]
    ledger: Tally,
    balanced: bool,
    faults: Vec<String>,
}

/// The ledger of all owners that the caller's key may see, added up.
pub async fn all(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    caller.require_all_numbers()?;
    let mut ledger = Tally::default();
    for (owner, part) in edge.wharf.store.ledgers() {
        if sees_owner(edge, &caller, &owner) {
            ledger.add(&part);
        }
    }
    let faults = ledger.faults();
    Ok(json(&Sheet { ledger, balanced: faults.is_empty(), faults }))
}

/// Whether the caller's key is for a ledger: an account's, or that of a gateway for what no account owns.
pub(super) fn sees_owner(edge: &Edge, caller: &Caller, owner: &str) -> bool {
    let is_account = owner.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { sees(edge, caller, owner) } else { sees_claim(caller, owner, None) }
}
