//! `/api/accounts/{waba}/live`: what happens at an account as it happens, as server-sent events. A client that is too slow
//! loses entries and is told so; nothing waits for it.

use super::{inspector, require_account};
use crate::auth::Caller;
use crate::callback::Query;
use crate::connection::{Answering, Watch};
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::body::BodyStream;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::rt::time::timeout;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::{self, Stream, StreamExt};
use std::convert::Infallible;
use std::fmt::Write;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;
use wharf_actors::live::{Listening, Sort, What};
use wharf_actors::messages::Listen;

/// Streams of all accounts together.
const MOST: usize = 64;
/// A stream on which nothing happens says so this often: proxies cut what is silent.
const PING: Duration = Duration::from_secs(15);
/// Entries written at once.
const AT_ONCE: usize = 64;

/// Everybody who listens, counted.
#[derive(Debug, Default)]
pub struct Audience(AtomicUsize);

/// A place among them.
#[derive(Debug)]
struct Seat(Arc<Audience>);

impl Audience {
    fn enter(self: &Arc<Self>) -> Option<Seat> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        let seat = Seat(Arc::clone(self));
        (before < MOST).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One stream, as it is written.
struct Live {
    listening: Listening,
    beginning: Option<Bytes>,
    _seat: Seat,
}

/// What happens at an account from now on; `kind` names some sorts of entries.
pub async fn listen(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    require_account(edge, &caller, &waba)?;
    let sorts = sorts(&Query::read(request.query_string()))?;
    let unknown = || ApiError::naming(ErrorId::AccountUnknown, &waba);
    let (actor, _) =
        edge.wharf.directory.account(&waba).filter(|_| has_a_number(edge, &caller, &waba)).ok_or_else(unknown)?;
    let full = |who: &str| ApiError::naming(ErrorId::LiveFull, who);
    let seat = edge.audience.enter().ok_or_else(|| full("64 in all"))?;
    let listening = actor.send(Listen { sorts, numbers: caller.numbers.clone() }).await;
    let listening = listening.map_err(|_| ApiError::naming(ErrorId::NotReady, "the account is being restarted"))?;
    let live = Live {
        listening: listening.ok_or_else(|| full("16 at this account"))?,
        beginning: Some(Bytes::from_static(b"retry: 2000\n: listening\n\n")),
        _seat: seat,
    };
    let answering = request.conn_data::<Rc<Watch>>().map(Watch::answer);
    let mut answer = HttpResponse::Ok();
    answer.content_type("text/event-stream").insert_header((CACHE_CONTROL, "no-store"));
    // A proxy that gathers an answer before it passes it on would gather for ever.
    answer.insert_header(("X-Accel-Buffering", "no"));
    Ok(answer.body(BodyStream::new(Box::pin(live.written().take_until(hung_up(answering))))))
}

/// Ends when the client has gone; asked whenever something came of the connection. For as long as it lives, a connection
/// on which little happens is not idle.
fn hung_up(answering: Option<Answering>) -> impl Future<Output = ()> {
    poll_fn(move |_| match answering.as_ref().is_some_and(Answering::has_hung_up) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
}

/// Whether the caller's key is for all of the account, or for some of its numbers.
fn has_a_number(edge: &Edge, caller: &Caller, waba: &str) -> bool {
    let owner = |number: &String| edge.wharf.directory.account_of_number(number);
    let is_its = |number| owner(number).is_some_and(|(account, ..)| *account == *waba);
    caller.numbers.is_empty() || caller.numbers.iter().any(is_its)
}

fn sorts(query: &Query) -> Result<Vec<Sort>, ApiError> {
    let words = query.first("kind").unwrap_or_default().split(',').filter(|word| !word.is_empty());
    let sort = |word: &str| {
        let bad = || format!("kind must be some of event, delivery and send, with commas, not {word}");
        let found = Sort::ALL.into_iter().find(|sort| sort.word() == word);
        found.ok_or_else(|| ApiError::naming(ErrorId::ParameterBad, bad()))
    };
    words.map(sort).collect()
}

impl Live {
    fn written(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, async |mut live| Some((Ok(live.next().await?), live)))
    }

    /// What is to be written next; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(beginning) = self.beginning.take() {
            return Some(beginning);
        }
        let mut text = String::new();
        match timeout(PING, self.listening.next()).await {
            Ok(first) => write(&first?.what, &mut text),
            Err(_) => match self.listening.missed() {
                0 => text.push_str(": ping\n\n"),
                count => write(&What::Missed { count }, &mut text),
            },
        }
        for _ in 1..AT_ONCE {
            let Some(entry) = self.listening.waiting() else { break };
            write(&entry.what, &mut text);
        }
        Some(text.into())
    }
}

/// One entry as an event of the stream.
fn write(what: &What, text: &mut String) {
    let data = serde_json::to_string(what).expect("plain structs of text and numbers always become JSON");
    let word = what.sort().map_or("missed", Sort::word);
    if let What::Event(seen) = what {
        writeln!(text, "id: {}", seen.seq).expect("text takes text");
    }
    write!(text, "event: {word}\ndata: {data}\n\n").expect("text takes text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_listen_at_once_and_one_who_goes_makes_room() {
        let audience = Arc::new(Audience::default());
        let mut seats: Vec<Seat> = (0..MOST).map(|_| audience.enter().expect("room")).collect();
        assert!(audience.enter().is_none() && audience.enter().is_none());
        seats.pop();
        assert!(audience.enter().is_some());
    }

    #[test]
    fn an_entry_is_written_with_its_name_and_one_line_of_json() {
        let mut text = String::new();
        write(&What::Missed { count: 3 }, &mut text);
        assert_eq!(text, "event: missed\ndata: {\"count\":3}\n\n");
    }
}
