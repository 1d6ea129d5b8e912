//! A NATS server with a stream that takes everything, as much of it as tests of publishers need. It may be down, refuse,
//! hang up and keep silent. Stands on threads only, so that any test can have it.
// Each of the two test binaries that have it uses a part.
#![allow(dead_code)]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// One message that somebody tried to publish.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) subject: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Arrival {
    /// A header's value; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// How it answers.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// As JetStream does: the stream keeps it, or had it already.
    Keep,
    /// The stream keeps it, and the acknowledgement is lost together with the connection.
    KeepSilently,
    /// This, instead of an acknowledgement.
    Say(&'static str),
    /// There is no stream.
    NoStream,
    Nothing,
    HangUp,
}

type Manner = Arc<dyn Fn(&Arrival) -> Reply + Send + Sync>;

/// The server.
pub(crate) struct FakeNats {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    accepting: Option<JoinHandle<()>>,
}

struct State {
    /// What was tried, in order.
    tried: Mutex<Vec<Arrival>>,
    /// What the stream holds.
    kept: Mutex<Vec<Arrival>>,
    ids: Mutex<HashSet<String>>,
    /// What clients said of themselves.
    logins: Mutex<Vec<String>>,
    manner: Mutex<Manner>,
    up: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
}

impl FakeNats {
    /// Starts on a free port.
    pub(crate) fn start() -> Self {
        let mut fake = Self::down_at(([127, 0, 0, 1], 0).into());
        fake.up();
        fake
    }

    /// A server that is not there yet.
    pub(crate) fn down_at(address: SocketAddr) -> Self {
        let manner: Manner = Arc::new(|_| Reply::Keep);
        let state = State {
            tried: Mutex::default(),
            kept: Mutex::default(),
            ids: Mutex::default(),
            logins: Mutex::default(),
            manner: Mutex::new(manner),
            up: AtomicBool::new(false),
            connections: Mutex::default(),
        };
        Self { address, state: Arc::new(state), accepting: None }
    }

    /// Listens from now on.
    pub(crate) fn up(&mut self) {
        let listener = TcpListener::bind(self.address).expect("the port is free");
        self.address = listener.local_addr().expect("a bound socket has an address");
        self.state.up.store(true, Ordering::SeqCst);
        let state = Arc::clone(&self.state);
        self.accepting = Some(std::thread::spawn(move || accept(&listener, &state)));
    }

    /// Hangs up on everyone, and listens no more.
    pub(crate) fn down(&mut self) {
        let Some(accepting) = self.accepting.take() else { return };
        self.state.up.store(false, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        accepting.join().expect("it accepts until it is told not to");
        for connection in lock(&self.state.connections).drain(..) {
            drop(connection.shutdown(Shutdown::Both));
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Answers as `manner` says, from now on.
    pub(crate) fn answer(&self, manner: impl Fn(&Arrival) -> Reply + Send + Sync + 'static) {
        *lock(&self.state.manner) = Arc::new(manner);
    }

    /// Everything that was tried, whatever became of it.
    pub(crate) fn tried(&self) -> Vec<Arrival> {
        lock(&self.state.tried).clone()
    }

    /// What the stream holds.
    pub(crate) fn kept(&self) -> Vec<Arrival> {
        lock(&self.state.kept).clone()
    }

    /// What clients said when they connected, as JSON.
    pub(crate) fn logins(&self) -> Vec<String> {
        lock(&self.state.logins).clone()
    }
}

impl Drop for FakeNats {
    fn drop(&mut self) {
        self.down();
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for connection in listener.incoming() {
        if !state.up.load(Ordering::SeqCst) {
            return;
        }
        let Ok(connection) = connection else { continue };
        lock(&state.connections).push(connection.try_clone().expect("a socket can be held twice"));
        let state = Arc::clone(state);
        std::thread::spawn(move || {
            drop(serve(&connection, &state));
            drop(connection.shutdown(Shutdown::Both));
        });
    }
}

/// Speaks the protocol until somebody hangs up.
fn serve(mut to: &TcpStream, state: &State) -> std::io::Result<()> {
    to.write_all(
        b"INFO {\"server_id\":\"F\",\"server_name\":\"fake\",\"version\":\"2.9.10\",\"go\":\"go\",\"host\":\"h\",\
          \"port\":1,\"headers\":true,\"max_payload\":1048576,\"proto\":1,\"client_id\":1}\r\n",
    )?;
    let mut from = BufReader::new(to);
    let (mut line, mut subscriber) = (String::new(), String::new());
    loop {
        line.clear();
        if from.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["CONNECT", ..] => lock(&state.logins).push(line["CONNECT ".len()..].trim().to_owned()),
            ["PING"] => to.write_all(b"PONG\r\n")?,
            ["SUB", _, sid] => subscriber = sid.to_owned(),
            ["HPUB", subject, reply, head, all] => {
                let (head, all) = (head.parse().unwrap_or(0), all.parse().unwrap_or(0));
                let mut bytes = vec![0; all + 2];
                from.read_exact(&mut bytes)?;
                let headers = read_headers(&bytes[..head]);
                let arrival = Arrival { subject: subject.to_owned(), headers, body: bytes[head..all].to_vec() };
                let Some(answer) = state.take(arrival, reply, &subscriber) else { return Ok(()) };
                to.write_all(answer.as_bytes())?;
            }
            _ => {}
        }
    }
}

fn read_headers(head: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(head);
    let pairs = text.lines().skip(1).filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

impl State {
    /// What is answered; `None` hangs up.
    fn take(&self, arrival: Arrival, reply: &str, subscriber: &str) -> Option<String> {
        let manner = Arc::clone(&lock(&self.manner));
        let how = manner(&arrival);
        lock(&self.tried).push(arrival.clone());
        let said = match how {
            Reply::Keep => self.keep(arrival),
            Reply::KeepSilently => {
                self.keep(arrival);
                return None;
            }
            Reply::Say(text) => text.to_owned(),
            Reply::NoStream => {
                let head = "NATS/1.0 503\r\n\r\n";
                return Some(format!("HMSG {reply} {subscriber} {0} {0}\r\n{head}\r\n", head.len()));
            }
            Reply::Nothing => return Some(String::new()),
            Reply::HangUp => return None,
        };
        Some(format!("MSG {reply} {subscriber} {}\r\n{said}\r\n", said.len()))
    }

    fn keep(&self, arrival: Arrival) -> String {
        let fresh = lock(&self.ids).insert(arrival.header("Nats-Msg-Id").to_owned());
        let mut kept = lock(&self.kept);
        if fresh {
            kept.push(arrival);
        }
        let duplicate = if fresh { "" } else { ",\"duplicate\":true" };
        format!("{{\"stream\":\"ALL\",\"seq\":{}{duplicate}}}", kept.len())
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
