//! `wharf explain`: what became of an event or a message, as a time line that can be read at three in the morning.

use super::Verdict;
use super::ask::{Ask, Wharf, piece};
use super::events::Event;
use super::fault::Fault;
use super::messages::{self, Message};
use super::out::{Form, Out};
use super::paper::{Line, Paper, Span, Tone};
use clap::Args;
use serde::Deserialize;

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf explain 102290129340398.57
  wharf explain msg_01J9ZC3V8S8Y5N2R7T1Q0W6E4X

The first line says what matters; below it stands each route with its attempts, all times UTC.";

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// An event's id such as 102290129340398.57, or a message's, msg_…
    #[arg(value_name = "EVENT|MESSAGE")]
    pub id: String,
}

/// What `/api/events/{id}/explain` tells.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Explained {
    event: Event,
    received: Received,
    routes: Vec<RouteStory>,
    message: Option<String>,
    summary: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Received {
    at: Option<String>,
    gateway: String,
    secret_is: Option<String>,
    disposition: String,
    why: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RouteStory {
    route: String,
    why: String,
    state: String,
    attempts: Vec<Attempt>,
    attempts_made: u64,
    delivered_at: Option<String>,
    next_at: Option<String>,
    waits_for: Option<String>,
    dead: Option<Death>,
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

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Death {
    reason: String,
    status: Option<u16>,
    at: Option<String>,
}

/// Explains it.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let id = &options.id;
    let ask = match id.starts_with("msg_") {
        true => Ask::get(format!("/api/messages/{}", piece(id))),
        false => Ask::get(format!("/api/events/{}/explain", piece(id))),
    };
    let answer = wharf.ask(ask).await?;
    match (out.form, id.starts_with("msg_")) {
        (Form::Json, _) => out.raw(&answer.text)?,
        (Form::People, true) => out.paper(&of_message(&answer.read()?))?,
        (Form::People, false) => out.paper(&of_event(&answer.read()?))?,
    }
    Ok(Verdict::Yes)
}

/// A moment and what happened then.
fn moment(at: Option<&str>, what: impl Into<Span>) -> Line {
    Line(vec![Span::new(format!("  {:<24}  ", at.unwrap_or("-")), Tone::Quiet), what.into()])
}

/// Something without a moment of its own.
fn remark(what: impl Into<Span>) -> Line {
    Line(vec![Span::from(" ".repeat(28)), what.into()])
}

fn of_event(told: &Explained) -> Paper {
    let (mut paper, event) = (Paper::default(), &told.event);
    paper.line(Line::toned(&told.summary, Tone::Strong)).gap();
    paper.line(Line(vec![Span::new("event ", Tone::Quiet), event.id.as_str().into()]));
    let secret = told.received.secret_is.as_deref().unwrap_or("current");
    let came = format!("came in at /{}, signed with the {secret} secret: {}", told.received.gateway, kind(event));
    paper.line(moment(told.received.at.as_deref(), came));
    let disposition = Span::state(&told.received.disposition);
    let why = format!(": {}", told.received.why);
    paper.line(Line(vec![Span::from(" ".repeat(28)), disposition, why.into()]));
    if let Some(lane) = &event.lane {
        paper.line(remark(format!("in order within {lane}")));
    }
    for route in &told.routes {
        paper.gap();
        of_route(route, &mut paper);
    }
    if let Some(message) = &told.message {
        paper.gap().say(format!("It is about our message {message}: `wharf explain {message}`"));
    }
    paper
}

fn kind(event: &Event) -> String {
    let about = event.message_id.as_deref().map_or_else(String::new, |id| format!(" {id}"));
    format!("{}{about} in field {}, {} bytes", event.kind, event.field, event.bytes)
}

fn of_route(route: &RouteStory, paper: &mut Paper) {
    let state = Span { text: words(&route.state).to_owned(), tone: Tone::of(&route.state) };
    let head = vec![Span::new("route ", Tone::Quiet), Span::new(&route.route, Tone::Strong), Span::from(": "), state];
    paper.line(Line(head));
    paper.line(remark(Span::new(&route.why, Tone::Quiet)));
    let untold = route.attempts_made.saturating_sub(route.attempts.len() as u64);
    if untold > 0 && route.delivered_at.is_none() {
        paper.line(remark(format!("{untold} earlier attempts are not remembered one by one")));
    }
    for attempt in &route.attempts {
        paper.line(moment(attempt.at.as_deref(), of_attempt(attempt)));
    }
    let is_told = route.attempts.iter().any(|attempt| attempt.result == "delivered");
    if let Some(at) = route.delivered_at.as_ref().filter(|_| !is_told) {
        let tries =
            if route.attempts_made > 1 { format!(" at attempt {}", route.attempts_made) } else { String::new() };
        paper.line(moment(Some(at), Span::new(format!("delivered{tries}"), Tone::Good)));
    }
    if let Some(dead) = &route.dead {
        let status = dead.status.map_or_else(String::new, |status| format!(" (last answer {status})"));
        paper.line(moment(dead.at.as_deref(), Span::new(format!("given up: {}{status}", dead.reason), Tone::Bad)));
    }
    if let Some(waits) = &route.waits_for {
        paper.line(remark(Span::new(format!("waits: {waits}"), Tone::Doubtful)));
    }
    if let Some(at) = &route.next_at {
        paper.line(moment(Some(at), "next attempt"));
    }
}

fn of_attempt(attempt: &Attempt) -> Span {
    let delivered = attempt.result == "delivered";
    let silent = if delivered { "delivered" } else { "no answer" };
    let answer = attempt.status.map_or(silent.to_owned(), |status| format!("answered {status}"));
    let took = attempt.took_ms.map_or_else(String::new, |ms| format!(" after {ms} ms"));
    let why = attempt.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    let well = delivered || attempt.status.is_some_and(|status| (200..300).contains(&status));
    let tone = if well { Tone::Good } else { Tone::Doubtful };
    Span::new(format!("attempt {}: {answer}{took}{why}", attempt.attempt), tone)
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

fn of_message(message: &Message) -> Paper {
    let mut paper = Paper::default();
    paper.line(Line::toned(messages::summary(message), Tone::Strong)).gap();
    let what = message.template.as_deref().map_or_else(String::new, |template| format!(" {template}"));
    let head = format!("{}{what} from number {} to {}", message.kind, message.number, message.to);
    paper.line(Line(vec![Span::new("message ", Tone::Quiet), message.id.as_str().into(), format!(": {head}").into()]));
    paper.line(moment(message.created_at.as_deref(), format!("taken, priority {}", message.priority)));
    for (nth, attempt) in (1..).zip(&message.attempts) {
        paper.line(moment(attempt.at.as_deref(), messages::attempt(nth, attempt)));
    }
    let state = Span::state(&message.state);
    match message.wamid.as_deref() {
        Some(wamid) => {
            paper.line(moment(message.changed_at.as_deref(), state)).line(remark(format!("at Meta it is {wamid}")))
        }
        None => paper.line(moment(message.changed_at.as_deref(), state)),
    };
    if let Some(error) = &message.error {
        paper.line(remark(Span::new(messages::said(error), Tone::Bad)));
    }
    if messages::still_leaves(&message.state) {
        if let Some(due) = &message.due_at {
            paper.line(moment(Some(due), "next attempt, not before"));
        }
        if let Some(expires) = &message.expires_at {
            paper.line(moment(Some(expires), "expires"));
        }
        let account = &message.account;
        paper.gap().say(format!("Why it waits may stand among the holds of its account: `wharf accounts {account}`"));
    }
    paper
}

#[cfg(test)]
mod tests {
    use super::super::paper::Colour;
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
                 "attempts": [{"at": "2026-11-29T10:05:00.000Z", "attempt": 9, "status": 500, "took_ms": 3}],
                 "attempts_made": 9, "next_at": "2026-11-29T10:15:00.000Z",
                 "waits_for": "its breaker is open until 10:15:00"},
                {"route": "support/old", "matched": true, "why": "everything", "state": "dead", "attempts": [],
                 "attempts_made": 1, "dead": {"reason": "the answer was final", "status": 422,
                 "at": "2026-11-29T10:00:00.300Z"}},
                {"route": "support/calls", "matched": false, "why": "fields has calls only", "state": "filtered",
                 "attempts": [], "attempts_made": 0}],
            "message": null,
            "summary": "Delivered to support/bot; support/crm answers 500 and is asked again at 10:15:00."
        });
        let told: Explained = serde_json::from_value(told).expect("an explanation");
        let expected = "\
Delivered to support/bot; support/crm answers 500 and is asked again at 10:15:00.

