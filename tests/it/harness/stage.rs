//! A gateway on a stage: the real server in this process on free ports, a store in a folder of its own on a disk that
//! may be told to fail, the sandbox as Graph, a fake application behind the routes.

use super::application::Application;
use super::description;
use super::http::{self, Answer};
use super::mail::Line;
use super::until;
use actix_web::web::Bytes;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use wharf::config::Settings;
use wharf::sandbox::{self, Sandbox, SandboxOptions, Subscribed, TokenReach, signing};
use wharf::server::{self, Running};
use wharf_storage::{FailingDisk, SledSettings, SledStore, Store};

/// May do everything.
pub(crate) const KEY: &str = "key-of-the-operator-who-may-do-everything";
/// Signs Meta's mail.
pub(crate) const SECRET: &str = "sandbox-app-secret";
/// The secret before the last rotation.
pub(crate) const OLD_SECRET: &str = "the-app-secret-of-last-year";
/// Signs deliveries.
pub(crate) const ROUTE_SECRET: &str = "whsec_c2VjcmV0IG9mIHRoZSByb3V0ZSwgMzIgYnl0ZXMh";
/// What Meta says in a handshake.
pub(crate) const VERIFY: &str = "sandbox-verify-token";

/// What a test wants to be different.
pub(crate) struct Plan {
    pub(crate) accounts: usize,
    pub(crate) numbers: usize,
    /// URIs; each has the routes below.
    pub(crate) gateways: Vec<&'static str>,
    /// Name and further settings; the URL is the application's, with the name as path.
    pub(crate) routes: Vec<(&'static str, String)>,
    /// More lines of `[server]`.
    pub(crate) server: String,
    /// More lines of `[graph]`.
    pub(crate) graph_more: &'static str,
    /// Lines of `[send]`.
    pub(crate) send: String,
    /// More lines of each gateway.
    pub(crate) gateway_more: String,
    /// More lines of `[storage]`.
    pub(crate) storage: String,
    /// Bytes the store may take, in volumes of 16 MiB; beside the settings, which ask for more than a test has.
    pub(crate) max_bytes: Option<u64>,
    /// The token, if not the sandbox's.
    pub(crate) token: Option<String>,
    /// More tables.
    pub(crate) more: String,
    pub(crate) subscribed: Subscribed,
    pub(crate) reach: TokenReach,
    /// Where Graph is, if not the sandbox.
    pub(crate) graph: Option<String>,
    /// Where writes and syncs may be told to fail.
    pub(crate) failing_within: &'static str,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            accounts: 3,
            numbers: 1,
            gateways: vec!["main"],
            routes: vec![("app", String::new())],
            server: String::new(),
            graph_more: "",
            send: String::new(),
            gateway_more: String::new(),
            storage: String::new(),
            max_bytes: None,
            token: None,
            more: String::new(),
            subscribed: Subscribed::None,
            reach: TokenReach::Listed,
            graph: None,
            failing_within: "",
        }
    }
}

/// A gateway on a stage.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) app: Application,
    pub(crate) disk: Arc<FailingDisk>,
    pub(crate) folder: TempDir,
    pub(crate) plan: Plan,
    running: Option<Running>,
    pub(crate) public: String,
    pub(crate) ops: String,
}

impl Stage {
    /// As usual: one gateway `/main` with one route, three accounts, nothing engaged yet.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// As usual, all accounts subscribed.
    pub(crate) async fn engaged() -> Self {
        Self::engaged_with(|_| {}).await
    }

    /// As `change` says, all accounts subscribed.
    pub(crate) async fn engaged_with(change: impl FnOnce(&mut Plan)) -> Self {
        let stage = Self::with(change).await;
        for verb in ["setup", "subscribe"] {
            let answer = stage.verb(verb).await;
            assert_eq!(answer.status, 200, "{verb}: {}", answer.text());
        }
        stage
    }

