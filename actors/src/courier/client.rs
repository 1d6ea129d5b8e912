//! The HTTP client both kinds of calls share: how it connects, and what its errors mean. Knows no Graph and no route.

use std::time::Duration;

use awc::error::{ConnectError, SendRequestError};
use awc::{Client, Connector};

use super::address::{Addresses, Lookup};
use super::tls;
use actix_tls::connect::{Connector as TcpConnector, Resolver};

/// What the other side reads in `User-Agent`.
const USER_AGENT: &str = concat!("wharf/", env!("CARGO_PKG_VERSION"));

/// A client for one arbiter: no redirects, no time-out and no pool limit of its own. Its pool limit would be for all
/// hosts together, and its time-out would count the wait for it; permits and deadlines are the callers'.
pub(crate) fn build(connect: Duration, reach: Addresses) -> Client {
    let tcp = TcpConnector::new(Resolver::custom(Lookup(reach))).service();
    let connector = Connector::new().rustls_0_23(tls::client_config()).connector(tcp);
    Client::builder()
        .connector(connector.timeout(connect).handshake_timeout(connect).limit(0))
        .disable_timeout()
        .disable_redirects()
        .no_default_headers()
        .add_default_header(("User-Agent", USER_AGENT))
        .finish()
}

/// How far a request came that ended without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// There was no connection.
    Unconnected,
    /// There was one; something may have been written.
    Connected,
}

/// How far `error` says the request came.
pub(crate) fn reach(error: &SendRequestError) -> Reach {
    // What the client says when the other side hangs up without an answer, after the request was written.
    let hung_up = matches!(error, SendRequestError::Connect(ConnectError::Disconnected));
    match matches!(error, SendRequestError::Connect(_) | SendRequestError::Url(_)) && !hung_up {
        true => Reach::Unconnected,
        false => Reach::Connected,
    }
}
