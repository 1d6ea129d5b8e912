//! `wharf key`: API keys. A new one is shown once; `hash` turns one into the line for the settings, with no server.

use super::ask::{Ask, Wharf, piece};
use super::dead::without_nulls;
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::{Line, Paper, Tone};
use super::table::{Table, prose, whole};
use super::{Verdict, times};
use crate::config::KeyHash;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use std::io::Read;

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf key list
  wharf key create crm --scopes send,inspect --accounts 102290129340398
  wharf key create ci --scopes inspect --quiet > ci.key
  wharf key remove crm
  openssl rand -base64 32 | tee ops.key | wharf key hash

A key can only give what it has itself. Keys in the settings ([[key]]) are changed there.";

/// 128 random bits have 22 characters in base64; what is shorter can be guessed.
const LEAST: usize = 22;

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// What is done
    #[command(subcommand)]
    pub action: Action,
}

/// What can be done about keys.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Show all keys: who may do what; never the keys themselves
    List,
    /// Create a key and show it, this once
    Create(Create),
    /// Remove a key: from now on nobody is let in with it
    Remove {
        /// Its name
        name: String,
    },
    /// Read a key from standard input and print its SHA-256, for sha256 under [[key]]; asks no server
    Hash,
}

/// A key that is created.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name in audit records
    pub name: String,
    /// What it may do: admin, inspect, send, manage
    #[arg(long, value_delimiter = ',', required = true)]
    pub scopes: Vec<String>,
    /// Only these gateways
    #[arg(long, value_delimiter = ',')]
    pub gateways: Vec<String>,
    /// Only these accounts
    #[arg(long, value_delimiter = ',')]
    pub accounts: Vec<String>,
    /// Only these phone number ids
    #[arg(long, value_delimiter = ',')]
    pub numbers: Vec<String>,
    /// Print the key alone
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

