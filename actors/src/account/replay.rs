//! How an account's actor delivers once more: a single event, a stretch of its journal, dead letters; and how it holds
//! deliveries. It decides nothing.

use super::{Account, Letters, READ_BYTES, letters};
use crate::messages::{BeginReplay, CancelReplay, HoldDeliveries, Redrive, Replay, Replayed};
use crate::rules::account::{Again, Found, Input, Redriven};
use crate::rules::deliveries::{Asked, Deliveries};
use crate::rules::replay::Wanted;
use actix::prelude::*;
use std::sync::Arc;
use tokio::sync::oneshot;
use wharf_storage::{Event, ReplayRecord, Store, StoreError};

/// What whoever asks is told of an account that is about to be forgotten.
const LEAVING: &str = "the account is being removed";

impl Handler<Replay> for Account {
    type Result = ResponseFuture<Result<Replayed, String>>;

    fn handle(&mut self, message: Replay, ctx: &mut Self::Context) -> Self::Result {
        let Replay { event, route } = message;
        let asked = self.machine.ask_again(&event, route.as_deref());
        let replayed = Replayed::of(&asked, self.machine.deliveries());
        let ticket = (!asked.open.is_empty()).then(|| {
            let deliveries = asked.open.into_iter().map(|reader| (reader, Arc::clone(&event))).collect();
            Input::Again(Again { deliveries, ..Again::default() })
        });
        self.perform_and_answer(ticket, replayed, ctx)
    }
}

impl Replayed {
    /// The names of what was `asked`.
    pub(crate) fn of(asked: &Asked, deliveries: &Deliveries) -> Self {
        let names = |readers: &[usize]| {
            readers.iter().map(|reader| Arc::clone(&deliveries.readers()[*reader].route().name)).collect()
        };
        Self { routes: names(&asked.open), pending: names(&asked.pending), full: names(&asked.full) }
    }
}

impl Handler<BeginReplay> for Account {
    type Result = ResponseFuture<Result<bool, String>>;

    fn handle(&mut self, message: BeginReplay, ctx: &mut Self::Context) -> Self::Result {
        let id = message.0.id.clone();
        if self.leaving {
            return Box::pin(std::future::ready(Err(LEAVING.to_owned())));
        }
        let ticket = self.turn(Input::BeginReplay(message.0), Vec::new(), ctx);
        let began = self.machine.replays().get(&id).is_some();
        let kept = self.wait(ticket);
        Box::pin(async move { told(kept).await.map(|()| began) })
    }
}

impl Handler<CancelReplay> for Account {
    type Result = ResponseFuture<Result<Option<ReplayRecord>, String>>;

    fn handle(&mut self, message: CancelReplay, ctx: &mut Self::Context) -> Self::Result {
        let ticket = self.turn(Input::CancelReplay { id: message.id.clone() }, Vec::new(), ctx);
        let record = self.machine.replays().get(&message.id).cloned();
        let kept = self.wait(ticket);
        Box::pin(async move { told(kept).await.map(|()| record) })
    }
}

impl Handler<HoldDeliveries> for Account {
    type Result = ResponseFuture<Result<bool, String>>;

    fn handle(&mut self, message: HoldDeliveries, ctx: &mut Self::Context) -> Self::Result {
        let HoldDeliveries { place, by } = message;
        let before = self.machine.deliveries().holds().count();
        let input = match by {
            Some(by) => Input::HoldDeliveries { place, by },
            None => Input::FreeDeliveries { place },
        };
        if self.leaving {
            // A hold kept now would outlive the account.
            return Box::pin(std::future::ready(Err(LEAVING.to_owned())));
        }
        let ticket = self.turn(input, Vec::new(), ctx);
        let is_news = self.machine.deliveries().holds().count() != before;
        let kept = self.wait(ticket);
        Box::pin(async move { told(kept).await.map(|()| is_news) })
    }
}

impl Handler<Redrive> for Account {
    type Result = ResponseFuture<Result<Redriven, String>>;

    fn handle(&mut self, message: Redrive, ctx: &mut Self::Context) -> Self::Result {
        // A second one would find the same letters before the first has taken them away.
        if self.redriving {
            return Box::pin(std::future::ready(Err("dead letters are being redriven already".to_owned())));
        }
        self.redriving = true;
        let (tell, told) = oneshot::channel();
        self.redrive(message.0, tell, ctx);
        Box::pin(async move { told.await.unwrap_or_else(|_| Err("wharf stopped".to_owned())) })
    }
}

