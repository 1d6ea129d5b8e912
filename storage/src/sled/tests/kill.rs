//! kill -9 at any instant: whatever was acknowledged is there afterwards, nothing is torn, the ledger is right.

use super::{check, nth, small};
use crate::testing::times;
use crate::{Desk, Outcome, Receipt, SledStore, Store};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

const FOLDER: &str = "WHARF_TEST_KILL_FOLDER";
const STREAMS: [&str; 3] = ["100", "200", "q.main"];

/// Says on standard output what has become durable.
#[derive(Default)]
struct Crier {
    settled: Mutex<u64>,
    news: Condvar,
}

impl Desk for Crier {
    fn settle(&self, numbers: &[u64], outcome: &Outcome) {
        assert_eq!(*outcome, Outcome::Durable);
        let lines: String = numbers.iter().map(|number| format!("\nack {number}\n")).collect();
        std::io::stdout().lock().write_all(lines.as_bytes()).unwrap();
        *self.settled.lock().unwrap() += numbers.len() as u64;
        self.news.notify_all();
    }
}

/// The child: commits until it is killed, or for a minute at most. Without its folder it is no test.
#[test]
fn commits_until_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = SledStore::open(small(Path::new(&folder))).unwrap();
    let mut next = STREAMS.map(|stream| store.last_seq(stream));
    let crier = Arc::new(Crier::default());
    let begun = Instant::now();
    for number in 0.. {
        let at = (number % 3) as usize;
        next[at] += 1;
        let receipt = Receipt { desk: crier.clone(), number: next[at] * 3 + at as u64 };
        store.commit(nth(STREAMS[at], next[at]), vec![receipt]);
        let settled = crier.settled.lock().unwrap();
        drop(crier.news.wait_while(settled, |settled| number + 1 - *settled > 40).unwrap());
        if begun.elapsed() > Duration::from_secs(60) {
            return;
        }
    }
}

fn start(folder: &Path) -> Child {
    let test = "sled::tests::kill::commits_until_killed";
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a child says is durable: which stream, up to which seq.
struct Lines(BufReader<ChildStdout>);

impl Iterator for Lines {
    type Item = (usize, u64);

    fn next(&mut self) -> Option<(usize, u64)> {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            // The last line may be cut, then it says nothing.
            let whole = line.strip_suffix('\n')?;
            if let Some(number) = whole.strip_prefix("ack ").and_then(|number| number.parse::<u64>().ok()) {
                return Some(((number % 3) as usize, number / 3));
            }
        }
    }
}

/// From when on a child is given its time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// Its start: it may die while it opens the store.
    Start,
    /// The first commit that it says is durable.
    FirstCommit,
}

/// Lets a child commit for a while, kills it, returns what it acknowledged by stream.
fn kill_after(folder: &Path, from: From, patience: Duration) -> BTreeMap<usize, u64> {
    let mut child = start(folder);
    let mut lines = Lines(BufReader::new(child.stdout.take().unwrap()));
    let mut acknowledged = BTreeMap::new();
    if from == From::FirstCommit {
        acknowledged.extend([lines.next().expect("the child opens the store and commits something")]);
    }
    let killer = std::thread::spawn(move || {
        let dies_at = Instant::now() + patience;
        while let Some(left) = dies_at.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(left);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    });
    acknowledged.extend(lines);
    killer.join().unwrap();
    acknowledged
}

#[test]
fn kill_it_any_time_and_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = [0; 3];
    for round in 0..u64::from(times("WHARF_KILLS", 22)) {
        let patience = Duration::from_micros((round * 7919 + 13) * 1009 % 180_000);
        let from = if round % 3 == 1 { From::Start } else { From::FirstCommit };
        for (at, seq) in kill_after(folder.path(), from, patience) {
            acknowledged[at] = acknowledged[at].max(seq);
        }
        if round % 3 == 2 {
            let store = SledStore::open(small(folder.path())).unwrap();
            for (stream, seq) in STREAMS.iter().zip(acknowledged) {
                assert!(store.last_seq(stream) >= seq);
                assert_eq!(store.ledger(stream).received as u64, store.last_seq(stream));
            }
        }
    }
    let store = SledStore::open(small(folder.path())).unwrap();
    for (stream, seq) in STREAMS.iter().zip(acknowledged) {
        check(&store, stream, seq);
    }
    assert!(acknowledged.iter().all(|seq| *seq > 100), "the children got little done: {acknowledged:?}");
}
