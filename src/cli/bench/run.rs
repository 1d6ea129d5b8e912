//! One run of the load against one server: in a process of its own, under a progress bar.

use super::BenchError;
use super::contender::Contender;
use super::load::Measured;
use super::mix::Mix;
use super::process::Process;
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Beyond its length a run may take this long: what is under way is awaited.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a run is like.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// What the progress bar says.
    pub(super) title: String,
    /// Connections of the load.
    pub(super) connections: usize,
    /// Seconds that do not count.
    pub(super) warm_up: f64,
    /// Seconds that count.
    pub(super) seconds: f64,
    /// Webhooks per second by the clock; `None` for as fast as they are answered.
    pub(super) rate: Option<f64>,
    /// Who writes.
    pub(super) mix: Mix,
}

/// Gives each run a number, so that no message comes twice.
#[derive(Debug, Default)]
pub(super) struct Runs(Cell<u32>);

impl Runs {
    /// The next number; 0 is for what was there before.
    pub(super) fn number(&self) -> u32 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }

    /// The number of the last run.
    pub(super) fn last(&self) -> u32 {
        self.0.get()
    }

    /// Runs the load once.
    pub(super) fn run(&self, contender: &Contender, run: &Run) -> Result<Measured, BenchError> {
        let mut args = Vec::new();
        let mut arg = |name: &str, value: String| args.extend([format!("--{name}"), value]);
        arg("target", contender.public.to_string());
        arg("connections", run.connections.to_string());
        arg("accounts", contender.accounts.to_string());
        arg("run", self.number().to_string());
        arg("warm-up", run.warm_up.to_string());
        arg("seconds", run.seconds.to_string());
        arg("watch", contender.process.id().to_string());
        if let Some(rate) = run.rate {
            arg("rate", rate.to_string());
        }
        args.extend(run.mix.as_args());
        let process = Process::start("load", &args)?;
        let (began, length) = (Instant::now(), Duration::from_secs_f64(run.warm_up + run.seconds));
        let bar = bar(&run.title, length.as_millis() as u64);
        let measured = process.hear(length + PATIENCE, &|| bar.set_position(began.elapsed().as_millis() as u64))?;
        bar.finish_and_clear();
        process.end()?;
        Ok(measured)
    }
}

/// A progress bar on standard error; none where that is no terminal.
pub(super) fn bar(title: &str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:32} [{bar:30}] {percent:>3} %").expect("the template is sound");
    ProgressBar::new(length).with_style(style).with_message(title.to_owned())
}
