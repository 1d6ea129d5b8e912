//! Writes and signs JSON the way Meta does, and checks such a signature; knows nothing of what the JSON says.

use std::io;

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use sha2::Sha256;

/// The header that carries the signature of a webhook.
pub const SIGNATURE_HEADER: &str = "X-Hub-Signature-256";

/// `value` as Meta writes it: ASCII only, everything else as `\uXXXX` in lower case (surrogate pairs beyond the
/// basic plane), and `/` as `\/`.
pub fn meta_json<T: Serialize + ?Sized>(value: &T) -> String {
    let mut bytes = Vec::with_capacity(512);
    let mut serializer = Serializer::with_formatter(&mut bytes, MetaFormatter);
    value.serialize(&mut serializer).expect("plain data with string keys is always JSON, and a vector takes any write");
    String::from_utf8(bytes).expect("the formatter writes ASCII only")
}

/// The value of `X-Hub-Signature-256` for `body`: `sha256=` and the HMAC-SHA256 in lower-case hexadecimal.
pub fn sign(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(mac(secret, body).finalize().into_bytes()))
}

/// Whether `signature` is the one that `secret` gives `body`; takes the same time for every wrong one.
pub fn verify(secret: &str, body: &[u8], signature: &str) -> bool {
    let Some(Ok(claimed)) = signature.strip_prefix("sha256=").map(hex::decode) else { return false };
    mac(secret, body).verify_slice(&claimed).is_ok()
}

/// The `appsecret_proof` of `token`: what Graph expects beside a token when the app demands proof.
pub fn appsecret_proof(app_secret: &str, token: &str) -> String {
    hex::encode(mac(app_secret, token.as_bytes()).finalize().into_bytes())
}

fn mac(secret: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    mac
}

struct MetaFormatter;

impl Formatter for MetaFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain_from = 0;
        for (at, odd) in fragment.char_indices().filter(|(_, c)| *c == '/' || !c.is_ascii()) {
            writer.write_all(&fragment.as_bytes()[plain_from..at])?;
            write_escaped(writer, odd)?;
            plain_from = at + odd.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[plain_from..])
    }
}

fn write_escaped<W: ?Sized + io::Write>(writer: &mut W, odd: char) -> io::Result<()> {
    if odd == '/' {
        return writer.write_all(br"\/");
    }
    for unit in odd.encode_utf16(&mut [0; 2]) {
        write!(writer, "\\u{unit:04x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_emoji_and_slashes_are_escaped_as_meta_escapes_them() {
        let written = meta_json("caf\u{e9} \u{1f600} 1/2 \"quoted\"\n");
        assert_eq!(written, r#""caf\u00e9 \ud83d\ude00 1\/2 \"quoted\"\n""#);
    }

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        let text = "Grüße, 你好, \u{1f44b}\u{1f3fd} \\ / \u{0} \u{7f}";
        let written = meta_json(text);
        assert!(written.is_ascii());
        assert_eq!(serde_json::from_str::<String>(&written).expect("JSON"), text);
    }

    #[test]
    fn a_signature_fits_its_secret_and_its_bytes_only() {
        let signature = sign("secret", b"body");
        assert_eq!(signature, "sha256=dc46983557fea127b43af721467eb9b3fde2338fe3e14f51952aa8478c13d355");
        assert!(verify("secret", b"body", &signature));
        assert!(!verify("other", b"body", &signature));
        assert!(!verify("secret", b"body ", &signature));
        assert!(!verify("secret", b"body", "sha256=nonsense"));
    }
}
