//! The routing table: which account's actor answers for what, gateway by gateway. Written by the supervisor, read by
//! every webhook.

use crate::account::Account;
use crate::gate::Gate;
use crate::gateway::Gateway;
use crate::rules::ownership::{Engaged, digits};
use actix::Addr;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// The routing table of all gateways.
pub struct Directory {
    gateways: HashMap<Arc<str>, Arc<Desks>>,
}

/// One gateway and who is engaged there.
pub struct Desks {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// What no account owns.
    pub gate: Addr<Gate>,
    accounts: RwLock<Accounts>,
}

/// The accounts engaged at one gateway.
#[derive(Default)]
pub struct Accounts {
    by_id: HashMap<Arc<str>, Addr<Account>>,
    by_number: HashMap<Box<str>, Arc<str>>,
    by_display: HashMap<Box<str>, Arc<str>>,
}

impl Directory {
    /// The table of these gateways.
    pub fn new(desks: impl IntoIterator<Item = Desks>) -> Self {
        let named = desks.into_iter().map(|desks| (Arc::clone(&desks.gateway.uri), Arc::new(desks)));
        Self { gateways: named.collect() }
    }

    /// The gateway served at `uri`.
    pub fn gateway(&self, uri: &str) -> Option<&Arc<Desks>> {
        self.gateways.get(uri)
    }

    /// All gateways.
    pub fn gateways(&self) -> impl Iterator<Item = &Arc<Desks>> {
        self.gateways.values()
    }

    /// The account's actor and gateway, wherever it is engaged.
    pub fn account(&self, id: &str) -> Option<(Addr<Account>, &Arc<Desks>)> {
        self.gateways.values().find_map(|desks| Some((desks.read().by_id.get(id)?.clone(), desks)))
    }

    /// The account that has this phone number id, wherever it is engaged.
    pub fn account_of_number(&self, number: &str) -> Option<(Arc<str>, Addr<Account>, &Arc<Desks>)> {
        self.gateways.values().find_map(|desks| {
            let accounts = desks.read();
            let id = accounts.by_number.get(number)?;
            Some((Arc::clone(id), accounts.by_id.get(id)?.clone(), desks))
        })
    }
}

impl Desks {
    /// A gateway nobody is engaged at yet.
    pub fn new(gateway: Arc<Gateway>, gate: Addr<Gate>) -> Self {
        Self { gateway, gate, accounts: RwLock::default() }
    }

    /// Who is engaged, for as long as the guard lives.
    pub fn read(&self) -> RwLockReadGuard<'_, Accounts> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Engages an account, or puts a new actor and new numbers in its place.
    pub fn engage(&self, id: &Arc<str>, actor: Addr<Account>, numbers: &HashMap<Box<str>, Box<str>>) {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        accounts.forget_numbers(id);
        accounts.by_id.insert(Arc::clone(id), actor);
        for (number, display) in numbers {
            accounts.by_number.insert(number.clone(), Arc::clone(id));
            accounts.by_display.insert(digits(display).into(), Arc::clone(id));
        }
    }

    /// Forgets an account.
    pub fn disengage(&self, id: &str) {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        accounts.forget_numbers(id);
        accounts.by_id.remove(id);
    }
}

impl Accounts {
    /// The actor of an account.
    pub fn actor(&self, id: &str) -> Option<&Addr<Account>> {
        self.by_id.get(id)
    }

    /// Whether the account has a number.
    pub fn has_numbers(&self, id: &str) -> bool {
        self.by_number.values().any(|owner| owner.as_ref() == id)
    }

    /// How many are engaged.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether nobody is engaged.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Every engaged account.
    pub fn all(&self) -> Vec<(Arc<str>, Addr<Account>)> {
        self.by_id.iter().map(|(id, actor)| (Arc::clone(id), actor.clone())).collect()
    }

    fn forget_numbers(&mut self, id: &str) {
        if !self.by_id.contains_key(id) {
            return;
        }
        self.by_number.retain(|_, owner| owner.as_ref() != id);
        self.by_display.retain(|_, owner| owner.as_ref() != id);
    }
}

impl Engaged for Accounts {
    fn has_account(&self, account: &str) -> bool {
        self.by_id.contains_key(account)
    }

    fn account_of_number(&self, number_id: &str) -> Option<&str> {
        self.by_number.get(number_id).map(AsRef::as_ref)
    }

    fn account_of_display(&self, digits: &str) -> Option<&str> {
        self.by_display.get(digits).map(AsRef::as_ref)
    }
}
