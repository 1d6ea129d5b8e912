//! Watching a replay under a progress bar. The replay is Wharf's: this may come and go.

use super::super::Verdict;
use super::super::ask::{Ask, Wharf, piece};
use super::super::fault::{Fault, Refused};
use super::super::out::{Form, Out};
use super::super::paper::Paper;
use super::job::{Job, how_to_go_on};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::{Duration, Instant};

/// How often it is looked at.
const LOOKS: Duration = Duration::from_millis(500);
/// A Wharf that is started anew is waited for so long.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Listed {
    data: Vec<Box<RawValue>>,
}

/// Watches it until it ends or Ctrl-C.
pub(super) async fn follow(waba: &str, id: &str, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let ended = tokio::select! {
        ended = until_over(waba, id, wharf, out) => ended?,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("\n{}", how_to_go_on(waba, id));
            return Ok(Verdict::Yes);
        }
    };
    if out.form == Form::People {
        out.paper(Paper::default().say(ended.sentence()))?;
    }
    Ok(if ended.state == "done" { Verdict::Yes } else { Verdict::No })
}

async fn until_over(waba: &str, id: &str, wharf: &Wharf, out: &mut Out) -> Result<Job, Fault> {
    let (first, mut shown) = look(waba, id, wharf).await?;
    let (began, bar) = (Instant::now(), bar(id));
    let (mut job, mut reached) = (first.clone(), Instant::now());
    if out.form == Form::Json {
        out.raw(&shown)?;
    }
    loop {
        let progress = job.progress(&first, began.elapsed().as_secs_f64());
        bar.set_length(progress.length);
        bar.set_position(progress.position);
        bar.set_message(progress.words);
        if job.is_over() {
            bar.finish_and_clear();
            return Ok(job);
        }
        tokio::time::sleep(LOOKS).await;
        let told = match look(waba, id, wharf).await {
            Ok((next, told)) => {
                (job, reached) = (next, Instant::now());
                told
            }
            Err(fault) if fault.may_pass() && reached.elapsed() < PATIENCE => {
                bar.set_message("Wharf does not answer just now");
                continue;
            }
            Err(fault) => return Err(fault),
        };
        if out.form == Form::Json && told != shown {
            out.raw(&told)?;
            shown = told;
        }
    }
}

/// The replay, read and as it came.
async fn look(waba: &str, id: &str, wharf: &Wharf) -> Result<(Job, String), Fault> {
    let answer = wharf.ask(Ask::get(format!("/api/accounts/{}/replays", piece(waba)))).await?;
    let listed: Listed = answer.read()?;
    for element in listed.data {
        let strange = |error| Fault::Stranger { url: "the list of replays".into(), why: format!("{error} in it") };
        let job: Job = serde_json::from_str(element.get()).map_err(strange)?;
        if job.id == id {
            return Ok((job, element.get().to_owned()));
        }
    }
    let detail = format!("account {waba} has no replay {id}: `wharf replay {waba} --list` shows those it has");
    Err(Fault::Refused(Refused { status: 404, id: "wharf.replay.unknown".to_owned(), detail }))
}

fn bar(id: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{prefix}  [{bar:30}] {percent:>3} %  {msg}").expect("the template is sound");
    ProgressBar::new(0).with_style(style).with_prefix(id.to_owned())
}
