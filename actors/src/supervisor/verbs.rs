//! The five verbs over many accounts: whom they mean, each account asked by itself, one answer for all of them.

pub(super) mod asks;
mod setup;
pub(super) mod setups;
mod sheet;
pub(super) mod turns;

use self::asks::{Ask, Asks, SIDE_BY_SIDE};
use self::setups::Setups;
use self::sheet::{Asked, Outcome, Sheet};
use self::turns::Turns;
use super::Supervisor;
use super::tokens::Tokens;
use crate::account::Account;
use crate::cloud::node::Progress;
use crate::cloud::refusal::Refusal;
use crate::courier::discovery::DiscoveryError;
use crate::directory::{Desks, Directory};
use crate::messages::{Force, Remove, Subscribe, Unsubscribe};
use actix::prelude::*;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{AccountRecord, Kind, Noun, Store};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Discover and refresh.
    Setup,
    /// Look up, from the registry.
    Search,
    /// Activate.
    Subscribe,
    /// Deactivate.
    Unsubscribe,
    /// Deactivate and forget.
    Remove,
}

impl Verb {
    /// All of them.
    pub const ALL: [Verb; 5] = [Verb::Search, Verb::Setup, Verb::Subscribe, Verb::Unsubscribe, Verb::Remove];

    /// The word in the URL.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Setup => "setup",
            Verb::Search => "search",
            Verb::Subscribe => "subscribe",
            Verb::Unsubscribe => "unsubscribe",
            Verb::Remove => "remove",
        }
    }
}

/// Which accounts a verb means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ids {
    /// All that are engaged.
    All,
    /// These.
    Named(Vec<String>),
}

/// Edge → supervisor: run a verb.
#[derive(Message, Debug, Clone)]
#[rtype(result = "Result<VerbAnswer, VerbError>")]
pub struct RunVerb {
    /// The gateway, by its URI.
    pub gateway: Arc<str>,
    /// The verb.
    pub verb: Verb,
    /// Which accounts.
    pub ids: Ids,
    /// Whether it goes on where something stands against it.
    pub force: Force,
    /// After this long unfinished accounts are answered as pending.
    pub wait: Duration,
    /// Accounts that the caller may see; `None` means all.
    pub visible: Option<BTreeSet<String>>,
}

impl RunVerb {
    /// Whether the caller may see the account.
    fn may_see(&self, account: &str) -> bool {
        self.visible.as_ref().is_none_or(|ids| ids.contains(account))
    }
}

/// What a verb came to.
#[derive(Debug, Clone)]
pub struct VerbAnswer {
    /// How it went as a whole.
    pub ending: Ending,
    /// A JSON array of accounts, sorted by id as text.
    pub body: Bytes,
    /// One line for the audit.
    pub summary: String,
}

/// How a verb went as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every account was answered for; 200.
    Done,
    /// Some are still being asked; 202.
    Pending,
    /// At least one was asked, and all that were asked failed; 502.
    AllFailed,
}

/// Why a verb did not begin.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VerbError {
    /// The gateway is not configured.
    #[error("no gateway is served at this path")]
    NoGateway,
    /// `remove` names an account that is not engaged.
    #[error("remove: not all requested WhatsApp Business Accounts found: {}; nothing was changed", .0.join(", "))]
    RemovePartial(Vec<String>),
    /// `setup` could not begin.
    #[error(transparent)]
    Setup(#[from] DiscoveryError),
    /// The registry cannot be read.
    #[error("{0}")]
    Registry(String),
}

impl Handler<RunVerb> for Supervisor {
    type Result = ResponseFuture<Result<VerbAnswer, VerbError>>;

    fn handle(&mut self, message: RunVerb, ctx: &mut Self::Context) -> Self::Result {
        let run = Run {
            store: Arc::clone(&self.plan.store),
            directory: Arc::clone(&self.directory),
            courier: self.courier.clone(),
            supervisor: ctx.address(),
            turns: self.turns.clone(),
            tokens: Arc::clone(&self.tokens),
            asks: self.asks.clone(),
            setups: self.setups.clone(),
        };
        Box::pin(async move { run.verb(message).await })
    }
}

