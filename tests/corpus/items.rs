//! The items of a POST, found by a reading of its own: serde_json and the definition of an item, none of the gateway's
//! code. Knows neither accounts nor delivery.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The arrays of a value whose elements are items.
const LISTS: [&str; 11] = [
    "messages",
    "statuses",
    "errors",
    "message_echoes",
    "calls",
    "groups",
    "history",
    "state_sync",
    "user_preferences",
    "user_id_update",
    "automatic_events",
];

/// An item with all that stands beside it, as bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    /// The item's own bytes.
    pub(crate) bytes: String,
    /// The other members of its levels, by level and name. Of contacts only whether there are any: a delivery has
    /// those that belong to its item.
    beside: Vec<(String, String)>,
}

/// The members of an object, each as its bytes.
pub(crate) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The items of a POST, in order.
pub(crate) fn of(body: &[u8]) -> Vec<Item> {
    let post: Members<'_> = serde_json::from_slice(body).expect("a POST is a JSON object");
    let around = beside("post", &post, &["entry"]);
    elements(post.get("entry").expect("a POST has entries")).iter().flat_map(|entry| of_entry(entry, &around)).collect()
}

fn of_entry(entry: &RawValue, around: &[(String, String)]) -> Vec<Item> {
    let members: Members<'_> = object(entry).expect("an entry is an object");
    let changes = members.get("changes").map(|changes| elements(changes)).unwrap_or_default();
    if changes.is_empty() {
        return vec![Item { bytes: entry.get().to_owned(), beside: around.to_vec() }];
    }
    let around = [around, &beside("entry", &members, &["changes"])].concat();
    changes.iter().flat_map(|change| of_change(change, &around)).collect()
}

fn of_change(change: &RawValue, around: &[(String, String)]) -> Vec<Item> {
    let members = object(change).unwrap_or_default();
    let value = members.get("value").and_then(|value| object(value)).unwrap_or_default();
    let lists = LISTS.iter().filter_map(|list| value.get(*list)).flat_map(|list| elements(list));
    let found: Vec<&RawValue> = lists.filter(|_| value.contains_key("metadata")).collect();
    if found.is_empty() {
        return vec![Item { bytes: change.get().to_owned(), beside: around.to_vec() }];
    }
    let mut around = [around, &beside("change", &members, &["value"])].concat();
    around.extend(beside("value", &value, &[&LISTS[..], &["contacts"]].concat()));
    if value.contains_key("contacts") {
        around.push(("contacts".to_owned(), "some".to_owned()));
    }
    found.iter().map(|item| Item { bytes: item.get().to_owned(), beside: around.clone() }).collect()
}

/// The members of `json`, if it is an object. Its texts may be such as serde_json would not decode.
pub(crate) fn object(json: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(json.get()).ok()
}

/// The elements of `json`; none if it is no array.
pub(crate) fn elements(json: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(json.get()).unwrap_or_default()
}

fn beside(level: &str, members: &Members<'_>, without: &[&str]) -> Vec<(String, String)> {
    let others = members.iter().filter(|(name, _)| !without.contains(&name.as_str()));
    others.map(|(name, value)| (format!("{level}.{name}"), value.get().to_owned())).collect()
}

#[test]
fn a_batch_is_read_as_its_items_and_an_odd_change_as_one() {
    let body = br#"{"object":"o","entry":[{"id":"1","changes":[
        {"field":"messages","value":{"metadata":{},"messages":[{"id":"a"},{"id": "b"}],"statuses":[{"id":"c"}]}},
        {"field":"new","value":[1]}]},{"id":"2"}]}"#;
    let bytes: Vec<String> = of(body).into_iter().map(|item| item.bytes).collect();
    let expected =
        [r#"{"id":"a"}"#, r#"{"id": "b"}"#, r#"{"id":"c"}"#, r#"{"field":"new","value":[1]}"#, r#"{"id":"2"}"#];
    assert_eq!(bytes, expected);
}
