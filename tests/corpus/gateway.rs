//! A gateway in this process with a store of its own, accounts engaged from the start, and an application behind it.

use crate::application::{Application, Delivery, SECRET};
use crate::payloads::Accounts;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wharf::cli::serve;
use wharf::config::Settings;
use wharf::server::{self, Running};
use wharf_actors::cloud::signature::sign;
use wharf_actors::gateway::Secret;
use wharf_actors::rules::gate::quarantine_stream;
use wharf_storage::{AccountRecord, Change, Event, SledSettings, SledStore, Store, Tally};

const URI: &str = "corpus";
/// Deliveries on one machine take milliseconds; this long means that they stand still.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running gateway and what is around it.
pub(crate) struct House {
    running: Running,
    application: Application,
    secret: Secret,
    _folder: TempDir,
}

impl House {
    /// A gateway with these app secrets, the first the one that [`House::post`] signs with.
    pub(crate) async fn open(secrets: &[&Secret], accounts: &Accounts) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        engage(folder.path(), accounts);
        let application = Application::start();
        let text = settings(secrets, &application, folder.path());
        let settings = Settings::parse("corpus", &text, std::iter::empty()).unwrap_or_else(|faults| panic!("{faults}"));
        let storage = settings.storage.clone();
        let running = server::start(&settings, move || serve::open(&storage)).await.expect("the gateway starts");
        Self { running, application, secret: secrets[0].clone(), _folder: folder }
    }

    /// Posts `body`, signed; the status.
    pub(crate) async fn post(&self, body: &[u8]) -> u16 {
        self.post_signed(body, &sign(&self.secret, body)).await
    }

    /// Posts `body` with that signature; the status.
    pub(crate) async fn post_signed(&self, body: &[u8], signature: &str) -> u16 {
        let client = awc::Client::builder().timeout(PATIENCE).finish();
        let post = client.post(format!("http://{}/{URI}", self.running.public)).force_close();
        let headers = post.insert_header(("X-Hub-Signature-256", signature)).content_type("application/json");
        headers.send_body(body.to_vec()).await.expect("an answer").status().as_u16()
    }

    /// The committed ledgers of all owners, added up.
    pub(crate) fn ledger(&self) -> Tally {
        let mut sum = Tally::default();
        self.running.edge.wharf.store.ledgers().iter().for_each(|(_, ledger)| sum.add(ledger));
        sum
    }

    /// The deliveries, once none is pending.
    pub(crate) async fn settled(&self) -> Vec<Delivery> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ledger = self.ledger();
            let route = ledger.routes.values().next().copied().unwrap_or_default();
            if route.delivered == ledger.routed + ledger.test && route.pending == 0 {
                return self.application.deliveries();
            }
            assert!(Instant::now() < deadline, "deliveries stand still: {ledger:?}");
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What the quarantine holds.
    pub(crate) async fn quarantined(&self) -> Vec<Event> {
        let store = Arc::clone(&self.running.edge.wharf.store);
        let read = move || store.events(&quarantine_stream(URI), 0, 10_000, 64 << 20);
        actix_web::web::block(read).await.expect("a thread").expect("the quarantine is readable")
    }

    /// How many events of the accounts are alarms of our own.
    pub(crate) async fn alarms(&self) -> i64 {
        let store = Arc::clone(&self.running.edge.wharf.store);
        let owners: Vec<String> = store.ledgers().into_iter().map(|(owner, _)| owner).collect();
        let count = move || {
            let events = owners.iter().map(|owner| store.events(owner, 0, 10_000, 64 << 20).expect("readable"));
            events.flatten().filter(|event| &*event.field == "wharf.alarm").count() as i64
        };
        actix_web::web::block(count).await.expect("a thread")
    }

    pub(crate) async fn close(self) {
        self.running.stop().await;
        self.application.stop().await;
    }
}

/// Writes the accounts into the registry as a `setup` and a `subscribe` would have left them.
fn engage(folder: &Path, accounts: &Accounts) {
    let store = SledStore::open(SledSettings::new(folder.join("data"))).expect("a new store");
    let mut change = Change::default();
    for (id, numbers) in accounts {
        let numbers = numbers.iter().map(|(id, display)| json!({"id": id, "display_phone_number": display}));
        let snapshot = json!({"phone_numbers": numbers.collect::<Vec<_>>()}).to_string();
        change.put(&AccountRecord {
            id: id.as_str().into(),
            gateway: URI.into(),
            snapshot: snapshot.into(),
            wished: true,
            active: true,
            override_uri: None,
            refusal: None,
            engaged_at_ms: 1,
            refreshed_at_ms: 1,
        });
    }
    store.commit(change, Vec::new());
    store.close();
}

fn settings(secrets: &[&Secret], application: &Application, folder: &Path) -> String {
    let secrets: Vec<&str> = secrets.iter().map(|secret| secret.reveal()).collect();
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
[storage]
path = {data:?}
[graph]
base_url = "http://127.0.0.1:9"
[[gateway]]
uri = "{URI}"
whatsapp_token = "never used"
app_secret = {secrets:?}
verify_token = "never used"
[[gateway.route]]
name = "application"
url = "http://{address}/"
secret = "{SECRET}"
tests = true
[[key]]
name = "test"
secret = "never used, but long enough"
scopes = ["inspect"]
"#,
        data = folder.join("data"),
        address = application.address,
    )
}
