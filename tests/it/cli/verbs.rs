//! `wharf verb`.

use super::{command, finish, operate};
use crate::harness::application::nobody;
use crate::harness::stage::{KEY, Stage};

#[actix_web::test]
async fn accounts_are_set_up_subscribed_and_removed() {
    let stage = Stage::new().await;
    let line = stage.line(0, 0);
    let said = operate(&stage, &["verb", "setup", "--gateway", "main"]).await.well();
    assert_eq!(said.out.lines().count(), 4, "{}", said.out);
    assert!(said.err.contains("next: `wharf verb subscribe --gateway main`"), "{said:?}");
    let said = operate(&stage, &["verb", "subscribe", "--gateway", "main", "--id", &line.waba]).await.well();
    assert!(said.out.lines().nth(1).is_some_and(|row| row.starts_with(&line.waba) && row.contains("yes")), "{said:?}");
    let told = operate(&stage, &["verb", "search", "--gateway", "main", "--json"]).await.well().json();
    assert_eq!(told.as_array().map(Vec::len), Some(3));
    let unknown = operate(&stage, &["verb", "subscribe", "--gateway", "main", "--id", "77"]).await;
    assert_eq!(unknown.code, 1, "an element carries an error: {unknown:?}");
    let all = operate(&stage, &["verb", "remove", "--gateway", "main"]).await;
    assert!(all.code == 1 && all.err.contains("ack=true"), "{all:?}");
    operate(&stage, &["verb", "remove", "--gateway", "main", "--ack"]).await.well();
    let told = operate(&stage, &["verb", "search", "--gateway", "main", "--json"]).await.well();
    assert_eq!(told.json(), serde_json::json!([]));
    stage.end().await;
}

#[actix_web::test]
async fn verbs_need_the_ops_listener_alone_wherever_the_gateway_has_them() {
    let stage = Stage::with(|plan| plan.gateway_more = "verbs = \"ops\"".into()).await;
    let nowhere = format!("http://{}", nobody());
    let setup = command(&["verb", "setup", "--gateway", "main"], &nowhere, &stage.ops, KEY);
    let said = finish(setup).await.well();
    assert_eq!(said.out.lines().count(), 4, "{}", said.out);
    let none = operate(&stage, &["verb", "setup", "--gateway", "nobody"]).await;
    assert_eq!(none.code, 1);
    assert!(none.err.contains("there is no gateway nobody (wharf.gateway.unknown, 404)"), "{none:?}");
    stage.end().await;
}
