//! The account's own part of the verbs: the wish is durable before Meta is asked, and what Meta said after.

use super::Account;
use crate::clock::now_ms;
use crate::cloud::refusal::{Refusal, Retry};
use crate::courier::fault::Fault;
use crate::courier::subscription::{Foreign, Standing, Subscribed};
use crate::courier::{AskSubscribe, AskUnsubscribe};
use crate::messages::{Force, Subscribe, Unsubscribe};
use actix::prelude::*;
use std::sync::Arc;
use wharf_storage::AccountRecord;

/// How Meta answered, told apart by what it does to the wish.
enum Asked<T> {
    Confirmed(T),
    Kept(Refusal),
    TakenBack(Refusal),
}

impl<T> Asked<T> {
    fn of(answer: Result<Result<T, Fault>, MailboxError>) -> Self {
        match answer {
            Ok(Ok(confirmed)) => Self::Confirmed(confirmed),
            Ok(Err(fault)) if fault.retry() == Retry::Transient => Self::Kept(fault.into_refusal()),
            Ok(Err(fault)) => Self::TakenBack(fault.into_refusal()),
            Err(_) => Self::Kept(Refusal::ours(503, "wharf is stopping; repeat the verb")),
        }
    }
}

impl Handler<Subscribe> for Account {
    type Result = ResponseActFuture<Self, Result<AccountRecord, String>>;

    fn handle(&mut self, message: Subscribe, ctx: &mut Self::Context) -> Self::Result {
        let record = self.machine.record();
        let is_settled = record.active && record.wished && record.refusal.is_none() && self.machine.life().is_agreed();
        if is_settled && message.force == Force::Respect {
            return Box::pin(std::future::ready(Ok(record.clone())).into_actor(self));
        }
        let foreign = match message.force {
            Force::Respect => Foreign::Keep,
            Force::Override => Foreign::Replace,
        };
        let ask = AskSubscribe { gateway: Arc::clone(&self.house.gateway), account: Arc::clone(&self.id), foreign };
        let courier = self.courier.clone();
        let wish = self.change_record(AccountRecord { wished: true, ..record.clone() }, ctx);
        let asked = async move {
            wish.await?;
            Ok(Asked::of(courier.send(ask).await))
        };
        let kept = asked.into_actor(self).then(|asked: Result<Asked<Subscribed>, String>, account, ctx| {
            let change =
                asked.map(|asked| account.change_record(subscribed(account.machine.record().clone(), asked), ctx));
            async move { change?.await }.into_actor(account)
        });
        Box::pin(kept.map(|kept, account, ctx| {
            account.compare_after_verb(ctx);
            kept.map(|()| account.machine.record().clone())
        }))
    }
}

impl Handler<Unsubscribe> for Account {
    type Result = ResponseActFuture<Self, Result<AccountRecord, String>>;

    fn handle(&mut self, _: Unsubscribe, ctx: &mut Self::Context) -> Self::Result {
        let ask = AskUnsubscribe { gateway: Arc::clone(&self.house.gateway), account: Arc::clone(&self.id) };
        let courier = self.courier.clone();
        let wish = self.change_record(AccountRecord { wished: false, ..self.machine.record().clone() }, ctx);
        let asked = async move {
            wish.await?;
            Ok(Asked::of(courier.send(ask).await))
        };
        let kept = asked.into_actor(self).then(|asked: Result<Asked<()>, String>, account, ctx| {
            let change =
                asked.map(|asked| account.change_record(unsubscribed(account.machine.record().clone(), asked), ctx));
            async move { change?.await }.into_actor(account)
        });
        Box::pin(kept.map(|kept, account, ctx| {
            account.compare_after_verb(ctx);
            kept.map(|()| account.machine.record().clone())
        }))
    }
}

fn subscribed(mut record: AccountRecord, asked: Asked<Subscribed>) -> AccountRecord {
    record.refreshed_at_ms = now_ms();
    match asked {
        Asked::Confirmed(Subscribed::AsWished(standing)) => note_standing(&mut record, &standing, None),
        Asked::Confirmed(Subscribed::NotOverridden(standing, refusal)) => {
            note_standing(&mut record, &standing, Some(*refusal));
        }
        Asked::Confirmed(Subscribed::ForeignOverride(standing)) => {
            let elsewhere = standing.override_uri.as_deref().unwrap_or_default();
            let text =
                format!("another override_callback_uri is set for this account: {elsewhere}; force=true replaces it");
            note_standing(&mut record, &standing, Some(Refusal::ours(409, text)));
        }
        Asked::Kept(refusal) => record.refusal = Some(refusal.object),
        Asked::TakenBack(refusal) => {
            record.wished = false;
            record.refusal = Some(refusal.object);
        }
    }
    record
}

fn note_standing(record: &mut AccountRecord, standing: &Standing, refusal: Option<Refusal>) {
    record.active = standing.ours_subscribed;
    record.override_uri = standing.override_uri.as_deref().map(Into::into);
    record.refusal = refusal.map(|refusal| refusal.object);
}

fn unsubscribed(mut record: AccountRecord, asked: Asked<()>) -> AccountRecord {
    match asked {
        Asked::Confirmed(()) => {
            record.active = false;
            record.override_uri = None;
            record.refusal = None;
        }
        Asked::Kept(refusal) => record.refusal = Some(refusal.object),
        Asked::TakenBack(refusal) => {
            record.wished = record.active;
            record.refusal = Some(refusal.object);
        }
    }
    record
}
