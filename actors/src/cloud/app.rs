//! The app's own webhook subscription at Meta, and the fields it should have. Pure: knows no HTTP and no gateway.

use super::json;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// The only object whose subscription is ours to read and to change.
pub const OBJECT: &str = "whatsapp_business_account";

/// What tells how an account fares: bans, limits, reviews, templates. Some of it Wharf acts upon, all of it somebody will
/// miss on the day it is needed.
pub const WORTH_HAVING: [&str; 10] = [
    "account_alerts",
    "account_review_update",
    "account_update",
    "business_capability_update",
    "message_template_quality_update",
    "message_template_status_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "template_category_update",
];

/// Where Meta sends the webhooks of our app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppSubscription {
    /// The callback.
    pub callback_url: String,
    /// Whether anything is sent at all.
    pub active: bool,
    /// The fields that are sent, ascending as text.
    pub fields: BTreeSet<String>,
}

impl AppSubscription {
    /// Reads the answer of `GET /{app}/subscriptions`; `None` where nothing is subscribed for our object.
    pub fn read(body: &[u8]) -> Option<Self> {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let ours = json::elements(answer.get("data")).iter().find(|entry| entry["object"] == OBJECT)?;
        let name = |field: &Value| json::text(&field["name"]).or_else(|| json::text(field));
        Some(Self {
            callback_url: json::text(&ours["callback_url"]).unwrap_or_default(),
            active: ours["active"].as_bool().unwrap_or(true),
            fields: json::elements(ours.get("fields")).iter().filter_map(name).collect(),
        })
    }
}

/// What the app should be subscribed to: what the routes ask for (one that asks for nothing in particular wants
/// messages), and what tells how accounts fare.
pub fn wanted_fields<'r>(routes: impl IntoIterator<Item = &'r [String]>) -> BTreeSet<String> {
    let mut wanted: BTreeSet<String> = WORTH_HAVING.into_iter().map(str::to_owned).collect();
    for fields in routes {
        match fields.is_empty() {
            true => _ = wanted.insert("messages".to_owned()),
            false => wanted.extend(fields.iter().cloned()),
        }
    }
    wanted
}

/// Whether `text` can be the name of a field.
pub fn is_field(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_the_subscription_of_our_object_is_read() {
        let body = br#"{"data":[
            {"object":"page","callback_url":"https://other.example","active":true,"fields":[{"name":"feed"}]},
            {"object":"whatsapp_business_account","callback_url":"https://wa.example.com/support","active":false,
             "fields":[{"name":"messages","version":"v25.0"},"account_update"]}]}"#;
        let read = AppSubscription::read(body).unwrap();
        assert_eq!((read.callback_url.as_str(), read.active), ("https://wa.example.com/support", false));
        assert_eq!(read.fields.iter().collect::<Vec<_>>(), ["account_update", "messages"]);
        for nothing in ["", "null", r#"{"data":[]}"#, r#"{"data":[{"object":"page"}]}"#] {
            assert_eq!(AppSubscription::read(nothing.as_bytes()), None, "{nothing}");
        }
    }

    #[test]
    fn the_fields_are_those_of_the_routes_and_those_worth_having() {
        let calls = ["calls".to_owned()];
        let wanted = wanted_fields([&calls[..]]);
        assert!(wanted.contains("calls") && wanted.contains("account_update") && !wanted.contains("messages"));
        assert!(wanted_fields([&calls[..], &[]]).contains("messages"), "a route without a filter wants messages");
        assert_eq!(wanted_fields([]).len(), WORTH_HAVING.len());
    }

    #[test]
    fn a_field_is_small_letters_and_underscores() {
        assert!(is_field("account_update"));
        for odd in ["", "Messages", "messages ", "a,b", "a&b=c"] {
            assert!(!is_field(odd), "{odd}");
        }
    }
}
