//! Who sees what under `/api`.

use crate::harness::application::{Reply, nobody};
use crate::harness::http;
use crate::harness::mail::{Line, letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use serde_json::{Value, json};
use wharf::sandbox::TokenReach;

const PATHS: [&str; 13] = [
    "/api/accounts",
    "/api/accounts/{waba}",
    "/api/accounts/{waba}/events",
    "/api/accounts/{waba}/dead",
    "/api/accounts/{waba}/dialogs",
    "/api/accounts/{waba}/messages",
    "/api/events/{waba}.1",
    "/api/messages/{message}",
    "/api/ledger",
    "/api/quarantine",
    "/api/quarantine?gateway=main",
    "/api/events/q.main.1",
    "/api/audit",
];

fn key(name: &str, more: &str) -> String {
    format!("[[key]]\nname = \"{name}\"\nsecret = \"{}\"\nscopes = [\"inspect\"]\n{more}\n", secret(name))
}

fn secret(name: &str) -> String {
    format!("key-called-{name}-0123456789abcdef")
}

/// Two gateways with an account each, mail and a waiting message for both, and strays of a third account.
async fn two() -> (Stage, [String; 2]) {
    let mut stage = Stage::with(|plan| {
        plan.gateways = vec!["main", "other"];
        plan.reach = TokenReach::Unlisted;
        plan.send = "send_wait = \"0s\"".into();
    })
    .await;
    let lines = [stage.line(0, 0), stage.line(1, 0)];
    stage.plan.more = key("main", "gateways = [\"main\"]")
        + &key("other", "gateways = [\"other\"]")
        + &key("client", &format!("accounts = [\"{}\"]", lines[1].waba));
    for (line, gateway) in lines.iter().zip(["main", "other"]) {
        for verb in ["setup", "subscribe"] {
            stage.verb_at(gateway, &format!("{verb}&id={}", line.waba)).await;
        }
    }
    stage.plan.graph = Some(format!("http://{}", nobody()));
    stage.restart().await;
    stage.app.answer(|_| Reply::With(503, "Retry-After", "60".into()));
    let mut messages = Vec::new();
    for (line, gateway) in lines.iter().zip(["main", "other"]) {
        stage.post_to(gateway, letter(line, &[text("wamid.1", "491")])).await;
        let sent = stage
            .send(
                &format!("{}/messages", line.number),
                r#"{"messaging_product":"whatsapp","to":"1","text":{"body":"x"}}"#,
            )
            .await;
        messages.push(sent.header("x-wharf-message").expect("an id").to_owned());
        let stray = Line { waba: format!("77{gateway}"), ..line.clone() };
        stage.post_to(gateway, letter(&stray, &[text("wamid.stray", "491")])).await;
    }
    let messages = messages.try_into().expect("two");
    (stage, messages)
}

#[actix_web::test]
async fn without_a_key_or_without_the_scope_nothing_is_shown() {
    let stage = Stage::engaged_with(|plan| plan.more = key("sender", "").replace("inspect", "send")).await;
    for path in PATHS {
        let bare = http::get(&format!("{}{path}", stage.ops).replace(['{', '}'], ""), &[]).await;
        assert_eq!((bare.status, &bare.json()["id"]), (401, &json!("wharf.auth.missing")), "{path}");
        assert!(bare.header("www-authenticate").is_some());
        let sender = stage.look_with(&path.replace(['{', '}'], ""), &secret("sender")).await;
        assert_eq!((sender.status, &sender.json()["id"]), (403, &json!("wharf.auth.forbidden")), "{path}");
    }
    let nothing = stage.look("/api/nothing").await;
    assert_eq!((nothing.status, &nothing.json()["id"]), (404, &json!("wharf.path.unknown")));
    stage.end().await;
}

#[actix_web::test]
async fn a_key_of_one_gateway_or_account_sees_nothing_of_the_other() {
    let (stage, messages) = two().await;
    let (mine, theirs) = (stage.line(0, 0), stage.line(1, 0));
    for name in ["other", "client"] {
        for path in PATHS {
            let path = path.replace("{waba}", &mine.waba).replace("{message}", &messages[0]);
            let answer = stage.look_with(&path, &secret(name)).await;
            let text = answer.text();
            assert!(!text.contains("77main") && !text.contains(&mine.number), "{name} {path}: {text}");
            if answer.status == 200 {
                assert!(!text.contains(&mine.waba), "{name} {path}: {text}");
            }
            if path.contains(&mine.waba) || path.contains("msg_") || path.contains("/q.") {
                assert_eq!(answer.status, 404, "{name} {path}: {text}");
            }
        }
        for path in &PATHS[..8] {
            let path = path.replace("{waba}", &theirs.waba).replace("{message}", &messages[1]);
            let answer = stage.look_with(&path, &secret(name)).await;
            assert_eq!(answer.status, 200, "{name} {path}: {}", answer.text());
        }
        let ledger = stage.look_with("/api/ledger", &secret(name)).await.json();
        assert_eq!(
            (&ledger["messages"]["submitted"], &ledger["balanced"]),
            (&json!(1), &json!(true)),
            "{name}: {ledger}"
        );
    }
    let strays = stage.look_with("/api/quarantine?gateway=other", &secret("other")).await.json();
    assert_eq!(
        (&strays["claims"][0]["claimed"], strays["events"].as_array().map(Vec::len)),
        (&json!("77other"), Some(1))
    );
    let strays = stage.look_with("/api/quarantine?gateway=other", &secret("client")).await.json();
    assert_eq!((&strays["claims"], &strays["events"]), (&json!([]), &json!([])), "not its account");
    let all = stage.look_with("/api/ledger", KEY).await.json();
    assert_eq!((&all["received"], &all["messages"]["submitted"]), (&json!(4), &json!(2)));
    let audit: Vec<Value> =
        stage.look_with("/api/audit", &secret("other")).await.json()["data"].as_array().expect("records").clone();
    assert!(!audit.is_empty() && audit.iter().all(|record| record["gateway"] == "other"));
    stage.end().await;
}

#[actix_web::test]
async fn a_wrong_key_is_slowed_down_here_too() {
    let stage = Stage::new().await;
    let began = std::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(
            http::get(&format!("{}/api/ledger", stage.ops), &[("Authorization", &bearer("wrong"))]).await.status,
            401
        );
    }
    assert!(began.elapsed() >= std::time::Duration::from_millis(690), "{:?}", began.elapsed());
    stage.end().await;
}
