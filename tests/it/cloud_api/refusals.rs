//! What is refused before Graph is asked.

use super::{ask, ask_as, is_refused, key, secret, with_graph};
use crate::harness::application::{Application, Reply};
use crate::harness::http;
use crate::harness::stage::{KEY, Stage};

/// A stage with one key per scope, and a fake Graph.
async fn with_keys(more: impl FnOnce(&Stage) -> String) -> (Stage, Application) {
    let (mut stage, graph) = with_graph("").await;
    stage.plan.more =
        ["admin", "inspect", "send", "manage"].map(|scope| key(scope, &[scope], "")).concat() + &more(&stage);
    stage.restart().await;
    graph.answer(|_| Reply::Json(200, r#"{"success":true}"#.into()));
    graph.forget();
    (stage, graph)
}

#[actix_web::test]
async fn each_request_takes_its_scope_and_no_other() {
    let (stage, graph) = with_keys(|_| String::new()).await;
    let line = stage.line(0, 0);
    let (waba, number) = (&line.waba, &line.number);
    let pin = r#"{"pin":"123456"}"#;
    for (method, path, body, scope) in [
        ("GET", waba.clone(), "", "inspect"),
        ("HEAD", number.clone(), "", "inspect"),
        ("GET", format!("{waba}/message_templates"), "", "inspect"),
        ("POST", format!("{waba}/message_templates"), "{}", "manage"),
        ("DELETE", format!("{waba}/message_templates?name=a"), "", "manage"),
        ("POST", number.clone(), r#"{"search_visibility":"VISIBLE"}"#, "manage"),
        ("POST", number.clone(), pin, "admin"),
        ("POST", format!("{number}?pin=123456"), "{}", "admin"),
        ("POST", format!("{number}/register"), pin, "admin"),
        ("POST", format!("{number}/Deregister"), "", "admin"),
        ("POST", format!("{waba}/assigned_users"), "{}", "admin"),
    ] {
        for other in ["admin", "inspect", "send", "manage"] {
            graph.forget();
            let answer = ask_as(&stage, &secret(other), method, &path, body).await;
            let passed = graph.deliveries().len();
            if other == scope {
                assert_eq!((answer.status, passed), (200, 1), "{method} {path} with {other}: {}", answer.text());
            } else {
                assert_eq!((answer.status, passed), (403, 0), "{method} {path} {body} with {other}");
                if method != "HEAD" {
                    is_refused(&answer, 403, 10);
                }
            }
        }
    }
    stage.end().await;
}

#[actix_web::test]
async fn an_object_that_is_not_the_keys_is_not_passed_on() {
    let (stage, graph) = with_keys(|stage| {
        let mine = stage.line(0, 0);
        key("of-account", &["inspect"], &format!("accounts = [\"{}\"]", mine.waba))
            + &key("of-number", &["inspect"], &format!("numbers = [\"{}\"]", mine.number))
            + &key("of-gateway", &["inspect"], "gateways = [\"main\"]")
    })
    .await;
    let (mine, other) = (stage.line(0, 0), stage.line(1, 0));
    let look = async |name: &str, path: &str| ask_as(&stage, &secret(name), "GET", path, "").await;
    for (name, path) in [
        ("of-account", &mine.waba),
        ("of-account", &mine.number),
        ("of-number", &mine.number),
        ("of-gateway", &other.waba),
    ] {
        assert_eq!(look(name, path).await.status, 200, "{name} {path}");
    }
    graph.forget();
    for (name, path) in [
        ("of-account", &other.waba),
        ("of-account", &other.number),
        ("of-number", &other.number),
        ("of-number", &mine.waba),
    ] {
        is_refused(&look(name, path).await, 403, 10);
    }
    let expanded = format!("{}?fields=owner_business%7Bclient_whatsapp_business_accounts%7D", mine.waba);
    is_refused(&look("of-account", &expanded).await, 400, 100);
    assert_eq!(graph.deliveries().len(), 0);
    assert_eq!(look("inspect", &expanded).await.status, 200, "a key for everything may look everywhere");
    stage.end().await;
}

#[actix_web::test]
async fn nobody_without_a_key_and_nothing_unknown_is_passed_on() {
    let (stage, graph) = with_keys(|_| String::new()).await;
    let line = stage.line(0, 0);
    for path in [&line.waba, "v25.0", "v25.0/", "1", "v25.0/1/2/3"] {
        let answer = http::get(&format!("{}/{path}", stage.public), &[]).await;
        is_refused(&answer, 401, 190);
        is_refused(&ask_as(&stage, "EAAGwrong", "GET", path, "").await, 401, 190);
    }
    for path in ["1", "v25.0/2001", "200000000000001/content", "1/phone_numbers"] {
        let answer = ask(&stage, "GET", path, "").await;
        is_refused(&answer, 400, 100);
        assert_eq!(answer.json()["error"]["error_subcode"], 33, "{path}");
    }
    assert_eq!(graph.deliveries().len(), 0);
    stage.end().await;
}

#[actix_web::test]
async fn nothing_smuggles_a_second_object_or_another_method() {
    let (stage, graph) = with_keys(|_| String::new()).await;
    let (mine, other) = (stage.line(0, 0), stage.line(1, 0));
    let address = stage.public.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address");
    for (method, target) in [
        ("GET", format!("/v25.0/?ids={}", other.waba)),
        ("GET", format!("/v25.0?ids={}", other.waba)),
        ("POST", "/".to_owned()),
        ("POST", "/v25.0/".to_owned()),
        ("GET", format!("/v25.0/{}?ids={}", mine.waba, other.waba)),
        ("GET", format!("/{}?%20method=delete", mine.waba)),
        ("GET", format!("/{}/../{}", mine.waba, other.waba)),
        ("GET", format!("/{}/%2e%2e/{}", mine.waba, other.waba)),
        ("GET", format!("/{}/a%2f..%2f{}", mine.waba, other.waba)),
        ("GET", format!("/{}//{}", mine.waba, other.waba)),
        ("GET", format!("/{},{}", mine.waba, other.waba)),
        ("PUT", format!("/{}", mine.waba)),
        ("POST", format!("/{}/subscribed_apps", mine.waba)),
        ("GET", format!("/{}/Subscribed_Apps", mine.waba)),
        ("POST", format!("/v25.0/{}/%6Dessages/", mine.number)),
    ] {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: wa.example.com\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 0\r\n\r\n"
        );
        let answer = http::raw(address, request.as_bytes()).await;
        assert!((400..405).contains(&answer.status), "{method} {target}: {}", answer.status);
    }
    assert!(graph.deliveries().is_empty(), "{:?}", graph.deliveries());
    stage.end().await;
}

#[actix_web::test]
async fn a_body_that_is_not_what_its_content_type_says_is_refused_in_graphs_shape() {
    let (stage, graph) = with_keys(|_| String::new()).await;
    let line = stage.line(0, 0);
    let form = "multipart/form-data; boundary=b1";
    let authorization = format!("Bearer {KEY}");
    for (kind, body, path) in [
        ("application/json", "--b1\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b1--\r\n", "media"),
        (form, r#"{"messaging_product":"whatsapp"}"#, "media"),
        ("multipart/form-data", "--b1\r\n\r\nx\r\n--b1--\r\n", "media"),
        ("application/json", r#"{"file":"x"}"#, "media"),
        (form, "", "media"),
        (form, r#"{"a":1}"#, "settings"),
        ("application/json", "--b1\r\n\r\nx\r\n--b1--\r\n", "settings"),
    ] {
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", kind)];
        let url = format!("{}/v25.0/{}/{path}", stage.public, line.number);
        is_refused(&http::try_ask("POST", &url, &headers, body.to_owned()).await.expect("an answer"), 400, 100);
    }
    assert_eq!(graph.deliveries().len(), 0);
    stage.end().await;
}
