//! Who may ask for a verb, and what is written down about it.

use crate::harness::stage::{KEY, Stage, bearer};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use std::time::{Duration, Instant};
use wharf::sandbox::TokenReach;

const LOOKER: &str = "key-of-somebody-who-may-only-look";
const SENDER: &str = "key-of-somebody-who-may-only-send";
const STRANGER: &str = "key-of-the-operator-of-another-gateway";

fn keys() -> String {
    let key = |name: &str, secret: &str, scopes: &str, more: &str| {
        format!("[[key]]\nname = \"{name}\"\nsecret = \"{secret}\"\nscopes = [{scopes}]\n{more}\n")
    };
    key("looker", LOOKER, "\"inspect\"", "")
        + &key("sender", SENDER, "\"send\"", "")
        + &key("stranger", STRANGER, "\"admin\", \"inspect\"", "gateways = [\"other\"]")
}

async fn guarded() -> Stage {
    Stage::engaged_with(|plan| {
        plan.gateways = vec!["main", "other"];
        plan.more = keys();
    })
    .await
}

#[actix_web::test]
async fn without_a_key_and_with_a_wrong_one_nothing_is_answered_and_nothing_happens() {
    let stage = guarded().await;
    for verb in ["search", "setup", "subscribe", "unsubscribe", "remove&ack=true"] {
        let bare = stage.verb_with("main", verb, &[]).await;
        assert_eq!((bare.status, &bare.json()["id"]), (401, &json!("wharf.auth.missing")), "{verb}");
        assert!(bare.header("www-authenticate").is_some_and(|header| header.starts_with("Basic")), "{verb}");
        assert_eq!(bare.header("content-type"), Some("application/json; charset=utf-8"));
    }
    let wrong = stage.verb_with("main", "remove&ack=true", &[("Authorization", "Bearer nonsense")]).await;
    assert_eq!((wrong.status, &wrong.json()["id"]), (401, &json!("wharf.auth.wrong")));
    assert!(wrong.header("www-authenticate").is_some() && !wrong.text().contains("nonsense"));
    assert_eq!(stage.verb("search").await.json().as_array().map(Vec::len), Some(3));
    stage.end().await;
}

#[actix_web::test]
async fn wrong_keys_are_slowed_down_and_a_right_one_never() {
    let stage = guarded().await;
    let mut waits = Vec::new();
    for _ in 0..4 {
        let began = Instant::now();
        assert_eq!(stage.verb_with("main", "search", &[("Authorization", "Bearer wrong")]).await.status, 401);
        waits.push(began.elapsed());
    }
    assert!(waits[3] >= Duration::from_millis(790), "{waits:?}");
    let began = Instant::now();
    assert_eq!(stage.verb("search").await.status, 200);
    assert!(began.elapsed() < Duration::from_millis(700), "{:?}", began.elapsed());
    stage.end().await;
}

#[actix_web::test]
async fn the_key_may_come_as_bearer_or_as_the_password_of_basic() {
    let stage = guarded().await;
    let basic = |user: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{KEY}")));
    for header in [bearer(KEY), format!("bearer {KEY}"), basic("admin"), basic("")] {
        assert_eq!(stage.verb_with("main", "search", &[("Authorization", &header)]).await.status, 200, "{header}");
    }
    for header in [KEY.to_owned(), format!("Digest {KEY}"), "Basic !".to_owned(), "Bearer ".to_owned()] {
        assert_eq!(stage.verb_with("main", "search", &[("Authorization", &header)]).await.status, 401, "{header}");
    }
    stage.end().await;
}

#[actix_web::test]
async fn a_key_without_the_scope_or_of_another_gateway_is_refused() {
    let stage = guarded().await;
    for (key, verb, status) in [
        (LOOKER, "search", 200),
        (LOOKER, "setup", 403),
        (LOOKER, "subscribe", 403),
        (LOOKER, "unsubscribe", 403),
        (LOOKER, "remove&ack=true", 403),
        (SENDER, "search", 403),
        (STRANGER, "search", 403),
        (STRANGER, "unsubscribe", 403),
    ] {
        let answer = stage.verb_with("main", verb, &[("Authorization", &bearer(key))]).await;
        assert_eq!(answer.status, status, "{key} {verb}: {}", answer.text());
        if status == 403 {
            assert_eq!(answer.json()["id"], "wharf.auth.forbidden");
        }
    }
    assert_eq!(stage.verb_with("other", "search", &[("Authorization", &bearer(STRANGER))]).await.status, 200);
    let still = stage.verb("search").await.json();
    assert!(
        still.as_array().expect("an array").iter().all(|account| account["subscribed_fields"] == json!(["messages"]))
    );
    stage.end().await;
}

