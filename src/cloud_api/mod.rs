//! The Cloud-API-compatible side: any Cloud API client works by changing its base URL and token. Refusals have Graph's
//! error shape, because that is what such clients read.

mod budgets;
mod checked;
mod errand;
mod masked;
mod media;
mod messages;
mod options;
mod owner;
mod passthrough;
mod refused;
mod relay;
mod target;

pub use budgets::Budgets;
pub use messages::{send, send_unversioned};
pub use passthrough::{pass, refuse_root};
pub use refused::Refused;

use crate::auth::AuthFault;
use crate::error::ApiError;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};
use std::fmt;
use wharf_actors::cloud::graph_error::OwnRefusal;

/// A refusal of ours in Graph's shape.
#[derive(Debug)]
pub struct GraphRefusal(pub OwnRefusal);

impl fmt::Display for GraphRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for GraphRefusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if self.0.http_status() == 503 {
            answer.insert_header((RETRY_AFTER, 5));
        }
        answer.json(self.0.body())
    }
}

impl From<OwnRefusal> for GraphRefusal {
    fn from(refusal: OwnRefusal) -> Self {
        Self(refusal)
    }
}

impl From<AuthFault> for GraphRefusal {
    fn from(fault: AuthFault) -> Self {
        Self(match fault {
            AuthFault::Missing | AuthFault::Wrong { .. } => OwnRefusal::WrongKey,
            AuthFault::Scope { scope, .. } => OwnRefusal::NotPermitted(scope.word()),
            AuthFault::Reach { .. } => OwnRefusal::NotPermitted("send"),
        })
    }
}

impl From<ApiError> for GraphRefusal {
    fn from(error: ApiError) -> Self {
        Self(match error.status_code().as_u16() {
            400 | 413 => OwnRefusal::NotJson,
            _ => OwnRefusal::Unavailable(error.detail),
        })
    }
}
