//! What the settings mean, and how they are loaded. Everything here is checked; nothing shows a secret.

use super::environment::{self, Variables};
use super::fault::{Fault, Faults, Place, Warning};
use super::gateways::Public;
use super::keys::KeySettings;
use super::node::{Node, Table, Value};
use super::section::{Reading, Section, Unread};
use super::{address, document, gateways, keys, sections};
use crate::auth::TrustedProxies;
use crate::tls::TlsSettings;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use wharf_actors::gateway::{Gateway, GraphSettings, Secret};
use wharf_storage::KeepBody;

/// The file that is read where none is named.
const USUAL_FILE: &str = "wharf.toml";

/// The listeners.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerSettings {
    /// The public address.
    pub listen: SocketAddr,
    /// The address for operators.
    pub ops_listen: SocketAddr,
    /// How Meta reaches `listen`, without a slash at the end.
    pub public_url: Option<String>,
    /// Threads that serve HTTP.
    pub workers: usize,
    /// Webhook bytes under way at once.
    pub inflight_bytes: u64,
    /// How long a verb may work before it answers 202.
    pub verb_wait: Duration,
    /// Connections to `listen` at once.
    pub max_connections: usize,
    /// Connections to `listen` from one address at once.
    pub max_connections_per_address: usize,
    /// How long an idle connection to `listen` is kept.
    pub keep_alive: Duration,
    /// Whose word on a caller's address is believed.
    pub trusted_proxy: TrustedProxies,
    /// Whether an account's own routes may lead to private addresses.
    pub private_routes: bool,
    /// The files of TLS at `listen`; without them it speaks plain HTTP.
    pub tls: Option<TlsSettings>,
}

/// The store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageSettings {
    /// Which one.
    pub engine: Engine,
    /// Its folder.
    pub path: PathBuf,
    /// How long the journal is kept.
    pub retention: Duration,
    /// How long a duplicate is known.
    pub dedupe: Duration,
    /// Bytes the store may take on disk; `None` means as many as there are.
    pub max_bytes: Option<u64>,
    /// Items of one gateway's quarantine, in bytes of their bodies; beyond them the oldest go.
    pub quarantine_bytes: u64,
    /// How long an item stays in quarantine.
    pub quarantine_retention: Duration,
    /// Dead letters of all accounts together, in bytes of what could not be delivered; beyond them the oldest go.
    pub dead_bytes: u64,
    /// How long dead letters are kept.
    pub dead_retention: Duration,
    /// After how long a silence a dialog is forgotten.
    pub dialog_ttl: Duration,
    /// Encrypt the secrets that the store keeps, the current one first.
    pub secret_key: Vec<Secret>,
    /// How long events keep their bodies.
    pub keep_body: KeepBody,
}

/// Engines of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, in one folder, for one process.
    Sled,
}

/// Sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendSettings {
    /// How long a send is awaited before it is answered 202.
    pub send_wait: Duration,
    /// How long a message may wait in the queue.
    pub send_max_age: Duration,
    /// How long word of a message whose answer was lost is awaited.
    pub unknown_wait: Duration,
    /// Whether a free-form message outside the known 24-hour window is refused at once.
    pub strict_window: bool,
    /// Whether the same message to the same recipient within a minute is refused.
    pub duplicate_guard: bool,
}

/// All settings, checked.
#[derive(Clone)]
pub struct Settings {
    /// Where they came from: a file's name, or `environment`.
    pub origin: String,
    /// The listeners.
    pub server: ServerSettings,
    /// The store.
    pub storage: StorageSettings,
    /// Where Graph is.
    pub graph: GraphSettings,
    /// Every account is compared with Meta's side once in this time.
    pub reconcile_every: Duration,
    /// Sending.
    pub send: SendSettings,
    /// At least one.
    pub gateways: Vec<Arc<Gateway>>,
    /// Who may do what.
    pub keys: Vec<KeySettings>,
    /// What is doubtful.
    pub warnings: Vec<Warning>,
}

/// This process's variables; those that are not UTF-8 are left out.
pub fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
}

