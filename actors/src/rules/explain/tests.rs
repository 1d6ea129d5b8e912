//! The answers, by what is known.

use super::*;
use crate::rules::reader::{Attempted, OpenPlace, Reader};
use crate::rules::testing::{NOW, event, route};
use wharf_storage::{Hold, TrailResult};

/// When the answer is asked for: 08:00:05.
const ASKED: u64 = NOW + 5000;

/// What a test knows of an event of account 100.
struct Case {
    event: Event,
    home: Home,
    routes: Vec<RouteFacts>,
    trails: Vec<Trail>,
    letters: Vec<Box<str>>,
}

impl Case {
    fn of(routes: Vec<RouteFacts>) -> Self {
        let (event, home) = (event(1, 7).as_ref().clone(), Home::Account);
        Self { event, home, routes, trails: Vec::new(), letters: Vec::new() }
    }

    /// After these attempts at `sim/all`.
    fn after(self, attempts: &[(TrailResult, &str)]) -> Self {
        let trail = |(nth, (result, reason)): (usize, &(TrailResult, &str))| Trail {
            account: "100".into(),
            seq: 1,
            route: "sim/all".into(),
            attempt: nth as u32 + 1,
            at_ms: NOW + 1000 * (nth as u64 + 1),
            took_ms: 12,
            result: *result,
            status: reason.starts_with("HTTP").then_some(503),
            reason: (*reason).into(),
        };
        Self { trails: attempts.iter().enumerate().map(trail).collect(), ..self }
    }

    fn explained(&self) -> Explanation {
        let Self { event, home, routes, trails, letters } = self;
        let names = ["sim/all".to_owned(), "sim/other".to_owned()];
        explain(&Facts { event, home: *home, routes, trails, letters, names: &names }, ASKED)
    }

    /// State and sentence.
    fn told(&self) -> (State, String) {
        let told = self.explained();
        (told.routes[0].state, told.summary)
    }
}

fn at(place: Place) -> RouteFacts {
    RouteFacts {
        route: Arc::new(route("sim/all")),
        standing: Standing::Live,
        place,
        held_until_ms: None,
        holds: Vec::new(),
        is_busy: false,
        first_try: None,
        endpoint: Endpoint::default(),
    }
}

fn open(place: OpenPlace) -> RouteFacts {
    at(Place::Open(place))
}

const FAILED: (TrailResult, &str) = (TrailResult::Failed, "HTTP 503 busy");

#[test]
fn what_an_operator_holds_says_who_since_when_and_how_it_goes_on() {
    let hold = |number: Option<&str>| {
        let hold = Hold { place: "deliveries".into(), why: "ann".into(), since_ms: Some(NOW), past: Vec::new() };
        DeliveryHold { account: "100".into(), route: None, number: number.map(Into::into), hold }
    };
    let held = |number| RouteFacts { holds: vec![hold(number)], ..open(OpenPlace::default()) };
    for number in [None, Some("9")] {
        let told = Case::of(vec![held(number)]).explained();
        assert_eq!(told.routes[0].state, State::Held);
        let why = told.routes[0].waits_for.as_deref().expect("a reason");
        assert!(why.contains("ann") && why.contains("/api/accounts/100/resume"), "{why}");
    }
    let of_another_number = Case::of(vec![held(Some("8"))]).explained();
    assert_eq!(of_another_number.routes[0].state, State::Waiting);
}

#[test]
fn what_was_delivered_again_on_request_is_told_although_no_filter_wanted_it() {
    let mut case = Case::of(vec![open(OpenPlace::default())]);
    case.event.wanted_by = Vec::new();
    let told = case.explained();
    assert_eq!((told.routes[0].state, told.routes[0].matched), (State::Waiting, false));
    assert!(told.routes[0].why.contains("on request"), "{}", told.routes[0].why);
}

