//! Every error that leaves the house towards operators, in one table: a stable id, a status, a text. Knows HTTP; does
//! not know who failed. (What speaks to Cloud-API clients has Graph's error shape and stands elsewhere.)

use crate::auth::{AuthFault, Refusal};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct ErrorEntry {
    /// The stable id that programs may compare.
    pub id: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// The text; `{}` stands for the thing it speaks of.
    pub text: &'static str,
    /// Seconds after which to try again, for `Retry-After`.
    pub retry_after_s: Option<u32>,
}

/// Declares the errors: a name in code, its id, status and text, and for those that pass, `Retry-After`.
macro_rules! errors {
    ($($name:ident $id:literal $status:ident $(retry $seconds:literal)? $text:literal;)+) => {
        /// The name of an error in code; its id and text stand in [`TABLE`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorId {
            $(#[doc = concat!("`", $id, "`: ", $text)] $name,)+
        }

        /// Every error, in the order of the declaration.
        pub const TABLE: &[ErrorEntry] = &[$(ErrorEntry {
            id: $id,
            status: StatusCode::$status,
            text: $text,
            retry_after_s: errors!(@seconds $($seconds)?),
        },)+];
    };
    (@seconds $seconds:literal) => { Some($seconds) };
    (@seconds) => { None };
}

