//! Whose an item is. A neighbour's mail goes to nobody else: what is not clearly an engaged account's of the gateway
//! it came in by is that gateway's quarantine's.

use crate::cloud::item::{Item, Owner};

/// Who is engaged at one gateway.
pub trait Engaged {
    /// Whether the account is engaged here.
    fn has_account(&self, account: &str) -> bool;
    /// The engaged account that has this phone number id.
    fn account_of_number(&self, number_id: &str) -> Option<&str>;
    /// The engaged account that has this display number, in digits.
    fn account_of_display(&self, digits: &str) -> Option<&str>;
}

/// Where an item goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination<'a> {
    /// An engaged account of this gateway.
    Account(&'a str),
    /// The test payloads of this gateway.
    Test,
    /// The quarantine of this gateway.
    Quarantine,
}

/// The account that an item names itself, engaged or not.
pub fn claimed(owner: &Owner) -> Option<&str> {
    match owner.decides_by_content {
        true => owner.waba_info.as_deref(),
        false => owner.entry_id.as_deref(),
    }
}

/// Decides where an item goes: by `entry.id`; only where that is absent or a portfolio's by `waba_info`, then phone
/// number id, then display number.
pub fn destination<'a>(item: &'a Item, engaged: &'a impl Engaged) -> Destination<'a> {
    if item.test {
        return Destination::Test;
    }
    if let Some(account) = claimed(&item.owner) {
        return if engaged.has_account(account) { Destination::Account(account) } else { Destination::Quarantine };
    }
    if !item.owner.decides_by_content {
        return Destination::Quarantine;
    }
    let by_number = item.number.id.as_deref().and_then(|id| engaged.account_of_number(id));
    let by_display = || engaged.account_of_display(&digits(item.number.display.as_deref()?));
    by_number.or_else(by_display).map_or(Destination::Quarantine, Destination::Account)
}

/// The digits of a display number: `+380 44 1` and `380441` are one number.
pub fn digits(display: &str) -> String {
    display.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests;
