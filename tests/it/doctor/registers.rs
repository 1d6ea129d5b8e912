//! `register`: Meta is told where the app's webhooks go, after it has asked the callback.

use super::{fronted, post};
use crate::harness::front::Manner;
use crate::harness::stage::Stage;
use serde_json::json;

const PATH: &str = "/api/gateways/main/register";

#[actix_web::test]
async fn the_app_is_registered_with_what_its_routes_want_and_what_was_there_is_shown() {
    let (stage, front) = fronted(|plan| plan.routes = vec![("app", "fields = [\"messages\", \"calls\"]".into())]).await;
    stage.sandbox.set_callback("https://somebody.else.example/hook?k=hidden");
    let dry = post(&stage, PATH, r#"{"dry_run": true}"#).await;
    assert_eq!((dry.status, &dry.json()["after"]), (200, &json!(null)), "{}", dry.text());
    let done = post(&stage, PATH, "").await;
    let told = done.json();
    assert_eq!(done.status, 200, "{told}");
    assert_eq!(told["before"]["callback_url"], "https://somebody.else.example/hook?…", "the dry run changed nothing");
    assert_eq!(told["after"]["callback_url"], json!(format!("{}/main", front.url)));
    assert_eq!(told["after"]["fields"], told["fields"]);
    let fields = told["fields"].as_array().expect("fields");
    for field in ["messages", "calls", "account_update", "message_template_status_update"] {
        assert!(fields.contains(&json!(field)), "{field} is missing in {told}");
    }
    let exact = post(&stage, PATH, r#"{"fields": ["messages"]}"#).await.json();
    assert_eq!((&exact["fields"], &exact["after"]["fields"]), (&json!(["messages"]), &json!(["messages"])));
    let audit = stage.look("/api/audit").await.json();
    let deeds = audit["data"].as_array().expect("records").iter().filter(|record| record["verb"] == "register");
    assert_eq!(deeds.count(), 2, "a dry run does nothing: {audit}");
    stage.end().await;
}

#[actix_web::test]
async fn what_is_missing_in_the_settings_is_named() {
    let stage = Stage::new().await;
    let refused = post(&stage, PATH, "").await;
    assert_eq!((refused.status, &refused.json()["id"]), (409, &json!("wharf.settings.missing")));
    assert!(refused.text().contains("main cannot be registered without server.public_url:"), "{}", refused.text());
    assert_eq!(post(&stage, "/api/gateways/nowhere/register", "").await.status, 404);
    stage.end().await;
}

#[actix_web::test]
async fn where_meta_cannot_verify_the_callback_it_is_said_and_nothing_changes() {
    let (stage, front) = fronted(|_| {}).await;
    let before = stage.sandbox.world().revision();
    front.set(Manner::Says("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    let refused = post(&stage, PATH, "").await;
    assert_eq!((refused.status, &refused.json()["id"]), (502, &json!("wharf.register.callback")));
    assert!(refused.text().contains("HTTP Status Code = 404") && refused.text().contains("wharf doctor"));
    assert_eq!(stage.sandbox.world().revision(), before);
    let audit = stage.look("/api/audit").await.text().to_owned();
    assert!(audit.contains("wharf.register.callback"), "{audit}");
    for body in [r#"{"fields": []}"#, r#"{"fields": ["a,b"]}"#, r#"{"field": ["messages"]}"#, "[]"] {
        assert_eq!(post(&stage, PATH, body).await.status, 400, "{body}");
    }
    stage.end().await;
}
