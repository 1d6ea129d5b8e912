//! Gateways that come and go while the house stands. One that comes finds its accounts again; one that goes leaves them
//! in the registry, as a start without it would.

use super::{Supervisor, records, start_gate};
use crate::directory::Desks;
use crate::gateway::Gateway;
use crate::messages::{Depart, Finish};
use actix::prelude::*;
use futures_util::future::join_all;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{Kind, MessageRecord, Noun, Outbox as Kept, StoreError};

/// What is under way at a gateway that goes has this long to end: longer than any delivery or send.
const LEAVES_WITHIN: Duration = Duration::from_secs(15);

/// Server → supervisor: these are the gateways from now on. Those that stay are looked at by nobody here.
#[derive(Message)]
#[rtype(result = "Vec<NotTaken>")]
pub struct SetGateways {
    /// All of them.
    pub gateways: Vec<Arc<Gateway>>,
}

/// A gateway that could not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Which.
    pub gateway: Arc<str>,
    /// Why not, and the way out.
    pub why: String,
}

impl Handler<SetGateways> for Supervisor {
    type Result = MessageResult<SetGateways>;

    fn handle(&mut self, message: SetGateways, ctx: &mut Self::Context) -> Self::Result {
        let wanted = |uri: &str| message.gateways.iter().any(|gateway| *gateway.uri == *uri);
        for desks in self.directory.gateways().into_iter().filter(|desks| !wanted(&desks.gateway.uri)) {
            self.leave(&desks, ctx);
        }
        let mut not_taken = Vec::new();
        for gateway in &message.gateways {
            if self.directory.gateway(&gateway.uri).is_some() {
                continue;
            }
            let why = match self.leaving.contains(&gateway.uri) {
                true => "what was under way when it was removed has not ended yet; send SIGHUP again".to_owned(),
                false => match self.come(gateway, &ctx.address()) {
                    Ok(()) => continue,
                    Err(error) => error.to_string(),
                },
            };
            not_taken.push(NotTaken { gateway: Arc::clone(&gateway.uri), why });
        }
        MessageResult(not_taken)
    }
}

impl Supervisor {
    fn come(&mut self, gateway: &Arc<Gateway>, address: &Addr<Self>) -> Result<(), StoreError> {
        let store = Arc::clone(&self.plan.store);
        let mut outboxes: HashMap<Box<str>, Vec<MessageRecord>> = HashMap::new();
        for (_, bytes) in store.hot(Kind::Outbox, &[]) {
            let Kept(message) = Kept::from_bytes(&bytes)?;
            outboxes.entry(message.account.clone()).or_default().push(message);
        }
        let records = records(store.as_ref())?;
        let arbiter = self.arbiter_of(&gateway.uri).clone();
        let gate = start_gate(&self.plan, gateway, &arbiter, &self.setting)?;
        self.directory.add(Desks::new(Arc::clone(gateway), gate));
        for record in records.into_iter().filter(|record| *record.gateway == *gateway.uri) {
            let messages = outboxes.remove(&record.id).unwrap_or_default();
            self.spawn(record, messages, address)?;
        }
        self.awaken_all(address)?;
        log::info!("gateway_added gateway={}", gateway.uri);
        Ok(())
    }

    /// Nobody finds it any more; what is under way ends, and then its actors do.
    fn leave(&mut self, desks: &Arc<Desks>, ctx: &mut Context<Self>) {
        let uri = Arc::clone(&desks.gateway.uri);
        self.directory.remove(&uri);
        self.leaving.insert(Arc::clone(&uri));
        log::info!("gateway_removed gateway={uri} effect=\"its accounts rest until it returns\"");
        let desks = Arc::clone(desks);
        let left = async move {
            let accounts = desks.everybody();
            let gate = desks.gate.send(Finish);
            let finished = join_all(accounts.iter().map(|(_, actor)| actor.send(Finish)));
            let all = futures_util::future::join(gate, finished);
            if tokio::time::timeout(LEAVES_WITHIN, all).await.is_err() {
                log::warn!("gateway_left_in_part gateway={}", desks.gateway.uri);
            }
            let _ = desks.gate.send(Depart).await;
            // Whoever was engaged while it left goes too.
            let accounts = desks.everybody();
            join_all(accounts.iter().map(|(_, actor)| actor.send(Depart))).await;
        };
        ctx.spawn(left.into_actor(self).map(move |(), supervisor, _| {
            supervisor.leaving.remove(&uri);
        }));
    }
}
