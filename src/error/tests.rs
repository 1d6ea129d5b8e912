//! The table of errors, and how an error looks from outside.

use super::*;
use actix_web::body::to_bytes;
use std::collections::BTreeSet;

async fn seen(error: &ApiError) -> (HttpResponse, serde_json::Value) {
    let (answer, body) = error.error_response().into_parts();
    let body = to_bytes(body).await.expect("a body in memory");
    (answer.set_body(actix_web::body::BoxBody::new(())), serde_json::from_slice(&body).expect("JSON"))
}

#[test]
fn every_id_is_declared_once_and_speaks_of_one_thing_at_most() {
    let ids: BTreeSet<&str> = TABLE.iter().map(|entry| entry.id).collect();
    assert_eq!(ids.len(), TABLE.len());
    for entry in TABLE {
        assert!(entry.text.matches("{}").count() <= 1, "{}", entry.id);
        assert!(entry.status.is_client_error() || entry.status.is_server_error(), "{}", entry.id);
        let passes = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(&entry.status);
        assert_eq!(passes, entry.retry_after_s.is_some(), "{}", entry.id);
    }
}

#[actix_web::test]
async fn an_error_has_the_shape_that_programs_know() {
    let (answer, body) = seen(&ApiError::naming(ErrorId::RemovePartial, "103, 104")).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.headers().get("content-type").expect("a type"), "application/json; charset=utf-8");
    assert_eq!(answer.headers().get("cache-control").expect("a rule"), "no-store");
    assert_eq!(
        body,
        serde_json::json!({
            "id": "chat.whatsapp.accounts.remove.partial",
            "code": 400,
            "detail": "remove: not all requested WhatsApp Business Accounts found: 103, 104",
            "status": "Bad Request",
        })
    );
}

#[actix_web::test]
async fn a_browser_is_asked_for_the_key_but_a_webhook_is_not() {
    let (answer, _) = seen(&AuthFault::Missing.into()).await;
    let asked = answer.headers().get("www-authenticate").expect("401 asks for a key").to_str().expect("text");
    assert_eq!(asked, "Basic realm=\"wharf\"");
    let (answer, _) = seen(&ApiError::plain(ErrorId::SignatureMissing)).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(!answer.headers().contains_key("www-authenticate"));
}

#[actix_web::test]
async fn what_passes_says_when_to_try_again() {
    let (answer, _) = seen(&ApiError::plain(ErrorId::StoreClosed)).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers().get("retry-after").expect("a time"), "30");
}

#[test]
fn a_missing_scope_is_named() {
    let fault = AuthFault::Scope { key: "bot".into(), scope: crate::auth::Scope::Admin };
    let error = ApiError::from(fault);
    assert_eq!(error.id, ErrorId::AuthForbidden);
    assert_eq!(error.detail, "the key bot lacks the scope admin: use another key, or give this one more under [[key]]");
    assert!(ApiError::from(Refusal::Prefetch).detail.contains("fetches ahead"));
}

#[test]
fn the_table_shows_every_error() {
    let table = markdown();
    assert_eq!(table.lines().count(), TABLE.len() + 2);
    assert!(table.contains("| `wharf.auth.missing` | 401 |"));
}
