//! What an application receives: the body of a delivery in either format, and its headers. Knows no HTTP client.

use crate::cloud::{signature, webhook};
use crate::gateway::Secret;
use crate::gateway::template::Variable;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wharf_storage::{Disposition, Event, EventDialog, EventKind};

/// Meta's envelope holding the one item, as it is kept.
pub fn meta_body(event: &Event) -> Bytes {
    event.body.clone()
}

/// The item with its dialog and variables, as JSON; the item's bytes (of a whole change: its `value`'s) as they came.
/// A status of a message of ours names it by our id in place of Meta's.
pub fn dialog_body(event: &Event) -> Vec<u8> {
    let head = Head {
        id: event.id(),
        kind: event.kind.word(),
        field: &event.field,
        received_at: rfc3339(event.received_at_ms),
        message_id: event.outbound.as_deref().or(event.message_id.as_deref()),
        dialog: dialog(event),
    };
    let mut body = serde_json::to_vec(&head).expect("plain text and numbers always encode");
    body.pop();
    body.extend(b",\"message\":");
    body.extend(message_bytes(event));
    body.push(b'}');
    body
}

/// Meta's envelope holding one item of each event, every entry's bytes as they are kept; `None` where one is kept in a
/// form that no JSON reader takes.
pub fn meta_batch(events: &[&Event]) -> Option<Vec<u8>> {
    let envelopes = events.iter().map(|event| serde_json::from_slice::<Envelope<'_>>(&event.body).ok());
    let envelopes: Vec<Envelope<'_>> = envelopes.collect::<Option<_>>()?;
    let object = envelopes.first().and_then(|first| first.object);
    let entries: Vec<&RawValue> = envelopes.iter().flat_map(|envelope| envelope.entry.iter().copied()).collect();
    serde_json::to_vec(&Envelope { object, entry: entries }).ok()
}

/// The bodies of `dialog` deliveries as one array.
pub fn dialog_batch(events: &[&Event]) -> Vec<u8> {
    let mut all = b"[".to_vec();
    for (nth, event) in events.iter().enumerate() {
        if nth > 0 {
            all.push(b',');
        }
        all.extend(dialog_body(event));
    }
    all.push(b']');
    all
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    entry: Vec<&'a RawValue>,
}

/// The headers of a delivery of several events of one account: `webhook-id` names the first and the last, and of the
/// variables those are there that all of them share.
pub fn batch_headers(events: &[&Event], body: &[u8], secrets: &[&Secret], now_s: u64) -> Vec<(&'static str, String)> {
    let [first, .., last] = events else { return Vec::new() };
    let id = format!("{}..{}", first.id(), last.id());
    let all = |variable: fn(&Event) -> Option<&str>| {
        let shared = variable(first);
        shared.filter(|_| events.iter().all(|event| variable(event) == shared))
    };
    let variables = Variables {
        business: Variables::of(first).business,
        account: all(|event| event.number.id.as_deref()),
        number: all(|event| event.number.display.as_deref()),
    };
    headers(&id, variables, body, secrets, 1, now_s)
}

/// The headers of a delivery of `event`, whose formatted body is `body`, signed with each of `secrets`, the current one
/// first: Meta's header has room for that one alone. Without a secret nothing is signed.
///
/// A variable that is not visible ASCII (Meta sends none such) is left out rather than spoiling the request.
pub fn delivery_headers(
    event: &Event,
    body: &[u8],
    secrets: &[&Secret],
    attempt: u32,
    now_s: u64,
) -> Vec<(&'static str, String)> {
    let mut headers = headers(&event.id(), Variables::of(event), body, secrets, attempt, now_s);
    headers.extend(event.outbound.as_deref().map(|id| ("X-Wharf-Message", id.to_owned())));
    headers
}

fn headers(
    id: &str,
    variables: Variables<'_>,
    body: &[u8],
    secrets: &[&Secret],
    attempt: u32,
    now_s: u64,
) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("Content-Type", "application/json".to_owned()),
        ("X-Wharf-Attempt", attempt.to_string()),
        ("webhook-timestamp", now_s.to_string()),
    ];
    if let Some(current) = secrets.first() {
        let each = secrets.iter().map(|secret| signature::webhook_signature(secret, id, now_s, body));
        headers.push(("X-Hub-Signature-256", signature::sign(current, body)));
        headers.push(("webhook-signature", each.collect::<Vec<_>>().join(" ")));
    }
    let texts = [
        ("webhook-id", Some(id)),
        ("X-WhatsApp-Business", variables.business),
        ("X-WhatsApp-Account", variables.account),
        ("X-WhatsApp-Number", variables.number),
    ];
    headers.extend(texts.into_iter().filter_map(|(name, text)| Some((name, header_value(text?)?))));
    headers
}

