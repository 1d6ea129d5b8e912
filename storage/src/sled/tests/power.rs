//! The power goes: of every file only what was synced is left, and of what was written after that, any part or nothing.

use super::{check, nth, open, small};
use crate::testing::Notes;
use crate::{FailingDisk, Outcome, SledStore, Store};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const BLOCK: usize = 4096;

/// What a power cut would leave of a folder.
struct Shadow {
    live: PathBuf,
    kept: PathBuf,
    /// The entries that each folder had when it was synced: a file is there only if its folder was synced after it.
    listed: Mutex<HashMap<PathBuf, Vec<OsString>>>,
}

impl Shadow {
    /// A file or folder of the live one was synced.
    fn synced(&self, path: &Path) {
        let mut listed = self.listed.lock().unwrap();
        let Ok(relative) = path.strip_prefix(&self.live) else { return };
        if path.is_dir() {
            let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name());
            listed.insert(relative.to_owned(), names.collect());
            return;
        }
        let kept = self.kept.join(relative);
        fs::create_dir_all(kept.parent().unwrap()).unwrap();
        fs::copy(path, &kept).unwrap();
    }

    /// Cuts the power now: fills `to` with what is left. `chance` says which blocks written since the last sync made
    /// it to the disk.
    fn cut(&self, to: &Path, chance: &mut Chance) {
        let listed = self.listed.lock().unwrap();
        self.copy(Path::new(""), &listed, to, chance);
    }

    fn copy(&self, folder: &Path, listed: &HashMap<PathBuf, Vec<OsString>>, to: &Path, chance: &mut Chance) {
        fs::create_dir_all(to).unwrap();
        for name in listed.get(folder).into_iter().flatten() {
            let (path, to) = (folder.join(name), to.join(name));
            let (kept, live) = (self.kept.join(&path), self.live.join(&path));
            if kept.is_dir() {
                self.copy(&path, listed, &to, chance);
            } else if kept.is_file() {
                let mut bytes = fs::read(&kept).unwrap();
                if name == "db" {
                    blend(&mut bytes, &fs::read(&live).unwrap_or_default(), chance);
                }
                fs::write(to, bytes).unwrap();
            } else if live.is_file() {
                // The entry was synced, what is in the file was not.
                fs::write(to, "").unwrap();
            }
        }
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
        Arc::new(Shadow { live: live.path().to_owned(), kept: kept.path().to_owned(), listed: Mutex::default() });
    let watcher = shadow.clone();
    let disk = Arc::new(FailingDisk::new().after_sync(move |path| watcher.synced(path)));
    let mut seq = 0;
    for _ in 0..4 {
        let store = SledStore::open_with(small(&live.path().join("data")), disk.clone()).unwrap();
        let notes = Arc::new(Notes::default());
        let begun = seq;
        for _ in 0..5 {
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
            let again = open(small(&left.path().join("data"))).unwrap();
            let last = check(&again, "100", acknowledged);
            drop(again);
            if chance.one_in(4) {
                let again = open(small(&left.path().join("data"))).unwrap();
                check(&again, "100", last);
            }
        }
        notes.wait((seq - begun) as usize);
    }
}
