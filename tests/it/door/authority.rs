//! Authorities made for one test, their certificates, and a client that shows one. Decides nothing.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

/// No answer may take longer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What Meta's client certificate is called.
pub(crate) const META: &str = "client.webhooks.fbclientcerts.com";

/// An authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, PEM.
pub(crate) struct Pair {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority"))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// For a server at `localhost`.
    pub(crate) fn server(&self) -> Pair {
        self.issue(&CertificateParams::new(["localhost".to_owned()]).expect("a name"))
    }

    /// The same, ending at midnight `days` from now.
    pub(crate) fn ending_in(&self, days: i64) -> Pair {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let last = jiff::Timestamp::now()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date()
            .checked_add(jiff::Span::new().days(days))
            .expect("a date");
        params.not_after = date_time_ymd(i32::from(last.year()), last.month() as u8, last.day() as u8);
        self.issue(&params)
    }

    /// For a client whose common name is `name`.
    pub(crate) fn client(&self, name: &str) -> Pair {
        self.issue(&named(name))
    }

    /// The same, expired long ago.
    pub(crate) fn expired(&self, name: &str) -> Pair {
        let mut params = named(name);
        params.not_after = date_time_ymd(2020, 1, 1);
        self.issue(&params)
    }

    fn issue(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let cert = params.signed_by(&key, &self.0).expect("a certificate");
        Pair { cert: cert.pem(), key: key.serialize_pem() }
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Pair {
    /// Writes both as `name.cert` and `name.key`.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let (cert, key) = (folder.join(format!("{name}.cert")), folder.join(format!("{name}.key")));
        std::fs::write(&cert, &self.cert).expect("a file");
        std::fs::write(&key, &self.key).expect("a file");
        (cert, key)
    }
}

/// What came back: status and everything after it. The error is why there was no answer.
pub(crate) type Answered = Result<(u16, String), String>;

/// Sends `request` (which must say `Connection: close`) to `localhost` at `address`, trusting `root`, showing `shown`.
pub(crate) async fn ask(address: SocketAddr, root: &Authority, shown: Option<&Pair>, request: &str) -> Answered {
    let asking = async {
        let connector = TlsConnector::from(Arc::new(config(root, shown)));
        let socket = tokio::net::TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let name = "localhost".try_into().expect("a name");
        let mut stream = connector.connect(name, socket).await.map_err(|error| error.to_string())?;
        stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
        let mut answer = Vec::new();
        // A peer that hangs up without a farewell has said what it had to say.
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.map(|status| (status, text)).ok_or_else(|| "no answer".to_owned())
    };
    tokio::time::timeout(TIMEOUT, asking).await.expect("an answer in time")
}

fn config(root: &Authority, shown: Option<&Pair>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(root.0.der().clone()).expect("an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions").with_root_certificates(roots);
    let Some(Pair { cert, key }) = shown else { return builder.with_no_client_auth() };
    let chain = CertificateDer::pem_slice_iter(cert.as_bytes()).collect::<Result<Vec<_>, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    builder.with_client_auth_cert(chain, key).expect("a client")
}
