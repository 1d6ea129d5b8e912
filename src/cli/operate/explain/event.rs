//! An event's story: how it came, what became of it at each route, and what can be done.

use super::super::answers;
use super::super::events::Event;
use super::super::paper::{Line, Paper, Span, Tone};
use super::story::Story;
use super::way_out;
use serde::Deserialize;

/// What `/api/events/{id}/explain` tells.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Explained {
    pub(super) event: Event,
    pub(super) received: Received,
    pub(super) routes: Vec<RouteStory>,
    message: Option<String>,
    summary: String,
}

/// How it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Received {
    at: Option<String>,
    pub(super) gateway: String,
    secret_is: Option<String>,
    pub(super) disposition: String,
    why: String,
}

/// What became of it at a route.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RouteStory {
    pub(super) route: String,
    pub(super) matched: bool,
    why: String,
    pub(super) state: String,
    attempts: Vec<Attempt>,
    attempts_made: u64,
    delivered_at: Option<String>,
    next_at: Option<String>,
    pub(super) waits_for: Option<String>,
    pub(super) dead: Option<Death>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attempt {
    at: Option<String>,
    attempt: u64,
    result: String,
    status: Option<u16>,
    reason: Option<String>,
    took_ms: Option<u64>,
}

/// Why it was given up.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Death {
    reason: String,
    at: Option<String>,
    /// Whether its dead letter is still there.
    pub(super) kept: bool,
}

/// Tells it.
pub(super) fn tell(told: &Explained) -> Paper {
    let mut story = Story::of(&told.summary, told.received.at.as_deref());
    came(told, &mut story);
    for route in &told.routes {
        story.paper.gap();
        of_route(route, &mut story);
    }
    if let Some(message) = &told.message {
        story.paper.gap().say(format!("It is about our message {message}: `wharf explain {message}`"));
    }
    let ways = way_out::of(told);
    if !ways.is_empty() {
        story.paper.gap().line(Line::toned("What can be done", Tone::Strong));
    }
    let widest = ways.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, what) in ways {
        let command = format!("  {command:<widest$}  ");
        story.paper.line(Line(vec![command.into(), Span::new(what, Tone::Quiet)]));
    }
    story.paper
}

fn came(told: &Explained, story: &mut Story) {
    let (event, received) = (&told.event, &told.received);
    let about = format!(": {} in field {}, {} bytes", event.kind, event.field, event.bytes);
    story.head("event", &event.id, vec![about.into()]);
    let secret = received.secret_is.as_deref().unwrap_or("current");
    story.moment(
        received.at.as_deref(),
        format!("came in at /{}, signed with the {secret} app secret", received.gateway),
    );
    story.remark(Span { text: Span::from(&received.why).text, tone: Tone::of(&received.disposition) });
    if let Some(id) = &event.message_id {
        story.remark(format!("at Meta it is {id}"));
    }
    if let Some(lane) = &event.lane {
        story.remark(format!("it keeps its turn within {lane}"));
    }
}

fn of_route(route: &RouteStory, story: &mut Story) {
    let state = Span { text: words(&route.state).to_owned(), tone: Tone::of(&route.state) };
    story.head("route", &route.route, vec![": ".into(), state, Span::new(format!(", {}", route.why), Tone::Quiet)]);
    let untold = route.attempts_made.saturating_sub(route.attempts.len() as u64);
    if untold > 0 && route.delivered_at.is_none() {
        let (attempts, are) = if untold == 1 { ("attempt", "is") } else { ("attempts", "are") };
        story.remark(format!("{untold} earlier {attempts} {are} not remembered one by one"));
    }
    for attempt in &route.attempts {
        story.moment(attempt.at.as_deref(), of_attempt(attempt));
    }
    let is_told = route.attempts.iter().any(|attempt| attempt.result == "delivered");
    if let Some(at) = route.delivered_at.as_ref().filter(|_| !is_told) {
        let tries =
            if route.attempts_made > 1 { format!(" at attempt {}", route.attempts_made) } else { String::new() };
        story.moment(Some(at), Span::new(format!("delivered{tries}"), Tone::Good));
    }
    if let Some(dead) = &route.dead {
        story.moment(dead.at.as_deref(), Span::new(format!("given up: {}", dead.reason), Tone::Bad));
    }
    if let Some(waits) = &route.waits_for {
        story.remark(Span::new(format!("it waits for {waits}"), Tone::Doubtful));
    }
    if let Some(at) = &route.next_at {
        story.moment(Some(at), "next attempt, not before");
    }
}

fn of_attempt(attempt: &Attempt) -> Span {
    let took = attempt.took_ms.map_or_else(String::new, |ms| format!(" after {ms} ms"));
    let delivered = attempt.result == "delivered";
    let became = match (delivered, attempt.status) {
        (true, _) => "delivered it".to_owned(),
        (false, Some(status)) => format!("was answered {status}"),
        (false, None) => "had no answer".to_owned(),
    };
    // Why it was the last one is said where it was given up.
    let reason = attempt.reason.as_deref().filter(|_| attempt.result != "dead");
    let why = reason.map(|reason| answers::without(attempt.status, reason)).filter(|why| !why.is_empty());
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let tone = if delivered { Tone::Good } else { Tone::Doubtful };
    Span::new(format!("attempt {} {became}{took}{why}", attempt.attempt), tone)
}

