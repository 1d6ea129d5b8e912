//! Tokens taken out of what passes by: Graph writes them into paging links and into some errors. Works on a stream of
//! bytes in bounded memory, and changes no length. Knows no HTTP.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use wharf_actors::courier::call::Access;
use wharf_actors::courier::stream::BrokenOff;

/// What is shorter is no secret, and hiding it would garble the rest.
const SHORTEST: usize = 8;

/// Finds secrets in bytes that come in pieces.
#[derive(Debug, Clone)]
pub(super) struct Mask {
    secrets: Vec<Vec<u8>>,
    /// Bytes that may be the start of a secret.
    held: BytesMut,
}

impl Mask {
    /// Hides what Graph is asked with: the token, as it is and as URLs and JSON write it, and the proof.
    pub(super) fn of(access: &Access) -> Self {
        let token = access.token.reveal();
        let encoded: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
        let escaped = token.replace('/', "\\/");
        let secrets = [Some(token.to_owned()), Some(encoded), Some(escaped), access.proof()];
        let mut secrets: Vec<Vec<u8>> = secrets.into_iter().flatten().map(String::into_bytes).collect();
        secrets.retain(|secret| secret.len() >= SHORTEST);
        secrets.sort();
        secrets.dedup();
        Self { secrets, held: BytesMut::new() }
    }

    /// Takes the next piece; gives what is certain.
    pub(super) fn take(&mut self, piece: &[u8]) -> Bytes {
        self.held.extend_from_slice(piece);
        for secret in &self.secrets {
            hide(&mut self.held, secret);
        }
        let undecided = self.secrets.iter().map(|secret| begun(&self.held, secret)).max().unwrap_or(0);
        self.held.split_to(self.held.len() - undecided).freeze()
    }

    /// There is no more; gives the rest.
    pub(super) fn end(&mut self) -> Bytes {
        self.held.split().freeze()
    }

    /// `flow` without secrets.
    pub(super) fn over(
        self,
        flow: impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin,
    ) -> impl Stream<Item = Result<Bytes, BrokenOff>> {
        futures_util::stream::unfold((self, Some(flow)), |(mut mask, flow)| async move {
            let mut flow = flow?;
            let (piece, rest) = match flow.next().await {
                Some(Ok(piece)) => (Ok(mask.take(&piece)), Some(flow)),
                Some(Err(broken)) => (Err(broken), None),
                None => (Ok(mask.end()), None),
            };
            Some((piece, (mask, rest)))
        })
    }

    /// `whole` without secrets.
    pub(super) fn whole(mut self, whole: &[u8]) -> Bytes {
        let mut hidden = BytesMut::from(&self.take(whole)[..]);
        hidden.extend_from_slice(&self.end());
        hidden.freeze()
    }
}

/// Writes over every `secret` in `bytes`.
fn hide(bytes: &mut [u8], secret: &[u8]) {
    let mut from = 0;
    while let Some(at) = find(&bytes[from..], secret) {
        bytes[from + at..from + at + secret.len()].fill(b'x');
        from += at + secret.len();
    }
}

fn find(bytes: &[u8], secret: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == secret[0]) {
        if bytes[from + at..].starts_with(secret) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// How many bytes at the end of `bytes` are the start of `secret`, at most.
fn begun(bytes: &[u8], secret: &[u8]) -> usize {
    let longest = bytes.len().min(secret.len() - 1);
    (1..=longest).rev().find(|length| bytes.ends_with(&secret[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use wharf_actors::gateway::Secret;

    const TOKEN: &str = "EAAGaa|bEAAGaa/c";

    fn mask() -> Mask {
        Mask::of(&Access { token: Secret::new(TOKEN), app_secret: Some(Secret::new("s")) })
    }

    #[test]
    fn a_token_is_hidden_however_it_is_written_and_no_length_changes() {
        let written = [TOKEN.to_owned(), "EAAGaa%7CbEAAGaa%2Fc".into(), TOKEN.replace('/', "\\/")];
        for token in written {
            let page = format!(r#"{{"paging":{{"next":"https://graph/v1/9?access_token={token}&after=Q"}}}}"#);
            let hidden = mask().whole(page.as_bytes());
            let text = String::from_utf8(hidden.to_vec()).unwrap();
            assert_eq!(text.len(), page.len());
            assert!(!text.contains(&token) && !text.contains("EAAGaa"), "{text}");
            assert!(text.ends_with("&after=Q\"}}"), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_token_stays() {
        let text = "EAAGaa|bEAAGaa EAAGaa|b, and the end EAAG";
        assert_eq!(mask().whole(text.as_bytes()), text);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            words in prop::collection::vec(prop_oneof![Just(TOKEN), Just("EAAGaa"), Just("EAAGaa|b"), Just("x"), Just("")], 0..12),
            cuts in prop::collection::vec(0..200_usize, 0..6),
        ) {
            let text = words.concat();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut mask = mask();
            let mut hidden: Vec<u8> =
                cuts.windows(2).flat_map(|cut| mask.take(&text.as_bytes()[cut[0]..cut[1]]).to_vec()).collect();
            hidden.extend(mask.end());
            prop_assert_eq!(hidden.len(), text.len());
            prop_assert!(find(&hidden, TOKEN.as_bytes()).is_none());
            prop_assert_eq!(hidden, self::mask().whole(text.as_bytes()));
        }
    }
}
