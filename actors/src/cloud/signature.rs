//! Signatures: Meta's over webhooks, ours over deliveries, and the proof that goes with Graph calls. Knows no HTTP.

use crate::gateway::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

type HmacSha256 = Hmac<Sha256>;

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// No SHA-256 signature came with it.
    #[error("X-Hub-Signature-256 is missing; only Meta's signed webhooks are taken")]
    Missing,
    /// The header is not of Meta's form.
    #[error("X-Hub-Signature-256 is not `sha256=` and 64 hexadecimal digits")]
    Malformed,
    /// None of the app secrets made it.
    #[error(
        "X-Hub-Signature-256 matches none of the gateway's app secrets; check `app_secret` and that nothing on the way changed the body"
    )]
    NoMatch,
}

/// Checks signatures against a gateway's app secrets; their key schedules are prepared once.
#[derive(Clone)]
pub struct Verifier {
    keyed: Vec<HmacSha256>,
}

impl Verifier {
    /// Prepares `secrets`, in their order.
    pub fn new(secrets: &[Secret]) -> Self {
        Self { keyed: secrets.iter().map(|secret| keyed(secret.reveal().as_bytes())).collect() }
    }

    /// Which secret, from 0, signed `body` as the header `X-Hub-Signature-256` claims. Compares in constant time.
    pub fn verify(&self, header: Option<&[u8]>, body: &[u8]) -> Result<usize, BadSignature> {
        let claimed = claimed_digest(header.ok_or(BadSignature::Missing)?)?;
        self.keyed
            .iter()
            .position(|keyed| keyed.clone().chain_update(body).verify_slice(&claimed).is_ok())
            .ok_or(BadSignature::NoMatch)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({} secrets)", self.keyed.len())
    }
}

/// [`Verifier::verify`] for a single check.
pub fn verify(header: Option<&[u8]>, body: &[u8], secrets: &[Secret]) -> Result<usize, BadSignature> {
    Verifier::new(secrets).verify(header, body)
}

/// `sha256=…`: the value of `X-Hub-Signature-256` for `body`.
pub fn sign(secret: &Secret, body: &[u8]) -> String {
    format!("sha256={}", hex_mac(secret, body))
}

/// What Graph wants beside a token to know that the app itself is calling.
pub fn appsecret_proof(secret: &Secret, token: &Secret) -> String {
    hex_mac(secret, token.reveal().as_bytes())
}

/// `v1,…`: the value of `webhook-signature` in the sense of Standard Webhooks.
pub fn webhook_signature(secret: &Secret, id: &str, timestamp_s: u64, body: &[u8]) -> String {
    let signed_head = format!("{id}.{timestamp_s}.");
    let mac = keyed(&standard_key(secret)).chain_update(signed_head).chain_update(body).finalize();
    format!("v1,{}", BASE64.encode(mac.into_bytes()))
}

/// The 32 bytes that the header claims. Meta writes lowercase; uppercase digits say the same.
fn claimed_digest(header: &[u8]) -> Result<[u8; 32], BadSignature> {
    if header.starts_with(b"sha1=") {
        return Err(BadSignature::Missing);
    }
    let digits = header.strip_prefix(b"sha256=").ok_or(BadSignature::Malformed)?;
    let mut digest = [0; 32];
    hex::decode_to_slice(digits, &mut digest).map_err(|_| BadSignature::Malformed)?;
    Ok(digest)
}

/// Standard Webhooks keys are base64 after `whsec_`; any other secret is its own bytes.
fn standard_key(secret: &Secret) -> Vec<u8> {
    let text = secret.reveal();
    text.strip_prefix("whsec_").and_then(|key| BASE64.decode(key).ok()).unwrap_or_else(|| text.as_bytes().to_vec())
}

fn hex_mac(secret: &Secret, message: &[u8]) -> String {
    hex::encode(keyed(secret.reveal().as_bytes()).chain_update(message).finalize().into_bytes())
}

fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes a key of any length")
}
