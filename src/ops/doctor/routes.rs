//! The endpoints of routes: are they there, and does their breaker let anything through? Nothing is posted to them.

use super::finding::Finding;
use crate::config::masked;
use crate::edge::Edge;
use crate::ops::read;
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use wharf_actors::courier::endpoint::Addresses;
use wharf_actors::courier::gate::Standing;
use wharf_actors::courier::touch::{Touched, Untouched, touch};
use wharf_actors::gateway::{Gateway, Route, kept};
use wharf_storage::{Kind, Noun, RoutesRecord};

/// Routes that are touched, of each gateway: those of the settings first, then those that accounts have.
const TOUCHED: usize = 40;
/// At once.
const SIDE_BY_SIDE: usize = 10;

/// The routes of `gateway`, and those of its accounts that `theirs` lets through.
pub(super) async fn of_gateway(edge: &Edge, gateway: &Gateway, theirs: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut routes = gateway.routes.get().to_vec();
    if routes.is_empty() {
        let remedy = "add a [[gateway.route]] with the URL of your application";
        let says = "it has no route: events are kept in the journal and go nowhere";
        return vec![Finding::warn("route", &gateway.uri, says, remedy)];
    }
    routes.extend(own(edge, gateway, theirs).await);
    let more = routes.len().saturating_sub(TOUCHED);
    routes.truncate(TOUCHED);
    let found = stream::iter(routes).map(|route| async move {
        let standing = edge.wharf.gates.known(&route.url).map(|gate| gate.standing());
        of_route(&route, standing, touched(&route).await)
    });
    let mut found: Vec<Finding> = found.buffered(SIDE_BY_SIDE).collect().await;
    if more > 0 {
        found.push(Finding::skipped("route", &gateway.uri, format!("{more} routes more were not tried")));
    }
    found
}

async fn own(edge: &Edge, gateway: &Gateway, theirs: &dyn Fn(&str) -> bool) -> Vec<Arc<Route>> {
    let records = read(edge, |store| {
        let records = store.hot(Kind::Routes, &[]).into_iter();
        records.map(|(_, bytes)| RoutesRecord::from_bytes(&bytes)).collect::<Result<Vec<_>, _>>()
    });
    let here = |record: &RoutesRecord| {
        let engaged = edge.wharf.directory.account(&record.account);
        theirs(&record.account) && engaged.is_some_and(|(_, desks)| desks.gateway.uri == gateway.uri)
    };
    let mut routes = Vec::new();
    for RoutesRecord { account, routes: own } in records.await.unwrap_or_default().into_iter().filter(here) {
        let full = |name: &str| kept::full_name(&gateway.uri, &account, name);
        let opened = own.iter().filter_map(|route| kept::open(route, full(&route.name), &edge.wharf.vault).ok());
        routes.extend(opened.map(Arc::new));
    }
    routes
}

async fn touched(route: &Route) -> Option<Result<Touched, Untouched>> {
    if route.unusable.is_some() {
        return None;
    }
    let reach = if route.allow_private { Addresses::Any } else { Addresses::Public };
    Some(touch(&route.url, reach).await)
}

fn of_route(route: &Route, standing: Option<Standing>, touched: Option<Result<Touched, Untouched>>) -> Finding {
    let name = &*route.name;
    let fail = |says: String, remedy: &str| Finding::fail("route", name, says, remedy);
    if let Some(why) = &route.unusable {
        return fail(format!("it cannot be used: {why}"), "set it anew: PUT /api/accounts/{waba}/routes/{name}");
    }
    match touched {
        Some(Err(why @ Untouched::Private { .. })) => {
            return fail(why.to_string(), "use a public address, or say allow_private where that may be");
        }
        Some(Err(why)) => {
            return fail(
                why.to_string(),
                "start the application, or mend the route's url; what is pending waits for it",
            );
        }
        Some(Ok(_)) | None => {}
    }
    let there = format!("{} is there", masked(&route.url));
    match standing {
        Some(Standing { paused_at_ms: Some(_), .. }) => {
            let remedy = "once the application is back: POST /api/routes/{gateway}/{name}/resume";
            Finding::warn("route", name, format!("{there}, and paused because it said 410"), remedy)
        }
        Some(Standing { breaker, .. }) if breaker != "closed" => {
            let remedy = "see last_answer of the route in GET /api/accounts/{waba}; Wharf asks again by itself";
            Finding::warn("route", name, format!("{there}, but its breaker is {breaker}: it fails"), remedy)
        }
        Some(_) | None => Finding::ok("route", name, there),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn route() -> Route {
        Route {
            name: "main/bot".into(),
            url: "https://u:p@bot.example.com/x?token=1".into(),
            ..kept::removed("main/bot")
        }
    }

    #[test]
    fn a_route_is_judged_by_its_endpoint_and_its_breaker_and_shows_no_secret() {
        let well = Standing {
            breaker: "closed",
            broken_at_ms: None,
            open_until_ms: None,
            paused_at_ms: None,
            waiting: 0,
            free: 1,
        };
        let standing = |breaker, paused_at_ms| Some(Standing { breaker, paused_at_ms, ..well });
        let there = || Some(Ok(Touched::default()));
        let gone = || Some(Err(Untouched::Unconnected { address: "192.0.2.1:443".into(), reason: "refused".into() }));
        let private = Untouched::Private { host: "bot".into(), address: "10.0.0.1".into() };
        for (standing, touched, level, said) in [
            (None, there(), Level::Ok, "https://…@bot.example.com/x?… is there"),
            (standing("closed", None), there(), Level::Ok, "is there"),
            (standing("open", None), there(), Level::Warn, "breaker is open"),
            (standing("closed", Some(1)), there(), Level::Warn, "410"),
            (standing("open", None), gone(), Level::Fail, "takes no connection"),
            (None, Some(Err(private)), Level::Fail, "not public"),
        ] {
            let found = of_route(&Route { unusable: None, ..route() }, standing, touched);
            assert_eq!(found.level, level, "{found:?}");
            assert!(found.says.contains(said) && !found.says.contains("token"), "{found:?}");
        }
        let sealed = Route { unusable: Some("another secret_key".into()), ..route() };
        assert!(of_route(&sealed, None, None).says.contains("another secret_key"));
    }
}
