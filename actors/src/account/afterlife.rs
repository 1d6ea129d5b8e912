//! An account that is not in the registry any more and delivers what was redriven of it: how it ends once that is done.

use super::{Account, Waiting, forget};
use crate::messages::Doze;
use crate::rules::account::Input;
use actix::prelude::*;
use tokio::sync::oneshot;

impl Handler<Doze> for Account {
    type Result = ResponseActFuture<Self, bool>;

    fn handle(&mut self, _: Doze, ctx: &mut Self::Context) -> Self::Result {
        let is_busy = self.redriving || self.leaving || !self.machine.is_at_rest();
        if is_busy || self.machine.unfinished().is_some() {
            return Box::pin(std::future::ready(false).into_actor(self));
        }
        self.leaving = true;
        let change = forget(&self.machine);
        let (kept, durable) = oneshot::channel();
        if let Some(ticket) = self.turn(Input::Forget { change }, Vec::new(), ctx) {
            self.waiting.insert(ticket, Waiting::Told(kept));
        }
        Box::pin(durable.into_actor(self).map(|durable, account, ctx| {
            let is_durable = matches!(durable, Ok(Ok(())));
            if is_durable {
                account.death.disarm();
                ctx.stop();
            }
            is_durable
        }))
    }
}
