//! Meta's client certificate. The handshake only proves that a caller owns the certificate it shows; whether it is
//! Meta's is judged once per connection, and asked about by webhooks alone: an application with a certificate of its
//! own is not turned away from everything else.

use super::files::Material;
use super::{Live, provider};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use std::sync::Arc;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// The name that Meta's client certificates carry, by its documentation of mutual TLS for webhooks.
const META: &str = "client.webhooks.fbclientcerts.com";

/// What the other side of a connection has shown of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Meta's client certificate.
    Meta,
    /// No certificate.
    Nothing,
    /// A certificate that is not Meta's, and why not.
    Other(String),
}

/// Judges the certificates that a connection showed, its own one first.
pub(super) fn judge(chain: &[CertificateDer<'_>], material: &Material) -> Shown {
    let Some((own, between)) = chain.split_first() else { return Shown::Nothing };
    let Some(authority) = material.authority() else { return Shown::Nothing };
    if let Err(error) = authority.verify_client_cert(own, between, UnixTime::now()) {
        return Shown::Other(error.to_string());
    }
    if names_meta(own) {
        return Shown::Meta;
    }
    Shown::Other(format!("its name is not {META}"))
}

/// Whether the certificate's common name, or one of its alternative names, is Meta's.
fn names_meta(certificate: &CertificateDer<'_>) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return false };
    let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok()).any(is_meta);
    let alternative = parsed.subject_alternative_name().ok().flatten();
    common || alternative.is_some_and(|names| names.value.general_names.iter().any(is_meta_host))
}

fn is_meta(name: &str) -> bool {
    name.eq_ignore_ascii_case(META)
}

fn is_meta_host(name: &GeneralName<'_>) -> bool {
    matches!(name, GeneralName::DNSName(name) if is_meta(name))
}

/// Lets everybody through the handshake who owns what it shows.
#[derive(Debug)]
pub(super) struct Possession {
    pub(super) live: Arc<Live>,
}

impl ClientCertVerifier for Possession {
    fn offer_client_auth(&self) -> bool {
        self.live.demands_client_certificate()
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
