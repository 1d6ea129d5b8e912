//! People who log in through the dialog: what they share with the app, the codes that the dialog gives, and the tokens
//! that those become. Plain data.

use std::collections::{HashMap, HashSet};

use super::World;
use crate::sandbox::refusal::Refusal;

/// What came of the dialog so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logins {
    /// Codes that nobody has redeemed, and where the dialog sent each.
    codes: HashMap<String, String>,
    tokens: HashSet<String>,
    /// The accounts that people share; `None` is all.
    shared: Option<Vec<String>>,
}

impl World {
    /// Who logs in from now on shares these accounts; they are what `debug_token` names.
    pub fn share(&mut self, accounts: Vec<String>) {
        self.logins.shared = Some(accounts);
    }

    /// Somebody allowed the app what it asks for: a code for `redirect_uri`.
    pub(in crate::sandbox) fn allow(&mut self, redirect_uri: &str) -> String {
        let code = format!("AQ{:016x}{:016x}", self.mint.draw(), self.mint.draw());
        self.logins.codes.insert(code.clone(), redirect_uri.to_owned());
        code
    }

    /// The token of a person, for a code: once, and only for where the dialog had sent it.
    pub(in crate::sandbox) fn redeem(&mut self, code: &str, redirect_uri: &str) -> Result<String, Refusal> {
        let sent_to = self.logins.codes.get(code);
        let sent_to = sent_to.ok_or_else(|| coded(36_009, "This authorization code has been used."))?;
        if sent_to != redirect_uri {
            let text = "Error validating verification code. Please make sure your redirect_uri is identical to the one \
                        you used in the OAuth dialog request";
            return Err(coded(36_008, text));
        }
        self.logins.codes.remove(code);
        let token = format!("EAAuser{:016x}", self.mint.draw());
        self.logins.tokens.insert(token.clone());
        Ok(token)
    }

    /// The accounts that a person's token names; `None` where it is no such token.
    pub(in crate::sandbox) fn shared_by(&self, token: &str) -> Option<Vec<&str>> {
        self.logins.tokens.contains(token).then(|| match &self.logins.shared {
            Some(shared) => shared.iter().map(String::as_str).collect(),
            None => self.accounts.iter().map(|account| account.id.as_str()).collect(),
        })
    }
}

fn coded(subcode: u32, message: &str) -> Refusal {
    Refusal { code: 100, subcode: Some(subcode), ..Refusal::oauth(message) }
}
