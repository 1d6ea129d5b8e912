//! `[[gateway]]`: what a gateway needs, and what it may be called. Its routes are read next door.

use super::node::Value;
use super::routes;
use super::section::{Reading, Section, Unread};
use super::values;
use std::collections::BTreeMap;
use std::sync::Arc;
use wharf_actors::gateway::own_tokens::OwnTokens;
use wharf_actors::gateway::{Gateway, Overrides, Route, Secret, VerbsAt};

/// Paths of the public listener that are not callbacks.
const TAKEN: [&str; 5] = ["oauth", "api", "metrics", "healthz", "readyz"];

/// Longest name of a gateway, route or key: it stands in paths, metrics and logs.
pub(super) const LONGEST_NAME: usize = 64;

/// What the gateways need to know of `[server]`.
pub(super) struct Public<'s> {
    /// `public_url`, where it is set and sound.
    pub(super) url: Option<&'s str>,
    /// Whether `public_url` is set at all: a wrong one is one fault, not two.
    pub(super) given: bool,
}

/// Reads all gateways.
pub(super) fn read(all: Vec<Unread>, public: &Public<'_>, reading: &mut Reading) -> Option<Vec<Arc<Gateway>>> {
    let mut seen = BTreeMap::new();
    let read: Vec<Option<Arc<Gateway>>> =
        all.into_iter().map(|unread| gateway(unread, public, &mut seen, reading)).collect();
    read.into_iter().collect()
}

fn gateway(
    unread: Unread,
    public: &Public<'_>,
    seen: &mut BTreeMap<String, String>,
    reading: &mut Reading,
) -> Option<Arc<Gateway>> {
    let mut section = Section::open("gateway", unread, reading)?;
    let uri = uri(&mut section, seen);
    let token = section.secret("whatsapp_token");
    let app_secrets = app_secrets(&mut section);
    let app_id = section.maybe("app_id", values::id);
    let verify_token = section.maybe_secret("verify_token");
    let business_id = section.maybe("business_id", values::id);
    let overrides = overrides(&mut section, public);
    let verbs = section.get("verbs", verbs_at);
    let admin_origin = section.maybe("admin_origin", page_origin);
    warn_of_login(&mut section, public);
    let routes = section.tables("route");
    warn(&mut section, routes.is_empty());
    section.close();
    let routes = routes::read(routes, uri.as_deref().unwrap_or_default(), reading);
    let uri = uri?;
    Some(Arc::new(Gateway {
        callback_url: public.url.map(|url| format!("{url}/{uri}")),
        uri: uri.into(),
        token: token?.into(),
        app_secrets: app_secrets?.into(),
        app_id: app_id?,
        verify_token: verify_token?.into(),
        business_id: business_id?,
        overrides: overrides?,
        routes: (routes? as Vec<Arc<Route>>).into(),
        own_tokens: OwnTokens::default(),
        verbs: verbs?,
        admin_origin: admin_origin?,
    }))
}

/// The origin of a page, as browsers write it: in small letters, and without the port that is understood.
fn page_origin(value: &Value) -> Result<String, String> {
    let expected = "scheme, host and perhaps port of a page, such as \"https://console.example.com\"";
    let origin = values::origin(value).map_err(|_| expected.to_owned())?.to_ascii_lowercase();
    let understood = if origin.starts_with("https:") { ":443" } else { ":80" };
    Ok(origin.strip_suffix(understood).map_or(origin.clone(), str::to_owned))
}

/// A page cannot open a login that there is not.
fn warn_of_login(section: &mut Section<'_>, public: &Public<'_>) {
    if section.has("admin_origin") && !(section.has("app_id") && public.given) {
        section.warn(
            "admin_origin",
            "logging in needs app_id and server.public_url too: without them `setup` asks nobody",
        );
    }
}

/// Which listener takes the verbs.
fn verbs_at(value: &Value) -> Result<VerbsAt, String> {
    match value.text() {
        Some("public") => Ok(VerbsAt::Public),
        Some("ops") => Ok(VerbsAt::Ops),
        Some(_) | None => Err("\"public\" or \"ops\"".to_owned()),
    }
}

fn uri(section: &mut Section<'_>, seen: &mut BTreeMap<String, String>) -> Option<String> {
    let uri = section.get("uri", |value| {
        let sound = |text: &&str| name_fault(text).is_none();
        value.text().filter(sound).map(str::to_owned).ok_or_else(|| uri_rule(value.text().unwrap_or_default()))
    })?;
    if let Some(other) = seen.insert(uri.clone(), section.path_of("uri")) {
        section.fault_at("uri", format!("\"{uri}\", which is {other} too"), "another name: each gateway has its own");
        return None;
    }
    Some(uri)
}

fn uri_rule(text: &str) -> String {
    name_fault(text).unwrap_or("a name").to_owned()
}

/// What speaks against `text` as a gateway's name: the rule it breaks.
fn name_fault(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if TAKEN.contains(&lower.as_str()) {
        return Some("a name other than oauth, api, metrics, healthz and readyz, which Wharf serves itself");
    }
    let after_v = lower.strip_prefix('v').unwrap_or_default();
    if !after_v.is_empty() && after_v.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("a name that is not `v` and a number, which stands for a Graph version");
    }
    let sound = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(is_name_byte);
    if !sound || text.len() > LONGEST_NAME {
        return Some("a letter, then letters, digits, - and _, at most 64 together (no slash)");
    }
    None
}

/// Letters, digits, `-` and `_`.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn app_secrets(section: &mut Section<'_>) -> Option<Vec<Secret>> {
    let dev = section.get("dev", values::truth);
    let secrets = section.secrets("app_secret")?;
    if secrets.is_empty() && !dev? {
        section.missing("app_secret");
        return None;
    }
    if secrets.is_empty() {
        section.warn("dev", "without app_secret anybody can post webhooks here; set one before Meta's traffic comes");
    }
    Some(secrets)
}

fn overrides(section: &mut Section<'_>, public: &Public<'_>) -> Option<Overrides> {
    if !section.get("override", values::truth)? {
        return Some(Overrides::App);
    }
    if !public.given {
        section.fault_at("override", "true, without server.public_url", "server.public_url, which Meta is to call");
    }
    if !section.has("verify_token") {
        section.fault_at("override", "true, without verify_token", "a verify_token, which Meta is to say");
    }
    Some(Overrides::Account)
}

fn warn(section: &mut Section<'_>, no_routes: bool) {
    if no_routes {
        section.warn("", "no [[gateway.route]]: events are kept in the journal and go nowhere");
    }
    if !section.has("verify_token") {
        section.warn("", "no verify_token: Meta's handshake will fail, so the callback cannot be registered");
    }
}
