//! `setup`: what the token reaches is read from Graph and engaged, account by account.

use super::{Asked, Ids, Outcome, Run, RunVerb, VerbError};
use crate::clock::now_ms;
use crate::cloud::node::Progress;
use crate::cloud::refusal::Refusal;
use crate::courier::Discover;
use crate::courier::discovery::AccountSnapshot;
use crate::directory::Desks;
use crate::supervisor::Engage;
use std::sync::Arc;
use wharf_storage::{AccountRecord, KeyBuilder, Kind, Noun};

impl Run {
    /// Discovers and engages for as long as the caller waits; the rest goes on without them.
    pub(super) async fn setup(&self, call: &RunVerb, desks: &Arc<Desks>) -> Result<Progress, VerbError> {
        let discover = self.what_to_discover(call, desks)?;
        let (run, call_of_task) = (self.clone(), call.clone());
        let task = actix_rt::spawn(async move { run.discover(discover, &call_of_task).await });
        match tokio::time::timeout(call.wait, task).await {
            Ok(Ok(discovered)) => discovered.map(|()| Progress::Done),
            Ok(Err(stopped)) => Err(VerbError::Registry(stopped.to_string())),
            Err(_) => Ok(Progress::Pending),
        }
    }

    /// The accounts to read besides those that the token names. What is engaged already is shown as pending until
    /// Graph has answered; what is engaged elsewhere is refused at once.
    fn what_to_discover(&self, call: &RunVerb, desks: &Arc<Desks>) -> Result<Discover, VerbError> {
        let named = match &call.ids {
            Ids::All => Vec::new(),
            Ids::Named(ids) => ids.clone(),
        };
        let mut wanted = Vec::new();
        for id in named {
            match self.elsewhere(&id, &call.gateway) {
                Some(gateway) => self.note(id, Outcome::refused(None, &engaged_elsewhere(&gateway), Asked::No)),
                None => wanted.push(id),
            }
        }
        let engaged: Vec<String> =
            desks.read().all().into_iter().map(|(id, _)| id.to_string()).filter(|id| call.may_see(id)).collect();
        for id in &engaged {
            if let Some(record) = self.record(id)? {
                self.note(id.clone(), Outcome::pending(record));
            }
        }
        Ok(Discover { gateway: Arc::clone(&desks.gateway), wanted, engaged })
    }

    async fn discover(&self, discover: Discover, call: &RunVerb) -> Result<(), VerbError> {
        let discovery = self.courier.send(discover).await.map_err(|error| VerbError::Registry(error.to_string()))??;
        self.tokens.hear(&call.gateway, discovery.token);
        for (id, found) in discovery.accounts {
            if !call.may_see(&id) {
                continue;
            }
            let outcome = self.found(&id, found, call).await?;
            self.note(id, outcome);
        }
        Ok(())
    }

    async fn found(
        &self,
        id: &str,
        found: Result<AccountSnapshot, Refusal>,
        call: &RunVerb,
    ) -> Result<Outcome, VerbError> {
        let _turn = self.turns.of(id).await;
        if let Some(gateway) = self.elsewhere(id, &call.gateway) {
            return Ok(Outcome::refused(None, &engaged_elsewhere(&gateway), Asked::No));
        }
        let known = self.record(id)?;
        match found {
            Ok(snapshot) => Ok(self.engage(id, known, &snapshot, call).await),
            Err(refusal) => Ok(Outcome::refused(known, &refusal, Asked::Yes)),
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
