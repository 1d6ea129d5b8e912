//! Accounts' own tokens: checked with Graph before they are taken, kept encrypted, watched. What a token must be able
//! to do is decided in `rules::own_token`.

use super::Supervisor;
use super::verbs::turns::Turns;
use crate::clock::now_ms;
use crate::cloud::token::TokenReport;
use crate::courier::fault::Fault;
use crate::courier::{AskAccountToken, Courier};
use crate::desk;
use crate::directory::{Desks, Directory};
use crate::gateway::own_tokens::OwnToken;
use crate::gateway::{Gateway, Secret};
use crate::rules::expiry::{TokenWatch, Warning};
use crate::rules::own_token::objection;
use crate::vault::{Vault, VaultError};
use actix::prelude::*;
use std::sync::Arc;
use wharf_storage::{Change, KeyBuilder, Kind, Noun, Store, StoreError, TokenRecord};

/// Graph's code for a token that does not work.
const TOKEN_INVALID: i64 = 190;

/// Edge → supervisor: from now on the account uses this token. Answered when it is checked and durable.
#[derive(Message)]
#[rtype(result = "Result<(), TokenFault>")]
pub struct SetToken {
    /// The account; it need not be engaged yet.
    pub account: Arc<str>,
    /// The gateway that engages it, or will.
    pub gateway: Arc<str>,
    /// Its token.
    pub token: Secret,
}

/// Edge → supervisor: from now on the account uses its gateway's token; whether it had one of its own.
#[derive(Message)]
#[rtype(result = "Result<bool, TokenFault>")]
pub struct DropToken {
    /// The account.
    pub account: Arc<str>,
    /// The gateway that engages it, or would have.
    pub gateway: Arc<str>,
}

/// Why an account's own token stays as it was.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenFault {
    /// Another gateway engages the account, or keeps a token for it.
    #[error("another gateway engages this account or keeps a token for it: remove it there first")]
    Elsewhere,
    /// It cannot be encrypted.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// It will not do for the account: why, for people.
    #[error("{0}")]
    Unfit(String),
    /// Graph could not be asked.
    #[error(transparent)]
    Graph(Fault),
    /// It could not be kept.
    #[error("{0}")]
    NotKept(Arc<str>),
}

impl Handler<SetToken> for Supervisor {
    type Result = ResponseFuture<Result<(), TokenFault>>;

    fn handle(&mut self, message: SetToken, _: &mut Self::Context) -> Self::Result {
        let safe = self.safe();
        Box::pin(async move { safe.set(message).await })
    }
}

impl Handler<DropToken> for Supervisor {
    type Result = ResponseFuture<Result<bool, TokenFault>>;

    fn handle(&mut self, message: DropToken, _: &mut Self::Context) -> Self::Result {
        let safe = self.safe();
        Box::pin(async move { safe.take_away(message).await })
    }
}

impl Supervisor {
    fn safe(&self) -> Safe {
        Safe {
            store: Arc::clone(&self.plan.store),
            vault: Arc::clone(&self.plan.vault),
            directory: Arc::clone(&self.directory),
            courier: self.courier.clone(),
            turns: self.turns.clone(),
        }
    }
}

/// What changing a token needs.
struct Safe {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    directory: Arc<Directory>,
    courier: Addr<Courier>,
    turns: Turns,
}

impl Safe {
    async fn set(self, SetToken { account, gateway, token }: SetToken) -> Result<(), TokenFault> {
        // Nobody engages or removes the account meanwhile.
        let _turn = self.turns.of(&account).await;
        let gateway = self.gateway(&account, &gateway)?;
        if !self.vault.has_key() {
            return Err(VaultError::NoKey.into());
        }
        let report = self.checked(&gateway, &account, &token).await?;
        let now = now_ms();
        let record = TokenRecord {
            account: account.as_ref().into(),
            gateway: gateway.uri.as_ref().into(),
            sealed: self.vault.seal(&sealed_as(&account, &gateway.uri), &token)?.into(),
            report: as_kept(&report),
            heard_ms: now,
            set_at_ms: now,
        };
        let mut change = Change::default();
        change.put(&record);
        desk::commit(self.store.as_ref(), change).await.map_err(TokenFault::NotKept)?;
        let mut watch = TokenWatch::default();
        watch.hear(report, now).iter().for_each(|warning| tell(&account, warning));
        // One account, one token: whatever it was to have at another gateway is replaced in the store too.
        for desks in self.directory.gateways() {
            desks.gateway.own_tokens.forget(&account);
        }
        gateway.own_tokens.set(&account, OwnToken { secret: Ok(token), watch, set_at_ms: now });
        Ok(())
    }

    async fn take_away(self, DropToken { account, gateway }: DropToken) -> Result<bool, TokenFault> {
        let _turn = self.turns.of(&account).await;
        let gateway = self.gateway(&account, &gateway)?;
        if !gateway.own_tokens.has(&account) {
            return Ok(false);
        }
        let mut change = Change::default();
        change.remove(Kind::Token, KeyBuilder::new().text(&account).build());
        desk::commit(self.store.as_ref(), change).await.map_err(TokenFault::NotKept)?;
        Ok(gateway.own_tokens.forget(&account))
    }

