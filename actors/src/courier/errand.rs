//! What the verbs ask of Graph, on behalf of one gateway. Knows no registry and keeps nothing.

use bytes::Bytes;

use super::call::{Access, Answer, Call};
use super::fault::Fault;
use super::graph::Graph;
use super::patience::patiently;
use crate::cloud::token::{TokenReport, granted_elsewhere};
use crate::gateway::Gateway;

/// One gateway's errands at Graph.
pub struct Errand<'a> {
    /// Whom to ask.
    pub graph: &'a Graph,
    /// On whose behalf.
    pub gateway: &'a Gateway,
    /// As whom; an account may have a token of its own.
    pub access: Access,
    /// Chance in 0..1, so that many retries do not come at once.
    pub jitter: f64,
}

impl<'a> Errand<'a> {
    /// With the gateway's own token.
    pub fn new(graph: &'a Graph, gateway: &'a Gateway, jitter: f64) -> Self {
        Self { graph, gateway, access: Access::of(gateway), jitter }
    }

    /// On behalf of one account: with its own token, where it has one.
    pub fn for_account(graph: &'a Graph, gateway: &'a Gateway, account: &str, jitter: f64) -> Result<Self, Fault> {
        Ok(Self { graph, gateway, access: Access::for_account(gateway, account)?, jitter })
    }

    /// What Graph knows of the token.
    pub async fn token(&self) -> Result<TokenReport, Fault> {
        Ok(TokenReport::read(&self.debug_token().await?))
    }

    /// What Graph knows of the token, and what it grants for other accounts than `account` only.
    pub async fn token_for(&self, account: &str) -> Result<(TokenReport, Vec<&'static str>), Fault> {
        let body = self.debug_token().await?;
        Ok((TokenReport::read(&body), granted_elsewhere(&body, account)))
    }

    async fn debug_token(&self) -> Result<Bytes, Fault> {
        let call = Call::get("debug_token").query("input_token", self.access.token.reveal());
        Ok(self.ask(call).await?.body)
    }

    /// The id of our app: the settings', else the token's.
    pub(crate) async fn app_id(&self) -> Result<Option<String>, Fault> {
        match &self.gateway.app_id {
            Some(id) => Ok(Some(id.clone())),
            None => Ok(self.token().await?.app_id),
        }
    }

    /// A call that may be made twice, with patience.
    pub(crate) async fn ask(&self, call: Call) -> Result<Answer, Fault> {
        patiently(self.jitter, async || self.graph.call(&self.access, call.clone()).await).await
    }
}
