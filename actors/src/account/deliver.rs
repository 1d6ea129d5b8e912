//! How an account delivers: the event from memory or from the journal, the attempt by the courier, and the journal read
//! on for routes that lag. It decides nothing.

use super::{Account, READ_BYTES, READ_EVENTS, recall, stopped};
use crate::clock::{chance, now_ms};
use crate::live::Entry;
use crate::messages::Attempt;
use crate::rules::account::Input;
use crate::rules::deliveries::Start;
use crate::rules::reader::{Attempted, Due};
use actix::prelude::*;
use std::sync::Arc;
use wharf_storage::Event;

impl Account {
    pub(super) fn deliver(&mut self, start: Start, ctx: &mut Context<Self>) {
        let Start { reader, route, due: Due { seq, attempt, event, out_of_order, since_ms } } = start;
        let courier = self.courier.clone();
        let found = self.find(seq, event);
        let erasing = self.machine.erasing().clone();
        let (name, began_ms) = (Arc::clone(&route.name), now_ms());
        let tried = async move {
            let event = match found.await {
                Ok(event) => event,
                Err(missing) => {
                    return (missing, Attempted::unanswered("the journal could not be read"));
                }
            };
            if event.is_erased() || erasing.concerns(&event) {
                return (event, Attempted::Erased);
            }
            let call = Attempt { route, event: Arc::clone(&event), attempt, out_of_order, since_ms };
            let what = courier.send(call).await.unwrap_or_else(|_| stopped());
            (event, what)
        };
        let heard = move |(event, what): (Arc<Event>, Attempted), account: &mut Self, ctx: &mut Context<Self>| {
            let made = || Entry::of_attempt(&name, attempt, &event, &what, began_ms, now_ms());
            let (told, seq) = (account.watchers.watch(made), event.seq);
            account.turn(Input::Attempted { reader, event, what, chance: chance() }, Vec::new(), ctx);
            account.tell_attempt(told, reader, seq);
        };
        ctx.spawn(tried.into_actor(self).map(heard));
    }

    /// The event of a delivery, from memory or from the journal; the error is a stand-in that only names it.
    fn find(
        &self,
        seq: u64,
        event: Option<Arc<Event>>,
    ) -> impl Future<Output = Result<Arc<Event>, Arc<Event>>> + use<> {
        let store = Arc::clone(&self.house.store);
        let stream = Arc::clone(&self.id);
        async move {
            if let Some(event) = event {
                return Ok(event);
            }
            let name = Arc::clone(&stream);
            let read = actix_rt::task::spawn_blocking(move || store.event(&name, seq)).await;
            match read {
                Ok(Ok(Some(event))) => Ok(Arc::new(event)),
                other => {
                    log::error!("event_unreadable account={stream} seq={seq} why={other:?}");
                    Err(Arc::new(recall::nameless(&stream, seq)))
                }
            }
        }
    }

    pub(super) fn read_on(&mut self, reader: usize, after: u64, ctx: &mut Context<Self>) {
        let store = Arc::clone(&self.house.store);
        let stream = Arc::clone(&self.id);
        let read = actix_rt::task::spawn_blocking(move || store.events(&stream, after, READ_EVENTS, READ_BYTES));
        let heard = move |read: Result<Result<Vec<Event>, _>, _>, account: &mut Self, ctx: &mut Context<Self>| {
            let read = match read {
                Ok(Ok(events)) => Some(events.into_iter().map(Arc::new).collect()),
                other => {
                    log::error!("journal_unreadable account={} why={:?}", account.id, other.map(|_| ()));
                    None
                }
            };
            account.turn(Input::Read { reader, read }, Vec::new(), ctx);
        };
        ctx.spawn(read.into_actor(self).map(heard));
    }
}
