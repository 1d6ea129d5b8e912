//! Hostile and heavy callers in one process: connections that say nothing, bodies that come a byte a second, wrong
//! keys, and Meta's largest batches. One thread for all but the batches.

use super::child::say;
use super::connection::{Heard, whole};
use super::stage::URI;
use super::{BenchError, batch, while_doing};
use clap::Args;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often it is looked at who has to do something.
const TICK: Duration = Duration::from_millis(10);
/// Ticks in which each slow body sends a byte.
const TICKS_PER_BYTE: u64 = 100;
/// Runs of batches have numbers that no other run has.
const RUNS_FROM: u32 = 1 << 24;

/// The siege.
#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// Whom it is for
    #[arg(long)]
    pub(super) target: SocketAddr,
    /// Connections that say nothing: every other one after a first request
    #[arg(long)]
    pub(super) idle: usize,
    /// Bodies that come a byte a second
    #[arg(long)]
    pub(super) slow: usize,
    /// How long each of them says it is
    #[arg(long)]
    pub(super) slow_bytes: u64,
    /// Wrong keys per second
    #[arg(long)]
    pub(super) wrong_keys: f64,
    /// Batches at once
    #[arg(long)]
    pub(super) batches: u32,
    /// From a batch's answer to the next batch, in ms
    #[arg(long)]
    pub(super) batch_pause_ms: u64,
    /// The account that the batches are for
    #[arg(long)]
    pub(super) account: u32,
    /// Loopback addresses that connections come from
    #[arg(long)]
    pub(super) addresses: u16,
}

/// What it came to so far.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Besieged {
    /// Connections that were made.
    pub(super) connected: u64,
    /// Connections that the server ended.
    pub(super) cut: u64,
    /// Connections that could not be made.
    pub(super) refused: u64,
    /// Wrong keys that were sent.
    pub(super) wrong_keys: u64,
    /// Answers to all but batches, by status.
    pub(super) answers: BTreeMap<u16, u64>,
    /// Batches that were answered, by status; 0 for those without an answer.
    pub(super) batches: BTreeMap<u16, u64>,
}

/// Lays siege until its input ends; says what it came to when all is in place, and whenever it is asked.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    crate::descriptors::make_room(options.idle + options.slow + options.wrong_keys as usize * 6);
    let told: Arc<Mutex<Besieged>> = Arc::default();
    let mut siege = Siege::open(options, Arc::clone(&told))?;
    for nth in 0..options.batches {
        let (options, told) = (options.clone(), Arc::clone(&told));
        std::thread::spawn(move || post_batches(nth, &options, &told));
    }
    let say_all = |told: &Mutex<Besieged>| say(&*told.lock().expect("no holder panics"));
    say_all(&told)?;
    std::thread::spawn(move || {
        if let Err(error) = siege.press() {
            eprintln!("wharf bench: the siege ended: {error}");
            std::process::exit(1);
        }
    });
    for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
        say_all(&told)?;
    }
    Ok(())
}

fn post_batches(nth: u32, options: &Options, told: &Mutex<Besieged>) {
    for run in (RUNS_FROM + nth..).step_by(options.batches as usize) {
        let status = batch::post(options.target, run, options.account).map_or(0, |(status, _)| status);
        *told.lock().expect("no holder panics").batches.entry(status).or_default() += 1;
        std::thread::sleep(Duration::from_millis(options.batch_pause_ms));
    }
}

/// What a connection is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It never says anything.
    Silent,
    /// It says something once.
    Idle,
    /// Its body comes a byte a second.
    Slow,
    /// It shows wrong keys.
    Wrong,
}

struct Besieger {
    part: Part,
    stream: Option<TcpStream>,
    heard: Vec<u8>,
}

struct Siege {
    options: Options,
    poll: Poll,
    besiegers: Vec<Besieger>,
    /// Connections for wrong keys without one under way.
    free: VecDeque<usize>,
    /// Those that were cut, to come again.
    away: VecDeque<usize>,
    ticks: u64,
    came: u64,
    keys_due: f64,
    told: Arc<Mutex<Besieged>>,
}

impl Siege {
    fn open(options: &Options, told: Arc<Mutex<Besieged>>) -> Result<Self, BenchError> {
        let poll = Poll::new().map_err(while_doing("poll"))?;
        let idle = (0..options.idle).map(|nth| if nth % 2 == 0 { Part::Silent } else { Part::Idle });
        let parts = idle.chain((0..options.slow).map(|_| Part::Slow));
        let besiegers: Vec<Besieger> = parts.map(|part| Besieger { part, stream: None, heard: Vec::new() }).collect();
        let mut siege = Self {
            options: options.clone(),
            poll,
            away: VecDeque::new(),
            besiegers,
            free: VecDeque::new(),
            ticks: 0,
            came: 0,
            keys_due: 0.0,
            told,
        };
        (0..siege.besiegers.len()).for_each(|at| siege.come(at));
        Ok(siege)
    }

