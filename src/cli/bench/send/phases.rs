//! What is measured, one after the other: the sandbox alone, the queue, the overhead, the pace of two numbers.

use super::Options;
use super::flood::{Awaited, Caller, Flooded, Target, flood};
use super::gateway::{Gateway, KEY};
use super::graph::Graph;
use super::report::{Direct, Overhead, Paced, Queued};
use crate::cli::bench::BenchError;
use crate::cli::bench::figures::Latency;
use crate::cli::bench::run::bar;
use crate::sandbox::limits::{HIGH_THROUGHPUT, STANDARD_THROUGHPUT};
use crate::sandbox::{Faults, NumberUsage, Sandbox, SandboxOptions, Subscribed, Traffic};
use std::time::{Duration, Instant};

/// What Meta's own send takes, by its rule of thumb.
const META_TAKES: Duration = Duration::from_millis(350);
/// So much more work than a number may send in the time asked for.
const MORE_WORK: f64 = 1.2;
/// Connections at least for a number that sends 1000 in a second, 350 ms each, should nobody answer early.
const FAST_CONNECTIONS: usize = 512;
/// The queue is given up when the sandbox gets nothing for this long.
const STALLED: Duration = Duration::from_secs(15);
/// How often the sandbox's counts are looked at.
const LOOK: Duration = Duration::from_millis(5);

/// The sandbox with one account for each number of the flood, one for the paced number and one for the fast one.
pub(super) fn sandbox(options: &Options) -> Result<Graph, BenchError> {
    let accounts = options.accounts as usize + 2;
    // Customers write to all numbers whose accounts are subscribed; usually that is the paced one alone.
    let written_to = if options.statuses { accounts } else { 1 };
    let traffic = Traffic {
        rate_per_s: options.inbound * written_to as f64,
        statuses: 0.0,
        duplicates: 0.0,
        account_events: 0.0,
        // Evenly: what came in at once cannot be taken back by sending less before it.
        batch: 1,
        run: rand::random(),
        ..Traffic::default()
    };
    let subscribed = if options.statuses { Subscribed::All } else { Subscribed::None };
    let wanted = SandboxOptions { accounts, numbers_per_account: 1, subscribed, traffic, ..SandboxOptions::default() };
    let graph = Graph::start(wanted)?;
    // All but the paced number are fast, so that the queue is measured and not the pace.
    for account in (0..accounts).filter(|account| *account != options.accounts as usize) {
        let fast = number(&graph.sandbox, account);
        graph.sandbox.world().set_throughput(&fast, HIGH_THROUGHPUT);
    }
    Ok(graph)
}

fn number(sandbox: &Sandbox, account: usize) -> String {
    sandbox.world().accounts()[account].numbers[0].id.clone()
}

/// Everything that the measurement runs on.
pub(super) struct Stage<'a> {
    options: &'a Options,
    graph: Graph,
    /// The measured gateway.
    pub(super) gateway: Gateway,
    through: Target,
    past: Target,
    sent: u32,
}

impl<'a> Stage<'a> {
    /// Engages all accounts.
    pub(super) fn new(options: &'a Options, graph: Graph, gateway: Gateway) -> Result<Self, BenchError> {
        gateway.verb("setup")?;
        let url = graph.sandbox.graph_url();
        let address = url.trim_start_matches("http://").parse();
        let address = address.expect("the sandbox's URL is made of the address it listens at");
        let past = Target { address, key: graph.sandbox.options().token.clone() };
        let through = Target { address: gateway.public, key: KEY.to_owned() };
        Ok(Self { options, graph, gateway, through, past, sent: 0 })
    }

    /// The sandbox alone, called by the same load: what the queue is compared with.
    pub(super) fn direct(&mut self) -> Result<Direct, BenchError> {
        let (messages, connections) = (self.options.messages, self.options.connections);
        let requests = self.requests(self.past.clone(), Awaited::Graphs, messages);
        let flooded = flood(&self.past, connections, requests)?;
        Ok(Direct { per_second: f64::from(messages) / flooded.seconds, flooded })
    }

    /// The same messages through the queue, until the sandbox has all.
    pub(super) fn queued(&mut self) -> Result<Queued, BenchError> {
        let (messages, connections) = (self.options.messages, self.options.connections);
        let requests = self.requests(self.through.clone(), Awaited::Queues, messages);
        let (through, before) = (self.through.clone(), self.taken());
        let loading = std::thread::spawn(move || flood(&through, connections, requests));
        let (taken, seconds) = self.await_taken("through the queue", before, u64::from(messages));
        let flooded = join(loading)?;
        Ok(Queued {
            per_second: taken as f64 / seconds,
            taken,
            kept_per_second: f64::from(messages) / flooded.seconds,
            flooded,
        })
    }

