//! The edge: HTTP, the command line and the settings. Decides nothing about accounts and keeps nothing itself.

pub mod audit;
pub mod auth;
pub mod authorised;
pub mod callback;
pub mod cli;
pub mod cloud_api;
pub mod config;
pub mod connection;
pub mod crowd;
pub mod descriptors;
mod door;
pub mod edge;
pub mod error;
pub mod logging;
pub mod ops;
pub mod reload;
pub mod router;
pub mod sandbox;
pub mod server;
pub mod tls;
pub mod ui;
