//! Whose turn it is when one account has more to deliver than the endpoint takes, and twenty thousand others a little.
//! The gate itself, in a time that is made up.
#![allow(clippy::unwrap_used)]

use super::*;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const START: u64 = 1_800_000_000_000;
/// Deliveries at once.
const CONCURRENCY: usize = 32;
/// How long the endpoint takes for one, in µs.
const SERVICE_US: u64 = 5_000;
/// Deliveries of one account that may wait for a turn at once, as a route's reader has it.
const AT_ONCE: usize = 32;

/// An account as the gate's line sees it.
#[derive(Default, Clone)]
struct Account {
    /// Ready for delivery, but not in line: more than may be at once.
    backlog: u64,
    in_line: usize,
    /// Since when it waits for its next turn, in µs, and how many turns there had been in all then.
    since: Option<(u64, usize)>,
}

/// A turn that an account had.
struct Turn {
    who: usize,
    at_us: u64,
    waited_us: u64,
    /// How many turns there had been in all when it began to wait.
    before: usize,
}

/// Accounts, one endpoint, and a clock of their own.
struct World<'a> {
    gate: Arc<EndpointGate>,
    names: &'a [Arc<str>],
    accounts: Vec<Account>,
    line: FuturesUnordered<LocalBoxFuture<'a, (usize, Permit)>>,
    /// What is under way, by when it ends.
    ends: BinaryHeap<Reverse<(u64, usize)>>,
    inside: HashMap<usize, (usize, Permit)>,
    now_us: u64,
    turns: Vec<Turn>,
}

impl<'a> World<'a> {
    fn new(names: &'a [Arc<str>]) -> Self {
        Self {
            gate: Gates::default().gate("https://app.example/hook", CONCURRENCY),
            names,
            accounts: vec![Account::default(); names.len()],
            line: FuturesUnordered::new(),
            ends: BinaryHeap::new(),
            inside: HashMap::new(),
            now_us: 0,
            turns: Vec::new(),
        }
    }

    /// `who` has one more delivery.
    fn arrive(&mut self, who: usize) {
        self.accounts[who].backlog += 1;
        self.line_up(who);
        self.let_in();
    }

    /// Everything that ends until `until_us` ends.
    fn run(&mut self, until_us: u64) {
        while let Some(&Reverse((at_us, which))) = self.ends.peek()
            && at_us <= until_us
        {
            self.ends.pop();
            self.now_us = at_us;
            let (who, permit) = self.inside.remove(&which).unwrap();
            permit.end(Heard::Delivered, START + at_us / 1000);
            self.let_in();
            self.line_up(who);
            self.let_in();
        }
        self.now_us = until_us;
    }

    fn line_up(&mut self, who: usize) {
        let account = &mut self.accounts[who];
        while account.backlog > 0 && account.in_line < AT_ONCE {
            account.backlog -= 1;
            account.in_line += 1;
            account.since.get_or_insert((self.now_us, self.turns.len()));
            let (gate, name, lane) = (Arc::clone(&self.gate), &self.names[who], account.backlog);
            self.line.push(Box::pin(async move {
                match gate.enter(name, lane, || START).await {
                    Entered::Permit(permit) => (who, permit),
                    Entered::NotBefore(_) => panic!("this endpoint never fails"),
                }
            }));
        }
    }

    fn let_in(&mut self) {
        while let Some(Some((who, permit))) = self.line.next().now_or_never() {
            self.turn(who);
            self.inside.insert(self.turns.len(), (who, permit));
            self.ends.push(Reverse((self.now_us + SERVICE_US, self.turns.len())));
        }
    }

    fn turn(&mut self, who: usize) {
        let account = &mut self.accounts[who];
        let (since_us, before) = account.since.take().unwrap();
        self.turns.push(Turn { who, at_us: self.now_us, waited_us: self.now_us - since_us, before });
        account.in_line -= 1;
        if account.in_line > 0 {
            account.since = Some((self.now_us, self.turns.len()));
        }
    }

    /// The most turns that any other account had while one waited for one.
    fn most_of_another(&self) -> usize {
        let mut most = 0;
        for (at, turn) in self.turns.iter().enumerate() {
            let mut had: HashMap<usize, usize> = HashMap::new();
            self.turns[turn.before..at].iter().for_each(|other| *had.entry(other.who).or_default() += 1);
            most = most.max(had.values().copied().max().unwrap_or(0));
        }
        most
    }
}

/// Shares of a load after Zipf with exponent 1, summed up.
fn zipf(accounts: usize) -> Vec<f64> {
    let mut sum = 0.0;
    (1..=accounts)
        .map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        })
        .collect()
}

/// Numbers from 0 to 1 that look like chance and are the same every time.
fn dice() -> impl FnMut() -> f64 {
    let mut state = 1u64;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn names(accounts: usize) -> Vec<Arc<str>> {
    (0..accounts).map(|nth| format!("{:015}", 102_290_000_000_000 + nth).into()).collect()
}

/// Deliveries for `names` at `per_s`, for `seconds`, spread after Zipf.
fn play(names: &[Arc<str>], per_s: u64, seconds: u64) -> World<'_> {
    let (shares, mut dice, mut world) = (zipf(names.len()), dice(), World::new(names));
    for nth in 0..per_s * seconds {
        world.run(nth * 1_000_000 / per_s);
        let point = dice() * shares.last().unwrap();
        world.arrive(shares.partition_point(|sum| *sum < point));
    }
    world
}

#[test]
fn while_an_account_waits_for_its_turn_no_other_has_two() {
    // 6400 per second get through.
    let names = names(500);
    let world = play(&names, 10_000, 3);
    assert!(world.turns.len() > 15_000, "{} turns", world.turns.len());
    assert!(world.line.len() > 300, "{} wait at the end: the endpoint is not saturated", world.line.len());
    assert_eq!(world.most_of_another(), 1);
}

#[test]
fn of_twenty_thousand_accounts_none_waits_three_times_the_mean_for_its_turn() {
    let names = names(20_000);
    let world = play(&names, 12_800, 6);
    let steady: Vec<&Turn> = world.turns.iter().filter(|turn| turn.at_us >= 3_000_000).collect();
    let mean_us = steady.iter().map(|turn| turn.waited_us).sum::<u64>() / steady.len() as u64;
    let longest = steady.iter().max_by_key(|turn| turn.waited_us).unwrap();
    let busiest = steady.iter().filter(|turn| turn.who == 0).count();
    let others = steady.iter().map(|turn| turn.who).collect::<std::collections::HashSet<_>>().len();
    assert!(mean_us > 100_000, "{mean_us} µs: the endpoint is not saturated");
    assert!(others > 5_000, "{others} accounts had a turn");
    assert!(busiest * 500 < steady.len(), "the busiest account had {busiest} of {} turns", steady.len());
    let Turn { who, waited_us, .. } = longest;
    assert!(*waited_us < 3 * mean_us, "account {who} waited {waited_us} µs, the mean is {mean_us} µs");
}
