//! Checks of Meta's webhook dialect, field by field, trap by trap, and by chance.
#![allow(clippy::unwrap_used)]

mod corpus;
mod fields;
mod fuzz;
mod properties;
mod shapes;
mod speed;
mod traps;

use super::{Malformed, split};
use crate::cloud::item::{Customer, Item};
use bytes::Bytes;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use wharf_storage::{EventKind, NumberRef, Stamp};

const WABA: &str = "102290129340398";
const NUMBER: &str = "106540352242922";
const METADATA: &str = r#""messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"}"#;

fn items(body: impl AsRef<str>) -> Vec<Item> {
    split(&Bytes::copy_from_slice(body.as_ref().as_bytes())).expect("the body holds items")
}

fn only(body: impl AsRef<str>) -> Item {
    let mut items = items(body);
    assert_eq!(items.len(), 1, "exactly one item was expected");
    items.remove(0)
}

/// A POST of one change, without `entry.time`.
fn post(field: &str, value: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"{WABA}","changes":[{{"value":{value},"field":"{field}"}}]}}]}}"#
    )
}

/// A POST of one change of an account field, with `entry.time`.
fn timed_post(field: &str, value: &str) -> String {
    format!(
        r#"{{"entry":[{{"id":"{WABA}","time":1739321024,"changes":[{{"value":{value},"field":"{field}"}}]}}],"object":"whatsapp_business_account"}}"#
    )
}

/// A POST of one change whose value has `metadata` and `members`.
fn number_post(field: &str, members: &str) -> String {
    post(field, &format!("{{{METADATA},{members}}}"))
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the test's bytes are text")
}

fn some(text: &str) -> Option<Box<str>> {
    Some(text.into())
}

fn person(wa_id: Option<&str>, user_id: Option<&str>) -> Customer {
    Customer { wa_id: wa_id.map(Into::into), user_id: user_id.map(Into::into), ..Customer::default() }
}

/// Everything an item says, apart from the envelope around it.
fn without_envelope(item: &Item) -> Item {
    Item { body: Bytes::copy_from_slice(item.bytes()), item: (0, 0), ..item.clone() }
}

/// The promise of every split: verbatim items, and envelopes that hold exactly their item.
fn assert_sound(body: &[u8], items: &[Item]) {
    for item in items {
        assert!(contains(body, item.bytes()), "an item is not a verbatim part of the POST");
        let again = split(&item.body).expect("a rebuilt envelope is a webhook");
        assert_eq!(again.len(), 1, "a rebuilt envelope holds one item: {}", String::from_utf8_lossy(&item.body));
        assert_eq!(without_envelope(&again[0]), without_envelope(item), "{}", String::from_utf8_lossy(&item.body));
        assert_eq!(again[0].item, item.item);
    }
    if let [single] = items {
        assert_eq!(single.body, body);
    }
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    part.is_empty() || body.windows(part.len()).any(|window| window == part)
}

/// Every scalar of a document with the names on the way to it.
fn leaves(json: &Json, path: &str, into: &mut BTreeSet<String>) {
    match json {
        Json::Object(members) => {
            members.iter().for_each(|(name, value)| leaves(value, &format!("{path}.{name}"), into));
        }
        Json::Array(elements) => elements.iter().for_each(|value| leaves(value, &format!("{path}[]"), into)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            into.insert(format!("{path}={json}"));
        }
    }
}

/// Nothing of the POST is missing from all deliveries, and nothing was added.
fn assert_lossless(body: &[u8], items: &[Item]) {
    let mut before = BTreeSet::new();
    leaves(&serde_json::from_slice(body).expect("the POST is JSON"), "", &mut before);
    let mut after = BTreeSet::new();
    for item in items {
        leaves(&serde_json::from_slice(&item.body).expect("an envelope is JSON"), "", &mut after);
    }
    assert_eq!(before, after);
}

/// How many items a POST holds, counted by another parser from the definition.
fn counted(post: &Json) -> usize {
    post["entry"].as_array().map_or(0, |entries| entries.iter().map(counted_in_entry).sum())
}

fn counted_in_entry(entry: &Json) -> usize {
    let changes = entry["changes"].as_array().map_or(0, |changes| changes.iter().map(counted_in_change).sum());
    changes.max(1)
}

fn counted_in_change(change: &Json) -> usize {
    const LISTS: &str = "messages statuses errors message_echoes calls groups history state_sync user_preferences \
                         user_id_update automatic_events";
    let value = &change["value"];
    if value.get("metadata").is_none() {
        return 1;
    }
    let elements = LISTS.split(' ').map(|list| value[list].as_array().map_or(0, Vec::len)).sum::<usize>();
    elements.max(1)
}