    /// As `change` says.
    pub(crate) async fn with(change: impl FnOnce(&mut Plan)) -> Self {
        let mut plan = Plan::default();
        change(&mut plan);
        let sandbox = sandbox::start(SandboxOptions {
            accounts: plan.accounts,
            numbers_per_account: plan.numbers,
            subscribed: plan.subscribed,
            reach: plan.reach,
            ..SandboxOptions::default()
        });
        let sandbox = sandbox.await.expect("a sandbox");
        let app = Application::start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let disk = Arc::new(FailingDisk::within(plan.failing_within));
        let (public, ops) = (String::new(), String::new());
        let mut stage = Self { sandbox, app, disk, folder, plan, running: None, public, ops };
        stage.start().await;
        stage
    }

    /// Starts the gateway, on new ports.
    pub(crate) async fn start(&mut self) {
        let settings = Settings::parse("test", &self.settings(), std::iter::empty());
        let settings = settings.unwrap_or_else(|faults| panic!("{faults}"));
        let mut store = SledSettings::new(self.folder.path().join("data"));
        store = store.keeping(settings.storage.keep_body);
        if let Some(max) = self.plan.max_bytes {
            store.max_bytes = Some(max);
            store.volume_bytes = 16 << 20;
            store.checkpoint_every = Duration::from_millis(20);
        }
        let disk = Arc::clone(&self.disk);
        let open = move || Ok(Arc::new(SledStore::open_with(store, disk)?) as Arc<dyn Store>);
        let running = server::start(&settings, open).await.expect("a gateway");
        self.public = format!("http://{}", running.public);
        self.ops = format!("http://{}", running.ops);
        self.sandbox.set_callback(&format!("{}/{}", self.public, self.plan.gateways[0]));
        self.running = Some(running);
    }

    /// Stops the gateway in good order, and waits until every actor has let go of the store.
    pub(crate) async fn stop(&mut self) {
        let running = self.running.take().expect("a gateway that runs");
        let store = Arc::downgrade(&running.edge.wharf.store);
        running.stop().await;
        until("the store is let go", async || (store.strong_count() == 0).then_some(())).await;
    }

