//! `/healthz`: the process answers. `/readyz`: it can do its work.

use crate::edge::{Late, space_text};
use crate::error::{ApiError, ErrorId};
use actix_web::HttpResponse;
use wharf_storage::Level;

/// Alive.
pub async fn alive() -> HttpResponse {
    said("alive\n".to_owned())
}

/// Ready: accounts restored, store writable and not full. Says `recovering` while the store opens, and how much space is
/// taken from 80 % on.
pub async fn ready(late: Late) -> Result<HttpResponse, ApiError> {
    let edge =
        late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "recovering: the store is being opened"))?;
    edge.require_room()?;
    let room = edge.wharf.store.room();
    Ok(said(match room.level() {
        Level::Ample => "ready\n".to_owned(),
        level @ (Level::Low | Level::Scarce | Level::Full) => {
            format!("ready\nstore_space={} {}\n", level.word(), space_text(&room))
        }
    }))
}

fn said(text: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}
