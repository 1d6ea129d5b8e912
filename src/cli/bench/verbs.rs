//! `wharf bench verbs`: `setup` and `subscribe` of many accounts, at a Graph that takes its time. The answer comes
//! after the wait as 202, the work goes on and ends, and webhooks are served meanwhile.

use super::BenchError;
use super::child::Listening;
use super::connection::{Heard, whole};
use super::contender::{Contender, Role, Wanted};
use super::disk::Ground;
use super::graph::APP;
use super::load::Measured;
use super::mix::Mix;
use super::pauses::Pauses;
use super::process::{Memory, Process};
use super::promise::{Promises, mib};
use super::run::{Run, Runs};
use super::stage::{Special, URI};
use super::while_doing;
use clap::Args;
use serde::Serialize;
use std::fmt::{Display, Formatter};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const KEY: &str = "the-key-of-the-operator-of-a-measurement";
/// A verb that moves no account for so long does not end any more.
const STILL: Duration = Duration::from_secs(30);
/// Beyond its wait a verb's answer takes so long at most.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
/// How every account begins in the answer of a verb, and how an active one goes on.
const ACCOUNT: &[u8] = b"{\"id\":\"10229";
const ACTIVE: &[u8] = b"\"subscribed_fields\"";

/// What can be chosen.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Options {
    /// Accounts that the token reaches
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub accounts: u32,
    /// How long each answer of Graph takes, in ms
    #[arg(long, default_value_t = 20)]
    pub latency_ms: u64,
    /// Seconds after which a verb answers 202
    #[arg(long, default_value_t = 5)]
    pub wait: u64,
    /// Webhooks per second by the clock while `subscribe` works
    #[arg(long, default_value_t = 200.0)]
    pub rate: f64,
    /// Seconds in which they count
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// The promise: their p99, in ms
    #[arg(long, default_value_t = 50.0)]
    pub at_most_ms: f64,
    /// In which folder the store is made; it is removed afterwards
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    options: Options,
    longest_pause_ms: f64,
    setup: Verb,
    subscribe: Verb,
    /// Webhooks while `subscribe` worked.
    webhooks: Measured,
    ready: Memory,
    end: Memory,
}

/// One verb over all accounts.
#[derive(Debug, Clone, Copy, Serialize)]
struct Verb {
    /// Its first answer.
    status: u16,
    /// After how long it came.
    answered_s: f64,
    /// When the last account was done.
    ended_s: f64,
    /// Accounts that were done then.
    done: usize,
}

/// Measures, prints, and fails where a promise is broken.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let ground = Ground::open(options.data.as_deref())?;
    ground.clear_when_told();
    let args = [
        "--accounts".to_owned(),
        options.accounts.to_string(),
        "--latency-ms".to_owned(),
        options.latency_ms.to_string(),
    ];
    let graph = Process::start("graph", &args)?;
    let Listening { public } = graph.hear(Duration::from_secs(10), &|| {})?;
    let more = format!(
        "app_id = \"{APP}\"\n[[key]]\nname = \"operator\"\nsecret = \"{KEY}\"\nscopes = [\"admin\", \"inspect\"]\n"
    );
    let special = Special { graph: Some(format!("http://{public}")), more: Some(more) };
    let wanted = Wanted { role: Role::Shown, accounts: 0, preload: 0, route: None, starts: 1, special };
    let mut gateway = Contender::durable(&wanted, &ground)?;
    gateway.accounts = options.accounts;
    let (ready, pauses, runs) = (gateway.process.memory()?, Pauses::watch(), Runs::default());
    let setup = verb("setup", ACCOUNT, gateway.public, options)?;
    let load = Run {
        title: "while subscribe works".to_owned(),
        connections: 16,
        warm_up: 0.5,
        seconds: options.seconds,
        rate: Some(options.rate),
        mix: Mix::default(),
    };
    let public = gateway.public;
    let (subscribe, webhooks) = std::thread::scope(|scope| {
        let subscribe = scope.spawn(move || verb("subscribe", ACTIVE, public, options));
        let webhooks = runs.run(&gateway, &load);
        (subscribe.join(), webhooks)
    });
    let subscribe = subscribe.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let (longest_pause_ms, end) = (pauses.end(), gateway.process.memory()?);
    let report =
        Report { options: options.clone(), longest_pause_ms, setup, subscribe, webhooks: webhooks?, ready, end };
    gateway.end()?;
    graph.end()?;
    report.judge().conclude(&report, options.json)
}