event 1022.57
  2026-11-29T10:00:00.123Z  came in at /support, signed with the current secret: message wamid.1 in field messages, 412 bytes
                            routed: its account is engaged and active
                            in order within dialog 12

route support/bot: delivered
                            it takes every field and type
  2026-11-29T10:00:00.200Z  attempt 1: answered 503 after 12 ms
  2026-11-29T10:00:01.300Z  attempt 2: no answer: connection refused
  2026-11-29T10:00:03.000Z  delivered at attempt 3

route support/crm: waiting
                            fields has messages
                            8 earlier attempts are not remembered one by one
  2026-11-29T10:05:00.000Z  attempt 9: answered 500 after 3 ms
                            waits: its breaker is open until 10:15:00
  2026-11-29T10:15:00.000Z  next attempt

route support/old: dead
                            everything
                            1 earlier attempts are not remembered one by one
  2026-11-29T10:00:00.300Z  given up: the answer was final (last answer 422)

route support/calls: not wanted
                            fields has calls only
";
        assert_eq!(of_event(&told).render(Colour::Without), expected);
    }

    #[test]
    fn an_attempt_that_delivered_is_told_once() {
        let told = json!({"routes": [{"route": "support/bot", "why": "all", "state": "delivered", "attempts_made": 1,
            "attempts": [{"at": "2026-11-29T10:00:00.200Z", "attempt": 1, "result": "delivered", "status": null,
                "took_ms": 12}],
            "delivered_at": "2026-11-29T10:00:00.212Z"}]});
        let told: Explained = serde_json::from_value(told).expect("an explanation");
        let told = of_event(&told).render(Colour::Without);
        assert!(told.ends_with("all\n  2026-11-29T10:00:00.200Z  attempt 1: delivered after 12 ms\n"), "{told}");
    }

    #[test]
    fn a_message_is_explained_by_its_attempts() {
        let told = json!({
            "id": "msg_1", "account": "1022", "number": "1065", "to": "491", "state": "queued", "kind": "text",
            "template": null, "priority": "normal", "wamid": null, "error": null,
            "attempts": [{"at": "2026-11-29T10:00:00.200Z", "status": 400, "code": 130429, "note": "rate"}],
            "created_at": "2026-11-29T10:00:00.100Z", "changed_at": "2026-11-29T10:00:00.200Z",
            "due_at": "2026-11-29T10:00:05.000Z", "expires_at": "2026-11-30T10:00:00.000Z"
        });
        let message: Message = serde_json::from_value(told).expect("a message");
        let expected = "\
It has not left yet; 1 attempt was made.

message msg_1: text from number 1065 to 491
  2026-11-29T10:00:00.100Z  taken, priority normal
  2026-11-29T10:00:00.200Z  attempt 1: Graph answered 400 with code 130429: rate
  2026-11-29T10:00:00.200Z  queued
  2026-11-29T10:00:05.000Z  next attempt, not before
  2026-11-30T10:00:00.000Z  expires

Why it waits may stand among the holds of its account: `wharf accounts 1022`
";
        assert_eq!(of_message(&message).render(Colour::Without), expected);
        let failed = Message {
            state: "failed".into(),
            error: Some(json!({"code": 131_026, "message": "(#131026) undeliverable"})),
            ..message
        };
        let told = of_message(&failed).render(Colour::Without);
        assert!(told.starts_with("It failed: (#131026) undeliverable\n"), "{told}");
        assert!(told.ends_with("failed\n                            (#131026) undeliverable\n"), "{told}");
    }
}
