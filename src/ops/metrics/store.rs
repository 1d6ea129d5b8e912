//! The store: whether it takes changes, how fast, and how much room it takes and has.

use super::flag;
use super::page::{Durations, Page};
use crate::edge::Edge;
use std::collections::BTreeMap;
use std::sync::Arc;
use wharf_storage::{COMMIT_BOUNDS_S, Claim, Kind, Noun, Standing};

pub(super) fn write(page: &mut Page, edge: &Edge) {
    let figures = edge.wharf.store.figures();
    page.one("wharf_store_open", flag(edge.wharf.store.standing() == Standing::Open));
    let commits = &figures.commits;
    let (count, sum_s, buckets) = (commits.count, commits.sum_s, &commits.buckets[..]);
    let durations = Durations { count, sum_s, bounds_s: &COMMIT_BOUNDS_S, buckets };
    page.put_durations("wharf_commit_duration_seconds", [([], durations)]);
    page.one("wharf_commit_last_duration_seconds", commits.last_s);
    page.one("wharf_commit_last_timestamp_seconds", figures.last_commit_at_s as f64);
    page.one("wharf_changes_total", figures.changes as f64);
    page.one("wharf_events_total", figures.events as f64);
    page.one("wharf_store_queued_bytes", figures.queued_bytes as f64);
    page.one("wharf_journal_bytes", figures.journal_bytes as f64);
    page.one("wharf_journal_volumes", figures.volumes as f64);
    page.one("wharf_dead_letter_bytes_total", figures.dead_bytes as f64);
    room(page, edge);
    quarantine(page, edge);
}

fn room(page: &mut Page, edge: &Edge) {
    let room = edge.wharf.store.room();
    page.one("wharf_store_bytes", room.used_bytes as f64);
    if let Some(max) = room.max_bytes {
        page.one("wharf_store_max_bytes", max as f64);
    }
    page.one("wharf_store_space_level", f64::from(room.level() as u8));
    if let Ok(disk) = rustix::fs::statvfs(&*edge.store_folder) {
        page.one("wharf_store_disk_free_bytes", disk.f_bavail as f64 * disk.f_frsize as f64);
        page.one("wharf_store_disk_size_bytes", disk.f_blocks as f64 * disk.f_frsize as f64);
    }
}

fn quarantine(page: &mut Page, edge: &Edge) {
    let gateways = edge.wharf.directory.gateways();
    let mut sums: BTreeMap<Arc<str>, (u64, u64)> =
        gateways.iter().map(|desks| (Arc::clone(&desks.gateway.uri), (0, 0))).collect();
    let claims = edge.wharf.store.hot(Kind::Claim, &[]);
    for claim in claims.iter().filter_map(|(_, bytes)| Claim::from_bytes(bytes).ok()) {
        let Some((items, bytes)) = sums.get_mut(&*claim.gateway) else { continue };
        (*items, *bytes) = (*items + claim.count, *bytes + claim.bytes);
    }
    page.put("wharf_quarantine_items", sums.iter().map(|(uri, (items, _))| ([&**uri], *items as f64)));
    page.put("wharf_quarantine_bytes", sums.iter().map(|(uri, (_, bytes))| ([&**uri], *bytes as f64)));
}
