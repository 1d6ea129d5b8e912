//! A route that an account is given through the API: JSON with the names, units and checks of `[[gateway.route]]`. Knows
//! neither accounts nor where routes are kept.

use super::address;
use super::fault::{Fault, Place, Warning};
use super::node::{Entry, Node, Table, Value};
use super::reference;
use super::routes;
use super::section::{Reading, Unread, nearest};
use super::terms::Terms;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use wharf_actors::gateway::Route;
use wharf_actors::gateway::signing::Signing;

/// What such a route may not say, and why.
const FOREIGN: [(&str, &str); 4] = [
    ("accounts", "the route belongs to one account"),
    ("tests", "test payloads belong to no account; let a route in the settings take them"),
    ("subject", "an account's own route is an HTTP endpoint"),
    ("credential", "an account's own route is an HTTP endpoint"),
];

/// What such a route may be beyond what it says itself.
#[derive(Debug, Clone)]
pub struct Allowed {
    /// What signs up to now: it stays where no secret is given, and goes on for a while beside a new one.
    pub signing: Signing,
    /// Whether it may have a private address.
    pub private: bool,
}

/// The route `{prefix}/{name}` that `body` describes, and what is doubtful about it; the error says all that is wrong.
pub fn own_route(
    body: &Json,
    prefix: &str,
    name: &str,
    allowed: &Allowed,
    now: u64,
) -> Result<(Route, Vec<String>), String> {
    let Json::Object(members) = body else { return Err("a route is a JSON object, such as {\"url\":\"…\"}".into()) };
    for (key, why) in FOREIGN {
        if members.contains_key(key) {
            return Err(format!("`{key}`: leave it out, {why}"));
        }
    }
    require_known(members)?;
    if members.get("name").is_some_and(|other| other.as_str() != Some(name)) {
        return Err(format!("`name`: leave it out, or say \"{name}\" as in the path"));
    }
    if members.get("secret").is_some_and(|secret| !secret.is_string() && !secret.is_null()) {
        return Err("`secret`: text, or null for none".into());
    }
    if members.get("url").and_then(Json::as_str).is_some_and(address::is_queue) {
        return Err("`url`: an http or https URL; routes to queues stand in the settings".into());
    }
    let terms = Terms::read(members, now)?;
    let said_of_route = members.iter().filter(|(key, value)| !value.is_null() && !Terms::has(key));
    let mut table: Table = said_of_route.map(entry).collect();
    table.insert("name".into(), placed(Value::Text(name.into())));
    table.entry("allow_private".into()).or_insert_with(|| placed(Value::Truth(false)));
    let mut reading = Reading::new(BTreeMap::new());
    let unread = Unread { path: String::new(), node: placed(Value::Table(table)).node };
    let read = routes::one(unread, prefix, &mut reading);
    let (mut route, warnings) = reading.finish(read).map_err(|faults| said(&faults.0))?;
    route.expires_at_ms = terms.expires_at_ms;
    route.signing = match members.contains_key("secret") {
        true => allowed.signing.rotated(route.signing.current().cloned(), terms.overlap_until_ms, now),
        false => allowed.signing.clone(),
    };
    require(&route, allowed)?;
    let signed = route.signing.signs();
    let warnings = warnings.into_iter().map(|Warning { text, .. }| text);
    Ok((route, warnings.filter(|text| !(signed && text.starts_with("no secret"))).collect()))
}

/// Refuses what such a route cannot say, with what it can. Its name may be said again.
fn require_known(members: &Map<String, Json>) -> Result<(), String> {
    let settings = reference::of_section("gateway.route").map(|setting| setting.key);
    let own = settings.filter(|key| *key != "name" && !FOREIGN.iter().any(|(foreign, _)| foreign == key));
    let known: Vec<&str> = own.chain(["batch"]).chain(Terms::NAMES).collect();
    let Some(odd) = members.keys().find(|key| *key != "name" && !known.contains(&key.as_str())) else { return Ok(()) };
    let hint = nearest(odd, known.iter().copied()).map(|near| format!(" (did you mean `{near}`?)"));
    Err(format!("`{odd}`: unknown, expected one of {}{}", known.join(", "), hint.unwrap_or_default()))
}

/// What is true of a route in the settings and need not be of this one.
fn require(route: &Route, allowed: &Allowed) -> Result<(), String> {
    if route.url.contains('…') {
        return Err("`url`: the whole URL; what an answer masks with … must be said again".into());
    }
    if route.allow_private && !allowed.private {
        return Err("`allow_private`: leave it out, or set server.private_routes = true in the settings".into());
    }
    Ok(())
}

