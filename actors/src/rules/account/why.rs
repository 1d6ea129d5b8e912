//! Why a route's filter lets an event in or keeps it out, in words. It decides nothing: that is done in `scope`.

use super::scope::{Filter, kept_out_by};
use crate::gateway::Route;
use wharf_storage::Event;

/// Names of a list that are shown at most.
const SHOWN: usize = 5;

/// One sentence on what `route`'s filter says of `event`.
pub fn why(route: &Route, event: &Event) -> String {
    match kept_out_by(route, event) {
        Some(filter) => keeps_out(filter, route, event),
        None => lets_in(route, event),
    }
}

fn keeps_out(filter: Filter, route: &Route, event: &Event) -> String {
    let missing =
        |list: &str, names: &[String], what: &str| format!("its {list} ({}) do not name {what}", shown(names));
    match filter {
        Filter::RankGuard => "rank_guard = \"drop\": a later status of the same message came before".to_owned(),
        Filter::Alarms => {
            format!("it is an alarm of Wharf's own: these go only where fields name {} or types account", event.field)
        }
        Filter::Fields => missing("fields", &route.fields, &event.field),
        Filter::Types => missing("types", &route.types, event.kind.word()),
        Filter::Accounts => missing("accounts", &route.accounts, &event.stream),
        Filter::Numbers => match event.number.id.as_deref() {
            Some(number) => missing("numbers", &route.numbers, number),
            None => format!("it wants some numbers alone ({}), and the event has none", shown(&route.numbers)),
        },
    }
}

fn lets_in(route: &Route, event: &Event) -> String {
    let number = event.number.id.as_deref().unwrap_or_default();
    let lists = [
        (&route.fields, format!("fields name {}", event.field)),
        (&route.types, format!("types name {}", event.kind.word())),
        (&route.accounts, format!("accounts name {}", event.stream)),
        (&route.numbers, format!("numbers name {number}")),
    ];
    let named: Vec<String> = lists.into_iter().filter(|(list, _)| !list.is_empty()).map(|(_, says)| says).collect();
    match named.is_empty() {
        true => "it has no filter: it wants everything".to_owned(),
        false => format!("its {}", named.join(", its ")),
    }
}

fn shown(names: &[String]) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let first = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::RankGuard;
    use crate::rules::account::{ALARM_FIELD, wants};
    use crate::rules::testing::{event, route};
    use proptest::prelude::*;
    use wharf_storage::{EventKind, NumberRef};

    fn list(names: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
        proptest::sample::subsequence(names.to_vec(), 0..=names.len())
            .prop_map(|some| some.into_iter().map(str::to_owned).collect())
    }

    fn a_route() -> impl Strategy<Value = Route> {
        let guard = prop_oneof![Just(RankGuard::Off), Just(RankGuard::Mark), Just(RankGuard::Drop)];
        let fields = list(&["messages", "calls", ALARM_FIELD]);
        let types = list(&["message", "status", "account"]);
        (fields, types, list(&["100", "200"]), list(&["9", "8"]), guard).prop_map(
            |(fields, types, accounts, numbers, rank_guard)| Route {
                fields,
                types,
                accounts,
                numbers,
                rank_guard,
                ..route("sim/all")
            },
        )
    }

    fn an_event() -> impl Strategy<Value = Event> {
        let field = prop_oneof![Just("messages"), Just("calls"), Just(ALARM_FIELD), Just("flows")];
        let kind = prop_oneof![Just(EventKind::Message), Just(EventKind::Status), Just(EventKind::Account)];
        let number = prop_oneof![Just(None), Just(Some("9")), Just(Some("7"))];
        let tags = prop_oneof![Just(vec![]), Just(vec![Event::SUPERSEDED])];
        (field, kind, number, tags).prop_map(|(field, kind, number, wanted_by)| Event {
            field: field.into(),
            kind,
            number: NumberRef { id: number.map(Into::into), display: None },
            wanted_by,
            ..event(1, 1).as_ref().clone()
        })
    }

    /// A filter as the README tells it, written once more.
    fn as_documented(route: &Route, event: &Event) -> bool {
        let named = |list: &[String], what: &str| list.is_empty() || list.contains(&what.to_owned());
        let is_alarm = *event.field == *ALARM_FIELD;
        let number = event.number.id.as_deref().unwrap_or("none");
        named(&route.fields, &event.field)
            && named(&route.types, event.kind.word())
            && named(&route.accounts, "100")
            && named(&route.numbers, number)
            && !(is_alarm && route.fields.is_empty() && route.types.is_empty())
            && !(route.rank_guard == RankGuard::Drop && event.is_superseded())
    }

    proptest! {
        #[test]
        fn it_is_said_why_not_exactly_where_a_route_does_not_want_an_event(route in a_route(), event in an_event()) {
            prop_assert_eq!(wants(&route, &event), as_documented(&route, &event));
            let says = why(&route, &event);
            let lets_in = says.contains(" name ") && !says.contains("do not name") && !says.contains("go only where")
                || says.contains("wants everything");
            prop_assert_eq!(lets_in, wants(&route, &event), "{}", says);
        }
    }

    #[test]
    fn the_deciding_filter_is_named() {
        let calls = Event { field: "calls".into(), number: NumberRef::default(), ..event(1, 1).as_ref().clone() };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let fields = Route { fields: names(&["messages", "flows"]), ..route("sim/all") };
        assert_eq!(why(&fields, &calls), "its fields (messages, flows) do not name calls");
        let numbers = Route { numbers: names(&["1", "2", "3", "4", "5", "6", "7"]), ..route("sim/all") };
        assert_eq!(
            why(&numbers, &calls),
            "it wants some numbers alone (1, 2, 3, 4, 5 and 2 more), and the event has none"
        );
        let lets = Route { fields: names(&["calls"]), types: names(&["message"]), ..route("sim/all") };
        assert_eq!(why(&lets, &calls), "its fields name calls, its types name message");
    }
}