#[derive(Debug, Deserialize)]
struct Listed {
    data: Vec<Key>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Key {
    name: String,
    source: String,
    scopes: Vec<String>,
    gateways: Vec<String>,
    accounts: Vec<String>,
    numbers: Vec<String>,
    created_at: Option<String>,
    last_used_at: Option<String>,
}

/// A new one: the only answer with the key in it.
#[derive(Deserialize)]
struct Created {
    #[serde(flatten)]
    about: Key,
    key: String,
}

/// Lists, creates or removes; to hash one needs no Wharf.
pub(super) async fn run(options: &Options, wharf: Result<Wharf, Fault>, out: &mut Out) -> Result<Verdict, Fault> {
    match &options.action {
        Action::List => list(&wharf?, out).await?,
        Action::Create(wanted) => create(wanted, &wharf?, out).await?,
        Action::Remove { name } => remove(name, &wharf?, out).await?,
        Action::Hash => return hash(out),
    }
    Ok(Verdict::Yes)
}

async fn create(wanted: &Create, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let body = without_nulls(json!({
        "name": wanted.name, "scopes": wanted.scopes, "gateways": some(&wanted.gateways),
        "accounts": some(&wanted.accounts), "numbers": some(&wanted.numbers),
    }));
    let answer = wharf.ask(Ask::post("/api/keys", body)).await?;
    if out.form == Form::Json {
        return out.raw(&answer.text);
    }
    let created: Created = answer.read()?;
    match wanted.quiet {
        true => out.raw(&created.key),
        false => out.paper(&shown(&created)),
    }
}

async fn remove(name: &str, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let answer = wharf.ask(Ask::delete(format!("/api/keys/{}", piece(name)))).await?;
    match out.form {
        Form::Json => out.raw(&answer.text),
        Form::People => out.paper(Paper::default().say(format!("{name} removed: nobody is let in with it any more"))),
    }
}

async fn list(wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let answer = wharf.ask(Ask::get("/api/keys")).await?;
    match out.form {
        Form::Json => out.raw(&answer.text),
        Form::People => out.table(&table(&answer.read::<Listed>()?.data)),
    }
}

/// One line for each.
fn table(keys: &[Key]) -> Table {
    let mut table = Table::new(&[
        whole("NAME"),
        whole("FROM"),
        whole("SCOPES"),
        prose("FOR"),
        whole("CREATED (UTC)"),
        whole("LAST USED (UTC)"),
    ]);
    for key in keys {
        table.row(vec![
            key.name.as_str().into(),
            key.source.as_str().into(),
            key.scopes.join(",").into(),
            limits(key).into(),
            times::second(key.created_at.as_deref()).into(),
            times::second(key.last_used_at.as_deref()).into(),
        ]);
    }
    table
}

/// What it is for; empty lists mean all.
fn limits(key: &Key) -> String {
    let lists = [("gateways", &key.gateways), ("accounts", &key.accounts), ("numbers", &key.numbers)];
    let named = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let named: Vec<String> = named.map(|(what, list)| format!("{what} {}", list.join(","))).collect();
    if named.is_empty() { "everything".to_owned() } else { named.join("; ") }
}

fn shown(Created { about, key }: &Created) -> Paper {
    let mut paper = Paper::default();
    paper.pair("name", about.name.as_str()).pair("scopes", about.scopes.join(", ")).pair("for", limits(about));
    paper.pair("key", key.as_str()).gap();
    paper.line(Line::toned("Keep it now: Wharf keeps only its hash and cannot show it again.", Tone::Doubtful));
    paper
}

fn hash(out: &mut Out) -> Result<Verdict, Fault> {
    let mut text = String::new();
    let unread = |error| Fault::usage(format!("no key could be read from standard input: {error}"));
    std::io::stdin().read_to_string(&mut text).map_err(unread)?;
    let (key, hash) = hashed(&text)?;
    if key.len() < LEAST {
        eprintln!("wharf: a key of {} characters can be guessed; `openssl rand -base64 32` makes one", key.len());
    }
    match out.form {
        Form::Json => out.json(&json!({ "sha256": hash }))?,
        Form::People => out.raw(&hash)?,
    }
    Ok(Verdict::Yes)
}

/// The key in `text`, without the end of its line, and its hash.
fn hashed(text: &str) -> Result<(&str, String), Fault> {
    let key = text.trim_end_matches(['\r', '\n']);
    match !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok((key, hex::encode(KeyHash::of(key.as_bytes()).0))),
        false => Err(Fault::usage("standard input must hold one key: visible ASCII characters on one line")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::paper::Colour;
    use super::*;

    fn created() -> Created {
        let told = json!({
            "name": "crm", "source": "api", "scopes": ["send", "inspect"], "gateways": [], "accounts": ["1022"],
            "numbers": [], "created_at": "2026-11-29T10:00:00.000Z", "created_by": "ops", "last_used_at": null,
            "key": "wharf_x"
        });
        serde_json::from_value(told).expect("a key")
    }

    #[test]
    fn keys_are_told_one_a_line_and_never_themselves() {
        let ops = Key { name: "ops".into(), source: "settings".into(), scopes: vec!["admin".into()], ..Key::default() };
        let expected = "\
NAME  FROM      SCOPES        FOR            CREATED (UTC)         LAST USED (UTC)
crm   api       send,inspect  accounts 1022  2026-11-29T10:00:00Z  -
ops   settings  admin         everything     -                     -
";
        assert_eq!(Paper(table(&[created().about, ops]).lines(None)).render(Colour::Without), expected);
    }

    #[test]
    fn a_new_key_is_shown_with_the_advice_to_keep_it() {
        let expected = "\
name          crm
scopes        send, inspect
for           accounts 1022
key           wharf_x

Keep it now: Wharf keeps only its hash and cannot show it again.
";
        assert_eq!(shown(&created()).render(Colour::Without), expected);
    }

    #[test]
    fn a_key_is_hashed_without_the_end_of_its_line() {
        let expected = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";
        assert_eq!(hashed("key\n").expect("a key"), ("key", expected.to_owned()));
        assert_eq!(hashed("key\r\n").expect("a key").1, expected);
        assert!(hashed("\n").is_err() && hashed("two words").is_err());
    }
}
