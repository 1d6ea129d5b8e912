//! A seeded simulation of one gateway: Meta, customers, applications, routes and disks that misbehave, against the
//! machines of `rules` over a store of memory, with a clock turned by hand. Every step is checked; a seed is a run.
//!
//! `WHARF_SIM_SEEDS=10000` runs more of them, `WHARF_SIM_SEED=17` runs one.

#![allow(unreachable_pub, reason = "a test has no outside")]

mod books;
mod dice;
mod hands;
mod house;
mod meta;
mod scenario;
mod verbs;
mod world;

use house::House;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// Seeds of an ordinary run.
const SEEDS: u64 = 200;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

#[test]
fn accounts_keep_their_promises_whatever_breaks() {
    if let Some(seed) = number("WHARF_SIM_SEED") {
        return House::new(seed).run();
    }
    let seeds = number("WHARF_SIM_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(1);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > seeds {
                return;
            }
            if catch_unwind(AssertUnwindSafe(|| House::new(seed).run())).is_err() {
                next.store(seeds + 1, Ordering::Relaxed);
                panic!(
                    "seed {seed} fails; once more: WHARF_SIM_SEED={seed} cargo test -p wharf-actors --test simulation"
                );
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let failed = workers.into_iter().map(|worker| worker.join().is_err());
        assert_eq!(failed.filter(|failed| *failed).count(), 0, "a seed failed, see above");
    });
}
