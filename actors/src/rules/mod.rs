//! The decisions, as plain state machines: no actor, no I/O, no clock, no dice, no log.
//!
//! Each takes an input and the time and says what must happen. Times are milliseconds since 1970; `now` comes last;
//! chance comes in as a number from 0 to 1.

pub mod account;
pub mod breaker;
pub mod budget;
pub mod deliveries;
pub mod dialogs;
pub mod erasing;
pub mod expiry;
pub mod explain;
pub mod gate;
pub mod hold;
pub mod life;
pub mod outbox;
pub mod own_token;
pub mod ownership;
pub mod portfolio;
pub mod preferences;
pub mod probes;
pub mod reader;
pub mod recent;
pub mod reconcile;
pub mod replay;
pub mod retry;
#[cfg(test)]
pub(crate) mod testing;
