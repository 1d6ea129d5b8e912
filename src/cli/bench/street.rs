//! Endpoints next to each other in one process, one thread: each takes deliveries, after a while if it is told to, or
//! breaks in a way of its own until it is told to be well again.

use super::arrivals::{Arrival, Came, Mark, came};
use super::child::say;
use super::load::us_since_1970;
use super::sink::request;
use super::stage::LOOPBACK;
use super::turns::turns;
use super::webhook::{Marks, Webhook};
use super::{BenchError, while_doing};
use clap::Args;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{BufRead, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The street to open.
#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// How many endpoints
    #[arg(long)]
    endpoints: usize,
    /// How long each delivery takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
}

/// What a street says first.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Opened {
    /// Where each endpoint listens.
    pub(super) addresses: Vec<SocketAddr>,
}

/// How an endpoint deals with deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Manner {
    /// It takes them: 200.
    Takes,
    /// It never answers.
    Hangs,
    /// It resets the connection.
    Resets,
    /// It answers 500.
    Fails,
    /// It answers 429.
    IsBusy,
}

impl Manner {
    fn status_line(self) -> &'static str {
        match self {
            Manner::Takes | Manner::Hangs | Manner::Resets => "200 OK",
            Manner::Fails => "500 Internal Server Error",
            Manner::IsBusy => "429 Too Many Requests",
        }
    }
}

/// What a street can be asked, one line of JSON each.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Question {
    /// Endpoints change their manners; answered by `true`.
    Behave(Vec<(usize, Manner)>),
    /// What came of a run; endpoints that broke are apart. Answered by a [`Came`].
    Came {
        /// Which run.
        run: u32,
        /// Messages from this one on say how late deliveries are.
        after: u32,
        /// Endpoints that broke.
        apart: Vec<usize>,
    },
    /// Waits for turns that began between two moments, in µs since 1970. Answered by [`super::turns::Turns`].
    Turns {
        /// From then on.
        from_us: u64,
        /// Before then.
        to_us: u64,
    },
}

/// Serves until its input ends.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let mut street = Street::open(options)?;
    let addresses = street.listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>();
    let addresses = addresses.map_err(while_doing("listen"))?;
    let (seen, manners) = (Arc::clone(&street.seen), Arc::clone(&street.manners));
    std::thread::spawn(move || {
        if let Err(error) = street.serve() {
            eprintln!("wharf bench: the street ended: {error}");
            std::process::exit(1);
        }
    });
    say(&Opened { addresses })?;
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match serde_json::from_str(&line)? {
            Question::Behave(changes) => {
                let mut manners = manners.lock().expect("no holder panics");
                changes.into_iter().for_each(|(endpoint, manner)| manners[endpoint] = manner);
                say(&true)?;
            }
            Question::Came { run, after, apart } => {
                let seen = seen.lock().expect("no holder panics");
                let counted = Came {
                    repeated: seen.repeated,
                    strange: seen.strange,
                    refused: seen.refused,
                    ..came(&seen.arrivals, (run, after), &apart)
                };
                say(&counted)?;
            }
            Question::Turns { from_us, to_us } => {
                let arrivals = seen.lock().expect("no holder panics").arrivals.clone();
                say(&turns(&arrivals, from_us, to_us))?;
            }
        }
    }
    Ok(())
}

#[derive(Default)]
struct Seen {
    arrivals: Vec<Arrival>,
    known: HashSet<(usize, (u32, u32))>,
    repeated: u64,
    strange: u64,
    refused: u64,
}

impl Seen {
    fn note(&mut self, endpoint: usize, head: &[u8], body: &[u8]) {
        let (Some(marks), Some(writer)) = (Marks::find(body), Webhook::writer(body)) else {
            self.strange += 1;
            return;
        };
        let message = (marks.run, marks.nth);
        if !self.known.insert((endpoint, message)) {
            self.repeated += 1;
            return;
        }
        let is_marked = head.to_ascii_lowercase().windows(20).any(|part| part == b"x-wharf-out-of-order");
        let mark = if is_marked { Mark::OutOfOrder } else { Mark::InOrder };
        self.arrivals.push(Arrival { endpoint, writer, message, at_us: marks.at_us, came_us: us_since_1970(), mark });
    }
}