#[actix_web::test]
async fn a_browser_that_fetches_ahead_or_was_led_here_by_another_site_changes_nothing() {
    let stage = guarded().await;
    let key = bearer(KEY);
    for (name, value) in [
        ("Sec-Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("Purpose", "prefetch"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        for verb in ["setup", "subscribe", "unsubscribe", "remove&ack=true"] {
            let answer = stage.verb_with("main", verb, &[("Authorization", &key), (name, value)]).await;
            assert_eq!(
                (answer.status, &answer.json()["id"]),
                (403, &json!("wharf.auth.cross_site")),
                "{verb} {name}: {value}"
            );
        }
        assert_eq!(stage.verb_with("main", "search", &[("Authorization", &key), (name, value)]).await.status, 200);
    }
    for site in ["same-origin", "none"] {
        assert_eq!(
            stage.verb_with("main", "subscribe", &[("Authorization", &key), ("Sec-Fetch-Site", site)]).await.status,
            200
        );
    }
    stage.end().await;
}

#[actix_web::test]
async fn a_key_for_one_account_sees_and_changes_that_one_alone() {
    let mut stage = Stage::new().await;
    let ids = stage.sandbox.account_ids();
    let key = "key-of-a-client-with-one-account";
    stage.plan.more = format!(
        "[[key]]\nname = \"client\"\nsecret = \"{key}\"\nscopes = [\"admin\", \"inspect\"]\naccounts = [\"{}\"]\n",
        ids[1]
    );
    stage.restart().await;
    let header = bearer(key);
    let ask = async |verb: &str| stage.verb_with("main", verb, &[("Authorization", &header)]).await;
    let told = ask("setup").await.json();
    assert_eq!((told.as_array().map(Vec::len), &told[0]["id"]), (Some(1), &json!(ids[1])), "{told}");
    assert_eq!(stage.verb("search").await.json().as_array().map(Vec::len), Some(1), "the others are not engaged by it");
    stage.verb("setup").await;
    for verb in ["search", "subscribe", "unsubscribe"] {
        let told = ask(verb).await.json();
        assert_eq!((told.as_array().map(Vec::len), &told[0]["id"]), (Some(1), &json!(ids[1])), "{verb}: {told}");
        assert_eq!(ask(&format!("{verb}&id={}", ids[0])).await.status, 403, "{verb}");
    }
    assert_eq!(ask("remove&ack=true").await.json().as_array().map(Vec::len), Some(1));
    assert_eq!(stage.verb("search").await.json().as_array().map(Vec::len), Some(2));
    stage.end().await;
}

#[actix_web::test]
async fn every_changing_verb_is_written_down_and_looking_is_not() {
    let mut stage = Stage::with(|plan| plan.reach = TokenReach::Unlisted).await;
    let one = stage.sandbox.account_ids()[0].clone();
    for verb in [
        format!("setup&id={one}"),
        "search".into(),
        "subscribe".into(),
        format!("remove&id={one},77"),
        format!("unsubscribe&id={one}"),
    ] {
        stage.verb(&verb).await;
    }
    stage.crash().await;
    let audit = stage.look("/api/audit").await.json();
    let told: Vec<_> = audit["data"]
        .as_array()
        .expect("records")
        .iter()
        .map(|record| (record["verb"].clone(), record["ids"].clone()))
        .collect();
    let one = json!(one);
    let expected = [
        (json!("setup"), json!([one])),
        (json!("subscribe"), json!([])),
        (json!("remove"), json!([one, "77"])),
        (json!("unsubscribe"), json!([one])),
    ];
    assert_eq!(told, expected);
    let record = &audit["data"][0];
    assert_eq!(
        (&record["who"], &record["gateway"], &record["address"]),
        (&json!("operator"), &json!("main"), &json!("127.0.0.1"))
    );
    assert!(record["result"].as_str().is_some_and(|result| result.contains("1 accounts")), "{record}");
    stage.end().await;
}
