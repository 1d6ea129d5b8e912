//! `wharf routes`: where an account's events go and how that stands; its own routes are set, removed, resumed, tested.

use super::Verdict;
use super::account::{self, Account};
use super::accounts;
use super::answers;
use super::ask::{Ask, Wharf, piece};
use super::dead::without_nulls;
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::{Paper, Span, Tone};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf routes 102290129340398
  wharf routes 102290129340398 put crm --url https://crm.example.com/hook --secret-file secret --fields messages
  wharf routes 102290129340398 test crm
  wharf routes 102290129340398 resume support/bot
  wharf routes 102290129340398 remove crm

One of the account's own is named as it was put; one of its gateway's, which stands in the settings, GATEWAY/NAME.";

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// An account (its WABA id)
    pub waba: String,
    /// What is done; without it they are shown
    #[command(subcommand)]
    pub action: Option<Action>,
}

/// What can be done about a route.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Set one of the account's own: a new one, or in place of the one of that name
    Put(Box<Put>),
    /// Remove one of the account's own for good; what it left unfinished becomes dead letters
    Remove {
        /// Its name
        name: String,
    },
    /// End a pause: the application said 410 and is back
    Resume {
        /// Its name; GATEWAY/NAME for one of a gateway
        name: String,
    },
    /// Send it a made-up, signed delivery now, marked as a test; outside the ledger
    Test {
        /// Its name; GATEWAY/NAME for one of a gateway
        name: String,
    },
}

/// A route, under the names it has in the settings.
#[derive(Debug, Args)]
pub struct Put {
    /// Its name
    pub name: String,
    /// Where deliveries go
    #[arg(long)]
    pub url: String,
    /// A file with the secret that signs them; without it the one it had stays
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// How they look: meta or dialog
    #[arg(long)]
    pub format: Option<String>,
    /// Only these fields
    #[arg(long, value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Only these types
    #[arg(long, value_delimiter = ',')]
    pub types: Vec<String>,
    /// Only these phone number ids
    #[arg(long, value_delimiter = ',')]
    pub numbers: Vec<String>,
    /// In which order: dialog or none
    #[arg(long)]
    pub order: Option<String>,
    /// Deliveries at the same time
    #[arg(long)]
    pub concurrency: Option<u32>,
    /// How long one is tried, such as 72h
    #[arg(long)]
    pub max_age: Option<String>,
    /// The route ends by itself then (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub expires_at: Option<String>,
    /// How long the secret before signs too, such as 24h; 0s ends it at once
    #[arg(long)]
    pub overlap: Option<String>,
    /// It may have a private address, where server.private_routes lets it
    #[arg(long)]
    pub allow_private: bool,
}

/// What a test delivery came to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tested {
    /// Whether it would have counted as delivered: a queue has no status.
    delivered: Option<bool>,
    status: Option<u16>,
    took_ms: Option<u64>,
    reason: Option<String>,
}

/// Shows them or does something about one.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    match &options.action {
        None => show(&options.waba, wharf, out).await,
        Some(Action::Put(route)) => put(&options.waba, route, wharf, out).await,
        Some(Action::Remove { name }) => remove(&options.waba, name, wharf, out).await,
        Some(Action::Resume { name }) => resume(&options.waba, name, wharf, out).await,
        Some(Action::Test { name }) => test(&options.waba, name, wharf, out).await,
    }
}

async fn show(waba: &str, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    if out.form == Form::Json {
        let answer = wharf.ask(Ask::get(format!("/api/accounts/{}/routes", piece(waba)))).await?;
        return out.raw(&answer.text).map(|()| Verdict::Yes);
    }
    let account: Account = account::read(waba, wharf).await?;
    match account.routes.is_empty() {
        true => out.note("no route takes this account's events: they wait in the journal, and can be replayed"),
        false => out.table(&accounts::routes(&account))?,
    }
    Ok(Verdict::Yes)
}

async fn put(waba: &str, route: &Put, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let secret = route.secret_file.as_deref().map(secret).transpose()?;
    let answer = wharf.ask(Ask::put(own(waba, &route.name)?, body(route, secret.as_deref()))).await?;
    if out.form == Form::Json {
        return out.raw(&answer.text).map(|()| Verdict::Yes);
    }
    let told: Value = answer.read()?;
    let mut paper = Paper::default();
    let word = if answer.status == 201 { "created" } else { "replaced" };
    paper.say(format!(
        "{} {word}: {}",
        told["route"].as_str().unwrap_or(&route.name),
        told["url"].as_str().unwrap_or("-")
    ));
    if told["has_secret"] == false {
        paper.line(super::paper::Line::toned("it has no secret: its deliveries are not signed", Tone::Doubtful));
    }
    for warning in told["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        paper.line(super::paper::Line::toned(format!("warning: {warning}"), Tone::Doubtful));
    }
    paper.say(format!("`wharf routes {waba} test {}` sends it a test delivery", route.name));
    out.paper(&paper)?;
    Ok(Verdict::Yes)
}

fn secret(path: &Path) -> Result<String, Fault> {
    let why = |error| Fault::usage(format!("the secret's file {} cannot be read: {error}", path.display()));
    std::fs::read_to_string(path).map(|text| text.trim_end_matches(['\r', '\n']).to_owned()).map_err(why)
}

