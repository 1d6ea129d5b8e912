//! The process, as Prometheus's own clients tell of theirs. Reads what Linux shows of it; elsewhere it tells less.

use super::page::Page;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::fs;

/// Fields of `/proc/self/stat` after the name: threads, and when it started, in ticks since the machine did.
const THREADS: usize = 17;
const STARTED: usize = 19;

pub(super) fn write(page: &mut Page) {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    page.one("process_cpu_seconds_total", used.tv_sec as f64 + used.tv_nsec as f64 / 1e9);
    if let Some(most) = getrlimit(Resource::Nofile).current {
        page.one("process_max_fds", most as f64);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        page.one("process_open_fds", open.count() as f64);
    }
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name stands in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |nth: usize| fields.get(nth)?.parse::<f64>().ok();
    if let Some(threads) = field(THREADS) {
        page.one("process_threads", threads);
    }
    if let (Some(ticks), Some(booted_s)) = (field(STARTED), booted_at_s()) {
        page.one("process_start_time_seconds", booted_s + ticks / rustix::param::clock_ticks_per_second() as f64);
    }
    let memory = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    if let Some(pages) = memory.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()) {
        page.one("process_resident_memory_bytes", pages * rustix::param::page_size() as f64);
    }
}

/// When the machine started, in s since 1970.
fn booted_at_s() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}
