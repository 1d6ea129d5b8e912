//! Where an event is and why, in words that somebody reads at night: from facts that were gathered elsewhere to one answer.
//! It asks nobody.

mod route;
mod summary;
mod words;

use crate::gateway::Route;
use crate::rules::deliveries::{Deliveries, FirstTry};
use crate::rules::reader::{Place, Standing, route_tag};
use std::sync::Arc;
use wharf_storage::{DeliveryHold, Disposition, Event, EventKind, Trail};

/// All that is known of one event.
#[derive(Debug, Clone)]
pub struct Facts<'f> {
    /// The event, as it may be shown.
    pub event: &'f Event,
    /// Whose it is.
    pub home: Home,
    /// The routes of its stream, as they are now.
    pub routes: &'f [RouteFacts],
    /// What was kept of attempts, in any order.
    pub trails: &'f [Trail],
    /// Dead letters that are still there, by route.
    pub letters: &'f [Box<str>],
    /// Names of routes that its stream ever had.
    pub names: &'f [String],
}

/// Whose an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// An account that is engaged.
    Account,
    /// An account that was removed.
    Removed,
    /// A gateway's, as a test payload.
    Tests,
    /// Nobody's: it waits in quarantine.
    Quarantine,
    /// It was in quarantine and is not any more.
    LeftQuarantine,
}

/// How an event stands with one route.
#[derive(Debug, Clone)]
pub struct RouteFacts {
    /// The route.
    pub route: Arc<Route>,
    /// Whether it is still there.
    pub standing: Standing,
    /// Where the event is.
    pub place: Place,
    /// The account starts nothing for the route before this, in ms since 1970.
    pub held_until_ms: Option<u64>,
    /// Holds of operators that stand on its deliveries, perhaps on those of some numbers alone.
    pub holds: Vec<DeliveryHold>,
    /// Whether the account has as many deliveries under way as the route may have.
    pub is_busy: bool,
    /// Where the event got through at the first try, lately.
    pub first_try: Option<FirstTry>,
    /// How the endpoint stands; whoever gathers the facts asks its gate.
    pub endpoint: Endpoint,
}

/// How an endpoint stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Since when its breaker is not closed, in ms since 1970.
    pub broken_since_ms: Option<u64>,
    /// Until when nobody may try it, in ms since 1970.
    pub open_until_ms: Option<u64>,
    /// Since when it is paused, because it said 410, in ms since 1970.
    pub paused_at_ms: Option<u64>,
    /// It has as many deliveries at once as it may.
    pub is_full: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What must not overtake it.
    pub lane: String,
    /// What its disposition means.
    pub received: String,
    /// By route.
    pub routes: Vec<RouteExplained>,
    /// All of it in one sentence.
    pub summary: String,
}

/// Where an event stands with one route, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteExplained {
    /// Its name.
    pub route: String,
    /// Whether its filter let the event in.
    pub matched: bool,
    /// Which filter did so, or kept it out.
    pub why: String,
    /// Where it stands.
    pub state: State,
    /// Attempts that are remembered, oldest first.
    pub attempts: Vec<Trail>,
    /// Attempts that were made.
    pub attempts_made: u32,
    /// When it got through, where that is known, in ms since 1970.
    pub delivered_at_ms: Option<u64>,
    /// When the next attempt is due, in ms since 1970.
    pub next_at_ms: Option<u64>,
    /// What it waits for.
    pub waits_for: Option<String>,
    /// Why it was given up.
    pub dead: Option<Dead>,
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// Why.
    pub reason: String,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// Whether its dead letter is there: it can be driven again.
    pub kept: bool,
}

/// Where an event stands with a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It got through.
    Delivered,
    /// The route did not want it.
    Filtered,
    /// It was never offered to the route.
    NotOffered,
    /// An attempt is under way.
    UnderWay,
    /// The route has not come to it.
    Pending,
    /// It waits for its time, or behind another of its lane.
    Waiting,
    /// It is tried again and again on its own.
    Parked,
    /// Somebody must let it go on.
    Held,
    /// The route is not there any more.
    Removed,
    /// It was given up.
    Dead,
}

impl State {
    /// All of them.
    pub const ALL: [State; 10] = [
        State::Delivered,
        State::Filtered,
        State::NotOffered,
        State::UnderWay,
        State::Pending,
        State::Waiting,
        State::Parked,
        State::Held,
        State::Removed,
        State::Dead,
    ];

