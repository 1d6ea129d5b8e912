//! New settings for a running house: keys, tokens, secrets, routes, gateways, trusted proxies and the files of TLS are
//! taken over; what cannot change without a restart is named. Reads no file but those of TLS.

use crate::config::{ServerSettings, Settings};
use crate::edge::{Edge, verifiers};
use crate::ops::doctor::written_out;
use crate::tls::{Material, TlsFault};
use std::sync::Arc;
use wharf_actors::gateway::{Gateway, Route};
use wharf_actors::supervisor::gateways::SetGateways;

/// What became of new settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// Settings that differ and wait for a restart, such as `server.listen`.
    pub needs_restart: Vec<String>,
}

/// Takes over what can be taken over from `new` in a house that was started with `started`. May block: it reads files.
///
/// A fault in the files of TLS changes nothing at all.
pub fn reload(edge: &Edge, started: &Settings, new: &Settings) -> Result<Reloaded, TlsFault> {
    let material = match (&edge.tls, &new.server.tls) {
        (Some(live), Some(settings)) => Some((live, Material::load(settings)?)),
        (Some(_), None) | (None, _) => None,
    };
    if let Some((live, material)) = material {
        live.replace(material);
    }
    edge.keys.replace(&new.keys);
    edge.chart.written_out.set(written_out(new));
    edge.proxies.set(new.server.trusted_proxy.clone());
    let desks = edge.wharf.directory.gateways();
    let running: Vec<_> = desks.iter().map(|desks| &desks.gateway).collect();
    let needs_restart = needs_restart(started, &running, new);
    for (old, new) in pairs(&running, new) {
        old.routes.set(routes(&old.routes.get(), &new.routes.get()));
        old.token.set(new.token.get());
        old.app_secrets.set(new.app_secrets.get());
        old.verify_token.set(new.verify_token.get());
    }
    desks.iter().for_each(|desks| desks.reroute());
    // Those of gateways that come, before they come; those of gateways that go, until they are gone.
    let gateways = running.iter().copied().chain(new.gateways.iter().filter(|new| !is_one_of(&running, new)));
    edge.verifiers.set(verifiers(gateways));
    Ok(Reloaded { needs_restart })
}

/// Gateways come and go; gives what could not come, and why.
pub async fn set_gateways(edge: &Edge, new: &Settings) -> Vec<String> {
    let asked = edge.wharf.supervisor.send(SetGateways { gateways: new.gateways.clone() }).await;
    let desks = edge.wharf.directory.gateways();
    edge.verifiers.set(verifiers(desks.iter().map(|desks| &desks.gateway)));
    let not_taken = asked.unwrap_or_default().into_iter();
    not_taken.map(|not| format!("gateway {} (not added: {})", not.gateway, not.why)).collect()
}

/// The routes of a gateway: a new value only for those that differ.
fn routes(old: &[Arc<Route>], new: &[Arc<Route>]) -> Vec<Arc<Route>> {
    for gone in old.iter().filter(|old| !new.iter().any(|new| new.name == old.name)) {
        log::warn!(
            "route_removed route={} effect=\"what is pending waits for its return, or DELETE /api/routes/{}\"",
            gone.name,
            gone.name
        );
    }
    let same = |new: &Arc<Route>| old.iter().find(|old| *old == new).unwrap_or(new).clone();
    new.iter().map(same).collect()
}

fn is_one_of(running: &[&Arc<Gateway>], gateway: &Gateway) -> bool {
    running.iter().any(|running| running.uri == gateway.uri)
}

/// Gateways that are there before and after.
fn pairs<'g>(running: &[&'g Arc<Gateway>], new: &'g Settings) -> Vec<(&'g Arc<Gateway>, &'g Arc<Gateway>)> {
    let find = |old: &&'g Arc<Gateway>| new.gateways.iter().find(|new| new.uri == old.uri).map(|new| (*old, new));
    running.iter().filter_map(find).collect()
}

/// Every setting that differs and is not taken over, by its path.
fn needs_restart(started: &Settings, running: &[&Arc<Gateway>], new: &Settings) -> Vec<String> {
    let mut named = server(&started.server, &new.server);
    let sections = [
        ("storage", started.storage != new.storage),
        ("graph", started.graph != new.graph),
        ("send", started.send != new.send),
    ];
    named.extend(differing(sections));
    for (old, new) in pairs(running, new) {
        named.extend(gateway(old, new).map(|setting| format!("gateway {}: {setting}", old.uri)));
    }
    named
}

fn server(old: &ServerSettings, new: &ServerSettings) -> Vec<String> {
    let settings = [
        ("server.listen", old.listen != new.listen),
        ("server.ops_listen", old.ops_listen != new.ops_listen),
        ("server.public_url", old.public_url != new.public_url),
        ("server.workers", old.workers != new.workers),
        ("server.inflight_bytes", old.inflight_bytes != new.inflight_bytes),
        ("server.verb_wait", old.verb_wait != new.verb_wait),
        ("server.max_connections", old.max_connections != new.max_connections),
        ("server.max_connections_per_address", old.max_connections_per_address != new.max_connections_per_address),
        ("server.keep_alive", old.keep_alive != new.keep_alive),
        ("server.private_routes", old.private_routes != new.private_routes),
        ("server.tls", old.tls.is_some() != new.tls.is_some()),
    ];
    differing(settings).collect()
}

fn differing<const N: usize>(settings: [(&str, bool); N]) -> impl Iterator<Item = String> {
    settings.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned())
}

fn gateway(old: &Gateway, new: &Gateway) -> impl Iterator<Item = String> {
    differing([
        ("app_id", old.app_id != new.app_id),
        ("business_id", old.business_id != new.business_id),
        ("override", old.overrides != new.overrides),
        ("verbs", old.verbs != new.verbs),
        ("admin_origin", old.admin_origin != new.admin_origin),
    ])
}
