//! What survives a restart. This room knows kept nouns, bytes and disks; it knows neither Meta, HTTP nor actors.
//!
//! # The promise
//!
//! * [`Store::commit`] queues a [`Change`]. Changes become durable in the order in which they were queued, a change
//!   whole or not at all; one committer groups whatever waits into one write and one `sync_data`, then tells every
//!   [`Receipt`] of the group at once.
//! * Reads show committed state only. After the first failed write or sync the store is closed for good: every later
//!   receipt is told [`Outcome::Lost`], reads go on showing the last committed state, and a restart reopens it.
//! * Opening costs O(hot records + changes since the last checkpoint), never O(history).
//!
//! # A second engine, for several machines
//!
//! Everything above needs four things of an engine: an ordered log of changes with group commit (a replicated log's
//! append), exact-once application of the log to small state (a state machine fed by that log), reads of hot state
//! from memory and of cold state by key (any ordered key-value table), and a lookup of dedupe marks by item time (a
//! table partitioned by [`Stamp`]). The owner of a stream is the only writer of its events and records, so a cluster
//! hands out streams by lease and fences [`Change`]s by the lease's epoch; [`Tally`] is a sum and commutes. Desks stay
//! local to a process. Nothing in the trait speaks of files, folders or one machine.

mod change;
mod clock;
#[cfg(test)]
mod contract;
mod disk;
mod erasure;
mod error;
mod event;
mod failing;
mod figures;
mod key;
mod ledger;
mod memory;
mod nouns;
mod receipt;
mod room;
mod sled;
#[cfg(test)]
mod testing;
mod unfinished;
mod window;

pub use change::{Change, Mark, Seen, Stamp, Write};
pub use clock::Clock;
pub use disk::{Disk, PlainDisk};
pub use erasure::{ERASED, Erased, Erasure, Findings, Known, widen};
pub use error::StoreError;
pub use event::{Disposition, Event, EventDialog, EventKind, NumberRef, number_tag, route_tag};
pub use failing::FailingDisk;
pub use figures::{COMMIT_BOUNDS_S, CommitTimes, Figures};
pub use key::{Key, KeyBuilder};
pub use ledger::{Ledger, MessageTally, RouteTally, Tally};
pub use memory::MemoryStore;
pub use nouns::{
    AccountRecord, Alias, ApiKey, Attempt, AuditRecord, Claim, DeadLetter, DeliveryHold, Dialog, Hold, HoldCause,
    HoldScope, Kind, LifeAlarm, LifeRecord, MediaRecord, MessageBody, MessageRecord, MessageState, Noun, OnUnknown,
    OpenDelivery, Outbox, OwnRoute, PairDebt, Preference, Priority, Progress, Reached, ReplayRecord, ReplayState,
    RoutesRecord, SendHold, Submitted, Temperature, TemplateName, TokenRecord, Trail, TrailResult, Twin, Wamid, Wish,
};
pub use receipt::{Desk, Outcome, Receipt};
pub use room::{Level, Room};
pub use sled::{KeepBody, SledSettings, SledStore};
pub use unfinished::Finished;

use bytes::Bytes;

/// An engine: the journal of events, the records beside it, and the ledger, under the promise of this crate.
///
/// Methods marked *memory* return at once and may be called on an event loop; methods marked *disk* may read and
/// belong on a thread that may block.
pub trait Store: Send + Sync + 'static {
    /// Queues `change` and returns at once; every receipt is told exactly once, in commit order. *Memory.*
    fn commit(&self, change: Change, receipts: Vec<Receipt>);

    /// Whether commits are possible, and since when and why not. *Memory.*
    fn standing(&self) -> Standing;

    /// All committed hot records of `kind` whose key starts with `prefix`, ascending. *Memory.*
    fn hot(&self, kind: Kind, prefix: &[u8]) -> Vec<(Key, Bytes)>;

    /// One committed record. *Memory* for hot kinds, *disk* for cold ones.
    fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Up to `limit` committed records of `kind` with `prefix` and a key greater than `after`, ascending. *Disk.*
    fn page(
        &self,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError>;

    /// Up to `limit` committed records of `kind` with `prefix` and a key lower than `before`, descending. *Disk.*
    fn page_back(
        &self,
        kind: Kind,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError>;

    /// The highest sequence number ever committed in `stream`, 0 before the first; survives a remove. *Memory.*
    fn last_seq(&self, stream: &str) -> u64;

    /// The committed ledger of one owner. *Memory.*
    fn ledger(&self, owner: &str) -> Ledger;

    /// The committed ledgers of all owners, from one committed state. *Memory.*
    fn ledgers(&self) -> Vec<(String, Ledger)>;

    /// What memory alone knows of each wanted mark. *Memory.*
    fn glance(&self, wanted: &[(u128, Stamp)]) -> Vec<Glance>;

    /// The committed copy of each wanted mark, if there is one within the dedupe window. *Disk.*
    fn look(&self, wanted: &[(u128, Stamp)]) -> Result<Vec<Option<Seen>>, StoreError>;

    /// One committed event. *Disk.*
    fn event(&self, stream: &str, seq: u64) -> Result<Option<Event>, StoreError>;

    /// Committed events of `stream` with a seq greater than `after`, ascending: at most `limit`, and no more once
    /// their bodies pass `max_bytes` (at least one where there is one). *Disk.*
    fn events(&self, stream: &str, after: u64, limit: usize, max_bytes: usize) -> Result<Vec<Event>, StoreError>;

    /// Figures for metrics. *Memory.*
    fn figures(&self) -> Figures;

    /// How full the space is that the store may take; what is `Full` takes commits all the same, so that work ends and
    /// space comes back: whoever brings something new asks first. *Memory.*
    fn room(&self) -> Room;

    /// Keeps the wish to erase a customer until [`Store::erase`] has fulfilled it; durable when it returns. *Disk.*
    fn wish(&self, erasure: &Erasure) -> Result<(), StoreError>;

    /// The wishes that a crash or a stop left unfulfilled. *Disk.*
    fn wishes(&self) -> Result<Vec<Erasure>, StoreError>;

    /// Erases a customer's events and records, and every old byte of them that the engine still has; says what there
    /// was, and whether nothing is left. Owners of events and records must have let go of them before. Repeating it is
    /// harmless and verifies. *Disk*, for as long as it takes to write everything kept once more.
    fn erase(&self, erasure: &Erasure) -> Result<Erased, StoreError>;

    /// Writes what is queued, checkpoints and closes; later commits are lost. *Disk.*
    fn close(&self);
}

/// Whether the store takes changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Commits are possible.
    Open,
    /// A write or sync failed (or the store was shut down): nothing is taken until a restart.
    Closed {
        /// What failed, for people.
        reason: String,
        /// Since when, in s since 1970.
        since_s: u64,
    },
}

/// What memory knows of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glance {
    /// No committed copy within the dedupe window.
    New,
    /// A committed copy.
    Seen(Seen),
    /// Only a look at the disk can tell.
    Unsure,
}
