//! New settings for a running house: keys, tokens, secrets, trusted proxies and the files of TLS are taken over; what
//! cannot change without a restart is named. Reads no file but those of TLS and waits for nothing.

use crate::config::{ServerSettings, Settings};
use crate::edge::{Edge, verifiers};
use crate::tls::{Material, TlsFault};
use std::collections::BTreeMap;
use std::sync::Arc;
use wharf_actors::gateway::Gateway;

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
    edge.proxies.set(new.server.trusted_proxy.clone());
    let running: Vec<_> = edge.wharf.directory.gateways().map(|desks| &desks.gateway).collect();
    for (old, new) in pairs(&running, new) {
        old.token.set(new.token.get());
        old.app_secrets.set(new.app_secrets.get());
        old.verify_token.set(new.verify_token.get());
    }
    edge.verifiers.set(verifiers(running.into_iter()));
    Ok(Reloaded { needs_restart: needs_restart(started, new) })
}

/// Gateways that are there before and after.
fn pairs<'g>(running: &[&'g Arc<Gateway>], new: &'g Settings) -> Vec<(&'g Arc<Gateway>, &'g Arc<Gateway>)> {
    let find = |old: &&'g Arc<Gateway>| new.gateways.iter().find(|new| new.uri == old.uri).map(|new| (*old, new));
    running.iter().filter_map(find).collect()
}

/// Every setting that differs and is not taken over, by its path.
fn needs_restart(started: &Settings, new: &Settings) -> Vec<String> {
    let mut named = server(&started.server, &new.server);
    let sections = [
        ("storage", started.storage != new.storage),
        ("graph", started.graph != new.graph),
        ("send", started.send != new.send),
    ];
    named.extend(differing(sections));
    named.extend(gateways(started, new));
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
        ("server.keep_alive", old.keep_alive != new.keep_alive),
        ("server.tls", old.tls.is_some() != new.tls.is_some()),
    ];
    differing(settings).collect()
}

fn differing<const N: usize>(settings: [(&str, bool); N]) -> impl Iterator<Item = String> {
    settings.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned())
}

/// Gateways that came or went, and what differs in those that stayed.
fn gateways(started: &Settings, new: &Settings) -> Vec<String> {
    let before: BTreeMap<_, _> = started.gateways.iter().map(|gateway| (&gateway.uri, gateway)).collect();
    let after: BTreeMap<_, _> = new.gateways.iter().map(|gateway| (&gateway.uri, gateway)).collect();
    let gone = before.keys().filter(|uri| !after.contains_key(*uri)).map(|uri| format!("gateway {uri} (removed)"));
    let come = after.keys().filter(|uri| !before.contains_key(*uri)).map(|uri| format!("gateway {uri} (new)"));
    let mut named: Vec<String> = gone.chain(come).collect();
    for (uri, old) in &before {
        let Some(new) = after.get(uri) else { continue };
        named.extend(gateway(old, new).map(|setting| format!("gateway {uri}: {setting}")));
    }
    named
}

fn gateway(old: &Gateway, new: &Gateway) -> impl Iterator<Item = String> {
    differing([
        ("app_id", old.app_id != new.app_id),
        ("business_id", old.business_id != new.business_id),
        ("override", old.overrides != new.overrides),
        ("verbs", old.verbs != new.verbs),
        ("route", old.routes != new.routes),
    ])
}
