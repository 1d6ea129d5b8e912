//! `verbs = "ops"`: the verbs are where only operators come.

use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{KEY, Stage, VERIFY, bearer};
use serde_json::json;

#[actix_web::test]
async fn verbs_on_the_ops_listener_are_unknown_on_the_public_one_and_meta_notices_nothing() {
    let stage = Stage::with(|plan| plan.gateway_more = "verbs = \"ops\"".into()).await;
    let key = bearer(KEY);
    for verb in ["", "search", "setup", "subscribe", "remove&ack=true", "nonsense"] {
        for headers in [&[("Authorization", key.as_str())][..], &[]] {
            let answer = stage.verb_with("main", verb, headers).await;
            assert_eq!((answer.status, &answer.json()["id"]), (404, &json!("wharf.path.unknown")), "{verb}");
        }
    }
    let ops = |verb: &str| format!("{}/main?whatsapp={verb}", stage.ops);
    assert_eq!(http::get(&ops("setup"), &[]).await.status, 401);
    for verb in ["setup", "subscribe"] {
        let answer = http::get(&ops(verb), &[("Authorization", &key)]).await;
        assert_eq!((answer.status, answer.json().as_array().map(Vec::len)), (200, Some(3)), "{verb}");
    }
    let query = format!("hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=7");
    assert_eq!(http::get(&format!("{}/main?{query}", stage.public), &[]).await.text(), "7");
    assert_eq!(http::get(&format!("{}/main?{query}", stage.ops), &[]).await.status, 400, "Meta does not come here");
    stage.take(letter(&stage.line(0, 0), &[text("wamid.1", "491")])).await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    for (path, status) in [("other?whatsapp", 404), ("other", 404), ("main", 400)] {
        assert_eq!(http::get(&format!("{}/{path}", stage.ops), &[("Authorization", &key)]).await.status, status);
    }
    assert_eq!(http::post(&format!("{}/main", stage.ops), &[], "{}").await.status, 405);
    stage.end().await;
}

#[actix_web::test]
async fn verbs_at_the_callback_are_unknown_on_the_ops_listener() {
    let stage = Stage::new().await;
    let key = bearer(KEY);
    let answer = http::get(&format!("{}/main?whatsapp=search", stage.ops), &[("Authorization", &key)]).await;
    assert_eq!((answer.status, &answer.json()["id"]), (404, &json!("wharf.path.unknown")));
    assert_eq!(stage.verb("search").await.status, 200);
    stage.end().await;
}
