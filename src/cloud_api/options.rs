//! What a sender asks for beside the message, in headers: how long to wait, what goes first, when it is too old. Knows
//! no queue.

use actix_web::HttpRequest;
use std::time::Duration;
use wharf_actors::cloud::graph_error::OwnRefusal;
use wharf_storage::{OnUnknown, Priority};

/// The longest a sender may ask to wait.
const LONGEST_WAIT_S: u64 = 60;
/// The longest key that is taken: what clients make is a UUID, or some text of their own.
const LONGEST_KEY: usize = 255;

/// What a sender asks for; what is absent is as the settings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SendOptions {
    /// `Prefer`: how long the answer may wait for Graph's.
    pub(super) wait: Option<Duration>,
    /// `X-Wharf-Priority`.
    pub(super) priority: Priority,
    /// `X-Wharf-Expires`.
    pub(super) expires_in: Option<Duration>,
    /// `X-Wharf-On-Unknown`.
    pub(super) on_unknown: OnUnknown,
    /// `Idempotency-Key`.
    pub(super) idempotency_key: Option<String>,
}

impl SendOptions {
    /// Reads the headers of `request`. What is not understood is refused: a campaign that says `bulk` wrongly must not
    /// go before replies.
    pub(super) fn read(request: &HttpRequest) -> Result<Self, OwnRefusal> {
        let header = |name: &'static str| -> Result<Option<&str>, OwnRefusal> {
            let Some(value) = request.headers().get(name) else { return Ok(None) };
            let text = value.to_str().map_err(|_| bad(name, "text without special characters"))?;
            Ok(Some(text.trim()).filter(|text| !text.is_empty()))
        };
        Ok(Self {
            wait: header("Prefer")?.and_then(wait),
            priority: header("X-Wharf-Priority")?.map_or(Ok(Priority::Normal), priority)?,
            expires_in: header("X-Wharf-Expires")?.map(expires).transpose()?,
            on_unknown: header("X-Wharf-On-Unknown")?.map_or(Ok(OnUnknown::Fail), on_unknown)?,
            idempotency_key: header("Idempotency-Key")?.map(key).transpose()?,
        })
    }
}

/// `Prefer` is a wish (RFC 7240): what is not understood in it is passed over.
fn wait(preferences: &str) -> Option<Duration> {
    let preference = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "respond-async" => Some(Duration::ZERO),
            "wait" => {
                let seconds: u64 = value.trim().trim_matches('"').parse().ok()?;
                Some(Duration::from_secs(seconds.min(LONGEST_WAIT_S)))
            }
            _ => None,
        }
    };
    preferences.split([',', ';']).filter_map(preference).min()
}

fn priority(text: &str) -> Result<Priority, OwnRefusal> {
    let known = Priority::ALL.into_iter().find(|priority| priority.word().eq_ignore_ascii_case(text));
    known.ok_or_else(|| bad("X-Wharf-Priority", "high, normal or bulk"))
}

fn expires(text: &str) -> Result<Duration, OwnRefusal> {
    let seconds = text.parse().ok().filter(|seconds| (1..=30 * 86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| bad("X-Wharf-Expires", "seconds, from 1 to 2592000 (30 days)"))
}

fn on_unknown(text: &str) -> Result<OnUnknown, OwnRefusal> {
    match text.to_ascii_lowercase().as_str() {
        "fail" => Ok(OnUnknown::Fail),
        "resend" => Ok(OnUnknown::Resend),
        _ => Err(bad("X-Wharf-On-Unknown", "fail or resend")),
    }
}

fn key(text: &str) -> Result<String, OwnRefusal> {
    match text.len() <= LONGEST_KEY {
        true => Ok(text.to_owned()),
        false => Err(bad("Idempotency-Key", "at most 255 characters")),
    }
}

fn bad(header: &'static str, expected: &'static str) -> OwnRefusal {
    OwnRefusal::BadHeader { header, expected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(headers: &[(&'static str, &str)]) -> Result<SendOptions, OwnRefusal> {
        let request = headers.iter().fold(TestRequest::default(), |request, header| request.append_header(*header));
        SendOptions::read(&request.to_http_request())
    }

    #[test]
    fn a_sender_says_how_long_what_first_and_how_old() {
        let plain = read(&[]).expect("nothing is asked");
        assert_eq!((plain.wait, plain.priority, plain.on_unknown), (None, Priority::Normal, OnUnknown::Fail));
        let asked = read(&[
            ("Prefer", "wait=10"),
            ("X-Wharf-Priority", "Bulk"),
            ("X-Wharf-Expires", "90"),
            ("X-Wharf-On-Unknown", "resend"),
            ("Idempotency-Key", " order-7 "),
        ]);
        let expected = SendOptions {
            wait: Some(Duration::from_secs(10)),
            priority: Priority::Bulk,
            expires_in: Some(Duration::from_secs(90)),
            on_unknown: OnUnknown::Resend,
            idempotency_key: Some("order-7".into()),
        };
        assert_eq!(asked, Ok(expected));
    }

    #[test]
    fn a_preference_is_a_wish_and_waits_are_bounded() {
        let wait = |text| read(&[("Prefer", text)]).expect("a wish is never refused").wait;
        assert_eq!(wait("respond-async"), Some(Duration::ZERO));
        assert_eq!(wait("respond-async, wait=5"), Some(Duration::ZERO));
        assert_eq!(wait("wait=9999"), Some(Duration::from_secs(60)));
        assert_eq!(wait("return=minimal"), None);
        assert_eq!(wait("wait=soon"), None);
    }

    #[test]
    fn a_header_that_says_nothing_known_is_refused_by_name() {
        let long = "x".repeat(300);
        for (header, value) in [
            ("X-Wharf-Priority", "urgent"),
            ("X-Wharf-Expires", "0"),
            ("X-Wharf-Expires", "tomorrow"),
            ("X-Wharf-On-Unknown", "maybe"),
            ("Idempotency-Key", long.as_str()),
        ] {
            let refusal = read(&[(header, value)]).expect_err("refused");
            assert!(refusal.to_string().contains(header), "{refusal}");
            assert_eq!(refusal.http_status(), 400);
        }
    }
}
