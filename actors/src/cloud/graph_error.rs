//! Our own refusals in Graph's error shape, as an SDK expects them. Knows neither HTTP servers nor accounts.

use serde_json::{Value, json};

/// Why Wharf itself refuses a request that an SDK meant for Graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnRefusal {
    /// The body is no JSON object.
    #[error("the body is not a JSON object: send the message as application/json")]
    NotJson,
    /// The body does not say `messaging_product`.
    #[error("the parameter messaging_product is required: set it to \"whatsapp\"")]
    NoProduct,
    /// The body says neither `to` nor `recipient`.
    #[error("the parameter to is required: name a phone number in `to`, or a user id in `recipient`")]
    NoRecipient,
    /// No engaged account has the object that the path names.
    #[error(
        "Object with ID '{0}' does not exist here, cannot be loaded due to missing permissions, or does not support \
         this operation: engage its account with the verb setup"
    )]
    UnknownObject(String),
    /// The key may not do this, or not with this number.
    #[error("this key has no permission for that: it needs the scope {0}, and the number must be one of its own")]
    NotPermitted(&'static str),
    /// The key is none of ours.
    #[error("Invalid OAuth access token: the key is not known here")]
    WrongKey,
    /// An `Idempotency-Key` came again with other bytes.
    #[error("this Idempotency-Key was used with another body: use a new key for a new message")]
    KeyReused,
    /// A header says something that is not understood.
    #[error("the header {header} must be {expected}")]
    BadHeader {
        /// Which.
        header: &'static str,
        /// What it may say.
        expected: &'static str,
    },
    /// The same message was taken just now, and `send.duplicate_guard` is on.
    #[error(
        "the same message to this recipient was taken less than 60 s ago: wait, or send it with an Idempotency-Key of its own"
    )]
    Duplicate,
    /// The customer's window is closed, and `send.strict_window` is on.
    #[error("more than 24 hours have passed since the customer last wrote to this number: send a template")]
    WindowClosed,
    /// The customer wants no marketing, and this is some.
    #[error(
        "the customer asked for no more marketing messages: wait until they resume them, which Wharf hears of by \
         user_preferences, or send a template that is no marketing to /messages, where Meta decides"
    )]
    OptedOut,
    /// Our own id of a message that Meta has not taken yet stands where Meta's is needed.
    #[error("the message {0} has no id at Meta yet, or is not known here: name one that was sent")]
    NoWamid(String),
    /// The account's queue is full.
    #[error(
        "Service temporarily unavailable: {0} messages of this account wait already; try again when some have left"
    )]
    QueueFull(usize),
    /// Nothing can be taken now.
    #[error("Service temporarily unavailable: {0}")]
    Unavailable(String),
}

impl OwnRefusal {
    /// The HTTP status it is answered with.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::NotJson
            | Self::NoProduct
            | Self::NoRecipient
            | Self::UnknownObject(_)
            | Self::BadHeader { .. }
            | Self::WindowClosed
            | Self::OptedOut
            | Self::NoWamid(_) => 400,
            Self::WrongKey => 401,
            Self::NotPermitted(_) => 403,
            Self::KeyReused | Self::Duplicate => 409,
            Self::QueueFull(_) | Self::Unavailable(_) => 503,
        }
    }

    /// The body it is answered with.
    pub fn body(&self) -> Value {
        let (code, subcode) = self.code();
        let transient = match self {
            Self::QueueFull(_) | Self::Unavailable(_) => Transience::Transient,
            Self::NotJson
            | Self::NoProduct
            | Self::NoRecipient
            | Self::UnknownObject(_)
            | Self::NotPermitted(_)
            | Self::WrongKey
            | Self::KeyReused
            | Self::BadHeader { .. }
            | Self::Duplicate
            | Self::WindowClosed
            | Self::OptedOut
            | Self::NoWamid(_) => Transience::Final,
        };
        let text = self.to_string();
        graph_error(code, subcode, &format!("(#{code}) {text}"), &text, transient)
    }

    /// Graph's own code and subcode for such a refusal.
    fn code(&self) -> (i64, Option<i64>) {
        match self {
            Self::NotJson
            | Self::NoProduct
            | Self::NoRecipient
            | Self::KeyReused
            | Self::BadHeader { .. }
            | Self::Duplicate
            | Self::NoWamid(_) => (100, None),
            Self::WindowClosed => (131_047, None),
            Self::OptedOut => (131_050, None),
            Self::UnknownObject(_) => (100, Some(33)),
            Self::NotPermitted(_) => (10, None),
            Self::WrongKey => (190, None),
            Self::QueueFull(_) | Self::Unavailable(_) => (2, None),
        }
    }
}

/// Whether the same request may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transience {
    /// It may.
    Transient,
    /// It will not.
    Final,
}

/// A body in Graph's error shape.
pub fn graph_error(code: i64, subcode: Option<i64>, message: &str, details: &str, transience: Transience) -> Value {
    let mut error = json!({
        "message": message,
        "type": "OAuthException",
        "code": code,
        "error_data": { "messaging_product": "whatsapp", "details": details },
        "is_transient": transience == Transience::Transient,
    });
    if let Some(subcode) = subcode {
        error["error_subcode"] = subcode.into();
    }
    json!({ "error": error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_not_engaged_is_graphs_code_100_subcode_33() {
        let refusal = OwnRefusal::UnknownObject("901".into());
        let body = refusal.body();
        assert_eq!(refusal.http_status(), 400);
        assert_eq!(body["error"]["code"], 100);
        assert_eq!(body["error"]["error_subcode"], 33);
        assert_eq!(body["error"]["is_transient"], false);
        assert!(body["error"]["message"].as_str().expect("text").contains("'901'"));
    }

    #[test]
    fn only_unavailability_is_transient() {
        let refusal = OwnRefusal::Unavailable("the store is closed".into());
        assert_eq!((refusal.http_status(), refusal.body()["error"]["is_transient"].as_bool()), (503, Some(true)));
        for (refusal, status, code) in [
            (OwnRefusal::WrongKey, 401, 190),
            (OwnRefusal::NotPermitted("send"), 403, 10),
            (OwnRefusal::NotJson, 400, 100),
            (OwnRefusal::KeyReused, 409, 100),
        ] {
            let body = refusal.body();
            assert_eq!(refusal.http_status(), status);
            assert_eq!(body["error"]["code"], code);
            assert_eq!(body["error"]["is_transient"], false);
        }
    }
}
