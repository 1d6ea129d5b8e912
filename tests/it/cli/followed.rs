//! A command that goes on, read line by line while everything else here goes on.

use super::command;
use crate::harness::stage::{KEY, Stage};
use crate::harness::until;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// The command and its lines.
pub(super) struct Followed {
    child: Child,
    lines: Receiver<String>,
}

impl Followed {
    /// The operator types `wharf args`.
    pub(super) fn start(stage: &Stage, args: &[&str]) -> Self {
        let mut command = command(args, &stage.public, &stage.ops, KEY);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("a process");
        let told = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, lines) = channel();
        std::thread::spawn(move || told.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        Self { child, lines }
    }

    /// A line, if there is one by now.
    pub(super) fn line(&self) -> Option<String> {
        self.lines.try_recv().ok()
    }

    /// The next line with all of `words`.
    pub(super) async fn until(&self, words: &[&str]) -> String {
        let told = async || self.lines.try_iter().find(|line| words.iter().all(|word| line.contains(word)));
        until(&format!("it tells {words:?}"), told).await
    }

    /// How it ends by itself.
    pub(super) async fn ended(mut self) -> Option<i32> {
        let status = until("it ends", async || self.child.try_wait().expect("a child of ours")).await;
        status.code()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
