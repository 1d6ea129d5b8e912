//! 200 means durable, as the kernel saw it: between each POST's read and the write of its 200 an fdatasync has begun
//! and ended. Needs strace; where it is not installed this says so and checks nothing.

use super::config;
use crate::harness::mail::{letter, text};
use crate::harness::process::Process;
use crate::harness::stage::Stage;
use std::path::Path;
use std::process::{Command, Stdio};

/// POSTs, one after another.
const POSTS: usize = 30;
/// What is traced: how requests come, how answers leave, and what makes them durable.
const CALLS: &str = "trace=fdatasync,read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg";

#[actix_web::test]
async fn every_200_is_preceded_by_an_fdatasync_of_its_own() {
    let found = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        println!("skipped: strace is not installed (apt-get install strace)");
        return;
    }
    let mut stage = Stage::engaged_with(|plan| plan.routes.clear()).await;
    stage.stop().await;
    let log = stage.folder.path().join("strace.log");
    let mut command = Command::new("strace");
    // -D: the process that is started is the traced one itself, so that it can be stopped.
    command.args(["-D", "-f", "-s", "4096", "-e", CALLS, "-e", "signal=none", "-o"]).arg(&log);
    command.arg(env!("CARGO_BIN_EXE_wharf")).args(["serve", "--config"]).arg(config(&stage)).stdin(Stdio::null());
    let process = Process::start(command);
    stage.public.clone_from(&process.public);
    stage.ops.clone_from(&process.ops);
    let line = stage.line(0, 0);
    for nth in 0..POSTS {
        stage.take(letter(&line, &[text(&format!("wamid.strace.{nth}."), "491")])).await;
    }
    assert!(actix_web::web::block(move || process.terminate()).await.expect("it ends").success());
    check(&log);
}

fn check(log: &Path) {
    let log = std::fs::read(log).expect("a log");
    let log = String::from_utf8_lossy(&log).into_owned();
    let lines: Vec<&str> = log.lines().collect();
    let is_sync_begun = |line: &str| line.contains(" fdatasync(");
    let is_sync_ended = |line: &str| line.contains("fdatasync") && line.trim_end().ends_with("= 0");
    for nth in 0..POSTS {
        let marker = format!("wamid.strace.{nth}.");
        let read =
            lines.iter().position(|line| line.contains(&marker)).unwrap_or_else(|| panic!("POST {nth} was never read"));
        let answered = lines[read..].iter().position(|line| line.contains("HTTP/1.1 200"));
        let between = &lines[read..read + answered.unwrap_or_else(|| panic!("POST {nth} was never answered"))];
        let begun = between.iter().position(|line| is_sync_begun(line));
        let ended = begun.and_then(|begun| between[begun..].iter().position(|line| is_sync_ended(line)));
        assert!(ended.is_some(), "POST {nth} was answered without an fdatasync:\n{}", between.join("\n"));
    }
}
