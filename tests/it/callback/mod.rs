//! `/{uri}`: handshakes, webhooks and what becomes of them.

mod batches;
mod bodies;
mod dashboard_tests;
mod duplicates;
mod handshake;
mod limits;
mod ownership;
mod quarantine;
mod signatures;
mod store_fails;
