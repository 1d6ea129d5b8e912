//! `/api/doctor`, `/api/gateways`, and the commands that ask them: what is wrong is found, and how to mend it is said.

mod certificates;
mod commands;
mod examines;
mod overrides;
mod registers;
mod signatures;

use crate::harness::front::Front;
use crate::harness::http::{self, Answer};
use crate::harness::stage::{KEY, Plan, Stage, bearer};
use serde_json::Value;

/// A gateway behind a front that is its public URL, as `change` says.
pub(crate) async fn fronted(change: impl FnOnce(&mut Plan)) -> (Stage, Front) {
    let front = Front::start().await;
    let stage = Stage::with(|plan| {
        change(plan);
        plan.server.push_str(&format!("\npublic_url = \"{}\"", front.url));
    });
    let stage = stage.await;
    front.lead_to(&stage.public);
    stage.sandbox.set_callback(&format!("{}/main", front.url));
    (stage, front)
}

/// The operator posts to the ops listener.
async fn post(stage: &Stage, path: &str, body: &str) -> Answer {
    http::post(&format!("{}{path}", stage.ops), &[("Authorization", &bearer(KEY))], body.to_owned()).await
}

/// What the doctor found.
async fn examined(stage: &Stage) -> Vec<Value> {
    let answer = stage.look("/api/doctor").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["findings"].as_array().expect("findings").clone()
}

/// The first finding of `check` about `subject`, as level and words.
fn about<'f>(findings: &'f [Value], check: &str, subject: &str) -> (&'f str, &'f str) {
    let found = findings.iter().find(|finding| finding["check"] == check && finding["subject"] == subject);
    let found = found.unwrap_or_else(|| panic!("nothing about {check} {subject} in {findings:?}"));
    (found["level"].as_str().expect("a level"), found["says"].as_str().expect("words"))
}
