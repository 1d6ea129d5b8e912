//! `POST /api/gateways/{uri}/verbs/{verb}`: the same as at the callback, wherever the gateway has its verbs.

use crate::harness::http::{self, Answer};
use crate::harness::stage::{KEY, Stage, bearer};
use serde_json::{Value, json};

async fn ask(stage: &Stage, path: &str, body: &str, more: &[(&str, &str)]) -> Answer {
    let key = bearer(KEY);
    let mut headers = vec![("Authorization", key.as_str())];
    headers.extend(more);
    http::post(&format!("{}/api/gateways/{path}", stage.ops), &headers, body.to_owned()).await
}

fn ids(answer: &Answer) -> Vec<String> {
    let told = answer.json();
    let accounts = told.as_array().unwrap_or_else(|| panic!("no accounts: {told}"));
    accounts.iter().filter_map(|account| account["id"].as_str().map(str::to_owned)).collect()
}

#[actix_web::test]
async fn the_verbs_do_what_they_do_at_the_callback_and_leave_the_same_record() {
    for at in ["public", "ops"] {
        let stage = Stage::with(|plan| plan.gateway_more = format!("verbs = \"{at}\"")).await;
        let all = ids(&ask(&stage, "main/verbs/setup", "", &[]).await);
        assert_eq!(all.len(), 3, "{at}");
        let one = json!({"ids": [all[0]], "wait": 20}).to_string();
        let subscribed = ask(&stage, "main/verbs/subscribe", &one, &[]).await;
        assert_eq!((subscribed.status, ids(&subscribed)), (200, vec![all[0].clone()]), "{}", subscribed.text());
        assert!(subscribed.json()[0]["subscribed_fields"].is_array());
        assert_eq!(ids(&ask(&stage, "main/verbs/search", "{}", &[]).await), all);
        let told = stage.look(&format!("/api/accounts/{}", all[0])).await.json();
        assert_eq!((&told["active"], &told["wished"]), (&json!(true), &json!(true)));
        assert_eq!(ask(&stage, "main/verbs/unsubscribe", &one, &[]).await.status, 200);
        assert_eq!(ids(&ask(&stage, "main/verbs/remove", &one, &[]).await), [all[0].clone()]);
        let audit = stage.look("/api/audit").await.json();
        let done: Vec<&Value> = audit["data"].as_array().expect("records").iter().map(|one| &one["verb"]).collect();
        assert_eq!(done, ["setup", "subscribe", "unsubscribe", "remove"], "searching changes nothing");
        assert_eq!((&audit["data"][1]["who"], &audit["data"][1]["ids"]), (&json!("operator"), &json!([all[0]])));
        stage.end().await;
    }
}

#[actix_web::test]
async fn what_the_callback_refuses_is_refused_here_in_the_same_words() {
    let stage = Stage::engaged().await;
    let cases = [
        ("main/verbs/remove", "{}", 400, "chat.whatsapp.accounts.remove.ack"),
        ("main/verbs/subscribe", r#"{"ids":[]}"#, 400, "chat.whatsapp.accounts.ids.needed"),
        ("main/verbs/remove", r#"{"ids":["12345"]}"#, 400, "chat.whatsapp.accounts.remove.partial"),
        ("main/verbs/dance", "{}", 400, "chat.whatsapp.verb.unknown"),
        ("other/verbs/setup", "{}", 404, "wharf.gateway.unknown"),
        ("main/verbs/setup", r#"{"id":"1"}"#, 400, "wharf.body.not_json"),
        ("main/verbs/setup", "ids=1", 400, "wharf.body.not_json"),
        ("main/verbs/setup", r#"{"wait":301}"#, 400, "wharf.parameter.bad"),
    ];
    for (path, body, status, id) in cases {
        let answer = ask(&stage, path, body, &[]).await;
        assert_eq!((answer.status, &answer.json()["id"]), (status, &json!(id)), "{path} {body}");
    }
    let elsewhere = ask(&stage, "main/verbs/setup", "", &[("Sec-Fetch-Site", "cross-site")]).await;
    assert_eq!((elsewhere.status, &elsewhere.json()["id"]), (403, &json!("wharf.auth.cross_site")));
    let here = ask(&stage, "main/verbs/setup", "", &[("Sec-Fetch-Site", "same-origin")]).await;
    assert_eq!(here.status, 200, "as the dashboard asks");
    let url = format!("{}/api/gateways/main/verbs/setup", stage.ops);
    assert_eq!(http::post(&url, &[], "").await.status, 401);
    assert_eq!(stage.look("/api/accounts").await.json()["data"].as_array().map(Vec::len), Some(3));
    let all = ask(&stage, "main/verbs/remove", r#"{"ack":true}"#, &[]).await;
    assert_eq!((all.status, ids(&all).len()), (200, 3));
    stage.end().await;
}

#[actix_web::test]
async fn a_key_that_may_only_look_runs_no_verb_but_search() {
    let key = "a-key-that-may-only-look-around-here";
    let more = format!("[[key]]\nname = \"visitor\"\nsecret = \"{key}\"\nscopes = [\"inspect\"]\n");
    let stage = Stage::with(|plan| plan.more = more).await;
    for (verb, status) in [("setup", 403), ("subscribe", 403), ("unsubscribe", 403), ("remove", 403), ("search", 200)] {
        let url = format!("{}/api/gateways/main/verbs/{verb}", stage.ops);
        let answer = http::post(&url, &[("Authorization", &bearer(key))], r#"{"ack":true}"#).await;
        assert_eq!(answer.status, status, "{verb}: {}", answer.text());
    }
    stage.end().await;
}
