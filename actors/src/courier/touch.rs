//! Touching an endpoint without asking it anything: does its name resolve, does it take a connection, is its certificate
//! good? For a NATS server also: does it greet as one?

use super::address::{Addresses, is_public};
use super::tls;
use awc::http::Uri;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// Each of the three steps may take this long.
const STEP: Duration = Duration::from_secs(4);

/// An endpoint that is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touched {
    /// When the first certificate of its chain ends, in s since 1970; `None` without TLS.
    pub certificate_ends_s: Option<i64>,
}

/// How far we came, and why no further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untouched {
    /// It is no URL that can be touched.
    #[error("it is not a URL with a host")]
    NoHost,
    /// The name leads nowhere.
    #[error("the name {host} cannot be resolved: {reason}")]
    Unresolved {
        /// Which name.
        host: String,
        /// Why.
        reason: String,
    },
    /// The name leads where nothing may go.
    #[error("{host} has the address {address}, which is not public, and the route does not allow_private")]
    Private {
        /// Which name.
        host: String,
        /// Where it leads.
        address: String,
    },
    /// Nobody takes the connection.
    #[error("{address} takes no connection: {reason}")]
    Unconnected {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// The TLS handshake failed.
    #[error("the TLS handshake with {host} failed: {reason}")]
    Tls {
        /// With whom.
        host: String,
        /// Why, such as an unknown issuer or another name.
        reason: String,
    },
    /// Something else than NATS answers.
    #[error("{address} does not greet as a NATS server")]
    NotNats {
        /// Where.
        address: String,
    },
}

/// Touches the endpoint of `url`: `http`, `https`, `nats` or `tls` (NATS too).
pub async fn touch(url: &str, reach: Addresses) -> Result<Touched, Untouched> {
    let uri: Uri = url.parse().map_err(|_| Untouched::NoHost)?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or(Untouched::NoHost)?.trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().or(match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        Some("nats" | "tls") => Some(4222),
        Some(_) | None => None,
    });
    let addresses = resolve(&host, port.ok_or(Untouched::NoHost)?, reach).await?;
    let (address, stream) = connect(&addresses).await?;
    match uri.scheme_str() {
        Some("https") => secure(&host, stream).await,
        Some("nats" | "tls") => greet(address, &stream).await,
        Some(_) | None => Ok(Touched::default()),
    }
}

async fn resolve(host: &str, port: u16, reach: Addresses) -> Result<Vec<SocketAddr>, Untouched> {
    let unresolved = |reason: String| Untouched::Unresolved { host: host.to_owned(), reason };
    let found: Vec<SocketAddr> = match timeout(STEP, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => return Err(unresolved(error.to_string())),
        Err(_) => return Err(unresolved(format!("no answer within {} s", STEP.as_secs()))),
    };
    match found.iter().find(|found| reach == Addresses::Public && !is_public(found.ip())) {
        Some(found) => Err(Untouched::Private { host: host.to_owned(), address: found.ip().to_string() }),
        None if found.is_empty() => Err(unresolved("it has no address".to_owned())),
        None => Ok(found),
    }
}

/// The first address that takes a connection.
async fn connect(addresses: &[SocketAddr]) -> Result<(SocketAddr, TcpStream), Untouched> {
    let mut last = Untouched::NoHost;
    for address in addresses {
        let reason = match timeout(STEP, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((*address, stream)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", STEP.as_secs()),
        };
        last = Untouched::Unconnected { address: address.to_string(), reason };
    }
    Err(last)
}

async fn secure(host: &str, stream: TcpStream) -> Result<Touched, Untouched> {
    let failed = |reason: String| Untouched::Tls { host: host.to_owned(), reason };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
    let connector = TlsConnector::from(Arc::clone(&tls::client_config()));
    let secured = match timeout(STEP, connector.connect(name, stream)).await {
        Ok(Ok(secured)) => secured,
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Err(_) => return Err(failed(format!("no answer within {} s", STEP.as_secs()))),
    };
    Ok(Touched { certificate_ends_s: secured.get_ref().1.peer_certificates().and_then(ends_s) })
}

/// When the first certificate of `chain` ends.
fn ends_s(chain: &[CertificateDer<'_>]) -> Option<i64> {
    let ends = chain.iter().filter_map(|certificate| {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        Some(parsed.validity().not_after.timestamp())
    });
    ends.min()
}

/// A NATS server speaks first, and plainly, also where TLS follows.
async fn greet(address: SocketAddr, stream: &TcpStream) -> Result<Touched, Untouched> {
    let mut seen = [0; 5];
    let greeting = async {
        stream.readable().await.ok()?;
        stream.try_read(&mut seen).ok()
    };
    match timeout(STEP, greeting).await {
        Ok(Some(_)) if seen.eq_ignore_ascii_case(b"INFO ") => Ok(Touched::default()),
        Ok(_) | Err(_) => Err(Untouched::NotNats { address: address.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[actix_rt::test]
    async fn what_listens_is_there_and_what_does_not_is_not() {
        let (open, port) = listener();
        assert_eq!(touch(&format!("http://127.0.0.1:{port}/x"), Addresses::Any).await, Ok(Touched::default()));
        drop(open);
        let gone = touch(&format!("http://127.0.0.1:{port}/x"), Addresses::Any).await;
        assert!(matches!(gone, Err(Untouched::Unconnected { .. })), "{gone:?}");
        let private = touch(&format!("http://localhost:{port}/"), Addresses::Public).await;
        assert!(matches!(private, Err(Untouched::Private { .. })), "{private:?}");
        assert_eq!(touch("nonsense", Addresses::Any).await, Err(Untouched::NoHost));
        let unknown = touch("http://no.such.host.invalid/", Addresses::Any).await;
        assert!(matches!(unknown, Err(Untouched::Unresolved { .. })), "{unknown:?}");
    }

    #[actix_rt::test]
    async fn a_nats_server_greets_and_another_server_is_told_from_it() {
        for (greeting, good) in [(&b"INFO {\"server_id\":\"x\"}\r\n"[..], true), (&b"220 mail\r\n"[..], false)] {
            let (server, port) = listener();
            let serving = std::thread::spawn(move || server.accept().unwrap().0.write_all(greeting).unwrap());
            let touched = touch(&format!("nats://token@127.0.0.1:{port}"), Addresses::Any).await;
            assert_eq!(touched.is_ok(), good, "{touched:?}");
            serving.join().unwrap();
        }
    }

    #[actix_rt::test]
    async fn what_speaks_no_tls_fails_in_the_handshake() {
        let (server, port) = listener();
        let serving =
            std::thread::spawn(move || server.accept().unwrap().0.write_all(b"HTTP/1.1 400\r\n\r\n").unwrap());
        let touched = touch(&format!("https://127.0.0.1:{port}/"), Addresses::Any).await;
        assert!(matches!(touched, Err(Untouched::Tls { .. })), "{touched:?}");
        serving.join().unwrap();
    }
}