impl Settings {
    /// Loads the file at `path`, else `./wharf.toml` if there is one, else one gateway from `variables`.
    pub fn load(path: Option<&Path>, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Faults> {
        let usual = || Some(Path::new(USUAL_FILE)).filter(|usual| usual.exists());
        match path.or_else(usual) {
            Some(path) => Self::parse(&path.display().to_string(), &text_of(path)?, variables),
            None => Self::from_variables(variables),
        }
    }

    /// Reads `text`, which came from `file`, under the overrides in `variables`.
    pub fn parse(
        file: &str,
        text: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Faults> {
        let root = document::read(file, text).map_err(Faults)?;
        let place = Place::File { file: file.into(), line: 1, column: 1 };
        settle(file, place, root, variables.into_iter().collect())
    }

    /// One gateway from `WHARF_WHATSAPP_TOKEN` and its companions, without any file.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Faults> {
        let variables: Variables = variables.into_iter().collect();
        if !environment::names_a_gateway(&variables) {
            return Err(Faults(vec![nothing_given(&variables)]));
        }
        let root = environment::gateway(&variables);
        let misspelt = environment::misspelt(&variables);
        let mut settings = settle("environment", Place::Environment, root, variables)?;
        settings.warnings.extend(misspelt.into_iter().map(|(name, meant)| Warning {
            path: String::new(),
            text: format!("this variable means nothing here; did you mean {meant}?"),
            place: Place::Variable(name),
        }));
        Ok(settings)
    }
}

fn text_of(path: &Path) -> Result<String, Faults> {
    std::fs::read_to_string(path).map_err(|error| {
        Faults(vec![Fault {
            place: Place::File { file: path.display().to_string().into(), line: 1, column: 1 },
            path: String::new(),
            found: format!("what cannot be read: {error}"),
            expected: "a file with settings, in TOML".to_owned(),
            hint: None,
        }])
    })
}

fn nothing_given(variables: &Variables) -> Fault {
    let misspelt = environment::misspelt(variables).into_iter().next();
    let hint = match misspelt {
        Some((name, meant)) => format!("{name} is set: did you mean {meant}?"),
        None => "without a Meta account, try `wharf demo`".to_owned(),
    };
    Fault {
        place: Place::Settings,
        path: String::new(),
        found: "nothing: no --config, no ./wharf.toml, no WHARF_WHATSAPP_TOKEN".to_owned(),
        expected: "a wharf.toml (deploy/wharf.toml is an example), or the variables WHARF_WHATSAPP_TOKEN, \
                   WHARF_APP_SECRET, WHARF_VERIFY_TOKEN, WHARF_ROUTE_URL, WHARF_ROUTE_SECRET and WHARF_KEY"
            .to_owned(),
        hint: Some(hint),
    }
}

/// What was typed becomes what it means.
fn settle(origin: &str, place: Place, mut root: Table, variables: Variables) -> Result<Settings, Faults> {
    let overruling = environment::overrule(&mut root, &variables);
    let mut reading = Reading::new(variables);
    reading.faults = overruling;
    let root = Unread { path: String::new(), node: Node { place, value: Value::Table(root) } };
    let settled = settled(origin, root, &mut reading);
    let (mut settings, warnings) = reading.finish(settled)?;
    settings.warnings = warnings;
    Ok(settings)
}

fn settled(origin: &str, root: Unread, reading: &mut Reading) -> Option<Settings> {
    let mut section = Section::open("", root, reading)?;
    let [server, storage, graph, send] = ["server", "storage", "graph", "send"].map(|name| section.table(name));
    let gateways = section.tables("gateway");
    let keys = section.tables("key");
    if gateways.is_empty() && !section.has("gateway") {
        section.fault_at("gateway", "nothing", "at least one [[gateway]] with uri, whatsapp_token and app_secret");
    }
    if keys.is_empty() {
        section.warn("key", "no [[key]]: nobody may use the verbs, send messages or read /api");
    }
    section.close();
    let public_url_given = matches!(&server.node.value, Value::Table(table) if table.contains_key("public_url"));
    let server = sections::server(server, reading);
    let storage = sections::storage(storage, reading);
    let graph = sections::graph(graph, reading);
    let send = sections::send(send, reading);
    let public_url = server.as_ref().and_then(|server| server.public_url.as_deref());
    let gateways = gateways::read(gateways, &Public { url: public_url, given: public_url_given }, reading);
    let keys = keys::read(keys, gateways.as_deref(), reading);
    Some(Settings {
        origin: origin.to_owned(),
        server: server?,
        storage: storage?,
        reconcile_every: graph.as_ref()?.1,
        graph: graph?.0,
        send: send?,
        gateways: gateways?,
        keys: keys?,
        warnings: Vec::new(),
    })
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes: Vec<_> = self.gateways.iter().flat_map(|gateway| gateway.routes.get().to_vec()).collect();
        let routes: Vec<_> = routes.iter().map(|route| (&route.name, address::masked(&route.url))).collect();
        let gateways: Vec<_> = self.gateways.iter().map(|gateway| &gateway.uri).collect();
        f.debug_struct("Settings")
            .field("origin", &self.origin)
            .field("server", &self.server)
            .field("storage", &self.storage)
            .field("graph", &self.graph)
            .field("send", &self.send)
            .field("gateways", &gateways)
            .field("routes", &routes)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