#[test]
fn a_delivery_at_the_first_try_is_told_with_its_time_for_as_long_as_that_is_known() {
    let mut deliveries = Deliveries::new("100".into(), vec![Reader::new(Arc::new(route("sim/all")), 0, 1 << 20)]);
    deliveries.offer(&event(1, 7));
    deliveries.start_due(NOW + 1);
    deliveries.attempted(0, &event(1, 7), Attempted::Delivered, 0.5, NOW + 3);
    let lately = Case::of(RouteFacts::of(&deliveries, 1));
    let (state, summary) = lately.told();
    assert_eq!((state, &*summary), (State::Delivered, "Delivered to sim/all at the first try, 3 ms after it came."));
    let route = &lately.explained().routes[0];
    assert_eq!((route.attempts[0].at_ms, route.attempts[0].took_ms, route.attempts_made), (NOW + 3, 2, 1));
    let long_ago = Case::of(vec![at(Place::Ended)]);
    assert_eq!(long_ago.told(), (State::Delivered, "Delivered to sim/all at the first try.".into()));
    assert_eq!(long_ago.explained().routes[0].delivered_at_ms, None);
}

#[test]
fn a_delivery_after_failures_is_told_with_them() {
    let case = Case::of(vec![at(Place::Ended)]).after(&[FAILED, FAILED, (TrailResult::Delivered, "")]);
    let (state, summary) = case.told();
    assert_eq!((state, &*summary), (State::Delivered, "Delivered to sim/all after 3 attempts, 3000 ms after it came."));
    assert_eq!(case.explained().routes[0].delivered_at_ms, Some(NOW + 3000));
}

#[test]
fn what_waits_says_for_what_and_until_when() {
    let tried = OpenPlace { attempts: 1, due_at_ms: ASKED + 9000, ..OpenPlace::default() };
    let case = Case::of(vec![open(tried)]).after(&[FAILED]);
    assert_eq!(
        case.told(),
        (
            State::Waiting,
            "Not yet at sim/all: it waits for its next attempt at 08:00:14 UTC; 1 attempt so far, \
             the last: HTTP 503 busy."
                .into()
        )
    );
    assert_eq!(case.explained().routes[0].next_at_ms, Some(ASKED + 9000));
    let endpoint = Endpoint { broken_since_ms: Some(NOW), open_until_ms: Some(ASKED + 10_000), ..Endpoint::default() };
    let broken = RouteFacts { held_until_ms: Some(ASKED + 10_000), endpoint, ..open(tried) };
    let told = Case::of(vec![broken]).explained();
    let says = "its breaker, open until 08:00:15 UTC: the endpoint fails since 08:00:00 UTC";
    assert_eq!((told.routes[0].waits_for.as_deref(), told.routes[0].next_at_ms), (Some(says), Some(ASKED + 10_000)));
    let throttled = RouteFacts { held_until_ms: Some(ASKED + 10_000), ..open(tried) };
    let told = Case::of(vec![throttled]).explained();
    assert!(told.summary.contains("asked to be left alone until 08:00:15 UTC"), "{}", told.summary);
    let behind = open(OpenPlace { behind: Some(99), ..OpenPlace::default() });
    let told = Case::of(vec![behind]).explained();
    assert!(told.summary.contains("100.99 of its lane, which is before it"), "{}", told.summary);
    assert_eq!(told.routes[0].next_at_ms, None);
    let busy = RouteFacts { is_busy: true, ..open(OpenPlace::default()) };
    assert!(Case::of(vec![busy]).told().1.contains("others of its route that are under way"));
    let free = Case::of(vec![open(OpenPlace::default())]).told();
    assert!(free.1.contains("nothing: it starts at once"), "{}", free.1);
}

