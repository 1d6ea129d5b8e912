//! An application that takes every delivery at once: it answers 200 and remembers which message came when. One thread,
//! as cheap as the load, so that it is not what is measured.

use super::child::{Listening, say};
use super::connection::length;
use super::figures::Latency;
use super::load::us_since_1970;
use super::stage::LOOPBACK;
use super::webhook::Marks;
use super::{BenchError, while_doing};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{BufRead, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const LISTENER: Token = Token(usize::MAX);

/// What has come since it was last asked to forget.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Arrived {
    /// Messages, each counted once.
    pub(super) distinct: u64,
    /// Messages that came again.
    pub(super) repeated: u64,
    /// Deliveries without a message of the load.
    pub(super) strange: u64,
    /// From the moment a message was meant to be sent to its arrival here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) latency: Option<Latency>,
}

/// Serves until its input ends. Asked `forget` or `report`, it says what has come.
pub(super) fn run() -> Result<(), BenchError> {
    let mut server = Server::open()?;
    let public = server.listener.local_addr().map_err(while_doing("listen"))?;
    let seen = Arc::clone(&server.seen);
    std::thread::spawn(move || {
        if let Err(error) = server.serve() {
            eprintln!("wharf bench: the sink ended: {error}");
            std::process::exit(1);
        }
    });
    say(&Listening { public })?;
    for word in std::io::stdin().lock().lines().map_while(Result::ok) {
        let mut seen = seen.lock().expect("no holder panics");
        say(&seen.arrived())?;
        if word == "forget" {
            *seen = Seen::default();
        }
    }
    Ok(())
}

#[derive(Default)]
struct Seen {
    /// A bit for each message, by run.
    messages: HashMap<u32, Vec<u64>>,
    repeated: u64,
    strange: u64,
    us: Vec<u32>,
}

impl Seen {
    fn note(&mut self, body: &[u8], now_us: u64) {
        let Some(marks) = Marks::find(body) else {
            self.strange += 1;
            return;
        };
        let bits = self.messages.entry(marks.run).or_default();
        let (word, bit) = (marks.nth as usize / 64, 1 << (marks.nth % 64));
        if bits.len() <= word {
            bits.resize(word + 1, 0);
        }
        if bits[word] & bit != 0 {
            self.repeated += 1;
            return;
        }
        bits[word] |= bit;
        self.us.push(u32::try_from(now_us.saturating_sub(marks.at_us)).unwrap_or(u32::MAX));
    }

    fn arrived(&self) -> Arrived {
        let (distinct, latency) = (self.us.len() as u64, Latency::of(self.us.clone()));
        Arrived { distinct, repeated: self.repeated, strange: self.strange, latency }
    }
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    clients: HashMap<Token, Client>,
    seen: Arc<Mutex<Seen>>,
}

struct Client {
    stream: TcpStream,
    pending: Vec<u8>,
}

impl Server {
    fn open() -> Result<Self, BenchError> {
        let mut listener = TcpListener::bind(LOOPBACK).map_err(while_doing("listen"))?;
        let poll = Poll::new().map_err(while_doing("poll"))?;
        let registered = poll.registry().register(&mut listener, LISTENER, Interest::READABLE);
        registered.map_err(while_doing("poll the listener"))?;
        Ok(Self { poll, listener, clients: HashMap::new(), seen: Arc::default() })
    }

    fn serve(&mut self) -> std::io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut next = 0;
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                Ok(()) | Err(_) => {}
            }
            for token in events.iter().map(mio::event::Event::token) {
                if token == LISTENER {
                    self.accept(&mut next)?;
                } else if self.clients.get_mut(&token).is_some_and(|client| client.serve(&self.seen).is_err()) {
                    self.clients.remove(&token);
                }
            }
        }
    }

    fn accept(&mut self, next: &mut usize) -> std::io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    *next += 1;
                    stream.set_nodelay(true)?;
                    self.poll.registry().register(&mut stream, Token(*next), Interest::READABLE)?;
                    self.clients.insert(Token(*next), Client { stream, pending: Vec::new() });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

impl Client {
    /// Reads what is there and answers what is whole; an error is the end of the connection.
    fn serve(&mut self, seen: &Mutex<Seen>) -> std::io::Result<()> {
        let mut chunk = [0; 16 << 10];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.pending.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            while let Some((head, end)) = request(&self.pending) {
                seen.lock().expect("no holder panics").note(&self.pending[head..end], us_since_1970());
                self.pending.drain(..end);
                self.stream.write_all(ANSWER)?;
            }
        }
    }
}

/// Where the body of the first whole request starts and ends.
pub(super) fn request(pending: &[u8]) -> Option<(usize, usize)> {
    let head = pending.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&pending[..head]).ok()?;
    let end = head + length(text)?;
    (pending.len() >= end).then_some((head, end))
}

#[cfg(test)]
mod tests {
    use super::super::webhook::{Request, Webhook};
    use super::*;

    #[test]
    fn a_message_counts_once_however_often_it_comes() {
        let mut request = Request::new(LOOPBACK);
        let mut seen = Seen::default();
        for nth in [0, 1, 1, 200] {
            let body = request.body(Webhook::nth(nth, 3, 50, 1_790_000_000_000_000)).to_vec();
            seen.note(&body, 1_790_000_000_002_000);
        }
        seen.note(b"{}", 0);
        let arrived = seen.arrived();
        assert_eq!((arrived.distinct, arrived.repeated, arrived.strange), (3, 1, 1));
        assert_eq!(arrived.latency.map(|latency| latency.max_ms), Some(2.0));
    }

    #[test]
    fn requests_are_told_apart_by_their_lengths() {
        assert_eq!(request(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}POST"), Some((38, 40)));
        assert_eq!(request(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{"), None);
    }
}
