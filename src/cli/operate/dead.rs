//! `wharf dead`: what an account's routes and sends gave up, with the reason; `--redrive` tries it again.

use super::ask::{Ask, Wharf, piece, query};
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::Span;
use super::table::{Table, prose, whole};
use super::{Verdict, times};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::{Duration, Instant};

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf dead 102290129340398
  wharf dead 102290129340398 --redrive --route support/bot
  wharf dead 102290129340398 --redrive --event 102290129340398.57

Works after an account was removed too. A redriven event goes to its route as if it were new, with X-Wharf-Attempt from 1.";

/// How often a route that has its hands full is asked again.
const LOOKS: Duration = Duration::from_millis(500);
/// A route that takes none for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// An account (its WABA id)
    pub waba: String,
    /// Try them again
    #[arg(long)]
    pub redrive: bool,
    /// Only those of this route
    #[arg(long, requires = "redrive")]
    pub route: Option<String>,
    /// Only those of this event
    #[arg(long, requires = "redrive")]
    pub event: Option<String>,
    /// Only this message
    #[arg(long, requires = "redrive", conflicts_with_all = ["route", "event"])]
    pub message: Option<String>,
    /// At most so many are shown
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Go on where the last answer ended
    #[arg(long)]
    pub cursor: Option<String>,
    /// Which come first
    #[arg(long, value_parser = ["newest", "oldest"])]
    pub order: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    data: Vec<Letter>,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Letter {
    route: Option<String>,
    event: Option<String>,
    message: Option<String>,
    reason: String,
    status: Option<u16>,
    at: Option<String>,
}

/// What a redrive came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
struct Redriven {
    redriven: u64,
    skipped: u64,
    left: u64,
}

/// Shows them or tries them again.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    match options.redrive {
        true => redrive(options, wharf, out).await,
        false => list(options, wharf, out).await,
    }
}

async fn list(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let pairs = [
        ("limit", Some(options.limit.to_string())),
        ("cursor", options.cursor.clone()),
        ("order", options.order.clone()),
    ];
    let path = format!("/api/accounts/{}/dead{}", piece(&options.waba), query(pairs));
    let answer = wharf.ask(Ask::get(path)).await?;
    if out.form == Form::Json {
        return out.raw(&answer.text).map(|()| Verdict::Yes);
    }
    let listed: Listed = answer.read()?;
    if listed.data.is_empty() {
        out.note("no dead letters");
        return Ok(Verdict::Yes);
    }
    out.table(&table(&listed.data))?;
    if let Some(next) = listed.next {
        out.note(&format!("more: wharf dead {} --cursor {next}", options.waba));
    }
    Ok(Verdict::Yes)
}

/// One line for each.
fn table(letters: &[Letter]) -> Table {
    let mut table =
        Table::new(&[whole("AT (UTC)"), whole("EVENT OR MESSAGE"), whole("ROUTE"), whole("STATUS"), prose("REASON")]);
    for letter in letters {
        table.row(vec![
            times::second(letter.at.as_deref()).into(),
            letter.event.as_deref().or(letter.message.as_deref()).unwrap_or("-").into(),
            letter.route.as_deref().unwrap_or("-").into(),
            letter.status.map_or("-".to_owned(), |status| status.to_string()).into(),
            Span::from(&letter.reason),
        ]);
    }
    table
}

/// Asks until nothing is left: a route takes only so many at once, and the rest when some of them arrived.
async fn redrive(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let body = json!({ "route": options.route, "event": options.event, "message": options.message });
    let body = without_nulls(body);
    let path = format!("/api/accounts/{}/dead/redrive", piece(&options.waba));
    let (bar, mut sum, mut moved) = (bar(), Redriven::default(), Instant::now());
    loop {
        let ask = Ask::post(path.as_str(), body.clone()).within(Duration::from_secs(300));
        let part: Redriven = wharf.read(ask).await?;
        sum = add(sum, part);
        bar.set_length(sum.redriven + sum.skipped + sum.left);
        bar.set_position(sum.redriven + sum.skipped);
        if part.redriven > 0 {
            moved = Instant::now();
        }
        if part.left == 0 || moved.elapsed() > PATIENCE {
            break;
        }
        tokio::time::sleep(LOOKS).await;
    }
    bar.finish_and_clear();
    match out.form {
        Form::Json => out.json(&sum)?,
        Form::People => out.paper(super::paper::Paper::default().say(summary(sum)))?,
    }
    Ok(if sum.redriven > 0 || sum == Redriven::default() { Verdict::Yes } else { Verdict::No })
}

fn add(sum: Redriven, part: Redriven) -> Redriven {
    // What is skipped is skipped again each time.
    Redriven { redriven: sum.redriven + part.redriven, skipped: part.skipped, left: part.left }
}

fn summary(sum: Redriven) -> String {
    let Redriven { redriven, skipped, left } = sum;
    let skipped = match skipped {
        0 => String::new(),
        skipped => format!(", {skipped} skipped (their route or bytes are gone, or they are under way again)"),
    };
    let left = match left {
        0 => String::new(),
        left => format!(", {left} left (their route has its hands full: the same again later goes on)"),
    };
    format!("{redriven} redriven{skipped}{left}")
}

/// Members that say nothing are left out: the API reads strictly.
pub(super) fn without_nulls(mut object: serde_json::Value) -> serde_json::Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    object
}

fn bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("redriving  [{bar:30}] {pos}/{len}  {per_sec}").expect("the template is sound");
    ProgressBar::new(0).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::super::paper::{Colour, Paper};
    use super::*;

    #[test]
    fn dead_letters_are_told_one_a_line() {
        let letters = json!([
            {"route": "support/bot", "event": "1022.57", "reason": "72 h are over", "status": 503,
             "at": "2026-11-29T10:00:00.100Z"},
            {"message": "msg_1", "reason": "removed", "status": null, "at": null}]);
        let letters: Vec<Letter> = serde_json::from_value(letters).expect("letters");
        let expected = "\
AT (UTC)              EVENT OR MESSAGE  ROUTE        STATUS  REASON
2026-11-29T10:00:00Z  1022.57           support/bot  503     72 h are over
-                     msg_1             -            -       removed
";
        assert_eq!(Paper(table(&letters).lines(None)).render(Colour::Without), expected);
    }

    #[test]
    fn what_several_answers_redrove_is_added_up() {
        let first = add(Redriven::default(), Redriven { redriven: 100, skipped: 2, left: 40 });
        let both = add(first, Redriven { redriven: 40, skipped: 2, left: 0 });
        assert_eq!(both, Redriven { redriven: 140, skipped: 2, left: 0 });
        assert_eq!(summary(Redriven { redriven: 7, skipped: 0, left: 0 }), "7 redriven");
        assert!(summary(both).starts_with("140 redriven, 2 skipped ("));
        assert!(summary(Redriven { left: 44, ..both }).contains("), 44 left (their route"));
    }
}
