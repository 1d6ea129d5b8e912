//! `wharf register`: has Meta send the webhooks of a gateway's app to the gateway, and shows what was there before.

use super::ops_client::{OpsArgs, Question, give_up};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

/// What `wharf register` takes.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    ops: OpsArgs,
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
    /// Answer in JSON, on standard output
    #[arg(long)]
    json: bool,
}

/// Exit code 0: done. 1: refused. 3: Wharf cannot be reached.
pub fn run(options: &Options) -> ExitCode {
    let mut wish = json!({ "dry_run": options.dry_run });
    if let Some(fields) = &options.fields {
        wish["fields"] = json!(fields);
    }
    let gateway: String = form_urlencoded::byte_serialize(options.gateway.as_bytes()).collect();
    let question = Question {
        path: format!("/api/gateways/{gateway}/register"),
        headers: vec![("Content-Type", "application/json".to_owned())],
        post: Some(wish.to_string().into()),
    };
    let answer = match options.ops.ask(question) {
        Ok(answer) => answer.good(),
        Err(unasked) => return give_up(&unasked),
    };
    match answer {
        Ok(told) => {
            println!("{}", if options.json { format!("{told:#}") } else { text(&told) });
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("wharf: {why}");
            ExitCode::FAILURE
        }
    }
}

fn text(told: &Value) -> String {
    let callback = told["callback_url"].as_str().unwrap_or_default();
    let after = match told["dry_run"].as_bool() {
        Some(true) => "(nothing was changed: --dry-run)".to_owned(),
        Some(false) | None => subscription(&told["after"]),
    };
    let (fields, before) = (words(&told["fields"]), subscription(&told["before"]));
    format!("callback  {callback}\nfields    {fields}\nbefore    {before}\nafter     {after}")
}

fn subscription(told: &Value) -> String {
    let Some(callback) = told["callback_url"].as_str() else { return "nothing".to_owned() };
    let active = if told["active"] == false { ", switched off" } else { "" };
    format!("{callback}{active} ({})", words(&told["fields"]))
}

fn words(list: &Value) -> String {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_and_what_is_stand_below_each_other() {
        let before = json!({"callback_url": "https://b.example/x", "active": false, "fields": ["messages"]});
        let after = json!({"callback_url": "https://a.example/x", "active": true, "fields": ["calls", "messages"]});
        let told = json!({"callback_url": "https://a.example/x", "fields": ["calls", "messages"], "dry_run": false,
            "before": before, "after": after});
        assert_eq!(
            text(&told),
            "callback  https://a.example/x\nfields    calls, messages\nbefore    https://b.example/x, switched off \
             (messages)\nafter     https://a.example/x (calls, messages)"
        );
        let dry = json!({"callback_url": "u", "fields": [], "dry_run": true, "before": null, "after": null});
        assert!(text(&dry).contains("before    nothing") && text(&dry).contains("--dry-run"));
    }
}