errors! {
    AuthMissing "wharf.auth.missing" UNAUTHORIZED
        "this needs a key: send `Authorization: Bearer KEY`, or Basic with the key as password";
    AuthWrong "wharf.auth.wrong" UNAUTHORIZED "this key is not known here";
    AuthForbidden "wharf.auth.forbidden" FORBIDDEN "{}: use another key, or give this one more under [[key]]";
    AuthCrossSite "wharf.auth.cross_site" FORBIDDEN
        "refused, because {}: open the address yourself, or ask with a program";
    ClientCertificateMissing "wharf.client_certificate.missing" FORBIDDEN
        "webhooks need Meta's client certificate (server.tls.client_ca): switch mutual TLS on for the app at Meta";
    ClientCertificateWrong "wharf.client_certificate.wrong" FORBIDDEN
        "the client certificate is not Meta's: {}";
    SignatureMissing "wharf.signature.missing" UNAUTHORIZED
        "a webhook needs X-Hub-Signature-256: sha256= and the HMAC of the body with the app secret";
    SignatureWrong "wharf.signature.wrong" UNAUTHORIZED
        "the signature matches none of the app secrets of gateway {}: compare them with the App Dashboard";
    HandshakeRefused "wharf.handshake.refused" FORBIDDEN
        "hub.verify_token is not the verify_token of gateway {}";
    PathUnknown "wharf.path.unknown" NOT_FOUND "nothing is served at {}";
    MethodWrong "wharf.method.wrong" METHOD_NOT_ALLOWED "this path does not take {}";
    QueryUnknown "wharf.query.unknown" BAD_REQUEST
        "a GET here is Meta's handshake (hub.mode, hub.verify_token, hub.challenge) or a verb (whatsapp=search)";
    BodyTooLarge "wharf.body.too_large" PAYLOAD_TOO_LARGE "the body is larger than {}";
    BodySlow "wharf.body.slow" REQUEST_TIMEOUT "the body did not arrive whole within {}";
    BodyBroken "wharf.body.broken" BAD_REQUEST "the body broke off: {}";
    BodyNotJson "wharf.body.not_json" BAD_REQUEST "the body is not the JSON that belongs here: {}";
    StoreClosed "wharf.store.closed" SERVICE_UNAVAILABLE retry 30
        "the store is closed since a write failed; nothing is taken until a restart (see /readyz and the log)";
    StoreFailed "wharf.store.failed" INTERNAL_SERVER_ERROR "the store could not be read: {}";
    StoreFull "wharf.store.full" SERVICE_UNAVAILABLE retry 60
        "the store is full ({}) and nothing in it may give way; raise storage.max_bytes, or end what is unfinished";
    NotReady "wharf.ready.not" SERVICE_UNAVAILABLE retry 2 "not ready yet: {}";
    Busy "wharf.busy" SERVICE_UNAVAILABLE retry 1 "too busy just now: {}";
    NotDurable "wharf.webhook.not_durable" SERVICE_UNAVAILABLE retry 5 "this could not be stored in time: {}";
    VerbUnknown "chat.whatsapp.verb.unknown" BAD_REQUEST
        "there is no verb {}: use setup, search, subscribe, unsubscribe or remove";
    IdsNeeded "chat.whatsapp.accounts.ids.needed" BAD_REQUEST
        "{}: id is there but names no account; name some, or leave id out for all";
    AckNeeded "chat.whatsapp.accounts.remove.ack" BAD_REQUEST
        "remove: this would remove all accounts; name some with id=, or say ack=true";
    RemovePartial "chat.whatsapp.accounts.remove.partial" BAD_REQUEST
        "remove: not all requested WhatsApp Business Accounts found: {}";
    OtherGateway "chat.whatsapp.accounts.gateway.other" CONFLICT
        "the account is engaged under gateway {}: remove it there first";
    TokenRefused "chat.whatsapp.token.refused" BAD_GATEWAY "Meta refuses the whatsapp_token: {}";
    GraphFailed "chat.whatsapp.graph.failed" BAD_GATEWAY "Meta could not be asked: {}";
    SettingsMissing "wharf.settings.missing" CONFLICT "{}: put what is missing into the settings and restart";
    CallbackRefused "wharf.register.callback" BAD_GATEWAY
        "Meta asked the callback and did not get its challenge back: {}; `wharf doctor` shows what answers there";
    LoginUnknown "wharf.login.unknown" FORBIDDEN
        "this login is not under way: it was finished before, took longer than 10 minutes, or never began here; open {} to begin anew";
    LoginForeign "wharf.login.foreign" FORBIDDEN
        "this login was begun in another browser, or under another address than server.public_url; open {} to begin anew";
    LoginRefused "wharf.login.refused" FORBIDDEN "the login did not give what is needed: {}";
    TokenUnfit "wharf.token.unfit" BAD_REQUEST "the token was not taken: {}";
    SecretNotKept "wharf.secret.not_kept" CONFLICT "the secret was not taken, because it could not be kept: {}";
    AccountUnknown "wharf.account.unknown" NOT_FOUND
        "no account {} is engaged here: `whatsapp=setup` engages those that the token can see";
    EventUnknown "wharf.event.unknown" NOT_FOUND "there is no event {}, or it is older than storage.retention";
    MessageUnknown "wharf.message.unknown" NOT_FOUND "there is no message {}";
    MessageGone "wharf.message.not_queued" CONFLICT "the message is {} and can no longer be cancelled";
    GatewayUnknown "wharf.gateway.unknown" NOT_FOUND "there is no gateway {}";
    RouteUnknown "wharf.route.unknown" NOT_FOUND "there is no route {}";
    RouteStands "wharf.route.stands" CONFLICT
        "the route {} is in the settings: remove it there and send SIGHUP first";
    RoutesFull "wharf.routes.full" CONFLICT "an account has at most {} routes of its own: remove one first";
    SecretLocked "wharf.secret.locked" CONFLICT "{}";
    ReplayNothing "wharf.replay.nothing" CONFLICT "nothing is delivered again: {}";
    ReplayFull "wharf.replay.full" CONFLICT
        "route {} has as many deliveries open again as it may: wait until some of them have ended";
    ReplaysFull "wharf.replays.full" CONFLICT
        "an account has at most {} replays at once: wait until one has ended, or cancel one";
    ReplayUnknown "wharf.replay.unknown" NOT_FOUND "there is no replay {}";
    ErasureUnfinished "wharf.erasure.unfinished" SERVICE_UNAVAILABLE retry 30
        "the erasure could not be finished yet (the log says why): it is kept, and goes on when it is asked for again or at the next start";
    LiveFull "wharf.live.full" TOO_MANY_REQUESTS retry 10
        "too many listen already ({}): end one of their streams first";
    KeyUnknown "wharf.key.unknown" NOT_FOUND "there is no key {}";
    KeyExists "wharf.key.exists" CONFLICT
        "there is a key {} already, and a key is shown once only: take another name, or remove that one first";
    KeyInSettings "wharf.key.in_settings" CONFLICT "the key {} is in the settings: remove it there and send SIGHUP";
    KeysFull "wharf.keys.full" CONFLICT "at most {} keys can be made beside those of the settings: remove one first";
    PreconditionFailed "wharf.precondition.failed" PRECONDITION_FAILED
        "{} is not what If-Match says it is: look again, and then decide";
    CursorBad "wharf.cursor.bad" BAD_REQUEST "the cursor {} does not come from here: use `next` of the last answer";
    LimitBad "wharf.limit.bad" BAD_REQUEST "limit must be a whole number from 1 to 1000, not {}";
    ParameterBad "wharf.parameter.bad" BAD_REQUEST "{}";
    Internal "wharf.internal" INTERNAL_SERVER_ERROR "something broke in here: {}; the log says more";
}

