//! A connection of the public listener, under watch: one whose head or whose end never comes is cut, also after its
//! first request. Knows bytes and requests, not what they say.
//!
//! actix-web times the first head of a connection only, and an idle connection only until its next byte; whoever then
//! sends a byte now and then would stay for ever. The watch knows nothing but when bytes came, went, and whether a
//! request is being answered, which the application tells it.

use crate::crowd::Place;
use crate::edge::Counted;
use actix_web::rt::net::TcpStream;
use actix_web::rt::time::{Instant as Alarm, Sleep, sleep};
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

/// How often each connection is looked at: what is overdue is cut this much later at most.
const LOOKS: Duration = Duration::from_secs(2);
/// An answer must make progress within this time: whoever reads nothing is cut.
const BLOCKED_AT_MOST: Duration = Duration::from_secs(30);

/// What a connection waits for while no request is being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaits {
    /// The rest of a head; its first byte came then.
    Head(Instant),
    /// Anything; the last byte went out then.
    Anything(Instant),
}

/// What is known about a connection.
#[derive(Debug)]
pub struct Watch {
    head_within: Duration,
    idle_at_most: Duration,
    awaits: Cell<Awaits>,
    answering: Cell<u32>,
    blocked: Cell<Option<Instant>>,
    hung_up: Cell<bool>,
}

impl Watch {
    /// A connection that began at `now`.
    pub fn new(head_within: Duration, idle_at_most: Duration, now: Instant) -> Rc<Self> {
        let awaits = Cell::new(Awaits::Anything(now));
        let (answering, blocked, hung_up) = (Cell::new(0), Cell::new(None), Cell::new(false));
        Rc::new(Self { head_within, idle_at_most, awaits, answering, blocked, hung_up })
    }

    /// A request's head is whole: until the guard goes, its handler sees to the time.
    pub fn answer(self: &Rc<Self>) -> Answering {
        self.answering.set(self.answering.get() + 1);
        Answering(Rc::clone(self))
    }

    fn came(&self, now: Instant) {
        if let Awaits::Anything(_) = self.awaits.get() {
            self.awaits.set(Awaits::Head(now));
        }
    }

    fn went(&self, now: Instant) {
        self.awaits.set(Awaits::Anything(now));
        self.blocked.set(None);
    }

    fn stuck(&self, now: Instant) {
        if self.blocked.get().is_none() {
            self.blocked.set(Some(now));
        }
    }

    /// Whether the connection has had its time.
    fn is_overdue(&self, now: Instant) -> bool {
        let longer = |since: Instant, most: Duration| now.saturating_duration_since(since) > most;
        if self.blocked.get().is_some_and(|since| longer(since, BLOCKED_AT_MOST)) {
            return true;
        }
        match self.awaits.get() {
            _ if self.answering.get() > 0 => false,
            Awaits::Head(since) => longer(since, self.head_within),
            Awaits::Anything(since) => longer(since, self.idle_at_most),
        }
    }
}

/// A request is being answered.
#[derive(Debug)]
pub struct Answering(Rc<Watch>);

impl Answering {
    /// Whether the other side will say nothing more. Who asked for one answer may still read it; who listens to what has
    /// no end has gone, and actix-web would notice at the next write only.
    pub fn has_hung_up(&self) -> bool {
        self.0.hung_up.get()
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.set(self.0.answering.get().saturating_sub(1));
        self.0.awaits.set(Awaits::Anything(Instant::now()));
    }
}

/// A socket under watch.
#[derive(Debug)]
pub struct Watched {
    socket: TcpStream,
    watch: Rc<Watch>,
    look: Pin<Box<Sleep>>,
    _stay: Stay,
}

/// What a connection keeps for as long as it lives.
#[derive(Debug, Default)]
pub struct Stay {
    /// Its place among those of its address.
    pub place: Option<Place>,
    /// It is counted.
    pub counted: Option<Counted>,
}

impl Watched {
    /// Watches `socket`.
    pub fn new(socket: TcpStream, watch: Rc<Watch>, stay: Stay) -> Self {
        Self { socket, watch, look: Box::pin(sleep(LOOKS)), _stay: stay }
    }

    /// Looks at the watch when it is time to; ready when the connection is to be cut.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.look.as_mut().poll(cx));
            if self.watch.is_overdue(Instant::now()) {
                return Poll::Ready(());
            }
            self.look.as_mut().reset(Alarm::now() + LOOKS);
        }
    }

    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(_)) => self.watch.went(Instant::now()),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.watch.stuck(Instant::now()),
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.socket).poll_read(cx, into) {
            match into.filled().len() > before {
                true => self.watch.came(Instant::now()),
                false => self.watch.hung_up.set(into.remaining() > 0),
            }
            return Poll::Ready(read);
        }
        self.poll_overdue(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, from);
        self.wrote(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, from);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

/// A connection, with or without TLS.
pub enum Connection {
    /// Plain HTTP.
    Plain(Watched),
    /// HTTP inside TLS.
    Tls(Box<TlsStream<Watched>>),
}

impl Connection {
    /// Its watch.
    pub fn watch(&self) -> &Rc<Watch> {
        match self {
            Connection::Plain(stream) => &stream.watch,
            Connection::Tls(stream) => &stream.get_ref().0.watch,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Connection::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_write(cx, from),
            Connection::Tls(stream) => Pin::new(stream).poll_write(cx, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Connection::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Connection::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, from),
            Connection::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, from),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Connection::Plain(stream) => stream.is_write_vectored(),
            Connection::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(80);
    const MOMENT: Duration = Duration::from_secs(1);

    #[test]
    fn every_head_of_a_connection_has_its_time_and_no_byte_prolongs_it() {
        let start = Instant::now();
        let watch = Watch::new(HEAD, IDLE, start);
        assert!(!watch.is_overdue(start + IDLE));
        assert!(watch.is_overdue(start + IDLE + MOMENT), "nothing ever came");
        for begun in [start, start + IDLE] {
            watch.came(begun);
            watch.came(begun + HEAD - MOMENT);
            assert!(!watch.is_overdue(begun + HEAD));
            assert!(watch.is_overdue(begun + HEAD + MOMENT));
            watch.went(begun + HEAD);
            assert!(!watch.is_overdue(begun + HEAD + IDLE));
        }
    }

    #[test]
    fn while_a_request_is_answered_only_a_reader_that_does_not_read_is_overdue() {
        let start = Instant::now();
        let watch = Watch::new(HEAD, IDLE, start);
        watch.came(start);
        let answering = watch.answer();
        assert!(!watch.is_overdue(start + IDLE * 10));
        watch.stuck(start);
        watch.stuck(start + BLOCKED_AT_MOST);
        assert!(watch.is_overdue(start + BLOCKED_AT_MOST + MOMENT));
        watch.went(start + BLOCKED_AT_MOST);
        assert!(!watch.is_overdue(start + BLOCKED_AT_MOST + MOMENT));
        drop(answering);
        assert!(watch.is_overdue(Instant::now() + IDLE + MOMENT));
    }
}
