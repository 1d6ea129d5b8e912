//! The actor of one gateway's gate: a thin shell around the machine that keeps what no account owns.

mod explain;
mod replay;
mod routes;

use crate::account::nameless;
use crate::clock::{chance, now_ms};
use crate::cloud::item::Item;
use crate::cloud::webhook;
use crate::courier::Courier;
use crate::desk::LoopDesk;
use crate::gateway::Gateway;
use crate::messages::{Adopt, Attempt, Deliver, Depart, Finish, Release, Settled};
use crate::rules::account::Setting;
use crate::rules::deliveries::{Deliveries, Start};
use crate::rules::gate::{Effect, GateMachine, Seqs, quarantine_stream, test_routes, test_stream};
use crate::rules::ownership;
use crate::rules::reader::{Attempted, Due};
use actix::prelude::*;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use wharf_storage::{
    Change, Claim, Event, Glance, KeyBuilder, Kind, Noun, Outcome, Receipt, Seen, Stamp, Standing, Store, StoreError,
};

/// Webhooks in a gate's mailbox; one that finds it full is answered 503.
const MAILBOX: usize = 256;
/// Quarantined items handed to an account at once.
const BATCH: usize = 200;
/// Bytes of them at once.
const BATCH_BYTES: usize = 4 << 20;

/// How often a gate that comes to rest looks whether it has.
const LOOKS: Duration = Duration::from_millis(10);
/// How often the quarantine is looked through for what must go.
const SIFTS: Duration = Duration::from_secs(1);
/// How long a batch that is not durable yet is waited for.
const NOT_YET: Duration = Duration::from_millis(50);

/// Where the gates of one arbiter hear of their commits.
pub type GateDesk = LoopDesk<(Addr<Gate>, u64)>;

/// The actor of one gateway's gate.
pub struct Gate {
    gateway: Arc<str>,
    settings: Arc<Gateway>,
    body_budget: usize,
    machine: GateMachine,
    store: Arc<dyn Store>,
    desk: Rc<GateDesk>,
    courier: Addr<Courier>,
    /// A step in giving up the deliveries of a route is under way.
    ending: bool,
    timer: Option<(u64, SpawnHandle)>,
    /// Who waits for a change to be durable, by ticket.
    waiting: Vec<(u64, oneshot::Sender<()>)>,
    /// The accounts to which quarantined items are handed over just now.
    handing: HashSet<Arc<str>>,
    /// The clock by which the quarantine is looked through, and whether a look is under way.
    sifter: Option<SpawnHandle>,
    sifting: bool,
    /// Mail for them that was on its way here already; it waits, for their claims are being rewritten.
    held: Vec<Deliver>,
}

impl Gate {
    /// A gate on the current arbiter; the reader of a new route keeps `body_budget` bytes in memory.
    pub fn new(
        settings: Arc<Gateway>,
        body_budget: usize,
        machine: GateMachine,
        store: Arc<dyn Store>,
        desk: Rc<GateDesk>,
        courier: Addr<Courier>,
    ) -> Self {
        Self {
            gateway: Arc::clone(&settings.uri),
            settings,
            body_budget,
            machine,
            store,
            desk,
            courier,
            ending: false,
            timer: None,
            waiting: Vec::new(),
            handing: HashSet::new(),
            sifter: None,
            sifting: false,
            held: Vec::new(),
        }
    }

    fn perform(&mut self, effects: Vec<Effect>, mut receipts: Vec<Receipt>, ctx: &mut Context<Self>) {
        for effect in effects {
            match effect {
                Effect::Commit { ticket, change } => {
                    let mut receipts = std::mem::take(&mut receipts);
                    receipts.push(self.desk.receipt((ctx.address(), ticket)));
                    self.store.commit(change, receipts);
                }
                Effect::Deliver(start) => self.deliver(start, ctx),
                Effect::ReadOn { reader, after } => self.read_on(reader, after, ctx),
            }
        }
        self.arm(ctx);
    }

