//! What an item says: kind, person, id, time. Knows Meta's members; knows neither envelope nor account.

use super::levels::List;
use super::media;
use super::natural;
use super::people;
use super::scope::{Scope, seconds};
use super::tape::{Text, Value};
use crate::cloud::item::Customer;
use wharf_storage::EventKind;

/// What an item says of itself.
#[derive(Debug)]
pub(super) struct Facts<'t> {
    pub(super) kind: EventKind,
    pub(super) customer: Customer,
    pub(super) message_id: Option<Text<'t>>,
    pub(super) status: Option<Text<'t>>,
    pub(super) opaque: Option<Text<'t>>,
    pub(super) media: Vec<Box<str>>,
    pub(super) sent_at_s: Option<u64>,
    pub(super) opens_window: bool,
    /// By what it is known again; `None` where only its bytes tell.
    pub(super) natural: Option<Vec<Text<'t>>>,
}

impl<'t> Facts<'t> {
    /// An item of which nothing but the kind is known.
    pub(super) fn of_kind(kind: EventKind) -> Self {
        Self {
            kind,
            customer: Customer::default(),
            message_id: None,
            status: None,
            opaque: None,
            media: Vec::new(),
            sent_at_s: None,
            opens_window: false,
            natural: None,
        }
    }
}

/// What a status is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Message,
    Call,
    Payment,
}

/// What `status` is about.
pub(super) fn subject(status: Value<'_>) -> Subject {
    match status.get("type") {
        Some(kind) if kind.says("call") => Subject::Call,
        Some(kind) if kind.says("payment") => Subject::Payment,
        Some(_) | None => Subject::Message,
    }
}

/// What an element of `list` says.
pub(super) fn of_element<'t>(list: List, element: Value<'t>, scope: &Scope<'t>) -> Facts<'t> {
    let mut facts = Facts {
        customer: people::customer(list, element, scope),
        sent_at_s: time(list, element),
        opens_window: opens_window(list, element, scope),
        natural: natural::natural(list, element),
        ..Facts::of_kind(kind(list, scope))
    };
    if matches!(list, List::Messages | List::Statuses | List::Echoes | List::Calls | List::AutomaticEvents) {
        facts.message_id = element.word("id");
    }
    if matches!(list, List::Messages | List::Echoes) {
        facts.media = media::ids(element);
    }
    if list == List::Statuses {
        facts.status = element.word("status").filter(|_| subject(element) == Subject::Message);
        facts.opaque = element.word("biz_opaque_callback_data");
    }
    facts
}

/// Old messages that come late with a history are history, not something to answer.
fn kind(list: List, scope: &Scope<'_>) -> EventKind {
    if list == List::Messages && scope.field == "history" { EventKind::History } else { list.kind() }
}

fn time(list: List, element: Value<'_>) -> Option<u64> {
    let holder = if list == List::StateSync { element.get("metadata")? } else { element };
    holder.get("timestamp").and_then(seconds)
}

/// A customer's message or call. What the system says about a customer is neither.
fn opens_window(list: List, element: Value<'_>, scope: &Scope<'_>) -> bool {
    let is_system = || element.get("type").is_some_and(|kind| kind.says("system"));
    match list {
        List::Messages => element.is_object() && scope.field != "history" && !is_system(),
        List::Calls => element.is_object() && is_users_call(element, scope),
        List::Statuses
        | List::Errors
        | List::Echoes
        | List::Groups
        | List::History
        | List::StateSync
        | List::Preferences
        | List::UserIdUpdate
        | List::AutomaticEvents => false,
    }
}

fn is_users_call(call: Value<'_>, scope: &Scope<'_>) -> bool {
    match call.get("direction") {
        Some(direction) => direction.says("USER_INITIATED"),
        None => !people::is_from_business(call, scope),
    }
}