impl ErrorId {
    /// Its row.
    pub fn entry(self) -> &'static ErrorEntry {
        &TABLE[self as usize]
    }
}

/// An error on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Which one.
    pub id: ErrorId,
    /// Its text, with the thing it speaks of.
    pub detail: String,
}

impl ApiError {
    /// An error whose text speaks of nothing in particular.
    pub fn plain(id: ErrorId) -> Self {
        debug_assert!(!id.entry().text.contains("{}"), "{id:?} speaks of something: use `naming`");
        Self::naming(id, "that")
    }

    /// An error whose text speaks of `thing`.
    pub fn naming(id: ErrorId, thing: impl fmt::Display) -> Self {
        Self { id, detail: id.entry().text.replacen("{}", &thing.to_string(), 1) }
    }

    /// The answer's body.
    pub fn body(&self) -> ErrorBody<'_> {
        let ErrorEntry { id, status, .. } = self.id.entry();
        ErrorBody {
            id,
            code: status.as_u16(),
            detail: &self.detail,
            status: status.canonical_reason().unwrap_or_default(),
        }
    }
}

/// What an operator's program reads.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub struct ErrorBody<'e> {
    /// The stable id.
    pub id: &'static str,
    /// The HTTP status as a number.
    pub code: u16,
    /// What happened, and the way out.
    pub detail: &'e str,
    /// The HTTP status in words.
    pub status: &'static str,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id.entry().id, self.detail)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.id.entry().status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if self.asks_for_key() {
            answer.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"wharf\""));
        }
        if self.is_of_the_connection() {
            answer.force_close();
        }
        if self.id == ErrorId::MethodWrong {
            answer.insert_header((header::ALLOW, "GET, POST"));
        }
        if let Some(seconds) = self.id.entry().retry_after_s {
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        json(&mut answer, &self.body())
    }
}

impl ApiError {
    /// What only another connection can mend.
    fn is_of_the_connection(&self) -> bool {
        matches!(self.id, ErrorId::ClientCertificateMissing | ErrorId::ClientCertificateWrong)
    }

    /// A 401 that a key would mend; a webhook's signature would not.
    fn asks_for_key(&self) -> bool {
        matches!(self.id, ErrorId::AuthMissing | ErrorId::AuthWrong)
    }
}

/// JSON as operators get it everywhere: never cached.
fn json(answer: &mut HttpResponseBuilder, body: &impl Serialize) -> HttpResponse {
    let text = serde_json::to_string_pretty(body).expect("plain structs of text and numbers always become JSON");
    answer.insert_header((header::CONTENT_TYPE, "application/json; charset=utf-8"));
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer.body(text)
}

impl From<AuthFault> for ApiError {
    fn from(fault: AuthFault) -> Self {
        match fault {
            AuthFault::Missing => Self::plain(ErrorId::AuthMissing),
            AuthFault::Wrong { .. } => Self::plain(ErrorId::AuthWrong),
            AuthFault::Scope { .. } | AuthFault::Reach { .. } => Self::naming(ErrorId::AuthForbidden, fault),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::naming(ErrorId::AuthCrossSite, refusal)
    }
}

/// The table as Markdown, for the README.
pub fn markdown() -> String {
    let mut table = "| id | status | text |\n| --- | --- | --- |\n".to_owned();
    for ErrorEntry { id, status, text, .. } in TABLE {
        let text = text.replace("{}", "…").replace('|', "\\|");
        table.push_str(&format!("| `{id}` | {} | {text} |\n", status.as_u16()));
    }
    table
}

#[cfg(test)]
mod tests;
