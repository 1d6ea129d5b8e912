//! The state of the simulated Graph: an app, a business, accounts with numbers, subscriptions. Plain data: no HTTP,
//! no clock, no dice.

mod behind;
mod clients;
mod logins;
mod making;
mod numbers;
mod registration;
mod standing;

use std::collections::HashMap;
use std::sync::Arc;

use super::faults::{Fates, Faults};
use super::ids::{Mint, mix};
use super::item::{Item, Line, Place};
use super::limits::SendLimits;
use super::management::Budget;
use super::refusal::Refusal;
use super::shelf::Shelf;
use super::signing::appsecret_proof;
pub use behind::TokenLife;
use clients::Clients;
use logins::Logins;
pub use making::{Subscribed, TokenReach, WorldOptions};
use making::{make_account, number_index};
pub use numbers::NewNumber;
pub use registration::{Registration, Step};
pub use standing::{Class, Standing};

/// A WhatsApp Business Account.
#[derive(Debug, Clone)]
pub struct Account {
    /// 15 digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its numbers, in the order in which Graph lists them.
    pub numbers: Vec<Number>,
    /// Present while the app is subscribed.
    pub subscription: Option<Subscription>,
}

/// A business phone number.
#[derive(Debug, Clone)]
pub struct Number {
    /// `phone_number_id`, 15 digits.
    pub id: String,
    /// As Graph shows it: `+1 555-012-3456`.
    pub display: String,
    /// Digits only, as webhooks show it.
    pub digits: String,
    /// The verified name.
    pub name: String,
    /// The number's own callback, which goes before all others.
    pub override_url: Option<String>,
    /// How its webhooks name it.
    pub line: Arc<Line>,
    /// How far it is on its way to one that sends and receives.
    pub registration: Registration,
}

/// The app's subscription to an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The account's own callback, which goes before the app's.
    pub override_url: Option<String>,
}

/// Whose token a call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The system user's: everything.
    System,
    /// A client's, from Embedded Signup: the client's account, and nothing else.
    Client,
    /// The app's own: `debug_token` and `/{app}/subscriptions` only.
    App,
}

/// Everything that the simulated Graph knows.
#[derive(Debug)]
pub struct World {
    pub(super) options: WorldOptions,
    pub(super) business_id: String,
    pub(super) user_id: String,
    pub(super) mint: Mint,
    pub(super) fates: Fates,
    pub(super) limits: SendLimits,
    pub(super) standing: Standing,
    pub(super) shelf: Shelf,
    pub(super) budget: Budget,
    pub(super) token_life: TokenLife,
    pub(super) clients: Clients,
    /// The fields that the app's subscription has.
    pub(super) app_fields: Vec<String>,
    logins: Logins,
    accounts: Vec<Account>,
    account_at: HashMap<String, usize>,
    number_at: HashMap<String, (usize, usize)>,
    proof: String,
    app_proof: String,
    revision: u64,
}

impl World {
    /// A world of the size asked for; the same options make the same world.
    pub fn new(options: WorldOptions) -> Self {
        let mut mint = Mint::new(options.seed);
        let (business_id, user_id) = (mint.node_id(), mint.node_id());
        let accounts: Vec<Account> = (0..options.accounts).map(|at| make_account(at, &options, &mut mint)).collect();
        let mint = Mint::new(mix(options.seed) ^ mix(options.run));
        let account_at = accounts.iter().enumerate().map(|(at, account)| (account.id.clone(), at)).collect();
        let number_at = number_index(&accounts);
        let proof = appsecret_proof(&options.app_secret, &options.token);
        let app_token = format!("{}|{}", options.app_id, options.app_secret);
        let app_proof = appsecret_proof(&options.app_secret, &app_token);
        let (fates, limits) = (Fates::default(), SendLimits::new(options.faults.throughput));
        Self {
            options,
            business_id,
            user_id,
            mint,
            fates,
            limits,
            standing: Standing::default(),
            shelf: Shelf::default(),
            budget: Budget::default(),
            token_life: TokenLife::default(),
            clients: Clients::default(),
            app_fields: ["messages", "account_update"].map(str::to_owned).into(),
            logins: Logins::default(),
            accounts,
            account_at,
            number_at,
            proof,
            app_proof,
            revision: 0,
        }
    }

    /// Who calls with `token`, or how Graph refuses; `proof` is checked when it is there.
    pub fn authorise(&self, token: Option<&str>, proof: Option<&str>) -> Result<Caller, Refusal> {
        let token = token.ok_or_else(|| Refusal::token("An access token is required to request this resource."))?;
        let (caller, expected) = match token.split_once('|') {
            Some((id, secret)) if id == self.options.app_id && secret == self.options.app_secret => {
                (Caller::App, self.app_proof.clone())
            }
            _ if token == self.options.token => (Caller::System, self.proof.clone()),
            _ if self.clients.knows(token) => (Caller::Client, appsecret_proof(&self.options.app_secret, token)),
            _ => return Err(Refusal::token("Invalid OAuth access token - Cannot parse access token")),
        };
        if proof.is_some_and(|given| given != expected) {
            return Err(Refusal::proof());
        }
        Ok(caller)
    }

