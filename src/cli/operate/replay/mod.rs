//! `wharf replay`: events are delivered again: one, or all of a time, as a job that Wharf goes on with by itself while
//! this command only watches.

mod job;
mod watch;

use super::ask::{Ask, Wharf, piece};
use super::dead::without_nulls;
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::{Paper, Span};
use super::table::{Table, figure, whole};
use super::{Verdict, times};
use clap::Args;
use jiff::Timestamp;
use job::{Counted, Job};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf replay 102290129340398.57
  wharf replay 102290129340398.57 --route support/crm
  wharf replay 102290129340398 --from 2h --dry-run
  wharf replay 102290129340398 --from 2026-11-29T10:00:00Z --to 2026-11-29T11:00:00Z --route support/crm --rate 100
  wharf replay 102290129340398 --list
  wharf replay 102290129340398 --watch rpl_01J9ZC3V8S8Y5N2R7T1Q0W6E4X
  wharf replay 102290129340398 --cancel rpl_01J9ZC3V8S8Y5N2R7T1Q0W6E4X

Without --route an event goes to every route whose filter wants it now. Live traffic keeps going meanwhile. Ctrl-C ends
the watching only: the replay goes on, over restarts too.";

/// What can be chosen.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("job").args(["list", "watch", "cancel", "from"])))]
pub struct Options {
    /// An event's id such as 102290129340398.57, or an account (its WABA id)
    #[arg(value_name = "EVENT|WABA")]
    pub id: String,
    /// From here on: a time in UTC, a seq, or how long ago (30m, 2h, 7d)
    #[arg(long)]
    pub from: Option<String>,
    /// Up to here; without it, up to now
    #[arg(long, requires = "from")]
    pub to: Option<String>,
    /// To this route only, whatever its filter says
    #[arg(long)]
    pub route: Option<String>,
    /// Only events of this type
    #[arg(long, requires = "from")]
    pub kind: Option<String>,
    /// Events per second; Wharf's own default is 50
    #[arg(long, requires = "from")]
    pub rate: Option<u32>,
    /// Only count what would be delivered
    #[arg(long, requires = "from")]
    pub dry_run: bool,
    /// Start it and do not watch
    #[arg(long, requires = "from")]
    pub detach: bool,
    /// Show the account's replays
    #[arg(long)]
    pub list: bool,
    /// Watch a replay that runs
    #[arg(long, value_name = "REPLAY")]
    pub watch: Option<String>,
    /// End a replay before it is done
    #[arg(long, value_name = "REPLAY")]
    pub cancel: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct One {
    event: String,
    routes: Vec<String>,
    already_pending: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    data: Vec<Job>,
}

#[derive(Debug, Deserialize)]
struct Started {
    replay: Job,
}

/// A replay, perhaps under its name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Cancelled {
    Named(Started),
    Bare(Job),
}

/// Delivers again, or looks after what does.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    match (options.id.contains('.'), &options.from, &options.watch, &options.cancel) {
        (true, None, None, None) if !options.list => one(options, wharf, out).await,
        (true, ..) => {
            Err(Fault::usage("one event has no --from, --list, --watch or --cancel: give the account instead"))
        }
        (false, Some(from), ..) => many(options, from, wharf, out).await,
        (false, None, Some(id), _) => watch::follow(&options.id, id, wharf, out).await,
        (false, None, None, Some(id)) => cancel(&options.id, id, wharf, out).await,
        (false, None, None, None) if options.list => list(&options.id, wharf, out).await,
        (false, None, None, None) => Err(Fault::usage("say from where on: --from 2h, --from TIME or --from SEQ")),
    }
}

async fn one(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let body = without_nulls(json!({ "route": options.route }));
    let answer = wharf.ask(Ask::post(format!("/api/events/{}/replay", piece(&options.id)), body)).await?;
    match out.form {
        Form::Json => out.raw(&answer.text)?,
        Form::People => out.paper(&said(&answer.read()?))?,
    }
    Ok(Verdict::Yes)
}

fn said(told: &One) -> Paper {
    let mut paper = Paper::default();
    if !told.routes.is_empty() {
        paper.say(format!("{} goes again to {}", told.event, told.routes.join(", ")));
    }
    if !told.already_pending.is_empty() {
        paper.say(format!("it is still on its way to {}", told.already_pending.join(", ")));
    }
    paper.say(format!("`wharf explain {}` tells what becomes of it", told.event));
    paper
}

