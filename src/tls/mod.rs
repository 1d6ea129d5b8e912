//! TLS of the public listener: the certificate it shows, and the one that Meta shows. Knows no URL and no gateway.
//!
//! What the files hold may be replaced while everything runs: connections made after that see the new certificate and
//! are judged by the new authority; those that stand are left alone.

mod client;
mod files;
mod watch;

pub use client::Shown;
pub use files::{Material, TlsFault, TlsSettings};
pub use watch::watch;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The cryptography that everything here uses.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// What the listener shows and demands just now.
pub struct Live {
    now: RwLock<Arc<Material>>,
}

impl Live {
    /// Starts with `material`.
    pub fn new(material: Material) -> Arc<Self> {
        Arc::new(Self { now: RwLock::new(Arc::new(material)) })
    }

    /// What holds now.
    pub fn material(&self) -> Arc<Material> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes `material` from now on; whether it differs from what was there.
    pub fn replace(&self, material: Material) -> bool {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let differs = !now.is_same(&material);
        *now = Arc::new(material);
        differs
    }

    /// Whether webhooks need Meta's client certificate.
    pub fn demands_client_certificate(&self) -> bool {
        self.material().authority().is_some()
    }

    /// How rustls is to serve: TLS 1.2 and 1.3, whatever holds when a connection is made.
    pub fn server_config(self: &Arc<Self>) -> ServerConfig {
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.expect("ring offers every protocol version that rustls calls safe");
        let mut config = builder
            .with_client_cert_verifier(Arc::new(client::Possession { live: Arc::clone(self) }))
            .with_cert_resolver(Arc::<Self>::clone(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }

    /// What the other side of a new connection has shown.
    pub fn judge(&self, chain: Option<&[CertificateDer<'_>]>) -> Shown {
        client::judge(chain.unwrap_or_default(), &self.material())
    }
}

impl ResolvesServerCert for Live {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.material().certified()))
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live(…)")
    }
}
