//! A request body that remembers whether it was asked for. Knows nothing of what it carries.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use awc::body::{BodySize, MessageBody};
use bytes::Bytes;

/// Whether a request may have left. The client takes the body only once it is connected, and before it has flushed a
/// single byte.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written(Rc<Cell<bool>>);

impl Written {
    /// `body`, watched.
    pub(crate) fn watch(&self, body: Bytes) -> Watched {
        Watched { body: Some(body), written: self.clone() }
    }

    /// Whether the body was asked for.
    pub(crate) fn may_have_left(&self) -> bool {
        self.0.get()
    }
}

/// A body in one piece.
pub(crate) struct Watched {
    body: Option<Bytes>,
    written: Written,
}

impl MessageBody for Watched {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.body.as_ref().map_or(0, |body| body.len() as u64))
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        self.written.0.set(true);
        Poll::Ready(self.body.take().map(Ok))
    }
}
