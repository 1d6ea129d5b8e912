//! A made-up message for trying a route out: with the number of the App Dashboard's own tests, so that an application
//! which knows those takes it for no customer's. Knows no journal: it has no place in one.

use super::webhook;
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;
use wharf_storage::{Disposition, Event, NumberRef};

/// The phone number id of Meta's test payloads.
pub const NUMBER: &str = "123456123";
/// Their display number.
const DISPLAY: &str = "16505551111";
/// Their customer.
const CUSTOMER: &str = "16315551181";

/// A message that says it is a test of `route`, as if `account` had got it.
pub fn message(gateway: &Arc<str>, account: &str, route: &str, now: u64) -> Event {
    let text = format!("This is a test of the route {route}, not a customer's message.");
    let message = json!({
        "from": CUSTOMER, "id": format!("wharf.test.{now}"), "timestamp": (now / 1000).to_string(),
        "type": "text", "text": {"body": text},
    });
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": DISPLAY, "phone_number_id": NUMBER},
        "contacts": [{"profile": {"name": "Wharf"}, "wa_id": CUSTOMER}],
        "messages": [message],
    });
    let entry = json!({"id": account, "changes": [{"field": "messages", "value": value}]});
    let post = json!({"object": "whatsapp_business_account", "entry": [entry]});
    let items = webhook::split(&Bytes::from(post.to_string())).expect("an envelope like Meta's can be split");
    let item = items.into_iter().next().expect("it holds one message");
    Event {
        stream: "test".into(),
        seq: now,
        received_at_ms: now,
        kind: item.kind,
        disposition: Disposition::Test,
        gateway: Arc::clone(gateway),
        secret: 0,
        field: item.field,
        claimed: Some(account.into()),
        number: NumberRef { id: Some(NUMBER.into()), display: Some(DISPLAY.into()) },
        dialog: None,
        lane: 0,
        message_id: item.message_id,
        outbound: None,
        wanted_by: Vec::new(),
        body: item.body,
        item: item.item,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::format::{delivery_headers, meta_body};
    use serde_json::Value;

    #[test]
    fn a_test_delivery_looks_like_a_message_and_says_that_it_is_none() {
        let event = message(&"main".into(), "102", "main/bot", 1_800_000_000_123);
        let body: Value = serde_json::from_slice(&meta_body(&event)).expect("JSON");
        let value = &body["entry"][0]["changes"][0]["value"];
        assert_eq!((&body["entry"][0]["id"], &value["metadata"]["phone_number_id"]), (&json!("102"), &json!(NUMBER)));
        assert!(value["messages"][0]["text"]["body"].as_str().is_some_and(|text| text.contains("main/bot")));
        let headers = delivery_headers(&event, b"{}", &[], 1, 1);
        assert!(headers.contains(&("webhook-id", "test.1800000000123".to_owned())));
        assert!(headers.contains(&("X-WhatsApp-Business", "102".to_owned())));
    }
}
