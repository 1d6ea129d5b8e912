//! The admin verbs: who asks, what is meant, and the answer as HTTP. What a verb does is the supervisor's.

use super::{Query, login};
use crate::audit::{self, Deed};
use crate::auth::{Caller, Scope};
use crate::authorised::{self, caller};
use crate::edge::Edge;
use crate::error::{ApiError, ErrorId};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use wharf_actors::cloud::ids;
use wharf_actors::courier::discovery::DiscoveryError;
use wharf_actors::directory::Desks;
use wharf_actors::messages::Force;
use wharf_actors::supervisor::verbs::{Ending, Ids, RunVerb, Verb, VerbAnswer, VerbError};

/// The longest that a caller may ask a verb to work before it answers 202.
const WAIT_AT_MOST: Duration = Duration::from_secs(300);

/// Runs the verb of a `GET ?whatsapp=…`.
pub(super) async fn run(
    request: &HttpRequest,
    word: &str,
    query: &Query,
    desks: &Arc<Desks>,
    edge: &Edge,
) -> Result<HttpResponse, ApiError> {
    parse(word)?;
    let caller = caller(request, edge).await?;
    run_as(request, &caller, word, query, desks, edge).await
}

/// Runs a verb for somebody whose key is right; whether they may is decided here.
pub(crate) async fn run_as(
    request: &HttpRequest,
    caller: &Caller,
    word: &str,
    query: &Query,
    desks: &Arc<Desks>,
    edge: &Edge,
) -> Result<HttpResponse, ApiError> {
    let verb = parse(word)?;
    caller.require(scope(verb))?;
    caller.require_gateway(&desks.gateway.uri)?;
    // A verb concerns whole accounts.
    caller.require_all_numbers()?;
    let by_login = verb == Verb::Setup && login::is_asked_for(request, &desks.gateway);
    if verb != Verb::Search {
        match by_login {
            true => login::refuse_foreign(request, &desks.gateway)?,
            false => authorised::refuse_cross_site(request)?,
        }
        edge.require_open_store()?;
    }
    let ids = ids(verb, query)?;
    require_accounts(caller, &ids)?;
    let call = RunVerb {
        gateway: Arc::clone(&desks.gateway.uri),
        verb,
        ids,
        force: if query.says_yes("force") { Force::Override } else { Force::Respect },
        wait: wait(query, edge)?,
        visible: visible(caller),
    };
    if by_login {
        return login::begin(caller, call, &desks.gateway, edge);
    }
    Ok(answer(ask(request, caller, call, edge).await?))
}

/// Has the supervisor run the verb, and writes down what changes something.
pub(super) async fn ask(
    request: &HttpRequest,
    caller: &Caller,
    call: RunVerb,
    edge: &Edge,
) -> Result<VerbAnswer, ApiError> {
    let ran = edge.wharf.supervisor.send(call.clone()).await;
    let ran = ran.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?;
    if call.verb != Verb::Search {
        note(request, caller, &call, &ran, edge).await?;
    }
    ran.map_err(refused)
}

/// The accounts that the caller may see; `None` means all.
pub(super) fn visible(caller: &Caller) -> Option<BTreeSet<String>> {
    (!caller.accounts.is_empty()).then(|| caller.accounts.iter().cloned().collect())
}

fn parse(word: &str) -> Result<Verb, ApiError> {
    match word {
        "" | "search" => Ok(Verb::Search),
        "setup" => Ok(Verb::Setup),
        "subscribe" => Ok(Verb::Subscribe),
        "unsubscribe" => Ok(Verb::Unsubscribe),
        "remove" => Ok(Verb::Remove),
        other => Err(ApiError::naming(ErrorId::VerbUnknown, other)),
    }
}

fn scope(verb: Verb) -> Scope {
    match verb {
        Verb::Search => Scope::Inspect,
        Verb::Setup | Verb::Subscribe | Verb::Unsubscribe | Verb::Remove => Scope::Admin,
    }
}

/// Absent means all; present but empty means all for `search` only.
fn ids(verb: Verb, query: &Query) -> Result<Ids, ApiError> {
    let named = ids::parse(query.all("id"));
    match (query.first("id").is_some(), named.is_empty(), verb) {
        (true, false, _) => Ok(Ids::Named(named)),
        (true, true, Verb::Setup | Verb::Subscribe | Verb::Unsubscribe | Verb::Remove) => {
            Err(ApiError::naming(ErrorId::IdsNeeded, verb.word()))
        }
        (false, _, Verb::Remove) if !query.says_yes("ack") => Err(ApiError::plain(ErrorId::AckNeeded)),
        (true, true, Verb::Search) | (false, ..) => Ok(Ids::All),
    }
}

fn require_accounts(caller: &Caller, ids: &Ids) -> Result<(), ApiError> {
    let Ids::Named(ids) = ids else { return Ok(()) };
    match ids.iter().find(|id| !caller.may_use_account(id)) {
        Some(id) => {
            Err(ApiError::naming(ErrorId::AuthForbidden, format!("the key {} may not use account {id}", caller.name)))
        }
        None => Ok(()),
    }
}

fn wait(query: &Query, edge: &Edge) -> Result<Duration, ApiError> {
    let Some(text) = query.first("wait") else { return Ok(edge.verb_wait) };
    let bad = || ApiError::naming(ErrorId::ParameterBad, format!("wait must be seconds from 0 to 300, not {text}"));
    let seconds: u64 = text.trim_end_matches('s').parse().map_err(|_| bad())?;
    let wait = Duration::from_secs(seconds);
    if wait > WAIT_AT_MOST { Err(bad()) } else { Ok(wait) }
}

async fn note(
    request: &HttpRequest,
    caller: &Caller,
    call: &RunVerb,
    ran: &Result<VerbAnswer, VerbError>,
    edge: &Edge,
) -> Result<(), ApiError> {
    let result = match ran {
        Ok(answer) => answer.summary.clone(),
        Err(error) => error.to_string(),
    };
    let ids = match &call.ids {
        Ids::All => Vec::new(),
        Ids::Named(ids) => ids.iter().map(|id| id.as_str().into()).collect(),
    };
    let deed = Deed { gateway: &call.gateway, verb: call.verb.word(), ids, result };
    audit::keep(deed, request, caller, edge).await
}

fn refused(error: VerbError) -> ApiError {
    match error {
        VerbError::NoGateway => ApiError::naming(ErrorId::PathUnknown, "this path"),
        VerbError::RemovePartial(ids) => ApiError::naming(ErrorId::RemovePartial, ids.join(", ")),
        VerbError::Setup(DiscoveryError::Graph(fault)) => ApiError::naming(ErrorId::GraphFailed, fault),
        VerbError::Setup(error @ (DiscoveryError::TokenInvalid(_) | DiscoveryError::ScopesMissing(_))) => {
            ApiError::naming(ErrorId::TokenRefused, error)
        }
        VerbError::Registry(reason) => ApiError::naming(ErrorId::StoreFailed, reason),
    }
}

pub(super) fn answer(answer: VerbAnswer) -> HttpResponse {
    let status = match answer.ending {
        Ending::Done => StatusCode::OK,
        Ending::Pending => StatusCode::ACCEPTED,
        Ending::AllFailed => StatusCode::BAD_GATEWAY,
    };
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "application/json; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(answer.body)
}
