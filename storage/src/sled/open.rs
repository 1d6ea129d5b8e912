//! Opening a store: what state holds, then the journal's pages after it. It costs as much as there are hot records and
//! pages since the last checkpoint.

use super::claim::Claim;
use super::committed::Committed;
use super::content::Content;
use super::content::Summary;
use super::database::{Database, Shape, io_error, make_folder, sync_path};
use super::entry::damaged;
use super::gate::Gate;
use super::layout::{ARCHIVE, FORMAT, FORMAT_FILE, JOURNAL, STATE, STATE_SEGMENT, VOLUMES, last_number};
use super::settings::SledSettings;
use super::shared::{Image, Shared};
use super::volume::{Shelf, Volume};
use super::volumes::{Closing, Open, Sealed, Volumes};
use super::{checkpoint, journal, records, renewal};
use crate::{Disk, StoreError};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Cache of state, in bytes.
pub(super) const STATE_CACHE: u64 = 16 << 20;
/// A volume with pages beyond this is sealed at start and read back later, rather than read back at once.
const RESUMED_PAGES: u64 = 1024;

/// A store that was read, and where its threads go on.
pub(super) struct Opened {
    pub(super) shared: Shared,
    pub(super) next_page: u64,
    pub(super) next_volume: u64,
    pub(super) checkpointed_page: u64,
}

/// Opens or makes the store that `settings` name.
pub(super) fn open(settings: SledSettings, disk: Arc<dyn Disk>) -> Result<Opened, StoreError> {
    let path = &settings.path;
    make_folder(path, disk.as_ref()).map_err(|source| io_error("create", path, source))?;
    check_format(path)?;
    let claim = Claim::new(path)?;
    for name in [STATE, ARCHIVE] {
        renewal::finish(&path.join(name), &disk)?;
    }
    let state = Database::open_or_make(&path.join(STATE), Shape { segment: STATE_SEGMENT, cache: STATE_CACHE }, &disk)?;
    write_format(path, disk.as_ref())?;
    let (shelf, numbers) = Shelf::open(path.join(JOURNAL), disk.clone())?;
    let mut committed = load(&state)?;
    let checkpointed_page = checkpoint::read_page(&state)?;
    let mut sealed = summaries(&state)?;
    sealed.retain(|number, _| numbers.binary_search(number).is_ok());
    let journal = replay(&shelf, &numbers, &sealed, &mut committed, checkpointed_page)?;
    let now_s = settings.clock.now_s();
    let next_page = journal.last_page.max(checkpointed_page) + 1;
    let mut next_volume = numbers.last().copied().unwrap_or(0).max(sealed.keys().next_back().copied().unwrap_or(0)) + 1;
    let (volumes, prepared) = arrange(journal, sealed, &shelf, &mut next_volume, now_s)?;
    let image = Image { committed, volumes };
    let shared = Shared::new((settings, disk, claim), (state, shelf), image, prepared);
    Ok(Opened { shared, next_page, next_volume, checkpointed_page })
}

/// Refuses a folder of another format, and one that holds something else.
fn check_format(path: &Path) -> Result<(), StoreError> {
    let wrong = |found: &str| StoreError::Format { path: path.to_owned(), found: found.to_owned(), expected: FORMAT };
    match fs::read_to_string(path.join(FORMAT_FILE)) {
        Ok(found) if found.trim() == FORMAT.to_string() => Ok(()),
        Ok(found) => Err(wrong(&found.trim().chars().take(40).collect::<String>())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let begun = path.join(JOURNAL).exists();
            if begun { Err(wrong("none")) } else { Ok(()) }
        }
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(wrong("that is no text")),
        Err(source) => Err(io_error("read", &path.join(FORMAT_FILE), source)),
    }
}

/// Says the format, whole or not at all, before anything else is kept.
fn write_format(path: &Path, disk: &dyn Disk) -> Result<(), StoreError> {
    let (file, new) = (path.join(FORMAT_FILE), path.join("FORMAT.new"));
    if file.exists() {
        return Ok(());
    }
    let write = || {
        fs::write(&new, format!("{FORMAT}\n"))?;
        sync_path(&new, disk)?;
        fs::rename(&new, &file)?;
        sync_path(&file, disk)?;
        sync_path(path, disk)
    };
    write().map_err(|source| io_error("write", &file, source))
}

