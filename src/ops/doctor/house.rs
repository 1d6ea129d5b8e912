//! The house itself: its store, the disk below it, its keys. Facts are gathered here, and judged by pure
//! functions.

use super::finding::Finding;
use crate::edge::{Edge, space_text};
use actix_web::web;
use std::path::Path;
use std::time::{Duration, Instant};
use wharf_storage::{Level, Standing};

const GIB: u64 = 1 << 30;
/// Below this a busy day may fill the disk.
const LITTLE: u64 = 2 * GIB;
/// Below this the store's next volumes do not fit.
const TOO_LITTLE: u64 = GIB / 4;
/// Every webhook waits for a sync: above this Meta's latency target of 250 ms is in danger.
const SLOW_SYNC: Duration = Duration::from_millis(100);
/// Above this webhooks are answered 503.
const TOO_SLOW_SYNC: Duration = Duration::from_secs(2);
/// A disk, tried out.
struct Disk {
    free_bytes: u64,
    sync: Duration,
}

pub(super) fn store(edge: &Edge) -> Finding {
    let room = edge.wharf.store.room();
    of_store(&edge.wharf.store.standing(), room.level(), &space_text(&room))
}

fn of_store(standing: &Standing, level: Level, space: &str) -> Finding {
    if let Standing::Closed { reason, .. } = standing {
        let remedy = "mend the disk and restart; until then every webhook is answered 503, and Meta keeps it";
        return Finding::fail("store", "", format!("it is closed: {reason}"), remedy);
    }
    let says = format!("it is open, {space}");
    match level {
        Level::Ample => Finding::ok("store", "", says),
        Level::Low | Level::Scarce => {
            let remedy = "raise storage.max_bytes, or shorten storage.retention: history gives way from 90 % on";
            Finding::warn("store", "", format!("{says}: space is {}", level.word()), remedy)
        }
        Level::Full => {
            let remedy = "raise storage.max_bytes, or end what is unfinished (GET /api/alarms, /api/ledger)";
            Finding::fail("store", "", format!("{says}: it is full, and webhooks are answered 503"), remedy)
        }
    }
}

pub(super) async fn disk(edge: &Edge) -> Vec<Finding> {
    let path = edge.chart.storage_path.clone();
    let shown = path.display().to_string();
    match web::block(move || try_disk(&path)).await {
        Ok(Ok(disk)) => of_disk(&shown, &disk),
        Ok(Err(reason)) => {
            let remedy = "look at the rights of storage.path, and at the disk";
            vec![Finding::fail("disk", &shown, format!("nothing can be written there: {reason}"), remedy)]
        }
        Err(_) => vec![Finding::skipped("disk", &shown, "wharf is stopping")],
    }
}

/// Leaves no file behind, whatever happens.
fn try_disk(path: &Path) -> Result<Disk, String> {
    let about = rustix::fs::statvfs(path).map_err(|error| error.to_string())?;
    let mut file = tempfile::tempfile_in(path).map_err(|error| error.to_string())?;
    let mut took = [Duration::ZERO; 3];
    for took in &mut took {
        let began = Instant::now();
        let written = std::io::Write::write_all(&mut file, &[0; 4096]).and_then(|()| file.sync_data());
        written.map_err(|error| error.to_string())?;
        *took = began.elapsed();
    }
    took.sort();
    Ok(Disk { free_bytes: about.f_bavail.saturating_mul(about.f_frsize), sync: took[1] })
}

fn of_disk(path: &str, disk: &Disk) -> Vec<Finding> {
    let free = format!("{:.1} GiB are free", disk.free_bytes as f64 / GIB as f64);
    let remedy = "make room on the disk, or set storage.max_bytes so that the store stops in time";
    let space = match disk.free_bytes {
        ..TOO_LITTLE => Finding::fail("disk", path, free, remedy),
        TOO_LITTLE..LITTLE => Finding::warn("disk", path, free, remedy),
        LITTLE.. => Finding::ok("disk", path, free),
    };
    let took = format!("a sync takes {:.1} ms", disk.sync.as_secs_f64() * 1000.0);
    let remedy = "put storage.path on a local SSD: every webhook waits for a sync, and Meta expects answers in 250 ms";
    let sync = match disk.sync {
        slow if slow >= TOO_SLOW_SYNC => Finding::fail("disk", path, took, remedy),
        slow if slow >= SLOW_SYNC => Finding::warn("disk", path, took, remedy),
        _ => Finding::ok("disk", path, took),
    };
    vec![space, sync]
}

pub(super) fn keys(edge: &Edge) -> Finding {
    of_keys(&edge.chart.written_out.get())
}

fn of_keys(written_out: &[String]) -> Finding {
    if written_out.is_empty() {
        return Finding::ok("keys", "", "no key stands in the settings file as it is");
    }
    let says = format!("in the settings file the key itself stands: {}", written_out.join(", "));
    Finding::warn("keys", "", says, "write sha256 = \"…\" instead (`printf %s KEY | sha256sum`), or { env = \"NAME\" }")
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level as Found;
    use super::*;

    #[test]
    fn a_store_is_judged_by_whether_it_takes_changes_and_has_room() {
        let closed = Standing::Closed { reason: "EIO".into(), since_s: 1 };
        for (standing, level, found) in [
            (&Standing::Open, Level::Ample, Found::Ok),
            (&Standing::Open, Level::Low, Found::Warn),
            (&Standing::Open, Level::Scarce, Found::Warn),
            (&Standing::Open, Level::Full, Found::Fail),
            (&closed, Level::Ample, Found::Fail),
        ] {
            assert_eq!(of_store(standing, level, "used_bytes=1").level, found, "{standing:?} {level:?}");
        }
    }

    #[test]
    fn a_disk_is_judged_by_its_room_and_its_syncs() {
        for (free_bytes, sync_ms, levels) in [
            (50 * GIB, 1, [Found::Ok, Found::Ok]),
            (LITTLE, 99, [Found::Ok, Found::Ok]),
            (LITTLE - 1, 100, [Found::Warn, Found::Warn]),
            (TOO_LITTLE - 1, 2000, [Found::Fail, Found::Fail]),
        ] {
            let disk = Disk { free_bytes, sync: Duration::from_millis(sync_ms) };
            let found: Vec<Found> = of_disk("data", &disk).iter().map(|finding| finding.level).collect();
            assert_eq!(found, levels, "{free_bytes} {sync_ms}");
        }
    }

    #[test]
    fn a_disk_that_is_there_is_tried_out_and_keeps_nothing_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = try_disk(folder.path()).expect("a disk");
        assert!(disk.free_bytes > 0);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        assert!(try_disk(&folder.path().join("not there")).is_err());
    }

    #[test]
    fn a_key_that_stands_in_the_file_is_named_by_its_name() {
        assert_eq!(of_keys(&[]).level, Found::Ok);
        let found = of_keys(&["ops".to_owned()]);
        assert!(found.level == Found::Warn && found.says.ends_with(": ops"));
    }
}