/// The header of a status that was accepted after a later one of its message, for routes that ask for the mark.
pub fn superseded_header(event: &Event) -> Option<(&'static str, String)> {
    event.is_superseded().then(|| ("X-Wharf-Superseded", "true".to_owned()))
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
#[derive(Clone, Copy, Serialize)]
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

/// The value of a dialog variable, where the event has one.
pub fn variable(event: &Event, which: Variable) -> Option<&str> {
    let variables = Variables::of(event);
    match which {
        Variable::Business => variables.business,
        Variable::Account => variables.account,
        Variable::Number => variables.number,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::cloud::webhook::split;
    use serde_json::{Value as Json, json};
    use wharf_storage::NumberRef;

    const POST: &str = r#"{"object":"o","entry":[{"id":"102","changes":[{"value":{"metadata":{"phone_number_id":"106"},"messages":[{"from":"1650","id":"wamid.A","text":{"body":"\u00e9 \ud83d \/"}}]},"field":"messages"}]}]}"#;

    fn event(post: &'static str) -> Event {
        let item = split(&Bytes::from_static(post.as_bytes())).unwrap().remove(0);
        Event {
            stream: "102".into(),
            seq: 7,
            received_at_ms: 1_700_000_000_123,
            kind: item.kind,
            disposition: Disposition::Routed,
            gateway: "support".into(),
            secret: 0,
            field: item.field,
            claimed: item.owner.entry_id,
            number: NumberRef { id: Some("106".into()), display: Some("+1 555-078-3881".into()) },
            dialog: Some(EventDialog {
                id: 9_007_199_254_740_993,
                new: true,
                user_id: Some("US.1".into()),
                wa_id: Some("1650".into()),
                group_id: None,
                window_expires_at_ms: Some(1_700_086_400_000),
            }),
            lane: 1,
            message_id: item.message_id,
            outbound: None,
            wanted_by: Vec::new(),
            body: item.body,
            item: item.item,
        }
    }

    fn parsed(event: &Event) -> Json {
        let body = String::from_utf8(dialog_body(event)).unwrap();
        serde_json::from_str(&body.replace(r" \ud83d", "")).unwrap()
    }

    #[test]
    fn a_meta_delivery_is_the_envelope_as_it_is_kept() {
        assert_eq!(meta_body(&event(POST)), POST);
    }

    #[test]
    fn a_dialog_delivery_carries_the_item_with_its_dialog() {
        let mut told = parsed(&event(POST));
        let message = told.as_object_mut().unwrap().remove("message").unwrap();
        assert_eq!(message["id"], "wamid.A");
        let expected = json!({
            "id": "102.7", "type": "message", "field": "messages", "received_at": "2023-11-14T22:13:20.123Z",
            "message_id": "wamid.A",
            "dialog": {
                "id": "9007199254740993", "new": true, "customer": {"user_id": "US.1", "wa_id": "1650"},
                "window_expires_at": "2023-11-15T22:13:20.000Z",
                "variables": {"whatsapp.business": "102", "whatsapp.account": "106", "whatsapp.number": "+1 555-078-3881"},
            },
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn the_item_in_a_dialog_delivery_is_byte_for_byte_metas() {
        let body = dialog_body(&event(POST));
        let item = r#""message":{"from":"1650","id":"wamid.A","text":{"body":"\u00e9 \ud83d \/"}}}"#;
        assert!(body.ends_with(item.as_bytes()));
    }

    #[test]
    fn a_status_of_a_message_of_ours_names_it() {
        let status = Event { outbound: Some("msg_1".into()), ..event(POST) };
        assert!(String::from_utf8_lossy(&dialog_body(&status)).contains(r#""message_id":"msg_1""#));
        let headers = delivery_headers(&status, b"{}", &[], 1, 0);
        assert_eq!(header(&headers, "X-Wharf-Message"), Some("msg_1"));
    }

    #[test]
    fn of_a_whole_change_the_message_is_its_value() {
        let mut event = event(
            r#"{"entry":[{"id":"102","time":5,"changes":[{"field":"flows","value": {"event" : "X"}}],"value":1}]}"#,
        );
        event.dialog = None;
        event.number = NumberRef::default();
        let body = dialog_body(&event);
        assert!(body.ends_with(br#""message":{"event" : "X"}}"#));
        let told: Json = serde_json::from_slice(&body).unwrap();
        assert_eq!(told["dialog"], json!({"variables": {"whatsapp.business": "102"}}));
        assert_eq!((&told["type"], told.get("message_id")), (&json!("account"), None));
    }

    #[test]
    fn of_an_odd_entry_the_message_is_the_entry() {
        let body = dialog_body(&event(r#"{"entry":[{"id":"102","value":1}]}"#));
        assert!(body.ends_with(br#""message":{"id":"102","value":1}}"#));
        let body = dialog_body(&event(r#"{"entry":[{"changes":[ 5 ]}]}"#));
        assert!(body.ends_with(br#""message":5}"#));
    }

    fn header<'h>(headers: &'h [(&'static str, String)], name: &str) -> Option<&'h str> {
        headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_delivery_names_event_attempt_and_variables_and_is_signed_twice() {
        let secret = Secret::new("s");
        let headers = delivery_headers(&event(POST), b"{}", &[&secret], 3, 1_700_000_000);
        assert_eq!(header(&headers, "Content-Type"), Some("application/json"));
        assert_eq!(header(&headers, "webhook-id"), Some("102.7"));
        assert_eq!(header(&headers, "webhook-timestamp"), Some("1700000000"));
        assert_eq!(header(&headers, "X-Wharf-Attempt"), Some("3"));
        assert_eq!(header(&headers, "X-WhatsApp-Business"), Some("102"));
        assert_eq!(header(&headers, "X-WhatsApp-Account"), Some("106"));
        assert_eq!(header(&headers, "X-WhatsApp-Number"), Some("+1 555-078-3881"));
        assert_eq!(header(&headers, "X-Hub-Signature-256"), Some(&*signature::sign(&secret, b"{}")));
        let standard = signature::webhook_signature(&secret, "102.7", 1_700_000_000, b"{}");
        assert_eq!(header(&headers, "webhook-signature"), Some(&*standard));
    }

    #[test]
    fn while_a_secret_takes_the_place_of_another_both_sign() {
        let (new, old) = (Secret::new("new"), Secret::new("old"));
        let headers = delivery_headers(&event(POST), b"{}", &[&new, &old], 1, 5);
        let [by_new, by_old] = [&new, &old].map(|secret| signature::webhook_signature(secret, "102.7", 5, b"{}"));
        assert_eq!(header(&headers, "webhook-signature"), Some(&*format!("{by_new} {by_old}")));
        assert_eq!(header(&headers, "X-Hub-Signature-256"), Some(&*signature::sign(&new, b"{}")));
    }

    #[test]
    fn a_batch_holds_every_entry_byte_for_byte_and_names_the_first_and_the_last() {
        let (first, mut last) = (event(POST), event(POST));
        last.seq = 9;
        last.number.display = Some("+1 555".into());
        let events = [&first, &last];
        let entry = POST.split_once("[").unwrap().1.strip_suffix("]}").unwrap();
        let expected = format!(r#"{{"object":"o","entry":[{entry},{entry}]}}"#);
        assert_eq!(meta_batch(&events).unwrap(), expected.as_bytes());
        let one = String::from_utf8(dialog_body(&first)).unwrap();
        assert!(String::from_utf8(dialog_batch(&events)).unwrap().starts_with(&format!("[{one},{{")));
        let headers = batch_headers(&events, b"[]", &[&Secret::new("s")], 5);
        assert_eq!(header(&headers, "webhook-id"), Some("102.7..102.9"));
        assert_eq!(header(&headers, "X-WhatsApp-Account"), Some("106"));
        assert_eq!(header(&headers, "X-WhatsApp-Number"), None, "they differ");
        assert!(header(&headers, "webhook-signature").is_some());
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        let headers = delivery_headers(&event(POST), b"{}", &[], 1, 1);
        assert_eq!(header(&headers, "X-Hub-Signature-256"), None);
        assert_eq!(header(&headers, "webhook-signature"), None);
    }

    #[test]
    fn a_variable_can_smuggle_no_header() {
        let mut event = event(POST);
        event.number = NumberRef { id: Some("1\r\nX-Evil: 1".into()), display: Some("é".into()) };
        let headers = delivery_headers(&event, b"{}", &[], 1, 1);
        assert_eq!(header(&headers, "X-WhatsApp-Account"), None);
        assert_eq!(header(&headers, "X-WhatsApp-Number"), None);
    }

    #[test]
    fn a_test_payload_names_the_account_it_claims() {
        let mut event = event(POST);
        event.disposition = Disposition::Test;
        event.stream = "t.support".into();
        let headers = delivery_headers(&event, b"{}", &[], 1, 1);
        assert_eq!(header(&headers, "X-WhatsApp-Business"), Some("102"));
        assert_eq!(header(&headers, "webhook-id"), Some("t.support.7"));
    }
}
