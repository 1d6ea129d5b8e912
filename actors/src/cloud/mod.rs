//! Meta's dialect: what its JSON means. Pure functions and plain types; no clock, no I/O, no actor.

pub mod format;
pub mod item;
pub mod signature;
pub mod webhook;
pub mod business;
pub mod graph_error;
pub mod ids;
pub mod json;
pub mod node;
#[cfg(test)]
mod oddities;
pub mod refusal;
pub mod send;
pub mod splice;
pub mod token;
