//! Accounts that were removed and of which dead letters were redriven: an actor of their own delivers them, though
//! nobody is engaged, until nothing is left. A `setup` meanwhile engages that very actor.

use super::Supervisor;
use crate::account::Account;
use crate::directory::Desks;
use crate::messages::{Awaken, Doze};
use actix::prelude::*;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{AccountRecord, KeyBuilder, Kind, Noun, Progress, StoreError};

/// How often it is looked whether they have nothing left to deliver.
const LOOKS: Duration = Duration::from_secs(1);

impl Handler<Awaken> for Supervisor {
    type Result = MessageResult<Awaken>;

    fn handle(&mut self, message: Awaken, ctx: &mut Self::Context) -> Self::Result {
        let engaged = self.directory.account(&message.account).map(|(actor, _)| actor);
        let awake = engaged.or_else(|| self.awake(&message.account).map(|(actor, _)| actor));
        MessageResult(match awake {
            Some(actor) => Ok(Some(actor)),
            None => self.awaken(&message.account, &message.gateway, &ctx.address()).map_err(|error| error.to_string()),
        })
    }
}

impl Supervisor {
    /// After a start: whoever has something open and no entry in the registry.
    pub(super) fn awaken_all(&self, address: &Addr<Self>) -> Result<(), StoreError> {
        let mut left: BTreeMap<Box<str>, Box<str>> = BTreeMap::new();
        for (_, kept) in self.plan.store.hot(Kind::Progress, &[]) {
            let Progress { account, route, .. } = Progress::from_bytes(&kept)?;
            left.insert(account, route);
        }
        let registry = self.plan.store.hot(Kind::Account, &[]);
        for (_, bytes) in registry {
            left.remove(&AccountRecord::from_bytes(&bytes)?.id);
        }
        // Streams of gateways have a dot in their names.
        for (account, route) in
            left.into_iter().filter(|(account, _)| !account.contains('.') && self.awake(account).is_none())
        {
            let gateway = route.split('/').next().unwrap_or_default();
            self.awaken(&account.as_ref().into(), gateway, address)?;
        }
        Ok(())
    }

    /// One died: another takes its place.
    pub(super) fn awaken_again(&self, account: &Arc<str>, address: &Addr<Self>) {
        let Some((_, desks)) = self.awake(account) else { return log::warn!("account_gone account={account}") };
        desks.lay_to_rest(account);
        if let Err(error) = self.awaken(account, &desks.gateway.uri, address) {
            log::error!("account_not_rebuilt account={account} why=\"{error}\"");
        }
    }

    /// Why an account cannot be engaged at a gateway just now.
    pub(super) fn still_delivers_elsewhere(&self, account: &str, at: &Desks) -> Option<String> {
        let (_, desks) = self.awake(account).filter(|(_, desks)| desks.gateway.uri != at.gateway.uri)?;
        let uri = &desks.gateway.uri;
        Some(format!(
            "what was redriven of it is still being delivered by the routes of gateway {uri}; repeat the verb"
        ))
    }

    /// Ends those that have nothing left to deliver.
    pub(super) fn lay_to_rest(&self, ctx: &mut Context<Self>) {
        ctx.run_interval(LOOKS, |supervisor, ctx| {
            for desks in supervisor.directory.gateways() {
                let awake = desks.afterlives();
                if awake.is_empty() {
                    continue;
                }
                let dozed = async move {
                    let asked = awake.iter().map(async |(id, actor)| (id, actor.send(Doze).await.unwrap_or(false)));
                    for (id, _) in join_all(asked).await.into_iter().filter(|(_, dozed)| *dozed) {
                        desks.lay_to_rest(id);
                    }
                };
                ctx.spawn(dozed.into_actor(supervisor));
            }
        });
    }

    fn awake(&self, account: &str) -> Option<(Addr<Account>, Arc<Desks>)> {
        self.directory.gateways().into_iter().find_map(|desks| Some((desks.afterlife(account)?, desks)))
    }

    fn awaken(
        &self,
        account: &Arc<str>,
        gateway: &str,
        address: &Addr<Self>,
    ) -> Result<Option<Addr<Account>>, StoreError> {
        let Some(desks) = self.directory.gateway(gateway) else { return Ok(None) };
        let key = KeyBuilder::new().text(account).build();
        if self.plan.store.get(Kind::Account, &key.0)?.is_some() {
            // It is being engaged, or its gateway is not there.
            return Ok(None);
        }
        let actor = self.start_account(&desks, nobody(account, gateway), Vec::new(), address)?;
        desks.awaken(account, actor.clone());
        log::info!("account_delivers_after_removal account={account} gateway={gateway}");
        Ok(Some(actor))
    }
}

/// An entry that is never kept.
fn nobody(account: &str, gateway: &str) -> AccountRecord {
    AccountRecord {
        id: account.into(),
        gateway: gateway.into(),
        snapshot: bytes::Bytes::from_static(b"{}"),
        wished: false,
        active: false,
        override_uri: None,
        refusal: None,
        engaged_at_ms: 0,
        refreshed_at_ms: 0,
    }
}
