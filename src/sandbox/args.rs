//! `wharf sandbox`: what can be asked for on the command line, and what is shown meanwhile.

mod broken;

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::Args;

use super::customers::Traffic;
use super::envelope::MAX_BYTES;
use super::server::{Sandbox, SandboxOptions, start};
use super::stats::StatsView;
use super::world::{Subscribed, TokenReach};
pub use broken::FaultArgs;

/// A simulated Cloud API, and customers who write.
#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    /// Where the simulated Graph API listens
    #[arg(long, default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
    /// How many accounts (WABAs) there are
    #[arg(long, default_value_t = 3)]
    pub accounts: usize,
    /// How many phone numbers each account has
    #[arg(long, default_value_t = 2)]
    pub numbers: usize,
    /// Where webhooks go: the callback URL of the app
    #[arg(long, default_value = "http://127.0.0.1:8080/whatsapp")]
    pub callback_url: String,
    /// The verify token to configure at the callback
    #[arg(long, default_value = "sandbox-verify-token")]
    pub verify_token: String,
    /// The id of the app
    #[arg(long, default_value = "670843887433847")]
    pub app_id: String,
    /// The app secret, which webhooks are signed with
    #[arg(long, default_value = "sandbox-app-secret")]
    pub app_secret: String,
    /// The token that the simulated Graph accepts
    #[arg(long, default_value = "EAAGsandboxtoken")]
    pub token: String,
    /// Subscribe all accounts from the start, instead of waiting for a `subscribe`
    #[arg(long)]
    pub subscribed: bool,
    /// Let debug_token hide which accounts the token opens
    #[arg(long)]
    pub hide_targets: bool,
    /// Items that customers write per second
    #[arg(long, default_value_t = 5.0)]
    pub rate: f64,
    /// How many customers there are
    #[arg(long, default_value_t = 200)]
    pub customers: u64,
    /// Most items in one POST
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub batch: u16,
    /// Most bytes in one POST
    #[arg(long, default_value_t = MAX_BYTES)]
    pub max_bytes: usize,
    /// Share of items that are sent twice, 0 to 1
    #[arg(long, default_value_t = 0.02, value_parser = share)]
    pub duplicates: f64,
    /// Share of items that are statuses, 0 to 1
    #[arg(long, default_value_t = 0.2, value_parser = share)]
    pub statuses: f64,
    /// Share of messages whose statuses come out of order, 0 to 1
    #[arg(long, default_value_t = 0.2, value_parser = share)]
    pub disorder: f64,
    /// Webhook POSTs in flight at most
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// What goes wrong
    #[command(flatten)]
    pub faults: FaultArgs,
    /// What accounts, customers and all chance are drawn from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Draw the same message ids as another run with this number; without it every run has its own
    #[arg(long)]
    pub run: Option<u64>,
    /// Stop after this many seconds instead of at Ctrl-C
    #[arg(long)]
    pub seconds: Option<u64>,
}

impl From<SandboxArgs> for SandboxOptions {
    fn from(args: SandboxArgs) -> Self {
        Self {
            listen: args.listen,
            workers: 1,
            accounts: args.accounts,
            numbers_per_account: args.numbers,
            traffic: traffic(&args),
            faults: args.faults.into(),
            callback_url: Some(args.callback_url),
            verify_token: args.verify_token,
            app_id: args.app_id,
            app_secret: args.app_secret,
            token: args.token,
            subscribed: if args.subscribed { Subscribed::All } else { Subscribed::None },
            reach: if args.hide_targets { TokenReach::Unlisted } else { TokenReach::Listed },
            seed: args.seed,
        }
    }
}

/// Runs the sandbox until Ctrl-C or the end of `--seconds`; says what to configure, then one line per second.
pub async fn run(args: SandboxArgs) -> io::Result<()> {
    let ends_after = args.seconds.map(Duration::from_secs);
    let sandbox = start(args.into()).await?;
    introduce(&sandbox);
    sandbox.start_traffic().await;
    watch(&sandbox, ends_after).await?;
    sandbox.stop().await;
    Ok(())
}

fn traffic(args: &SandboxArgs) -> Traffic {
    Traffic {
        rate_per_s: args.rate,
        customers: args.customers,
        batch: usize::from(args.batch),
        max_bytes: args.max_bytes,
        duplicates: args.duplicates,
        statuses: args.statuses,
        disorder: args.disorder,
        connections: args.connections,
        seed: args.seed,
        run: args.run.unwrap_or_else(rand::random),
        ..Traffic::default()
    }
}

