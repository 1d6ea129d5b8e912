//! Holds of an account's sends, begun and ended from outside: by an operator, or by who asked Graph. Decides nothing.

use super::Account;
use crate::messages::{BeginHold, EndHolds};
use crate::rules::account::Input;
use actix::prelude::*;

impl Handler<BeginHold> for Account {
    type Result = ResponseFuture<Result<bool, String>>;

    fn handle(&mut self, message: BeginHold, ctx: &mut Self::Context) -> Self::Result {
        if self.leaving {
            // A hold kept now would outlive the account.
            return Box::pin(std::future::ready(Err("the account is being removed".into())));
        }
        let before = self.machine.outbox().holds().count();
        let ticket = self.turn(Input::Hold(message.0), Vec::new(), ctx);
        let is_news = self.machine.outbox().holds().count() > before;
        let kept = self.wait(ticket);
        Box::pin(async move {
            kept.await.unwrap_or_else(|_| Err("wharf stopped".into()))?;
            Ok(is_news)
        })
    }
}

impl Handler<EndHolds> for Account {
    type Result = ResponseFuture<Result<usize, String>>;

    fn handle(&mut self, message: EndHolds, ctx: &mut Self::Context) -> Self::Result {
        let EndHolds { scope, causes } = message;
        let before = self.machine.outbox().holds().count();
        let mut ticket = None;
        for cause in causes {
            let release = Input::Release { scope: scope.clone(), cause };
            ticket = self.turn(release, Vec::new(), ctx).or(ticket);
        }
        let ended = before.saturating_sub(self.machine.outbox().holds().count());
        let kept = self.wait(ticket);
        Box::pin(async move {
            kept.await.unwrap_or_else(|_| Err("wharf stopped".into()))?;
            Ok(ended)
        })
    }
}
