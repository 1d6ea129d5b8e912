//! The engine on sled: a write-ahead journal in volumes, checkpointed state, and one committer. This folder alone knows
//! sled; nothing here knows what an event or a record means.

mod bodies;
mod checkpoint;
mod claim;
mod cold;
mod committed;
mod committer;
mod content;
mod database;
mod dedupe;
mod entry;
mod erase;
mod events;
mod gate;
mod journal;
mod keeper;
mod layout;
mod marks;
mod open;
mod overlay;
mod page;
mod parcel;
mod queue;
mod records;
mod renewal;
mod retention;
mod scrub;
mod sealed;
mod settings;
mod shared;
mod slots;
mod space;
mod store;
mod volume;
mod volumes;
mod wake;
mod wishes;

pub use settings::{KeepBody, SledSettings};
pub use store::SledStore;

#[cfg(test)]
mod tests;
