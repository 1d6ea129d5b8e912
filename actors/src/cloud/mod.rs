//! Meta's dialect: what its JSON means. Pure functions and plain types; no clock, no I/O, no actor.

pub mod app;
pub mod business;
pub mod diagnosis;
pub mod format;
pub mod graph_error;
pub mod health;
pub mod ids;
pub mod item;
pub mod json;
pub mod node;
#[cfg(test)]
mod oddities;
pub mod refusal;
pub mod send;
pub mod signature;
pub mod specimen;
pub mod splice;
pub mod tier;
pub mod token;
pub mod usage;
pub mod verdict;
pub mod webhook;
