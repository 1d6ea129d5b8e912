//! The sandbox in a thread of its own, so that whoever measures may wait without holding it up.

use crate::cli::bench::{BenchError, while_doing};
use crate::sandbox::{self, Sandbox, SandboxOptions};
use std::io::{Error, Result};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A running sandbox.
pub(super) struct Graph {
    /// To be looked at and steered.
    pub(super) sandbox: Sandbox,
    over: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Graph {
    /// Starts it.
    pub(super) fn start(options: SandboxOptions) -> std::result::Result<Self, BenchError> {
        let (tell, told) = channel();
        let (over, is_over) = oneshot::channel();
        let thread = std::thread::spawn(move || actix_web::rt::System::new().block_on(run(options, tell, is_over)));
        let started = told.recv().unwrap_or_else(|_| Err(Error::other("its thread ended")));
        let sandbox = started.map_err(while_doing("start the sandbox"))?;
        Ok(Self { sandbox, over, thread })
    }

    /// Ends it.
    pub(super) async fn end(self) {
        self.sandbox.stop().await;
        // A thread that has ended needs not be told.
        let _ = self.over.send(());
        let _ = self.thread.join();
    }
}

async fn run(options: SandboxOptions, tell: Sender<Result<Sandbox>>, is_over: oneshot::Receiver<()>) {
    // Whoever started this waits for what it is told.
    let _ = tell.send(sandbox::start(options).await);
    let _ = is_over.await;
}