/// Asks for a verb over all accounts, and looks until `sign` stands in each.
fn verb(word: &str, sign: &[u8], target: SocketAddr, options: &Options) -> Result<Verb, BenchError> {
    let (began, wanted) = (Instant::now(), options.accounts as usize);
    let (status, body) = ask(&format!("{word}&wait={}", options.wait), target)?;
    let answered = began.elapsed();
    let mut done = if status == 200 { count(&body, sign) } else { 0 };
    let mut moved = Instant::now();
    while done < wanted && moved.elapsed() < STILL && status == 202 {
        // Looking at all accounts is work too: not more often than it must be.
        std::thread::sleep(Duration::from_secs(2));
        let now_done = count(&ask("search", target)?.1, sign);
        if now_done > done {
            (done, moved) = (now_done, Instant::now());
        }
    }
    Ok(Verb { status, answered_s: answered.as_secs_f64(), ended_s: began.elapsed().as_secs_f64(), done })
}

fn ask(verb: &str, target: SocketAddr) -> Result<(u16, Vec<u8>), BenchError> {
    let doing = || while_doing(format!("ask for {verb}"));
    let mut stream = TcpStream::connect(target).map_err(doing())?;
    stream.set_read_timeout(Some(ANSWERED_WITHIN)).map_err(doing())?;
    let request = format!(
        "GET /{URI}?whatsapp={verb} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n",
        target
    );
    stream.write_all(request.as_bytes()).map_err(doing())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(doing())?;
    match whole(&answer) {
        Heard::Answer(status) => Ok((status, answer)),
        Heard::More | Heard::Broken => Err(doing()(std::io::ErrorKind::UnexpectedEof.into())),
    }
}

fn count(text: &[u8], sign: &[u8]) -> usize {
    text.windows(sign.len()).filter(|part| *part == sign).count()
}

impl Report {
    fn judge(&self) -> Promises {
        let (mut promises, options) = (Promises::default(), &self.options);
        for (word, verb) in [("setup", self.setup), ("subscribe", self.subscribe)] {
            promises.hold(matches!(verb.status, 200 | 202), || format!("{word} was answered {}", verb.status));
            let late = verb.answered_s - options.wait as f64;
            promises.hold(late < 2.0, || format!("{word} was answered {late:.1} s after its wait"));
            let (done, wanted) = (verb.done, options.accounts);
            promises.hold(done == wanted as usize, || {
                format!("{word}: {done} of {wanted} accounts done after {:.0} s", verb.ended_s)
            });
        }
        let p99 = self.webhooks.latency.map_or(f64::INFINITY, |latency| latency.p99_ms);
        promises.hold(p99 < options.at_most_ms, || {
            format!("the webhooks' p99 is {p99:.1} ms, promised are {}", options.at_most_ms)
        });
        let not_200 = self.webhooks.not_200();
        promises.hold(not_200 == 0, || format!("{not_200} webhooks not answered 200"));
        promises
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Options { accounts, latency_ms, wait, rate, .. } = &self.options;
        writeln!(
            f,
            "{accounts} accounts, Graph takes {latency_ms} ms, verbs wait {wait} s; {rate} webhooks/s meanwhile"
        )?;
        writeln!(f, "the machine itself stood still for {:.0} ms at most\n", self.longest_pause_ms)?;
        writeln!(f, "{:<12}{:>8}{:>12}{:>10}{:>10}", "verb", "answer", "after s", "done", "after s")?;
        for (word, verb) in [("setup", self.setup), ("subscribe", self.subscribe)] {
            let Verb { status, answered_s, ended_s, done } = verb;
            writeln!(f, "{word:<12}{status:>8}{answered_s:>12.1}{done:>10}{ended_s:>10.1}")?;
        }
        let (p50, p99, max) = self.webhooks.latency.map_or((0.0, 0.0, 0.0), |l| (l.p50_ms, l.p99_ms, l.max_ms));
        writeln!(
            f,
            "\nwebhooks while subscribe works: p50 {p50:.2} ms, p99 {p99:.2} ms, max {max:.2} ms, {} not 200",
            self.webhooks.not_200()
        )?;
        let each = self.end.resident_kib.saturating_sub(self.ready.resident_kib) as f64 / f64::from(*accounts);
        writeln!(
            f,
            "memory: {:.0} MiB when ready, {:.0} at most, {:.0} at the end: {each:.1} KiB per account",
            mib(self.ready.resident_kib),
            mib(self.end.peak_kib),
            mib(self.end.resident_kib)
        )
    }
}
