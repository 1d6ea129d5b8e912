//! Where an event stands with one route: what is over from what is kept, what is not from the reader and the endpoint.

use super::words::moment;
use super::{Dead, Facts, Home, RouteExplained, RouteFacts, State};
use crate::rules::account::{kept_out_by, why};
use crate::rules::deliveries::FirstTry;
use crate::rules::reader::{OpenPlace, Place, Standing, route_tag};
use wharf_storage::{Disposition, Trail, TrailResult};

/// Where the event stands with a route that is known.
pub(super) fn explain(facts: &RouteFacts, all: &Facts<'_>, now: u64) -> RouteExplained {
    let name = &facts.route.name;
    let past = past(name, all);
    let is_wanted = all.event.wanted_by.contains(&route_tag(name));
    // What no filter wanted, or nobody owned then, may have been replayed.
    let was_replayed = !past.attempts.is_empty() || matches!(facts.place, Place::Open(_));
    if !is_wanted && !was_replayed {
        return not_wanted(facts, all);
    }
    let why = if is_wanted { wanted(facts, all) } else { "it was to be delivered on request: a replay".to_owned() };
    let plain = RouteExplained { matched: is_wanted, why, ..past };
    match facts.place {
        Place::Ended => ended(plain, facts.first_try, all),
        Place::Open(open) => waiting(plain, open, facts, all, now),
        Place::Unread { behind } => unread(plain, behind, facts, now),
    }
}

/// Where it stands with a route that is gone: all that was to be delivered to it has ended.
pub(super) fn gone(tag: u32, all: &Facts<'_>) -> RouteExplained {
    let kept = all.trails.iter().map(|trail| &*trail.route);
    let mut names = all.names.iter().map(String::as_str).chain(kept);
    let name = names.find(|name| route_tag(name) == tag).map_or_else(|| format!("removed/{tag:08x}"), str::to_owned);
    let why = match all.home {
        Home::Removed => "it wanted the event when it came; the account was removed since",
        Home::Account | Home::Tests | Home::Quarantine | Home::LeftQuarantine => {
            "it wanted the event when it came; the route was removed since"
        }
    };
    ended(RouteExplained { matched: true, why: why.into(), ..past(&name, all) }, None, all)
}

/// What is kept of the attempts, and nothing else yet.
fn past(name: &str, all: &Facts<'_>) -> RouteExplained {
    let mut attempts: Vec<Trail> = all.trails.iter().filter(|trail| *trail.route == *name).cloned().collect();
    attempts.sort_by_key(|trail| (trail.at_ms, trail.attempt));
    let made = attempts.last().map_or(0, |last| match last.result {
        TrailResult::Buried => last.attempt - 1,
        TrailResult::Failed | TrailResult::Parked | TrailResult::Delivered | TrailResult::Dead => last.attempt,
    });
    RouteExplained {
        route: name.to_owned(),
        matched: false,
        why: String::new(),
        state: State::NotOffered,
        attempts,
        attempts_made: made,
        delivered_at_ms: None,
        next_at_ms: None,
        waits_for: None,
        dead: None,
    }
}

fn wanted(facts: &RouteFacts, all: &Facts<'_>) -> String {
    if all.event.disposition == Disposition::Test {
        return "tests = true: it gets every test payload".to_owned();
    }
    match (facts.standing, kept_out_by(&facts.route, all.event)) {
        (Standing::Live, None) => why(&facts.route, all.event),
        (Standing::Live, Some(_)) => "it wanted the event when it came; its filter has changed since".to_owned(),
        (Standing::Removed | Standing::Ending { .. } | Standing::Gone, _) => {
            "it wanted the event when it came; the route was removed since".to_owned()
        }
    }
}

fn not_wanted(facts: &RouteFacts, all: &Facts<'_>) -> RouteExplained {
    let past = past(&facts.route.name, all);
    match (all.event.disposition, facts.standing, kept_out_by(&facts.route, all.event)) {
        (Disposition::Routed, Standing::Live, Some(_)) => {
            RouteExplained { state: State::Filtered, why: why(&facts.route, all.event), ..past }
        }
        (Disposition::Routed, ..) => {
            let why = "its filter would want it now: the route is newer than the event, or its filter has changed";
            RouteExplained { why: why.into(), ..past }
        }
        (Disposition::Inactive, ..) => RouteExplained { why: "the account was not active when it came".into(), ..past },
        (Disposition::Test, ..) => RouteExplained { why: "tests = true is newer than the event".into(), ..past },
        (Disposition::Quarantined, ..) => RouteExplained { why: "nobody owned it when it came".into(), ..past },
    }
}

fn ended(past: RouteExplained, first_try: Option<FirstTry>, all: &Facts<'_>) -> RouteExplained {
    let last = past.attempts.last().filter(|last| first_try.is_none_or(|first| first.at_ms < last.at_ms));
    match last {
        Some(last) if last.result.is_dead() => {
            let kept = all.letters.iter().any(|route| **route == *past.route);
            let (reason, status, at_ms) = (last.reason.to_string(), last.status, last.at_ms);
            let dead = Some(Dead { reason, status, at_ms, kept });
            RouteExplained { state: State::Dead, dead, ..past }
        }
        Some(last) => {
            let delivered_at_ms = Some(last.at_ms).filter(|_| last.result == TrailResult::Delivered);
            RouteExplained { state: State::Delivered, delivered_at_ms, ..past }
        }
        None => {
            let mut told = RouteExplained { state: State::Delivered, attempts_made: 1, ..past };
            told.delivered_at_ms = first_try.map(|first| first.at_ms);
            told.attempts.extend(first_try.map(|first| as_trail(first, &told.route, all)));
            told
        }
    }
}

