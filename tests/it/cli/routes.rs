//! `wharf routes`.

use super::operate;
use crate::harness::application::Reply;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{ROUTE_SECRET, Stage};
use serde_json::json;

const SECRET_KEY: &str = "secret_key = \"the-key-of-this-test-32-characters-long\"";

#[actix_web::test]
async fn an_accounts_own_route_is_put_shown_resumed_and_removed() {
    let stage = Stage::engaged_with(|plan| {
        plan.server = "private_routes = true".into();
        plan.storage = SECRET_KEY.into();
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
    let stage = Stage::engaged_with(|plan| {
        plan.server = "private_routes = true".into();
        plan.storage = SECRET_KEY.into();
    })
    .await;
    let (line, url) = (stage.line(0, 0), stage.app.url("/own"));
    let test = async |route: &str| operate(&stage, &["routes", &line.waba, "test", route]).await;
    let said = test("main/app").await.well();
    assert!(said.out.starts_with("main/app takes deliveries: it answered 200 after "), "{said:?}");
    let told = stage.app.until(1).await.remove(0);
    assert_eq!((told.target.as_str(), told.header("x-wharf-test")), ("POST /app", "true"));
    operate(&stage, &["routes", &line.waba, "put", "crm", "--url", &url, "--allow-private"]).await.well();
    test("crm").await.well();
    stage.app.answer(|_| Reply::Json(503, "busy".into()));
    let said = test("crm").await;
    assert!(said.code == 1 && said.out.starts_with("crm takes none: it answered 503 after "), "{said:?}");
    assert!(said.out.ends_with(" ms: busy\n"), "{said:?}");
    let said = operate(&stage, &["routes", &line.waba, "test", "crm", "--json"]).await;
    assert_eq!((said.code, &said.json()["status"]), (1, &json!(503)));
    let unknown = test("main/gone").await;
    assert!(unknown.code == 1 && unknown.err.contains("`wharf routes WABA`"), "{unknown:?}");
    stage.end().await;
}
