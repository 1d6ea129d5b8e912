//! The account's own part of a reconcile: what Meta showed is compared with the wish, reported, and nothing is mended
//! but the snapshot.

use super::Account;
use crate::clock::now_ms;
use crate::cloud::refusal::Retry;
use crate::courier::discovery::AccountSnapshot;
use crate::gateway::Overrides;
use crate::messages::Reconcile;
use crate::rules::account::{Asked, Compared, Effect, Entry, Input};
use crate::rules::reconcile::{Concern, Found, Wish, Word, subscription};
use actix::prelude::*;
use std::collections::HashMap;
use wharf_storage::AccountRecord;

/// Graph's code for a token that does not work.
const TOKEN_INVALID: i64 = 190;

impl Handler<Reconcile> for Account {
    type Result = ResponseFuture<Option<HashMap<Box<str>, Box<str>>>>;

    fn handle(&mut self, message: Reconcile, ctx: &mut Self::Context) -> Self::Result {
        let record = self.machine.record();
        // A verb was here meanwhile: what Meta showed before says nothing any more.
        if *record != *message.record || self.leaving {
            return Box::pin(std::future::ready(None));
        }
        let mut words = Vec::new();
        let mut concerns = vec![Concern::Token];
        let mut entry = None;
        match message.found {
            Ok(found) => {
                concerns.extend([Concern::Subscription, Concern::Numbers]);
                let standing = Found {
                    subscribed: found.standing.ours_subscribed,
                    override_uri: found.standing.override_uri.as_deref(),
                };
                words = subscription(self.wish(), standing);
                let refreshed = Entry::new(refreshed(record.clone(), &found));
                words.extend((refreshed.numbers != Entry::new(record.clone()).numbers).then_some(Word::NumbersChanged));
                words.extend((!message.missing_scopes.is_empty()).then_some(Word::TokenScopesMissing));
                entry = Some(refreshed);
            }
            Err(refusal) if refusal.code == Some(TOKEN_INVALID) => words.push(Word::TokenInvalid),
            Err(refusal) if refusal.class() == Retry::Final => words.push(Word::NotReadable),
            Err(_) => return Box::pin(std::future::ready(None)),
        }
        let numbers = entry.as_ref().map(|entry| entry.numbers.clone());
        let compared = Compared { entry, concerns, words, asked: Asked::Reconcile };
        let kept = self.turn_and_wait(Input::Compared(Box::new(compared)), ctx);
        Box::pin(async move { kept.await.ok()?.ok().and(numbers) })
    }
}

impl Account {
    /// Compares with what a verb has just heard from Meta, and noted in the record.
    pub(super) fn compare_after_verb(&mut self, ctx: &mut Context<Self>) {
        let record = self.machine.record();
        let found = Found { subscribed: record.active, override_uri: record.override_uri.as_deref() };
        let words = subscription(self.wish(), found);
        let compared = Compared { entry: None, concerns: vec![Concern::Subscription], words, asked: Asked::Verb };
        self.turn(Input::Compared(Box::new(compared)), Vec::new(), ctx);
    }

    /// Lets the machine decide, and tells the log what became of the account, once for each change.
    pub(super) fn handle_and_tell(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.machine.handle(input, now_ms());
        for fact in self.machine.take_news() {
            log::warn!("account_changed account={} {fact}", self.id);
        }
        effects
    }

    fn wish(&self) -> Wish<'_> {
        let (record, gateway) = (self.machine.record(), &self.house.gateway);
        Wish {
            wished: record.wished,
            active: record.active,
            callback: gateway.callback_url.as_deref(),
            overridden: gateway.overrides == Overrides::Account,
        }
    }
}

/// The record with what Meta shows of the account; wish and subscription stay as they are.
fn refreshed(record: AccountRecord, found: &AccountSnapshot) -> AccountRecord {
    AccountRecord { snapshot: found.node.clone(), refreshed_at_ms: now_ms(), ..record }
}
