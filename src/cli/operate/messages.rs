//! `wharf messages`: outbound messages of an account, or one in full; a queued one can be withdrawn.

use super::ask::{Ask, Wharf, piece, query};
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::{Paper, Span, Tone};
use super::table::{Table, figure, prose, whole};
use super::{Verdict, times};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf messages 102290129340398
  wharf messages 102290129340398 --state queued --order oldest
  wharf messages msg_01J9ZC3V8S8Y5N2R7T1Q0W6E4X
  wharf messages msg_01J9ZC3V8S8Y5N2R7T1Q0W6E4X --cancel

`wharf explain msg_…` tells the same as a time line.";

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// An account (its WABA id), or a message's id, msg_…
    #[arg(value_name = "WABA|MESSAGE")]
    pub id: String,
    /// Only messages in this state: queued, sending, unknown, accepted, sent, delivered, read, failed, …
    #[arg(long)]
    pub state: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Go on where the last answer ended
    #[arg(long)]
    pub cursor: Option<String>,
    /// Which come first
    #[arg(long, value_parser = ["newest", "oldest"])]
    pub order: Option<String>,
    /// Withdraw this one message, if it has not left
    #[arg(long)]
    pub cancel: bool,
}

/// A message, as far as people are shown it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) number: String,
    pub(super) to: String,
    pub(super) state: String,
    pub(super) kind: String,
    pub(super) template: Option<String>,
    pub(super) priority: String,
    pub(super) wamid: Option<String>,
    pub(super) error: Option<Value>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) created_at: Option<String>,
    pub(super) changed_at: Option<String>,
    pub(super) due_at: Option<String>,
    pub(super) expires_at: Option<String>,
}

/// One call to Graph.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attempt {
    pub(super) at: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) code: Option<i64>,
    pub(super) note: String,
}

#[derive(Debug, Deserialize)]
struct Listed {
    data: Vec<Message>,
    #[serde(default)]
    next: Option<String>,
}

/// Shows or withdraws them.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let is_message = options.id.starts_with("msg_");
    match (is_message, options.cancel) {
        (true, _) => one(options, wharf, out).await?,
        (false, false) => many(options, wharf, out).await?,
        (false, true) => return Err(Fault::usage("--cancel takes one message: its id begins with msg_")),
    }
    Ok(Verdict::Yes)
}

async fn one(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let path = format!("/api/messages/{}", piece(&options.id));
    let answer = wharf.ask(if options.cancel { Ask::delete(path) } else { Ask::get(path) }).await?;
    match out.form {
        Form::Json => out.raw(&answer.text),
        Form::People => out.paper(&in_full(&answer.read()?)),
    }
}

async fn many(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let pairs = [
        ("state", options.state.clone()),
        ("limit", Some(options.limit.to_string())),
        ("cursor", options.cursor.clone()),
        ("order", options.order.clone()),
    ];
    let path = format!("/api/accounts/{}/messages{}", piece(&options.id), query(pairs));
    let answer = wharf.ask(Ask::get(path)).await?;
    if out.form == Form::Json {
        return out.raw(&answer.text);
    }
    let listed: Listed = answer.read()?;
    match listed.data.is_empty() {
        true => out.note("no messages here"),
        false => out.table(&table(&listed.data))?,
    }
    if let Some(next) = listed.next {
        out.note(&format!("more: wharf messages {} --cursor {next}", options.id));
    }
    Ok(())
}

/// One line for each.
fn table(messages: &[Message]) -> Table {
    let mut table = Table::new(&[
        whole("ID"),
        whole("CREATED (UTC)"),
        whole("STATE"),
        whole("NUMBER"),
        whole("TO"),
        prose("KIND"),
        figure("ATTEMPTS"),
        prose("ERROR"),
    ]);
    for message in messages {
        let template = message.template.as_deref().map_or_else(String::new, |template| format!(" {template}"));
        table.row(vec![
            message.id.as_str().into(),
            times::second(message.created_at.as_deref()).into(),
            Span::state(&message.state),
            message.number.as_str().into(),
            message.to.as_str().into(),
            format!("{}{template}", message.kind).into(),
            message.attempts.len().to_string().into(),
            message.error.as_ref().map_or("-".to_owned(), said).into(),
        ]);
    }
    table
}

