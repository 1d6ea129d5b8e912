//! The edge: HTTP, the command line and the settings. Decides nothing about accounts and keeps nothing itself.

pub mod auth;
pub mod cli;
pub mod config;
pub mod error;
