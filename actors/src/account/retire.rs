//! How an account leaves: nothing new starts, what is under way ends, the rest goes to the dead letters, and then the
//! registry forgets it.

use super::{Account, Waiting, forget};
use crate::messages::Remove;
use crate::rules::account::Input;
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use wharf_storage::{Event, Store, StoreError};

/// How often an account that leaves looks whether what is under way has ended.
const LOOKS: Duration = Duration::from_millis(10);
/// Events turned into dead letters at once.
const BATCH: usize = 256;
/// Bytes of them at once.
const BATCH_BYTES: usize = 4 << 20;
/// What their dead letters say.
const REASON: &str = "the account was removed before it could be delivered";

/// Events to bury, and how far the read of the journal looked.
pub type Batch = (Vec<Arc<Event>>, u64);

impl Handler<Remove> for Account {
    type Result = ResponseFuture<Result<(), String>>;

    fn handle(&mut self, _: Remove, ctx: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        self.turn(Input::Rest, Vec::new(), ctx);
        self.step(tell, ctx);
        Box::pin(async move { told.await.unwrap_or_else(|_| Err("wharf stopped".into())) })
    }
}

impl Account {
    fn step(&mut self, tell: oneshot::Sender<Result<(), String>>, ctx: &mut Context<Self>) {
        // What was buried must be kept before the account is forgotten: its dead letters, and their place in the ledger.
        if !self.is_at_rest() {
            ctx.run_later(LOOKS, |account, ctx| {
                account.turn(Input::Tick, Vec::new(), ctx);
                account.step(tell, ctx);
            });
            return;
        }
        let Some((reader, open, after)) = self.machine.unfinished() else { return self.leave(tell, ctx) };
        let store = Arc::clone(&self.house.store);
        let stream = Arc::clone(&self.id);
        let reading = actix_rt::task::spawn_blocking(move || unfinished_events(store.as_ref(), &stream, &open, after));
        let heard =
            move |read: Result<Result<Batch, StoreError>, _>, account: &mut Self, ctx: &mut Context<Self>| match read {
                Ok(Ok((events, through))) => {
                    account.turn(Input::Bury { reader, events, through, reason: REASON.into() }, Vec::new(), ctx);
                    account.step(tell, ctx);
                }
                Ok(Err(error)) => drop(tell.send(Err(error.to_string()))),
                Err(_) => drop(tell.send(Err("wharf stopped".into()))),
            };
        ctx.spawn(reading.into_actor(self).map(heard));
    }

    fn leave(&mut self, tell: oneshot::Sender<Result<(), String>>, ctx: &mut Context<Self>) {
        self.leaving = true;
        self.turn(Input::Abandon { reason: "the account was removed before it could be sent".into() }, Vec::new(), ctx);
        let change = forget(&self.machine);
        let (kept, durable) = oneshot::channel();
        if let Some(ticket) = self.turn(Input::Forget { change }, Vec::new(), ctx) {
            self.waiting.insert(ticket, Waiting::Told(kept));
        }
        let done = move |durable: Result<Result<(), String>, _>, account: &mut Self, ctx: &mut Context<Self>| {
            let durable = durable.unwrap_or_else(|_| Err("wharf stopped".into()));
            if durable.is_ok() {
                account.death.disarm();
                ctx.stop();
            }
            let _ = tell.send(durable);
        };
        ctx.spawn(durable.into_actor(self).map(done));
    }
}

/// The next events to bury: the open ones, else what the journal holds beyond them. Blocks.
pub fn unfinished_events(store: &dyn Store, stream: &str, open: &[u64], after: u64) -> Result<Batch, StoreError> {
    if open.is_empty() {
        let events = store.events(stream, after, BATCH, BATCH_BYTES)?;
        // Nothing left to read: the journal ends here, whatever the seqs say.
        let through = events.last().map_or(u64::MAX, |event| event.seq);
        return Ok((events.into_iter().map(Arc::new).collect(), through));
    }
    let mut events = Vec::new();
    for seq in open.iter().take(BATCH) {
        let event = store.event(stream, *seq)?;
        events.push(Arc::new(event.unwrap_or_else(|| super::recall::nameless(&stream.into(), *seq))));
    }
    Ok((events, after))
}
