//! TLS towards Graph and applications: rustls with ring, and the roots it trusts. Knows no host.

use std::sync::{Arc, LazyLock};

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| Arc::new(build()));

/// The one client configuration of the process: Mozilla's roots and those of the machine. HTTP/1.1 only, because a
/// connection that carries one request at a time is what tells "not sent" from "unknown".
///
/// The first call reads the machine's roots from disk.
pub fn client_config() -> Arc<ClientConfig> {
    CONFIG.clone()
}

/// The same for protocols that are not HTTP and negotiate none.
pub(super) fn bare_client_config() -> ClientConfig {
    let mut config = ClientConfig::clone(&CONFIG);
    config.alpn_protocols.clear();
    config
}

fn build() -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring offers every protocol version that rustls calls safe")
        .with_root_certificates(roots())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn roots() -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let machine = rustls_native_certs::load_native_certs();
    for error in &machine.errors {
        log::warn!("machine_roots=unread error={error:?}");
    }
    let (_, ignored) = roots.add_parsable_certificates(machine.certs);
    if ignored > 0 {
        log::warn!("machine_roots=unparsable count={ignored}");
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_roots_are_trusted_even_on_a_machine_without_any() {
        assert!(roots().len() >= webpki_roots::TLS_SERVER_ROOTS.len());
        assert!(Arc::ptr_eq(&client_config(), &client_config()));
    }
}
