//! The actor of one account: a thin shell around its machine. Turns messages into inputs, performs effects in their
//! order, and keeps one timer. It decides nothing.

use crate::clock::{chance, now_ms};
use crate::courier::Courier;
use crate::desk::LoopDesk;
use crate::gateway::Gateway;
use crate::gauges::Gauge;
use crate::messages::{Adopt, Deliver, Died, Look, Refresh, Sent, Settled};
use crate::rules::account::{Accept, AccountMachine, Effect, Entry, Input, forget};
use crate::rules::outbox::Tried;
use crate::rules::reader::{Attempted, Reader, WINDOW};
use crate::supervisor::Supervisor;
use crate::views::{self, AccountView};
use actix::WeakAddr;
use actix::prelude::*;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{mpsc::UnboundedSender, oneshot};
use wharf_storage::{AccountRecord, MessageRecord, Outcome, Receipt, Store};

mod afterlife;
mod bodies;
mod deliver;
mod erase;
mod explain;
mod finish;
mod holds;
mod letters;
mod recall;
mod reconcile;
mod replay;
mod restore;
mod retire;
mod routes;
mod submit;
mod subscription;
mod watch;

use bodies::Bodies;
pub use letters::{Letters, find as find_letters};
pub(crate) use recall::nameless;
pub use recall::{Questions, Recalled};
pub use replay::first_since;
pub(crate) use restore::readers as restore_readers;
pub use restore::restore;
pub use retire::{Batch, unfinished_events};
pub use routes::{Changed, MOST_OWN_ROUTES, Own};
pub(crate) use routes::{ENDING_LOOKS, ROUTE_REMOVED};
pub use submit::Guards;
use submit::Requests;
pub(crate) use submit::TWIN_FOR_MS;
use watch::Watchers;

/// Messages in an account's mailbox; a webhook that finds it full is answered 503. 1024 webhooks are more than an
/// account decides on in the time of one commit.
const MAILBOX: usize = 1024;
/// Events read from the journal at once, for a route that lags.
const READ_EVENTS: usize = WINDOW / 2;
/// Bytes read from the journal at once.
const READ_BYTES: usize = 4 << 20;

/// Where accounts of one arbiter hear of their commits.
pub type AccountDesk = LoopDesk<(Addr<Account>, u64)>;

/// What an account needs of the house.
#[derive(Clone)]
pub struct House {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The account's gateway.
    pub gateway: Arc<Gateway>,
    /// Who is told of its death.
    pub supervisor: WeakAddr<Supervisor>,
    /// What of sends is refused at once.
    pub guards: Guards,
    /// Where it shows how it stands.
    pub gauge: Arc<Gauge>,
}

/// The actor of one account.
pub struct Account {
    id: Arc<str>,
    machine: AccountMachine,
    house: House,
    desk: Rc<AccountDesk>,
    courier: Addr<Courier>,
    callers: HashMap<Box<str>, Vec<UnboundedSender<Sent>>>,
    bodies: Bodies,
    /// Requests that came with an idempotency key lately, and what the duplicate guard remembers.
    requests: Requests,
    /// Who waits for a change to be durable, by ticket.
    waiting: HashMap<u64, Waiting>,
    timer: Option<(u64, SpawnHandle)>,
    /// Mail that waits for what the disk knows of it.
    recalls: usize,
    /// It is about to be forgotten: nothing is taken any more.
    leaving: bool,
    /// Its own routes, beside those of the gateway.
    own: Own,
    /// A step in giving up the deliveries of a route is under way.
    ending: bool,
    /// Wakes up when an own route ends by itself.
    route_watch: Option<SpawnHandle>,
    /// Who is told what happens.
    watchers: Watchers,
    /// Dead letters are being read.
    redriving: bool,
    /// Tells the supervisor when this actor is dropped for any reason but a retirement.
    death: Death,
}

/// What happens here when a change is settled.
enum Waiting {
    /// Someone is told.
    Told(oneshot::Sender<Result<(), String>>),
    /// A message's caller learns that it will not be lost.
    Caller(Box<str>),
}

/// Notices the end of an actor, a panic's included.
struct Death {
    account: Arc<str>,
    supervisor: Option<WeakAddr<Supervisor>>,
}

impl Death {
    /// This end is wanted.
    fn disarm(&mut self) {
        self.supervisor = None;
    }
}

impl Drop for Death {
    fn drop(&mut self) {
        if let Some(supervisor) = self.supervisor.take().and_then(|weak| weak.upgrade()) {
            supervisor.do_send(Died { account: Arc::clone(&self.account) });
        }
    }
}

