//! How an account comes to rest when the house stops: nothing new starts, what is under way ends, and how far the
//! routes got is kept, so that nothing is delivered again after the restart.

use super::Account;
use crate::messages::{Depart, Finish};
use crate::rules::account::Input;
use actix::prelude::*;
use std::time::Duration;
use tokio::sync::oneshot;
use wharf_storage::Standing;

/// How often an account that comes to rest looks whether it has.
const LOOKS: Duration = Duration::from_millis(10);

impl Handler<Finish> for Account {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Finish, ctx: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        self.turn(Input::Rest, Vec::new(), ctx);
        self.watchers.end();
        self.come_to_rest(tell, ctx);
        Box::pin(async move {
            // An account that dies meanwhile has nothing more to end.
            let _ = told.await;
        })
    }
}

impl Handler<Depart> for Account {
    type Result = ();

    fn handle(&mut self, _: Depart, ctx: &mut Self::Context) {
        self.death.disarm();
        ctx.stop();
    }
}

impl Account {
    /// Whether nothing is under way, nothing is being looked up, and everything that happened is durable.
    pub(super) fn is_at_rest(&self) -> bool {
        self.recalls == 0 && self.machine.is_at_rest()
    }

    fn come_to_rest(&mut self, tell: oneshot::Sender<()>, ctx: &mut Context<Self>) {
        // On a closed store nothing becomes durable any more.
        if self.is_at_rest() || self.house.store.standing() != Standing::Open {
            // A timer would keep this actor, and with it the store, alive.
            if let Some((_, handle)) = self.timer.take() {
                ctx.cancel_future(handle);
            }
            let _ = tell.send(());
            return;
        }
        ctx.run_later(LOOKS, |account, ctx| {
            account.turn(Input::Tick, Vec::new(), ctx);
            account.come_to_rest(tell, ctx);
        });
    }
}