    /// The gateway `uri`, unless another one engages the account, or where none does keeps a token for it.
    fn gateway(&self, account: &str, uri: &str) -> Result<Arc<Gateway>, TokenFault> {
        let keeps_it = |desks: &Arc<Desks>| desks.gateway.own_tokens.has(account);
        let engaged = self.directory.account(account).map(|(_, desks)| desks);
        let theirs = engaged.or_else(|| self.directory.gateways().into_iter().find(keeps_it));
        let desks = theirs.or_else(|| self.directory.gateway(uri)).filter(|desks| *desks.gateway.uri == *uri);
        desks.map(|desks| Arc::clone(&desks.gateway)).ok_or(TokenFault::Elsewhere)
    }

    async fn checked(
        &self,
        gateway: &Arc<Gateway>,
        account: &Arc<str>,
        token: &Secret,
    ) -> Result<TokenReport, TokenFault> {
        let (gateway, account) = (Arc::clone(gateway), Arc::clone(account));
        let app_id = gateway.app_id.clone();
        let ask = AskAccountToken { gateway, account: Arc::clone(&account), token: Some(token.clone()) };
        let asked = self.courier.send(ask).await;
        let (report, elsewhere) = match asked.unwrap_or_else(|_| Err(Fault::not_sent("wharf is stopping"))) {
            Ok(told) => told,
            Err(Fault::Refused(refusal)) if refusal.code == Some(TOKEN_INVALID) => {
                return Err(TokenFault::Unfit(format!("Meta does not know it ({}): issue a new one", refusal.message)));
            }
            Err(fault) => return Err(TokenFault::Graph(fault)),
        };
        match objection(&report, &elsewhere, &account, app_id.as_deref(), now_ms()) {
            Some(why) => Err(TokenFault::Unfit(why)),
            None => Ok(report),
        }
    }
}

/// Opens the tokens that the store keeps. One that cannot be opened is kept, and told of: its account calls nobody
/// until it is set anew, because the gateway's token may not be good for a client's account.
pub(super) fn load(store: &dyn Store, vault: &Vault, directory: &Directory) -> Result<(), StoreError> {
    for (_, bytes) in store.hot(Kind::Token, &[]) {
        let TokenRecord { account, gateway, sealed, report, heard_ms, set_at_ms } = TokenRecord::from_bytes(&bytes)?;
        let Some(desks) = directory.gateway(&gateway) else { continue };
        let secret = vault.open(&sealed_as(&account, &gateway), &sealed);
        if let Err(why) = &secret {
            log::error!("account_token_not_opened account={account} why=\"{why}\"");
        }
        let mut watch = TokenWatch::default();
        watch.hear(serde_json::from_slice(&report).unwrap_or_default(), heard_ms);
        desks.gateway.own_tokens.set(&account, OwnToken { secret, watch, set_at_ms });
    }
    Ok(())
}

/// What Graph says of the account's own token now; nothing where it said nothing, or where there is none to ask about.
pub(super) async fn ask(courier: &Addr<Courier>, gateway: &Arc<Gateway>, account: &Arc<str>) -> Option<TokenReport> {
    let own = gateway.own_tokens.of(account).filter(|own| own.secret.is_ok())?;
    let ask = AskAccountToken { gateway: Arc::clone(gateway), account: Arc::clone(account), token: None };
    match courier.send(ask).await.ok()? {
        Ok((report, _)) => Some(report),
        Err(Fault::Refused(refusal)) if refusal.code == Some(TOKEN_INVALID) => {
            Some(TokenReport { is_valid: false, reason: Some(refusal.message), ..own.watch.report().clone() })
        }
        Err(fault) => {
            log::warn!("account_token_not_checked account={account} why=\"{fault}\"");
            None
        }
    }
}

/// Hears what Graph says, and keeps it where that is news. In the account's turn only.
pub(super) fn hear(store: &dyn Store, gateway: &Gateway, account: &str, report: TokenReport) {
    let now = now_ms();
    let Some(before) = gateway.own_tokens.of(account) else { return };
    if *before.watch.report() != report {
        keep(store, account, as_kept(&report), now);
    }
    gateway.own_tokens.hear(account, report, now).iter().for_each(|warning| tell(account, warning));
}

fn keep(store: &dyn Store, account: &str, report: bytes::Bytes, now: u64) {
    let key = KeyBuilder::new().text(account).build();
    let kept = store.get(Kind::Token, &key.0).ok().flatten();
    let Some(Ok(record)) = kept.map(|bytes| TokenRecord::from_bytes(&bytes)) else { return };
    let mut change = Change::default();
    change.put(&TokenRecord { report, heard_ms: now, ..record });
    store.commit(change, Vec::new());
}

/// Time passed: says whose own token ends soon.
pub(super) fn look(gateway: &Gateway) {
    for (account, warning) in gateway.own_tokens.look(now_ms()) {
        tell(&account, &warning);
    }
}

/// Under which name a token is encrypted: it opens for this account at this gateway only.
fn sealed_as(account: &str, gateway: &str) -> String {
    format!("token of {account} at {gateway}")
}

fn as_kept(report: &TokenReport) -> bytes::Bytes {
    serde_json::to_vec(report).expect("a report of plain data becomes JSON").into()
}

fn tell(account: &str, warning: &Warning) {
    match warning {
        Warning::Invalid(reason) => log::error!("account_token_invalid account={account} why=\"{reason}\""),
        Warning::ScopesMissing(missing) => {
            log::error!("account_token_scopes_missing account={account} missing={}", missing.join(","));
        }
        Warning::Expires(left_s) => log::warn!("account_token_expires account={account} in_hours={}", left_s / 3600),
        Warning::Mended => log::info!("account_token_works account={account}"),
    }
}
