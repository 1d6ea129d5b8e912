//! The files that TLS rests on, read and checked against each other. Says what is wrong without showing any of a key.

use super::provider;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// A chain of certificates takes some kilobytes; this is far beyond any.
const LARGEST_FILE: u64 = 1 << 20;

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate and those between it and its authority, PEM, its own one first.
    pub cert: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The authorities of Meta's client certificates, PEM; without it webhooks need none.
    pub client_ca: Option<PathBuf>,
}

/// A file that cannot serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("server.tls.{setting}: found {found}, expected {expected}")]
pub struct TlsFault {
    /// The setting that names the file: `cert`, `key` or `client_ca`.
    pub setting: &'static str,
    /// What is there.
    pub found: String,
    /// What should be there.
    pub expected: &'static str,
}

const CERT: &str = "a PEM file with the certificate, then those between it and its authority";
const KEY: &str = "a PEM file with the private key of server.tls.cert, without a passphrase";
const AUTHORITY: &str = "a PEM file with the authorities of Meta's client certificates";

/// What the files hold, checked.
pub struct Material {
    settings: TlsSettings,
    digest: [u8; 32],
    certified: Arc<CertifiedKey>,
    authority: Option<Arc<dyn ClientCertVerifier>>,
}

impl Material {
    /// Reads the files. May block.
    pub fn load(settings: &TlsSettings) -> Result<Self, TlsFault> {
        let cert = contents("cert", &settings.cert, CERT)?;
        let key = contents("key", &settings.key, KEY)?;
        let ca = settings.client_ca.as_deref().map(|path| contents("client_ca", path, AUTHORITY)).transpose()?;
        let certified = certified(settings, &cert, &key)?;
        let authority = settings.client_ca.as_deref().zip(ca.as_deref());
        let authority = authority.map(|(path, pem)| authority_of(path, pem)).transpose()?;
        let digest = digest([Some(&cert), Some(&key), ca.as_ref()]);
        Ok(Self { settings: settings.clone(), digest, certified: Arc::new(certified), authority })
    }

    /// Where the files are.
    pub fn settings(&self) -> &TlsSettings {
        &self.settings
    }

    /// Whether both hold the same bytes.
    pub fn is_same(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    /// When the certificate that is shown, or one of those behind it, ends first, in s since 1970; `None` where none can be
    /// read.
    pub fn ends_at_s(&self) -> Option<i64> {
        let ends = self.certified.cert.iter().filter_map(|certificate| {
            let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
            Some(parsed.validity().not_after.timestamp())
        });
        ends.min()
    }

    pub(super) fn certified(&self) -> &Arc<CertifiedKey> {
        &self.certified
    }

    pub(super) fn authority(&self) -> Option<&Arc<dyn ClientCertVerifier>> {
        self.authority.as_ref()
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn contents(setting: &'static str, path: &Path, expected: &'static str) -> Result<Vec<u8>, TlsFault> {
    let fault = |found: String| TlsFault { setting, found: format!("{}, {found}", path.display()), expected };
    let about = std::fs::metadata(path).map_err(|error| fault(format!("which cannot be read: {error}")))?;
    if !about.is_file() {
        return Err(fault("which is no file".to_owned()));
    }
    if about.len() > LARGEST_FILE {
        return Err(fault(format!("which has {} bytes", about.len())));
    }
    std::fs::read(path).map_err(|error| fault(format!("which cannot be read: {error}")))
}

fn certificates(
    setting: &'static str,
    path: &Path,
    pem: &[u8],
    expected: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = match read {
        Ok(certificates) if !certificates.is_empty() => return Ok(certificates),
        Ok(_) => "which holds no certificate",
        Err(_) => "which is not sound PEM",
    };
    Err(TlsFault { setting, found: format!("{}, {found}", path.display()), expected })
}

fn certified(settings: &TlsSettings, cert: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsFault> {
    let chain = certificates("cert", &settings.cert, cert, CERT)?;
    let path = settings.key.display();
    let fault = |found: &str| TlsFault { setting: "key", found: format!("{path}, {found}"), expected: KEY };
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| fault("which holds no private key in sound PEM"))?;
    let signer = provider().key_provider.load_private_key(key);
    let signer =
        signer.map_err(|_| fault("whose key is of no kind that serves here (RSA, ECDSA P-256/P-384, Ed25519)"))?;
    let certified = CertifiedKey::new(chain, signer);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => Err(fault("whose key is not that of the certificate")),
        Err(_) => Err(TlsFault {
            setting: "cert",
            found: format!("{}, whose first certificate cannot be read", settings.cert.display()),
            expected: CERT,
        }),
    }
}

fn authority_of(path: &Path, pem: &[u8]) -> Result<Arc<dyn ClientCertVerifier>, TlsFault> {
    let fault = || TlsFault {
        setting: "client_ca",
        found: format!("{}, in which no certificate can be an authority", path.display()),
        expected: AUTHORITY,
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates("client_ca", path, pem, AUTHORITY)? {
        roots.add(certificate).map_err(|_| fault())?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    verifier.map_err(|_| fault())
}

fn digest(files: [Option<&Vec<u8>>; 3]) -> [u8; 32] {
    let mut all = Sha256::new();
    for file in files {
        let digest = file.map_or([0; 32], |bytes| Sha256::digest(bytes).into());
        all.update(digest);
    }
    all.finalize().into()
}
