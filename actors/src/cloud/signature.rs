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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// RFC 4231, test case 2.
    const JEFE: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    fn jefe() -> Secret {
        Secret::new("Jefe")
    }

    const BODY: &[u8] = b"what do ya want for nothing?";

    fn outcome(header: &str) -> Result<usize, BadSignature> {
        verify(Some(header.as_bytes()), BODY, &[Secret::new("other"), jefe()])
    }

    #[test]
    fn a_signature_says_which_secret_made_it() {
        assert_eq!(sign(&jefe(), BODY), format!("sha256={JEFE}"));
        assert_eq!(outcome(&format!("sha256={JEFE}")), Ok(1));
        assert_eq!(outcome(&sign(&Secret::new("other"), BODY)), Ok(0));
        assert_eq!(outcome(&sign(&Secret::new("third"), BODY)), Err(BadSignature::NoMatch));
    }

    #[test]
    fn a_signature_covers_every_byte() {
        let header = sign(&jefe(), BODY);
        let verifier = Verifier::new(&[jefe()]);
        assert_eq!(verifier.verify(Some(header.as_bytes()), BODY), Ok(0));
        assert_eq!(verifier.verify(Some(header.as_bytes()), &BODY[1..]), Err(BadSignature::NoMatch));
        assert_eq!(verifier.verify(Some(header.as_bytes()), b""), Err(BadSignature::NoMatch));
        assert_eq!(verifier.verify(Some(header.as_bytes()), BODY), Ok(0), "a verifier can be used again");
    }

    #[test]
    fn uppercase_digits_say_the_same() {
        assert_eq!(outcome(&format!("sha256={}", JEFE.to_uppercase())), Ok(1));
    }

    #[test]
    fn no_sha_256_signature_is_a_missing_one() {
        assert_eq!(verify(None, BODY, &[jefe()]), Err(BadSignature::Missing));
        assert_eq!(outcome("sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"), Err(BadSignature::Missing));
    }

    #[test]
    fn anything_else_is_malformed() {
        let long = format!("sha256={JEFE}00");
        let spaced = format!("sha256= {JEFE}");
        for header in ["", "sha256=", "sha256", JEFE, &long, &spaced, &long[..70], "sha256=zz", "SHA256=00"] {
            assert_eq!(outcome(header), Err(BadSignature::Malformed), "{header}");
        }
        assert_eq!(verify(Some(&[0xFF; 71]), BODY, &[jefe()]), Err(BadSignature::Malformed));
    }

    #[test]
    fn without_secrets_nothing_is_believed() {
        assert_eq!(verify(Some(format!("sha256={JEFE}").as_bytes()), BODY, &[]), Err(BadSignature::NoMatch));
    }

    #[test]
    fn the_proof_of_a_token_is_made_with_the_app_secret() {
        assert_eq!(appsecret_proof(&jefe(), &Secret::new("what do ya want for nothing?")), JEFE);
    }

    #[test]
    fn standard_webhooks_keys_are_base64_after_their_prefix() {
        let raw = Secret::new("key");
        let prefixed = Secret::new(format!("whsec_{}", BASE64.encode("key")));
        let signature = webhook_signature(&raw, "102.7", 1_700_000_000, b"{}");
        assert_eq!(webhook_signature(&prefixed, "102.7", 1_700_000_000, b"{}"), signature);
        let mac = keyed(b"key").chain_update(b"102.7.1700000000.{}").finalize();
        assert_eq!(signature, format!("v1,{}", BASE64.encode(mac.into_bytes())));
        let odd = Secret::new("whsec_not base64!");
        assert_eq!(standard_key(&odd), b"whsec_not base64!");
    }

    #[test]
    fn the_published_example_of_standard_webhooks_is_met() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let signature = webhook_signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_verifier_shows_no_secret() {
        assert_eq!(format!("{:?}", Verifier::new(&[jefe()])), "Verifier(1 secrets)");
    }
}
