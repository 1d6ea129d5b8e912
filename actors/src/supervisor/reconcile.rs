//! The reconcile: account by account, spread over the period, Meta's side is read and given to the account to compare.
//! Its calls go through the supervisor's own courier, one group at a time, so that no send and no verb waits for them.

use super::{Supervisor, own_tokens};
use crate::clock::now_ms;
use crate::cloud::refusal::{Refusal, Retry};
use crate::courier::discovery::AccountSnapshot;
use crate::courier::{AskToken, Courier, ReadAgain};
use crate::directory::Desks;
use crate::messages::Reconcile;
use crate::rules::reconcile::Rounds as GatewayRounds;
use crate::supervisor::tokens::Tokens;
use crate::supervisor::verbs::turns::Turns;
use actix::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{AccountRecord, KeyBuilder, Kind, Noun, Standing, Store};

/// Looks per period: so evenly the accounts are spread.
const LOOKS: u32 = 720;
/// The longest and the shortest time between two looks.
const LOOK_WITHIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(30));
/// The first look at the tokens comes so long after the start, or a period where that is shorter.
const FIRST_TOKEN: Duration = Duration::from_secs(60);

/// When each gateway's accounts are compared.
pub(super) type Rounds = HashMap<Arc<str>, GatewayRounds>;

impl Supervisor {
    /// Begins to compare.
    pub(super) fn watch(&mut self, ctx: &mut Context<Self>) {
        let every = self.plan.reconcile_every;
        let look = (every / LOOKS).clamp(LOOK_WITHIN.0, LOOK_WITHIN.1);
        ctx.run_interval(look, Self::compare_due);
        ctx.run_later(FIRST_TOKEN.min(every), move |supervisor, ctx| {
            supervisor.ask_tokens(ctx);
            ctx.run_interval(every, |supervisor, ctx| supervisor.ask_tokens(ctx));
        });
    }

    fn ask_tokens(&self, ctx: &mut Context<Self>) {
        for desks in self.directory.gateways() {
            let (gateway, tokens) = (Arc::clone(&desks.gateway), Arc::clone(&self.tokens));
            let courier = self.courier.clone();
            let asked = async move {
                match courier.send(AskToken { gateway: Arc::clone(&gateway) }).await {
                    Ok(Ok(report)) => tokens.hear(&gateway.uri, report),
                    Ok(Err(fault)) => log::warn!("token_not_checked gateway={} why=\"{fault}\"", gateway.uri),
                    Err(_) => {}
                }
            };
            ctx.spawn(asked.into_actor(self));
        }
    }

    fn compare_due(&mut self, ctx: &mut Context<Self>) {
        self.tokens.look();
        if self.plan.store.standing() != Standing::Open {
            return;
        }
        let now = now_ms();
        let every_ms = self.plan.reconcile_every.as_millis() as u64;
        let desks: Vec<Arc<Desks>> = self.directory.gateways();
        for desks in desks {
            own_tokens::look(&desks.gateway);
            let uri = Arc::clone(&desks.gateway.uri);
            let rounds = self.rounds.entry(Arc::clone(&uri)).or_insert_with(|| GatewayRounds::new(every_ms, now));
            let accounts = desks.read().all();
            let due = rounds.next(accounts.iter().map(|(id, _)| &**id), now);
            if due.is_empty() {
                continue;
            }
            let round = Round {
                desks,
                store: Arc::clone(&self.plan.store),
                courier: self.courier.clone(),
                tokens: Arc::clone(&self.tokens),
                turns: self.turns.clone(),
            };
            let ended = move |failed: Vec<Box<str>>, supervisor: &mut Self, _: &mut Context<Self>| {
                if let Some(rounds) = supervisor.rounds.get_mut(&uri) {
                    rounds.ended(failed, now_ms());
                }
            };
            ctx.spawn(round.compare(due).into_actor(self).map(ended));
        }
    }
}

/// One group of accounts, compared.
struct Round {
    desks: Arc<Desks>,
    store: Arc<dyn Store>,
    courier: Addr<Courier>,
    tokens: Arc<Tokens>,
    turns: Turns,
}

impl Round {
    /// Gives the accounts that Graph said nothing of.
    async fn compare(self, due: Vec<Box<str>>) -> Vec<Box<str>> {
        let records: HashMap<&str, AccountRecord> =
            due.iter().filter_map(|id| Some((&**id, self.record(id)?))).collect();
        let gateway = &self.desks.gateway;
        let token = self.tokens.of(&gateway.uri);
        let known = token.as_ref().and_then(|token| token.report().app_id.clone());
        let app_id = match gateway.app_id.clone().or(known) {
            Some(app_id) => Some(app_id),
            // Without our own id no list of apps says anything.
            None => match self.courier.send(AskToken { gateway: Arc::clone(gateway) }).await {
                Ok(Ok(report)) => report.app_id,
                Ok(Err(_)) | Err(_) => return due,
            },
        };
        let missing = token.map(|token| token.report().missing_scopes.clone()).unwrap_or_default();
        let accounts = records.keys().map(|id| (*id).to_owned()).collect();
        let read = ReadAgain { gateway: Arc::clone(gateway), accounts, app_id };
        let Ok(found) = self.courier.send(read).await else { return Vec::new() };
        let mut failed = Vec::new();
        for (id, found) in found {
            if found.as_ref().is_err_and(|refusal| refusal.class() == Retry::Transient) {
                log::info!("reconcile_later account={id}");
                failed.push(id.as_str().into());
                continue;
            }
            let Some(record) = records.get(id.as_str()) else { continue };
            self.hand_over(record.clone(), found, missing.clone()).await;
        }
        failed
    }

    async fn hand_over(
        &self,
        record: AccountRecord,
        found: Result<AccountSnapshot, Refusal>,
        missing_scopes: Vec<String>,
    ) {
        let id: Arc<str> = record.id.as_ref().into();
        let own = &self.desks.gateway.own_tokens;
        let set_at = || own.of(&id).map(|own| own.set_at_ms);
        let asked_about = set_at();
        let report = own_tokens::ask(&self.courier, &self.desks.gateway, &id).await;
        // Nobody engages or removes it meanwhile.
        let _turn = self.turns.of(&record.id).await;
        if let Some(report) = report.filter(|_| set_at() == asked_about) {
            own_tokens::hear(self.store.as_ref(), &self.desks.gateway, &id, report);
        }
        let missing_scopes = own.of(&id).map_or(missing_scopes, |own| own.watch.report().missing_scopes.clone());
        let Some(actor) = self.desks.read().actor(&id).cloned() else { return };
        let message = Reconcile { record: Box::new(record), found, missing_scopes };
        if let Ok(Some(numbers)) = actor.send(message).await
            && actor.connected()
        {
            self.desks.engage(&id, actor, &numbers);
        }
    }

    fn record(&self, id: &str) -> Option<AccountRecord> {
        let key = KeyBuilder::new().text(id).build();
        AccountRecord::from_bytes(&self.store.get(Kind::Account, &key.0).ok()??).ok()
    }
}
