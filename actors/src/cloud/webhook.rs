//! Meta's POST, cut into items. Pure: bytes in, items out; knows neither accounts nor time.
//!
//! One pass checks the JSON and notes where its values lie ([`tape`]); [`levels`] finds the items; [`scope`] and
//! [`facts`] say what they mean; [`envelope`] gives each one an envelope of its own, copied from the original bytes.

mod account;
mod contacts;
mod cut;
mod envelope;
mod facts;
mod levels;
mod media;
mod natural;
mod opaque;
mod people;
mod scope;
pub(crate) mod tape;
#[cfg(test)]
mod tests;

pub use opaque::with_opaque;

use crate::cloud::item::Item;
use bytes::Bytes;

/// Why a body holds no items at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The body is not JSON, or not an object.
    #[error("the body is not a JSON object; a webhook of Meta is {{\"object\":…,\"entry\":[…]}}")]
    NotJson,
    /// The object has no array `entry`.
    #[error("the body has no array `entry`; a webhook of Meta is {{\"object\":…,\"entry\":[…]}}")]
    NoEntries,
}

/// Cuts a POST into its items, in the order in which they stand.
///
/// Whatever is odd below `entry` is an item too: nothing is dropped, nothing fails its batch. The only POSTs that are
/// not cut are those that would grow beyond 64 MiB by it (Meta's never do): they are one item that claims no account.
pub fn split(body: &Bytes) -> Result<Vec<Item>, Malformed> {
    let tape = tape::Tape::read(body).ok_or(Malformed::NotJson)?;
    let post = tape.root();
    if !post.is_object() {
        return Err(Malformed::NotJson);
    }
    if levels::entry_arrays(post).next().is_none() {
        return Err(Malformed::NoEntries);
    }
    Ok(cut::cut(body, post).unwrap_or_else(|_| vec![cut::uncut(body, post)]))
}

/// Where the `value` of a change lies in `body`, if the item at `item` is a change that has one.
pub(crate) fn value_of_change(body: &[u8], item: (u32, u32)) -> Option<(u32, u32)> {
    let tape = tape::Tape::read(body)?;
    let entries = levels::entry_arrays(tape.root()).flat_map(tape::Value::elements);
    let mut changes = entries.flat_map(levels::change_arrays).flat_map(tape::Value::elements);
    changes.find(|change| change.span() == item)?.get("value").map(tape::Value::span)
}
