//! The sections that stand once: server, storage, graph, send. Knows what their values may be.

use super::address;
use super::node::Value;
use super::section::{Reading, Section, Unread};
use super::settings::{Engine, SendSettings, ServerSettings, StorageSettings};
use super::values;
use crate::auth::TrustedProxies;
use crate::tls::{Material, TlsSettings};
use std::path::PathBuf;
use std::time::Duration;
use wharf_actors::gateway::GraphSettings;
use wharf_storage::KeepBody;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// Meta tries a webhook again for up to 7 days; a day more covers clocks and slow last tries.
const LEAST_DEDUPE: Duration = DAY.saturating_mul(8);

/// A webhook may have 4 MiB, and one must fit.
const LEAST_INFLIGHT: u64 = 4 << 20;

/// More than a process can hold descriptors for.
const MOST_CONNECTIONS: usize = 1_000_000;

/// Reads `[server]`.
pub(super) fn server(unread: Unread, reading: &mut Reading) -> Option<ServerSettings> {
    let mut section = Section::open("server", unread, reading)?;
    let listen = section.get("listen", values::listen);
    let ops_listen = section.get("ops_listen", values::listen);
    let public_url = section.maybe("public_url", values::base);
    let workers = section.maybe("workers", values::number(1..=1024));
    let inflight_bytes = section.get("inflight_bytes", values::bytes(LEAST_INFLIGHT));
    let verb_wait = section.get("verb_wait", values::within(SECOND, SECOND * 600));
    let max_connections = section.get("max_connections", values::number(1..=MOST_CONNECTIONS));
    let most_of_one = section.get("max_connections_per_address", values::number(1..=MOST_CONNECTIONS));
    let keep_alive = section.get("keep_alive", values::within(SECOND, SECOND * 3600));
    let trusted_proxy = section.list("trusted_proxy", values::network).map(TrustedProxies::new);
    let private_routes = section.get("private_routes", values::truth);
    let speaks_tls = section.has("tls");
    let unread_tls = section.table("tls");
    if let (Some(one), Some(other)) = (listen, ops_listen)
        && one == other
        && one.port() != 0
    {
        section.fault_at("ops_listen", format!("\"{other}\", which is `listen` too"), "another address or port");
    }
    if public_url.as_ref().is_some_and(|url| url.as_ref().is_some_and(|url| address::is_plain_and_far(url))) {
        section.warn(
            "public_url",
            "Meta calls https only; name an https URL here, of [server.tls] or of a TLS proxy before Wharf",
        );
    }
    section.close();
    let tls = if speaks_tls { tls(unread_tls, reading).map(Some) } else { Some(None) };
    Some(ServerSettings {
        listen: listen?,
        ops_listen: ops_listen?,
        public_url: public_url?,
        workers: workers?.unwrap_or_else(cores),
        inflight_bytes: inflight_bytes?,
        verb_wait: verb_wait?,
        max_connections: max_connections?,
        max_connections_per_address: most_of_one?,
        keep_alive: keep_alive?,
        trusted_proxy: trusted_proxy?,
        private_routes: private_routes?,
        tls: tls?,
    })
}

/// Reads `[server.tls]`, and the files it names: who renews them wrongly hears it before anything is lost.
fn tls(unread: Unread, reading: &mut Reading) -> Option<TlsSettings> {
    let mut section = Section::open("server.tls", unread, reading)?;
    let cert = section.get("cert", path);
    let key = section.get("key", path);
    let client_ca = section.maybe("client_ca", path);
    let settings = (|| Some(TlsSettings { cert: cert?, key: key?, client_ca: client_ca? }))();
    let fault = settings.as_ref().and_then(|settings| Material::load(settings).err());
    if let Some(fault) = &fault {
        section.fault_at(fault.setting, fault.found.clone(), fault.expected);
    }
    section.close();
    settings.filter(|_| fault.is_none())
}