fn introduce(sandbox: &Sandbox) {
    let options = sandbox.options();
    println!("A simulated Cloud API is listening. Point a gateway at it:");
    println!();
    println!("  [graph]");
    println!("  base_url       = {:?}", sandbox.graph_url());
    println!("  [[gateway]]");
    println!("  whatsapp_token = {:?}", options.token);
    println!("  app_secret     = {:?}", [&options.app_secret]);
    println!("  app_id         = {:?}", options.app_id);
    println!("  verify_token   = {:?}", options.verify_token);
    println!("  business_id    = {:?}", sandbox.world().business_id());
    println!();
    println!("Webhooks go to {}", options.callback_url.as_deref().unwrap_or("nowhere yet"));
    for account in sandbox.world().accounts() {
        let numbers: Vec<&str> = account.numbers.iter().map(|number| number.id.as_str()).collect();
        println!("account {} ({}), numbers {}", account.id, account.name, numbers.join(" "));
    }
    println!("Customers write as soon as an account is subscribed.");
}

/// Shows a line per second until Ctrl-C or the end.
async fn watch(sandbox: &Sandbox, ends_after: Option<Duration>) -> io::Result<()> {
    let started = Instant::now();
    let mut interrupted = std::pin::pin!(actix_rt::signal::ctrl_c());
    let mut before = sandbox.stats().view();
    while ends_after.is_none_or(|end| started.elapsed() < end) {
        tokio::select! {
            signal = &mut interrupted => return signal,
            () = actix_rt::time::sleep(Duration::from_secs(1)) => {}
        }
        let now = sandbox.stats().view();
        println!("{}", line(&before, &now));
        before = now;
    }
    Ok(())
}

/// One second on one line.
fn line(before: &StatsView, now: &StatsView) -> String {
    format!(
        "items/s {:>6}  answered 200 {:>8}  refused {:>6}  waiting {:>6}  duplicates {:>6}  unsubscribed {:>6}  \
         answer p50 {:>7.1} ms p99 {:>7.1} ms  sends/s {:>5}",
        now.items - before.items,
        now.items_accepted,
        now.posts_refused,
        now.waiting,
        now.duplicates,
        now.unsubscribed,
        now.answer_p50_ms,
        now.answer_p99_ms,
        now.sends - before.sends,
    )
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        Ok(_) | Err(_) => Err(format!("`{text}` is not a share: give a number from 0 to 1, such as 0.25")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::sandbox::Limits;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: SandboxArgs,
    }

    fn parse(words: &[&str]) -> Result<SandboxArgs, clap::Error> {
        Line::try_parse_from([&["sandbox"], words].concat()).map(|line| line.args)
    }

    #[test]
    fn what_is_typed_becomes_what_is_meant() {
        let args = parse(&["--batch", "1000", "--rate", "50", "--refuse", "1", "--refuse", "2", "--limits"]);
        let options = SandboxOptions::from(args.expect("good arguments"));
        assert_eq!((options.traffic.batch, options.traffic.rate_per_s), (1000, 50.0));
        assert_eq!((options.faults.refused_accounts.len(), options.faults.limits), (2, Limits::On));
        assert_eq!((options.subscribed, options.reach), (Subscribed::None, TokenReach::Listed));
    }

    #[test]
    fn message_ids_are_repeated_only_when_asked_to() {
        let run = |words: &[&str]| SandboxOptions::from(parse(words).expect("good arguments")).traffic.run;
        assert_eq!(run(&["--run", "7"]), run(&["--run", "7"]));
        assert_ne!(run(&[]), run(&[]));
    }

    #[test]
    fn a_share_above_one_and_a_batch_above_a_thousand_are_refused() {
        assert!(parse(&["--duplicates", "1.5"]).is_err());
        assert!(parse(&["--batch", "1001"]).is_err());
    }

    #[actix_web::test]
    async fn it_runs_and_ends_after_the_seconds_asked_for() {
        let args = parse(&["--listen", "127.0.0.1:0", "--seconds", "1"]).expect("good arguments");
        tokio::time::timeout(Duration::from_secs(20), run(args)).await.expect("an end").expect("a free port");
    }
}
