//! What is told of events, dead letters and the quarantine.

use super::Told;
use crate::error::ErrorId;
use crate::ops::dead::DeadShown;
use crate::ops::events::{EventShown, Listed};
use crate::ops::explain::Explained;
use crate::ops::page::Page;
use crate::ops::quarantine::Quarantine;
use crate::ops::states::State;
use wharf_actors::live::Sort;
use wharf_storage::EventKind;

const EVENTS: &str = "Events";

pub(crate) fn list() -> Told {
    Told::inspect(EVENTS, "The journal of an account, ascending")
        .limited()
        .number("after", "A seq: only later ones.")
        .query("cursor", "The same: `next` of the last answer.")
        .words("kind", "Only those of this type.", &EventKind::ALL.map(EventKind::word))
        .words("state", "Only those of which any route stands so.", &State::WORDS.map(|(word, _)| word))
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
        .more("How it came, what each route made of it, every attempt, and what it waits for.")
        .answers::<Explained>(200, "All that is known of it.")
        .may(&[ErrorId::EventUnknown])
}

pub(crate) fn live() -> Told {
    Told::inspect(EVENTS, "What happens in an account, as it happens")
        .more("An `event` is told once it is durable, a `delivery` after each attempt, a `send` whenever an outbound message changes; each has its data as one line of JSON. `missed` says how many a slow client lost. Where nothing happens, a comment comes every 15 s. A key for some numbers hears of these alone.")
        .some_words("kind", "Only these; left out, all.", &Sort::ALL.map(Sort::word))
        .says(&["text/event-stream"], "Server-sent events; it does not end by itself.")
        .may(&[ErrorId::LiveFull])
}
