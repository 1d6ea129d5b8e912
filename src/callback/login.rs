//! `setup` in a browser: through Meta's login dialog and back, so that a person says which accounts they share. Whoever
//! comes back is known by a state that works once, and by the browser that it was begun in.

mod dialog;
mod page;
mod pending;

pub use page::script;
pub use pending::Logins;

use super::{Query, verbs};
use crate::auth::{self, Caller, Scope};
use crate::authorised;
use crate::edge::Edge;
use crate::error::{ApiError, ErrorId};
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, COOKIE, LOCATION, REFERER, REFERRER_POLICY, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use pending::{NotPending, Pending};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;
use wharf_actors::cloud::token::TokenReport;
use wharf_actors::courier::app::LogIn;
use wharf_actors::courier::fault::Fault;
use wharf_actors::directory::Desks;
use wharf_actors::gateway::{Gateway, Secret, VerbsAt};
use wharf_actors::messages::Force;
use wharf_actors::supervisor::verbs::{Ids, RunVerb, Verb, VerbAnswer};

/// The longest reason of Meta's that is shown.
const LONGEST_REASON: usize = 300;

/// Whether the gateway's settings allow a login: Meta must know the app, and the way back to us. Where only operators
/// reach the verbs, Meta leads nobody back to them.
pub(super) fn is_possible(gateway: &Gateway) -> bool {
    let app_is_known = gateway.app_id.is_some() && !gateway.app_secrets.get().is_empty();
    app_is_known && gateway.callback_url.is_some() && gateway.verbs == VerbsAt::Public
}

/// Whether a `setup` is a person's in a browser; programs ask for JSON, or for nothing in particular.
pub(super) fn is_asked_for(request: &HttpRequest, gateway: &Gateway) -> bool {
    is_possible(gateway) && wants_page(request)
}

fn wants_page(request: &HttpRequest) -> bool {
    header(request, &ACCEPT).is_some_and(|accept| accept.to_ascii_lowercase().contains("text/html"))
}

fn header<'r>(request: &'r HttpRequest, name: &actix_web::http::header::HeaderName) -> Option<&'r str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Refuses what a browser was led to, unless by the gateway's own page: to open this window is what that is for.
pub(super) fn refuse_foreign(request: &HttpRequest, gateway: &Gateway) -> Result<(), ApiError> {
    let Err(refused) = authorised::refuse_cross_site(request) else { return Ok(()) };
    let from = header(request, &REFERER).and_then(dialog::origin_of);
    match refuse_ahead(request).is_ok() && from.is_some() && from == gateway.admin_origin {
        true => Ok(()),
        false => Err(refused),
    }
}

/// Refuses what a browser only fetches ahead.
fn refuse_ahead(request: &HttpRequest) -> Result<(), ApiError> {
    let purpose = ["Sec-Purpose", "Purpose"].iter().find_map(|name| request.headers().get(*name)?.to_str().ok());
    auth::cross_site(None, purpose).map_or(Ok(()), |refusal| Err(refusal.into()))
}

/// Sends the browser to Meta; `call` is what the caller asked for.
pub(super) fn begin(caller: &Caller, call: RunVerb, gateway: &Gateway, edge: &Edge) -> Result<HttpResponse, ApiError> {
    let asked = match call.ids {
        Ids::All => Vec::new(),
        Ids::Named(ids) => ids,
    };
    let pending = Pending { gateway: call.gateway, key: Arc::clone(&caller.name), asked, wait: call.wait };
    let begun = edge.logins.begin(pending, Instant::now());
    let graph = (edge.chart.graph_url.as_str(), &*edge.graph_version);
    let location = dialog::url(graph, gateway, &begun.state);
    let cookie = dialog::cookie(gateway, &begun.browser, pending::LASTS.as_secs());
    Ok(HttpResponse::Found()
        .insert_header((LOCATION, location))
        .insert_header((SET_COOKIE, cookie))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .finish())
}

/// Somebody comes back from Meta's dialog. What came of it is a page for people, JSON for programs.
pub(super) async fn come_back(request: &HttpRequest, query: &Query, desks: &Arc<Desks>, edge: &Edge) -> HttpResponse {
    let ended = finish(request, query, desks, edge).await;
    let mut answer = match (wants_page(request), ended) {
        (true, ended) => page::show(&desks.gateway, &ended),
        (false, Ok(answer)) => verbs::answer(answer),
        (false, Err(error)) => error.error_response(),
    };
    if let Ok(gone) = dialog::cookie(&desks.gateway, "", 0).parse() {
        answer.headers_mut().insert(SET_COOKIE, gone);
    }
    answer
}

async fn finish(request: &HttpRequest, query: &Query, desks: &Arc<Desks>, edge: &Edge) -> Result<VerbAnswer, ApiError> {
    // Meta's site leads here: that alone is no reason to refuse.
    refuse_ahead(request)?;
    let gateway = &desks.gateway;
    let (pending, caller) = known(request, query, gateway, edge)?;
    edge.require_open_store()?;
    let report = log_in(query, gateway, edge).await?;
    let shared = report.targets.into_iter().chain(pending.asked).filter(|id| caller.may_use_account(id));
    let ids: BTreeSet<String> = shared.collect();
    let call = RunVerb {
        gateway: Arc::clone(&gateway.uri),
        verb: Verb::Setup,
        ids: if ids.is_empty() { Ids::All } else { Ids::Named(ids.into_iter().collect()) },
        force: Force::Respect,
        wait: pending.wait,
        visible: verbs::visible(&caller),
    };
    verbs::ask(request, &caller, call, edge).await
}

