//! Which secrets sign a route's deliveries. While one takes the place of another both sign, so that an application may
//! learn the new one at its leisure. Knows no clock.

use super::Secret;

/// The secrets of a route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signing {
    current: Option<Secret>,
    older: Vec<Older>,
}

/// A secret that signs beside the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Older {
    /// The secret.
    pub secret: Secret,
    /// Until when, in ms since 1970; `None` for as long as the settings say it.
    pub until_ms: Option<u64>,
}

impl Signing {
    /// Signs with all of these, the current one first; none signs nothing.
    pub fn with(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut secrets = secrets.into_iter();
        let current = secrets.next();
        Self { current, older: secrets.map(|secret| Older { secret, until_ms: None }).collect() }
    }

    /// Signs with `current`, and with `older` while their time lasts.
    pub fn of(current: Option<Secret>, older: Vec<Older>) -> Self {
        Self { current, older }
    }

    /// Whether anything is signed.
    pub fn signs(&self) -> bool {
        self.current.is_some()
    }

    /// The current secret.
    pub fn current(&self) -> Option<&Secret> {
        self.current.as_ref()
    }

    /// The others.
    pub fn older(&self) -> &[Older] {
        &self.older
    }

    /// The secrets that sign, the current one first.
    pub fn at(&self, now: u64) -> Vec<&Secret> {
        let older = self.older.iter().filter(|older| older.until_ms.is_none_or(|until_ms| until_ms > now));
        self.current.iter().chain(older.map(|older| &older.secret)).collect()
    }

    /// Signs with `next` from `now` on, and with what signs now until `until_ms`; without `next` nothing is signed.
    #[must_use]
    pub fn rotated(&self, next: Option<Secret>, until_ms: u64, now: u64) -> Self {
        if next.is_none() || next == self.current {
            return Self { current: next.clone(), older: if next.is_some() { self.older.clone() } else { Vec::new() } };
        }
        let replaced = self.current.iter().map(|secret| Older { secret: secret.clone(), until_ms: Some(until_ms) });
        let standing = |older: &&Older| older.until_ms.is_some_and(|until_ms| until_ms > now);
        // A third one at a time would be a secret that somebody still uses and nobody remembers.
        let older = replaced.chain(self.older.iter().filter(standing).cloned());
        let older = older.filter(|older| older.until_ms > Some(now) && Some(&older.secret) != next.as_ref());
        Self { older: older.take(2).collect(), current: next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn texts(signing: &Signing, now: u64) -> Vec<&str> {
        signing.at(now).into_iter().map(Secret::reveal).collect()
    }

    #[test]
    fn all_secrets_of_the_settings_sign_the_current_one_first() {
        let signing = Signing::with(["new", "old"].map(Secret::new));
        assert_eq!(texts(&signing, NOW), ["new", "old"]);
        assert_eq!(texts(&Signing::with([]), NOW), [""; 0]);
    }

    #[test]
    fn after_a_rotation_both_sign_until_the_overlap_ends() {
        let signing = Signing::with([Secret::new("a")]).rotated(Some(Secret::new("b")), NOW + 10, NOW);
        assert_eq!(texts(&signing, NOW + 9), ["b", "a"]);
        assert_eq!(texts(&signing, NOW + 10), ["b"]);
        let again = signing.rotated(Some(Secret::new("c")), NOW + 20, NOW + 5);
        assert_eq!(texts(&again, NOW + 6), ["c", "b", "a"]);
        assert_eq!(texts(&again, NOW + 15), ["c", "b"]);
        assert_eq!(texts(&again.rotated(Some(Secret::new("b")), NOW + 30, NOW + 16), NOW + 17), ["b", "c"]);
    }

    #[test]
    fn the_same_secret_again_changes_nothing_and_none_signs_nothing() {
        let signing = Signing::with([Secret::new("a")]).rotated(Some(Secret::new("b")), NOW + 10, NOW);
        assert_eq!(signing.rotated(Some(Secret::new("b")), NOW + 99, NOW + 1), signing);
        assert_eq!(texts(&signing.rotated(None, NOW + 99, NOW + 1), NOW + 2), [""; 0]);
        let at_once = Signing::with([Secret::new("a")]).rotated(Some(Secret::new("b")), NOW, NOW);
        assert_eq!(texts(&at_once, NOW), ["b"]);
    }
}
