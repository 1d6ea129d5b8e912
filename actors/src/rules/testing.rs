//! What the tests of the rules share: small routes, events and items. Nothing here is decided.

use crate::cloud::item::Item;
use crate::cloud::webhook::split;
use crate::gateway::signing::Signing;
use crate::gateway::{Format, Order, RankGuard, Route};
use crate::rules::reader::route_tag;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{Disposition, Event, EventKind, MessageRecord, MessageState, NumberRef, OnUnknown, Priority};

/// The moment at which tests begin, in ms since 1970.
pub(crate) const NOW: u64 = 1_800_000_000_000;

/// A route that wants everything.
pub(crate) fn route(name: &str) -> Route {
    Route {
        name: name.into(),
        url: "http://app.invalid/".into(),
        signing: Signing::default(),
        format: Format::Meta,
        fields: Vec::new(),
        types: Vec::new(),
        accounts: Vec::new(),
        numbers: Vec::new(),
        concurrency: 32,
        max_age: Duration::from_secs(3600),
        tests: false,
        order: Order::Dialog,
        finals: Vec::new(),
        allow_private: true,
        expires_at_ms: None,
        batch: None,
        rank_guard: RankGuard::Off,
        queue: None,
        unusable: None,
    }
}

/// An event of account 100 with a body of 100 bytes, wanted by the route `sim/all`.
pub(crate) fn event(seq: u64, lane: u64) -> Arc<Event> {
    Arc::new(Event {
        stream: "100".into(),
        seq,
        received_at_ms: NOW,
        kind: EventKind::Message,
        disposition: Disposition::Routed,
        gateway: "sim".into(),
        secret: 0,
        field: "messages".into(),
        claimed: None,
        number: NumberRef { id: Some("9".into()), display: None },
        dialog: None,
        lane,
        message_id: Some(format!("wamid.{seq}").into()),
        outbound: None,
        wanted_by: vec![route_tag("sim/all")],
        body: Bytes::from(vec![b' '; 100]),
        item: (0, 100),
    })
}

/// One message of account 100, number 9, with these members beside its id and time.
pub(crate) fn message(id: &str, members: &str) -> Item {
    item("100", "9", "messages", &format!(r#"{{"id":"{id}","timestamp":"1800000000",{members}}}"#))
}

/// A status of account 100, number 9.
pub(crate) fn status(wamid: &str, state: &str) -> Item {
    let text = format!(r#"{{"id":"{wamid}","status":"{state}","timestamp":"1800000000","recipient_id":"1"}}"#);
    item("100", "9", "statuses", &text)
}

/// One item of `list`, as Meta posts it.
pub(crate) fn item(account: &str, number: &str, list: &str, text: &str) -> Item {
    let value = format!(
        r#"{{"metadata":{{"phone_number_id":"{number}","display_phone_number":"+1 {number}"}},"{list}":[{text}]}}"#
    );
    let post = format!(r#"{{"entry":[{{"id":"{account}","changes":[{{"field":"messages","value":{value}}}]}}]}}"#);
    split(&Bytes::from(post)).expect("an object with entries").remove(0)
}

/// A message of account 100 to `to`, as an application submits it.
pub(crate) fn outbound(id: &str, to: &str) -> MessageRecord {
    MessageRecord {
        id: id.into(),
        account: "100".into(),
        number: "9".into(),
        to: to.into(),
        lane: to.into(),
        path: "messages".into(),
        version: "v25.0".into(),
        state: MessageState::Queued,
        kind: "text".into(),
        template: None,
        priority: Priority::Normal,
        on_unknown: OnUnknown::Fail,
        opaque: None,
        wamid: None,
        error: None,
        attempts: Vec::new(),
        doubted_at_ms: 0,
        created_at_ms: NOW,
        changed_at_ms: NOW,
        due_at_ms: 0,
        expires_at_ms: NOW + 86_400_000,
        place: 0,
    }
}
