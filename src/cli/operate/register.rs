//! `wharf register`: has Meta send the webhooks of a gateway's app to the gateway, and shows what was there before.

use super::Verdict;
use super::ask::{Ask, Wharf, piece};
use super::dead::without_nulls;
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::Paper;
use clap::Args;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf register --gateway support --dry-run
  wharf register --gateway support
  wharf register --gateway support --fields messages,account_update

The gateway's public URL must be set (server.public_url) and reachable: Meta asks it for a challenge first.";

/// Wharf waits for Meta, and Meta for us.
const PATIENCE: Duration = Duration::from_secs(120);

/// What `wharf register` takes.
#[derive(Debug, Args)]
pub struct Options {
    /// The gateway
    #[arg(long, value_name = "URI")]
    gateway: String,
    /// Subscribe to these webhook fields and no other; without it to what the routes ask for, what tells how accounts
    /// fare, and what the app has
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    fields: Option<Vec<String>>,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
}

/// What was done, or would be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Registered {
    callback_url: String,
    fields: Vec<String>,
    dry_run: bool,
    before: Option<Subscription>,
    after: Option<Subscription>,
}

/// What Meta has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Subscription {
    callback_url: String,
    active: Option<bool>,
    fields: Vec<String>,
}

/// Registers the callback.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let body = without_nulls(json!({ "dry_run": options.dry_run, "fields": options.fields }));
    let path = format!("/api/gateways/{}/register", piece(&options.gateway));
    let answer = wharf.ask(Ask::post(path, body).within(PATIENCE)).await?;
    match out.form {
        Form::Json => out.raw(&answer.text)?,
        Form::People => out.paper(&paper(&answer.read()?))?,
    }
    Ok(Verdict::Yes)
}

fn paper(told: &Registered) -> Paper {
    let after = match told.dry_run {
        true => "(nothing was changed: --dry-run)".to_owned(),
        false => words(told.after.as_ref()),
    };
    let mut paper = Paper::default();
    paper.pair("callback", told.callback_url.as_str()).pair("fields", told.fields.join(", "));
    paper.pair("before", words(told.before.as_ref())).pair("after", after);
    paper
}

fn words(told: Option<&Subscription>) -> String {
    let Some(Subscription { callback_url, active, fields }) = told else { return "nothing".to_owned() };
    let active = if *active == Some(false) { ", switched off" } else { "" };
    format!("{callback_url}{active} ({})", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::paper::Colour;
    use super::*;

    fn said(told: serde_json::Value) -> String {
        paper(&serde_json::from_value(told).expect("an answer")).render(Colour::Without)
    }

    #[test]
    fn what_was_and_what_is_stand_below_each_other() {
        let before = json!({"callback_url": "https://b.example/x", "active": false, "fields": ["messages"]});
        let after = json!({"callback_url": "https://a.example/x", "active": true, "fields": ["calls", "messages"]});
        let told = json!({"callback_url": "https://a.example/x", "fields": ["calls", "messages"], "dry_run": false,
            "before": before, "after": after});
        let expected = "\
callback      https://a.example/x
fields        calls, messages
before        https://b.example/x, switched off (messages)
after         https://a.example/x (calls, messages)
";
        assert_eq!(said(told), expected);
        let dry = said(json!({"callback_url": "u", "fields": [], "dry_run": true, "before": null, "after": null}));
        assert!(dry.contains("before        nothing\n") && dry.contains("--dry-run"), "{dry}");
    }
}
