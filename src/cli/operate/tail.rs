//! `wharf tail`: an account live, one line for each fact. A stream that ends is opened again.

use super::ask::{Wharf, piece, query};
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::{Line, Paper, Span, Tone};
use super::sse::Fact;
use super::{Verdict, answers, times};
use clap::Args;
use serde::Deserialize;
use std::time::Duration;

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf tail 102290129340398
  wharf tail 102290129340398 --kind delivery,send
  wharf tail 102290129340398 --json | jq -c 'select(.result == \"failed\")'

Nothing waits for a tail: what happened while it was too slow or not connected is not told. The journal
has every event: `wharf events WABA --after SEQ --follow`.";

/// A stream that ended is opened again after so long, then twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// An account (its WABA id)
    pub waba: String,
    /// Only facts of these kinds
    #[arg(long, value_delimiter = ',', value_parser = ["event", "delivery", "send"])]
    pub kind: Vec<String>,
    /// End after so many facts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
}

/// A fact of any kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    at: Option<String>,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    field: String,
    dialog: Option<serde_json::Value>,
    number: Option<String>,
    disposition: String,
    routes: Vec<String>,
    event: String,
    route: String,
    attempt: u64,
    result: String,
    status: Option<u16>,
    reason: Option<String>,
    took_ms: Option<u64>,
    message: String,
    to: String,
    state: String,
    code: Option<serde_json::Value>,
    count: u64,
}

/// Follows it until Ctrl-C.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    tokio::select! {
        ended = follow(options, wharf, out) => ended.map(|()| Verdict::Yes),
        _ = tokio::signal::ctrl_c() => Ok(Verdict::Yes),
    }
}

async fn follow(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let kinds = (!options.kind.is_empty()).then(|| options.kind.join(","));
    let path = format!("/api/accounts/{}/live{}", piece(&options.waba), query([("kind", kinds)]));
    let mut left = options.count.unwrap_or(u64::MAX);
    let mut live = wharf.live(&path).await?;
    let mut pause = FIRST_PAUSE;
    loop {
        let why = match live.next().await {
            Ok(Some(fact)) => {
                pause = FIRST_PAUSE;
                show(&fact, out)?;
                left -= 1;
                if left == 0 {
                    return Ok(());
                }
                continue;
            }
            Ok(None) => "the stream ended".to_owned(),
            Err(fault) if fault.may_pass() => fault.to_string(),
            Err(fault) => return Err(fault),
        };
        out.note(&format!("wharf: {why}; connecting again, what happens meanwhile is not told"));
        live = loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            match wharf.live(&path).await {
                Ok(live) => break live,
                Err(fault) if fault.may_pass() => {}
                Err(fault) => return Err(fault),
            }
        };
    }
}

fn show(fact: &Fact, out: &mut Out) -> Result<(), Fault> {
    match out.form {
        Form::People => out.paper(&Paper(vec![line(fact)])),
        Form::Json => out.raw(&document(fact)),
    }
}

/// The fact as it came, with its kind.
fn document(fact: &Fact) -> String {
    let Ok(serde_json::Value::Object(mut members)) = serde_json::from_str(&fact.data) else {
        return serde_json::json!({ "kind": fact.event, "data": fact.data }).to_string();
    };
    members.insert("kind".to_owned(), fact.event.as_str().into());
    serde_json::Value::Object(members).to_string()
}

/// What people see of it.
fn line(fact: &Fact) -> Line {
    let told: Told = serde_json::from_str(&fact.data).unwrap_or_default();
    let at = told.at.as_deref().map_or("", times::of_day);
    let mut spans = vec![Span::new(format!("{at:<12}  "), Tone::Quiet), format!("{:<8}  ", fact.event).into()];
    spans.extend(match fact.event.as_str() {
        "event" => event(&told),
        "delivery" => delivery(&told),
        "send" => send(&told),
        "missed" => vec![Span::new(format!("{} facts: this listener was too slow", told.count), Tone::Doubtful)],
        _ => vec![Span::from(&fact.data)],
    });
    Line(spans)
}

