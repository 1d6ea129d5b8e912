//! `setup`: which accounts a gateway's token reaches, and what Graph shows of them. Knows no registry, keeps nothing.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::call::Call;
use super::errand::Errand;
use super::fault::Fault;
use super::subscription::Standing;
use crate::cloud::business::{self, ACCOUNT_FIELDS, NUMBER_FIELDS, NUMBERS_PAGE, Object, PLAIN_FIELDS, Page};
use crate::cloud::node::AccountNode;
use crate::cloud::refusal::{Refusal, Retry};
use crate::cloud::token::TokenReport;

/// Accounts read side by side, where they are read one by one.
const SIDE_BY_SIDE: usize = 6;

/// Pages of one list that are followed: more than any business has, fewer than a loop of cursors.
const PAGES: usize = 200;

/// What `setup` shall read.
#[derive(Debug)]
pub struct Reach {
    /// What Graph says of the token.
    pub token: TokenReport,
    /// Our app's id, where it is known.
    pub app_id: Option<String>,
    /// Every account that was asked for or that the token reaches, ascending as text.
    pub accounts: Vec<String>,
}

/// An account as Graph shows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSnapshot {
    /// Its node with its numbers, one JSON object.
    pub node: Bytes,
    /// Its numbers: id and display number.
    pub numbers: Vec<(String, String)>,
    /// Our app's subscription to it.
    pub standing: Standing,
}

/// Why `setup` cannot even begin.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DiscoveryError {
    /// Graph did not answer about the token.
    #[error("debug_token failed: {0}")]
    Graph(#[from] Fault),
    /// The token does not work.
    #[error("Meta says the whatsapp_token is not valid ({0}): put a fresh system-user token into the configuration")]
    TokenInvalid(String),
    /// The token may not do what is needed.
    #[error("the whatsapp_token lacks the permission {}: grant it to the system user and issue a new token", .0.join(" and "))]
    ScopesMissing(Vec<String>),
}

