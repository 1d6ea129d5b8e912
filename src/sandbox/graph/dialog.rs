//! The login dialog: a page on which a person allows the app what it asks for, or does not.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};

use super::Graph;
use super::fault::Fault;
use crate::sandbox::refusal::Refusal;

/// `GET /dialog/oauth`
pub(super) async fn page(params: Query<HashMap<String, String>>, graph: Data<Graph>) -> Result<HttpResponse, Fault> {
    let named = |name: &str| params.get(name).map(String::as_str).unwrap_or_default();
    let (redirect_uri, state) = (named("redirect_uri"), named("state"));
    let mut world = graph.world();
    if named("client_id") != world.options.app_id {
        return Err(Refusal::oauth("Invalid App ID: the provided app ID does not look like a valid app ID.").into());
    }
    if named("response_type") != "code" || !redirect_uri.starts_with("http") {
        return Err(Refusal::parameter("redirect_uri and response_type=code are required.").into());
    }
    let code = world.allow(redirect_uri);
    let allow = back(redirect_uri, &[("code", &code), ("state", state)]);
    let said = "Permissions error";
    let cancel = [("error", "access_denied"), ("error_reason", "user_denied"), ("error_description", said)];
    let cancel = back(redirect_uri, &[&cancel[..], &[("state", state)]].concat());
    let scopes = escaped(named("scope"));
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html><title>Log in (sandbox)</title><h1>Wharf Sandbox wants to use your accounts</h1>\
         <p>It asks for {scopes}.</p><p><a id=\"allow\" href=\"{}\">Allow</a> <a id=\"cancel\" href=\"{}\">Cancel</a></p>",
        escaped(&allow),
        escaped(&cancel),
    )))
}

fn back(redirect_uri: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let mark = if redirect_uri.contains('?') { '&' } else { '?' };
    format!("{redirect_uri}{mark}{query}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
