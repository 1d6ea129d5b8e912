//! `[[gateway.route]]`: where events go.

use super::address;
use super::fault::{Place, Warning};
use super::gateways::{LONGEST_NAME, is_name_byte};
use super::node::Value;
use super::section::{Reading, Section, Unread, nearest};
use super::values;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wharf_actors::gateway::signing::Signing;
use wharf_actors::gateway::subject::{DEFAULT, Subject};
use wharf_actors::gateway::template;
use wharf_actors::gateway::{Batch, Format, Order, Queue, RankGuard, Route};
use wharf_storage::EventKind;

/// More than this at one endpoint is an attack, not a delivery.
const MOST_AT_ONCE: usize = 4096;

/// More events in one POST than this pass what application servers take.
const MOST_TOGETHER: usize = 1000;
/// A delivery that waits longer than this for company is late, and would hold up a stop, which waits 10 s.
const LONGEST_WAIT_MS: usize = 5_000;

/// Reads the routes of the gateway called `gateway`.
pub(super) fn read(all: Vec<Unread>, gateway: &str, reading: &mut Reading) -> Option<Vec<Arc<Route>>> {
    let mut seen = BTreeMap::new();
    let places: Vec<_> = all.iter().map(|unread| (unread.node.place.clone(), unread.path.clone())).collect();
    let read: Vec<Option<Arc<Route>>> =
        all.into_iter().map(|unread| route(unread, gateway, &mut seen, reading)).collect();
    warn_of_shared_queues(&read, places, reading);
    read.into_iter().collect()
}

/// Reads the one route of `owner`, which is there by itself.
pub(super) fn one(unread: Unread, owner: &str, reading: &mut Reading) -> Option<Route> {
    route(unread, owner, &mut BTreeMap::new(), reading).map(|route| (*route).clone())
}

fn route(
    unread: Unread,
    gateway: &str,
    seen: &mut BTreeMap<String, String>,
    reading: &mut Reading,
) -> Option<Arc<Route>> {
    let mut section = Section::open("gateway.route", unread, reading)?;
    let name = name(&mut section, seen);
    let url = section.get("url", url);
    let secrets = section.secrets("secret");
    let format = section.get("format", values::one_of(&[("meta", Format::Meta), ("dialog", Format::Dialog)]));
    let fields = section.list("fields", values::text);
    let types = section.list("types", kind);
    let accounts = section.list("accounts", values::id);
    let numbers = section.list("numbers", values::id);
    let concurrency = section.get("concurrency", values::number(1..=MOST_AT_ONCE));
    let max_age = section.get("max_age", values::duration(Duration::from_secs(1)));
    let tests = section.get("tests", values::truth);
    let order = section.get("order", values::one_of(&[("dialog", Order::Dialog), ("none", Order::None)]));
    let finals = section.list("final", final_status);
    let allow_private = section.get("allow_private", values::truth);
    let goes_together = section.has("batch");
    let unread_batch = section.table("batch");
    let guards = [("off", RankGuard::Off), ("mark", RankGuard::Mark), ("drop", RankGuard::Drop)];
    let rank_guard = section.get("rank_guard", values::one_of(&guards));
    let queue = queue(&mut section, url.as_deref());
    varies_too_much(&mut section, url.as_deref());
    if !section.has("secret") {
        section.warn("", "no secret: deliveries are not signed, and the application cannot tell them from forged ones");
    }
    section.close();
    let batch = if goes_together { batch(unread_batch, reading).map(Some) } else { Some(None) };
    Some(Arc::new(Route {
        name: format!("{gateway}/{}", name?).into(),
        url: url?,
        signing: Signing::with(secrets?),
        format: format?,
        fields: fields?,
        types: types?,
        accounts: accounts?,
        numbers: numbers?,
        concurrency: concurrency?,
        max_age: max_age?,
        tests: tests?,
        order: order?,
        finals: finals?,
        allow_private: allow_private?,
        batch: batch?,
        rank_guard: rank_guard?,
        queue: queue?,
        expires_at_ms: None,
        unusable: None,
    }))
}

/// Events of several numbers go together in a batch, and could not go to one URL.
fn varies_too_much(section: &mut Section<'_>, url: Option<&str>) {
    let template = url.and_then(|url| template::of_url(url).ok().flatten());
    if section.has("batch") && template.is_some_and(|template| template.varies_by_number()) {
        let expected =
            "a URL without {whatsapp.account} and {whatsapp.number}, or no batch: its events may differ in them";
        section.fault_at("url", "a URL that differs from number to number", expected);
    }
}

