//! What Wharf refuses before Graph is asked, in Graph's shape.

use super::{send, text_to};
use crate::harness::http;
use crate::harness::stage::{KEY, Stage, bearer};
use serde_json::json;

fn is_graphs_shape(answer: &http::Answer, status: u16, code: i64) {
    let told = answer.json();
    let error = &told["error"];
    assert_eq!((answer.status, &error["code"]), (status, &json!(code)), "{}", answer.text());
    assert!(error["message"].is_string() && error["type"] == "OAuthException", "{told}");
    assert_eq!(error["is_transient"], false, "{told}");
    assert_eq!(answer.header("x-wharf-message"), None);
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
}

#[actix_web::test]
async fn what_graph_could_never_take_is_refused_before_it_is_asked() {
    let stage = Stage::engaged().await;
    let path = format!("v25.0/{}/messages", stage.line(0, 0).number);
    for body in [
        "",
        "to=1",
        "[]",
        "null",
        "{",
        r#"{"to":"1"}"#,
        r#"{"messaging_product":"whatsapp"}"#,
        r#"{"messaging_product":"whatsapp","to":""}"#,
    ] {
        is_graphs_shape(&stage.send(&path, body).await, 400, 100);
    }
    let too_large = stage.send(&path, "x".repeat((4 << 20) + 1)).await;
    assert_eq!(too_large.json()["error"]["type"], "OAuthException", "{}", too_large.text());
    assert_eq!(stage.sandbox.stats().view().sends, 0);
    assert_eq!(stage.ledger().await["messages"]["submitted"], 0);
    stage.end().await;
}

#[actix_web::test]
async fn a_number_that_is_not_engaged_is_graphs_code_100_subcode_33() {
    let stage = Stage::new().await;
    let line = stage.line(0, 0);
    for number in [line.number.as_str(), "1", "me"] {
        let answer = stage.send(&format!("v25.0/{number}/messages"), text_to("1")).await;
        is_graphs_shape(&answer, 400, 100);
        assert_eq!(answer.json()["error"]["error_subcode"], 33);
    }
    stage.verb("setup").await;
    assert_eq!(send(&stage, &line, "49151").await.status, 200, "engaged is enough for sending");
    stage.end().await;
}

#[actix_web::test]
async fn a_wrong_key_is_190_and_one_that_may_not_is_10() {
    let mut stage = Stage::engaged().await;
    let (mine, other) = (stage.line(0, 0), stage.line(1, 0));
    let key = |name: &str, scope: &str, more: &str| {
        format!(
            "[[key]]\nname = \"{name}\"\nsecret = \"key-called-{name}-0123456789abcdef\"\nscopes = [\"{scope}\"]\n{more}\n"
        )
    };
    stage.plan.more = key("looker", "inspect", "")
        + &key("of-number", "send", &format!("numbers = [\"{}\"]", mine.number))
        + &key("of-account", "send", &format!("accounts = [\"{}\"]", mine.waba));
    stage.restart().await;
    let ask = async |number: &str, headers: &[(&str, &str)]| {
        http::post(&format!("{}/v25.0/{number}/messages", stage.public), headers, text_to("1")).await
    };
    is_graphs_shape(&ask(&mine.number, &[]).await, 401, 190);
    is_graphs_shape(&ask(&mine.number, &[("Authorization", "Bearer EAAGwrong")]).await, 401, 190);
    for (name, number, status, code) in [
        ("looker", &mine.number, 403, 10),
        ("of-number", &other.number, 403, 10),
        ("of-account", &other.number, 403, 10),
        ("of-number", &mine.number, 200, 0),
        ("of-account", &mine.number, 200, 0),
    ] {
        let answer = ask(number, &[("Authorization", &bearer(&format!("key-called-{name}-0123456789abcdef")))]).await;
        match status {
            200 => assert_eq!(answer.status, 200, "{name}: {}", answer.text()),
            _ => is_graphs_shape(&answer, status, code),
        }
    }
    stage.end().await;
}

#[actix_web::test]
async fn other_methods_and_nodes_are_not_taken_for_messages() {
    let stage = Stage::engaged().await;
    let number = stage.line(0, 0).number;
    let got = http::get(&format!("{}/v25.0/{number}/messages", stage.public), &[("Authorization", &bearer(KEY))]).await;
    assert_eq!(got.status, 405);
    for written in ["messages/", "Messages", "messages/x"] {
        is_graphs_shape(&stage.send(&format!("v25.0/{number}/{written}"), text_to("1")).await, 400, 100);
    }
    assert_ne!(stage.send(&format!("latest/{number}/messages"), text_to("1")).await.status, 200);
    assert_eq!(stage.sandbox.stats().view().sends, 0);
    stage.end().await;
}
