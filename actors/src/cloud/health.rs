//! Graph's `health_status` of an account or a number: whether it may send. Knows no hold.

use super::json;
use serde_json::Value;

/// The field that asks for it.
pub const FIELD: &str = "health_status";

/// Whether Graph says that messages may be sent now; `None` where its answer does not say.
pub fn can_send(body: &[u8]) -> Option<bool> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    match json::text(&answer[FIELD]["can_send_message"])?.as_str() {
        "AVAILABLE" | "LIMITED" => Some(true),
        "BLOCKED" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_is_limited_may_send_and_a_blocked_one_may_not() {
        let told = |word: &str| can_send(format!(r#"{{"health_status":{{"can_send_message":"{word}"}}}}"#).as_bytes());
        assert_eq!(
            [told("AVAILABLE"), told("LIMITED"), told("BLOCKED"), told("SOMETHING_NEW")],
            [Some(true), Some(true), Some(false), None]
        );
        assert_eq!((can_send(b"{}"), can_send(b"")), (None, None));
    }
}
