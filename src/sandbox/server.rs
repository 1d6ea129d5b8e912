//! Starts and stops the sandbox: its listener, its post office, and what they share.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use actix_rt::Arbiter;
use actix_web::dev::{ServerHandle, Service};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use super::customers::Traffic;
use super::faults::Faults;
use super::graph::{self, Graph};
use super::item::Line;
use super::life::LifeEvent;
use super::limits::NumberUsage;
use super::payloads;
use super::people::Person;
use super::postoffice::{self, Counter, Shared, unix_now};
use super::refusal::Refusal;
use super::stats::{SentLog, Stats};
use super::world::{Subscribed, TokenReach, World, WorldOptions};

/// How to start a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where its Graph API listens; port 0 for any free one.
    pub listen: SocketAddr,
    /// Threads of the listener.
    pub workers: usize,
    /// Accounts (WABAs).
    pub accounts: usize,
    /// Numbers of each account.
    pub numbers_per_account: usize,
    /// The app's callback; may be set later.
    pub callback_url: Option<String>,
    /// What the callback expects in a handshake; only shown, as handshakes bring their own.
    pub verify_token: String,
    /// The app's id.
    pub app_id: String,
    /// The app's secret, which webhooks are signed with.
    pub app_secret: String,
    /// The token that opens all accounts.
    pub token: String,
    /// Accounts subscribed from the start.
    pub subscribed: Subscribed,
    /// Whether `debug_token` lists the accounts.
    pub reach: TokenReach,
    /// What the customers will write once traffic starts.
    pub traffic: Traffic,
    /// What goes wrong.
    pub faults: Faults,
    /// What all ids are drawn from.
    pub seed: u64,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: 1,
            accounts: 3,
            numbers_per_account: 2,
            callback_url: None,
            verify_token: "sandbox-verify-token".to_owned(),
            app_id: "670843887433847".to_owned(),
            app_secret: "sandbox-app-secret".to_owned(),
            token: "EAAGsandboxtoken".to_owned(),
            subscribed: Subscribed::None,
            reach: TokenReach::Listed,
            traffic: Traffic::default(),
            faults: Faults::default(),
            seed: 1,
        }
    }
}

/// A running sandbox.
pub struct Sandbox {
    options: SandboxOptions,
    address: SocketAddr,
    shared: Arc<Shared>,
    counter: Counter,
    server: ServerHandle,
    arbiter: Arbiter,
}

/// Starts a sandbox on the current actix system. Customers stay silent until [`Sandbox::start_traffic`].
pub async fn start(options: SandboxOptions) -> io::Result<Sandbox> {
    let world = Mutex::new(World::new(world_options(&options)));
    let shared = Arc::new(Shared { world, stats: Arc::default(), log: Arc::default() });
    let arbiter = Arbiter::new();
    let counter = postoffice::open(&arbiter, &shared, options.traffic.clone());
    let dice = Mutex::new(Xoshiro256PlusPlus::seed_from_u64(options.seed));
    let disorder = options.traffic.disorder;
    let graph = Data::new(Graph { shared: Arc::clone(&shared), counter: counter.clone(), dice, disorder });
    let crowd = Arc::clone(&shared);
    let server = HttpServer::new(move || {
        let shared = Arc::clone(&crowd);
        App::new().configure(graph::configure(&graph)).wrap_fn(move |request, next| {
            let (shared, answer) = (Arc::clone(&shared), next.call(request));
            async move {
                let _one_more = shared.stats.calls.join();
                let latency = shared.world().options.faults.call_latency_ms;
                if latency > 0 {
                    actix_rt::time::sleep(Duration::from_millis(latency)).await;
                }
                answer.await
            }
        })
    })
    .on_connect(graph::remember)
    .workers(options.workers.max(1))
    .shutdown_timeout(1)
    .disable_signals()
    .bind(options.listen)?;
    let address = server.addrs().first().copied().unwrap_or(options.listen);
    let server = server.run();
    let handle = server.handle();
    actix_rt::spawn(server);
    Ok(Sandbox { options, address, shared, counter, server: handle, arbiter })
}

fn world_options(options: &SandboxOptions) -> WorldOptions {
    WorldOptions {
        accounts: options.accounts,
        numbers_per_account: options.numbers_per_account,
        app_id: options.app_id.clone(),
        app_secret: options.app_secret.clone(),
        token: options.token.clone(),
        callback_url: options.callback_url.clone(),
        subscribed: options.subscribed,
        reach: options.reach,
        faults: options.faults.clone(),
        seed: options.seed,
        run: options.traffic.run,
    }
}

impl Sandbox {
    /// The base URL of the simulated Graph, with no version and no slash at the end.
    pub fn graph_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was started with.
    pub fn options(&self) -> &SandboxOptions {
        &self.options
    }

    /// What it has done so far.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.shared.stats)
    }

    /// When each item was first sent.
    pub fn sent_log(&self) -> Arc<SentLog> {
        Arc::clone(&self.shared.log)
    }

    /// The state of the simulated Graph, to look at or to change; let go of it before the next `await`.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }

    /// Ids of all accounts, in order.
    pub fn account_ids(&self) -> Vec<String> {
        self.world().accounts().iter().map(|account| account.id.clone()).collect()
    }

    /// Points the app's callback at `url`, with no handshake.
    pub fn set_callback(&self, url: &str) {
        self.world().set_callback(Some(url.to_owned()));
    }

    /// Changes the faults from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.world().set_faults(faults);
    }

    /// Lets something happen to an account: it is told by webhook, and takes effect.
    pub fn happen(&self, event: &LifeEvent) -> Result<(), Refusal> {
        let item = self.world().happen(event, unix_now(), Instant::now())?;
        self.counter.send_later(vec![(Duration::ZERO, item)]);
        Ok(())
    }

    /// How each number that had messages used its limits.
    pub fn usage(&self) -> Vec<NumberUsage> {
        self.world().usage()
    }

    /// Lets the customers write, as the options say.
    pub async fn start_traffic(&self) {
        self.counter.set_traffic(Some(self.options.traffic.clone())).await;
    }

    /// Lets the customers write as `traffic` says, instead of as they did; of `connections`, `seed` and `run`
    /// those it was started with stay.
    pub async fn set_traffic(&self, traffic: Traffic) {
        self.counter.set_traffic(Some(traffic)).await;
    }

    /// The customers fall silent; what waits, retries and statuses are still sent.
    pub async fn stop_traffic(&self) {
        self.counter.set_traffic(None).await;
    }

    /// One customer writes one text to a number; its wamid, or `None` for a number that does not exist.
    pub fn write(&self, customer: u64, phone_number_id: &str, text: &str) -> Option<String> {
        let item = {
            let mut world = self.world();
            let line: Arc<Line> = Arc::clone(&world.number(phone_number_id, "get").ok()?.1.line);
            let person = Person::nth(customer, self.options.traffic.seed);
            payloads::inbound_text(&person, &line, text, &mut world.mint, unix_now())
        };
        let wamid = item.key.clone();
        self.counter.send_later(vec![(Duration::ZERO, item)]);
        Some(wamid)
    }

    /// Closes the listener and the post office; POSTs in flight are waited for, retries are forgotten.
    pub async fn stop(self) {
        self.counter.stop().await;
        self.server.stop(false).await;
        self.arbiter.stop();
    }
}
