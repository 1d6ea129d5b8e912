//! What can be done about an event that did not arrive, as commands to type. Knows states and words, asks nobody.

use super::event::{Explained, RouteStory};
use std::collections::HashSet;

/// A command, and what it does.
pub(super) type WayOut = (String, &'static str);

/// What can be done, each once, what matters most first.
pub(super) fn of(told: &Explained) -> Vec<WayOut> {
    let mut ways: Vec<WayOut> = told.routes.iter().flat_map(|route| of_route(told, route)).collect();
    if ways.is_empty() && told.received.disposition == "inactive" {
        let (gateway, account) = (&told.received.gateway, account(told));
        ways.push((format!("wharf verb subscribe --gateway {gateway} --id {account}"), "lets its webhooks come"));
        ways.push((format!("wharf replay {}", told.event.id), "then delivers this one"));
    }
    let mut known = HashSet::new();
    ways.retain(|(command, _)| known.insert(command.clone()));
    ways
}

fn of_route(told: &Explained, story: &RouteStory) -> Vec<WayOut> {
    let (event, account, route) = (&told.event.id, account(told), &story.route);
    let replay = format!("wharf replay {event} --route {route}");
    let waits = story.waits_for.as_deref().unwrap_or_default();
    match story.state.as_str() {
        "dead" if story.dead.as_ref().is_some_and(|dead| dead.kept) => {
            let command = format!("wharf dead {account} --redrive --event {event} --route {route}");
            vec![(command, "tries it again"), (format!("wharf dead {account}"), "shows what else was given up")]
        }
        "dead" => vec![(replay, "delivers it again")],
        "held" if waits.contains(&format!("/api/accounts/{account}/resume")) => vec![
            (format!("wharf release {account} --deliveries"), "lets them go; --route or --number as they were held"),
            (format!("wharf accounts {account}"), "shows what is held"),
        ],
        "held" => vec![(format!("wharf routes {account} resume {route}"), "ends the pause")],
        "waiting" | "parked" => match before(waits) {
            Some(before) => vec![(format!("wharf explain {before}"), "tells of the one before it")],
            None => vec![(format!("wharf routes {account} test {route}"), "tries now whether it takes deliveries")],
        },
        "filtered" if !told.routes.iter().any(|route| route.matched) => {
            vec![(replay, "delivers it, whatever the filter says")]
        }
        _ => Vec::new(),
    }
}

/// The event that is before it in its lane.
fn before(waits: &str) -> Option<&str> {
    waits.split_once("/api/events/")?.1.split_once("/explain").map(|(event, _)| event)
}

/// Whose journal it is in.
fn account(told: &Explained) -> &str {
    told.event.id.rsplit_once('.').map_or(told.event.id.as_str(), |(account, _)| account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn ways(disposition: &str, route: &Value) -> Vec<String> {
        let told = json!({"event": {"id": "1022.57"}, "received": {"gateway": "support", "disposition": disposition},
            "routes": [route]});
        of(&serde_json::from_value(told).expect("an explanation")).into_iter().map(|(command, _)| command).collect()
    }

    #[test]
    fn each_state_that_needs_somebody_names_the_command() {
        let route = |state: &str, waits: &str| {
            json!({"route": "support/bot", "state": state, "matched": true, "waits_for": waits,
            "dead": {"reason": "x", "kept": true}})
        };
        for (state, waits, expected) in [
            ("dead", "", "wharf dead 1022 --redrive --event 1022.57 --route support/bot"),
            ("held", "somebody: POST /api/accounts/1022/resume", "wharf release 1022 --deliveries"),
            ("held", "somebody: POST /api/routes/support/bot/resume", "wharf routes 1022 resume support/bot"),
            ("held", "somebody: POST /api/accounts/1022/routes/crm/resume", "wharf routes 1022 resume support/bot"),
            ("waiting", "its breaker, open until 10:00:00 UTC", "wharf routes 1022 test support/bot"),
            (
                "parked",
                "1022.50 of its lane, which is before it: GET /api/events/1022.50/explain",
                "wharf explain 1022.50",
            ),
        ] {
            assert_eq!(ways("routed", &route(state, waits))[0], expected, "{state}");
        }
        assert!(
            ways("routed", &route("delivered", "")).is_empty() && ways("routed", &route("under_way", "")).is_empty()
        );
    }

    #[test]
    fn what_nobody_wanted_or_was_offered_can_be_replayed() {
        let gone =
            json!({"route": "support/bot", "state": "dead", "matched": true, "dead": {"reason": "x", "kept": false}});
        let replay = "wharf replay 1022.57 --route support/bot";
        assert_eq!(ways("routed", &gone), [replay]);
        assert_eq!(ways("routed", &json!({"route": "support/bot", "state": "filtered", "matched": false})), [replay]);
        let expected = ["wharf verb subscribe --gateway support --id 1022", "wharf replay 1022.57"];
        assert_eq!(ways("inactive", &json!({"route": "support/bot", "state": "not_offered"})), expected);
    }
}
