//! The routing table: which account's actor answers for what, gateway by gateway. Written by the supervisor, read by
//! every webhook.

use crate::account::Account;
use crate::gate::Gate;
use crate::gateway::Gateway;
use crate::gauges::Gauge;
use crate::messages::Reroute;
use crate::rules::ownership::{Engaged, digits};
use actix::Addr;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// The routing table of all gateways.
pub struct Directory {
    gateways: RwLock<HashMap<Arc<str>, Arc<Desks>>>,
}

/// One gateway and who is engaged there.
pub struct Desks {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// What no account owns.
    pub gate: Addr<Gate>,
    accounts: RwLock<Accounts>,
    /// Who still delivers what was redriven of accounts that are not engaged any more.
    afterlives: RwLock<HashMap<Arc<str>, Addr<Account>>>,
}

/// The accounts engaged at one gateway.
#[derive(Default)]
pub struct Accounts {
    by_id: HashMap<Arc<str>, Addr<Account>>,
    gauges: HashMap<Arc<str>, Arc<Gauge>>,
    /// Each account's keys in the two tables below: phone number ids, and digits.
    names: HashMap<Arc<str>, Vec<Names>>,
    by_number: HashMap<Box<str>, Arc<str>>,
    by_display: HashMap<Box<str>, Arc<str>>,
}

/// A number's phone number id, and the digits of its display number.
type Names = (Box<str>, Box<str>);

impl Directory {
    /// The table of these gateways.
    pub fn new(desks: impl IntoIterator<Item = Desks>) -> Self {
        let named = desks.into_iter().map(|desks| (Arc::clone(&desks.gateway.uri), Arc::new(desks)));
        Self { gateways: RwLock::new(named.collect()) }
    }

    /// The gateway served at `uri`.
    pub fn gateway(&self, uri: &str) -> Option<Arc<Desks>> {
        self.table().get(uri).cloned()
    }

    /// All gateways.
    pub fn gateways(&self) -> Vec<Arc<Desks>> {
        self.table().values().cloned().collect()
    }

    /// Serves a gateway from now on.
    pub fn add(&self, desks: Desks) {
        let mut gateways = self.gateways.write().unwrap_or_else(PoisonError::into_inner);
        gateways.insert(Arc::clone(&desks.gateway.uri), Arc::new(desks));
    }

    /// Serves it no more.
    pub fn remove(&self, uri: &str) {
        self.gateways.write().unwrap_or_else(PoisonError::into_inner).remove(uri);
    }

    fn table(&self) -> RwLockReadGuard<'_, HashMap<Arc<str>, Arc<Desks>>> {
        self.gateways.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account's actor and gateway, wherever it is engaged.
    pub fn account(&self, id: &str) -> Option<(Addr<Account>, Arc<Desks>)> {
        self.table().values().find_map(|desks| Some((desks.read().by_id.get(id)?.clone(), Arc::clone(desks))))
    }

    /// The account that has this phone number id, wherever it is engaged.
    pub fn account_of_number(&self, number: &str) -> Option<(Arc<str>, Addr<Account>, Arc<Desks>)> {
        self.table().values().find_map(|desks| {
            let accounts = desks.read();
            let id = accounts.by_number.get(number)?;
            Some((Arc::clone(id), accounts.by_id.get(id)?.clone(), Arc::clone(desks)))
        })
    }
}

impl Desks {
    /// A gateway nobody is engaged at yet.
    pub fn new(gateway: Arc<Gateway>, gate: Addr<Gate>) -> Self {
        Self { gateway, gate, accounts: RwLock::default(), afterlives: RwLock::default() }
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
        let names = numbers.iter().map(|(number, display)| (number.clone(), digits(display).into()));
        let names: Vec<Names> = names.collect();
        for (number, display) in &names {
            accounts.by_number.insert(number.clone(), Arc::clone(id));
            accounts.by_display.insert(display.clone(), Arc::clone(id));
        }
        accounts.names.insert(Arc::clone(id), names);
    }

    /// Has its gate and accounts take over the gateway's routes as they are now.
    pub fn reroute(&self) {
        self.gate.do_send(Reroute);
        self.everybody().iter().for_each(|(_, actor)| actor.do_send(Reroute));
    }

    /// Every engaged account, and those that are not any more and still deliver.
    pub fn everybody(&self) -> Vec<(Arc<str>, Addr<Account>)> {
        let mut all = self.read().all();
        all.extend(self.afterlives());
        all
    }

    /// Accounts that are not engaged any more and still deliver.
    pub fn afterlives(&self) -> Vec<(Arc<str>, Addr<Account>)> {
        let afterlives = self.afterlives.read().unwrap_or_else(PoisonError::into_inner);
        afterlives.iter().map(|(id, actor)| (Arc::clone(id), actor.clone())).collect()
    }

    /// Such an account, if it is one.
    pub fn afterlife(&self, id: &str) -> Option<Addr<Account>> {
        self.afterlives.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// An account delivers although it is not engaged any more.
    pub fn awaken(&self, id: &Arc<str>, actor: Addr<Account>) {
        self.afterlives.write().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(id), actor);
    }

    /// It does not any more, or is engaged again.
    pub fn lay_to_rest(&self, id: &str) {
        self.afterlives.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Where an account shows how it stands; one gauge for all actors that it ever has here.
    pub fn gauge(&self, id: &Arc<str>) -> Arc<Gauge> {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(accounts.gauges.entry(Arc::clone(id)).or_default())
    }

    /// Forgets an account.
    pub fn disengage(&self, id: &str) {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        accounts.forget_numbers(id);
        accounts.by_id.remove(id);
        accounts.gauges.remove(id);
    }
}

impl Accounts {
    /// The actor of an account.
    pub fn actor(&self, id: &str) -> Option<&Addr<Account>> {
        self.by_id.get(id)
    }

    /// Where an account shows how it stands.
    pub fn gauge(&self, id: &str) -> Option<&Arc<Gauge>> {
        self.gauges.get(id)
    }

    /// Where each account shows how it stands.
    pub fn gauges(&self) -> Vec<(Arc<str>, Arc<Gauge>)> {
        self.gauges.iter().map(|(id, gauge)| (Arc::clone(id), Arc::clone(gauge))).collect()
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

    /// Costs as much as the account has numbers, however many accounts there are: webhooks wait for it.
    fn forget_numbers(&mut self, id: &str) {
        for (number, display) in self.names.remove(id).unwrap_or_default() {
            if self.by_number.get(&number).is_some_and(|owner| **owner == *id) {
                self.by_number.remove(&number);
            }
            if self.by_display.get(&display).is_some_and(|owner| **owner == *id) {
                self.by_display.remove(&display);
            }
        }
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