/// One verb under way.
#[derive(Clone)]
struct Run {
    store: Arc<dyn Store>,
    directory: Arc<Directory>,
    courier: Addr<crate::courier::Courier>,
    supervisor: Addr<Supervisor>,
    turns: Turns,
    tokens: Arc<Tokens>,
    asks: Asks,
    setups: Setups,
}

impl Run {
    async fn verb(self, call: RunVerb) -> Result<VerbAnswer, VerbError> {
        let desks = self.directory.gateway(&call.gateway).ok_or(VerbError::NoGateway)?;
        match call.verb {
            Verb::Search => Ok(self.search(&call)?.answer(call.verb, Progress::Done).await),
            Verb::Setup => self.follow_setup(call, desks).await,
            Verb::Subscribe | Verb::Unsubscribe | Verb::Remove => {
                let sheet = self.begin(&call, &desks)?;
                let waited = tokio::time::timeout(call.wait, sheet.settled()).await;
                Ok(sheet.answer(call.verb, waited.map_or(Progress::Pending, |()| Progress::Done)).await)
            }
        }
    }

    /// From the registry, no call to Meta.
    fn search(&self, call: &RunVerb) -> Result<Sheet, VerbError> {
        let sheet = Sheet::default();
        for record in self.selected(call)?.1 {
            let id = record.id.clone();
            sheet.note(&id, Outcome { error: record.refusal.clone(), ..Outcome::shown(record) });
        }
        Ok(sheet)
    }

    /// Follows the setup under way, or a new one, for as long as the caller waits; it goes on without them.
    async fn follow_setup(self, call: RunVerb, desks: Arc<Desks>) -> Result<VerbAnswer, VerbError> {
        let setup = self.setups.join(&call, |sheet| {
            let (run, call) = (self.clone(), call.clone());
            async move { run.setup(call, desks, &sheet).await }
        });
        let Ok(ended) = tokio::time::timeout(call.wait, setup.ended.clone()).await else {
            return Ok(setup.sheet.answer(call.verb, Progress::Pending).await);
        };
        self.setups.heard(&call, &setup);
        ended?;
        Ok(setup.sheet.answer(call.verb, Progress::Done).await)
    }

    /// Has every selected account's actor asked, a few at a time; the sheet hears of it.
    fn begin(&self, call: &RunVerb, desks: &Arc<Desks>) -> Result<Rc<Sheet>, VerbError> {
        let (unknown, records) = self.selected(call)?;
        if call.verb == Verb::Remove && !unknown.is_empty() {
            return Err(VerbError::RemovePartial(unknown));
        }
        let sheet = Rc::new(Sheet::default());
        for id in unknown {
            let refusal = Refusal::ours(404, "this account is not engaged here; setup engages it");
            sheet.note(&id, Outcome::refused(None, &refusal, Asked::No));
        }
        let mut asks = Vec::new();
        for record in records {
            if desks.read().actor(&record.id).is_none() {
                continue;
            }
            sheet.note(&record.id, Outcome::pending(Some(record.clone())));
            if let Some(ask) = self.asks.join(&record.id, call.verb, call.force, &sheet) {
                asks.push((record, ask));
            }
        }
        let (run, verb, force, desks) = (self.clone(), call.verb, call.force, Arc::clone(desks));
        actix_rt::spawn(async move {
            let carry_out = |(record, ask)| run.carry_out(verb, force, record, ask, &desks);
            stream::iter(asks).for_each_concurrent(SIDE_BY_SIDE, carry_out).await;
        });
        Ok(sheet)
    }

