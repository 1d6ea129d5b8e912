//! `DELETE /api/customers/{id}`: one customer's data erased on request, and whether nothing is left. Decides who may ask
//! for what; the eraser does it. It writes the customer's id nowhere.

use super::{is_known, sees};
use crate::audit::{self, Deed};
use crate::auth::{Caller, Scope};
use crate::authorised;
use crate::callback::Query;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use wharf_actors::eraser::Whom;
use wharf_storage::{Erased, Findings};

/// No id of a customer is shorter: a wrong one must not match half the journal.
const SHORTEST: usize = 5;
/// Meta's user ids have up to 128 characters behind the country.
const LONGEST: usize = 140;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Erasure")]
pub(super) struct Shown {
    /// `erased`, `nothing_left` or `pending`.
    state: &'static str,
    /// Whether a look through everything that is kept finds nothing of the customer any more.
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<FindingsShown>,
    /// By account, or `q.{gateway}` for a quarantine.
    found: BTreeMap<Box<str>, FindingsShown>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct FindingsShown {
    events: u64,
    dialogs: u64,
    names: u64,
    messages: u64,
    preferences: u64,
    dead_letters: u64,
}

/// Erases a customer, in all accounts that the key is for or in one (`account`).
pub async fn erase(request: HttpRequest, id: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    authorised::refuse_cross_site(&request)?;
    let edge = late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "the store is being opened"))?;
    let caller = authorised::caller(&request, edge).await?;
    caller.require(Scope::Admin)?;
    edge.require_open_store()?;
    let query = Query::read(request.query_string());
    let whom = reach(edge, &caller, customer(edge, &id)?, query.first("account"))?;
    let deed = |result: String| Deed { gateway: "", verb: "erase", ids: vec![pseudonym(&whom.id)], result };
    audit::keep(deed("begun".into()), &request, &caller, edge).await?;
    let mut following = edge.wharf.eraser.erase(whom.clone());
    let ended = actix_web::rt::time::timeout(edge.verb_wait, following.wait_for(Option::is_some)).await;
    let outcome = match ended {
        Err(_) => return Ok(answer(&mut HttpResponse::Accepted(), &Shown::pending())),
        Ok(Err(_)) => return Err(ApiError::naming(ErrorId::NotReady, "wharf is stopping")),
        Ok(Ok(outcome)) => outcome.clone(),
    };
    let erased = outcome.and_then(Result::ok).ok_or_else(|| ApiError::plain(ErrorId::ErasureUnfinished))?;
    let shown = Shown::of(&erased);
    let result = format!("{}, verified={}", shown.state, shown.verified);
    audit::keep(deed(result), &request, &caller, edge).await?;
    Ok(answer(&mut HttpResponse::Ok(), &shown))
}

fn answer(response: &mut actix_web::HttpResponseBuilder, shown: &Shown) -> HttpResponse {
    response.insert_header((CACHE_CONTROL, "no-store")).json(shown)
}

/// The id as Meta writes it; refused where it is none, or one of ours: then every event would seem to be the customer's.
fn customer(edge: &Edge, id: &str) -> Result<Box<str>, ApiError> {
    let id = id.strip_prefix('+').unwrap_or(id);
    let is_plain = id.chars().all(|letter| letter.is_ascii_alphanumeric() || "._:-".contains(letter));
    if !is_plain || !(SHORTEST..=LONGEST).contains(&id.len()) {
        let text = "a customer is named by the digits of a wa_id, or by a user id such as US.13491208655302741918";
        return Err(ApiError::naming(ErrorId::ParameterBad, text));
    }
    let directory = &edge.wharf.directory;
    let owns = || edge.wharf.store.ledgers().iter().any(|(owner, _)| owner == id);
    if directory.account(id).is_some() || directory.account_of_number(id).is_some() || owns() {
        let text = "this is the id of an account or a number here, not of a customer";
        return Err(ApiError::naming(ErrorId::ParameterBad, text));
    }
    Ok(id.into())
}

/// Where the caller's key lets it erase.
fn reach(edge: &Edge, caller: &Caller, id: Box<str>, account: Option<&str>) -> Result<Whom, ApiError> {
    if !caller.numbers.is_empty() {
        let text = format!("the key {} is for some numbers only, and an erasure concerns whole accounts", caller.name);
        return Err(ApiError::naming(ErrorId::AuthForbidden, text));
    }
    let gateways = Some(&caller.gateways).filter(|gateways| !gateways.is_empty());
    let gateways = gateways.map(|gateways| gateways.iter().map(|uri| uri.as_str().into()).collect());
    let accounts = match account {
        Some(account) if !sees(edge, caller, account) || !is_known(edge, account) => {
            return Err(ApiError::naming(ErrorId::AccountUnknown, account));
        }
        Some(account) => Some(vec![account.into()]),
        None if caller.accounts.is_empty() && caller.gateways.is_empty() => None,
        None => {
            let engaged = edge.wharf.directory.gateways().into_iter().flat_map(|desks| desks.read().all());
            let engaged = engaged.map(|(id, _)| String::from(&*id));
            let mut theirs: Vec<String> = engaged.chain(caller.accounts.iter().cloned()).collect();
            theirs.retain(|account| sees(edge, caller, account));
            theirs.sort();
            theirs.dedup();
            Some(theirs.into_iter().map(Into::into).collect())
        }
    };
    Ok(Whom { id, accounts, gateways })
}

/// What the audit says in the place of the id: whoever knows the id can tell that it was this one.
fn pseudonym(id: &str) -> Box<str> {
    let digest = Sha256::digest(id.as_bytes());
    format!("sha256:{}", digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()).into()
}

impl Shown {
    fn pending() -> Self {
        Self { state: "pending", verified: false, total: None, found: BTreeMap::new() }
    }

    fn of(erased: &Erased) -> Self {
        let mut total = FindingsShown::default();
        let found = erased.found.iter().filter(|(_, found)| found.total() > 0);
        let found: BTreeMap<_, _> = found.map(|(owner, found)| (owner.clone(), total.count(*found))).collect();
        let state = if found.is_empty() { "nothing_left" } else { "erased" };
        Self { state, verified: erased.verified, total: Some(total), found }
    }
}

impl FindingsShown {
    /// Adds `found` to the sum, and shows it.
    fn count(&mut self, found: Findings) -> Self {
        let Findings { events, dialogs, aliases, messages, preferences, dead } = found;
        self.events += events;
        self.dialogs += dialogs;
        self.names += aliases;
        self.messages += messages;
        self.preferences += preferences;
        self.dead_letters += dead;
        Self { events, dialogs, names: aliases, messages, preferences, dead_letters: dead }
    }
}