impl Account {
    /// An account on the current arbiter.
    pub fn new(machine: AccountMachine, own: Own, house: House, desk: Rc<AccountDesk>, courier: Addr<Courier>) -> Self {
        let id: Arc<str> = machine.record().id.as_ref().into();
        let death = Death { account: Arc::clone(&id), supervisor: Some(house.supervisor.clone()) };
        Self {
            id,
            machine,
            house,
            desk,
            courier,
            callers: HashMap::new(),
            bodies: Bodies::default(),
            requests: Requests::default(),
            waiting: HashMap::new(),
            timer: None,
            recalls: 0,
            leaving: false,
            own,
            ending: false,
            route_watch: None,
            watchers: Watchers::default(),
            redriving: false,
            death,
        }
    }

    /// Gives the machine an input and performs what it wants; `receipts` hear of the first change.
    fn turn(&mut self, input: Input, mut receipts: Vec<Receipt>, ctx: &mut Context<Self>) -> Option<u64> {
        let mut first = None;
        let effects = self.handle_and_tell(input);
        for effect in effects {
            match effect {
                Effect::Commit { ticket, change } => {
                    first.get_or_insert(ticket);
                    self.watchers.committed(ticket, &change, self.machine.deliveries());
                    let mut receipts = std::mem::take(&mut receipts);
                    receipts.push(self.desk.receipt((ctx.address(), ticket)));
                    self.house.store.commit(change, receipts);
                }
                Effect::Deliver(start) => self.deliver(start, ctx),
                Effect::ReadOn { reader, after } => self.read_on(reader, after, ctx),
                Effect::ReadAgain(wanted) => self.read_again(wanted, ctx),
                Effect::Send(record) => self.send(record, ctx),
                Effect::Answer { id, answer } => {
                    for caller in self.callers.remove(&id).into_iter().flatten() {
                        let _ = caller.send(Sent::Settled(answer.clone()));
                    }
                }
            }
        }
        self.arm(ctx);
        let now = now_ms();
        self.house.gauge.show(now, |shown| views::show(&self.machine, shown, now));
        first
    }

    /// Like [`Account::turn`], for inputs whose change someone waits for.
    fn turn_and_wait(&mut self, input: Input, ctx: &mut Context<Self>) -> oneshot::Receiver<Result<(), String>> {
        let (tell, told) = oneshot::channel();
        if self.leaving {
            // An entry kept now would outlive the account.
            let _ = tell.send(Err("the account is being removed; repeat the verb".into()));
        } else if let Some(ticket) = self.turn(input, Vec::new(), ctx) {
            self.waiting.insert(ticket, Waiting::Told(tell));
        }
        told
    }

    /// Hears of the change of `ticket`; at once where there is none.
    fn wait(&mut self, ticket: Option<u64>) -> oneshot::Receiver<Result<(), String>> {
        let (tell, told) = oneshot::channel();
        match ticket {
            Some(ticket) => drop(self.waiting.insert(ticket, Waiting::Told(tell))),
            None => drop(tell.send(Ok(()))),
        }
        told
    }

