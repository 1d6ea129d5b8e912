//! Meta's handshake: it sends the verify token and a challenge, and wants the challenge back. No signature here.

use super::Query;
use crate::error::{ApiError, ErrorId};
use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use subtle::ConstantTimeEq;
use wharf_actors::gateway::Gateway;

/// The challenge, as plain text, if the token is the gateway's.
pub(super) fn answer(query: &Query, gateway: &Gateway) -> Result<HttpResponse, ApiError> {
    let refused = || ApiError::naming(ErrorId::HandshakeRefused, &gateway.uri);
    let verify_token = gateway.verify_token.get();
    let token = verify_token.as_ref().as_ref().ok_or_else(refused)?;
    let shown = query.first("hub.verify_token").unwrap_or_default();
    let matches: bool = shown.as_bytes().ct_eq(token.reveal().as_bytes()).into();
    if query.first("hub.mode") != Some("subscribe") || !matches {
        return Err(refused());
    }
    let challenge = query.first("hub.challenge").unwrap_or_default().to_owned();
    let nosniff = ("X-Content-Type-Options", "nosniff");
    Ok(HttpResponse::Ok().content_type(ContentType::plaintext()).insert_header(nosniff).body(challenge))
}
