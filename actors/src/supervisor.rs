//! The supervisor: spawns, rebuilds and retires the actors of accounts, and publishes the routing table. The verbs
//! themselves are in `verbs`; what an account is, only the account decides.

use crate::account::{Account, Guards, House, Own, restore};
use crate::berth::Berth;
use crate::clock::now_ms;
use crate::courier::Courier;
use crate::courier::gate::Gates;
use crate::directory::{Desks, Directory};
use crate::eraser::Eraser;
use crate::gate::Gate;
use crate::gateway::{Gateway, GraphSettings, Route};
use crate::messages::{Died, Drain, Finish, Release, Reroute};
use crate::meters::Meters;
use crate::rules::account::{Entry, Input, Setting};
use crate::rules::gate::Limits;
use crate::rules::outbox::Patience;
use crate::rules::probes::Probes;
use crate::vault::Vault;
use actix::prelude::*;
use futures_util::future::join_all;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{
    AccountRecord, KeepBody, KeyBuilder, Kind, MessageRecord, Noun, Outbox as Kept, Standing, Store, StoreError,
};

mod afterlife;
pub mod gateways;
pub mod own_tokens;
pub mod probe;
mod reconcile;
mod sweep;
#[cfg(test)]
mod tests;
pub mod tokens;
pub mod verbs;

use reconcile::Rounds;
use tokens::Tokens;
use verbs::asks::Asks;
use verbs::setups::Setups;
use verbs::turns::Turns;

/// An account that died is rebuilt after this long, doubling with each death up to [`REBUILD_AT_MOST`].
const REBUILD_AFTER: Duration = Duration::from_millis(50);
/// The longest wait before an account is rebuilt.
const REBUILD_AT_MOST: Duration = Duration::from_secs(30);
/// Dialogs in memory, all accounts together: about 400 bytes each.
const DIALOGS: usize = 500_000;
/// Bytes of event bodies in memory for deliveries, all accounts together.
const BODIES: usize = 256 << 20;

/// How long a message whose answer was lost holds back the next one to the same recipient, in ms: a status comes within
/// seconds, where one comes.
const UNKNOWN_HOLDS_MS: u64 = 10_000;

/// What the house is built from.
#[derive(Clone)]
pub struct Plan {
    /// The store, open.
    pub store: Arc<dyn Store>,
    /// The gateways.
    pub gateways: Vec<Arc<Gateway>>,
    /// Where Graph is.
    pub graph: GraphSettings,
    /// Event loops for accounts: those of the HTTP workers, so that a webhook changes threads as rarely as can be.
    pub arbiters: Vec<ArbiterHandle>,
    /// A dialog is forgotten after this much silence.
    pub dialog_ttl: Duration,
    /// How long the journal is kept.
    pub retention: Duration,
    /// How long its bodies are.
    pub keep_body: KeepBody,
    /// What one gateway's quarantine may hold.
    pub quarantine: Limits,
    /// What dead letters may hold, in bytes, all accounts together.
    pub dead_bytes: u64,
    /// A dead letter is kept this long.
    pub dead_retention: Duration,
    /// How long word of a message whose answer was lost is awaited.
    pub unknown_wait: Duration,
    /// What of sends is refused at once.
    pub guards: Guards,
    /// Every account is compared with Meta's side once in this time.
    pub reconcile_every: Duration,
    /// Opens the secrets that the store keeps.
    pub vault: Arc<Vault>,
}

/// Spawns and retires accounts.
pub struct Supervisor {
    plan: Plan,
    directory: Arc<Directory>,
    courier: Addr<Courier>,
    deaths: HashMap<Arc<str>, u32>,
    /// Gateways that were removed and where something is still under way.
    leaving: HashSet<Arc<str>>,
    turns: Turns,
    asks: Asks,
    setups: Setups,
    rounds: Rounds,
    probes: Probes,
    tokens: Arc<Tokens>,
    eraser: Arc<Eraser>,
    setting: Setting,
}

