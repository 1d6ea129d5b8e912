//! `/healthz`: the process answers. `/readyz`: it can do its work.

use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::HttpResponse;

/// Alive.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().body("alive\n")
}

/// Ready: accounts restored, store writable. Says `recovering` while the store opens.
pub async fn ready(late: Late) -> Result<HttpResponse, ApiError> {
    let edge =
        late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "recovering: the store is being opened"))?;
    edge.require_open_store()?;
    Ok(HttpResponse::Ok().body("ready\n"))
}
