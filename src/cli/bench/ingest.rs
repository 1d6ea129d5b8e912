//! `wharf bench ingest`: which servers are measured against each other, in which order. Rounds alternate between them,
//! so that the noise of a busy machine hits all.

use super::BenchError;
use super::contender::{Contender, Wanted};
use super::disk::Ground;
use super::load::Measured;
use super::process::Process;
use super::report::{Report, Subject};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// Connections of the load
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// Engaged, active accounts that webhooks are for, in turn
    #[arg(long, default_value_t = 50)]
    pub accounts: u32,
    /// Seconds of each round that count
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Seconds before them that do not
    #[arg(long, default_value_t = 2.0)]
    pub warm_up: f64,
    /// Rounds; the middle one counts
    #[arg(long, default_value_t = 3)]
    pub rounds: u32,
    /// In which folder stores are made; they are removed afterwards. Without it in ./target, else where temporary files go
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let report = Bench::open(options)?.measure()?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

struct Bench<'a> {
    options: &'a Options,
    ground: Ground,
    runs: u32,
    contenders: Vec<Contender>,
}

impl<'a> Bench<'a> {
    fn open(options: &'a Options) -> Result<Self, BenchError> {
        let ground = Ground::open(options.data.as_deref())?;
        eprintln!("Stores are made in {} ({})", ground.path().display(), ground.filesystem);
        let durable = Wanted { name: "durable", accounts: options.accounts, preload: 0, route: None };
        let contenders = vec![Contender::bare(options.accounts)?, Contender::durable(&durable, &ground, &|_| {})?];
        Ok(Self { options, ground, runs: 0, contenders })
    }

    fn measure(mut self) -> Result<Report, BenchError> {
        for round in 1..=self.options.rounds {
            for at in 0..self.contenders.len() {
                let (name, target) = (self.contenders[at].name.clone(), &self.contenders[at]);
                let run =
                    Run { rate: None, connections: self.options.connections, title: format!("round {round}, {name}") };
                let found = load(self.options, &run, self.runs, target.accounts, target.public, target.process.id())?;
                self.runs += 1;
                self.contenders[at].rounds.push(found);
            }
        }
        let mut subjects = Vec::new();
        for mut contender in self.contenders {
            let (name, ready_s, rounds) =
                (contender.name.clone(), contender.ready_s, std::mem::take(&mut contender.rounds));
            subjects.push(Subject::new(name, ready_s, rounds, contender.end()?));
        }
        Ok(Report::new(self.options, &self.ground, subjects))
    }
}

struct Run {
    rate: Option<f64>,
    connections: usize,
    title: String,
}

/// Runs the load once, in a process of its own, under a progress bar.
fn load(
    options: &Options,
    run: &Run,
    number: u32,
    accounts: u32,
    target: SocketAddr,
    watch: u32,
) -> Result<Measured, BenchError> {
    let mut args = Vec::new();
    let mut arg = |name: &str, value: String| args.extend([format!("--{name}"), value]);
    arg("target", target.to_string());
    arg("connections", run.connections.to_string());
    arg("accounts", accounts.to_string());
    arg("run", number.to_string());
    arg("warm-up", options.warm_up.to_string());
    arg("seconds", options.seconds.to_string());
    arg("watch", watch.to_string());
    if let Some(rate) = run.rate {
        arg("rate", rate.to_string());
    }
    let process = Process::start("load", &args)?;
    let (began, length) = (Instant::now(), Duration::from_secs_f64(options.warm_up + options.seconds));
    let bar = bar(&run.title, length);
    let measured =
        process.hear(length + Duration::from_secs(90), &|| bar.set_position(began.elapsed().as_millis() as u64))?;
    bar.finish_and_clear();
    process.end()?;
    Ok(measured)
}

fn bar(title: &str, length: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:32} [{bar:30}] {percent:>3} %").expect("the template is sound");
    ProgressBar::new(length.as_millis() as u64).with_style(style).with_message(title.to_owned())
}