    /// All accounts, also refused ones.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The business that owns the accounts.
    pub fn business_id(&self) -> &str {
        &self.business_id
    }

    /// Changes the faults from now on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.limits.set_usual_throughput(faults.throughput);
        self.options.faults = faults;
        self.revision += 1;
    }

    /// Points the app's callback somewhere, with no handshake.
    pub fn set_callback(&mut self, url: Option<String>) {
        self.options.callback_url = url;
        self.revision += 1;
    }

    /// The account `id`, unless it is unknown or the token may not touch it.
    pub fn account(&self, id: &str, method: &str) -> Result<&Account, Refusal> {
        let at = self.account_at.get(id).ok_or_else(|| Refusal::unknown_object(method, id))?;
        self.allowed(id).map(|()| &self.accounts[*at])
    }

    /// The account `id`, to change it.
    pub fn account_mut(&mut self, id: &str, method: &str) -> Result<&mut Account, Refusal> {
        let at = *self.account_at.get(id).ok_or_else(|| Refusal::unknown_object(method, id))?;
        self.revision += 1;
        self.allowed(id).map(|()| &mut self.accounts[at])
    }

    /// The number `id` and the account that has it.
    pub fn number(&self, id: &str, method: &str) -> Result<(&Account, &Number), Refusal> {
        let (account_at, number_at) = *self.number_at.get(id).ok_or_else(|| Refusal::unknown_object(method, id))?;
        let account = &self.accounts[account_at];
        self.allowed(&account.id).map(|()| (account, &account.numbers[number_at]))
    }

    /// The number `id`, to change it.
    pub fn number_mut(&mut self, id: &str, method: &str) -> Result<&mut Number, Refusal> {
        let (account_at, number_at) = *self.number_at.get(id).ok_or_else(|| Refusal::unknown_object(method, id))?;
        self.allowed(&self.accounts[account_at].id).map(|()| &mut self.accounts[account_at].numbers[number_at])
    }

    /// Subscribes the app to an account; `override_url` is kept, or removed where it is `None`, as Graph does it.
    pub fn subscribe(&mut self, waba: &str, override_url: Option<String>) -> Result<(), Refusal> {
        if override_url.is_some() {
            self.may_override(waba)?;
        }
        self.account_mut(waba, "post")?.subscription = Some(Subscription { override_url });
        Ok(())
    }

    /// Whether the account may have a callback of its own: only once the app is subscribed.
    pub fn may_override(&self, waba: &str) -> Result<(), Refusal> {
        if self.account(waba, "post")?.subscription.is_none() {
            return Err(Refusal::parameter(
                "Before override the current callback uri, your app must be subscribed to receive messages for \
                 WhatsApp Business Account.",
            ));
        }
        Ok(())
    }

    /// Takes the app off an account.
    pub fn unsubscribe(&mut self, waba: &str) -> Result<(), Refusal> {
        self.account_mut(waba, "delete")?.subscription = None;
        Ok(())
    }

    /// Where an item goes: a number's to its own callback, else the account's, else the app's; an account's event
    /// to the app's. `None` while the account is not subscribed.
    pub fn url_of(&self, item: &Item) -> Option<&str> {
        let app_url = self.options.callback_url.as_deref();
        match &item.place {
            Place::Account { waba, .. } => {
                let account = &self.accounts[*self.account_at.get(waba.as_str())?];
                account.subscription.as_ref().and(app_url)
            }
            Place::Number(line) => {
                let (account_at, number_at) = *self.number_at.get(&line.number)?;
                let subscription = self.accounts[account_at].subscription.as_ref()?;
                let own = self.accounts[account_at].numbers[number_at].override_url.as_deref();
                own.or(subscription.override_url.as_deref()).or(app_url)
            }
        }
    }

    /// The registered numbers whose accounts are subscribed, in order.
    pub fn active_lines(&self) -> Vec<Arc<Line>> {
        let active = self.accounts.iter().filter(|account| account.subscription.is_some());
        let numbers = active.flat_map(|account| &account.numbers).filter(|number| number.registration.is_done());
        numbers.map(|number| Arc::clone(&number.line)).collect()
    }

    /// Grows whenever subscriptions or registrations may have changed.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn allowed(&self, waba: &str) -> Result<(), Refusal> {
        if self.options.faults.refused_accounts.iter().any(|refused| refused == waba) {
            return Err(Refusal::permission(waba));
        }
        Ok(())
    }
}
