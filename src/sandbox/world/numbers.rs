//! New numbers of an account, and the steps by which they become ones that send and receive.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::{Number, Registration, World};
use crate::sandbox::item::Line;
use crate::sandbox::refusal::Refusal;

/// A number that an account is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNumber {
    /// The country's calling code, digits only.
    pub country_code: String,
    /// The number without it, digits only.
    pub local: String,
    /// The name that customers see.
    pub name: String,
}

impl World {
    /// Gives the account a number, and the number an id.
    pub fn add_number(&mut self, waba: &str, new: NewNumber) -> Result<String, Refusal> {
        let at = self.account(waba, "post").map(|_| self.account_at[waba])?;
        let digits = format!("{}{}", new.country_code, new.local);
        if self.accounts.iter().flat_map(|account| &account.numbers).any(|number| number.digits == digits) {
            return Err(Refusal::parameter(format!("The phone number +{digits} belongs to an account already.")));
        }
        let id = self.mint.node_id();
        let line = Arc::new(Line::new(waba, &id, &digits));
        let display = format!("+{} {}", new.country_code, new.local);
        let registration = Registration::begun();
        let number = Number { id: id.clone(), display, digits, name: new.name, override_url: None, line, registration };
        self.number_at.insert(id.clone(), (at, self.accounts[at].numbers.len()));
        self.accounts[at].numbers.push(number);
        Ok(id)
    }

    /// Sends `code` to the number.
    pub fn send_code(&mut self, number: &str, code: String) -> Result<(), Refusal> {
        self.number_mut(number, "post")?.registration.send_code(code)
    }

    /// Somebody gives back the code that was sent to the number.
    pub fn verify_code(&mut self, number: &str, code: &str) -> Result<(), Refusal> {
        self.number_mut(number, "post")?.registration.verify(code)
    }

    /// The number is registered: from now on it sends, and customers write to it.
    pub fn register(&mut self, number: &str, pin: &str, now: Instant) -> Result<(), Refusal> {
        self.revision += 1;
        self.number_mut(number, "post")?.registration.register(pin, now)
    }

    /// The number is deregistered: it sends no longer, and nobody writes to it.
    pub fn deregister(&mut self, number: &str, now: Instant) -> Result<(), Refusal> {
        self.revision += 1;
        self.number_mut(number, "post")?.registration.deregister(now)
    }

    /// The codes that were sent and not given back yet, by number.
    pub fn codes(&self) -> BTreeMap<String, String> {
        let numbers = self.accounts.iter().flat_map(|account| &account.numbers);
        numbers.filter_map(|number| Some((number.id.clone(), number.registration.code()?.to_owned()))).collect()
    }
}
