//! `wharf events`: what is in the journal of an account, or one event with its bytes.

use super::ask::{Ask, Wharf, piece, query};
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::{Paper, Span};
use super::table::{Table, figure, whole};
use super::{Verdict, times};
use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf events 102290129340398
  wharf events 102290129340398 --kind message --state dead
  wharf events 102290129340398 --after 57 --follow
  wharf events 102290129340398.57
  wharf events 102290129340398.57 --json | jq .item

Events are told oldest first; the number after the dot is the seq that --after takes.";

/// How often a journal is looked at that is followed.
const LOOKS: Duration = Duration::from_secs(1);

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// An account (its WABA id), or an event's id such as 102290129340398.57
    #[arg(value_name = "WABA|EVENT")]
    pub id: String,
    /// Only events of this type: message, status, echo, call, account, …
    #[arg(long)]
    pub kind: Option<String>,
    /// Only events of which a route says so
    #[arg(long, value_parser = ["pending", "delivered", "dead", "filtered", "inactive"])]
    pub state: Option<String>,
    /// Only events after this seq
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub after: u64,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Go on as events come, until Ctrl-C
    #[arg(long)]
    pub follow: bool,
}

/// The elements of a list as they came.
#[derive(Debug, Deserialize)]
struct Raw {
    data: Vec<Box<RawValue>>,
}

/// The same, read.
#[derive(Debug, Deserialize)]
struct Listed {
    data: Vec<Event>,
    #[serde(default)]
    next: Option<String>,
}

/// An event, as far as people are shown it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) seq: u64,
    pub(super) received_at: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) field: String,
    pub(super) disposition: String,
    pub(super) gateway: String,
    pub(super) secret: u8,
    pub(super) claimed: Option<String>,
    pub(super) number: Option<String>,
    pub(super) display_number: Option<String>,
    pub(super) dialog: Option<Dialog>,
    pub(super) message_id: Option<String>,
    pub(super) bytes: u64,
    pub(super) body: Option<String>,
    pub(super) lane: Option<String>,
    item: Option<Box<RawValue>>,
}

/// The dialog it belongs to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Dialog {
    pub(super) id: String,
    pub(super) new: bool,
    pub(super) user_id: Option<String>,
    pub(super) wa_id: Option<String>,
    pub(super) group_id: Option<String>,
    pub(super) window_expires_at: Option<String>,
}

/// Shows them.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    match options.id.contains('.') {
        true => one(&options.id, wharf, out).await?,
        false if options.follow => follow(options, wharf, out).await?,
        false => many(options, wharf, out).await?,
    }
    Ok(Verdict::Yes)
}

async fn one(id: &str, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let answer = wharf.ask(Ask::get(format!("/api/events/{}", piece(id)))).await?;
    match out.form {
        Form::Json => out.raw(&answer.text),
        Form::People => out.paper(&in_full(&answer.read()?)),
    }
}

async fn many(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let answer = wharf.ask(question(options, options.after)).await?;
    if out.form == Form::Json {
        return out.raw(&answer.text);
    }
    let Listed { data: events, next } = answer.read()?;
    match events.is_empty() {
        true => out.note("no events here"),
        false => out.table(&table(&events))?,
    }
    if let Some(next) = next {
        out.note(&format!("more: wharf events {} --after {next}", options.id));
    }
    Ok(())
}

/// Shows what comes, a line each; titles stand once.
async fn follow(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let mut after = options.after;
    let mut titles = Titles::Wanted;
    loop {
        let answer = wharf.ask(question(options, after)).await?;
        let Listed { data: events, next } = answer.read()?;
        if out.form == Form::Json {
            let raw: Raw = answer.read()?;
            raw.data.iter().try_for_each(|event| out.raw(event.get()))?;
        } else if !events.is_empty() {
            let mut lines = table(&events).lines(None);
            if titles == Titles::Told {
                lines.remove(0);
            }
            titles = Titles::Told;
            out.paper(&Paper(lines))?;
        }
        let last = events.last().map(|event| event.seq);
        let next: Option<u64> = next.and_then(|next| next.parse().ok());
        after = next.or(last).unwrap_or(after);
        if next.is_none() {
            tokio::time::sleep(LOOKS).await;
        }
    }
}

/// Whether the titles of columns stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Titles {
    Wanted,
    Told,
}

fn question(options: &Options, after: u64) -> Ask {
    let pairs = [
        ("after", (after > 0).then(|| after.to_string())),
        ("limit", Some(options.limit.to_string())),
        ("kind", options.kind.clone()),
        ("state", options.state.clone()),
    ];
    Ask::get(format!("/api/accounts/{}/events{}", piece(&options.id), query(pairs)))
}

