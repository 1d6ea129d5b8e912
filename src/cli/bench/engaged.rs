//! What engaged accounts cost when nothing happens: memory and time to ready, many against ten.

use super::BenchError;
use super::contender::{Contender, Role, Wanted};
use super::disk::Ground;
use super::run::{Run, Runs};
use super::stage::Special;
use serde::Serialize;

/// What many accounts are compared with.
const FEW: u32 = 10;

/// A gateway with so many accounts.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Engaged {
    /// How many.
    pub(super) accounts: u32,
    /// From starting the process to `/readyz`, the median of all starts.
    pub(super) ready_s: Option<f64>,
    /// Resident memory when it is ready.
    pub(super) ready_kib: u64,
    /// The most that was resident until then.
    pub(super) peak_at_start_kib: u64,
    /// Resident memory after webhooks for all accounts.
    pub(super) after_load_kib: u64,
}

/// Starts a gateway with few accounts and one with `many`, one after the other.
pub(super) fn compare(
    many: u32,
    run: &Run,
    starts: u32,
    ground: &Ground,
    runs: &Runs,
) -> Result<[Engaged; 2], BenchError> {
    let one = |accounts| engage(accounts, run, starts, ground, runs);
    Ok([one(FEW)?, one(many)?])
}

fn engage(accounts: u32, run: &Run, starts: u32, ground: &Ground, runs: &Runs) -> Result<Engaged, BenchError> {
    let wanted = Wanted { role: Role::Engaged, accounts, preload: 0, route: None, starts, special: Special::default() };
    let contender = Contender::durable(&wanted, ground)?;
    let at_start = contender.process.memory()?;
    runs.run(&contender, &Run { title: format!("{accounts} accounts"), ..run.clone() })?;
    let after_load_kib = contender.process.memory()?.resident_kib;
    let ready_s = contender.ready_s;
    contender.end()?;
    let (ready_kib, peak_at_start_kib) = (at_start.resident_kib, at_start.peak_kib);
    Ok(Engaged { accounts, ready_s, ready_kib, peak_at_start_kib, after_load_kib })
}
