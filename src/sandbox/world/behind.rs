//! What changes at Meta behind an application's back: tokens run out or lose permissions, numbers go away. Plain data.

use super::World;
use super::making::number_index;
use crate::sandbox::limits::NumberUsage;

/// How the token fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenLife {
    /// When it ends, in s since 1970; 0 means never.
    pub expires_at: i64,
    /// When its access to data ends, in s since 1970; 0 means never.
    pub data_access_expires_at: i64,
    /// Permissions that were taken away.
    pub lost_scopes: Vec<String>,
}

impl World {
    /// The token fares differently from now on.
    pub fn set_token_life(&mut self, life: TokenLife) {
        self.token_life = life;
    }

    /// `number` may have `throughput` messages per second from now on, in and out together; nobody is told.
    pub fn set_throughput(&mut self, number: &str, throughput: u32) {
        self.limits.set_throughput(number, throughput);
    }

    /// How each number that had messages used its limits.
    pub fn usage(&self) -> Vec<NumberUsage> {
        self.limits.usage()
    }

    /// Begins to count the usage of the limits anew.
    pub fn forget_usage(&mut self) {
        self.limits.forget_usage();
    }

    /// The account loses its last number; `false` where it has none.
    pub fn take_number(&mut self, waba: &str) -> bool {
        let Some(at) = self.account_at.get(waba) else { return false };
        let taken = self.accounts[*at].numbers.pop().is_some();
        self.number_at = number_index(&self.accounts);
        taken
    }
}
