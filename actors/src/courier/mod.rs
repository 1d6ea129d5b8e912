//! Everything that calls out: Graph and the endpoints of routes. The only room that knows an HTTP client.

pub mod call;
mod client;
pub mod discovery;
pub mod endpoint;
pub mod errand;
#[cfg(test)]
mod fake;
pub mod fault;
pub mod gate;
pub mod graph;
mod patience;
pub mod permits;
pub mod subscription;
pub mod tls;
mod written;
