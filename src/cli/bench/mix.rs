//! Who writes the webhooks of the load: accounts in turn, or some far more often than others. The same every time.

use super::stage::CUSTOMERS;
use super::webhook::Webhook;
use clap::Args;

/// Who writes how often.
#[derive(Debug, Clone, Copy, PartialEq, Args)]
pub(super) struct Mix {
    /// Customers that write to each account
    #[arg(long, default_value_t = CUSTOMERS)]
    pub(super) customers: u32,
    /// Some accounts get far more than others: the account of rank n a share of 1/n to this power
    #[arg(long)]
    pub(super) zipf: Option<f64>,
}

impl Default for Mix {
    fn default() -> Self {
        Self { customers: CUSTOMERS, zipf: None }
    }
}

impl Mix {
    /// As a process is told.
    pub(super) fn as_args(self) -> Vec<String> {
        let customers = ["--customers".to_owned(), self.customers.to_string()];
        let zipf = self.zipf.into_iter().flat_map(|power| ["--zipf".to_owned(), power.to_string()]);
        customers.into_iter().chain(zipf).collect()
    }

    /// For so many accounts.
    pub(super) fn writers(self, accounts: u32) -> Writers {
        let mut sum = 0.0;
        let shares =
            self.zipf.into_iter().flat_map(|power| (1..=accounts).map(move |rank| f64::from(rank).powf(-power)));
        let sums = shares.map(|share| {
            sum += share;
            sum
        });
        Writers { accounts, customers: self.customers.clamp(1, CUSTOMERS), sums: sums.collect() }
    }
}

/// The accounts and their customers.
pub(super) struct Writers {
    accounts: u32,
    customers: u32,
    /// The shares of the accounts up to each one; empty where they take turns.
    sums: Vec<f64>,
}

impl Writers {
    /// The `nth` webhook of a run.
    pub(super) fn webhook(&self, nth: u32, run: u32, at_us: u64) -> Webhook {
        let Some(all) = self.sums.last() else {
            let customer = nth / self.accounts % self.customers;
            return Webhook { customer, ..Webhook::nth(nth, run, self.accounts, at_us) };
        };
        let chance = scattered(u64::from(nth) << 32 | u64::from(run));
        let point = (chance >> 11) as f64 / (1u64 << 53) as f64 * all;
        let account = (self.sums.partition_point(|sum| *sum < point) as u32).min(self.accounts - 1);
        let customer = (scattered(chance) % u64::from(self.customers)) as u32;
        Webhook { account, customer, run, nth, at_us }
    }
}

/// A number that looks like chance, and is the same for the same `seed`.
fn scattered(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_zipf_the_first_account_gets_its_share_and_the_last_something() {
        let writers = Mix { customers: 3, zipf: Some(1.0) }.writers(100);
        let mut counts = vec![0; 100];
        for nth in 0..52_000 {
            let webhook = writers.webhook(nth, 1, 0);
            assert!(webhook.customer < 3);
            counts[webhook.account as usize] += 1;
        }
        // The shares of 100 ranks sum up to 5.19.
        assert!((9_500..10_500).contains(&counts[0]), "{}", counts[0]);
        assert!((4_600..5_400).contains(&counts[1]), "{}", counts[1]);
        assert!((50..160).contains(&counts[99]), "{}", counts[99]);
    }

    #[test]
    fn without_it_accounts_take_turns_and_so_do_their_customers() {
        let writers = Mix { customers: 2, zipf: None }.writers(3);
        let who: Vec<(u32, u32)> =
            (0..7).map(|nth| writers.webhook(nth, 1, 0)).map(|w| (w.account, w.customer)).collect();
        assert_eq!(who, [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (0, 0)]);
    }
}