fn said(faults: &[Fault]) -> String {
    let one = |fault: &Fault| {
        let hint = fault.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let path = fault.path.trim_start_matches('.');
        format!("`{path}`: found {}, expected {}{hint}", fault.found, fault.expected)
    };
    faults.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn entry((key, value): (&String, &Json)) -> (String, Entry) {
    (key.clone(), placed(read(value)))
}

fn placed(value: Value) -> Entry {
    Entry { place: Place::Settings, node: Node { place: Place::Settings, value } }
}

fn read(json: &Json) -> Value {
    match json {
        Json::Null => Value::Odd("null"),
        Json::Bool(truth) => Value::Truth(*truth),
        Json::Number(number) => number.as_i64().map_or(Value::Odd("a fraction"), Value::Number),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => Value::List(values.iter().map(|value| placed(read(value)).node).collect()),
        Json::Object(members) => Value::Table(members.iter().map(entry).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wharf_actors::gateway::{Batch, Secret};

    const NOW: u64 = 1_800_000_000_000;

    fn read(body: &Json) -> Result<(Route, Vec<String>), String> {
        let allowed = Allowed { signing: Signing::with([Secret::new("whsec_before")]), private: false };
        own_route(body, "main/100", "mine", &allowed, NOW)
    }

    #[test]
    fn names_units_and_defaults_are_those_of_the_settings() {
        let body = json!({"url": "https://a.example/x?key=1", "max_age": "2h", "final": [422], "types": ["message"],
            "batch": {"max": 5, "wait_ms": 20}});
        let (route, warnings) = read(&body).expect("sound");
        assert_eq!((&*route.name, route.max_age.as_secs(), &route.finals[..]), ("main/100/mine", 7200, &[422][..]));
        let batch = Batch { max: 5, wait: std::time::Duration::from_millis(20) };
        assert_eq!((route.batch, route.concurrency, route.allow_private), (Some(batch), 32, false));
        let before = Signing::with([Secret::new("whsec_before")]);
        assert_eq!(route.signing, before, "a secret that is not mentioned stays");
        assert_eq!(warnings, Vec::<String>::new());
    }

    #[test]
    fn a_new_secret_signs_beside_the_former_one_and_a_route_may_end_by_itself() {
        let body = json!({"url": "https://a.example/{whatsapp.business}", "secret": "next", "overlap": "1h",
            "expires_at": "2027-01-16T08:00:00Z"});
        let (route, warnings) = read(&body).expect("sound");
        let signs = |now| route.signing.at(now).into_iter().map(Secret::reveal).collect::<Vec<_>>();
        assert_eq!(signs(NOW), ["next", "whsec_before"]);
        assert_eq!(signs(NOW + 3_600_000), ["next"]);
        assert_eq!(route.expires_at_ms, Some(NOW + 86_400_000));
        assert_eq!(warnings, Vec::<String>::new());
    }

    #[test]
    fn null_takes_the_secret_away_and_the_answer_warns() {
        let (route, warnings) = read(&json!({"url": "https://a.example", "secret": null})).expect("sound");
        assert!(!route.signing.signs());
        assert!(warnings[0].starts_with("no secret"), "{warnings:?}");
    }

    #[test]
    fn what_an_accounts_route_may_not_say_is_refused_with_the_reason() {
        let url = "https://a.example";
        let refused = [
            (json!([]), "a JSON object"),
            (json!({}), "`url`"),
            (json!({"url": url, "accounts": ["1"]}), "`accounts`"),
            (json!({"url": url, "tests": true}), "`tests`"),
            (json!({"url": url, "name": "other"}), "as in the path"),
            (json!({"url": "https://{whatsapp.business}.example"}), "path or query only"),
            (json!({"url": "https://a.example/{whatsapp.number}", "batch": {"max": 5}}), "or no batch"),
            (json!({"url": url, "expires_at": "soon"}), "`expires_at`"),
            (json!({"url": url, "secret": {"file": "/etc/passwd"}}), "`secret`"),
            (json!({"url": url, "allow_private": true}), "server.private_routes"),
            (json!({"url": "nats://a:4222"}), "queues"),
            (json!({"url": "https://…@a.example/x"}), "`url`"),
            (json!({"url": "https://a.example/x?…"}), "`url`"),
            (json!({"url": url, "typs": []}), "did you mean `types`?"),
            (json!({"url": url, "concurrency": 1.5}), "a fraction"),
            (json!({"url": url, "max_age": 5, "order": "x"}), "; `order`"),
        ];
        for (body, words) in refused {
            let why = read(&body).expect_err("refused");
            assert!(why.contains(words), "{body}: {why}");
        }
    }
}
