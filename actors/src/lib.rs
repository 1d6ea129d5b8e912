//! Who decides: one actor per account, a supervisor, a courier, and the rules they follow.
//!
//! Knows Meta's dialect (`cloud`) and what is kept (`wharf_storage`); knows no HTTP server, no command line and no
//! configuration file.

pub mod account;
pub mod berth;
pub mod clock;
pub mod cloud;
pub mod courier;
pub mod desk;
pub mod directory;
pub mod eraser;
pub mod gate;
pub mod gateway;
pub mod gauges;
pub mod live;
pub mod media_ids;
pub mod messages;
pub mod meters;
pub mod rules;
pub mod supervisor;
pub mod vault;
pub mod views;
