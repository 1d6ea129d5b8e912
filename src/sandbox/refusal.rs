//! How the simulated Graph says no: codes, texts and the JSON shape of its errors; knows no HTTP server.

use serde_json::{Value, json};

/// An error as Graph answers it, with the HTTP status it comes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Meta's error code.
    pub code: u32,
    /// `error_subcode`, where Graph sends one.
    pub subcode: Option<u32>,
    /// `type`: `OAuthException` or `GraphMethodException`.
    pub kind: &'static str,
    /// `message`.
    pub message: String,
    /// `error_data.details`, which the messaging errors carry.
    pub details: Option<String>,
}

/// The messaging errors: code, HTTP status, title, details. Source: Meta's list of error codes.
const TABLE: &[(u32, u16, &str, &str)] = &[
    (1, 400, "API Unknown", "Invalid request or possible server error."),
    (2, 503, "API Service", "Temporary due to downtime or due to being overloaded."),
    (4, 400, "Application request limit reached", "The app has reached its API call rate limit."),
    (
        10,
        403,
        "Application does not have permission for this action",
        "Permission is either not granted or has been removed.",
    ),
    (190, 401, "Access token has expired", "Your access token has expired or was taken back."),
    (
        368,
        403,
        "Temporarily blocked for policies violations",
        "The account has been restricted for violating a platform policy.",
    ),
    (
        80008,
        400,
        "Rate limit issues",
        "There have been too many calls to this WhatsApp Business Account. Wait a bit and try again.",
    ),
    (80007, 400, "Rate limit issues", "The WhatsApp Business Account has reached its rate limit."),
    (
        130429,
        400,
        "Rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number in a short period of time.",
    ),
    (131000, 500, "Something went wrong", "Message failed to send due to an unknown error. Try again."),
    (131005, 403, "Access denied", "Permission is either not granted or has been removed."),
    (131008, 400, "Required parameter is missing", "The request is missing a required parameter."),
    (131009, 400, "Parameter value is not valid", "One or more parameter values are invalid."),
    (131016, 500, "Service unavailable", "A service is temporarily unavailable."),
    (131021, 400, "Recipient cannot be sender", "Sender and recipient phone number is the same."),
    (
        131026,
        400,
        "Message undeliverable",
        "Unable to deliver message. The recipient may not be on WhatsApp or uses an old version.",
    ),
    (
        131030,
        400,
        "Recipient phone number not in allowed list",
        "Add the recipient phone number to the list of the test number.",
    ),
    (131031, 403, "Business account locked", "The account has been restricted or disabled."),
    (
        131042,
        400,
        "Business eligibility payment issue",
        "Message failed to send because there were one or more errors related to your payment method.",
    ),
    (
        131047,
        400,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
    (
        131048,
        400,
        "Spam rate limit hit",
        "Message failed to send because there are restrictions on how many messages can be sent from this phone number.",
    ),
    (
        131049,
        400,
        "Meta chose not to deliver",
        "This message was not delivered to maintain healthy ecosystem engagement.",
    ),
    (
        131050,
        400,
        "User has stopped receiving marketing messages from the business",
        "Unable to deliver the message. This recipient has chosen to stop receiving marketing messages on WhatsApp from your business.",
    ),
    (131051, 400, "Unsupported message type", "Message type is not currently supported."),
    (131053, 400, "Media upload error", "The media could not be fetched or is not accepted."),
    (131055, 400, "Method not allowed", "Only template messages of the marketing category are supported."),
    (
        131056,
        400,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time.",
    ),
    (131057, 500, "Account in maintenance mode", "Business Account is in maintenance mode."),
    (
        132001,
        404,
        "Template name does not exist in the translation",
        "The template does not exist in the specified language or has not been approved.",
    ),
    (
        132015,
        400,
        "Template is paused",
        "Template is paused due to low quality so it cannot be sent in a template message.",
    ),
    (
        132016,
        400,
        "Template is disabled",
        "Template has been paused too many times due to low quality and is now permanently disabled.",
    ),
    (
        133005,
        400,
        "Two step verification PIN mismatch",
        "The pin is not the one of the number's two-step verification.",
    ),
    (133006, 400, "Phone number re-verification needed", "The phone number must be verified before it is registered."),
    (
        133010,
        400,
        "Phone number not registered",
        "The phone number is not registered on the WhatsApp Business Platform.",
    ),
    (
        133016,
        400,
        "Account register deregister rate limit exceeded",
        "There were too many attempts to register or deregister this phone number: 10 in 72 hours.",
    ),
    (136024, 400, "Request code error", "No code can be sent: the phone number is verified already."),
    (136025, 400, "Verify code error", "The code is not the one that was sent last, or none was."),
];

/// Codes without a row that do not come with 400.
const STATUSES: &[(u32, u16)] = &[
    (0, 401),
    (3, 500),
    (803, 404),
    (130497, 403),
    (131045, 500),
    (131207, 403),
    (131208, 429),
    (133000, 500),
    (133004, 503),
    (134102, 500),
    (138000, 401),
    (138002, 429),
    (138005, 429),
    (138006, 401),
];

impl Refusal {
    /// The error `code` with its own title, status and details; any code may be asked for.
    pub fn coded(code: u32) -> Self {
        let row = TABLE.iter().find(|row| row.0 == code);
        let (status, title, details) =
            row.map_or((status_of(code), "Error", "See the list of error codes."), |r| (r.1, r.2, r.3));
        let message = format!("(#{code}) {title}");
        Self { status, code, subcode: None, kind: "OAuthException", message, details: Some(details.to_owned()) }
    }

    /// The error `code` with details of its own.
    pub fn detailed(code: u32, details: impl Into<String>) -> Self {
        Self { details: Some(details.into()), ..Self::coded(code) }
    }

    /// Code 100: a parameter is missing or wrong.
    pub fn parameter(message: impl std::fmt::Display) -> Self {
        Self::plain(400, 100, "OAuthException", format!("(#100) {message}"))
    }

    /// Code 100, subcode 33: no such object, or not for this token; `method` as in "Unsupported get request".
    pub fn unknown_object(method: &str, id: &str) -> Self {
        let message = format!(
            "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation. Please read the Graph API documentation at \
             https://developers.facebook.com/docs/graph-api"
        );
        Self { subcode: Some(33), ..Self::plain(400, 100, "GraphMethodException", message) }
    }

    /// Code 2500: a path that Graph does not know.
    pub fn unknown_path(path: &str) -> Self {
        Self::plain(400, 2500, "OAuthException", format!("Unknown path components: {path}"))
    }

    /// 404: the URL of a media file has ended, or never was one.
    pub fn media_url_ended(id: &str) -> Self {
        let message = format!("The URL of media {id} has expired or is not known: ask for a new one.");
        Self::plain(404, 100, "GraphMethodException", message)
    }

    /// Code 190: the token is missing or not ours.
    pub fn token(message: &str) -> Self {
        Self::plain(401, 190, "OAuthException", message.to_owned())
    }

    /// Code 100: `appsecret_proof` does not fit the token.
    pub fn proof() -> Self {
        let message = "Invalid appsecret_proof provided in the API argument".to_owned();
        Self::plain(400, 100, "GraphMethodException", message)
    }

    /// Code 15: a call that only the app's own token may make.
    pub fn app_token() -> Self {
        Self::plain(400, 15, "OAuthException", "(#15) This method must be called with an app access_token.".to_owned())
    }

    /// Code 1 from the token endpoint: the app is not who it says.
    pub fn oauth(message: &str) -> Self {
        Self::plain(400, 1, "OAuthException", message.to_owned())
    }

    /// Code 200: the token may not touch this account.
    pub fn permission(waba: &str) -> Self {
        let message = format!("(#200) You do not have the necessary permissions required to access account {waba}.");
        Self::plain(403, 200, "OAuthException", message)
    }

    /// Code 2200: the handshake with a callback URL failed; `reason` says how.
    pub fn callback(reason: &str) -> Self {
        let message = format!("(#2200) Callback verification failed with the following errors: {reason}");
        Self::plain(400, 2200, "OAuthException", message)
    }

    /// The body of the answer.
    pub fn body(&self, trace_id: &str) -> Value {
        let mut error = json!({
            "message": self.message, "type": self.kind, "code": self.code, "fbtrace_id": trace_id,
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        if let Some(details) = &self.details {
            error["error_data"] = json!({"messaging_product": "whatsapp", "details": details});
        }
        if matches!(self.code, 2 | 131_016) {
            error["is_transient"] = true.into();
        }
        json!({"error": error})
    }

    /// The error as it stands in a `failed` status.
    pub fn in_status(&self) -> Value {
        let title = self.message.split_once(") ").map_or(self.message.as_str(), |(_, title)| title);
        json!({
            "code": self.code, "title": title, "message": title,
            "error_data": {"details": self.details},
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        })
    }

    fn plain(status: u16, code: u32, kind: &'static str, message: String) -> Self {
        Self { status, code, subcode: None, kind, message, details: None }
    }
}

/// The HTTP status of a code without a row.
fn status_of(code: u32) -> u16 {
    match STATUSES.iter().find(|(known, _)| *known == code) {
        Some((_, status)) => *status,
        None if (200..300).contains(&code) => 403,
        None => 400,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_messaging_error_has_all_that_graph_sends() {
        let body = Refusal::coded(131_026).body("Atrace");
        let error = &body["error"];
        assert_eq!(error["code"], 131_026);
        assert_eq!(error["message"], "(#131026) Message undeliverable");
        assert_eq!(error["type"], "OAuthException");
        assert_eq!(error["error_data"]["messaging_product"], "whatsapp");
        assert_eq!(error["fbtrace_id"], "Atrace");
    }

    #[test]
    fn codes_come_with_the_status_that_meta_gives_them() {
        let status = |code| Refusal::coded(code).status;
        assert_eq!([130_429, 131_056, 80_007].map(status), [400; 3], "throttles are no 429");
        assert_eq!([138_000, 138_006].map(status), [401; 2], "no fault of the token");
        assert_eq!([200, 131_208, 999_999].map(status), [403, 429, 400]);
    }

    #[test]
    fn an_unknown_object_has_subcode_33() {
        let refusal = Refusal::unknown_object("get", "5");
        assert_eq!((refusal.status, refusal.code, refusal.subcode), (400, 100, Some(33)));
    }
}
