//! Keys of records: parts joined so that order of keys is order of parts, and a prefix of parts is a prefix of bytes.

use serde::{Deserialize, Serialize};

/// A record's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Key(#[serde(with = "key_bytes")] pub Vec<u8>);

/// Builds a [`Key`] part by part.
#[derive(Debug, Default)]
pub struct KeyBuilder(Vec<u8>);

impl KeyBuilder {
    /// Starts an empty key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds text, ended by a zero byte (ids never hold one; one that does is cut there).
    pub fn text(mut self, part: &str) -> Self {
        self.0.extend(part.bytes().take_while(|byte| *byte != 0));
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

mod key_bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        bytes::Bytes::deserialize(from).map(|bytes| bytes.to_vec())
    }
}