struct Street {
    poll: Poll,
    listeners: Vec<TcpListener>,
    clients: HashMap<Token, Client>,
    next: usize,
    latency: Duration,
    /// Answers that are due, in the order of their times: all take equally long.
    due: VecDeque<(Instant, Token, Manner)>,
    manners: Arc<Mutex<Vec<Manner>>>,
    seen: Arc<Mutex<Seen>>,
}

struct Client {
    stream: TcpStream,
    endpoint: usize,
    pending: Vec<u8>,
}

impl Street {
    fn open(options: &Options) -> Result<Self, BenchError> {
        let poll = Poll::new().map_err(while_doing("poll"))?;
        let mut listeners = Vec::new();
        for at in 0..options.endpoints {
            let mut listener = TcpListener::bind(LOOPBACK).map_err(while_doing("listen"))?;
            let registered = poll.registry().register(&mut listener, Token(at), Interest::READABLE);
            registered.map_err(while_doing("poll a listener"))?;
            listeners.push(listener);
        }
        Ok(Self {
            poll,
            next: listeners.len(),
            listeners,
            clients: HashMap::new(),
            latency: Duration::from_millis(options.latency_ms),
            due: VecDeque::new(),
            manners: Arc::new(Mutex::new(vec![Manner::Takes; options.endpoints])),
            seen: Arc::default(),
        })
    }

    fn serve(&mut self) -> std::io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            let patience = self.due.front().map(|(at, ..)| at.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, patience) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                Ok(()) | Err(_) => {}
            }
            for token in events.iter().map(mio::event::Event::token) {
                if token.0 < self.listeners.len() {
                    self.accept(token.0)?;
                } else if self.hear(token).is_err() {
                    self.clients.remove(&token);
                }
            }
            self.answer_due();
        }
    }

    fn accept(&mut self, endpoint: usize) -> std::io::Result<()> {
        loop {
            match self.listeners[endpoint].accept() {
                Ok((mut stream, _)) => {
                    self.next += 1;
                    stream.set_nodelay(true)?;
                    self.poll.registry().register(&mut stream, Token(self.next), Interest::READABLE)?;
                    self.clients.insert(Token(self.next), Client { stream, endpoint, pending: Vec::new() });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads what is there; an error is the end of the connection.
    fn hear(&mut self, token: Token) -> std::io::Result<()> {
        let Some(client) = self.clients.get_mut(&token) else { return Ok(()) };
        client.read()?;
        while let Some((body, end)) = request(&client.pending) {
            let manner = self.manners.lock().expect("no holder panics")[client.endpoint];
            let mut seen = self.seen.lock().expect("no holder panics");
            match manner {
                Manner::Takes => seen.note(client.endpoint, &client.pending[..body], &client.pending[body..end]),
                Manner::Hangs | Manner::Resets | Manner::Fails | Manner::IsBusy => seen.refused += 1,
            }
            drop(seen);
            client.pending.drain(..end);
            match manner {
                Manner::Hangs => {}
                Manner::Resets => {
                    rustix::net::sockopt::set_socket_linger(&client.stream, Some(Duration::ZERO))?;
                    return Err(ErrorKind::ConnectionReset.into());
                }
                Manner::Takes | Manner::Fails | Manner::IsBusy => {
                    self.due.push_back((Instant::now() + self.latency, token, manner));
                }
            }
        }
        Ok(())
    }

    fn answer_due(&mut self) {
        let now = Instant::now();
        while let Some(&(at, token, manner)) = self.due.front()
            && at <= now
        {
            self.due.pop_front();
            let answer = format!("HTTP/1.1 {}\r\ncontent-length: 0\r\n\r\n", manner.status_line());
            let written = self.clients.get_mut(&token).map(|client| client.stream.write_all(answer.as_bytes()));
            if matches!(written, Some(Err(_))) {
                self.clients.remove(&token);
            }
        }
    }
}

impl Client {
    fn read(&mut self) -> std::io::Result<()> {
        let mut chunk = [0; 16 << 10];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.pending.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
