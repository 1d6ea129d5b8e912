//! `ETag` and `If-Match`: whoever edits what they looked at is told when it has changed since.

use crate::error::{ApiError, ErrorId};
use actix_web::http::header::{ETAG, HeaderValue, IF_MATCH};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

/// Which state of something an answer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version(String);

impl Version {
    /// Of what consists of these parts. A secret must not be among them, unless it is encrypted.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(format!("\"{}\"", hex::encode(&digest.finalize()[..16])))
    }

    /// `answer`, saying that it shows this state.
    pub(super) fn on(&self, mut answer: HttpResponse) -> HttpResponse {
        let value = HeaderValue::from_str(&self.0).expect("quotes and hexadecimal digits make a header");
        answer.headers_mut().insert(ETAG, value);
        answer
    }
}

/// Refuses a request whose `If-Match` names none of the states that `what` is `now` in; `None` where there is none.
/// Without the header everything is allowed.
pub(super) fn require_match(request: &HttpRequest, what: &str, now: Option<&Version>) -> Result<(), ApiError> {
    let mut given = request.headers().get_all(IF_MATCH).peekable();
    if given.peek().is_none() {
        return Ok(());
    }
    let names =
        |text: &str| text.split(',').map(str::trim).any(|tag| now.is_some_and(|now| tag == "*" || tag == now.0));
    match given.any(|value| value.to_str().is_ok_and(names)) {
        true => Ok(()),
        false => Err(ApiError::naming(ErrorId::PreconditionFailed, what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_the_state_that_is_named_may_be_edited() {
        let (now, before) = (Version::of(&[b"a", b"b"]), Version::of(&[b"ab"]));
        assert_ne!(now, before, "parts are told apart");
        let asks = |tags: &str, now: Option<&Version>| {
            let request = TestRequest::default().insert_header((IF_MATCH, tags)).to_http_request();
            require_match(&request, "it", now).is_ok()
        };
        assert!(asks(&now.0, Some(&now)) && asks("*", Some(&now)) && asks(&format!("\"x\", {}", now.0), Some(&now)));
        assert!(!asks(&before.0, Some(&now)) && !asks("*", None) && !asks(&now.0, None) && !asks("", Some(&now)));
        assert!(!asks(&format!("W/{}", now.0), Some(&now)), "a weak one proves nothing");
        assert!(require_match(&TestRequest::default().to_http_request(), "it", None).is_ok());
    }
}
