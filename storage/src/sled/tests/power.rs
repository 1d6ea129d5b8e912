//! The power goes: of every file only what was synced is left, and of what was written after that, any part or nothing.

use super::{check, nth, small};
use crate::testing::Notes;
use crate::{FailingDisk, Outcome, SledStore, Store};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const BLOCK: usize = 4096;

/// What a power cut would leave of a folder.
struct Shadow {
    live: PathBuf,
    kept: PathBuf,
    writing: Mutex<()>,
}

impl Shadow {
    /// A file or folder of the live one was synced.
    fn synced(&self, path: &Path) {
        let _writing = self.writing.lock().unwrap();
        let Ok(relative) = path.strip_prefix(&self.live) else { return };
        let kept = self.kept.join(relative);
        if path.is_file() {
            fs::create_dir_all(kept.parent().unwrap()).unwrap();
            fs::copy(path, &kept).unwrap();
            return;
        }
        fs::create_dir_all(&kept).unwrap();
        for entry in fs::read_dir(&kept).unwrap() {
            let entry = entry.unwrap();
            if path.join(entry.file_name()).exists() {
                continue;
            }
            match entry.path().is_dir() {
                true => fs::remove_dir_all(entry.path()).unwrap(),
                false => fs::remove_file(entry.path()).unwrap(),
            }
        }
    }

    /// Cuts the power now: fills `to` with what is left. `chance` says which blocks written since the last sync made
    /// it to the disk.
    fn cut(&self, to: &Path, chance: &mut Chance) {
        let _writing = self.writing.lock().unwrap();
        copy(&self.kept, &self.live, to, chance);
    }
}

/// Copies the kept tree; where `chance` says so, single blocks come from the live one.
fn copy(kept: &Path, live: &Path, to: &Path, chance: &mut Chance) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(kept).unwrap() {
        let (from, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        let (live, to) = (live.join(&name), to.join(&name));
        if from.is_dir() {
            copy(&from, &live, &to, chance);
            continue;
        }
        let mut bytes = fs::read(&from).unwrap();
        if name == "db" {
            blend(&mut bytes, &fs::read(&live).unwrap_or_default(), chance);
        }
        fs::write(to, bytes).unwrap();
    }
}

fn blend(bytes: &mut Vec<u8>, live: &[u8], chance: &mut Chance) {
    let some_blocks = chance.one_in(2);
    for (nth, block) in live.chunks(BLOCK).enumerate() {
        let at = nth * BLOCK;
        let changed = bytes.get(at..at + block.len()) != Some(block);
        if !some_blocks || !changed || chance.one_in(2) {
            continue;
        }
        let end = bytes.len().max(at + block.len());
        bytes.resize(end, 0);
        bytes[at..at + block.len()].copy_from_slice(block);
    }
}

/// Dice that fall the same way every time.
struct Chance(u64);

impl Chance {
    fn one_in(&mut self, sides: u64) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(sides)
    }
}

#[test]
fn cut_the_power_any_time_and_nothing_acknowledged_is_lost() {
    let mut chance = Chance(42);
    let live = tempfile::tempdir().unwrap();
    let kept = tempfile::tempdir().unwrap();
    let shadow =
        Arc::new(Shadow { live: live.path().to_owned(), kept: kept.path().to_owned(), writing: Mutex::default() });
    let watcher = shadow.clone();
    let disk = Arc::new(FailingDisk::new().after_sync(move |path| watcher.synced(path)));
    let mut seq = 0;
    for _ in 0..4 {
        let store = SledStore::open_with(small(live.path()), disk.clone()).unwrap();
        let notes = Arc::new(Notes::default());
        let begun = seq;
        for _ in 0..6 {
            for _ in 0..40 {
                seq += 1;
                store.commit(nth("100", seq), vec![notes.receipt(seq)]);
            }
            while !chance.one_in(3) {
                std::thread::yield_now();
            }
            let told = notes.told();
            assert!(told.iter().all(|(_, outcome)| *outcome == Outcome::Durable));
            let acknowledged = told.last().map_or(begun, |(number, _)| *number);
            let left = tempfile::tempdir().unwrap();
            shadow.cut(left.path(), &mut chance);
            let again = SledStore::open(small(left.path())).unwrap();
            let last = check(&again, "100", acknowledged);
            drop(again);
            let again = SledStore::open(small(left.path())).unwrap();
            check(&again, "100", last);
        }
        notes.wait((seq - begun) as usize);
    }
}