#[test]
fn what_is_under_way_unread_or_parked_is_told_so() {
    let under_way = OpenPlace { under_way_ms: Some(NOW), ..OpenPlace::default() };
    assert_eq!(Case::of(vec![open(under_way)]).told(), (State::UnderWay, "On its way to sim/all just now.".into()));
    let full = Endpoint { is_full: true, ..Endpoint::default() };
    let told = Case::of(vec![RouteFacts { endpoint: full, ..open(under_way) }]).explained();
    assert!(told.routes[0].waits_for.as_deref().is_some_and(|why| why.contains("32 at once")), "{told:?}");
    let (state, says) = Case::of(vec![at(Place::Unread { behind: 41 })]).told();
    assert_eq!(
        (state, &*says),
        (State::Pending, "Waits for the route to read the journal on: 40 events are before it (sim/all).")
    );
    let parked = OpenPlace { parked: true, attempts: 6, due_at_ms: ASKED + 1000, ..OpenPlace::default() };
    let (state, says) = Case::of(vec![open(parked)]).after(&[FAILED]).told();
    assert_eq!(state, State::Parked);
    assert!(says.starts_with("Parked for sim/all: it fails while others get through"), "{says}");
}

#[test]
fn what_somebody_must_do_something_about_says_what() {
    let paused = Endpoint { paused_at_ms: Some(NOW), ..Endpoint::default() };
    let says = |route: RouteFacts| Case::of(vec![route]).told();
    let (state, text) = says(RouteFacts { endpoint: paused, ..open(OpenPlace::default()) });
    assert_eq!(state, State::Held);
    assert!(text.contains("paused by HTTP 410 since 08:00:00 UTC: POST /api/routes/sim/all/resume"), "{text}");
    let own = Arc::new(route("sim/100/crm"));
    let event = Event { wanted_by: vec![route_tag("sim/100/crm")], ..event(1, 7).as_ref().clone() };
    let facts = RouteFacts { route: own, endpoint: paused, ..open(OpenPlace::default()) };
    let told = Case { event, ..Case::of(vec![facts]) }.told().1;
    assert!(told.contains("POST /api/accounts/100/routes/crm/resume"), "{told}");
    let unusable = Arc::new(Route { unusable: Some("the key is wrong".into()), ..route("sim/all") });
    let (state, text) = says(RouteFacts { route: unusable, ..open(OpenPlace::default()) });
    assert!(state == State::Held && text.contains("the key is wrong"), "{text}");
    let removed = RouteFacts { standing: Standing::Removed, ..open(OpenPlace::default()) };
    let (state, text) = says(removed);
    assert!(state == State::Removed && text.contains("DELETE /api/routes/sim/all"), "{text}");
}

#[test]
fn what_was_given_up_says_why_and_whether_it_can_be_driven_again() {
    let dead = (TrailResult::Dead, "refused for good: HTTP 400 no");
    let mut case = Case::of(vec![at(Place::Ended)]).after(&[FAILED, dead]);
    case.letters = vec!["sim/all".into()];
    assert_eq!(
        case.told(),
        (
            State::Dead,
            "Given up for sim/all at 08:00:02 UTC: refused for good: HTTP 400 no. \
             POST /api/accounts/100/dead/redrive tries again."
                .into()
        )
    );
    case.letters.clear();
    assert!(case.told().1.contains("its dead letter is gone"));
    let buried = Case::of(vec![at(Place::Ended)]).after(&[FAILED, (TrailResult::Buried, "removed")]).explained();
    assert_eq!(buried.routes[0].attempts_made, 1, "the end of it was no attempt");
    let again = RouteFacts { place: Place::Open(OpenPlace::default()), ..at(Place::Ended) };
    let case = Case { routes: vec![again], ..case };
    assert_eq!(case.told().0, State::Waiting, "driven again");
}

#[test]
fn what_no_route_wanted_says_which_filter_kept_it_out() {
    let calls = Arc::new(Route { fields: vec!["calls".into()], ..route("sim/calls") });
    let facts = RouteFacts { route: calls, ..at(Place::Ended) };
    let event = Event { wanted_by: vec![], ..event(1, 7).as_ref().clone() };
    let case = Case { event, ..Case::of(vec![facts]) };
    assert_eq!(
        case.told(),
        (State::Filtered, "Not delivered: sim/calls did not want it, its fields (calls) do not name messages.".into())
    );
    let newer = Case { routes: vec![at(Place::Ended)], ..case };
    let told = newer.explained();
    assert_eq!((told.routes[0].state, told.routes[0].matched), (State::NotOffered, false));
    assert!(told.summary.contains("the route is newer than the event"), "{}", told.summary);
    let none = Case { routes: Vec::new(), ..newer };
    assert_eq!(none.explained().summary, "Not delivered: no route wanted it.");
}

