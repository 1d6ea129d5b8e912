//! How the routes of a gate change while it runs: it delivers test payloads to those that ask for them.

use super::{Gate, test_stream};
use crate::account::{Batch, ENDING_LOOKS, ROUTE_REMOVED, unfinished_events};
use crate::clock::now_ms;
use crate::messages::{EndRoute, Reroute};
use crate::rules::deliveries::Ending;
use actix::prelude::*;
use std::sync::Arc;
use wharf_storage::StoreError;

impl Handler<Reroute> for Gate {
    type Result = ();

    fn handle(&mut self, _: Reroute, ctx: &mut Self::Context) {
        let effects = self.machine.exchange(&self.settings.routes.get(), self.body_budget, now_ms());
        self.perform(effects, Vec::new(), ctx);
    }
}

impl Handler<EndRoute> for Gate {
    type Result = bool;

    fn handle(&mut self, message: EndRoute, ctx: &mut Self::Context) -> Self::Result {
        let found = self.machine.end_route(&message.route);
        let effects = self.machine.tick(now_ms());
        self.perform(effects, Vec::new(), ctx);
        self.end_routes(ctx);
        found
    }
}

impl Gate {
    /// Gives up, step by step, what is unfinished of routes that are gone for good.
    fn end_routes(&mut self, ctx: &mut Context<Self>) {
        if self.ending {
            return;
        }
        match self.machine.ending() {
            None => {}
            Some(Ending::Later) => {
                self.ending = true;
                ctx.run_later(ENDING_LOOKS, |gate, ctx| {
                    gate.ending = false;
                    gate.end_routes(ctx);
                });
            }
            Some(Ending::Now { reader, open, after }) => self.bury(reader, open, after, ctx),
        }
    }

    fn bury(&mut self, reader: usize, open: Vec<u64>, after: u64, ctx: &mut Context<Self>) {
        self.ending = true;
        let (store, stream) = (Arc::clone(&self.store), test_stream(&self.gateway));
        let reading = actix_rt::task::spawn_blocking(move || unfinished_events(store.as_ref(), &stream, &open, after));
        let heard = move |read: Result<Result<Batch, StoreError>, _>, gate: &mut Self, ctx: &mut Context<Self>| {
            gate.ending = false;
            let Ok(Ok((events, through))) = read else {
                return log::error!("journal_unreadable stream=t.{}", gate.gateway);
            };
            let effects = gate.machine.bury(reader, &events, through, ROUTE_REMOVED, now_ms());
            gate.perform(effects, Vec::new(), ctx);
            gate.end_routes(ctx);
        };
        ctx.spawn(reading.into_actor(self).map(heard));
    }
}