    fn press(&mut self) -> std::io::Result<()> {
        let mut events = Events::with_capacity(4096);
        let mut next = Instant::now();
        loop {
            match self.poll.poll(&mut events, Some(next.saturating_duration_since(Instant::now()))) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                Ok(()) | Err(_) => {}
            }
            for token in events.iter().map(mio::event::Event::token) {
                self.hear(token.0);
            }
            if Instant::now() >= next {
                next += TICK;
                self.tick();
            }
        }
    }

    fn tick(&mut self) {
        self.ticks += 1;
        for at in std::mem::take(&mut self.away) {
            self.come(at);
        }
        let slow = self.options.idle..self.options.idle + self.options.slow;
        let now = self.ticks % TICKS_PER_BYTE;
        for at in slow.filter(|at| *at as u64 % TICKS_PER_BYTE == now) {
            self.write(at, b" ");
        }
        self.keys_due += self.options.wrong_keys * TICK.as_secs_f64();
        while self.keys_due >= 1.0 {
            self.keys_due -= 1.0;
            self.show_wrong_key();
        }
    }

    fn show_wrong_key(&mut self) {
        let at = self.free.pop_front().unwrap_or_else(|| {
            self.besiegers.push(Besieger { part: Part::Wrong, stream: None, heard: Vec::new() });
            self.come(self.besiegers.len() - 1);
            self.besiegers.len() - 1
        });
        let key = self.note(|told| {
            told.wrong_keys += 1;
            told.wrong_keys
        });
        let request = format!(
            "GET /{URI}?whatsapp=search HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer guess-{key}\r\n\r\n",
            self.options.target
        );
        self.write(at, request.as_bytes());
    }

    /// Connects, and says what is said at first.
    fn come(&mut self, at: usize) {
        self.came += 1;
        match connect_from(self.options.target, (self.came % u64::from(self.options.addresses)) as u8) {
            Ok(mut stream) => {
                if self.poll.registry().register(&mut stream, Token(at), Interest::READABLE).is_ok() {
                    self.besiegers[at].stream = Some(stream);
                }
                self.note(|told| told.connected += 1);
            }
            Err(_) => {
                self.note(|told| told.refused += 1);
                self.away.push_back(at);
            }
        }
        let target = self.options.target;
        match self.besiegers[at].part {
            Part::Silent | Part::Wrong => {}
            Part::Idle => {
                self.write(at, format!("GET /{URI}?hub.mode=none HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes());
            }
            Part::Slow => {
                let (signature, bytes) = ("0".repeat(64), self.options.slow_bytes);
                let head = format!(
                    "POST /{URI} HTTP/1.1\r\nHost: {target}\r\nX-Hub-Signature-256: sha256={signature}\r\n\
                     Content-Length: {bytes}\r\n\r\n{{"
                );
                self.write(at, head.as_bytes());
            }
        }
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        // Whether it was cut is noticed when reading.
        let _ = self.besiegers[at].stream.as_mut().map(|stream| stream.write_all(bytes));
    }

    fn hear(&mut self, at: usize) {
        let besieger = &mut self.besiegers[at];
        let Some(stream) = besieger.stream.as_mut() else { return };
        let mut chunk = [0; 2048];
        let read = stream.read(&mut chunk);
        match read {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Ok(0) | Err(_) => {
                besieger.stream = None;
                besieger.heard.clear();
                self.away.push_back(at);
                self.note(|told| told.cut += 1);
            }
            Ok(read) => {
                besieger.heard.extend_from_slice(&chunk[..read]);
                if let Heard::Answer(status) = whole(&besieger.heard) {
                    besieger.heard.clear();
                    let part = besieger.part;
                    self.note(|told| *told.answers.entry(status).or_default() += 1);
                    if part == Part::Wrong {
                        self.free.push_back(at);
                    }
                }
            }
        }
    }

    fn note<T>(&self, what: impl FnOnce(&mut Besieged) -> T) -> T {
        what(&mut self.told.lock().expect("no holder panics"))
    }
}

/// A connection from one of this machine's own addresses.
fn connect_from(target: SocketAddr, which: u8) -> std::io::Result<TcpStream> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::new(127, 0, 7, which.saturating_add(1)), 0))?;
    connect(&socket, &target)?;
    let stream = std::net::TcpStream::from(socket);
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}
