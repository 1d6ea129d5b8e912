//! The load: sends over many connections from one thread, each connection again as soon as it is answered; and sends
//! one by one. Knows nothing of what answers.

use crate::cli::bench::connection::{Connection, Heard, length};
use crate::cli::bench::{BenchError, while_doing};
use mio::{Events, Interest, Poll, Token};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// An answer comes within this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whom the load calls, and who it is.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Where.
    pub(super) address: SocketAddr,
    /// What it shows.
    pub(super) key: String,
}

/// What a flood found.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Flooded {
    /// Answers by status.
    pub(super) answers: BTreeMap<u16, u64>,
    /// Connections that ended with a send under way.
    pub(super) broken: u64,
    /// Seconds from the first send to the last answer.
    pub(super) seconds: f64,
}

impl Target {
    /// A text from `number` to the `nth` recipient; with `patient` the answer is awaited, else the queue's is enough.
    pub(super) fn request(&self, number: &str, nth: u32, answer: Awaited) -> Vec<u8> {
        let to = recipient(nth);
        let body = format!(
            r#"{{"messaging_product":"whatsapp","recipient_type":"individual","to":"{to}","type":"text","text":{{"body":"Your order {nth} is ready, see https://example.com/orders/{nth}."}}}}"#
        );
        let Target { address, key } = self;
        let prefer = match answer {
            Awaited::Graphs => "",
            Awaited::Queues => "Prefer: respond-async\r\n",
        };
        let length = body.len();
        format!(
            "POST /v25.0/{number}/messages HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\n{prefer}Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// Which answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    /// Graph's own.
    Graphs,
    /// That the message is kept.
    Queues,
}

/// The `nth` recipient: the last four digits never ask the sandbox for a fault.
fn recipient(nth: u32) -> String {
    format!("49{:08}9{:03}", nth / 1000, nth % 1000)
}

/// Sends all `requests` over `connections`, each again when it is answered.
pub(super) fn flood(
    target: &Target,
    connections: usize,
    requests: impl Iterator<Item = Vec<u8>>,
) -> Result<Flooded, BenchError> {
    Flood::open(target, connections, requests)?.run()
}

struct Flood<I> {
    poll: Poll,
    connections: Vec<Connection>,
    requests: I,
    under_way: usize,
    found: Flooded,
}

impl<I: Iterator<Item = Vec<u8>>> Flood<I> {
    fn open(target: &Target, connections: usize, requests: I) -> Result<Self, BenchError> {
        let poll = Poll::new().map_err(while_doing("poll"))?;
        let connect = |at| {
            let mut connection = Connection::open(target.address)?;
            let interests = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut connection.stream, Token(at), interests)?;
            Ok(connection)
        };
        let connections: std::io::Result<Vec<Connection>> = (0..connections).map(connect).collect();
        let connections = connections.map_err(while_doing(format!("connect to {}", target.address)))?;
        Ok(Self { poll, connections, requests, under_way: 0, found: Flooded::default() })
    }

    fn run(mut self) -> Result<Flooded, BenchError> {
        let began = Instant::now();
        (0..self.connections.len()).for_each(|at| self.send(at));
        let mut events = Events::with_capacity(1024);
        while self.under_way > 0 {
            self.poll.poll(&mut events, Some(PATIENCE)).map_err(while_doing("poll"))?;
            if events.is_empty() {
                break;
            }
            events.iter().for_each(|event| self.hear(event.token().0));
        }
        self.found.broken += self.under_way as u64;
        self.found.seconds = began.elapsed().as_secs_f64();
        Ok(self.found)
    }

    fn send(&mut self, at: usize) {
        if let Some(request) = self.requests.next() {
            self.connections[at].send(&request, Instant::now());
            self.under_way += 1;
        }
    }

    fn hear(&mut self, at: usize) {
        let connection = &mut self.connections[at];
        connection.flush();
        if connection.waits_since.is_none() {
            return;
        }
        match connection.hear() {
            Heard::More => {}
            Heard::Broken => {
                self.found.broken += 1;
                connection.waits_since = None;
                self.under_way -= 1;
            }
            Heard::Answer(status) => {
                *self.found.answers.entry(status).or_default() += 1;
                connection.waits_since = None;
                self.under_way -= 1;
                self.send(at);
            }
        }
    }
}

/// A connection for sends one by one.
pub(super) struct Caller {
    stream: TcpStream,
}

impl Caller {
    /// Connects.
    pub(super) fn connect(target: &Target) -> Result<Self, BenchError> {
        let open = || {
            let stream = TcpStream::connect(target.address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        let stream = open().map_err(while_doing(format!("connect to {}", target.address)))?;
        Ok(Self { stream })
    }

    /// Sends one and waits for its answer; its status and how long that took, in µs.
    pub(super) fn call(&mut self, request: &[u8]) -> Result<(u16, u32), BenchError> {
        let began = Instant::now();
        let status = self.exchange(request).map_err(while_doing("send one by one"))?;
        Ok((status, u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)))
    }

    fn exchange(&mut self, request: &[u8]) -> std::io::Result<u16> {
        self.stream.write_all(request)?;
        let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            answer.extend_from_slice(&chunk[..read]);
            if let Some(status) = whole(&answer) {
                return Ok(status);
            }
        }
    }
}

/// The status of `answer`, once it is whole.
fn whole(answer: &[u8]) -> Option<u16> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    let is_whole = answer.len() >= head + 4 + length(text)?;
    is_whole.then(|| text.get(9..12)?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::stage::LOOPBACK;
    use crate::sandbox::faults::Ending;
    use std::collections::HashSet;

    #[test]
    fn every_recipient_is_another_and_asks_for_no_fault() {
        let recipients: HashSet<String> = (0..20_000).map(recipient).collect();
        assert_eq!(recipients.len(), 20_000);
        assert!(recipients.iter().all(|digits| Ending::of(digits).is_none()));
    }

    #[test]
    fn a_request_says_how_long_it_is_and_which_answer_is_enough() {
        let target = Target { address: LOOPBACK, key: "k".into() };
        let text = |answer| String::from_utf8(target.request("5", 7, answer)).expect("ASCII");
        let (head, body) =
            text(Awaited::Queues).split_once("\r\n\r\n").map(|(h, b)| (h.to_owned(), b.len())).expect("both");
        assert_eq!(length(&head), Some(body));
        assert!(head.contains("Prefer: respond-async"));
        assert!(!text(Awaited::Graphs).contains("Prefer"));
    }
}
