//! `wharf verb`: a gateway's verbs over its accounts, asked for at the ops listener, wherever else the gateway has them.

use super::Verdict;
use super::ask::{Answer, Ask, Wharf, piece};
use super::dead::without_nulls;
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::{Span, Tone};
use super::table::{Table, figure, prose, whole};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf verb setup --gateway support
  wharf verb subscribe --gateway support --id 102290129340398,102290129340399
  wharf verb search --gateway support --json
  wharf verb remove --gateway support --id 102290129340398

`setup` engages what the token can see and refreshes what is known; `subscribe` lets Meta send its webhooks here.";

/// Beyond what Wharf itself waits.
const GRACE: Duration = Duration::from_secs(30);
/// What Wharf waits where nobody says.
const USUAL_WAIT: u64 = 300;

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// What is done
    #[arg(value_enum)]
    pub verb: Verb,
    /// The gateway's uri in the settings
    #[arg(long)]
    pub gateway: String,
    /// Only these accounts (WABA ids); without it all
    #[arg(long, value_delimiter = ',')]
    pub id: Vec<String>,
    /// Take over another's override (subscribe), forget an account that Meta does not let go (remove)
    #[arg(long)]
    pub force: bool,
    /// Yes, remove all accounts
    #[arg(long)]
    pub ack: bool,
    /// Seconds after which it answers with what is done so far
    #[arg(long, value_parser = clap::value_parser!(u64).range(0..=300))]
    pub wait: Option<u64>,
}

/// A verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Verb {
    /// Discover accounts and refresh them
    Setup,
    /// Show what is known
    Search,
    /// Have Meta send webhooks
    Subscribe,
    /// Have Meta stop
    Unsubscribe,
    /// Unsubscribe and forget
    Remove,
}

/// An account, as a verb tells of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Element {
    id: String,
    name: Option<String>,
    phone_numbers: Vec<Value>,
    subscribed_fields: Option<Value>,
    error: Option<Value>,
    pending: bool,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Search => "search",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Remove => "remove",
        }
    }
}

/// Runs the verb.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let spinner = spinner(options);
    let answer = ask(options, wharf).await;
    spinner.finish_and_clear();
    let answer = answer?;
    let elements: Vec<Element> = answer.read()?;
    if out.form == Form::Json {
        out.raw(&answer.text)?;
    } else {
        out.table(&table(&elements))?;
        if let Some(next) = next(options, &elements) {
            out.note(&next);
        }
    }
    Ok(if elements.iter().any(|element| element.error.is_some()) { Verdict::No } else { Verdict::Yes })
}

/// Asks for it, and waits as long as Wharf may take.
pub(super) async fn ask(options: &Options, wharf: &Wharf) -> Result<Answer, Fault> {
    let patience = Duration::from_secs(options.wait.unwrap_or(USUAL_WAIT)) + GRACE;
    let path = format!("/api/gateways/{}/verbs/{}", piece(&options.gateway), options.verb.word());
    wharf.ask(Ask::post(path, body(options)).within(patience)).await
}

/// What was said, and nothing else.
fn body(options: &Options) -> Value {
    without_nulls(json!({
        "ids": (!options.id.is_empty()).then_some(&options.id), "force": options.force.then_some(true),
        "ack": options.ack.then_some(true), "wait": options.wait,
    }))
}

/// One line for each.
fn table(elements: &[Element]) -> Table {
    let mut table = Table::new(&[whole("ID"), prose("NAME"), figure("NUMBERS"), whole("SUBSCRIBED"), prose("ERROR")]);
    for element in elements {
        let subscribed = match (element.pending, element.subscribed_fields.is_some()) {
            (true, _) => Span::new("not finished", Tone::Doubtful),
            (false, true) => Span::state("yes"),
            (false, false) => Span::state("no"),
        };
        let error = element.error.as_ref().map_or("-".into(), |error| Span::new(said(error), Tone::Bad));
        table.row(vec![
            element.id.as_str().into(),
            element.name.as_deref().unwrap_or("-").into(),
            element.phone_numbers.len().to_string().into(),
            subscribed,
            error,
        ]);
    }
    table
}

/// The words of an error, whoever's it is.
fn said(error: &Value) -> String {
    let words = ["error_user_msg", "message", "detail"].iter().find_map(|name| error[name].as_str());
    words.map_or_else(|| error.to_string(), str::to_owned)
}

/// What to do next.
fn next(options: &Options, elements: &[Element]) -> Option<String> {
    let gateway = &options.gateway;
    if elements.iter().any(|element| element.pending) {
        return Some(format!("not finished: it goes on by itself; `wharf verb search --gateway {gateway}` follows it"));
    }
    let inactive = elements.iter().any(|element| element.subscribed_fields.is_none() && element.error.is_none());
    match options.verb {
        Verb::Setup if elements.is_empty() => {
            Some("the token sees no account: give its system user access to one, or name one with --id".to_owned())
        }
        Verb::Setup if inactive => Some(format!("next: `wharf verb subscribe --gateway {gateway}` lets webhooks come")),
        Verb::Setup | Verb::Search | Verb::Subscribe | Verb::Unsubscribe | Verb::Remove => None,
    }
}

fn spinner(options: &Options) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})").expect("the template is sound");
    let spinner = ProgressBar::new_spinner().with_style(style);
    spinner.set_message(format!("{} at {}", options.verb.word(), options.gateway));
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

#[cfg(test)]
mod tests {
    use super::super::paper::{Colour, Paper};
    use super::*;

    fn options(verb: Verb) -> Options {
        Options { verb, gateway: "support".into(), id: Vec::new(), force: false, ack: false, wait: None }
    }

    #[test]
    fn the_api_is_told_only_what_was_said() {
        assert_eq!(body(&options(Verb::Setup)), json!({}));
        let id = vec!["1".into(), "2".into()];
        let all = Options { id, force: true, ack: true, wait: Some(5), ..options(Verb::Remove) };
        assert_eq!(body(&all), json!({"ids": ["1", "2"], "force": true, "ack": true, "wait": 5}));
    }

    #[test]
    fn accounts_are_told_one_a_line_and_the_next_step_is_named() {
        let told = json!([
            {"id": "1", "name": "Bob", "phone_numbers": [{}, {}], "subscribed_fields": ["messages"]},
            {"id": "2", "error": {"message": "(#200) no access", "code": 200}},
            {"id": "3", "pending": true}]);
        let elements: Vec<Element> = serde_json::from_value(told).expect("accounts");
        let expected = "\
ID  NAME  NUMBERS  SUBSCRIBED    ERROR
1   Bob         2  yes           -
2   -           0  no            (#200) no access
3   -           0  not finished  -
";
        assert_eq!(Paper(table(&elements).lines(None)).render(Colour::Without), expected);
        assert!(next(&options(Verb::Setup), &elements).is_some_and(|next| next.starts_with("not finished")));
        assert!(next(&options(Verb::Setup), &[]).is_some_and(|next| next.contains("sees no account")));
        let fresh = [Element { id: "1".into(), ..Element::default() }];
        assert!(next(&options(Verb::Setup), &fresh).is_some_and(|next| next.contains("wharf verb subscribe")));
        assert_eq!(next(&options(Verb::Subscribe), &elements[..2]), None);
    }
}