/// One line for each.
fn table(events: &[Event]) -> Table {
    let mut table = Table::new(&[
        whole("ID"),
        whole("RECEIVED (UTC)"),
        whole("TYPE"),
        whole("FIELD"),
        whole("NUMBER"),
        whole("DIALOG"),
        whole("DISPOSITION"),
        figure("BYTES"),
    ]);
    for event in events {
        table.row(vec![
            event.id.as_str().into(),
            times::second(event.received_at.as_deref()).into(),
            event.kind.as_str().into(),
            event.field.as_str().into(),
            event.number.as_deref().unwrap_or("-").into(),
            event.dialog.as_ref().map_or("-", |dialog| &dialog.id).into(),
            Span::state(&event.disposition),
            event.bytes.to_string().into(),
        ]);
    }
    table
}

/// Everything about one, its bytes last, as they came.
fn in_full(event: &Event) -> Paper {
    let mut paper = Paper::default();
    paper.pair("event", event.id.as_str());
    paper.pair("received", times::second(event.received_at.as_deref()));
    paper.pair("type", format!("{} in field {}", event.kind, event.field));
    paper.pair("disposition", Span::state(&event.disposition));
    paper.pair("gateway", format!("{}, signed with its secret no. {}", event.gateway, u16::from(event.secret) + 1));
    if let Some(claimed) = &event.claimed {
        paper.pair("claims", format!("to be for account {claimed}"));
    }
    if let Some(number) = &event.number {
        let display = event.display_number.as_deref().map_or_else(String::new, |display| format!(" ({display})"));
        paper.pair("number", format!("{number}{display}"));
    }
    if let Some(dialog) = &event.dialog {
        talks(dialog, &mut paper);
    }
    if let Some(id) = &event.message_id {
        paper.pair("message id", id.as_str());
    }
    paper.pair("bytes", event.bytes.to_string()).gap();
    match (&event.item, event.body.as_deref()) {
        (Some(item), _) => paper.say(item.get()),
        (None, body) => paper.say(format!("its bytes are {}", body.unwrap_or("not kept"))),
    };
    paper
}

/// With whom.
fn talks(dialog: &Dialog, paper: &mut Paper) {
    let ids = [("wa_id", &dialog.wa_id), ("user_id", &dialog.user_id), ("group_id", &dialog.group_id)];
    let ids = ids.into_iter().filter_map(|(name, id)| Some(format!(", {name} {}", id.as_ref()?)));
    let new = if dialog.new { ", new with this event" } else { "" };
    paper.pair("dialog", format!("{}{}{new}", dialog.id, ids.collect::<String>()));
    if let Some(window) = &dialog.window_expires_at {
        paper.pair("window", format!("open until {window}"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::paper::Colour;
    use super::*;

    const TOLD: &str = r#"{"id":"1022.57","seq":57,"received_at":"2026-11-29T10:00:00.123Z","type":"message",
        "field":"messages","disposition":"routed","gateway":"support","secret":0,"number":"1065","display_number":"1555",
        "dialog":{"id":"12","new":true,"user_id":null,"wa_id":"491","group_id":null,"window_expires_at":null},
        "message_id":"wamid.1","bytes":41,"item":{"z":1,  "a":"x"}}"#;

    #[test]
    fn events_are_told_one_a_line() {
        let event: Event = serde_json::from_str(TOLD).expect("an event");
        let bare = Event { id: "1022.58".into(), kind: "account".into(), ..Event::default() };
        let expected = "\
ID       RECEIVED (UTC)        TYPE     FIELD     NUMBER  DIALOG  DISPOSITION  BYTES
1022.57  2026-11-29T10:00:00Z  message  messages  1065    12      routed          41
1022.58  -                     account            -       -                        0
";
        assert_eq!(Paper(table(&[event, bare]).lines(None)).render(Colour::Without), expected);
    }

    #[test]
    fn one_event_is_told_in_full_with_its_bytes_as_they_came() {
        let event: Event = serde_json::from_str(TOLD).expect("an event");
        let expected = "\
event         1022.57
received      2026-11-29T10:00:00Z
type          message in field messages
disposition   routed
gateway       support, signed with its secret no. 1
number        1065 (1555)
dialog        12, wa_id 491, new with this event
message id    wamid.1
bytes         41

{\"z\":1,  \"a\":\"x\"}
";
        assert_eq!(in_full(&event).render(Colour::Without), expected);
        let erased = Event { item: None, body: Some("erased".into()), ..event };
        assert!(in_full(&erased).render(Colour::Without).ends_with("\nits bytes are erased\n"));
    }
}
