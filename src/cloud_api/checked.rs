//! A file checked against its hash while it passes by: its last piece is held back until the hash is known, so that
//! nobody takes an altered file for a whole one. Knows no HTTP.

use actix_web::web::Bytes;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use wharf_actors::courier::stream::{BrokenOff, Flow};

/// A SHA-256 as Graph writes it: in hexadecimal, or in base64 as in webhooks.
pub(super) fn read_sha256(text: &str) -> Option<[u8; 32]> {
    let bytes = hex::decode(text).ok().or_else(|| BASE64_STANDARD.decode(text).ok())?;
    bytes.try_into().ok()
}

struct Checked {
    flow: Flow,
    wanted: Option<[u8; 32]>,
    hash: Sha256,
    held: Option<Bytes>,
    media: String,
}

/// `flow`, broken off before its last piece where it is not what `sha256` says; `media` names it in the log.
pub(super) fn checked(
    flow: Flow,
    sha256: Option<[u8; 32]>,
    media: String,
) -> impl Stream<Item = Result<Bytes, BrokenOff>> {
    let checked = Checked { flow, wanted: sha256, hash: Sha256::new(), held: None, media };
    futures_util::stream::unfold(Some(checked), |checked| async move {
        let mut checked = checked?;
        loop {
            match checked.flow.next().await {
                Some(Ok(piece)) => {
                    checked.hash.update(&piece);
                    if let Some(before) = checked.held.replace(piece) {
                        return Some((Ok(before), Some(checked)));
                    }
                }
                Some(Err(broken)) => {
                    log::warn!("media_broken_off media={} why=\"{broken}\"", checked.media);
                    return Some((Err(broken), None));
                }
                None => return checked.end().map(|last| (last, None)),
            }
        }
    })
}

impl Checked {
    fn end(self) -> Option<Result<Bytes, BrokenOff>> {
        let found: [u8; 32] = self.hash.finalize().into();
        if self.wanted.is_some_and(|wanted| wanted != found) {
            log::error!("media_altered media={} why=\"its bytes are not what its sha256 says\"", self.media);
            return Some(Err(BrokenOff::Altered));
        }
        self.held.map(Ok)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures_util::FutureExt;

    fn pass(pieces: &[&'static str], sha256: Option<[u8; 32]>) -> Vec<Result<Bytes, BrokenOff>> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        let flow = Box::pin(futures_util::stream::iter(pieces));
        checked(flow, sha256, "1".into()).collect().now_or_never().unwrap()
    }

    #[test]
    fn a_file_that_is_what_its_hash_says_passes_whole() {
        let sha256 = Some(Sha256::digest("abcdef").into());
        for pieces in [&["abcdef"][..], &["a", "bc", "", "def"]] {
            let passed: Vec<u8> = pass(pieces, sha256).into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect();
            assert_eq!(passed, b"abcdef");
        }
        assert_eq!(pass(&[], Some(Sha256::digest("").into())), []);
        assert_eq!(pass(&["x"], None).len(), 1, "without a hash there is nothing to check");
    }

    #[test]
    fn an_altered_file_never_comes_whole() {
        let sha256 = Some(Sha256::digest("abcdef").into());
        let passed = pass(&["abc", "xyz"], sha256);
        assert_eq!(passed, [Ok(Bytes::from_static(b"abc")), Err(BrokenOff::Altered)]);
        assert_eq!(pass(&["abcdeg"], sha256), [Err(BrokenOff::Altered)]);
    }

    #[test]
    fn hashes_are_read_in_both_ways_of_writing() {
        let sha256: [u8; 32] = Sha256::digest("x").into();
        assert_eq!(read_sha256(&hex::encode(sha256)), Some(sha256));
        assert_eq!(read_sha256(&BASE64_STANDARD.encode(sha256)), Some(sha256));
        assert_eq!((read_sha256(""), read_sha256("zz"), read_sha256("00")), (None, None, None));
    }
}