/// Reads `batch = { max, wait_ms }`.
fn batch(unread: Unread, reading: &mut Reading) -> Option<Batch> {
    let mut section = Section::open("gateway.route.batch", unread, reading)?;
    let max = section.get("max", values::number(2..=MOST_TOGETHER));
    let wait_ms = section.get("wait_ms", values::number(1..=LONGEST_WAIT_MS));
    section.close();
    Some(Batch { max: max?, wait: Duration::from_millis(wait_ms? as u64) })
}

/// Two routes may lead to one server, but not into one stream: the ids of their messages are the same.
fn warn_of_shared_queues(routes: &[Option<Arc<Route>>], places: Vec<(Place, String)>, reading: &mut Reading) {
    let mut servers = BTreeMap::new();
    for (route, (place, path)) in routes.iter().zip(places) {
        let Some(route) = route.as_ref().filter(|route| route.queue.is_some()) else { continue };
        if let Some(other) = servers.insert(route.url.clone(), path.clone()) {
            let text = format!(
                "the same server as {other}: give each route a stream of its own, because one stream keeps an event once"
            );
            reading.warnings.push(Warning { place, path, text });
        }
    }
}

/// What only a queue has, and what only an HTTP endpoint has.
fn queue(section: &mut Section<'_>, url: Option<&str>) -> Option<Option<Queue>> {
    let subject = section.maybe("subject", subject)?;
    let credential = section.maybe_secret("credential")?;
    let is_queue = address::is_queue(url?);
    let (foreign, place): (&[&str], _) = match is_queue {
        true => (
            &["final", "allow_private", "batch"],
            "no such setting for a queue, which gives no HTTP status and is reached by its \
            client's own means; leave it out",
        ),
        false => (
            &["subject", "credential"],
            "no such setting for an HTTP endpoint; leave it out, or give a nats or tls URL",
        ),
    };
    let found: Vec<&str> = foreign.iter().copied().filter(|key| section.has(key)).collect();
    for key in &found {
        section.fault_at(key, format!("`{key}`"), place);
    }
    let subject = subject.unwrap_or_default();
    found.is_empty().then(|| is_queue.then_some(Queue { subject, credential }))
}

fn subject(value: &Value) -> Result<Subject, String> {
    let pattern = value.text().ok_or_else(|| format!("a subject in quotes, such as \"{DEFAULT}\""))?;
    Subject::parse(pattern).map_err(|why| format!("{why}; such as \"{DEFAULT}\""))
}

fn name(section: &mut Section<'_>, seen: &mut BTreeMap<String, String>) -> Option<String> {
    let name = section.get("name", label)?;
    if let Some(other) = seen.insert(name.clone(), section.path_of("name")) {
        section.fault_at(
            "name",
            format!("\"{name}\", which is {other} too"),
            "another name: each is unique in its gateway",
        );
        return None;
    }
    Some(name)
}

/// A name that stands in paths, metrics and logs.
pub(super) fn label(value: &Value) -> Result<String, String> {
    let sound = |text: &&str| !text.is_empty() && text.len() <= LONGEST_NAME && text.bytes().all(is_name_byte);
    let name = value.text().filter(sound).map(str::to_owned);
    name.ok_or_else(|| "a name of letters, digits, - and _, at most 64".to_owned())
}

fn url(value: &Value) -> Result<String, String> {
    let is_http = |text: &&str| text.starts_with("http://") || text.starts_with("https://");
    if let Some(Err(why)) = value.text().filter(is_http).map(template::of_url) {
        return Err(why.to_string());
    }
    let url = value.text().filter(|text| address::is_url(text) || address::is_queue(text)).map(str::to_owned);
    url.ok_or_else(|| "an http or https URL without #, such as \"https://bot.example.com/webhook\", or a queue's, such as \"nats://queue:4222\"".to_owned())
}

/// What a route may call final: an answer that says something about the request. 408, 410 and 429 speak of the moment.
fn final_status(value: &Value) -> Result<u16, String> {
    let status = values::number(400..=499)(value).ok().and_then(|status| u16::try_from(status).ok());
    let status = status.filter(|status| !matches!(status, 408 | 410 | 429));
    status.ok_or_else(|| "an HTTP status from 400 to 499 other than 408, 410 and 429, such as 422".to_owned())
}

fn kind(value: &Value) -> Result<String, String> {
    let words = EventKind::ALL.map(EventKind::word);
    let word = value.text().unwrap_or_default();
    if words.contains(&word) {
        return Ok(word.to_owned());
    }
    let near = nearest(word, words).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
    Err(format!("one of {}{near}", words.join(", ")))
}
