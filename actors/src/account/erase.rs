//! How an account's actor lets go of a customer: at once what it may, and what is leaving just now as soon as its answer
//! is there.

use super::Account;
use crate::clock::now_ms;
use crate::messages::{Erase, Erased};
use crate::rules::account::Input;
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use wharf_storage::Erasure;

/// How often it is looked whether a message that is leaving has left.
const LOOKS: Duration = Duration::from_millis(50);
/// How long that may take, in ms: longer than any call to Graph.
const PATIENCE_MS: u64 = 90_000;

/// One erasure, as it goes on.
struct Going {
    erasure: Arc<Erasure>,
    messages: u64,
    until_ms: u64,
    tell: oneshot::Sender<Result<u64, String>>,
}

impl Handler<Erase> for Account {
    type Result = ResponseFuture<Result<u64, String>>;

    fn handle(&mut self, message: Erase, ctx: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        self.erase(Going { erasure: message.0, messages: 0, until_ms: now_ms() + PATIENCE_MS, tell }, ctx);
        Box::pin(async move { told.await.unwrap_or_else(|_| Err("wharf stopped".into())) })
    }
}

impl Account {
    fn erase(&mut self, mut going: Going, ctx: &mut Context<Self>) {
        let before = self.machine.messages_to(&going.erasure);
        let durable = self.turn_and_wait(Input::Erase(Arc::clone(&going.erasure)), ctx);
        let leaving = self.machine.messages_to(&going.erasure);
        going.messages += before.saturating_sub(leaving);
        let heard = move |durable: Result<Result<(), String>, _>, account: &mut Self, ctx: &mut Context<Self>| {
            let durable = durable.unwrap_or_else(|_| Err("wharf stopped".into()));
            if durable.is_ok() && account.machine.messages_to(&going.erasure) > 0 {
                return account.erase_later(going, ctx);
            }
            let _ = going.tell.send(durable.map(|()| going.messages));
        };
        ctx.spawn(durable.into_actor(self).map(heard));
    }

    fn erase_later(&mut self, going: Going, ctx: &mut Context<Self>) {
        if now_ms() > going.until_ms {
            let _ = going.tell.send(Err("a message to them is still on its way to Meta; ask again".into()));
            return;
        }
        ctx.run_later(LOOKS, |account, ctx| account.erase(going, ctx));
    }
}

impl Handler<Erased> for Account {
    type Result = ();

    fn handle(&mut self, message: Erased, ctx: &mut Self::Context) {
        self.turn(Input::Erased(message.0), Vec::new(), ctx);
    }
}
