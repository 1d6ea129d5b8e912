//! Clients who came by Embedded Signup: each has given a token for their account, which no other token opens then.

use std::collections::HashMap;

use super::{TokenLife, World};
use crate::sandbox::refusal::Refusal;

/// The clients' tokens.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clients {
    tokens: HashMap<String, (String, TokenLife)>,
    /// Accounts that only their client's token opens.
    theirs: HashMap<String, String>,
}

impl Clients {
    pub(super) fn knows(&self, token: &str) -> bool {
        self.tokens.contains_key(token)
    }

    /// The account of a client's token, and how the token fares.
    pub(in crate::sandbox) fn of(&self, token: &str) -> Option<&(String, TokenLife)> {
        self.tokens.get(token)
    }
}

impl World {
    /// The account's client gives `token`; from now on no other token opens the account.
    pub fn give_client_token(&mut self, waba: &str, token: &str) {
        self.clients.tokens.insert(token.to_owned(), (waba.to_owned(), TokenLife::default()));
        self.clients.theirs.insert(waba.to_owned(), token.to_owned());
    }

    /// A client's token fares differently from now on.
    pub fn set_client_token_life(&mut self, token: &str, life: TokenLife) {
        if let Some((_, kept)) = self.clients.tokens.get_mut(token) {
            *kept = life;
        }
    }

    /// A client takes the token back: it opens nothing any more.
    pub fn revoke_client_token(&mut self, token: &str) {
        self.clients.tokens.remove(token);
    }

    /// Refuses a token that does not open `node`, an account or a number of one.
    pub(in crate::sandbox) fn reach(&self, token: &str, node: &str) -> Result<(), Refusal> {
        let at = self.account_at.get(node).copied().or_else(|| self.number_at.get(node).map(|(account, _)| *account));
        let Some(account) = at.map(|at| self.accounts[at].id.as_str()) else { return Ok(()) };
        let opens = match (self.clients.of(token), self.clients.theirs.get(account)) {
            (Some((theirs, _)), _) => theirs == account,
            (None, Some(_)) => false,
            (None, None) => true,
        };
        if opens { Ok(()) } else { Err(Refusal::permission(node)) }
    }
}