/// The house, standing: what the edge needs of it.
#[derive(Clone)]
pub struct Wharf {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The routing table.
    pub directory: Arc<Directory>,
    /// Whom to ask for verbs.
    pub supervisor: Addr<Supervisor>,
    /// Who calls out for the edge.
    pub courier: Addr<Courier>,
    /// What is known of the endpoints of routes.
    pub gates: Arc<Gates>,
    /// What is known of the gateways' tokens.
    pub tokens: Arc<Tokens>,
    /// Seals the secrets that the store keeps.
    pub vault: Arc<Vault>,
    /// Who erases customers.
    pub eraser: Arc<Eraser>,
    /// What came of calls to Graph and to applications.
    pub meters: Arc<Meters>,
}

/// Builds the house: gates, and every account of the registry. Nothing is received before it returns.
pub fn build(plan: Plan) -> Result<Wharf, StoreError> {
    let routes: Vec<Arc<Route>> = plan.gateways.iter().flat_map(|gateway| gateway.routes.get().to_vec()).collect();
    let gates = Arc::new(Gates::kept_in(&plan.store));
    let meters = Arc::<Meters>::default();
    for arbiter in &plan.arbiters {
        let (graph, routes) = (plan.graph.clone(), routes.clone());
        let (gates, meters) = (Arc::clone(&gates), Arc::clone(&meters));
        arbiter.spawn_fn(move || drop(Berth::open(&graph, &routes, &gates, &meters)));
    }
    let courier = Berth::open(&plan.graph, &routes, &gates, &meters).courier.clone();
    let records = records(plan.store.as_ref())?;
    let setting = setting(&plan, records.len());
    let desks =
        plan.gateways.iter().zip(plan.arbiters.iter().cycle()).map(|(gateway, arbiter)| {
            Ok(Desks::new(Arc::clone(gateway), start_gate(&plan, gateway, arbiter, &setting)?))
        });
    let directory = Arc::new(Directory::new(desks.collect::<Result<Vec<_>, StoreError>>()?));
    own_tokens::load(plan.store.as_ref(), &plan.vault, &directory)?;
    let tokens = Arc::new(Tokens::default());
    let eraser = Eraser::new(Arc::clone(&plan.store), Arc::clone(&directory));
    let mut supervisor = Supervisor {
        plan: plan.clone(),
        directory: Arc::clone(&directory),
        courier: courier.clone(),
        deaths: HashMap::new(),
        leaving: HashSet::new(),
        turns: Turns::default(),
        asks: Asks::default(),
        setups: Setups::default(),
        rounds: Rounds::default(),
        probes: Probes::default(),
        tokens: Arc::clone(&tokens),
        eraser: Arc::clone(&eraser),
        setting,
    };
    let context = Context::new();
    let address = context.address();
    supervisor.engage_all(records, &address)?;
    supervisor.awaken_all(&address)?;
    let supervisor = context.run(supervisor);
    let vault = plan.vault;
    Ok(Wharf { store: plan.store, directory, supervisor, courier, gates, tokens, vault, eraser, meters })
}

fn records(store: &dyn Store) -> Result<Vec<AccountRecord>, StoreError> {
    store.hot(Kind::Account, &[]).iter().map(|(_, bytes)| AccountRecord::from_bytes(bytes)).collect()
}

/// Shares the memory for dialogs and bodies among the accounts.
fn setting(plan: &Plan, accounts: usize) -> Setting {
    let accounts = accounts.max(1);
    let routes = plan.gateways.iter().map(|gateway| gateway.routes.get().len()).max().unwrap_or(0).max(1);
    Setting {
        dialogs: (DIALOGS / accounts).clamp(64, 20_000),
        dialog_ttl_ms: plan.dialog_ttl.as_millis() as u64,
        body_bytes: (BODIES / accounts / routes).max(4 << 10),
        patience: Patience { unknown_ms: plan.unknown_wait.as_millis() as u64, unknown_holds_ms: UNKNOWN_HOLDS_MS },
        keep_body: plan.keep_body,
    }
}

fn start_gate(
    plan: &Plan,
    gateway: &Arc<Gateway>,
    arbiter: &ArbiterHandle,
    setting: &Setting,
) -> Result<Addr<Gate>, StoreError> {
    let (store, settings) = (Arc::clone(&plan.store), Arc::clone(gateway));
    let body_budget = setting.body_budget();
    let machine = crate::gate::restore(store.as_ref(), gateway, setting)?.limited(plan.quarantine);
    Ok(Gate::start_in_arbiter(arbiter, move |_| {
        let berth = Berth::here();
        Gate::new(settings, body_budget, machine, store, std::rc::Rc::clone(&berth.gates), berth.courier.clone())
    }))
}

