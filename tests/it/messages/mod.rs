//! `POST /{version}/{phone_number_id}/messages` and what `/api/messages/{id}` tells of it.

mod answers;
mod holds;
mod oddities;
mod options;
mod optouts;
mod refusals;
mod restarts;
mod states;
mod windows;

use crate::harness::application::Application;
use crate::harness::http::Answer;
use crate::harness::mail::Line;
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::{Value, json};

/// A text to somebody.
fn text_to(to: &str) -> String {
    json!({"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "hello"}}).to_string()
}

/// What Graph answers to a message it takes.
fn taken(wamid: &str) -> String {
    format!(
        r#"{{"messaging_product":"whatsapp","contacts":[{{"input":"1","wa_id":"1"}}],"messages":[{{"id":"{wamid}"}}]}}"#
    )
}

/// A stage whose accounts are engaged by the sandbox and whose Graph is then a fake one that answers what it is told.
async fn with_graph(send: &str) -> (Stage, Application) {
    let mut stage = Stage::engaged().await;
    let graph = Application::start().await;
    stage.plan.graph = Some(graph.url(""));
    stage.plan.send = send.to_owned();
    stage.restart().await;
    (stage, graph)
}

/// Our id of the message that an answer is about.
fn id_of(answer: &Answer) -> String {
    let id =
        answer.header("x-wharf-message").unwrap_or_else(|| panic!("no id with {} {}", answer.status, answer.text()));
    assert!(id.starts_with("msg_"), "{id}");
    id.to_owned()
}

async fn message(stage: &Stage, id: &str) -> Value {
    let answer = stage.look(&format!("/api/messages/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Waits until the message has the state.
async fn until_state(stage: &Stage, id: &str, state: &str) -> Value {
    let look = async || Some(message(stage, id).await).filter(|message| message["state"] == state);
    until(&format!("{id} is {state}"), look).await
}

async fn send(stage: &Stage, line: &Line, to: &str) -> Answer {
    stage.send(&format!("v25.0/{}/messages", line.number), text_to(to)).await
}
