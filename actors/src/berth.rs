//! What every account on one arbiter shares: a desk for commits, and a courier. One per arbiter, opened once.

use crate::account::{Account, AccountDesk};
use crate::courier::Courier;
use crate::courier::gate::Gates;
use crate::courier::stream::Streams;
use crate::desk::LoopDesk;
use crate::gate::{Gate, GateDesk};
use crate::gateway::{GraphSettings, Route};
use crate::messages::Settled;
use crate::meters::Meters;
use actix::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use wharf_storage::Outcome;

thread_local! {
    static BERTH: RefCell<Option<Rc<Berth>>> = const { RefCell::new(None) };
}

/// What the actors of one arbiter share.
pub struct Berth {
    /// Where its accounts hear of their commits.
    pub accounts: Rc<AccountDesk>,
    /// Where its gates hear of theirs.
    pub gates: Rc<GateDesk>,
    /// Who calls out for them.
    pub courier: Addr<Courier>,
    /// What passes through to Graph, byte by byte.
    pub streams: Rc<Streams>,
}

impl Berth {
    /// Opens the berth of the current arbiter.
    pub fn open(graph: &GraphSettings, routes: &[Arc<Route>], gates: &Arc<Gates>, meters: &Arc<Meters>) -> Rc<Self> {
        let berth = Rc::new(Self {
            accounts: LoopDesk::open(settle::<Account>),
            gates: LoopDesk::open(settle::<Gate>),
            courier: Courier::new(graph, routes, gates, meters).start(),
            streams: Rc::new(Streams::new(graph)),
        });
        BERTH.with(|here| here.replace(Some(Rc::clone(&berth))));
        berth
    }

    /// The berth of the current arbiter.
    pub fn here() -> Rc<Self> {
        BERTH.with(|here| here.borrow().clone()).expect("an arbiter's berth is opened before its first account")
    }
}

/// Tells each actor once: its newest settled change stands for all before it.
fn settle<A>(settled: Vec<((Addr<A>, u64), Outcome)>)
where
    A: Actor<Context = Context<A>> + Handler<Settled>,
{
    let mut newest: Vec<(Addr<A>, Settled)> = Vec::new();
    for ((actor, ticket), outcome) in settled {
        match newest.iter_mut().find(|(known, _)| *known == actor) {
            Some((_, settled)) if settled.outcome == outcome => settled.ticket = settled.ticket.max(ticket),
            Some(_) | None => newest.push((actor, Settled { ticket, outcome })),
        }
    }
    for (actor, settled) in newest {
        // Never refused for a full mailbox: what is durable must be heard of.
        actor.do_send(settled);
    }
}
