//! The front door: TLS, client certificates, proxies, connections that hang, new settings, secrets that stay in.

pub(crate) mod authority;
mod connections;
mod proxies;
mod reload;
mod secrets;
mod tls;

use crate::harness::stage::Stage;
use std::net::SocketAddr;

fn address(stage: &Stage) -> SocketAddr {
    stage.public.trim_start_matches("http://").parse().expect("an address")
}