fn as_trail(first: FirstTry, route: &str, all: &Facts<'_>) -> Trail {
    Trail {
        account: all.event.stream.as_ref().into(),
        seq: all.event.seq,
        route: route.into(),
        attempt: 1,
        at_ms: first.at_ms,
        took_ms: first.took_ms,
        result: TrailResult::Delivered,
        status: None,
        reason: "".into(),
    }
}

fn waiting(past: RouteExplained, open: OpenPlace, facts: &RouteFacts, all: &Facts<'_>, now: u64) -> RouteExplained {
    let past = RouteExplained { attempts_made: open.attempts, ..past };
    if open.under_way_ms.is_some() {
        let turn = || format!("a free place at its endpoint: {} at once is all", facts.route.concurrency);
        let waits_for = facts.endpoint.is_full.then(turn);
        return RouteExplained { state: State::UnderWay, waits_for, ..past };
    }
    if let Some((state, why)) = stopped(facts, all, now) {
        return RouteExplained { state, waits_for: Some(why), ..past };
    }
    let state = if open.parked { State::Parked } else { State::Waiting };
    let due_at_ms = open.due_at_ms.max(held_until(facts).unwrap_or(0)).max(now);
    if let Some(ahead) = open.behind {
        let why = format!(
            "{}.{ahead} of its lane, which is before it: GET /api/events/{0}.{ahead}/explain",
            all.event.stream
        );
        return RouteExplained { state, waits_for: Some(why), ..past };
    }
    let next_at_ms = Some(due_at_ms);
    let why = match held_until(facts).filter(|until_ms| *until_ms > now && *until_ms >= open.due_at_ms) {
        Some(until_ms) => broken(facts, until_ms, now),
        None if open.due_at_ms > now => format!("its next attempt at {}", moment(open.due_at_ms, now)),
        None if facts.is_busy => "others of its route that are under way: it is next when one ends".to_owned(),
        None => "nothing: it starts at once".to_owned(),
    };
    RouteExplained { state, next_at_ms, waits_for: Some(why), ..past }
}

fn unread(past: RouteExplained, behind: u64, facts: &RouteFacts, now: u64) -> RouteExplained {
    let before = behind.saturating_sub(1);
    let reads = match before {
        0 => "the route to read it from the journal".to_owned(),
        _ => format!("the route to read the journal on: {before} events are before it"),
    };
    let endpoint = match (facts.endpoint.paused_at_ms, held_until(facts).filter(|until_ms| *until_ms > now)) {
        (Some(since_ms), _) => format!("; its endpoint is paused since {}", moment(since_ms, now)),
        (None, Some(until_ms)) => format!("; {}", broken(facts, until_ms, now)),
        (None, None) => String::new(),
    };
    RouteExplained { state: State::Pending, waits_for: Some(reads + &endpoint), ..past }
}

/// What somebody must do something about before anything goes on.
fn stopped(facts: &RouteFacts, all: &Facts<'_>, now: u64) -> Option<(State, String)> {
    match facts.standing {
        Standing::Live => {}
        Standing::Removed => {
            let why = "its route, which is not in the settings any more, to come back: DELETE /api/routes/";
            return Some((State::Removed, format!("{why}{} gives up what waits for it", facts.route.name)));
        }
        Standing::Ending { .. } | Standing::Gone => {
            return Some((State::Removed, "nothing: its route was removed, and it is being given up".to_owned()));
        }
    }
    if let Some(why) = facts.route.unusable.as_deref() {
        return Some((State::Held, format!("its route to be usable: {why}")));
    }
    if let Some(why) = held(facts, all, now) {
        return Some((State::Held, why));
    }
    let since_ms = facts.endpoint.paused_at_ms?;
    let resume = resume(&facts.route.name, &all.event.stream);
    let since = moment(since_ms, now);
    Some((State::Held, format!("somebody to resume its route, paused by HTTP 410 since {since}: POST {resume}")))
}

/// What an operator holds goes on when an operator says so.
fn held(facts: &RouteFacts, all: &Facts<'_>, now: u64) -> Option<String> {
    let number = all.event.number.id.as_deref();
    let mut holds = facts.holds.iter().filter(|held| held.number.is_none() || held.number.as_deref() == number);
    let held = holds.next()?;
    let what = match (&held.route, &held.number) {
        (None, None) => "all deliveries of the account".to_owned(),
        (Some(route), None) => format!("deliveries to {route}"),
        (None, Some(number)) => format!("deliveries of number {number}"),
        (Some(route), Some(number)) => format!("deliveries of number {number} to {route}"),
    };
    let (who, since) = (&held.hold.why, moment(held.hold.since_ms.unwrap_or(now), now));
    let resume = format!("POST /api/accounts/{}/resume", all.event.stream);
    Some(format!("somebody to resume {what}, held by {who} since {since}: {resume}"))
}

/// Where a route is resumed: an account's own has three parts in its name.
fn resume(name: &str, account: &str) -> String {
    match name.splitn(3, '/').collect::<Vec<_>>()[..] {
        [_, owner, own] if owner == account => format!("/api/accounts/{account}/routes/{own}/resume"),
        _ => format!("/api/routes/{name}/resume"),
    }
}

fn held_until(facts: &RouteFacts) -> Option<u64> {
    facts.held_until_ms.max(facts.endpoint.open_until_ms)
}

fn broken(facts: &RouteFacts, until_ms: u64, now: u64) -> String {
    let until = moment(until_ms, now);
    match facts.endpoint.broken_since_ms {
        Some(since_ms) => {
            format!("its breaker, open until {until}: the endpoint fails since {}", moment(since_ms, now))
        }
        None => format!("its endpoint, which asked to be left alone until {until}"),
    }
}
