//! Logins that were begun and have not come back: few, for ten minutes, each for one browser and one use. Pure but for
//! its dice.

use rand::RngExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// How long a person may take in Meta's dialog.
pub(super) const LASTS: Duration = Duration::from_secs(600);
/// Logins under way, of all people together; beyond them the oldest is forgotten.
const MOST: usize = 64;

/// What is to be done when somebody comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    /// At which gateway.
    pub(super) gateway: Arc<str>,
    /// The name of the key that began it.
    pub(super) key: Arc<str>,
    /// Accounts that were asked for besides those that will be shared.
    pub(super) asked: Vec<String>,
    /// How long the caller waits for the setup.
    pub(super) wait: Duration,
}

/// What the browser gets: one goes through Meta, the other stays with it.
pub(super) struct Begun {
    pub(super) state: String,
    pub(super) browser: String,
}

/// Why somebody does not come back from a login of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotPending {
    /// It was finished, took too long, or never began.
    Unknown,
    /// It was begun elsewhere, and waits for that browser.
    OtherBrowser,
}

struct Waiting {
    pending: Pending,
    browser: String,
    until: Instant,
}

/// Logins under way.
#[derive(Default)]
pub struct Logins(Mutex<HashMap<String, Waiting>>);

impl Logins {
    /// A login begins.
    pub(super) fn begin(&self, pending: Pending, now: Instant) -> Begun {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, waiting| waiting.until > now);
        if waiting.len() >= MOST {
            let oldest = waiting.iter().min_by_key(|(_, waiting)| waiting.until).map(|(state, _)| state.clone());
            oldest.and_then(|oldest| waiting.remove(&oldest));
        }
        let begun = Begun { state: random(), browser: random() };
        let until = now + LASTS;
        waiting.insert(begun.state.clone(), Waiting { pending, browser: begun.browser.clone(), until });
        begun
    }

    /// Somebody comes back: once. From another browser the login is left to the one that began it.
    pub(super) fn take(&self, state: &str, browser: &str, gateway: &str, now: Instant) -> Result<Pending, NotPending> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = waiting.get(state).filter(|known| known.until > now && *known.pending.gateway == *gateway);
        let known = known.ok_or(NotPending::Unknown)?;
        if !bool::from(known.browser.as_bytes().ct_eq(browser.as_bytes())) {
            return Err(NotPending::OtherBrowser);
        }
        waiting.remove(state).map(|known| known.pending).ok_or(NotPending::Unknown)
    }
}

/// 256 random bits: nobody guesses them.
fn random() -> String {
    hex::encode(rand::rng().random::<[u8; 32]>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn pending(key: &str) -> Pending {
        Pending { gateway: "main".into(), key: key.into(), asked: vec!["102".into()], wait: Duration::from_secs(1) }
    }

    #[test]
    fn a_state_works_once_in_its_browser_at_its_gateway_and_for_ten_minutes() {
        let (logins, now) = (Logins::default(), Instant::now());
        let Begun { state, browser } = logins.begin(pending("ops"), now);
        assert_ne!(state, browser);
        assert_eq!(logins.take("0", &browser, "main", now), Err(NotPending::Unknown));
        assert_eq!(logins.take(&state, &browser, "other", now), Err(NotPending::Unknown));
        for foreign in ["", "0", &state] {
            assert_eq!(logins.take(&state, foreign, "main", now), Err(NotPending::OtherBrowser));
        }
        assert_eq!(logins.take(&state, &browser, "main", now + LASTS), Err(NotPending::Unknown), "too late");
        let last = now + LASTS - Duration::from_millis(1);
        assert_eq!(logins.take(&state, &browser, "main", last), Ok(pending("ops")));
        assert_eq!(logins.take(&state, &browser, "main", last), Err(NotPending::Unknown), "used");
    }

    #[test]
    fn many_logins_push_out_the_oldest_and_never_the_newest() {
        let (logins, now) = (Logins::default(), Instant::now());
        let begun: Vec<Begun> =
            (0..=MOST as u64).map(|ms| logins.begin(pending("ops"), now + Duration::from_millis(ms))).collect();
        let take = |begun: &Begun| logins.take(&begun.state, &begun.browser, "main", now + Duration::from_secs(1));
        assert_eq!(take(&begun[0]), Err(NotPending::Unknown));
        assert!(begun[1..].iter().all(|begun| take(begun).is_ok()));
    }
}