/// What state holds.
fn load(state: &Database) -> Result<Committed, StoreError> {
    let mut committed = Committed::default();
    for kind in checkpoint::hot_kinds() {
        for record in records::scan(state, kind, &[], &[]) {
            let (key, value) = record?;
            committed.load_record(kind, key, value);
        }
    }
    for ledger in checkpoint::ledgers(state) {
        let (owner, page, ledger) = ledger?;
        committed.load_ledger(&owner, ledger, page);
    }
    for last in checkpoint::last_seqs(state) {
        let (stream, seq) = last?;
        committed.load_last_seq(&stream, seq);
    }
    committed.set_applied_page(checkpoint::read_page(state)?);
    Ok(committed)
}

/// What state knows of sealed volumes.
fn summaries(state: &Database) -> Result<BTreeMap<u64, Summary>, StoreError> {
    let read = |record: Result<(sled::IVec, sled::IVec), StoreError>| {
        let (key, value) = record?;
        let summary = postcard::from_bytes(&value).map_err(|error| damaged(&format!("a volume: {error}")))?;
        Ok((last_number(&key).ok_or_else(|| damaged("a volume without a number"))?, summary))
    };
    state.scan(&[VOLUMES], [VOLUMES]).map(read).collect()
}

/// The volumes without an index, as the journal's replay leaves them.
struct Journal {
    last_page: u64,
    unindexed: Vec<Unindexed>,
}

/// A volume, and its first and last page if it has any.
struct Unindexed {
    volume: Arc<Volume>,
    bounds: Option<(u64, u64)>,
}

/// Applies every page after `checkpointed`, volume by volume.
fn replay(
    shelf: &Shelf,
    numbers: &[u64],
    sealed: &BTreeMap<u64, Summary>,
    committed: &mut Committed,
    checkpointed: u64,
) -> Result<Journal, StoreError> {
    let mut journal = Journal { last_page: 0, unindexed: Vec::new() };
    let mut apply = |mut parcel| {
        committed.apply(&mut parcel);
        Ok(())
    };
    for number in numbers {
        let volume = match sealed.get(number) {
            Some(summary) => {
                journal.last_page = journal.last_page.max(summary.last_page);
                if summary.last_page <= checkpointed {
                    continue;
                }
                let Some(volume) = shelf.lend(*number)? else { continue };
                volume
            }
            None => {
                let volume = shelf.open_to_write(*number)?;
                let bounds = journal::bounds(&volume)?;
                journal.last_page = journal.last_page.max(bounds.map_or(0, |(_, last)| last));
                journal.unindexed.push(Unindexed { volume: volume.clone(), bounds });
                volume
            }
        };
        journal::replay(&volume, checkpointed, &mut apply)?;
    }
    Ok(journal)
}

/// Decides which volume is written: the last one begun if reading it back is quick, else an empty one. The others wait
/// for their index.
fn arrange(
    journal: Journal,
    sealed: BTreeMap<u64, Summary>,
    shelf: &Shelf,
    next_volume: &mut u64,
    now_s: u64,
) -> Result<(Volumes, Option<Arc<Volume>>), StoreError> {
    let (mut begun, mut empty): (Vec<_>, Vec<_>) =
        journal.unindexed.into_iter().partition(|found| found.bounds.is_some());
    let last_is_small =
        begun.last().and_then(|found| found.bounds).is_some_and(|(first, last)| last - first < RESUMED_PAGES);
    let resumed = if last_is_small { begun.pop() } else { None };
    let (volume, content) = match (resumed, empty.is_empty()) {
        (Some(Unindexed { volume, .. }), _) => {
            let content = journal::content(&volume)?;
            (volume, content)
        }
        (None, false) => (empty.remove(0).volume, Content::default()),
        (None, true) => {
            let volume = shelf.open_to_write(*next_volume)?;
            *next_volume += 1;
            (volume, Content::default())
        }
    };
    let prepared = if empty.is_empty() { None } else { Some(empty.remove(0).volume) };
    let closing = |found: Unindexed| Arc::new(Closing { volume: found.volume, content: Gate::shut() });
    let sealed = sealed.into_iter().map(|(number, summary)| (number, Sealed { summary, filter: None, exact: None }));
    let volumes = Volumes {
        open: Open { volume, content, begun_s: now_s },
        closing: begun.into_iter().map(closing).collect(),
        sealed: sealed.collect(),
    };
    Ok((volumes, prepared))
}
