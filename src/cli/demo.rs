//! `wharf demo`: the gateway, the sandbox and a bot in one process, over real sockets and a real store that goes away
//! afterwards. Shows what flows, and at the end what came of it.

use crate::cli::serve;
use crate::config::Settings;
use crate::sandbox::{self, Bot, BotOptions, Sandbox, SandboxOptions, Traffic};
use crate::server::{self, Running};
use clap::Args;
use std::io::{IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use wharf_storage::{RouteTally, Tally};

/// The key of the demo, for people and for the bot. It guards nothing but the demo.
const KEY: &str = "wharf-demo-key-for-trying-things-out";
/// The secret that deliveries to the bot are signed with.
const ROUTE_SECRET: &str = "wharf-demo-route-secret";

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// Stop after this many seconds and show a summary
    #[arg(long)]
    pub seconds: Option<u64>,
    /// Items that customers write per second
    #[arg(long, default_value_t = 20.0)]
    pub rate: f64,
    /// How many accounts (WABAs) there are
    #[arg(long, default_value_t = 3)]
    pub accounts: usize,
    /// Most items in one POST
    #[arg(long, default_value_t = 5)]
    pub batch: usize,
    /// The public listener; port 0 for any free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The ops listener; port 0 for any free one
    #[arg(long, default_value = "127.0.0.1:8081")]
    pub ops_listen: SocketAddr,
    /// The bot's listener; where that is taken, any free port
    #[arg(long, default_value = "127.0.0.1:8082")]
    pub bot_listen: SocketAddr,
}