impl Errand<'_> {
    /// The accounts to read: the token's targets and `wanted`; where the token has no targets, those of the gateway's
    /// business too.
    pub async fn reach(&self, wanted: &[String]) -> Result<Reach, DiscoveryError> {
        let token = self.working_token().await?;
        let mut ids: BTreeSet<String> = token.targets.iter().chain(wanted).cloned().collect();
        if let (true, Some(business)) = (token.targets.is_empty(), &self.gateway.business_id) {
            ids.extend(self.accounts_of(business).await?);
        }
        let app_id = self.gateway.app_id.clone().or_else(|| token.app_id.clone());
        Ok(Reach { token, app_id, accounts: ids.into_iter().collect() })
    }

    /// Reads accounts, at most as many as Graph shows at once; those with a token of their own one by one with it. An
    /// account that cannot be read never spoils the others.
    pub async fn read(&self, ids: &[String], app_id: Option<&str>) -> Vec<(String, Result<AccountSnapshot, Refusal>)> {
        let (own, shared): (Vec<String>, Vec<String>) =
            ids.iter().cloned().partition(|id| self.gateway.own_tokens.has(id));
        let mut found = match shared.is_empty() {
            true => Vec::new(),
            false => self.read_chunk(&shared, app_id).await,
        };
        let reads = own.into_iter().map(|id| async move {
            let read = self.read_own(&id, app_id).await.map_err(Fault::into_refusal);
            (id, read)
        });
        found.extend(stream::iter(reads).buffer_unordered(SIDE_BY_SIDE).collect::<Vec<_>>().await);
        found
    }

    async fn read_own(&self, id: &str, app_id: Option<&str>) -> Result<AccountSnapshot, Fault> {
        let errand = Errand::for_account(self.graph, self.gateway, id, self.jitter)?;
        errand.read_account(id, None, app_id).await
    }

    async fn working_token(&self) -> Result<TokenReport, DiscoveryError> {
        let token = self.token().await?;
        if !token.is_valid {
            let reason = token.reason.clone().unwrap_or_else(|| "no reason given".to_owned());
            return Err(DiscoveryError::TokenInvalid(reason));
        }
        if !token.missing_scopes.is_empty() {
            return Err(DiscoveryError::ScopesMissing(token.missing_scopes));
        }
        Ok(token)
    }

    /// The accounts of a business, its own and its clients'. Where one of the two lists is refused, the other counts.
    async fn accounts_of(&self, business: &str) -> Result<Vec<String>, Fault> {
        let mut ids = Vec::new();
        let mut refused = Vec::new();
        for path in business::business_paths(business) {
            match self.pages(&path, "id", Page { after: Some(String::new()), ..Page::default() }).await {
                Ok(page) => ids.extend(page.ids()),
                Err(fault @ Fault::Refused(_)) if fault.retry() == Retry::Final => refused.push(fault),
                Err(fault) => return Err(fault),
            }
        }
        match refused.len() {
            2 => Err(refused.swap_remove(0)),
            _ => Ok(ids),
        }
    }

    async fn read_chunk(
        &self,
        ids: &[String],
        app_id: Option<&str>,
    ) -> Vec<(String, Result<AccountSnapshot, Refusal>)> {
        let mut nodes = match self.nodes(ids).await {
            Ok(nodes) => nodes,
            Err(fault) if concerns_one(&fault) => BTreeMap::new(),
            Err(fault) => {
                let refusal = fault.into_refusal();
                return ids.iter().map(|id| (id.clone(), Err(refusal.clone()))).collect();
            }
        };
        let reads = ids.iter().map(|id| {
            let node = nodes.remove(id).filter(|node| node.contains_key("id"));
            async move { (id.clone(), self.read_account(id, node, app_id).await.map_err(Fault::into_refusal)) }
        });
        stream::iter(reads).buffer_unordered(SIDE_BY_SIDE).collect().await
    }

    /// Many accounts in one request; Graph refuses it whole if it refuses one of them.
    async fn nodes(&self, ids: &[String]) -> Result<BTreeMap<String, Object>, Fault> {
        let call = Call::get("").query("ids", ids.join(",")).query("fields", business::account_fields());
        let answer = self.ask(call).await?;
        Ok(business::nodes(&answer.body).unwrap_or_default())
    }

    /// Completes `node`, or reads it anew: what an answer left out is asked for by itself.
    async fn read_account(
        &self,
        id: &str,
        node: Option<Object>,
        app_id: Option<&str>,
    ) -> Result<AccountSnapshot, Fault> {
        let mut node = match node {
            Some(node) => node,
            None => self.node(id).await?,
        };
        let numbers = match node.remove("phone_numbers").filter(|list| !list.is_null()) {
            Some(list) => Page::beside_node(list),
            None => Page { after: Some(String::new()), ..Page::default() },
        };
        let numbers = self.numbers(id, numbers).await?;
        let standing = match node.remove("subscribed_apps").filter(|list| !list.is_null()) {
            Some(list) => Standing::among(&business::subscribed_apps(&list), app_id),
            None => self.standing(id, app_id).await?,
        };
        let account = AccountNode::new(id, node, numbers);
        Ok(AccountSnapshot { node: account.to_json().into(), numbers: account.number_names(), standing })
    }

    async fn node(&self, id: &str) -> Result<Object, Fault> {
        let answer = match self.ask(Call::get(id).query("fields", ACCOUNT_FIELDS)).await {
            Err(fault) if names_a_field(&fault) => self.ask(Call::get(id).query("fields", PLAIN_FIELDS.0)).await?,
            answered => answered?,
        };
        let odd = || Refusal::ours(502, format!("Graph's answer for account {id} is no JSON object"));
        Ok(business::node(&answer.body).ok_or_else(odd)?)
    }

    async fn numbers(&self, waba: &str, first: Page) -> Result<Vec<Object>, Fault> {
        let path = business::numbers_path(waba);
        match self.pages(&path, NUMBER_FIELDS, first.clone()).await {
            Err(fault) if names_a_field(&fault) => Ok(self.pages(&path, PLAIN_FIELDS.1, first).await?.items),
            read => Ok(read?.items),
        }
    }

    /// Follows a list from `page` on by its cursors; an empty cursor is the beginning.
    async fn pages(&self, path: &str, fields: &str, mut page: Page) -> Result<Page, Fault> {
        for _ in 0..PAGES {
            let Some(after) = page.after.take() else { return Ok(page) };
            let mut call = Call::get(path).query("fields", fields).query("limit", NUMBERS_PAGE.to_string());
            if !after.is_empty() {
                call = call.query("after", after.clone());
            }
            let answer = self.ask(call).await?;
            let odd = || Refusal::ours(502, format!("Graph's answer for {path} is no list"));
            let next = Page::read(&answer.body, NUMBERS_PAGE).ok_or_else(odd)?;
            let ended = next.items.is_empty() || next.after.as_ref() == Some(&after);
            page.items.extend(next.items);
            page.after = next.after.filter(|_| !ended);
        }
        log::warn!("path={path} pages={PAGES} list=cut");
        Ok(page)
    }
}

/// Whether the fault may be about one of several accounts rather than about the token or Graph itself.
fn concerns_one(fault: &Fault) -> bool {
    match fault {
        Fault::Refused(refusal) => refusal.class() == Retry::Final && refusal.code != Some(190),
        Fault::TooLarge { .. } => true,
        Fault::NotSent { .. } | Fault::Unknown { .. } => false,
    }
}

/// Whether Graph refuses a field that we ask for: fields come and go with its versions.
fn names_a_field(fault: &Fault) -> bool {
    match fault {
        Fault::Refused(refusal) => {
            let text = refusal.message.to_ascii_lowercase();
            refusal.code == Some(100) && text.contains("field") && refusal.subcode != Some(33)
        }
        Fault::NotSent { .. } | Fault::Unknown { .. } | Fault::TooLarge { .. } => false,
    }
}

#[cfg(test)]
#[path = "discovery_tests.rs"]
mod tests;