    async fn carry_out(&self, verb: Verb, force: Force, record: AccountRecord, ask: Rc<Ask>, desks: &Desks) {
        let _permit = self.asks.permits.acquire().await.expect("it is never closed");
        let id = record.id.clone();
        // When Wharf stops, the wishes that were not asked for yet are not begun.
        if !self.supervisor.connected() || !ask.begin() {
            return;
        }
        let outcome = match desks.read().actor(&id).cloned() {
            Some(actor) => Ok(actor),
            None => Err(Outcome::shown(AccountRecord { active: false, ..record.clone() })),
        };
        let outcome = match outcome {
            Ok(actor) => self.ask(verb, force, record, &actor, desks).await,
            Err(gone) => gone,
        };
        self.asks.end(&id, &ask, &outcome);
    }

    async fn ask(
        &self,
        verb: Verb,
        force: Force,
        record: AccountRecord,
        actor: &Addr<Account>,
        desks: &Desks,
    ) -> Outcome {
        if verb == Verb::Remove {
            return self.remove(force, record, desks).await;
        }
        let _turn = self.turns.of(&record.id).await;
        let asked = match verb {
            Verb::Subscribe => actor.send(Subscribe { force }).await,
            Verb::Unsubscribe => actor.send(Unsubscribe).await,
            Verb::Remove | Verb::Setup | Verb::Search => return Outcome::shown(record),
        };
        match asked.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(after) => Outcome { error: after.refusal.clone(), asked: Asked::Yes, ..Outcome::shown(after) },
            Err(reason) => Outcome::refused(Some(record), &Refusal::ours(503, reason), Asked::Yes),
        }
    }

    async fn remove(&self, force: Force, record: AccountRecord, desks: &Desks) -> Outcome {
        let _turn = self.turns.of(&record.id).await;
        let Some(actor) = desks.read().actor(&record.id).cloned() else {
            // Somebody else has removed it meanwhile.
            return Outcome::shown(AccountRecord { active: false, ..record });
        };
        let left = actor.send(Unsubscribe).await.unwrap_or_else(|error| Err(error.to_string()));
        let after = match left {
            Ok(after) => after,
            Err(reason) => return Outcome::refused(Some(record), &Refusal::ours(503, reason), Asked::Yes),
        };
        if after.refusal.is_some() && force == Force::Respect {
            return Outcome { error: after.refusal.clone(), asked: Asked::Yes, ..Outcome::shown(after) };
        }
        desks.disengage(&after.id);
        match actor.send(Remove).await.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(()) => {
                // A `setup` at the same time may have put it back on the table.
                desks.disengage(&after.id);
                self.directory.gateways().iter().for_each(|desks| _ = desks.gateway.own_tokens.forget(&after.id));
                Outcome { asked: Asked::Yes, ..Outcome::shown(AccountRecord { active: false, ..after }) }
            }
            Err(reason) => {
                if actor.connected() {
                    let id: Arc<str> = after.id.as_ref().into();
                    desks.engage(&id, actor.clone(), &crate::rules::account::Entry::new(after.clone()).numbers);
                }
                Outcome::refused(Some(after), &Refusal::ours(503, reason), Asked::Yes)
            }
        }
    }

    /// Ids that nobody knows here, and the records of those that are meant.
    fn selected(&self, call: &RunVerb) -> Result<(Vec<String>, Vec<AccountRecord>), VerbError> {
        let mut records = Vec::new();
        for (_, bytes) in self.store.hot(Kind::Account, &[]) {
            let record = AccountRecord::from_bytes(&bytes).map_err(|error| VerbError::Registry(error.to_string()))?;
            if *record.gateway == *call.gateway && call.may_see(&record.id) {
                records.push(record);
            }
        }
        let Ids::Named(ids) = &call.ids else { return Ok((Vec::new(), records)) };
        let known: HashSet<&str> = records.iter().map(|record| &*record.id).collect();
        let unknown = ids.iter().filter(|id| !known.contains(id.as_str())).cloned().collect();
        let named: HashSet<&str> = ids.iter().map(String::as_str).collect();
        records.retain(|record| named.contains(&*record.id));
        Ok((unknown, records))
    }
}