    fn arm(&mut self, ctx: &mut Context<Self>) {
        let Some(due_at) = self.machine.due_at() else { return };
        if self.timer.is_some_and(|(armed_for, _)| armed_for <= due_at) {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        let wait = Duration::from_millis(due_at.saturating_sub(now_ms()).max(1));
        let handle = ctx.run_later(wait, |gate, ctx| {
            gate.timer = None;
            let effects = gate.machine.tick(now_ms());
            gate.perform(effects, Vec::new(), ctx);
        });
        self.timer = Some((due_at, handle));
    }

    fn deliver(&mut self, start: Start, ctx: &mut Context<Self>) {
        let Start { reader, route, due: Due { seq, attempt, event, out_of_order, since_ms } } = start;
        let store = Arc::clone(&self.store);
        let stream = test_stream(&self.gateway);
        let courier = self.courier.clone();
        let tried = async move {
            let event = match event {
                Some(event) => event,
                None => match read_event(store, &stream, seq).await {
                    Some(event) => event,
                    None => {
                        let failed = Attempted::unanswered("the journal could not be read");
                        return Some((Arc::new(nameless(&stream, seq)), failed));
                    }
                },
            };
            if event.is_erased() {
                return Some((event, Attempted::Erased));
            }
            let call = Attempt { route, event: Arc::clone(&event), attempt, out_of_order, since_ms };
            Some((event, courier.send(call).await.ok()?))
        };
        let heard = move |tried: Option<(Arc<Event>, Attempted)>, gate: &mut Self, ctx: &mut Context<Self>| {
            // Without an answer the house is stopping.
            let Some((event, what)) = tried else { return };
            let effects = gate.machine.attempted(reader, &event, what, chance(), now_ms());
            gate.perform(effects, Vec::new(), ctx);
        };
        ctx.spawn(tried.into_actor(self).map(heard));
    }

    fn read_on(&mut self, reader: usize, after: u64, ctx: &mut Context<Self>) {
        let store = Arc::clone(&self.store);
        let stream = test_stream(&self.gateway);
        let read = actix_rt::task::spawn_blocking(move || store.events(&stream, after, BATCH, BATCH_BYTES));
        let heard = move |read: Result<Result<Vec<Event>, _>, _>, gate: &mut Self, ctx: &mut Context<Self>| {
            let read = read.ok().and_then(Result::ok);
            let events: Option<Vec<Arc<Event>>> = read.map(|events| events.into_iter().map(Arc::new).collect());
            let effects = gate.machine.read(reader, events.as_deref(), now_ms());
            gate.perform(effects, Vec::new(), ctx);
        };
        ctx.spawn(read.into_actor(self).map(heard));
    }

    fn come_to_rest(&mut self, tell: oneshot::Sender<()>, ctx: &mut Context<Self>) {
        // On a closed store nothing becomes durable any more.
        if self.machine.is_at_rest() || self.store.standing() != Standing::Open {
            // A timer would keep this actor, and with it the store, alive.
            let timers = [self.timer.take().map(|(_, handle)| handle), self.sifter.take()];
            timers.into_iter().flatten().for_each(|handle| {
                ctx.cancel_future(handle);
            });
            let _ = tell.send(());
            return;
        }
        ctx.run_later(LOOKS, |gate, ctx| {
            let effects = gate.machine.tick(now_ms());
            gate.perform(effects, Vec::new(), ctx);
            gate.come_to_rest(tell, ctx);
        });
    }

    fn accept(&mut self, message: Deliver, copies: Vec<Option<Seen>>, ctx: &mut Context<Self>) {
        let handed =
            |item: &Item| ownership::claimed(&item.owner).is_some_and(|claimed| self.handing.contains(claimed));
        if message.items.iter().any(handed) {
            return self.held.push(message);
        }
        let effects = self.machine.accept(message.items, copies, message.secret, now_ms());
        self.perform(effects, vec![message.receipt], ctx);
    }
}

impl Actor for Gate {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        let effects = self.machine.tick(now_ms());
        self.perform(effects, Vec::new(), ctx);
        self.sifter = Some(ctx.run_interval(SIFTS, Self::sift));
    }
}

