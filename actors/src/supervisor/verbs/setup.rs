//! `setup`: what the token reaches is read from Graph and engaged, a group of accounts after the other.

use super::sheet::{Asked, Outcome, Sheet};
use super::{Ids, Run, RunVerb, VerbError};
use crate::clock::now_ms;
use crate::cloud::business::IDS_AT_ONCE;
use crate::cloud::refusal::Refusal;
use crate::courier::discovery::AccountSnapshot;
use crate::courier::{Discover, ReadAgain};
use crate::directory::Desks;
use crate::supervisor::Engage;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use wharf_storage::{AccountRecord, KeyBuilder, Kind, Noun};

/// Groups of accounts that are read at once.
const GROUPS: usize = 2;

impl Run {
    /// Discovers and engages, whoever still waits for it.
    pub(super) async fn setup(self, call: RunVerb, desks: Arc<Desks>, sheet: &Sheet) -> Result<(), VerbError> {
        let wanted = self.what_to_discover(&call, &desks, sheet)?;
        let discover = Discover { gateway: Arc::clone(&desks.gateway), wanted };
        let reach = self.courier.send(discover).await.map_err(|error| VerbError::Registry(error.to_string()))??;
        self.tokens.hear(&call.gateway, reach.token);
        let mut ids = Vec::new();
        for id in reach.accounts.into_iter().filter(|id| call.may_see(id)) {
            match self.elsewhere(&id, &call.gateway) {
                Some(gateway) => sheet.note(&id, Outcome::refused(None, &engaged_elsewhere(&gateway), Asked::No)),
                None => {
                    sheet.note(&id, Outcome::pending(self.record(&id)?));
                    ids.push(id);
                }
            }
        }
        let groups = ids.chunks(IDS_AT_ONCE).map(<[String]>::to_vec);
        let read = |group| self.read(group, reach.app_id.clone(), &call, &desks, sheet);
        stream::iter(groups).for_each_concurrent(GROUPS, read).await;
        Ok(())
    }

    /// The accounts to read besides those that the token names. What is engaged already is shown as pending until
    /// Graph has answered; what is engaged elsewhere is refused at once.
    fn what_to_discover(&self, call: &RunVerb, desks: &Desks, sheet: &Sheet) -> Result<Vec<String>, VerbError> {
        // A client's account may be known by its token alone.
        let mut wanted = desks.gateway.own_tokens.accounts();
        wanted.retain(|id| call.may_see(id) && self.elsewhere(id, &call.gateway).is_none());
        if let Ids::Named(ids) = &call.ids {
            for id in ids {
                match self.elsewhere(id, &call.gateway) {
                    Some(gateway) => sheet.note(id, Outcome::refused(None, &engaged_elsewhere(&gateway), Asked::No)),
                    None => wanted.push(id.clone()),
                }
            }
        }
        let engaged = desks.read().all();
        for (id, _) in engaged.into_iter().filter(|(id, _)| call.may_see(id)) {
            if let Some(record) = self.record(&id)? {
                sheet.note(&id, Outcome::pending(Some(record)));
            }
            wanted.push(id.to_string());
        }
        Ok(wanted)
    }

    async fn read(&self, group: Vec<String>, app_id: Option<String>, call: &RunVerb, desks: &Desks, sheet: &Sheet) {
        if !self.supervisor.connected() {
            // Wharf is stopping; a setup after the restart goes on.
            return;
        }
        let read = ReadAgain { gateway: Arc::clone(&desks.gateway), accounts: group, app_id };
        let Ok(read) = self.courier.send(read).await else { return };
        let noted = read.into_iter().map(|(id, found)| async move {
            sheet.note(&id, self.found(&id, found, call).await);
        });
        join_all(noted).await;
    }

    async fn found(&self, id: &str, found: Result<AccountSnapshot, Refusal>, call: &RunVerb) -> Outcome {
        let _turn = self.turns.of(id).await;
        if let Some(gateway) = self.elsewhere(id, &call.gateway) {
            return Outcome::refused(None, &engaged_elsewhere(&gateway), Asked::No);
        }
        match (self.record(id), found) {
            (Ok(known), Ok(snapshot)) => self.engage(id, known, &snapshot, call).await,
            (Ok(known), Err(refusal)) => Outcome::refused(known, &refusal, Asked::Yes),
            (Err(error), _) => Outcome::refused(None, &Refusal::ours(503, error.to_string()), Asked::Yes),
        }
    }

    async fn engage(&self, id: &str, known: Option<AccountRecord>, found: &AccountSnapshot, call: &RunVerb) -> Outcome {
        let record = AccountRecord {
            id: id.into(),
            gateway: call.gateway.as_ref().into(),
            snapshot: found.node.clone(),
            wished: known.as_ref().map_or(found.standing.ours_subscribed, |known| known.wished),
            active: found.standing.ours_subscribed,
            override_uri: found.standing.override_uri.as_deref().map(Into::into),
            refusal: None,
            engaged_at_ms: known.as_ref().map_or_else(now_ms, |known| known.engaged_at_ms),
            refreshed_at_ms: now_ms(),
        };
        let engaged = self.supervisor.send(Engage { record: record.clone() }).await;
        match engaged.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(()) => Outcome { asked: Asked::Yes, ..Outcome::shown(record) },
            Err(reason) => Outcome::refused(known, &Refusal::ours(503, reason), Asked::Yes),
        }
    }

    fn record(&self, id: &str) -> Result<Option<AccountRecord>, VerbError> {
        let key = KeyBuilder::new().text(id).build();
        let kept = self
            .store
            .get(Kind::Account, &key.0)
            .and_then(|kept| kept.map(|bytes| AccountRecord::from_bytes(&bytes)).transpose());
        kept.map_err(|error| VerbError::Registry(error.to_string()))
    }

    /// The other gateway that engages an account.
    fn elsewhere(&self, id: &str, here: &str) -> Option<Arc<str>> {
        let (_, desks) = self.directory.account(id)?;
        (*desks.gateway.uri != *here).then(|| Arc::clone(&desks.gateway.uri))
    }
}

fn engaged_elsewhere(gateway: &str) -> Refusal {
    Refusal::ours(409, format!("this account is engaged at the gateway /{gateway}; remove it there first"))
}
