//! `wharf hold` and `wharf release`: an account's sends or deliveries wait, and go on.

use super::Verdict;
use super::ask::{Ask, Wharf, piece};
use super::dead::without_nulls;
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::Paper;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf hold 102290129340398 --sends
  wharf hold 102290129340398 --sends --number 106540352242922
  wharf hold 102290129340398 --deliveries --route support/bot
  wharf release 102290129340398 --deliveries --route support/bot

A hold survives restarts and loses nothing: messages are still taken and webhooks still stored. Time under a hold
does not count towards a delivery's max_age; a message still expires.";

/// What can be chosen.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["sends", "deliveries"])))]
pub struct Options {
    /// An account (its WABA id)
    pub waba: String,
    /// What leaves towards customers
    #[arg(long)]
    pub sends: bool,
    /// What goes to applications
    #[arg(long)]
    pub deliveries: bool,
    /// Only deliveries to this route
    #[arg(long, conflicts_with = "sends")]
    pub route: Option<String>,
    /// Only this phone number id
    #[arg(long)]
    pub number: Option<String>,
}

/// In which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Wait.
    Hold,
    /// Go on.
    Release,
}

/// What either answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    /// Whether it was not held before.
    paused: Option<bool>,
    /// How many holds ended.
    ended: Option<u64>,
}

/// Holds or releases.
pub(super) async fn run(options: &Options, turn: Turn, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let word = match turn {
        Turn::Hold => "pause",
        Turn::Release => "resume",
    };
    let path = format!("/api/accounts/{}/{word}", piece(&options.waba));
    let answer = wharf.ask(Ask::post(path, body(options))).await?;
    match out.form {
        Form::Json => out.raw(&answer.text)?,
        Form::People => out.paper(Paper::default().say(sentence(options, turn, &answer.read()?)))?,
    }
    Ok(Verdict::Yes)
}

fn what(options: &Options) -> &'static str {
    if options.sends { "sends" } else { "deliveries" }
}

fn body(options: &Options) -> Value {
    without_nulls(json!({ "what": what(options), "route": options.route, "number": options.number }))
}

fn sentence(options: &Options, turn: Turn, told: &Told) -> String {
    let named = [("to route", &options.route), ("of number", &options.number)];
    let named = named.into_iter().filter_map(|(word, name)| Some(format!(" {word} {}", name.as_ref()?)));
    let which = format!("{} of account {}{}", what(options), options.waba, named.collect::<String>());
    match (turn, told) {
        (Turn::Hold, Told { paused: Some(false), .. }) => format!("{which}: they were held already"),
        (Turn::Hold, _) => format!("{which} are held from now on; `wharf release` with the same options lets them go"),
        (Turn::Release, Told { ended: Some(0), .. }) => format!("{which}: they were not held"),
        (Turn::Release, _) => format!("{which} go on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options { waba: "1022".into(), sends: false, deliveries: true, route: Some("support/bot".into()), number: None }
    }

    #[test]
    fn the_api_is_told_only_what_was_said() {
        assert_eq!(body(&options()), json!({"what": "deliveries", "route": "support/bot"}));
        let sends = Options { sends: true, deliveries: false, route: None, number: Some("1065".into()), ..options() };
        assert_eq!(body(&sends), json!({"what": "sends", "number": "1065"}));
    }

    #[test]
    fn the_answer_says_what_is_different_now() {
        let told = |turn, told: &Told| sentence(&options(), turn, told);
        let held = Told { paused: Some(true), ended: None };
        assert!(
            told(Turn::Hold, &held).starts_with("deliveries of account 1022 to route support/bot are held from now on")
        );
        let before = Told { paused: Some(false), ended: None };
        assert!(told(Turn::Hold, &before).ends_with("they were held already"));
        assert!(told(Turn::Release, &Told { paused: None, ended: Some(0) }).ends_with("they were not held"));
        assert!(told(Turn::Release, &Told::default()).ends_with("go on"));
    }
}
