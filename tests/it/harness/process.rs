//! The binary as a process of its own, to be stopped and killed. Knows its command line and what it prints.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A process that takes longer to start or to stop hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `wharf serve`.
pub(crate) struct Process {
    child: Child,
    pub(crate) public: String,
    pub(crate) ops: String,
    lines: Receiver<String>,
    said: Vec<String>,
}

/// The command `wharf` with `args`, with nothing of this process's own settings.
pub(crate) fn wharf(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
    command.args(args).env("RUST_LOG", "warn").stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WHARF_")) {
        command.env_remove(name);
    }
    command
}

impl Process {
    /// `wharf serve --config config`, once it listens.
    pub(crate) fn serve(config: &Path) -> Self {
        Self::start(wharf(&["serve", "--config", &config.to_string_lossy()]))
    }

    /// `command`, which ends up serving, once it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a process");
        let lines = follow(&mut child);
        let (public, ops) = addresses(&lines).unwrap_or_else(|said| {
            let _ = child.kill();
            panic!("it did not start to listen; it said {said:?}")
        });
        Self { child, public, ops, lines, said: Vec::new() }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// `kill -TERM`, and waits for the end.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        self.signal("-TERM");
        wait(&mut self.child)
    }

    /// Sends a signal, such as `-HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Everything that it said since it listens.
    pub(crate) fn said(&mut self) -> &[String] {
        self.said.extend(self.lines.try_iter());
        &self.said
    }

    /// Whether a line with all of `words` was said by now.
    pub(crate) fn has_said(&mut self, words: &[&str]) -> bool {
        self.said().iter().any(|line| words.iter().all(|word| line.contains(word)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `command` to its end.
pub(crate) fn run(mut command: Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    wait(&mut child);
    child.wait_with_output().expect("its output")
}

fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("the process did not end within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The lines that it says, read for as long as it speaks.
fn follow(child: &mut Child) -> Receiver<String> {
    let said = BufReader::new(child.stderr.take().expect("piped"));
    let (tell, told) = channel();
    std::thread::spawn(move || said.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
    told
}

/// Where it listens: public, ops. The error is what it said instead.
fn addresses(lines: &Receiver<String>) -> Result<(String, String), Vec<String>> {
    let deadline = Instant::now() + PATIENCE;
    let mut said = Vec::new();
    while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        let is_url = |word: &&str| word.starts_with("http://") || word.starts_with("https://");
        let mut urls = line.split([' ', ',']).filter(is_url).map(str::to_owned);
        if let (true, Some(public), Some(ops)) = (line.contains("callbacks at"), urls.next(), urls.next()) {
            return Ok((public, ops));
        }
        said.push(line);
    }
    Err(said)
}