impl Supervisor {
    fn engage_all(&mut self, records: Vec<AccountRecord>, address: &Addr<Self>) -> Result<(), StoreError> {
        let mut outboxes: HashMap<Box<str>, Vec<MessageRecord>> = HashMap::new();
        for (_, bytes) in self.plan.store.hot(Kind::Outbox, &[]) {
            let Kept(message) = Kept::from_bytes(&bytes)?;
            outboxes.entry(message.account.clone()).or_default().push(message);
        }
        for record in records {
            let messages = outboxes.remove(&record.id).unwrap_or_default();
            self.spawn(record, messages, address)?;
        }
        Ok(())
    }

    /// Starts the account's actor and publishes it. An account of a gateway that is not configured stays silent.
    fn spawn(
        &self,
        record: AccountRecord,
        messages: Vec<MessageRecord>,
        address: &Addr<Self>,
    ) -> Result<(), StoreError> {
        let Some(desks) = self.directory.gateway(&record.gateway) else {
            log::warn!("account_without_gateway account={} gateway={}", record.id, record.gateway);
            return Ok(());
        };
        let (id, numbers): (Arc<str>, _) = (record.id.as_ref().into(), Entry::new(record.clone()).numbers);
        let actor = self.start_account(&desks, record, messages, address)?;
        desks.engage(&id, actor.clone(), &numbers);
        // They may have changed since it was restored.
        actor.do_send(Reroute);
        if self.plan.store.standing() == Standing::Open {
            // A stop may have left some of its items in quarantine.
            desks.gate.do_send(Release { account: id, actor });
        }
        Ok(())
    }

    fn start_account(
        &self,
        desks: &Desks,
        record: AccountRecord,
        messages: Vec<MessageRecord>,
        address: &Addr<Self>,
    ) -> Result<Addr<Account>, StoreError> {
        let arbiter = self.arbiter_of(&record.id);
        let record_id: Arc<str> = record.id.as_ref().into();
        let store = Arc::clone(&self.plan.store);
        let own = Own::read(store.as_ref(), &record.gateway, &record.id, &self.plan.vault)?;
        let routes = own.with(&desks.gateway.routes.get());
        let mut machine = restore(store.as_ref(), &routes, record, messages, &self.setting, now_ms())?;
        let closed = matches!(self.plan.store.standing(), Standing::Closed { .. });
        if closed {
            // What it would start could not be kept: it would be delivered again after every rebuild.
            drop(machine.handle(Input::Rest, now_ms()));
        }
        let house = House {
            store,
            gateway: Arc::clone(&desks.gateway),
            supervisor: address.downgrade(),
            guards: self.plan.guards,
            gauge: desks.gauge(&record_id),
        };
        let closed = matches!(self.plan.store.standing(), Standing::Closed { .. });
        let machine = if closed { machine.at_rest() } else { machine };
        Ok(Account::start_in_arbiter(arbiter, move |_| {
            let berth = Berth::here();
            Account::new(machine, own, house, std::rc::Rc::clone(&berth.accounts), berth.courier.clone())
        }))
    }

    /// Accounts spread over the arbiters by their id.
    fn arbiter_of(&self, account: &str) -> &ArbiterHandle {
        let hash = xxhash_rust::xxh3::xxh3_64(account.as_bytes());
        &self.plan.arbiters[(hash % self.plan.arbiters.len() as u64) as usize]
    }