impl Account {
    fn redrive(&mut self, wish: Letters, tell: oneshot::Sender<Result<Redriven, String>>, ctx: &mut Context<Self>) {
        let (store, account, rooms) = (Arc::clone(&self.house.store), Arc::clone(&self.id), self.machine.rooms());
        let reading = actix_rt::task::spawn_blocking(move || letters::find(store.as_ref(), &account, &wish, &rooms));
        let heard = move |found: Result<Result<Found, StoreError>, _>, account: &mut Self, ctx: &mut Context<Self>| {
            let Ok(Ok(found)) = found else {
                account.redriving = false;
                return drop(tell.send(Err("the dead letters could not be read".to_owned())));
            };
            let (again, redriven) = account.machine.plan_redrive(found);
            let input = (redriven.redriven > 0).then_some(Input::Again(again));
            let kept = account.perform_and_answer(input, redriven, ctx);
            ctx.spawn(kept.into_actor(account).map(|kept, account, _| {
                account.redriving = false;
                let _ = tell.send(kept);
            }));
        };
        ctx.spawn(reading.into_actor(self).map(heard));
    }

    /// Performs `input`, if there is one; `answer` is what to say once that is durable.
    fn perform_and_answer<T: 'static>(
        &mut self,
        input: Option<Input>,
        answer: T,
        ctx: &mut Context<Self>,
    ) -> ResponseFuture<Result<T, String>> {
        if self.leaving {
            return Box::pin(std::future::ready(Err(LEAVING.to_owned())));
        }
        let ticket = input.and_then(|input| self.turn(input, Vec::new(), ctx));
        let kept = self.wait(ticket);
        Box::pin(async move { told(kept).await.map(|()| answer) })
    }

    pub(super) fn read_again(&mut self, wanted: Wanted, ctx: &mut Context<Self>) {
        let Wanted { replay, after, limit } = wanted;
        let (store, stream) = (Arc::clone(&self.house.store), Arc::clone(&self.id));
        let read = actix_rt::task::spawn_blocking(move || store.events(&stream, after, limit, READ_BYTES));
        let heard = move |read: Result<Result<Vec<Event>, _>, _>, account: &mut Self, ctx: &mut Context<Self>| {
            let read = read.ok().and_then(Result::ok);
            if read.is_none() {
                log::error!("journal_unreadable account={} replay={replay}", account.id);
            }
            let read = read.map(|events| events.into_iter().map(Arc::new).collect());
            account.turn(Input::ReadAgain { replay, read }, Vec::new(), ctx);
        };
        ctx.spawn(read.into_actor(self).map(heard));
    }
}

async fn told(kept: oneshot::Receiver<Result<(), String>>) -> Result<(), String> {
    kept.await.unwrap_or_else(|_| Err("wharf stopped".into()))
}

/// The first seq of `stream` at which events were accepted at `at_ms` or later; one beyond the last where there is none.
/// Looks at as many events as the length of the journal has binary digits. Blocks.
pub fn first_since(store: &dyn Store, stream: &str, at_ms: u64) -> Result<u64, StoreError> {
    let (mut before, mut first) = (0, store.last_seq(stream) + 1);
    while before + 1 < first {
        let middle = before + (first - before) / 2;
        match store.events(stream, middle - 1, 1, 1)?.first() {
            Some(event) if event.received_at_ms < at_ms => before = event.seq,
            Some(_) | None => first = middle,
        }
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{NOW, event};
    use wharf_storage::{Change, MemoryStore};

    #[test]
    fn the_first_event_since_a_moment_is_found_also_among_equal_moments() {
        let store = MemoryStore::new();
        for seq in 1..=50 {
            let received_at_ms = NOW + seq / 5 * 10;
            let event = Arc::new(Event { received_at_ms, ..Event::clone(&event(seq, 1)) });
            store.commit(Change { events: vec![event], ..Change::default() }, Vec::new());
        }
        for ms in 0..120 {
            let expected = (1..=50).find(|seq| NOW + seq / 5 * 10 >= NOW + ms).unwrap_or(51);
            assert_eq!(first_since(&store, "100", NOW + ms).expect("memory is readable"), expected, "{ms}");
        }
        assert_eq!(first_since(&store, "nobody", 0).expect("memory is readable"), 1);
    }
}
