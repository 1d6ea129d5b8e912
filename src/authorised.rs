//! From a request to a caller: the key it shows, the address it comes from, the site that made it.

use crate::auth::{AuthFault, Caller, cross_site};
use crate::edge::Edge;
use crate::error::ApiError;
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;
use std::time::Instant;
use wharf_actors::clock::now_ms;

/// Each proxy adds the address it was called from at the end.
const FORWARDED: &str = "X-Forwarded-For";

/// Who calls. A wrong key waits before it is told so; a right one never does.
pub async fn caller(request: &HttpRequest, edge: &Edge) -> Result<Caller, AuthFault> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let identified = edge.keys.identify(header, peer(request, edge), Instant::now());
    if let Err(AuthFault::Wrong { delay }) = &identified {
        edge.counters.wrong_keys.fetch_add(1, Ordering::Relaxed);
        actix_web::rt::time::sleep(*delay).await;
    }
    if let Ok(caller) = &identified {
        edge.keys.note_use(&caller.name, now_ms());
    }
    identified
}

/// The address the request comes from: the connection's, or what a trusted proxy says.
pub fn peer(request: &HttpRequest, edge: &Edge) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let proxies = edge.proxies.get();
    if proxies.is_empty() {
        return peer.to_canonical();
    }
    // What is no text is no address either, and says nothing.
    let values: Vec<&str> =
        request.headers().get_all(FORWARDED).map(|value| value.to_str().unwrap_or_default()).collect();
    proxies.caller(peer, values.into_iter())
}

/// Refuses a changing request that a browser makes ahead of time or for another site.
pub fn refuse_cross_site(request: &HttpRequest) -> Result<(), ApiError> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let purpose = header("Sec-Purpose").or_else(|| header("Purpose"));
    match cross_site(header("Sec-Fetch-Site"), purpose) {
        Some(refusal) => Err(refusal.into()),
        None => Ok(()),
    }
}