impl Gate {
    /// Looks whether the oldest in quarantine must go, batch by batch until it need not.
    fn sift(&mut self, ctx: &mut Context<Self>) {
        // What is handed over is leaving anyway, and its claims are being rewritten.
        if self.sifting || !self.handing.is_empty() || self.store.standing() != Standing::Open {
            return;
        }
        let stream = quarantine_stream(&self.gateway);
        let asked = self.store.room().asked_of(&stream);
        let Some(after) = self.machine.wants_to_evict(asked, now_ms()) else { return };
        self.sifting = true;
        let store = Arc::clone(&self.store);
        let read = actix_rt::task::spawn_blocking(move || store.events(&stream, after, BATCH, BATCH_BYTES));
        let heard = move |read: Result<Result<Vec<Event>, _>, _>, gate: &mut Self, ctx: &mut Context<Self>| {
            gate.sifting = false;
            let Ok(Ok(events)) = read else { return log::error!("journal_unreadable stream=q.{}", gate.gateway) };
            if !gate.handing.is_empty() {
                return;
            }
            let before = gate.machine.quarantined_bytes();
            let effects = gate.machine.evict(&events, asked, now_ms());
            let bytes = before.saturating_sub(gate.machine.quarantined_bytes());
            if bytes > 0 {
                log::warn!("quarantine_evicted gateway={} bytes={bytes}", gate.gateway);
            }
            gate.perform(effects, Vec::new(), ctx);
            if !events.is_empty() {
                gate.sift(ctx);
            }
        };
        ctx.spawn(read.into_actor(self).map(heard));
    }
}

impl Handler<Deliver> for Gate {
    type Result = ();

    fn handle(&mut self, message: Deliver, ctx: &mut Self::Context) {
        let keys = self.machine.keys(&message.items);
        let glances = self.store.glance(&keys);
        if !glances.contains(&Glance::Unsure) {
            return self.accept(message, glances.into_iter().map(seen).collect(), ctx);
        }
        let store = Arc::clone(&self.store);
        let asked: Vec<(u128, Stamp)> = keys;
        let looking = actix_rt::task::spawn_blocking(move || store.look(&asked));
        let heard = move |looked: Result<Result<Vec<Option<Seen>>, _>, _>, gate: &mut Self, ctx: &mut Context<Self>| {
            let Ok(Ok(looked)) = looked else { return log::error!("recall_failed gateway={}", gate.gateway) };
            let now_known = gate.store.glance(&gate.machine.keys(&message.items));
            let copies = now_known.into_iter().zip(looked).map(|(glance, looked)| seen(glance).or(looked)).collect();
            gate.accept(message, copies, ctx);
        };
        ctx.spawn(looking.into_actor(self).map(heard));
    }
}

impl Handler<Settled> for Gate {
    type Result = ();

    fn handle(&mut self, message: Settled, ctx: &mut Self::Context) {
        match message.outcome {
            Outcome::Durable => {
                self.tell(message.ticket);
                let effects = self.machine.settled(message.ticket, now_ms());
                self.perform(effects, Vec::new(), ctx);
            }
            // The store is closed until a restart; what was decided on top of it is never shown as durable.
            Outcome::Lost { .. } => {
                self.waiting.clear();
                self.machine.rest();
            }
        }
    }
}

impl Handler<Release> for Gate {
    type Result = ();

    fn handle(&mut self, message: Release, ctx: &mut Self::Context) {
        // One at a time: a second one would hand the same items over again.
        if !self.handing.contains(&message.account) {
            self.release(message, ctx);
        }
    }
}

impl Gate {
    /// Hands over what is quarantined under the account's name, batch by batch, until nothing is left.
    fn release(&mut self, message: Release, ctx: &mut Context<Self>) {
        self.end_release(&message.account, ctx);
        let Some(claim) = self.machine.claim(&message.account).cloned() else { return };
        self.handing.insert(Arc::clone(&message.account));
        let store = Arc::clone(&self.store);
        let stream = quarantine_stream(&self.gateway);
        let after = claim.first.saturating_sub(1);
        let read = actix_rt::task::spawn_blocking(move || store.events(&stream, after, BATCH, BATCH_BYTES));
        let heard = move |read: Result<Result<Vec<Event>, _>, _>, gate: &mut Self, ctx: &mut Context<Self>| match read {
            Ok(Ok(events)) => gate.hand_over(message, &events, ctx),
            _ => {
                log::error!("journal_unreadable stream={}", quarantine_stream(&gate.gateway));
                gate.end_release(&message.account, ctx);
            }
        };
        ctx.spawn(read.into_actor(self).map(heard));
    }

