//! Keys of records: parts joined so that order of keys is order of parts, and a prefix of parts is a prefix of bytes.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;

/// A record's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Key(#[serde(with = "key_bytes")] pub Vec<u8>);

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

/// Builds a [`Key`] part by part.
#[derive(Debug, Default)]
pub struct KeyBuilder(Vec<u8>);

impl KeyBuilder {
    /// Starts an empty key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds text, ended by a zero byte (ids never hold one; one that does is cut there). Text longer than any id, over
    /// 256 bytes, is kept as its first 256 and a hash of all, so that no stranger's id makes a key of megabytes.
    pub fn text(mut self, part: &str) -> Self {
        let part = part.split('\0').next().unwrap_or_default().as_bytes();
        self.0.extend_from_slice(&part[..part.len().min(LONGEST_TEXT)]);
        if part.len() > LONGEST_TEXT {
            self.0.extend(format!("{:032x}", fingerprint(part)).bytes());
        }
        self.0.push(0);
        self
    }

    /// Adds a number, most significant byte first.
    pub fn number(mut self, part: u64) -> Self {
        self.0.extend(part.to_be_bytes());
        self
    }

    /// The key.
    pub fn build(self) -> Key {
        Key(self.0)
    }
}

/// Bytes of a text part that are kept as they are.
const LONGEST_TEXT: usize = 256;

/// FNV-1a in 128 bits: part of the format on disk, so it is written out here.
fn fingerprint(bytes: &[u8]) -> u128 {
    let step =
        |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B);
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, step)
}

/// The first key beyond all those that start with `prefix`; `None` where no key is.
pub(crate) fn beyond(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut beyond = prefix[..=last].to_vec();
    beyond[last] += 1;
    Some(beyond)
}

/// Where a page of `prefix` before `before`, read backwards, begins: below this key. `None` is above all keys.
pub(crate) fn ceiling(prefix: &[u8], before: Option<&[u8]>) -> Option<Vec<u8>> {
    let before = before.map(<[u8]>::to_vec);
    let ceiling = match (beyond(prefix), before) {
        (Some(beyond), Some(before)) => Some(beyond.min(before)),
        (beyond, before) => beyond.or(before),
    };
    ceiling.map(|ceiling| ceiling.max(prefix.to_vec()))
}

mod key_bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        bytes::Bytes::deserialize(from).map(|bytes| bytes.to_vec())
    }
}
