//! How large a simulated world is, and how its accounts and numbers are made. Ids come from the mint only.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Account, Number, Registration, Subscription};
use crate::sandbox::faults::Faults;
use crate::sandbox::ids::Mint;
use crate::sandbox::item::Line;

/// How large a world to make, and its secrets.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// Accounts (WABAs).
    pub accounts: usize,
    /// Numbers of each account.
    pub numbers_per_account: usize,
    /// The app's id.
    pub app_id: String,
    /// The app's secret: webhooks are signed with it.
    pub app_secret: String,
    /// The system-user token that opens all accounts.
    pub token: String,
    /// Where the app's webhooks go, if anywhere yet.
    pub callback_url: Option<String>,
    /// Accounts that are subscribed from the start.
    pub subscribed: Subscribed,
    /// Whether `debug_token` names the accounts of the token.
    pub reach: TokenReach,
    /// Faults of sends and refused accounts.
    pub faults: Faults,
    /// What all ids are drawn from.
    pub seed: u64,
    /// Tells the message ids of this run from those of another run with the same seed.
    pub run: u64,
}

/// Which accounts have the app among their `subscribed_apps` from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscribed {
    /// None: somebody has to subscribe them.
    None,
    /// Every one.
    All,
}

/// What `granular_scopes` of the token say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenReach {
    /// The ids of the accounts.
    Listed,
    /// No targets: the token opens everything of its business.
    Unlisted,
}

pub(super) fn make_account(at: usize, options: &WorldOptions, mint: &mut Mint) -> Account {
    const TRADES: &[&str] =
        &["Bakery", "Florist", "Bike Shop", "Pharmacy", "Caf\u{e9}", "Bookshop", "Travel", "Optician"];
    let id = mint.node_id();
    let name = format!("{} {}", TRADES[at % TRADES.len()], at + 1);
    let numbers = (0..options.numbers_per_account).map(|nth| make_number((at, nth), &id, &name, mint)).collect();
    let subscription = match options.subscribed {
        Subscribed::None => None,
        Subscribed::All => Some(Subscription::default()),
    };
    Account { id, name, numbers, subscription }
}

fn make_number((account_at, nth): (usize, usize), waba: &str, name: &str, mint: &mut Mint) -> Number {
    let local = format!("{:03}{:04}", account_at % 1000, (account_at / 1000) * 1000 + nth);
    let display = format!("+1 555-{}-{}", &local[..3], &local[3..]);
    let digits = format!("1555{local}");
    let id = mint.node_id();
    let line = Arc::new(Line::new(waba, &id, &digits));
    let (name, registration) = (format!("{name} no. {}", nth + 1), Registration::done());
    Number { id, display, digits, name, override_url: None, line, registration }
}

pub(super) fn number_index(accounts: &[Account]) -> HashMap<String, (usize, usize)> {
    let places = accounts.iter().enumerate().flat_map(|(account_at, account)| {
        account.numbers.iter().enumerate().map(move |(at, number)| (number.id.clone(), (account_at, at)))
    });
    places.collect()
}
