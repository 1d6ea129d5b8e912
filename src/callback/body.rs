//! Reading a body: bounded in bytes and in time. actix-web times neither.

use crate::edge::Reservation;
use crate::error::{ApiError, ErrorId};
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::{FutureExt, StreamExt};
use std::time::Duration;

/// The largest body: Meta sends up to 3 MB.
const LIMIT: usize = 4 << 20;
/// A body must be whole after this long.
const SLOWEST: Duration = Duration::from_secs(10);

/// What the request says its body is long, if it says so.
fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The whole body; its bytes are set aside in `reserved` as they come.
pub async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    reserved: &mut Reservation<'_>,
) -> Result<Bytes, ApiError> {
    if announced(request).is_some_and(|bytes| bytes > LIMIT as u64) {
        throw_away(payload);
        return Err(too_large());
    }
    // A small body has mostly arrived with its head: no timer for it.
    let mut first = None;
    if let Some(chunk) = payload.next().now_or_never() {
        match chunk {
            None => return Ok(Bytes::new()),
            Some(chunk) => first = Some(chunk.map_err(broken)?),
        }
        if first.as_ref().is_some_and(|first| !reserved.grow(first.len() as u64)) {
            throw_away(payload);
            return Err(no_room());
        }
        let whole =
            announced(request).is_some_and(|bytes| first.as_ref().is_some_and(|first| first.len() as u64 == bytes));
        if let (true, Some(body)) = (whole, first.clone()) {
            return Ok(body);
        }
    }
    let collected = actix_web::rt::time::timeout(SLOWEST, collect(&mut payload, first, reserved)).await;
    let body = collected.unwrap_or_else(|_| Err(ApiError::naming(ErrorId::BodySlow, "10 s")));
    if matches!(&body, Err(error) if matches!(error.id, ErrorId::BodyTooLarge | ErrorId::Busy)) {
        throw_away(payload);
    }
    body
}

async fn collect(
    payload: &mut Payload,
    first: Option<Bytes>,
    reserved: &mut Reservation<'_>,
) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::from(first.unwrap_or_default());
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(broken)?;
        if body.len() + chunk.len() > LIMIT {
            return Err(too_large());
        }
        if !reserved.grow(chunk.len() as u64) {
            return Err(no_room());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Reads on without keeping anything, so that the client can finish writing and see the answer.
fn throw_away(mut payload: Payload) {
    let drain = async move { while let Some(Ok(_)) = payload.next().await {} };
    actix_web::rt::spawn(actix_web::rt::time::timeout(SLOWEST, drain));
}

/// Too much is under way already.
pub(super) fn no_room() -> ApiError {
    ApiError::naming(ErrorId::Busy, "too many webhook bytes are under way")
}

fn too_large() -> ApiError {
    ApiError::naming(ErrorId::BodyTooLarge, "4 MiB")
}

fn broken(error: actix_web::error::PayloadError) -> ApiError {
    ApiError::naming(ErrorId::BodyBroken, error)
}
