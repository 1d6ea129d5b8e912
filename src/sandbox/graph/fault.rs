//! A refusal on its way out as an HTTP answer.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::sandbox::ids::Mint;
use crate::sandbox::refusal::Refusal;

/// A refusal with a trace id.
#[derive(Debug)]
pub(super) struct Fault {
    refusal: Refusal,
    trace_id: String,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, trace_id: Mint::new(rand::random()).trace_id() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.refusal.message)
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.refusal.status).unwrap_or(StatusCode::BAD_REQUEST)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code())
            .insert_header(("WWW-Authenticate", r#"OAuth "Facebook Platform""#))
            .insert_header(("x-fb-trace-id", self.trace_id.clone()))
            .json(self.refusal.body(&self.trace_id))
    }
}
