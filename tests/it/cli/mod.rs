//! The operators' commands as processes of their own, against a gateway on a stage; where a stage cannot be brought to
//! something (a restart in the middle, a stream that ends), against a fake.

mod accounts;
mod events;
mod explain;
mod fake;
mod followed;
mod holds;
mod keys;
mod live;
mod messages;
mod numbers;
mod replay;
mod routes;
mod unreached;
mod verbs;

use crate::harness::process::{run, wharf};
use crate::harness::stage::{KEY, Stage};
use actix_web::web;
use serde_json::Value;
use std::process::Command;

/// How a command ended, and what it said.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    /// What it answered programs.
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// What it answered programs, one document a line.
    fn lines(&self) -> Vec<Value> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}"));
        self.out.lines().map(read).collect()
    }

    /// The same, once it is known to have gone well.
    fn well(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

/// A command that asks `public` and `ops` with `key`.
fn command(args: &[&str], public: &str, ops: &str, key: &str) -> Command {
    let mut command = wharf(args);
    command.env("WHARF_PUBLIC", public).env("WHARF_OPS", ops).env("WHARF_KEY", key);
    command
}

/// Runs it to its end, while everything else here goes on.
async fn finish(command: Command) -> Said {
    let output = web::block(move || run(command)).await.expect("a thread");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Said { code: output.status.code().expect("an exit code"), out: text(output.stdout), err: text(output.stderr) }
}

/// The operator types `wharf args`.
async fn operate(stage: &Stage, args: &[&str]) -> Said {
    finish(command(args, &stage.public, &stage.ops, KEY)).await
}

/// The operator types `wharf args`, with a fake in the place of Wharf.
async fn operate_at(url: &str, args: &[&str]) -> Said {
    finish(command(args, url, url, KEY)).await
}
