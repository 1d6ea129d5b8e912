//! Settings: what was typed ([`node`], [`environment`]) becomes what it means ([`settings`]). Starts nothing, opens no
//! socket and no store; reads `wharf.toml`, the variables it is given, and the files that secrets stand in.
//!
//! Every fault is collected with its place, so that an operator mends a file in one go. The texts never show a secret.

mod address;
mod document;
mod environment;
mod fault;
mod gateways;
mod keys;
mod node;
mod own_route;
pub mod reference;
mod routes;
mod secrets;
mod section;
mod sections;
mod settings;
mod terms;
#[cfg(test)]
mod tests;
mod units;
mod values;

pub(crate) use address::is_plain_and_far;
pub use address::masked;
pub use fault::{Fault, Faults, Place, Warning};
pub use keys::{KeyHash, KeySettings};
pub use own_route::{Allowed, own_route};
pub use settings::{Engine, SendSettings, ServerSettings, Settings, StorageSettings, variables};
pub(crate) use units::duration;
pub use units::{bytes_text, duration_text};
pub use wharf_actors::gateway::GraphSettings;
