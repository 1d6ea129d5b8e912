//! What is told of events, dead letters and the quarantine.

use super::Told;
use crate::error::ErrorId;
use crate::ops::dead::DeadShown;
use crate::ops::events::{EventShown, Listed};
use crate::ops::page::Page;
use crate::ops::quarantine::Quarantine;
use wharf_storage::EventKind;

const EVENTS: &str = "Events";

pub(crate) fn list() -> Told {
    Told::inspect(EVENTS, "The journal of an account, ascending")
        .limited()
        .number("after", "A seq: only later ones.")
        .query("cursor", "The same: `next` of the last answer.")
        .words("kind", "Only those of this type.", &EventKind::ALL.map(EventKind::word))
        .answers::<Listed>(200, "A part of the journal.")
        .may(&[ErrorId::ParameterBad])
}

pub(crate) fn one() -> Told {
    Told::inspect(EVENTS, "One event with its bytes")
        .answers::<EventShown>(200, "The event.")
        .may(&[ErrorId::EventUnknown])
}

pub(crate) fn dead() -> Told {
    Told::inspect(EVENTS, "What was given up, with the reason and the bytes; also after `remove`")
        .ordered("oldest")
        .answers::<Page<DeadShown>>(200, "A part of the list.")
}

pub(crate) fn quarantine() -> Told {
    Told::inspect(EVENTS, "What no account owns, by the account it claims")
        .query("gateway", "Shows the items of this gateway too.")
        .limited()
        .number("after", "Of the items, only those after this number.")
        .answers::<Quarantine>(200, "The claims, and the items that were asked for.")
        .may(&[ErrorId::GatewayUnknown, ErrorId::ParameterBad])
}

pub(crate) fn explain() -> Told {
    Told::inspect(EVENTS, "Where an event is, and why")
}

pub(crate) fn live() -> Told {
    Told::inspect(EVENTS, "What happens in an account, as it happens").says("text/event-stream", "Server-sent events.")
}
