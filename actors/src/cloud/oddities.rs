//! Whatever Meta or an application sends, no reader of this room panics.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::business::{Page, node, nodes, subscribed_apps};
use super::node::{AccountNode, Element, Progress};
use super::refusal::Refusal;
use super::send::{Outbound, Taken};
use super::token::TokenReport;
use super::{ids, splice};

/// The names that the readers look for, so that odd values meet them.
const NAMES: [&str; 22] = [
    "error",
    "code",
    "message",
    "data",
    "paging",
    "cursors",
    "after",
    "next",
    "id",
    "is_valid",
    "granular_scopes",
    "target_ids",
    "scope",
    "scopes",
    "whatsapp_business_api_data",
    "override_callback_uri",
    "phone_numbers",
    "messages",
    "contacts",
    "to",
    "messaging_product",
    "context",
];

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let name = prop_oneof![4 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => ".{0,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn read_everything(body: &[u8]) {
    let body = Bytes::copy_from_slice(body);
    let refusal = Refusal::read(400, &body);
    let _ = (refusal.class(), refusal.to_string(), Refusal::of_object(&body));
    let _ = (Outbound::read(&body), Taken::read(&body), TokenReport::read(&body));
    let _ = (node(&body), nodes(&body), Page::read(&body, 1));
    let _ = (splice::marked(&body, "m"), splice::requoted(&body, "w"), splice::with_product(&body, "p"));
    let account = AccountNode::read("1", &body);
    let element =
        Element { account: &account, subscribed_fields: None, error: Some(&body), progress: Progress::Pending };
    serde_json::to_string(&element).expect("an element always serialises");
    let _ = (account.number_names(), ids::parse([String::from_utf8_lossy(&body)]));
}

proptest! {
    #[test]
    fn odd_json_never_panics(value in anything()) {
        read_everything(value.to_string().as_bytes());
        let _ = (Page::beside_node(value.clone()), subscribed_apps(&value));
    }

    #[test]
    fn odd_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        read_everything(&bytes);
    }
}
