//! `wharf explain`: what became of an event or a message, as a story that can be read at three in the morning.

mod event;
mod message;
mod story;
mod way_out;

use super::Verdict;
use super::ask::{Ask, Wharf, piece};
use super::fault::Fault;
use super::out::{Form, Out};
use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf explain 102290129340398.57
  wharf explain msg_01J9ZC3V8S8Y5N2R7T1Q0W6E4X

The first line says what matters. Below it stands what happened, with the time (UTC) and how long after it came, and at
the end what can be done.";

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// An event's id such as 102290129340398.57, or a message's, msg_…
    #[arg(value_name = "EVENT|MESSAGE")]
    pub id: String,
}

/// Explains it.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let id = &options.id;
    let is_message = id.starts_with("msg_");
    let ask = match is_message {
        true => Ask::get(format!("/api/messages/{}", piece(id))),
        false => Ask::get(format!("/api/events/{}/explain", piece(id))),
    };
    let answer = wharf.ask(ask).await?;
    match (out.form, is_message) {
        (Form::Json, _) => out.raw(&answer.text)?,
        (Form::People, true) => out.paper(&message::tell(&answer.read()?))?,
        (Form::People, false) => out.paper(&event::tell(&answer.read()?))?,
    }
    Ok(Verdict::Yes)
}