    /// A synchronous send through the gateway and a direct call, in turn.
    pub(super) fn overhead(&mut self) -> Result<Overhead, BenchError> {
        let (mut through, mut direct) = (Caller::connect(&self.through)?, Caller::connect(&self.past)?);
        let (mut through_us, mut direct_us, mut not_200) = (Vec::new(), Vec::new(), 0);
        for _ in 0..self.options.pairs {
            let number = self.number_in_turn();
            let (status, us) = through.call(&self.through.request(&number, self.sent, Awaited::Graphs))?;
            through_us.push(us);
            let (other, us) = direct.call(&self.past.request(&number, self.sent + 1, Awaited::Graphs))?;
            direct_us.push(us);
            not_200 += u64::from(status != 200) + u64::from(other != 200);
            self.sent += 2;
        }
        Ok(Overhead { through: Latency::of(through_us), direct: Latency::of(direct_us), not_200 })
    }

    /// More work than a number with 80 messages per second may send, while customers write to it.
    pub(super) async fn paced(&mut self) -> Result<Paced, BenchError> {
        let account = self.options.accounts as usize;
        let waba = self.graph.sandbox.account_ids()[account].clone();
        self.gateway.verb(&format!("subscribe&id={waba}"))?;
        self.graph.sandbox.start_traffic().await;
        let paced = self.pace(account, STANDARD_THROUGHPUT, self.options.paced_seconds, self.options.connections);
        self.graph.sandbox.stop_traffic().await;
        paced
    }

    /// More work than a number with 1000 messages per second may send, each taking as long as at Meta.
    pub(super) fn fast(&mut self) -> Result<Paced, BenchError> {
        let send_latency_ms = META_TAKES.as_millis() as u64;
        self.graph.sandbox.set_faults(Faults { send_latency_ms, ..Faults::default() });
        let connections = self.options.connections.max(FAST_CONNECTIONS);
        self.pace(self.options.accounts as usize + 1, HIGH_THROUGHPUT, self.options.fast_seconds, connections)
    }

    fn pace(&mut self, account: usize, rate: u32, seconds: u32, connections: usize) -> Result<Paced, BenchError> {
        let number = number(&self.graph.sandbox, account);
        let messages = (f64::from(rate * seconds) * MORE_WORK) as u32;
        let (through, first) = (self.through.clone(), self.sent);
        self.sent += messages;
        let (target, from) = (through.clone(), number.clone());
        let requests = (0..messages).map(move |nth| target.request(&from, first + nth, Awaited::Queues));
        self.graph.sandbox.world().forget_usage();
        let before = self.taken();
        let loading = std::thread::spawn(move || flood(&through, connections, requests));
        let (_, seconds) = self.await_taken(&format!("at {rate}/s"), before, u64::from(messages));
        let usage = self.usage(&number);
        let flooded = join(loading)?;
        Ok(Paced::new(rate, messages, seconds, usage, flooded))
    }

    /// Ends everything.
    pub(super) async fn end(self) -> Result<(), BenchError> {
        self.gateway.end()?;
        self.graph.end().await;
        Ok(())
    }

    fn usage(&self, number: &str) -> Option<NumberUsage> {
        self.graph.sandbox.usage().into_iter().find(|usage| usage.number == number)
    }

    fn taken(&self) -> u64 {
        self.graph.sandbox.stats().view().sends_accepted
    }

    /// Requests from all numbers in turn, each to a recipient of its own.
    fn requests(
        &mut self,
        target: Target,
        answer: Awaited,
        messages: u32,
    ) -> impl Iterator<Item = Vec<u8>> + Send + use<> {
        let numbers: Vec<String> =
            (0..self.options.accounts as usize).map(|account| number(&self.graph.sandbox, account)).collect();
        let first = self.sent;
        self.sent += messages;
        (first..first + messages).map(move |nth| target.request(&numbers[nth as usize % numbers.len()], nth, answer))
    }

    fn number_in_turn(&self) -> String {
        number(&self.graph.sandbox, (self.sent / 2 % self.options.accounts) as usize)
    }

    /// Waits until the sandbox has taken `wanted` more than `before`; how many it took, and the seconds to the last.
    fn await_taken(&self, title: &str, before: u64, wanted: u64) -> (u64, f64) {
        let (began, bar) = (Instant::now(), bar(title, wanted));
        let (mut taken, mut last) = (0, began);
        while taken < wanted && last.elapsed() < STALLED {
            std::thread::sleep(LOOK);
            let now = self.taken() - before;
            if now > taken {
                (taken, last) = (now, Instant::now());
                bar.set_position(taken);
            }
        }
        bar.finish_and_clear();
        (taken, last.duration_since(began).as_secs_f64().max(LOOK.as_secs_f64()))
    }
}

fn join(loading: std::thread::JoinHandle<Result<Flooded, BenchError>>) -> Result<Flooded, BenchError> {
    loading.join().expect("the load does not panic")
}