    fn rebuild(&mut self, account: &Arc<str>, address: &Addr<Self>) {
        let store = &self.plan.store;
        let key = KeyBuilder::new().text(account).build();
        let kept = store
            .get(Kind::Account, &key.0)
            .and_then(|kept| kept.map(|bytes| AccountRecord::from_bytes(&bytes)).transpose());
        let messages: Result<Vec<MessageRecord>, StoreError> =
            store.hot(Kind::Outbox, &[]).iter().map(|(_, bytes)| Ok(Kept::from_bytes(bytes)?.0)).collect();
        let rebuilt = kept.and_then(|kept| {
            let mut messages = messages?;
            messages.retain(|message| *message.account == **account);
            kept.map(|record| self.spawn(record, messages, address)).transpose()
        });
        match rebuilt {
            Ok(Some(())) => log::warn!("account_rebuilt account={account}"),
            Ok(None) => self.awaken_again(account, address),
            Err(error) => log::error!("account_not_rebuilt account={account} why=\"{error}\""),
        }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1024);
        self.watch(ctx);
        self.probe(ctx);
        self.lay_to_rest(ctx);
        self.eraser.resume();
        let sweeper = sweep::Sweeper::new(&self.plan);
        ctx.run_interval(sweep::EVERY, move |supervisor, _| {
            let (store, sweeper) = (Arc::clone(&supervisor.plan.store), Arc::clone(&sweeper));
            actix_rt::task::spawn_blocking(move || {
                // One that still goes on is enough.
                let Ok(mut sweeper) = sweeper.try_lock() else { return };
                if let Err(error) = sweeper.run(store.as_ref(), now_ms()) {
                    log::error!("sweep_failed why=\"{error}\"");
                }
            });
        });
    }
}

impl Handler<Died> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Died, ctx: &mut Self::Context) {
        let deaths = self.deaths.entry(Arc::clone(&message.account)).or_default();
        *deaths += 1;
        let wait = REBUILD_AFTER.saturating_mul(1 << (*deaths - 1).min(10)).min(REBUILD_AT_MOST);
        log::error!("account_died account={} deaths={deaths} rebuilt_in_ms={}", message.account, wait.as_millis());
        ctx.run_later(wait, move |supervisor, ctx| supervisor.rebuild(&message.account, &ctx.address()));
    }
}

/// A verb → supervisor: `record` is engaged now. Answered when the registry has it.
#[derive(Message)]
#[rtype(result = "Result<(), String>")]
pub struct Engage {
    /// The entry.
    pub record: AccountRecord,
}

impl Handler<Engage> for Supervisor {
    type Result = ResponseActFuture<Self, Result<(), String>>;

    fn handle(&mut self, message: Engage, ctx: &mut Self::Context) -> Self::Result {
        let record = message.record;
        let Some(desks) = self.directory.gateway(&record.gateway) else {
            return Box::pin(std::future::ready(Err("the gateway is not configured".to_owned())).into_actor(self));
        };
        let id: Arc<str> = record.id.as_ref().into();
        self.probes.stir(&id);
        if let Some(why) = self.still_delivers_elsewhere(&id, &desks) {
            return Box::pin(std::future::ready(Err(why)).into_actor(self));
        }
        let known = desks.read().actor(&id).cloned().or_else(|| desks.afterlife(&id));
        let actor = match known {
            Some(actor) => actor,
            None => match self.start_account(&desks, record.clone(), Vec::new(), &ctx.address()) {
                Ok(actor) => actor,
                Err(error) => return Box::pin(std::future::ready(Err(error.to_string())).into_actor(self)),
            },
        };
        let entry = Entry::new(record);
        let numbers = entry.numbers.clone();
        let kept = async move {
            let kept = actor.send(crate::messages::Refresh(entry)).await.unwrap_or_else(|error| Err(error.to_string()));
            kept.map(|()| {
                desks.engage(&id, actor.clone(), &numbers);
                desks.lay_to_rest(&id);
                actor.do_send(Reroute);
                desks.gate.do_send(Release { account: id, actor });
            })
        };
        Box::pin(kept.into_actor(self))
    }
}

impl Handler<Drain> for Supervisor {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, message: Drain, _: &mut Self::Context) -> Self::Result {
        let gateways = self.directory.gateways();
        let gates: Vec<_> = gateways.iter().map(|desks| desks.gate.send(Finish)).collect();
        let accounts = gateways.iter().flat_map(|desks| desks.everybody());
        let accounts: Vec<_> = accounts.map(|(_, actor)| actor.send(Finish)).collect();
        let all = futures_util::future::join(join_all(gates), join_all(accounts));
        let drained = async move {
            if tokio::time::timeout(message.within, all).await.is_err() {
                log::warn!("drained_in_part after_s={}", message.within.as_secs());
            }
        };
        // Its timers would keep it alive, and with it the store. Nobody is rebuilt after this.
        Box::pin(drained.into_actor(self).map(|(), _, ctx| ctx.stop()))
    }
}