/// Everything about one.
fn in_full(message: &Message) -> Paper {
    let mut paper = Paper::default();
    paper.pair("message", message.id.as_str());
    paper.pair("state", Span::state(&message.state));
    paper.pair("account", message.account.as_str());
    paper.pair("from number", message.number.as_str());
    paper.pair("to", message.to.as_str());
    let template = message.template.as_deref().map_or_else(String::new, |template| format!(" {template}"));
    paper.pair("kind", format!("{}{template}, priority {}", message.kind, message.priority));
    paper.pair("at Meta", message.wamid.as_deref().unwrap_or("-"));
    if let Some(error) = &message.error {
        paper.pair("error", Span::new(said(error), Tone::Bad));
    }
    let moments = [("created", &message.created_at), ("changed", &message.changed_at)];
    let later = [("due", &message.due_at), ("expires", &message.expires_at)];
    let later = later.into_iter().filter(|_| still_leaves(&message.state));
    for (name, at) in moments.into_iter().chain(later) {
        paper.pair(name, at.as_deref().unwrap_or("-"));
    }
    for (nth, told) in (1..).zip(&message.attempts) {
        paper.pair("", format!("{} {}", told.at.as_deref().unwrap_or("-"), attempt(nth, told)));
    }
    paper
}

/// What one call to Graph came to.
pub(super) fn attempt(nth: usize, attempt: &Attempt) -> String {
    let answer = attempt.status.map_or("no answer".to_owned(), |status| format!("Graph answered {status}"));
    let code = attempt.code.map_or_else(String::new, |code| format!(" with code {code}"));
    let note = if attempt.note.is_empty() { String::new() } else { format!(": {}", attempt.note) };
    format!("attempt {nth}: {answer}{code}{note}")
}

/// Whether a message in this state may still leave.
pub(super) fn still_leaves(state: &str) -> bool {
    matches!(state, "queued" | "sending" | "unknown")
}

/// How a message stands, in a sentence.
pub(super) fn summary(message: &Message) -> String {
    let attempts = match message.attempts.len() {
        0 => "no attempt was made".to_owned(),
        1 => "1 attempt was made".to_owned(),
        many => format!("{many} attempts were made"),
    };
    let why = message.error.as_ref().map_or_else(String::new, |error| format!(": {}", said(error)));
    match message.state.as_str() {
        "queued" => format!("It has not left yet; {attempts}."),
        "sending" => "It is on its way to Meta.".to_owned(),
        "unknown" => {
            "Whether Meta has it is not known: its status will tell, else the policy on unknown sends.".to_owned()
        }
        "accepted" => "Meta has taken it; no status came so far.".to_owned(),
        "failed" => format!("It failed{why}"),
        "expired" => format!("It expired before it could leave; {attempts}."),
        "cancelled" => "It was withdrawn before it left.".to_owned(),
        other => format!("It is {other}."),
    }
}

/// The words of Graph's error, or of ours.
pub(super) fn said(error: &Value) -> String {
    let words = [&error["message"], &error["error"]["message"], &error["title"]];
    let words = words.into_iter().find_map(Value::as_str);
    words.map_or_else(|| error.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::paper::Colour;
    use super::*;
    use serde_json::json;

    fn message() -> Message {
        let told = json!({
            "id": "msg_1", "account": "1022", "number": "1065", "to": "491", "state": "failed", "kind": "template",
            "template": "hello_world", "priority": "normal", "wamid": null,
            "error": {"code": 131_026, "message": "(#131026) undeliverable"},
            "attempts": [{"at": "2026-11-29T10:00:00.200Z", "status": null, "code": null, "note": "connection refused"}],
            "created_at": "2026-11-29T10:00:00.100Z", "changed_at": "2026-11-29T10:00:00.200Z",
            "due_at": null, "expires_at": null
        });
        serde_json::from_value(told).expect("a message")
    }

    #[test]
    fn messages_are_told_one_a_line() {
        let expected = "\
ID     CREATED (UTC)         STATE   NUMBER  TO   KIND                  ATTEMPTS  ERROR
msg_1  2026-11-29T10:00:00Z  failed  1065    491  template hello_world         1  (#131026) undeliverable
";
        assert_eq!(Paper(table(&[message()]).lines(None)).render(Colour::Without), expected);
    }

    #[test]
    fn one_message_is_told_in_full() {
        let expected = "\
message       msg_1
state         failed
account       1022
from number   1065
to            491
kind          template hello_world, priority normal
at Meta       -
error         (#131026) undeliverable
created       2026-11-29T10:00:00.100Z
changed       2026-11-29T10:00:00.200Z
              2026-11-29T10:00:00.200Z attempt 1: no answer: connection refused
";
        assert_eq!(in_full(&message()).render(Colour::Without), expected);
    }
}