fn path(value: &Value) -> Result<PathBuf, String> {
    values::text(value).map(PathBuf::from)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A store below this has no room for a day's marks beside its volumes.
const LEAST_STORE: u64 = 1 << 30;
/// A webhook may have 4 MiB, and one must fit.
const LEAST_KEPT: u64 = 4 << 20;

/// Base64 of 24 random bytes: what nobody guesses.
const LEAST_SECRET_KEY: usize = 32;

/// Reads `[storage]`.
pub(super) fn storage(unread: Unread, reading: &mut Reading) -> Option<StorageSettings> {
    let mut section = Section::open("storage", unread, reading)?;
    let engine = section.get("engine", values::one_of(&[("sled", Engine::Sled)]));
    let path = section.get("path", values::text).map(PathBuf::from);
    let retention = section.get("retention", values::duration(SECOND));
    let dedupe = section.get("dedupe", values::duration(LEAST_DEDUPE));
    let max_bytes = section.maybe("max_bytes", values::bytes(LEAST_STORE));
    let quarantine_bytes = section.get("quarantine_bytes", values::bytes(LEAST_KEPT));
    let quarantine_retention = section.get("quarantine_retention", values::duration(SECOND));
    let dead_bytes = section.get("dead_bytes", values::bytes(LEAST_KEPT));
    let dead_retention = section.get("dead_retention", values::duration(SECOND));
    let dialog_ttl = section.get("dialog_ttl", values::duration(SECOND));
    let secret_key = section.secrets("secret_key");
    if secret_key.iter().flatten().any(|key| key.reveal().chars().count() < LEAST_SECRET_KEY) {
        section.fault_at("secret_key", "a key that is too short", "at least 32 random characters");
    }
    let bodies = [("retention", KeepBody::Retention), ("until_delivered", KeepBody::UntilDelivered)];
    let keep_body = section.get("keep_body", values::one_of(&bodies));
    section.close();
    Some(StorageSettings {
        engine: engine?,
        path: path?,
        retention: retention?,
        dedupe: dedupe?,
        max_bytes: max_bytes?,
        quarantine_bytes: quarantine_bytes?,
        quarantine_retention: quarantine_retention?,
        dead_bytes: dead_bytes?,
        dead_retention: dead_retention?,
        dialog_ttl: dialog_ttl?,
        secret_key: secret_key?,
        keep_body: keep_body?,
    })
}

/// Reads `[graph]`: where it is, and how often accounts are compared with it.
pub(super) fn graph(unread: Unread, reading: &mut Reading) -> Option<(GraphSettings, Duration)> {
    let mut section = Section::open("graph", unread, reading)?;
    let base_url = section.get("base_url", values::origin);
    let version = section.get("version", values::version);
    let reconcile_every = section.get("reconcile_every", values::duration(SECOND));
    if base_url.as_deref().is_some_and(address::is_plain_and_far) {
        section
            .warn("base_url", "tokens travel there without encryption; use https except for a sandbox on this machine");
    }
    section.close();
    Some((GraphSettings { base_url: base_url?, version: version? }, reconcile_every?))
}

/// Reads `[send]`.
pub(super) fn send(unread: Unread, reading: &mut Reading) -> Option<SendSettings> {
    let mut section = Section::open("send", unread, reading)?;
    let send_wait = section.get("send_wait", values::within(Duration::ZERO, SECOND * 60));
    let send_max_age = section.get("send_max_age", values::duration(SECOND));
    let unknown_wait = section.get("unknown_wait", values::duration(SECOND));
    let strict_window = section.get("strict_window", values::truth);
    let duplicate_guard = section.get("duplicate_guard", values::truth);
    section.close();
    Some(SendSettings {
        send_wait: send_wait?,
        send_max_age: send_max_age?,
        unknown_wait: unknown_wait?,
        strict_window: strict_window?,
        duplicate_guard: duplicate_guard?,
    })
}