fn body(route: &Put, secret: Option<&str>) -> Value {
    let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    without_nulls(json!({
        "url": route.url, "secret": secret, "format": route.format, "fields": some(&route.fields),
        "types": some(&route.types), "numbers": some(&route.numbers), "order": route.order,
        "concurrency": route.concurrency, "max_age": route.max_age, "expires_at": route.expires_at,
        "overlap": route.overlap, "allow_private": route.allow_private.then_some(true),
    }))
}

async fn remove(waba: &str, name: &str, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let answer = wharf.ask(Ask::delete(own(waba, name)?)).await?;
    match out.form {
        Form::Json => out.raw(&answer.text)?,
        Form::People => {
            out.paper(Paper::default().say(format!("{name} removed; `wharf dead {waba}` shows what it left")))?
        }
    }
    Ok(Verdict::Yes)
}

async fn resume(waba: &str, name: &str, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let answer = wharf.ask(Ask::post(format!("{}/resume", any(waba, name)?), json!({}))).await?;
    if out.form == Form::Json {
        return out.raw(&answer.text).map(|()| Verdict::Yes);
    }
    let told: Value = answer.read()?;
    let word = if told["resumed"] == true { "goes on" } else { "was not paused" };
    out.paper(Paper::default().say(format!("{name} {word}")))?;
    Ok(Verdict::Yes)
}

async fn test(waba: &str, name: &str, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let answer = wharf.ask(Ask::post(format!("{}/test", any(waba, name)?), json!({}))).await?;
    let told: Tested = answer.read()?;
    match out.form {
        Form::Json => out.raw(&answer.text)?,
        Form::People => {
            let mut paper = Paper::default();
            out.paper(paper.line(super::paper::Line(vec![verdict(name, &told)])))?;
        }
    }
    Ok(if is_taken(&told) { Verdict::Yes } else { Verdict::No })
}

fn is_taken(told: &Tested) -> bool {
    told.delivered.unwrap_or_else(|| told.status.is_some_and(|status| (200..300).contains(&status)))
}

fn verdict(name: &str, told: &Tested) -> Span {
    let silent = if is_taken(told) { "took it" } else { "did not answer" };
    let answer = told.status.map_or(silent.to_owned(), |status| format!("answered {status}"));
    let took = told.took_ms.map_or_else(String::new, |ms| format!(" after {ms} ms"));
    let why = told.reason.as_deref().map(|why| answers::without(told.status, why));
    let why = why.filter(|why| !why.is_empty()).map_or_else(String::new, |why| format!(": {why}"));
    let (word, tone) = if is_taken(told) { ("takes deliveries", Tone::Good) } else { ("takes none", Tone::Bad) };
    Span::new(format!("{name} {word}: it {answer}{took}{why}"), tone)
}

/// The path of one of the account's own: by its name, or by its full one, GATEWAY/WABA/NAME.
fn own(waba: &str, name: &str) -> Result<String, Fault> {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        [name] => Ok(format!("/api/accounts/{}/routes/{}", piece(waba), piece(name))),
        [_, account, name] if *account == waba => Ok(format!("/api/accounts/{}/routes/{}", piece(waba), piece(name))),
        [_, _] => Err(Fault::usage(format!("{name} stands in the settings: change it there and send SIGHUP"))),
        _ => Err(Fault::usage(format!("{name} is no route of account {waba}"))),
    }
}

/// The path of one of the account's own or of a gateway's.
fn any(waba: &str, name: &str) -> Result<String, Fault> {
    match name.split_once('/').filter(|(_, rest)| !rest.contains('/')) {
        Some((gateway, name)) => Ok(format!("/api/routes/{}/{}", piece(gateway), piece(name))),
        None => own(waba, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_found_by_its_name_or_its_full_one() {
        let path = |name| any("1022", name).map_err(|fault| fault.to_string());
        assert_eq!(path("crm"), Ok("/api/accounts/1022/routes/crm".to_owned()));
        assert_eq!(path("support/1022/crm"), Ok("/api/accounts/1022/routes/crm".to_owned()));
        assert_eq!(path("support/bot"), Ok("/api/routes/support/bot".to_owned()));
        assert!(path("support/77/crm").is_err_and(|why| why.contains("no route of account 1022")));
        assert!(own("1022", "support/bot").is_err_and(|fault| fault.to_string().contains("in the settings")));
    }

    #[test]
    fn a_test_says_whether_deliveries_would_arrive() {
        let told = |status, reason: Option<&str>| {
            verdict("crm", &Tested { delivered: None, status, took_ms: Some(12), reason: reason.map(str::to_owned) })
                .text
        };
        assert_eq!(told(Some(204), None), "crm takes deliveries: it answered 204 after 12 ms");
        assert_eq!(told(Some(500), Some("HTTP 500 oops")), "crm takes none: it answered 500 after 12 ms: oops");
        assert_eq!(told(None, Some("refused")), "crm takes none: it did not answer after 12 ms: refused");
        let queue = Tested { delivered: Some(true), took_ms: Some(3), ..Tested::default() };
        assert_eq!(verdict("events", &queue).text, "events takes deliveries: it took it after 3 ms");
    }
}