/// The login that somebody comes back from, and what the key that began it may do now, which may be less than then.
fn known(request: &HttpRequest, query: &Query, gateway: &Gateway, edge: &Edge) -> Result<(Pending, Caller), ApiError> {
    let anew = format!("{}?whatsapp=setup", gateway.callback_url.as_deref().unwrap_or_default());
    let browser = header(request, &COOKIE).and_then(|cookies| dialog::cookie_in(gateway, cookies));
    let state = query.first("state").unwrap_or_default();
    let taken = edge.logins.take(state, browser.unwrap_or_default(), &gateway.uri, Instant::now());
    let pending = taken.map_err(|why| match why {
        NotPending::Unknown => ApiError::naming(ErrorId::LoginUnknown, &anew),
        NotPending::OtherBrowser => ApiError::naming(ErrorId::LoginForeign, &anew),
    })?;
    let caller = edge.keys.named(&pending.key).ok_or_else(|| ApiError::naming(ErrorId::LoginUnknown, &anew))?;
    caller.require(Scope::Admin)?;
    caller.require_gateway(&gateway.uri)?;
    caller.require_all_numbers()?;
    Ok((pending, caller))
}

/// What the person granted; their token is forgotten by then.
async fn log_in(query: &Query, gateway: &Arc<Gateway>, edge: &Edge) -> Result<TokenReport, ApiError> {
    let refused = |why: String| ApiError::naming(ErrorId::LoginRefused, why);
    if let Some(error) = query.first("error") {
        let described = query.first("error_description").filter(|text| !text.is_empty());
        let text = described.map_or_else(|| error.to_owned(), |text| format!("{error}: {text}"));
        return Err(refused(text.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect()));
    }
    let code = query.first("code").filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| refused("Meta sent no code".to_owned()))?;
    let login = LogIn {
        gateway: Arc::clone(gateway),
        code: Secret::new(code),
        redirect_uri: gateway.callback_url.clone().unwrap_or_default(),
    };
    let report = edge.wharf.courier.send(login).await;
    let report = report.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?;
    let report = report.map_err(|fault| match fault {
        Fault::Refused(refusal) => refused(refusal.to_string()),
        fault @ (Fault::NotSent { .. } | Fault::Unknown { .. } | Fault::TooLarge { .. }) => {
            ApiError::naming(ErrorId::GraphFailed, fault)
        }
    })?;
    match unfit(&report, gateway) {
        Some(why) => Err(refused(why)),
        None => Ok(report),
    }
}

/// What speaks against what a person granted.
fn unfit(report: &TokenReport, gateway: &Gateway) -> Option<String> {
    if !report.is_valid {
        let reason = report.reason.clone().unwrap_or_else(|| "it gives no reason".to_owned());
        return Some(format!("Meta says that it is not valid ({reason})"));
    }
    if report.app_id.is_some() && report.app_id != gateway.app_id {
        return Some("it is for another app than this gateway's app_id".to_owned());
    }
    (!report.missing_scopes.is_empty())
        .then(|| format!("{} was not granted; log in again and allow it", report.missing_scopes.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_actors::gateway::Overrides;
    use wharf_actors::gateway::own_tokens::OwnTokens;

    /// As the settings would make it.
    pub(super) fn gateway() -> Gateway {
        Gateway {
            uri: "main".into(),
            token: Secret::new("t").into(),
            app_secrets: vec![Secret::new("s")].into(),
            app_id: Some("42".into()),
            verify_token: None.into(),
            business_id: None,
            overrides: Overrides::App,
            callback_url: Some("https://wa.example.com/main".into()),
            routes: Vec::new().into(),
            own_tokens: OwnTokens::default(),
            verbs: VerbsAt::Public,
            admin_origin: None,
        }
    }

    #[test]
    fn a_login_needs_the_app_its_secret_and_the_way_back() {
        assert!(is_possible(&gateway()));
        for lacking in [
            Gateway { app_id: None, ..gateway() },
            Gateway { app_secrets: Vec::new().into(), ..gateway() },
            Gateway { callback_url: None, ..gateway() },
            Gateway { verbs: VerbsAt::Ops, ..gateway() },
        ] {
            assert!(!is_possible(&lacking), "{lacking:?}");
        }
    }

    #[test]
    fn what_a_person_granted_must_work_for_our_app_and_hold_both_permissions() {
        let good = TokenReport { is_valid: true, app_id: Some("42".into()), ..TokenReport::default() };
        assert_eq!(unfit(&good, &gateway()), None);
        let cases = [
            (TokenReport { is_valid: false, ..good.clone() }, "not valid"),
            (TokenReport { app_id: Some("7".into()), ..good.clone() }, "another app"),
            (TokenReport { missing_scopes: vec!["whatsapp_business_messaging".into()], ..good }, "was not granted"),
        ];
        for (report, said) in cases {
            assert!(unfit(&report, &gateway()).is_some_and(|why| why.contains(said)), "{said}");
        }
    }
}