/// Runs the demo until Ctrl-C or the end of `--seconds`.
pub fn run(options: &Options) -> ExitCode {
    match actix_web::rt::System::new().block_on(demo(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wharf demo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that runs.
struct Stage {
    sandbox: Sandbox,
    bot: Bot,
    running: Running,
    callback: String,
    began: Instant,
}

async fn demo(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let stage = Stage::set(options, folder.path()).await?;
    stage.introduce();
    let number = stage.engage().await?;
    stage.invite(&number);
    stage.sandbox.start_traffic().await;
    stage.watch(options.seconds.map(Duration::from_secs)).await?;
    stage.clear(options.seconds.is_some()).await;
    Ok(())
}

impl Stage {
    async fn set(options: &Options, data: &std::path::Path) -> Result<Self, Box<dyn std::error::Error>> {
        let began = Instant::now();
        let traffic = Traffic { rate_per_s: options.rate, batch: options.batch, ..Traffic::default() };
        let accounts = SandboxOptions { accounts: options.accounts, traffic, ..SandboxOptions::default() };
        let sandbox = sandbox::start(accounts.clone()).await?;
        let public = reserve(options.listen)?;
        let bot = Bot::start(BotOptions {
            listen: free_or_other(options.bot_listen),
            secret: ROUTE_SECRET.to_owned(),
            base_url: format!("http://{public}"),
            version: "v25.0".to_owned(),
            key: KEY.to_owned(),
            sent_log: Some(sandbox.sent_log()),
        })
        .await?;
        let text = settings_text(&sandbox, &accounts, &bot, public, options.ops_listen, data);
        let settings = Settings::parse("demo", &text, std::iter::empty()).map_err(|faults| faults.to_string())?;
        let storage = settings.storage.clone();
        let running = server::start(&settings, move || serve::open(&storage)).await?;
        let callback = format!("http://{}/demo", running.public);
        sandbox.set_callback(&callback);
        Ok(Self { sandbox, bot, running, callback, began })
    }

    fn introduce(&self) {
        let (public, ops) = (self.running.public, self.running.ops);
        println!(
            "Wharf demo: ready in {:.1} s. Three programs run in this one process, over real sockets:",
            self.began.elapsed().as_secs_f64()
        );
        println!("  a simulated Meta    {}", self.sandbox.graph_url());
        println!("  the gateway         http://{public}  (webhooks at {})", self.callback);
        println!("  a bot that answers  {}", self.bot.url());
        println!();
        println!("Open the dashboard:  http://{ops}/");
        println!("  and sign in with   {KEY}");
        println!();
        println!("Or look inside with a program (the password is the key):");
        println!("  curl -u demo:{KEY} '{}?whatsapp=search'", self.callback);
        println!("  curl -u demo:{KEY} http://{ops}/api/ledger");
        println!("  curl -u demo:{KEY} http://{ops}/api/accounts");
        println!("  curl http://{ops}/metrics");
        println!();
        println!("Break the bot, and mend it (422 makes dead letters at once, 503 is tried again):");
        println!("  curl -d 422 {}/mood", self.bot.url());
        println!("  curl -d 200 {}/mood", self.bot.url());
        println!();
    }

    /// What an application and an operator do: a message, ready to paste, and a new number.
    fn invite(&self, number: &str) {
        println!("Send a message as an application would:");
        println!("  curl -H 'Authorization: Bearer {KEY}' -H 'Content-Type: application/json' \\");
        println!("    http://{}/v25.0/{number}/messages \\", self.running.public);
        println!(
            "    -d '{{\"messaging_product\":\"whatsapp\",\"to\":\"16505551234\",\"type\":\"text\",\"text\":{{\"body\":\"hello\"}}}}'"
        );
        println!();
        println!(
            "Add a number (`wharf numbers add`); the code that it is sent stands under \"codes\" at the simulated Meta:"
        );
        let (token, graph) = (&self.sandbox.options().token, self.sandbox.graph_url());
        println!("  curl -H 'Authorization: Bearer {token}' {graph}/sandbox/stats");
        println!();
    }

    /// What an operator does first: `setup`, then `subscribe`. Gives one phone number id.
    async fn engage(&self) -> Result<String, Box<dyn std::error::Error>> {
        let mut number = String::new();
        for verb in ["setup", "subscribe"] {
            let url = format!("{}?whatsapp={verb}", self.callback);
            let mut answer =
                awc::Client::default().get(&url).bearer_auth(KEY).send().await.map_err(|error| error.to_string())?;
            let body = answer.body().await?;
            if !answer.status().is_success() {
                return Err(
                    format!("{verb} failed with {}: {}", answer.status(), String::from_utf8_lossy(&body)).into()
                );
            }
            let accounts: Vec<serde_json::Value> = serde_json::from_slice(&body)?;
            println!("  ?whatsapp={verb:<10} {} accounts", accounts.len());
            number = accounts[0]["phone_numbers"][0]["id"].as_str().unwrap_or_default().to_owned();
        }
        println!();
        Ok(number)
    }

    /// A live line of counters, until the time is up or Ctrl-C.
    async fn watch(&self, ends_after: Option<Duration>) -> std::io::Result<()> {
        let ends_at = ends_after.map(|after| Instant::now() + after);
        let live = std::io::stdout().is_terminal();
        let mut tick = actix_web::rt::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                _ = tick.tick() => self.show(live)?,
                told = tokio::signal::ctrl_c() => return told,
            }
            if ends_at.is_some_and(|at| Instant::now() >= at) {
                return Ok(());
            }
        }
    }

    fn show(&self, live: bool) -> std::io::Result<()> {
        let (ledger, route) = self.ledger();
        let bot = self.bot.stats();
        let line = format!(
            "received {}  duplicates {}  delivered {}  pending {}  answered {}  dead {}  POST to delivery p50 {:.1} ms",
            ledger.received,
            ledger.duplicate,
            route.delivered,
            route.pending,
            bot.answered.get(),
            route.dead,
            bot.view().latency_p50_ms,
        );
        let mut out = std::io::stdout().lock();
        if live {
            write!(out, "\r\x1b[2K  {line}")?
        } else {
            writeln!(out, "  {line}")?
        }
        out.flush()
    }

    fn ledger(&self) -> (Tally, RouteTally) {
        let mut ledger = Tally::default();
        self.running.edge.wharf.store.ledgers().iter().for_each(|(_, part)| ledger.add(part));
        let route = ledger.routes.get("demo/bot").copied().unwrap_or_default();
        (ledger, route)
    }

    /// Customers stop, what is under way arrives, and the summary tells whether it adds up.
    async fn clear(self, summary: bool) {
        self.sandbox.stop_traffic().await;
        let patience = Instant::now() + Duration::from_secs(10);
        while self.ledger().1.pending > 0 && Instant::now() < patience {
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        if summary {
            self.summarise();
        }
        self.running.stop().await;
        self.bot.stop().await;
        self.sandbox.stop().await;
    }

    fn summarise(&self) {
        let (ledger, route) = self.ledger();
        let bot = self.bot.stats().view();
        println!();
        println!("Summary");
        println!("  received    {:>8}  items in signed webhooks", ledger.received);
        println!("  duplicates  {:>8}  recognised and not delivered again", ledger.duplicate);
        println!("  delivered   {:>8}  to the bot, one item each", route.delivered);
        println!("  answered    {:>8}  by the bot, through the accounts' outbound queues", bot.answered);
        println!("  taken       {:>8}  by the simulated Meta", ledger.messages.taken);
        println!("  dead        {:>8}  given up", route.dead);
        println!("  POST to delivery: p50 {:.1} ms, p99 {:.1} ms", bot.latency_p50_ms, bot.latency_p99_ms);
        let faults = ledger.faults();
        println!("  ledger      {}", if faults.is_empty() { "balances".to_owned() } else { faults.join("; ") });
    }
}

/// `wanted`, or where somebody else has it any free port of this machine.
fn free_or_other(wanted: SocketAddr) -> SocketAddr {
    match std::net::TcpListener::bind(wanted) {
        Ok(_) => wanted,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    }
}

/// The address that the gateway will have: bots and callbacks must know it before it starts.
fn reserve(listen: SocketAddr) -> std::io::Result<SocketAddr> {
    if listen.port() != 0 {
        return Ok(listen);
    }
    std::net::TcpListener::bind(listen)?.local_addr()
}

fn settings_text(
    sandbox: &Sandbox,
    accounts: &SandboxOptions,
    bot: &Bot,
    listen: SocketAddr,
    ops_listen: SocketAddr,
    data: &std::path::Path,
) -> String {
    format!(
        r#"
[server]
listen = "{listen}"
ops_listen = "{ops_listen}"
public_url = "http://{listen}"
private_routes = true
[storage]
path = {data:?}
secret_key = "a key for the secrets of the demo, which guards nothing"
[graph]
base_url = "{graph}"
[[gateway]]
uri = "demo"
whatsapp_token = "{token}"
app_secret = "{secret}"
app_id = "{app}"
verify_token = "{verify}"
[[gateway.route]]
name = "bot"
url = "{bot}"
secret = "{ROUTE_SECRET}"
final = [422]
[[key]]
name = "demo"
secret = "{KEY}"
scopes = ["admin", "inspect", "send", "manage"]
"#,
        graph = sandbox.graph_url(),
        token = accounts.token,
        secret = accounts.app_secret,
        app = accounts.app_id,
        verify = accounts.verify_token,
        bot = bot.url(),
    )
}