async fn many(options: &Options, from: &str, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let answer = wharf.ask(Ask::post(jobs(&options.id, "replay"), body(options, from, Timestamp::now())?)).await?;
    if options.dry_run {
        match out.form {
            Form::Json => out.raw(&answer.text)?,
            Form::People => out.paper(&answer.read::<Counted>()?.paper())?,
        }
        return Ok(Verdict::Yes);
    }
    let Started { replay } = answer.read()?;
    match options.detach {
        true => {
            match out.form {
                Form::Json => out.raw(&answer.text)?,
                Form::People => out.paper(Paper::default().say(job::how_to_go_on(&options.id, &replay.id)))?,
            }
            Ok(Verdict::Yes)
        }
        false => watch::follow(&options.id, &replay.id, wharf, out).await,
    }
}

fn body(options: &Options, from: &str, now: Timestamp) -> Result<Value, Fault> {
    let to = options.to.as_deref().map_or_else(|| Ok(format!("{now:.3}").into()), |to| times::place(to, now))?;
    Ok(without_nulls(json!({
        "from": times::place(from, now)?, "to": to, "route": options.route, "kind": options.kind,
        "rate": options.rate, "dry_run": options.dry_run.then_some(true),
    })))
}

async fn list(waba: &str, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let answer = wharf.ask(Ask::get(jobs(waba, "replays"))).await?;
    match out.form {
        Form::Json => out.raw(&answer.text)?,
        Form::People => out.table(&table(&answer.read::<Listed>()?.data))?,
    }
    Ok(Verdict::Yes)
}

fn table(jobs: &[Job]) -> Table {
    let mut table = Table::new(&[
        whole("REPLAY"),
        whole("STATE"),
        whole("ROUTE"),
        figure("DONE"),
        figure("SKIPPED"),
        figure("NEXT SEQ"),
        figure("LAST SEQ"),
        whole("BEGAN (UTC)"),
        whole("ENDED (UTC)"),
    ]);
    for job in jobs {
        table.row(vec![
            job.id.as_str().into(),
            Span::state(&job.state),
            job.route.as_deref().unwrap_or("those that want them").into(),
            job.done.to_string().into(),
            job.skipped.to_string().into(),
            job.next_seq.to_string().into(),
            job.through_seq.to_string().into(),
            times::second(job.began_at.as_deref()).into(),
            times::second(job.ended_at.as_deref()).into(),
        ]);
    }
    table
}

async fn cancel(waba: &str, id: &str, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let answer = wharf.ask(Ask::delete(format!("{}/{}", jobs(waba, "replays"), piece(id)))).await?;
    match out.form {
        Form::Json => out.raw(&answer.text)?,
        Form::People => {
            let (Cancelled::Named(Started { replay }) | Cancelled::Bare(replay)) = answer.read()?;
            out.paper(Paper::default().say(replay.sentence()))?;
        }
    }
    Ok(Verdict::Yes)
}

fn jobs(waba: &str, tail: &str) -> String {
    format!("/api/accounts/{}/{tail}", piece(waba))
}

#[cfg(test)]
mod tests {
    use super::super::paper::Colour;
    use super::*;

    fn options() -> Options {
        Options {
            id: "1022".into(),
            from: None,
            to: None,
            route: None,
            kind: None,
            rate: None,
            dry_run: false,
            detach: false,
            list: false,
            watch: None,
            cancel: None,
        }
    }

    #[test]
    fn the_api_is_told_places_as_it_takes_them() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().expect("a time");
        let told = body(&options(), "2h", now).expect("a body");
        assert_eq!(told, json!({"from": "2026-11-29T10:00:00.000Z", "to": "2026-11-29T12:00:00.000Z"}));
        let all = Options {
            to: Some("90".into()),
            route: Some("support/crm".into()),
            kind: Some("message".into()),
            rate: Some(100),
            dry_run: true,
            ..options()
        };
        let told = body(&all, "57", now).expect("a body");
        let expected =
            json!({"from": 57, "to": 90, "route": "support/crm", "kind": "message", "rate": 100, "dry_run": true});
        assert_eq!(told, expected);
    }

    #[test]
    fn one_event_says_where_it_goes() {
        let told = One { event: "1022.57".into(), routes: vec!["a/b".into()], already_pending: vec!["a/c".into()] };
        let expected = "\
1022.57 goes again to a/b
it is still on its way to a/c
`wharf explain 1022.57` tells what becomes of it
";
        assert_eq!(said(&told).render(Colour::Without), expected);
    }
}