    /// Takes the mail that waited for the end of a batch.
    fn end_release(&mut self, account: &str, ctx: &mut Context<Self>) {
        self.handing.remove(account);
        for mail in std::mem::take(&mut self.held) {
            self.handle(mail, ctx);
        }
    }

    /// Hands one batch to the account that is engaged now, then goes on with the next.
    fn hand_over(&mut self, message: Release, read: &[Event], ctx: &mut Context<Self>) {
        let Some(through) = read.last().map(|event| event.seq) else {
            if self.machine.is_settled() {
                return self.end_release(&message.account, ctx);
            }
            // What is claimed is on its way to the disk.
            ctx.run_later(NOT_YET, |gate, ctx| gate.release(message, ctx));
            return;
        };
        let claimed = |event: &&Event| !event.is_erased() && event.claimed.as_deref() == Some(&*message.account);
        let taken: Vec<&Event> = read.iter().filter(claimed).collect();
        let bytes = taken.iter().map(|event| event.body.len() as u64).sum();
        let count = taken.len() as u64;
        let release = self.machine.release(&message.account, count, bytes, through);
        let items = taken.iter().flat_map(|event| webhook::split(&event.body).unwrap_or_default()).collect();
        let adopt = message.actor.send(Adopt { gateway: Arc::clone(&self.gateway), items, release });
        let heard = move |durable: Result<bool, MailboxError>, gate: &mut Self, ctx: &mut Context<Self>| {
            if !durable.unwrap_or(false) {
                log::error!("release_failed gateway={} account={}", gate.gateway, message.account);
                return gate.end_release(&message.account, ctx);
            }
            gate.machine.released(&message.account, count, bytes, through);
            gate.release(message, ctx);
        };
        ctx.spawn(adopt.into_actor(self).map(heard));
    }
}

impl Handler<Finish> for Gate {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Finish, ctx: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        self.machine.rest();
        self.come_to_rest(tell, ctx);
        Box::pin(async move {
            // A gate that dies meanwhile has nothing more to end.
            let _ = told.await;
        })
    }
}

impl Handler<Depart> for Gate {
    type Result = ();

    fn handle(&mut self, _: Depart, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

async fn read_event(store: Arc<dyn Store>, stream: &Arc<str>, seq: u64) -> Option<Arc<Event>> {
    let name = Arc::clone(stream);
    let read = actix_rt::task::spawn_blocking(move || store.event(&name, seq)).await;
    match read {
        Ok(Ok(Some(event))) => Some(Arc::new(event)),
        other => {
            log::error!("event_unreadable stream={stream} seq={seq} why={other:?}");
            None
        }
    }
}

/// A gate as storage remembers it.
pub fn restore(store: &dyn Store, gateway: &Gateway, setting: &Setting) -> Result<GateMachine, StoreError> {
    let name = &gateway.uri;
    let tests = test_stream(name);
    let seqs = Seqs { quarantine: store.last_seq(&quarantine_stream(name)), tests: store.last_seq(&tests) };
    let prefix = KeyBuilder::new().text(name).build();
    let claims = store.hot(Kind::Claim, &prefix.0);
    let claims = claims.iter().map(|(_, bytes)| Claim::from_bytes(bytes)).collect::<Result<Vec<_>, _>>()?;
    let mut opening = Change::default();
    let routes = test_routes(&gateway.routes.get());
    let readers = crate::account::restore_readers(store, &tests, &routes, seqs.tests, setting, &mut opening)?;
    let deliveries = Deliveries::new(tests, readers).keeping(setting.keep_body);
    Ok(GateMachine::new(name, seqs, claims, deliveries, opening))
}

fn seen(glance: Glance) -> Option<Seen> {
    match glance {
        Glance::Seen(seen) => Some(seen),
        Glance::New | Glance::Unsure => None,
    }
}
