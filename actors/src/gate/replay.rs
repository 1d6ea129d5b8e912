//! How a gate delivers a test payload again. Decides nothing.

use super::Gate;
use crate::clock::now_ms;
use crate::messages::{Replay, Replayed};
use crate::rules::gate::Effect;
use actix::prelude::*;
use tokio::sync::oneshot;

impl Handler<Replay> for Gate {
    type Result = ResponseFuture<Result<Replayed, String>>;

    fn handle(&mut self, message: Replay, ctx: &mut Self::Context) -> Self::Result {
        let Replay { event, route } = message;
        let asked = self.machine.ask_again(&event, route.as_deref());
        let replayed = Replayed::of(&asked, self.machine.deliveries());
        if asked.open.is_empty() {
            return Box::pin(std::future::ready(Ok(replayed)));
        }
        let effects = self.machine.again(&asked.open, &event, now_ms());
        let (tell, told) = oneshot::channel();
        if let Some(Effect::Commit { ticket, .. }) = effects.first() {
            self.waiting.push((*ticket, tell));
        }
        self.perform(effects, Vec::new(), ctx);
        Box::pin(async move { told.await.map(|()| replayed).map_err(|_| "the store is closed".to_owned()) })
    }
}

impl Gate {
    /// Whoever waits for a change up to `ticket` learns that it is durable.
    pub(super) fn tell(&mut self, ticket: u64) {
        for (_, tell) in self.waiting.extract_if(.., |(waits_for, _)| *waits_for <= ticket) {
            let _ = tell.send(());
        }
    }
}
