//! An account's own route as the store keeps it: what may be seen as JSON, where it leads and what signs it sealed. Knows
//! neither the store nor what a route may be.

use super::signing::{Older, Signing};
use super::{Batch, Format, Order, RankGuard, Route, Secret};
use crate::vault::{Vault, VaultError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{OwnRoute, StoreError};

#[derive(Serialize, Deserialize)]
struct Seen {
    format: Format,
    fields: Vec<String>,
    types: Vec<String>,
    numbers: Vec<String>,
    concurrency: usize,
    max_age_ms: u64,
    rank_guard: RankGuard,
    order: Order,
    finals: Vec<u16>,
    /// Events at most, and how long the first waits in ms.
    batch: Option<(usize, u64)>,
    allow_private: bool,
    #[serde(default)]
    expires_at_ms: Option<u64>,
}

/// A URL may hold a password, or a key in its query.
#[derive(Serialize, Deserialize)]
struct Hidden {
    url: String,
    secret: Option<String>,
    /// Secrets that sign too, and until when.
    #[serde(default)]
    older: Vec<(String, Option<u64>)>,
}

/// The full name of an account's own route: never that of a gateway's, which has one slash.
pub fn full_name(gateway: &str, account: &str, name: &str) -> Arc<str> {
    format!("{gateway}/{account}/{name}").into()
}

/// The route as it is kept under `name`.
pub fn seal(route: &Route, name: &str, vault: &Vault) -> Result<OwnRoute, VaultError> {
    let seen = Seen {
        format: route.format,
        fields: route.fields.clone(),
        types: route.types.clone(),
        numbers: route.numbers.clone(),
        concurrency: route.concurrency,
        max_age_ms: route.max_age.as_millis() as u64,
        rank_guard: route.rank_guard,
        order: route.order,
        finals: route.finals.clone(),
        batch: route.batch.map(|batch| (batch.max, batch.wait.as_millis() as u64)),
        allow_private: route.allow_private,
        expires_at_ms: route.expires_at_ms,
    };
    let text = |secret: &Secret| secret.reveal().to_owned();
    let older = route.signing.older().iter().map(|older| (text(&older.secret), older.until_ms));
    let secret = route.signing.current().map(text);
    let hidden = Hidden { url: route.url.clone(), secret, older: older.collect() };
    let json = "plain text and numbers always become JSON";
    let hidden = Secret::new(serde_json::to_string(&hidden).expect(json));
    let sealed = vault.seal(&place(&route.name), &hidden)?.into();
    Ok(OwnRoute { name: name.into(), settings: serde_json::to_vec(&seen).expect(json).into(), sealed })
}

/// The route of this full name, as it was kept. Where its secrets do not open it is there all the same, and says why
/// nothing can be delivered.
pub fn open(kept: &OwnRoute, full_name: Arc<str>, vault: &Vault) -> Result<Route, StoreError> {
    let damaged = |error| StoreError::Damaged(format!("route {full_name}: {error}"));
    let seen: Seen = serde_json::from_slice(&kept.settings).map_err(damaged)?;
    let opened = vault.open(&place(&full_name), &kept.sealed);
    let (hidden, unusable) = match opened {
        Ok(text) => (serde_json::from_str(text.reveal()).map_err(damaged)?, None),
        Err(why) => (Hidden { url: String::new(), secret: None, older: Vec::new() }, Some(why.to_string().into())),
    };
    let older = hidden.older.into_iter().map(|(secret, until_ms)| Older { secret: Secret::new(secret), until_ms });
    let older = older.collect();
    Ok(Route {
        name: full_name,
        url: hidden.url,
        signing: Signing::of(hidden.secret.map(Secret::new), older),
        format: seen.format,
        fields: seen.fields,
        types: seen.types,
        accounts: Vec::new(),
        numbers: seen.numbers,
        concurrency: seen.concurrency,
        max_age: Duration::from_millis(seen.max_age_ms),
        tests: false,
        rank_guard: seen.rank_guard,
        order: seen.order,
        finals: seen.finals,
        batch: seen.batch.map(|(max, wait_ms)| Batch { max, wait: Duration::from_millis(wait_ms) }),
        allow_private: seen.allow_private,
        expires_at_ms: seen.expires_at_ms,
        queue: None,
        unusable,
    })
}

/// A route of which nothing is left but its name and its unfinished deliveries.
pub fn removed(name: &str) -> Route {
    Route {
        name: name.into(),
        url: String::new(),
        signing: Signing::default(),
        format: Format::Meta,
        fields: Vec::new(),
        types: Vec::new(),
        accounts: Vec::new(),
        numbers: Vec::new(),
        concurrency: 1,
        max_age: Duration::MAX,
        tests: false,
        rank_guard: RankGuard::Off,
        order: Order::Dialog,
        finals: Vec::new(),
        batch: None,
        allow_private: false,
        expires_at_ms: None,
        queue: None,
        unusable: Some("it is not in the settings any more".into()),
    }
}

/// Under which name its secrets are sealed.
fn place(full_name: &str) -> String {
    format!("route {full_name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::route;

    fn vault(key: &str) -> Vault {
        Vault::new(&[Secret::new(key)])
    }

    #[test]
    fn an_own_route_comes_back_as_it_was_and_its_record_shows_no_secret() {
        let before = Route {
            url: "https://user:password@app.example/hook?key=abc".into(),
            signing: Signing::with([Secret::new("whsec_y")]).rotated(Some(Secret::new("whsec_x")), 9, 1),
            expires_at_ms: Some(99),
            batch: Some(Batch { max: 5, wait: Duration::from_millis(7) }),
            finals: vec![422],
            ..route("main/100/mine")
        };
        let kept = seal(&before, "mine", &vault("one")).expect("a key is there");
        let shown = format!("{} {}", String::from_utf8_lossy(&kept.settings), String::from_utf8_lossy(&kept.sealed));
        assert!(!["password", "abc", "whsec_x", "whsec_y"].iter().any(|hidden| shown.contains(hidden)), "{shown}");
        assert_eq!(open(&kept, full_name("main", "100", "mine"), &vault("one")).expect("sound"), before);
    }

    #[test]
    fn without_its_key_a_route_is_there_and_says_why_it_is_unusable() {
        let kept = seal(&route("main/100/mine"), "mine", &vault("one")).expect("a key is there");
        let route = open(&kept, full_name("main", "100", "mine"), &vault("two")).expect("sound");
        assert!(route.unusable.expect("a reason").contains("storage.secret_key"));
    }
}
