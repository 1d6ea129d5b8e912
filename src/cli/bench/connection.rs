//! One connection of the load: a request out, its answer in, nothing else at the same time. Knows HTTP/1.1 only as far
//! as a server of ours speaks it.

use mio::net::TcpStream;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

/// A keep-alive connection.
pub(super) struct Connection {
    /// The socket, to register it.
    pub(super) stream: TcpStream,
    /// When the request under way was meant to be sent.
    pub(super) waits_since: Option<Instant>,
    unsent: Vec<u8>,
    answer: Vec<u8>,
}

/// What came of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The answer is whole: its status.
    Answer(u16),
    /// More has to come.
    More,
    /// The connection ended, or speaks something else.
    Broken,
}

impl Connection {
    /// Connects.
    pub(super) fn open(target: SocketAddr) -> std::io::Result<Self> {
        let stream = std::net::TcpStream::connect(target)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let stream = TcpStream::from_std(stream);
        Ok(Self { stream, waits_since: None, unsent: Vec::new(), answer: Vec::new() })
    }

    /// Sends a request that was meant to leave at `intended`.
    pub(super) fn send(&mut self, request: &[u8], intended: Instant) {
        self.waits_since = Some(intended);
        let written = self.stream.write(request).unwrap_or(0);
        // What does not fit into the socket's buffer now waits for room; a broken socket is noticed when reading.
        self.unsent.extend_from_slice(&request[written..]);
    }

    /// There is room in the socket's buffer.
    pub(super) fn flush(&mut self) {
        while !self.unsent.is_empty() {
            let Ok(written @ 1..) = self.stream.write(&self.unsent) else { return };
            self.unsent.drain(..written);
        }
    }

    /// Something can be read.
    pub(super) fn hear(&mut self) -> Heard {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Heard::Broken,
                Ok(read) => {
                    let heard = self.take(&chunk[..read]);
                    // A chunk that is not full was the last one for now: no need to ask again.
                    if heard != Heard::More || read < chunk.len() {
                        return heard;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Heard::More,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Heard::Broken,
            }
        }
    }

    fn take(&mut self, chunk: &[u8]) -> Heard {
        self.answer.extend_from_slice(chunk);
        let heard = whole(&self.answer);
        if heard != Heard::More {
            self.answer.clear();
        }
        heard
    }
}

/// Whether `answer` is a whole HTTP answer.
pub(super) fn whole(answer: &[u8]) -> Heard {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Heard::More };
    let Ok(text) = std::str::from_utf8(&answer[..head]) else { return Heard::Broken };
    let Some(status) = text.get(9..12).and_then(|digits| digits.parse().ok()) else { return Heard::Broken };
    match length(text) {
        Some(body) if answer.len() >= head + 4 + body => Heard::Answer(status),
        Some(_) => Heard::More,
        None => Heard::Broken,
    }
}

/// What a head says its body is long; a head that says nothing belongs to no body.
pub(super) fn length(head: &str) -> Option<usize> {
    let is_length = |line: &&str| line.get(..15).is_some_and(|name| name.eq_ignore_ascii_case("content-length:"));
    match head.split("\r\n").find(is_length) {
        Some(line) => line[15..].trim().parse().ok(),
        None => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), Heard::Answer(200));
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"), Heard::More);
        assert_eq!(whole(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nno"), Heard::More);
        assert_eq!(whole(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nno!"), Heard::Answer(503));
        assert_eq!(whole(b"HTTP/1.1 OK\r\n\r\n"), Heard::Broken);
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"), Heard::Broken);
    }
}
