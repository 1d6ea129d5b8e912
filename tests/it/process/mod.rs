//! The binary as operators run it: started, stopped, killed, watched.

mod kill;
mod kill_sends;
mod start_stop;
mod strace;

use crate::harness::process::Process;
use crate::harness::stage::Stage;
use std::path::PathBuf;

/// Writes the stage's settings as a file beside its data. The stage's own gateway has stopped.
fn config(stage: &Stage) -> PathBuf {
    let path = stage.folder.path().join("wharf.toml");
    std::fs::write(&path, stage.settings()).expect("a file");
    path
}

/// Starts the binary on the stage's folder and points the stage at it.
fn serve(stage: &mut Stage) -> Process {
    let process = Process::serve(&config(stage));
    stage.public.clone_from(&process.public);
    stage.ops.clone_from(&process.ops);
    process
}
