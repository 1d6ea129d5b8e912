//! What an application receives: the body of a delivery in either format, and its headers. Knows no HTTP client.

use crate::cloud::{signature, webhook};
use crate::gateway::Secret;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use wharf_storage::{Disposition, Event, EventDialog, EventKind};

/// Meta's envelope holding the one item, as it is kept.
pub fn meta_body(event: &Event) -> Bytes {
    event.body.clone()
}

/// The item with its dialog and variables, as JSON; the item's bytes (of a whole change: its `value`'s) as they came.
/// `message_ref` names the outbound message that a status belongs to, in place of Meta's id.
pub fn dialog_body(event: &Event, message_ref: Option<&str>) -> Vec<u8> {
    let head = Head {
        id: event.id(),
        kind: event.kind.word(),
        field: &event.field,
        received_at: rfc3339(event.received_at_ms),
        message_id: message_ref.or(event.message_id.as_deref()),
        dialog: dialog(event),
    };
    let mut body = serde_json::to_vec(&head).expect("plain text and numbers always encode");
    body.pop();
    body.extend(b",\"message\":");
    body.extend(message_bytes(event));
    body.push(b'}');
    body
}

/// The headers of a delivery of `event`, whose formatted body is `body`. Without a secret nothing is signed.
///
/// A variable that is not visible ASCII (Meta sends none such) is left out rather than spoiling the request.
pub fn delivery_headers(
    event: &Event,
    body: &[u8],
    secret: Option<&Secret>,
    attempt: u32,
    now_s: u64,
) -> Vec<(&'static str, String)> {
    let id = event.id();
    let mut headers = vec![("X-Wharf-Attempt", attempt.to_string()), ("webhook-timestamp", now_s.to_string())];
    if let Some(secret) = secret {
        headers.push(("X-Hub-Signature-256", signature::sign(secret, body)));
        headers.push(("webhook-signature", signature::webhook_signature(secret, &id, now_s, body)));
    }
    let variables = Variables::of(event);
    let texts = [
        ("webhook-id", Some(&*id)),
        ("X-WhatsApp-Business", variables.business),
        ("X-WhatsApp-Account", variables.account),
        ("X-WhatsApp-Number", variables.number),
    ];
    headers.extend(texts.into_iter().filter_map(|(name, text)| Some((name, header_value(text?)?))));
    headers
}

fn header_value(text: &str) -> Option<String> {
    let is_visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_visible.then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[derive(Serialize)]
struct Head<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    field: &'a str,
    received_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    dialog: Dialog<'a>,
}

/// Of an event without a dialog only the variables are there.
#[derive(Serialize)]
struct Dialog<'a> {
    #[serde(flatten)]
    known: Option<Known<'a>>,
    variables: Variables<'a>,
}

#[derive(Serialize)]
struct Known<'a> {
    id: String,
    new: bool,
    customer: Customer<'a>,
    window_expires_at: Option<String>,
}

#[derive(Serialize)]
struct Customer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wa_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<&'a str>,
}

/// The dialog variables.
#[derive(Serialize)]
struct Variables<'a> {
    #[serde(rename = "whatsapp.business", skip_serializing_if = "Option::is_none")]
    business: Option<&'a str>,
    #[serde(rename = "whatsapp.account", skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(rename = "whatsapp.number", skip_serializing_if = "Option::is_none")]
    number: Option<&'a str>,
}

impl<'a> Variables<'a> {
    fn of(event: &'a Event) -> Self {
        let business = match event.disposition {
            Disposition::Routed | Disposition::Inactive => Some(&*event.stream),
            Disposition::Test | Disposition::Quarantined => event.claimed.as_deref(),
        };
        Self { business, account: event.number.id.as_deref(), number: event.number.display.as_deref() }
    }
}

fn dialog(event: &Event) -> Dialog<'_> {
    Dialog { known: event.dialog.as_ref().map(known), variables: Variables::of(event) }
}

fn known(dialog: &EventDialog) -> Known<'_> {
    Known {
        id: dialog.id.to_string(),
        new: dialog.new,
        customer: Customer {
            user_id: dialog.user_id.as_deref(),
            wa_id: dialog.wa_id.as_deref(),
            group_id: dialog.group_id.as_deref(),
        },
        window_expires_at: dialog.window_expires_at_ms.map(rfc3339),
    }
}

fn message_bytes(event: &Event) -> &[u8] {
    let is_whole_change = event.kind == EventKind::Account;
    let value = is_whole_change.then(|| webhook::value_of_change(&event.body, event.item)).flatten();
    value.map_or_else(|| event.item_bytes(), |(start, end)| &event.body[start as usize..end as usize])
}

/// RFC 3339 in UTC with milliseconds.
fn rfc3339(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok());
    format!("{:.3}", at.unwrap_or(Timestamp::MAX))
}