    /// The word used in answers.
    pub fn word(self) -> &'static str {
        match self {
            State::Delivered => "delivered",
            State::Filtered => "filtered",
            State::NotOffered => "not_offered",
            State::UnderWay => "under_way",
            State::Pending => "pending",
            State::Waiting => "waiting",
            State::Parked => "parked",
            State::Held => "held",
            State::Removed => "removed",
            State::Dead => "dead",
        }
    }
}

impl RouteFacts {
    /// What a stream's readers know of the event at `seq`.
    pub fn of(deliveries: &Deliveries, seq: u64) -> Vec<Self> {
        let readers = deliveries.readers().iter().filter(|reader| !reader.is_gone());
        let facts = readers.map(|reader| Self {
            route: Arc::clone(reader.route()),
            standing: reader.standing(),
            place: reader.place(seq),
            held_until_ms: reader.held_until_ms(),
            holds: deliveries.holds_on(&reader.route().name),
            is_busy: reader.is_busy(),
            first_try: deliveries.first_try(seq, &reader.route().name),
            endpoint: Endpoint::default(),
        });
        facts.collect()
    }
}

/// What became of a delivery that is not open, as what is kept of its attempts tells: `true` where it was given up.
pub fn was_given_up<'t>(trails: impl Iterator<Item = &'t Trail>) -> bool {
    trails.max_by_key(|trail| (trail.at_ms, trail.attempt)).is_some_and(|last| last.result.is_dead())
}

/// Where `facts.event` is, and why.
pub fn explain(facts: &Facts<'_>, now: u64) -> Explanation {
    let mut routes: Vec<RouteExplained> = facts.routes.iter().map(|route| route::explain(route, facts, now)).collect();
    let known: Vec<u32> = facts.routes.iter().map(|route| route_tag(&route.route.name)).collect();
    let tags = facts.event.wanted_by.iter().filter(|tag| **tag != Event::SUPERSEDED && !known.contains(tag));
    routes.extend(tags.map(|tag| route::gone(*tag, facts)));
    let received = received(facts);
    let summary = summary::of(facts, &received, &routes, now);
    Explanation { lane: lane(facts.event), received, routes, summary }
}

/// Whose order an event keeps.
fn lane(event: &Event) -> String {
    if let Some(dialog) = &event.dialog {
        return match event.kind {
            EventKind::History => format!("history of dialog {}", dialog.id),
            EventKind::Message
            | EventKind::Status
            | EventKind::Error
            | EventKind::Echo
            | EventKind::Call
            | EventKind::Group
            | EventKind::Contact
            | EventKind::Preference
            | EventKind::UserId
            | EventKind::Automatic
            | EventKind::Account => format!("dialog {}", dialog.id),
        };
    }
    match event.number.id.as_deref().or(event.number.display.as_deref()) {
        Some(number) => format!("number {number}, field {}", event.field),
        None => format!("account, field {}", event.field),
    }
}

/// What became of it when it came.
fn received(facts: &Facts<'_>) -> String {
    let event = facts.event;
    let claimed = event.claimed.as_deref();
    match (event.disposition, facts.home, claimed) {
        (Disposition::Routed, ..) => format!("account {} was active: it was offered to every route", event.stream),
        (Disposition::Inactive, ..) => format!(
            "account {} was not subscribed when it came: it was kept and offered to no route; \
             whatsapp=subscribe&id={} makes the next ones go out, replay delivers this one",
            event.stream, event.stream
        ),
        (Disposition::Test, ..) => {
            "a test payload of Meta's dashboard: it goes to routes with tests = true alone".to_owned()
        }
        (Disposition::Quarantined, Home::LeftQuarantine, Some(id)) => {
            format!("it named account {id} and left the quarantine: handed over when that was engaged, or evicted")
        }
        (Disposition::Quarantined, Home::LeftQuarantine, None) => {
            "it named no account and left the quarantine: it was evicted".to_owned()
        }
        (Disposition::Quarantined, _, Some(id)) => {
            format!(
                "it names account {id}, which is not engaged here: whatsapp=setup&id={id} engages it and takes this over"
            )
        }
        (Disposition::Quarantined, _, None) => {
            "it names no account: nobody can take it over, it goes after storage.quarantine_retention".to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