    fn arm(&mut self, ctx: &mut Context<Self>) {
        let Some(due_at) = self.machine.due_at() else { return };
        if self.timer.is_some_and(|(armed_for, _)| armed_for <= due_at) {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        let wait = std::time::Duration::from_millis(due_at.saturating_sub(now_ms()).max(1));
        let handle = ctx.run_later(wait, |account, ctx| {
            account.timer = None;
            account.turn(Input::Tick, Vec::new(), ctx);
        });
        self.timer = Some((due_at, handle));
    }

    fn send(&mut self, record: Arc<MessageRecord>, ctx: &mut Context<Self>) {
        let id = record.id.clone();
        let (courier, gateway) = (self.courier.clone(), Arc::clone(&self.house.gateway));
        let body = self.bodies.find(&self.house.store, &id);
        let call = async move {
            match body.await {
                Ok(body) => courier.send(crate::courier::Send { gateway, record, body }).await,
                Err(reason) => Ok(Tried::NotSent { reason }),
            }
        };
        let heard = move |tried: Result<Tried, MailboxError>, account: &mut Self, ctx: &mut Context<Self>| {
            let lost = || Tried::Lost { reason: "wharf stopped".into() };
            let input = Input::Tried { id, tried: tried.unwrap_or_else(|_| lost()), chance: chance() };
            account.turn(input, Vec::new(), ctx);
        };
        ctx.spawn(call.into_actor(self).map(heard));
    }

    fn accept(&mut self, accept: Accept, receipt: Receipt, ctx: &mut Context<Self>) {
        self.turn(Input::Accept(accept), vec![receipt], ctx);
    }

    fn settle_waiting(&mut self, ticket: u64, outcome: &Outcome) {
        let due: Vec<u64> = self.waiting.keys().copied().filter(|waits| *waits <= ticket).collect();
        for waits in due {
            match (self.waiting.remove(&waits).expect("listed just now"), outcome) {
                (Waiting::Told(tell), Outcome::Durable) => drop(tell.send(Ok(()))),
                (Waiting::Told(tell), Outcome::Lost { reason }) => drop(tell.send(Err(reason.to_string()))),
                (Waiting::Caller(id), Outcome::Durable) => self.tell_caller(&id, &Sent::Durable),
                (Waiting::Caller(id), Outcome::Lost { reason }) => {
                    self.tell_caller(&id, &Sent::Lost { reason: reason.to_string() })
                }
            }
        }
    }

    fn tell_caller(&mut self, id: &str, what: &Sent) {
        for caller in self.callers.get(id).into_iter().flatten() {
            let _ = caller.send(what.clone());
        }
    }

    /// Makes `record` the registry's entry; durable when the future ends well.
    fn change_record(
        &mut self,
        record: AccountRecord,
        ctx: &mut Context<Self>,
    ) -> impl Future<Output = Result<(), String>> + use<> {
        let told = self.turn_and_wait(Input::Enter(Box::new(Entry::new(record))), ctx);
        async move { told.await.unwrap_or_else(|_| Err("wharf stopped".into())) }
    }
}

impl Actor for Account {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.turn(Input::Tick, Vec::new(), ctx);
        self.end_routes(ctx);
        self.expire_routes(ctx);
    }
}

impl Handler<Deliver> for Account {
    type Result = ();

    fn handle(&mut self, message: Deliver, ctx: &mut Self::Context) {
        let Deliver { secret, items, receipt, waits } = message;
        drop(waits);
        let gateway = Arc::clone(&self.house.gateway.uri);
        self.recall(gateway, secret, items, ctx, |account, accept, ctx| account.accept(accept, receipt, ctx));
    }
}

impl Handler<Adopt> for Account {
    type Result = ResponseFuture<bool>;

    fn handle(&mut self, message: Adopt, ctx: &mut Self::Context) -> Self::Result {
        let Adopt { gateway, items, release } = message;
        let (tell, told) = oneshot::channel();
        self.recall(gateway, 0, items, ctx, |account, accept, ctx| {
            if let Some(ticket) = account.turn(Input::Adopt { accept, release }, Vec::new(), ctx) {
                account.waiting.insert(ticket, Waiting::Told(tell));
            }
        });
        Box::pin(async move { matches!(told.await, Ok(Ok(()))) })
    }
}

impl Handler<Settled> for Account {
    type Result = ();

    fn handle(&mut self, message: Settled, ctx: &mut Self::Context) {
        self.settle_waiting(message.ticket, &message.outcome);
        match message.outcome {
            Outcome::Durable => {
                self.watchers.settled(message.ticket);
                self.turn(Input::Settled { ticket: message.ticket }, Vec::new(), ctx);
            }
            // What was decided on top of it is void: the supervisor rebuilds the account from storage.
            Outcome::Lost { .. } => ctx.stop(),
        }
    }
}

impl Handler<Refresh> for Account {
    type Result = ResponseFuture<Result<(), String>>;

    fn handle(&mut self, message: Refresh, ctx: &mut Self::Context) -> Self::Result {
        let told = self.turn_and_wait(Input::Enter(Box::new(message.0)), ctx);
        self.compare_after_verb(ctx);
        Box::pin(async move { told.await.unwrap_or_else(|_| Err("wharf stopped".into())) })
    }
}

impl Handler<Look> for Account {
    type Result = MessageResult<Look>;

    fn handle(&mut self, _: Look, _: &mut Self::Context) -> Self::Result {
        let deliveries = self.machine.deliveries();
        MessageResult(AccountView {
            id: self.id.to_string(),
            seq: self.machine.seq(),
            changes_in_flight: self.machine.in_flight(),
            oldest_undelivered_ms: deliveries.readers().iter().filter_map(Reader::oldest_ms).min(),
            routes: views::routes(deliveries),
            life: self.machine.life().clone(),
            numbers: self.machine.outbox().numbers(),
            holds: self.machine.outbox().holds().map(views::HoldView::of).collect(),
            delivery_holds: deliveries.holds().map(views::DeliveryHoldView::of).collect(),
            outbox: views::outbox(self.machine.outbox()),
        })
    }
}

fn stopped() -> Attempted {
    Attempted::unanswered("wharf stopped")
}