    /// The store; let it go before the gateway stops.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.running.as_ref().expect("a gateway that runs").edge.wharf.store)
    }

    /// Stops in good order and starts again on the same folder.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    /// Nothing reaches the disk any more from now on; then the gateway ends and another one starts on the folder.
    pub(crate) async fn crash(&mut self) {
        self.disk.fail_writes_after(0);
        self.stop().await;
        self.disk = Arc::new(FailingDisk::within(self.plan.failing_within));
        self.start().await;
    }

    /// The settings file.
    pub(crate) fn settings(&self) -> String {
        let Plan { server, storage, graph_more, send, more, .. } = &self.plan;
        let graph = self.plan.graph.clone().unwrap_or_else(|| self.sandbox.graph_url());
        let gateways: String = self.plan.gateways.iter().map(|uri| self.gateway(uri)).collect();
        let data = self.folder.path().join("data");
        format!(
            r#"
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
workers = 1
{server}
[storage]
path = {data:?}
{storage}
[send]
{send}
[graph]
base_url = "{graph}"
{graph_more}
{gateways}
[[key]]
name = "operator"
secret = "{KEY}"
scopes = ["admin", "inspect", "send", "manage"]
{more}
"#
        )
    }

    fn gateway(&self, uri: &str) -> String {
        let token = self.plan.token.as_ref().unwrap_or(&self.sandbox.options().token);
        let more = &self.plan.gateway_more;
        let app_id = &self.sandbox.options().app_id;
        let routes = self.plan.routes.iter().map(|(name, more)| {
            let url = self.app.url(&format!("/{name}"));
            format!("[[gateway.route]]\nname = \"{name}\"\nurl = \"{url}\"\nsecret = \"{ROUTE_SECRET}\"\n{more}\n")
        });
        let routes: String = routes.collect();
        format!(
            r#"
[[gateway]]
uri = "{uri}"
whatsapp_token = "{token}"
app_secret = ["{SECRET}", "{OLD_SECRET}"]
app_id = "{app_id}"
verify_token = "{VERIFY}"
{more}
{routes}
"#
        )
    }

    /// The `nth` number of the `account`th account.
    pub(crate) fn line(&self, account: usize, nth: usize) -> Line {
        let world = self.sandbox.world();
        let account = &world.accounts()[account];
        let number = &account.numbers[nth];
        Line { waba: account.id.clone(), number: number.id.clone(), display: number.display.clone() }
    }

    /// Meta posts `body` to the first gateway.
    pub(crate) async fn post(&self, body: impl Into<String>) -> Answer {
        self.post_to(self.plan.gateways[0], body).await
    }

    /// Meta posts `body` to the gateway `uri`.
    pub(crate) async fn post_to(&self, uri: &str, body: impl Into<String>) -> Answer {
        let body = body.into();
        let signature = signing::sign(SECRET, body.as_bytes());
        http::post(&format!("{}/{uri}", self.public), &[("X-Hub-Signature-256", &signature)], body).await
    }

    /// Meta posts `body`, and it is taken.
    pub(crate) async fn take(&self, body: impl Into<String>) {
        let answer = self.post(body).await;
        assert_eq!((answer.status, answer.text()), (200, ""));
    }

    /// The operator asks the first gateway for a verb, such as `remove&ack=true`.
    pub(crate) async fn verb(&self, verb: &str) -> Answer {
        self.verb_at(self.plan.gateways[0], verb).await
    }

    /// The operator asks the gateway `uri` for a verb.
    pub(crate) async fn verb_at(&self, uri: &str, verb: &str) -> Answer {
        self.verb_with(uri, verb, &[("Authorization", &bearer(KEY))]).await
    }

    /// Somebody asks for a verb.
    pub(crate) async fn verb_with(&self, uri: &str, verb: &str, headers: &[(&str, &str)]) -> Answer {
        http::get(&format!("{}/{uri}?whatsapp={verb}", self.public), headers).await
    }

    /// An application sends `body` from a number.
    pub(crate) async fn send(&self, path: &str, body: impl Into<String>) -> Answer {
        http::post(&format!("{}/{path}", self.public), &[("Authorization", &bearer(KEY))], body.into()).await
    }

    /// The operator looks.
    pub(crate) async fn look(&self, path: &str) -> Answer {
        self.look_with(path, KEY).await
    }

    /// Somebody else looks.
    pub(crate) async fn look_with(&self, path: &str, key: &str) -> Answer {
        self.ask("GET", path, key, "").await
    }

    /// Somebody asks the ops listener; what they hear is what the document says of it.
    pub(crate) async fn ask(&self, method: &str, path: &str, key: &str, body: impl Into<Bytes>) -> Answer {
        let answer = http::ask(method, &format!("{}{path}", self.ops), &[("Authorization", &bearer(key))], body).await;
        description::holds(method, path, &answer);
        answer
    }

    /// What is in the journal of `stream`, ascending.
    pub(crate) async fn events(&self, stream: &str) -> Vec<Value> {
        let path = match stream.strip_prefix("q.") {
            Some(gateway) => format!("/api/quarantine?gateway={gateway}&limit=1000"),
            None => format!("/api/accounts/{stream}/events?limit=1000"),
        };
        let mut told = self.look(&path).await.json();
        let list = if told["events"].is_array() { &mut told["events"] } else { &mut told["data"] };
        serde_json::from_value(list.take()).unwrap_or_else(|_| panic!("no events in {told}"))
    }

    /// The ledger of everybody; it must balance.
    pub(crate) async fn ledger(&self) -> Value {
        let ledger = self.look("/api/ledger").await.json();
        assert_eq!(ledger["balanced"], true, "{ledger}");
        ledger
    }

    /// Waits until the ledger's `pointer` is `count`; it balances at every look.
    pub(crate) async fn until_ledger(&self, pointer: &str, count: i64) -> Value {
        let look = async || {
            let ledger = self.ledger().await;
            (ledger.pointer(pointer).and_then(Value::as_i64).unwrap_or(0) == count).then_some(ledger)
        };
        until(&format!("the ledger says {pointer} {count}"), look).await
    }

    /// Stops everything; before that the ledger must balance.
    pub(crate) async fn end(mut self) {
        self.ledger().await;
        self.stop().await;
        self.app.stop().await;
        self.sandbox.stop().await;
    }
}

/// `Bearer KEY`.
pub(crate) fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}
