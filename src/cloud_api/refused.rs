//! What passes through to Graph and is refused here: in Graph's error shape, with the way out. Knows no request.

use super::GraphRefusal;
use crate::auth::AuthFault;
use crate::error::ApiError;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};
use std::fmt;
use wharf_actors::cloud::graph_error::{OwnRefusal, Transience, graph_error};
use wharf_actors::courier::fault::Fault;

/// Graph's code for a parameter it cannot take.
const PARAMETER: i64 = 100;
/// Graph's code for an outage that passes.
const OUTAGE: i64 = 2;
/// Graph's code for management calls beyond their limit.
const MANAGEMENT_LIMIT: i64 = 80_008;
/// Graph's code for media that could not be downloaded.
const MEDIA_DOWNLOAD: i64 = 131_052;
/// Graph's code for media that could not be uploaded.
const MEDIA_UPLOAD: i64 = 131_053;

/// A refusal.
#[derive(Debug)]
pub enum Refused {
    /// One that sends know too.
    Graph(GraphRefusal),
    /// One of what passes through.
    Passing(Box<Passing>),
}

/// A refusal of what passes through.
#[derive(Debug)]
pub struct Passing {
    status: u16,
    code: i64,
    text: String,
    retry_after_s: Option<u64>,
}

impl Refused {
    /// The request is not one that is passed on.
    pub(super) fn parameter(text: impl Into<String>) -> Self {
        Self::new(400, PARAMETER, text)
    }

    /// No object with this id is the key's.
    pub(super) fn unknown(id: &str) -> Self {
        OwnRefusal::UnknownObject(id.to_owned()).into()
    }

    /// The account's budget of management calls is used up.
    pub(super) fn throttled(until_ms: u64, now_ms: u64) -> Self {
        let seconds = until_ms.saturating_sub(now_ms).div_ceil(1000).max(1);
        let text = format!(
            "There have been too many management calls for this account; Graph was not asked. Wait {seconds} s; \
             messages are not held up"
        );
        Self::later(429, MANAGEMENT_LIMIT, text, seconds)
    }

    /// The bytes of a medium cannot be had.
    pub(super) fn download(text: impl Into<String>) -> Self {
        Self::later(502, MEDIA_DOWNLOAD, text, 5)
    }

    /// A body is longer than what is passed on.
    pub(super) fn too_long(limit: u64) -> Self {
        Self::new(413, MEDIA_UPLOAD, format!("The body is longer than the {limit} bytes that are passed on to Graph"))
    }

    fn new(status: u16, code: i64, text: impl Into<String>) -> Self {
        Self::Passing(Box::new(Passing { status, code, text: text.into(), retry_after_s: None }))
    }

    fn later(status: u16, code: i64, text: impl Into<String>, seconds: u64) -> Self {
        Self::Passing(Box::new(Passing { status, code, text: text.into(), retry_after_s: Some(seconds) }))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph(refusal) => refusal.fmt(f),
            Self::Passing(passing) => f.write_str(&passing.text),
        }
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Graph(refusal) => refusal.status_code(),
            Self::Passing(passing) => StatusCode::from_u16(passing.status).expect("the statuses above are statuses"),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let passing = match self {
            Self::Graph(refusal) => return refusal.error_response(),
            Self::Passing(passing) => passing,
        };
        let mut answer = HttpResponse::build(self.status_code());
        if let Some(seconds) = passing.retry_after_s {
            answer.insert_header((RETRY_AFTER, seconds));
        }
        let transience = if passing.retry_after_s.is_some() { Transience::Transient } else { Transience::Final };
        let message = format!("(#{}) {}", passing.code, passing.text);
        answer.json(graph_error(passing.code, None, &message, &passing.text, transience))
    }
}

impl From<OwnRefusal> for Refused {
    fn from(refusal: OwnRefusal) -> Self {
        Self::Graph(refusal.into())
    }
}

impl From<AuthFault> for Refused {
    fn from(fault: AuthFault) -> Self {
        Self::Graph(fault.into())
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        match error.status_code().as_u16() {
            400 | 413 => Self::parameter(error.detail),
            _ => OwnRefusal::Unavailable(error.detail).into(),
        }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        let text = fault.to_string();
        match fault {
            Fault::NotSent { .. } => OwnRefusal::Unavailable(text).into(),
            Fault::Unknown { .. } => Self::later(504, OUTAGE, text, 5),
            Fault::TooLarge { .. } | Fault::Refused(_) => Self::later(502, OUTAGE, text, 5),
        }
    }
}
