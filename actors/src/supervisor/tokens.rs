//! What is known of the gateways' tokens, shared with who shows it, and told to the log. Asks nobody.

use crate::clock::now_ms;
use crate::cloud::token::TokenReport;
use crate::rules::expiry::{TokenWatch, Warning};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// The tokens by gateway.
#[derive(Debug, Default)]
pub struct Tokens(Mutex<HashMap<Arc<str>, TokenWatch>>);

impl Tokens {
    /// What is known of a gateway's token; `None` before Graph was asked.
    pub fn of(&self, gateway: &str) -> Option<TokenWatch> {
        self.locked().get(gateway).cloned()
    }

    /// Graph said this of it.
    pub(crate) fn hear(&self, gateway: &Arc<str>, report: TokenReport) {
        // The accounts that it names may be many, and nobody asks for them again.
        let report = TokenReport { targets: Vec::new(), ..report };
        let warning = self.locked().entry(Arc::clone(gateway)).or_default().hear(report, now_ms());
        warning.iter().for_each(|warning| tell(gateway, warning));
    }

    /// Time passed.
    pub(crate) fn look(&self) {
        for (gateway, watch) in self.locked().iter_mut() {
            watch.look(now_ms()).iter().for_each(|warning| tell(gateway, warning));
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Arc<str>, TokenWatch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(gateway: &str, warning: &Warning) {
    match warning {
        Warning::Invalid(reason) => log::error!("token_invalid gateway={gateway} why=\"{reason}\""),
        Warning::ScopesMissing(missing) => {
            log::error!("token_scopes_missing gateway={gateway} missing={}", missing.join(","));
        }
        Warning::Expires(left_s) => log::warn!("token_expires gateway={gateway} in_days={}", left_s / DAY_S),
        Warning::Mended => log::info!("token_works gateway={gateway}"),
    }
}