#[test]
fn what_was_offered_to_nobody_says_whose_it_is_and_what_takes_it_over() {
    let of = |disposition, home, claimed: Option<&str>| {
        let event =
            Event { disposition, claimed: claimed.map(Into::into), wanted_by: vec![], ..event(1, 7).as_ref().clone() };
        Case { event, home, ..Case::of(Vec::new()) }.explained().summary
    };
    let inactive = of(Disposition::Inactive, Home::Account, None);
    assert!(inactive.contains("not subscribed") && inactive.contains("whatsapp=subscribe&id=100"), "{inactive}");
    let waits = of(Disposition::Quarantined, Home::Quarantine, Some("777"));
    assert!(waits.contains("names account 777") && waits.contains("whatsapp=setup&id=777"), "{waits}");
    let nameless = of(Disposition::Quarantined, Home::Quarantine, None);
    assert!(nameless.contains("names no account"), "{nameless}");
    let left = of(Disposition::Quarantined, Home::LeftQuarantine, Some("777"));
    assert!(left.contains("left the quarantine: handed over"), "{left}");
    assert!(of(Disposition::Test, Home::Tests, None).contains("no route has tests = true"));
    let removed = of(Disposition::Routed, Home::Removed, None);
    assert_eq!(removed, "Not delivered: no route wanted it. The account was removed since.");
}

#[test]
fn a_route_that_is_gone_is_still_known_by_its_name_and_what_became_of_the_event() {
    let buried = [(TrailResult::Buried, "the account was removed before it could be delivered")];
    let case = Case { home: Home::Removed, ..Case::of(Vec::new()) }.after(&buried);
    let told = case.explained();
    assert_eq!((&*told.routes[0].route, told.routes[0].state), ("sim/all", State::Dead));
    assert!(told.routes[0].why.contains("the account was removed since"));
    let delivered = Case { trails: Vec::new(), ..case };
    assert_eq!(delivered.told(), (State::Delivered, "Delivered to sim/all at the first try.".into()));
    let event = Event { wanted_by: vec![7], ..delivered.event.clone() };
    let told = Case { event, ..delivered }.explained();
    assert_eq!(told.routes[0].route, "removed/00000007");
}

#[test]
fn of_many_routes_the_worst_comes_first_and_the_others_are_counted() {
    let other = RouteFacts { route: Arc::new(route("sim/other")), ..at(Place::Ended) };
    let wanted_by = vec![route_tag("sim/all"), route_tag("sim/other"), Event::SUPERSEDED];
    let event = Event { wanted_by, ..event(1, 7).as_ref().clone() };
    let under_way = open(OpenPlace { under_way_ms: Some(NOW), ..OpenPlace::default() });
    let case = Case { event, ..Case::of(vec![under_way, other.clone()]) };
    assert_eq!(case.told().1, "On its way to sim/all just now. 1 other route has it.");
    let both = Case { routes: vec![at(Place::Ended), other], ..case };
    assert_eq!(both.explained().summary, "Delivered to all 2 routes that wanted it.");
    assert_eq!(both.explained().routes.len(), 2, "a mark in wanted_by is no route");
}

#[test]
fn an_event_without_its_bytes_says_so_and_its_lane_is_told() {
    let event = event(1, 7).as_ref().clone().erased();
    let told = Case { event, ..Case::of(vec![at(Place::Ended)]) }.explained();
    assert_eq!(told.summary, "Delivered to sim/all at the first try. Its bytes were erased.");
    assert_eq!(told.lane, "number 9, field messages");
}
