//! Processes of a measurement: this binary again under a hidden command. Each is ended by its id, and ends by itself
//! when its standard input does. Knows Linux's /proc.

use super::{BenchError, while_doing};
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A process that was told to end has this long to do so.
const END_WITHIN: Duration = Duration::from_secs(30);
/// How often whoever waits for a line looks up.
const LOOK_UP: Duration = Duration::from_millis(200);
/// Ticks per second in /proc, whatever the kernel counts by itself.
const TICKS: f64 = 100.0;

/// A running process.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

/// A process's memory, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct Memory {
    /// The most that was ever resident.
    pub(super) peak_kib: u64,
    /// What is resident now.
    pub(super) resident_kib: u64,
}

impl Process {
    /// Starts `wharf bench child {name} {args…}`.
    pub(super) fn start(name: &'static str, args: &[String]) -> Result<Self, BenchError> {
        let doing = || while_doing(format!("start the process `{name}`"));
        let binary = std::env::current_exe().map_err(doing())?;
        let mut command = Command::new(binary);
        command.args(["bench", "child", name]).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "warn");
        }
        let mut child = command.spawn().map_err(doing())?;
        let output = child.stdout.take().expect("its output is piped");
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
        });
        Ok(Self { name, input: child.stdin.take(), child, lines })
    }

    /// Its id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line it says, within `patience`; `meanwhile` is called now and then.
    pub(super) fn hear<T: DeserializeOwned>(&self, patience: Duration, meanwhile: &dyn Fn()) -> Result<T, BenchError> {
        // Counted in look-ups, not by the clock: a machine that stood still says nothing about the process.
        let mut left = patience.as_millis() / LOOK_UP.as_millis();
        loop {
            match self.lines.recv_timeout(LOOK_UP) {
                Ok(line) => return Ok(serde_json::from_str(&line)?),
                Err(RecvTimeoutError::Disconnected) => return Err(self.failed("ended too early")),
                Err(RecvTimeoutError::Timeout) if left == 0 => {
                    return Err(self.failed(&format!("said nothing for {} s", patience.as_secs())));
                }
                Err(RecvTimeoutError::Timeout) => {
                    left -= 1;
                    meanwhile();
                }
            }
        }
    }

    /// Asks it something, in one word.
    pub(super) fn ask<T: DeserializeOwned>(&mut self, word: &str) -> Result<T, BenchError> {
        let asked = self.input.as_mut().map(|input| writeln!(input, "{word}"));
        match asked {
            Some(Ok(())) => self.hear(END_WITHIN, &|| {}),
            Some(Err(_)) | None => Err(self.failed("cannot be asked")),
        }
    }

    /// Its memory.
    pub(super) fn memory(&self) -> Result<Memory, BenchError> {
        let status = read(&format!("/proc/{}/status", self.id()))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().ok()
        };
        match (field("VmHWM"), field("VmRSS")) {
            (Some(peak_kib), Some(resident_kib)) => Ok(Memory { peak_kib, resident_kib }),
            (Some(_) | None, _) => Err(self.failed("does not say its memory")),
        }
    }

    /// Ends it in order, or by force when it takes too long.
    pub(super) fn end(mut self) -> Result<(), BenchError> {
        drop(self.input.take());
        let until = Instant::now() + END_WITHIN;
        loop {
            match self.child.try_wait().map_err(while_doing("wait for a process"))? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.failed(&format!("ended with {status}"))),
                None if Instant::now() > until => return Err(self.failed("did not end and was killed")),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn failed(&self, why: &str) -> BenchError {
        BenchError::Process { name: self.name, why: why.to_owned() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU seconds, user and system, that the process `id` has used so far.
pub(super) fn cpu_seconds(id: u32) -> Result<f64, BenchError> {
    let stat = read(&format!("/proc/{id}/stat"))?;
    ticks(&stat)
        .map(|ticks| ticks as f64 / TICKS)
        .ok_or_else(|| BenchError::Process { name: "measured", why: "does not say its CPU time".to_owned() })
}

/// User and system ticks of a line of /proc/…/stat: the 14th and 15th field, the second one in parentheses.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn read(path: &str) -> Result<String, BenchError> {
    std::fs::read_to_string(path).map_err(while_doing(format!("read {path}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_from_behind_the_name() {
        let stat = "42 (a) 1 2 (b)) S 1 42 42 0 -1 4194304 1 2 3 4 150 25 7 8 20 0 1 0 99";
        assert_eq!(ticks(stat), Some(175));
        assert_eq!(ticks("42 (short) S"), None);
    }

    #[test]
    fn this_process_has_used_some_time() {
        assert!(cpu_seconds(std::process::id()).expect("Linux") >= 0.0);
    }
}
