//! One sentence on an event: the worst that is true of it first, and what to do.

use super::words::{count, moment, span};
use super::{Facts, Home, RouteExplained, State};
use wharf_storage::{Disposition, TrailResult};

/// The sentence.
pub(super) fn of(facts: &Facts<'_>, received: &str, routes: &[RouteExplained], now: u64) -> String {
    let erased = if facts.event.is_erased() { " Its bytes were erased." } else { "" };
    let wanted: Vec<&RouteExplained> = routes.iter().filter(|route| route.matched).collect();
    let sentence = match wanted.iter().max_by_key(|route| route.state) {
        Some(worst) => of_wanted(facts, worst, &wanted, now),
        None => of_unwanted(facts, received, routes),
    };
    format!("{sentence}{erased}")
}

fn of_unwanted(facts: &Facts<'_>, received: &str, routes: &[RouteExplained]) -> String {
    let removed = match facts.home {
        Home::Removed => " The account was removed since.",
        Home::Account | Home::Tests | Home::Quarantine | Home::LeftQuarantine => "",
    };
    let says = match (facts.event.disposition, routes) {
        (Disposition::Inactive | Disposition::Quarantined, _) => format!("Not delivered: {received}."),
        (Disposition::Test, _) => "Not delivered: no route has tests = true.".to_owned(),
        (Disposition::Routed, [one]) => format!("Not delivered: {} did not want it, {}.", one.route, one.why),
        (Disposition::Routed, []) => "Not delivered: no route wanted it.".to_owned(),
        (Disposition::Routed, many) => {
            format!("Not delivered: none of {} wanted it.", count(many.len() as u64, "route"))
        }
    };
    says + removed
}

fn of_wanted(facts: &Facts<'_>, worst: &RouteExplained, wanted: &[&RouteExplained], now: u64) -> String {
    let has_it = wanted.iter().filter(|route| route.state == State::Delivered).count();
    let others = match (worst.state, has_it) {
        (State::Delivered, _) | (_, 0) => String::new(),
        (_, 1) => " 1 other route has it.".to_owned(),
        (_, some) => format!(" {some} other routes have it."),
    };
    if worst.state == State::Delivered && wanted.len() > 1 {
        let last_ms = wanted.iter().filter_map(|route| route.delivered_at_ms).max();
        let when = last_ms.map(|at_ms| format!(", the last {}", after(facts, at_ms))).unwrap_or_default();
        return format!("Delivered to all {} that wanted it{when}.", count(wanted.len() as u64, "route"));
    }
    format!("{}{others}", of_route(facts, worst, now))
}

fn of_route(facts: &Facts<'_>, told: &RouteExplained, now: u64) -> String {
    let route = &told.route;
    let waits = told.waits_for.as_deref().unwrap_or("its turn");
    let tries = tries(told);
    match told.state {
        State::Delivered => {
            let after = told.delivered_at_ms.map(|at_ms| format!(", {}", after(facts, at_ms))).unwrap_or_default();
            match told.attempts_made {
                0 | 1 => format!("Delivered to {route} at the first try{after}."),
                made => format!("Delivered to {route} after {}{after}.", count(made.into(), "attempt")),
            }
        }
        State::UnderWay => format!("On its way to {route} just now{tries}."),
        State::Pending => format!("Waits for {waits} ({route})."),
        State::Waiting => format!("Not yet at {route}: it waits for {waits}{tries}."),
        State::Parked => {
            format!(
                "Parked for {route}: it fails while others get through, and is tried on its own{tries}; it waits for {waits}."
            )
        }
        State::Held => format!("Held back from {route}: it waits for {waits}{tries}."),
        State::Removed => format!("Not at {route}: it waits for {waits}{tries}."),
        State::Dead => of_dead(facts, told, now),
        State::Filtered | State::NotOffered => format!("Not delivered to {route}: {}.", told.why),
    }
}

fn of_dead(facts: &Facts<'_>, told: &RouteExplained, now: u64) -> String {
    let (route, account) = (&told.route, &facts.event.stream);
    let Some(dead) = &told.dead else { return format!("Given up for {route}.") };
    let at = moment(dead.at_ms, now);
    let way_out = match dead.kept {
        true => format!("POST /api/accounts/{account}/dead/redrive tries again"),
        false => "its dead letter is gone: driven again, or older than storage.dead_retention".to_owned(),
    };
    format!("Given up for {route} at {at}: {}. {way_out}.", dead.reason.trim_end_matches('.'))
}

fn after(facts: &Facts<'_>, at_ms: u64) -> String {
    format!("{} after it came", span(at_ms.saturating_sub(facts.event.received_at_ms)))
}

/// Such as `; 4 attempts so far, the last: HTTP 503`.
fn tries(told: &RouteExplained) -> String {
    if told.attempts_made == 0 {
        return String::new();
    }
    let failed = |result| matches!(result, TrailResult::Failed | TrailResult::Parked);
    let last = told.attempts.iter().rev().find(|trail| failed(trail.result)).map(|trail| trail.reason.trim_end());
    let last = last.filter(|reason| !reason.is_empty()).map(|reason| format!(", the last: {reason}"));
    format!("; {} so far{}", count(told.attempts_made.into(), "attempt"), last.unwrap_or_default())
}