fn words(state: &str) -> &str {
    match state {
        "under_way" => "under way",
        "not_offered" => "not offered",
        "filtered" => "not wanted",
        "pending" => "not read yet",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::paper::Colour;
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_explained_route_by_route() {
        let told = json!({
            "event": {"id": "1022.57", "type": "message", "field": "messages", "message_id": "wamid.1", "bytes": 412,
                "lane": "dialog 12"},
            "received": {"at": "2026-11-29T10:00:00.123Z", "gateway": "support", "secret": 0, "secret_is": "current",
                "disposition": "routed", "why": "its account is engaged and active"},
            "routes": [
                {"route": "support/bot", "matched": true, "why": "it takes every field and type", "state": "delivered",
                 "attempts": [{"at": "2026-11-29T10:00:00.200Z", "attempt": 1, "status": 503, "reason": null, "took_ms": 12},
                              {"at": "2026-11-29T10:00:01.300Z", "attempt": 2, "status": null,
                               "reason": "connection refused", "took_ms": null}],
                 "attempts_made": 3, "delivered_at": "2026-11-29T10:00:03.000Z", "next_at": null, "waits_for": null,
                 "dead": null},
                {"route": "support/crm", "matched": true, "why": "fields has messages", "state": "waiting",
                 "attempts": [{"at": "2026-11-29T10:05:00.000Z", "attempt": 9, "status": 500, "took_ms": 3,
                    "reason": "HTTP 500 oops"}],
                 "attempts_made": 9, "next_at": "2026-11-29T10:15:00.000Z",
                 "waits_for": "its breaker, open until 10:15:00"},
                {"route": "support/old", "matched": true, "why": "everything", "state": "dead", "attempts": [
                    {"at": "2026-11-29T10:00:00.300Z", "attempt": 2, "result": "dead", "status": 422, "took_ms": 2,
                     "reason": "the answer was final: HTTP 422"}],
                 "attempts_made": 2, "dead": {"reason": "the answer was final: HTTP 422", "status": 422,
                 "kept": true, "at": "2026-11-29T10:00:00.300Z"}},
                {"route": "support/calls", "matched": false, "why": "fields has calls only", "state": "filtered",
                 "attempts": [], "attempts_made": 0}],
            "message": null,
            "summary": "Delivered to support/bot; support/crm answers 500 and is asked again at 10:15:00."
        });
        let told: Explained = serde_json::from_value(told).expect("an explanation");
        let expected = "\
Delivered to support/bot; support/crm answers 500 and is asked again at 10:15:00.

event 1022.57: message in field messages, 412 bytes
  2026-11-29T10:00:00.123Z            came in at /support, signed with the current app secret
                                      its account is engaged and active
                                      at Meta it is wamid.1
                                      it keeps its turn within dialog 12

route support/bot: delivered, it takes every field and type
  2026-11-29T10:00:00.200Z     +77ms  attempt 1 was answered 503 after 12 ms
  2026-11-29T10:00:01.300Z     +1.1s  attempt 2 had no answer: connection refused
  2026-11-29T10:00:03.000Z     +2.8s  delivered at attempt 3

route support/crm: waiting, fields has messages
                                      8 earlier attempts are not remembered one by one
  2026-11-29T10:05:00.000Z   +4m 59s  attempt 9 was answered 500 after 3 ms: oops
                                      it waits for its breaker, open until 10:15:00
  2026-11-29T10:15:00.000Z  +14m 59s  next attempt, not before

route support/old: dead, everything
                                      1 earlier attempt is not remembered one by one
  2026-11-29T10:00:00.300Z    +177ms  attempt 2 was answered 422 after 2 ms
  2026-11-29T10:00:00.300Z    +177ms  given up: the answer was final: HTTP 422

route support/calls: not wanted, fields has calls only

What can be done
  wharf routes 1022 test support/crm                             tries now whether it takes deliveries
  wharf dead 1022 --redrive --event 1022.57 --route support/old  tries it again
  wharf dead 1022                                                shows what else was given up
";
        assert_eq!(tell(&told).render(Colour::Without), expected);
    }

    #[test]
    fn an_attempt_that_delivered_is_told_once() {
        let told = json!({"routes": [{"route": "support/bot", "why": "all", "state": "delivered", "attempts_made": 1,
            "attempts": [{"at": "2026-11-29T10:00:00.200Z", "attempt": 1, "result": "delivered", "status": null,
                "took_ms": 12}],
            "delivered_at": "2026-11-29T10:00:00.212Z"}]});
        let told: Explained = serde_json::from_value(told).expect("an explanation");
        let told = tell(&told).render(Colour::Without);
        assert!(
            told.ends_with("all\n  2026-11-29T10:00:00.200Z            attempt 1 delivered it after 12 ms\n"),
            "{told}"
        );
    }
}