fn event(told: &Told) -> Vec<Span> {
    let number = told.number.as_deref().map_or_else(String::new, |number| format!("  number {number}"));
    let dialog = told.dialog.as_ref().map(|dialog| dialog.as_str().map_or_else(|| dialog.to_string(), str::to_owned));
    let dialog =
        dialog.filter(|dialog| dialog != "null").map_or_else(String::new, |dialog| format!("  dialog {dialog}"));
    let routes = if told.routes.is_empty() { String::new() } else { format!("  -> {}", told.routes.join(", ")) };
    let what = format!("{}  {} in {}{number}{dialog}  ", told.id, told.kind, told.field);
    vec![what.into(), Span::state(&told.disposition), routes.into()]
}

fn delivery(told: &Told) -> Vec<Span> {
    let status = told.status.map_or_else(String::new, |status| format!(" {status}"));
    let took = told.took_ms.map_or_else(String::new, |ms| format!(" in {ms} ms"));
    let why = told.reason.as_deref().map(|reason| answers::without(told.status, reason));
    let why = why.filter(|why| !why.is_empty()).map_or_else(String::new, |why| format!(": {why}"));
    let what = format!("{}  {}  attempt {}  ", told.event, told.route, told.attempt);
    vec![what.into(), Span::state(&told.result), format!("{status}{took}{why}").into()]
}

fn send(told: &Told) -> Vec<Span> {
    let number = told.number.as_deref().unwrap_or("-");
    let code = told.code.as_ref().filter(|code| !code.is_null());
    let code = code.map_or_else(String::new, |code| format!(" ({})", code.to_string().trim_matches('"')));
    let what = format!("{}  from {number} to {}  ", told.message, told.to);
    vec![what.into(), Span::state(&told.state), code.into()]
}

#[cfg(test)]
mod tests {
    use super::super::paper::Colour;
    use super::*;

    fn told(event: &str, data: &str) -> String {
        let fact = Fact { event: event.to_owned(), data: data.to_owned() };
        Paper(vec![line(&fact)]).render(Colour::Without)
    }

    #[test]
    fn every_fact_has_one_line() {
        let event = r#"{"at":"2026-11-29T10:00:00.123Z","id":"1022.57","type":"message","field":"messages","number":"1065",
            "dialog":"12","disposition":"routed","routes":["support/bot"]}"#;
        let expected =
            "10:00:00.123  event     1022.57  message in messages  number 1065  dialog 12  routed  -> support/bot\n";
        assert_eq!(told("event", event), expected);
        let bare = r#"{"at":"2026-11-29T10:00:00.123Z","id":"1022.58","type":"account","field":"account_update","number":null,
            "dialog":null,"disposition":"inactive","routes":[]}"#;
        assert_eq!(told("event", bare), "10:00:00.123  event     1022.58  account in account_update  inactive\n");
        let delivery = r#"{"at":"2026-11-29T10:00:00.200Z","event":"1022.57","route":"support/bot","attempt":2,
            "result":"failed","status":503,"reason":"HTTP 503 busy","took_ms":12}"#;
        let expected = "10:00:00.200  delivery  1022.57  support/bot  attempt 2  failed 503 in 12 ms: busy\n";
        assert_eq!(told("delivery", delivery), expected);
        let send = r#"{"at":"2026-11-29T10:00:00.200Z","message":"msg_1","number":"1065","to":"491","state":"failed",
            "code":131026}"#;
        assert_eq!(told("send", send), "10:00:00.200  send      msg_1  from 1065 to 491  failed (131026)\n");
        assert_eq!(told("missed", r#"{"count":7}"#), "              missed    7 facts: this listener was too slow\n");
        assert_eq!(told("new", "{\"x\":1}"), "              new       {\"x\":1}\n");
    }

    #[test]
    fn programs_read_the_fact_with_its_kind() {
        let fact = Fact { event: "missed".into(), data: "{\"count\":7}".into() };
        assert_eq!(document(&fact), "{\"count\":7,\"kind\":\"missed\"}");
        let odd = Fact { event: "missed".into(), data: "7".into() };
        assert_eq!(document(&odd), "{\"data\":\"7\",\"kind\":\"missed\"}");
    }
}
