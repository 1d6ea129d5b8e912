//! The five verbs over many accounts: whom they mean, each account asked by itself, one answer for all of them.

mod setup;
pub(super) mod turns;

use self::turns::Turns;
use super::Supervisor;
use super::tokens::Tokens;
use crate::account::Account;
use crate::cloud::node::{AccountNode, Element, Progress};
use crate::cloud::refusal::Refusal;
use crate::courier::discovery::DiscoveryError;
use crate::directory::{Desks, Directory};
use crate::messages::{Force, Remove, Subscribe, Unsubscribe};
use actix::prelude::*;
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{AccountRecord, Kind, Noun, Store};

/// What our app is subscribed to: the marker of an active account.
const SUBSCRIBED_FIELDS: &str = "messages";

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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub visible: Option<Vec<String>>,
}

impl RunVerb {
    /// Whether the caller may see the account.
    fn may_see(&self, account: &str) -> bool {
        self.visible.as_ref().is_none_or(|ids| ids.iter().any(|id| id == account))
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

/// What one account came to.
#[derive(Debug, Clone)]
struct Outcome {
    record: Option<AccountRecord>,
    /// A JSON object.
    error: Option<Bytes>,
    progress: Progress,
    /// Whether Meta was asked about it.
    asked: Asked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Yes,
    No,
}

type Outcomes = Rc<RefCell<BTreeMap<String, Outcome>>>;

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
            outcomes: Outcomes::default(),
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
    outcomes: Outcomes,
}

impl Run {
    async fn verb(self, call: RunVerb) -> Result<VerbAnswer, VerbError> {
        let desks = self.directory.gateway(&call.gateway).ok_or(VerbError::NoGateway)?;
        let progress = match call.verb {
            Verb::Search => self.search(&call)?,
            Verb::Setup => self.setup(&call, &desks).await?,
            Verb::Subscribe | Verb::Unsubscribe | Verb::Remove => self.ask_each(&call, &desks).await?,
        };
        Ok(self.answer(&call, progress))
    }

    /// From the registry, no call to Meta.
    fn search(&self, call: &RunVerb) -> Result<Progress, VerbError> {
        for record in self.selected(call)?.1 {
            let outcome = Outcome { error: record.refusal.clone(), ..Outcome::shown(record) };
            self.note(outcome.id(), outcome);
        }
        Ok(Progress::Done)
    }

    /// Asks every selected account's actor, side by side, for as long as the caller waits.
    async fn ask_each(&self, call: &RunVerb, desks: &Arc<Desks>) -> Result<Progress, VerbError> {
        let (unknown, records) = self.selected(call)?;
        if call.verb == Verb::Remove && !unknown.is_empty() {
            return Err(VerbError::RemovePartial(unknown));
        }
        for id in unknown {
            let refusal = Refusal::ours(404, "this account is not engaged here; setup engages it");
            self.note(id, Outcome::refused(None, &refusal, Asked::No));
        }
        let mut tasks = Vec::new();
        for record in records {
            let id = record.id.to_string();
            let Some(actor) = desks.read().actor(&id).cloned() else { continue };
            self.note(id.clone(), Outcome::pending(record.clone()));
            let (run, verb, force, desks) = (self.clone(), call.verb, call.force, Arc::clone(desks));
            tasks.push(actix_rt::spawn(async move {
                let outcome = run.ask(verb, force, record, &actor, &desks).await;
                run.note(id, outcome);
            }));
        }
        let all = async {
            for task in tasks {
                let _ = task.await;
            }
        };
        Ok(tokio::time::timeout(call.wait, all).await.map_or(Progress::Pending, |()| Progress::Done))
    }

    async fn ask(
        &self,
        verb: Verb,
        force: Force,
        record: AccountRecord,
        actor: &Addr<Account>,
        desks: &Desks,
    ) -> Outcome {
        let asked = match verb {
            Verb::Subscribe => actor.send(Subscribe { force }).await,
            Verb::Unsubscribe => actor.send(Unsubscribe).await,
            Verb::Remove => return self.remove(force, record, desks).await,
            Verb::Setup | Verb::Search => return Outcome::shown(record),
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
        let known = |id: &&String| records.iter().any(|record| *record.id == ***id);
        let unknown = ids.iter().filter(|id| !known(id)).cloned().collect();
        records.retain(|record| ids.iter().any(|id| **id == *record.id));
        Ok((unknown, records))
    }

    fn note(&self, id: String, outcome: Outcome) {
        self.outcomes.borrow_mut().insert(id, outcome);
    }

    fn answer(&self, call: &RunVerb, progress: Progress) -> VerbAnswer {
        let outcomes = self.outcomes.borrow();
        let asked = outcomes.values().filter(|outcome| outcome.asked == Asked::Yes).count();
        let failed = outcomes.values().filter(|outcome| outcome.asked == Asked::Yes && outcome.error.is_some()).count();
        let pending = outcomes.values().filter(|outcome| outcome.progress == Progress::Pending).count();
        let ending = match call.verb {
            Verb::Search => Ending::Done,
            Verb::Setup | Verb::Subscribe | Verb::Unsubscribe | Verb::Remove if progress == Progress::Pending => {
                Ending::Pending
            }
            Verb::Setup | Verb::Subscribe | Verb::Unsubscribe | Verb::Remove if asked > 0 && failed == asked => {
                Ending::AllFailed
            }
            Verb::Setup | Verb::Subscribe | Verb::Unsubscribe | Verb::Remove => Ending::Done,
        };
        let elements: Vec<String> = outcomes.iter().map(|(id, outcome)| outcome.to_json(id)).collect();
        let summary = format!("{} accounts, {failed} failed, {pending} pending", outcomes.len());
        VerbAnswer { ending, body: format!("[{}]", elements.join(",")).into(), summary }
    }
}

impl Outcome {
    fn shown(record: AccountRecord) -> Self {
        Self { record: Some(record), error: None, progress: Progress::Done, asked: Asked::No }
    }

    /// Still being asked about.
    fn pending(record: AccountRecord) -> Self {
        Self { progress: Progress::Pending, asked: Asked::Yes, ..Self::shown(record) }
    }

    fn refused(record: Option<AccountRecord>, refusal: &Refusal, asked: Asked) -> Self {
        Self { record, error: Some(refusal.object.clone()), progress: Progress::Done, asked }
    }

    fn id(&self) -> String {
        self.record.as_ref().map(|record| record.id.to_string()).unwrap_or_default()
    }

    fn to_json(&self, id: &str) -> String {
        let node = self
            .record
            .as_ref()
            .map_or_else(|| AccountNode::unknown(id), |record| AccountNode::read(id, &record.snapshot));
        let fields = [SUBSCRIBED_FIELDS.to_owned()];
        let active = self.record.as_ref().is_some_and(|record| record.active);
        let element = Element {
            account: &node,
            subscribed_fields: active.then_some(&fields),
            error: self.error.as_deref(),
            progress: self.progress,
        };
        serde_json::to_string(&element).expect("an element of plain JSON serialises")
    }
}
