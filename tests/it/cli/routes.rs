//! `wharf routes`.

use super::fake::answering;
use super::{operate, operate_at};
use crate::harness::mail::{letter, text};
use crate::harness::stage::{ROUTE_SECRET, Stage};
use serde_json::json;

#[actix_web::test]
async fn an_accounts_own_route_is_put_shown_resumed_and_removed() {
    let stage = Stage::engaged_with(|plan| {
        plan.server = "private_routes = true".into();
        plan.storage = "secret_key = \"the-key-of-this-test-32-characters-long\"".into();
    })
    .await;
    let line = stage.line(0, 0);
    let secret = stage.folder.path().join("secret");
    std::fs::write(&secret, format!("{ROUTE_SECRET}\n")).expect("a file");
    let (url, secret) = (stage.app.url("/own"), secret.to_string_lossy().into_owned());
    let put = ["routes", &line.waba, "put", "crm", "--url", &url, "--allow-private", "--types", "message"];
    let bare = operate(&stage, &put).await.well();
    assert!(bare.out.contains("created:") && bare.out.contains("its deliveries are not signed"), "{}", bare.out);
    let signed = operate(&stage, &[&put[..], &["--secret-file", &secret]].concat()).await.well();
    assert!(signed.out.contains("replaced:") && !signed.out.contains("not signed"), "{}", signed.out);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    let own = stage.app.until(2).await.into_iter().find(|call| call.target == "POST /own").expect("a delivery");
    assert!(own.header("webhook-signature").starts_with("v1,"), "signed with the file's secret, its line end apart");
    let shown = operate(&stage, &["routes", &line.waba]).await.well();
    let name = format!("main/{}/crm", line.waba);
    assert!(shown.out.contains(&name) && shown.out.contains("main/app"), "{}", shown.out);
    let told = operate(&stage, &["routes", &line.waba, "--json"]).await.well().json();
    assert_eq!((&told["data"][0]["name"], &told["data"][0]["types"]), (&json!("crm"), &json!(["message"])));
    for route in ["crm", "main/app", &name] {
        let said = operate(&stage, &["routes", &line.waba, "resume", route]).await.well();
        assert_eq!(said.out, format!("{route} was not paused\n"));
    }
    operate(&stage, &["routes", &line.waba, "remove", "crm"]).await.well();
    let gone = operate(&stage, &["routes", &line.waba, "remove", "crm"]).await;
    assert_eq!(gone.code, 1, "{gone:?}");
    stage.end().await;
}

#[actix_web::test]
async fn a_test_delivery_says_whether_the_application_takes_it() {
    let fake = answering(vec![
        (
            "POST /api/routes/main/app/test",
            200,
            json!({"delivered": true, "status": 204, "took_ms": 12, "reason": null}),
        ),
        ("POST /api/accounts/1022/routes/crm/test", 200, json!({"status": null, "took_ms": 3, "reason": "refused"})),
    ])
    .await;
    let said = operate_at(&fake.url(""), &["routes", "1022", "test", "main/app"]).await.well();
    assert_eq!(said.out, "main/app takes deliveries: it answered 204 after 12 ms\n");
    let said = operate_at(&fake.url(""), &["routes", "1022", "test", "crm", "--json"]).await;
    assert_eq!((said.code, &said.json()["reason"]), (1, &json!("refused")));
    fake.stop().await;
}
