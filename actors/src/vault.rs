//! Secrets that the store keeps: sealed with a key from the settings, so that a stolen disk gives none away. Knows
//! neither whose secrets they are nor where they lie.

use crate::gateway::Secret;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;

/// Of a sealed secret: its first byte. Another layout gets another.
const VERSION: u8 = 1;
/// Tells which key sealed, without telling anything of it.
const KEY_ID_LEN: usize = 4;

/// Seals and opens secrets.
#[derive(Default)]
pub struct Vault {
    /// The first seals; all open.
    keys: Vec<Key>,
}

struct Key {
    id: [u8; KEY_ID_LEN],
    cipher: LessSafeKey,
}

/// Why a secret could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no key.
    #[error(
        "storage.secret_key is not set: it encrypts the secrets that the store keeps; set it to at least 32 random characters, such as `openssl rand -base64 32` gives, and restart"
    )]
    NoKey,
    /// A key that is no longer in the settings sealed it.
    #[error(
        "it was encrypted with a key that storage.secret_key does not hold; add that key to the list again, or set the secret anew"
    )]
    OtherKey,
    /// These are not the bytes that were sealed under this name.
    #[error("its encrypted bytes are damaged, or belong to something else; set the secret anew")]
    Damaged,
    /// The system gave no chance.
    #[error("the system's source of random numbers failed; try again")]
    NoChance,
}

impl Vault {
    /// `keys` are the texts of the setting, the current one first; the earlier ones open what they sealed.
    pub fn new(keys: &[Secret]) -> Self {
        Self { keys: keys.iter().map(Key::of).collect() }
    }

    /// Whether secrets can be kept.
    pub fn has_key(&self) -> bool {
        !self.keys.is_empty()
    }

    /// `secret` for the store. It opens under the same `name` only: a record moved to another place stays shut.
    pub fn seal(&self, name: &str, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        let key = self.keys.first().ok_or(VaultError::NoKey)?;
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| VaultError::NoChance)?;
        let mut text = secret.reveal().as_bytes().to_vec();
        let aad = Aad::from(name.as_bytes());
        key.cipher
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text)
            .expect("a secret is far shorter than the cipher's limit of 256 GiB");
        Ok([&[VERSION], &key.id[..], &nonce, &text].concat())
    }

    /// What was sealed under `name`.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Secret, VaultError> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(VaultError::Damaged)?;
        let (id, rest) = rest.split_first_chunk::<KEY_ID_LEN>().ok_or(VaultError::Damaged)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Damaged)?;
        if self.keys.is_empty() {
            return Err(VaultError::NoKey);
        }
        let key = self.keys.iter().find(|key| key.id == *id).ok_or(VaultError::OtherKey)?;
        let mut text = text.to_vec();
        let aad = Aad::from(name.as_bytes());
        let opened = key.cipher.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut text);
        let opened = opened.map_err(|_| VaultError::Damaged)?;
        String::from_utf8(opened.to_vec()).map(Secret::new).map_err(|_| VaultError::Damaged)
    }
}

impl Key {
    fn of(text: &Secret) -> Self {
        let secret = Salt::new(HKDF_SHA256, b"wharf vault 1").extract(text.reveal().as_bytes());
        let cipher = secret.expand(&[b"cipher"], &CHACHA20_POLY1305).expect("32 bytes are within HKDF's limit");
        let cipher = LessSafeKey::new(UnboundKey::from(cipher));
        let mut id = [0; 32];
        let named = secret.expand(&[b"id"], HKDF_SHA256).expect("32 bytes are within HKDF's limit");
        named.fill(&mut id).expect("as many bytes as were asked for");
        let (id, _) = id.split_first_chunk().expect("32 are more than 4");
        Self { id: *id, cipher }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "token of 102290129340398";

    fn vault(keys: &[&str]) -> Vault {
        Vault::new(&keys.iter().map(|key| Secret::new(*key)).collect::<Vec<_>>())
    }

    #[test]
    fn what_was_sealed_opens_and_shows_nothing_of_itself() {
        let vault = vault(&["the key of this test, long enough"]);
        let sealed = vault.seal(NAME, &Secret::new("EAAG-a-token")).expect("a key is there");
        assert!(!sealed.windows(5).any(|five| five == b"EAAG-"));
        assert_ne!(sealed, vault.seal(NAME, &Secret::new("EAAG-a-token")).expect("a key is there"));
        assert_eq!(vault.open(NAME, &sealed), Ok(Secret::new("EAAG-a-token")));
        assert_eq!(format!("{vault:?}"), "Vault(1 keys)");
    }

    #[test]
    fn a_key_that_was_replaced_still_opens_what_it_sealed() {
        let sealed = vault(&["old"]).seal(NAME, &Secret::new("x")).expect("a key is there");
        assert_eq!(vault(&["new", "old"]).open(NAME, &sealed), Ok(Secret::new("x")));
        assert_eq!(vault(&["new"]).open(NAME, &sealed), Err(VaultError::OtherKey));
        assert_eq!(vault(&[]).open(NAME, &sealed), Err(VaultError::NoKey));
        assert_eq!(vault(&[]).seal(NAME, &Secret::new("x")), Err(VaultError::NoKey));
    }

    #[test]
    fn bytes_that_were_changed_or_moved_do_not_open() {
        let vault = vault(&["the key"]);
        let sealed = vault.seal(NAME, &Secret::new("x")).expect("a key is there");
        assert_eq!(vault.open("token of another", &sealed), Err(VaultError::Damaged));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open(NAME, &changed).is_err(), "byte {at}");
            assert!(vault.open(NAME, &sealed[..at]).is_err(), "cut at {at}");
        }
    }
}
