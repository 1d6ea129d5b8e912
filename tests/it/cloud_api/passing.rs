//! What passes to Graph, and what comes back.

use super::{ask, asked, with_graph};
use crate::harness::application::Reply;
use crate::harness::http;
use crate::harness::stage::{KEY, Stage, bearer};

#[actix_web::test]
async fn a_request_reaches_graph_with_our_token_and_with_nothing_that_was_the_callers() {
    let (stage, graph) = with_graph("").await;
    let line = stage.line(0, 0);
    graph.answer(|_| Reply::Json(201, r#"{"id":"77","odd":[1,  2]}"#.into()));
    let (key, body) = (bearer(KEY), r#"{"name":"t",  "components":[]}"#);
    let headers = [
        ("Authorization", key.as_str()),
        ("Cookie", "session=1"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Secret", "mine"),
        ("TE", "trailers"),
    ];
    let path = format!("v23.0/{}/message_templates?access_token=EAAGcallers&limit=5&name=%C3%A4+b", line.waba);
    let answer = http::post(&format!("{}/{path}", stage.public), &headers, body).await;
    assert_eq!((answer.status, answer.text()), (201, r#"{"id":"77","odd":[1,  2]}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));

    let [sent] = &asked(&graph, &line.waba)[..] else { panic!("one request: {:?}", graph.deliveries()) };
    let (target, proof) = sent.target.split_once("&appsecret_proof=").expect("a proof");
    assert_eq!(target, format!("POST /v23.0/{}/message_templates?limit=5&name=%C3%A4+b", line.waba));
    assert_eq!(proof.len(), 64, "{proof}");
    assert_eq!(sent.body, body.as_bytes());
    assert_eq!(sent.header("authorization"), bearer(&stage.sandbox.options().token));
    assert_eq!(sent.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(sent.header("content-length"), body.len().to_string());
    assert_eq!(sent.header("host"), graph.address.to_string());
    for name in ["cookie", "x-forwarded-for", "x-secret", "te", "transfer-encoding"] {
        assert_eq!(sent.header(name), "", "{name}");
    }
    stage.end().await;
}

#[actix_web::test]
async fn every_method_passes_with_and_without_a_version() {
    let (stage, graph) = with_graph("").await;
    let line = stage.line(0, 0);
    graph.answer(|_| Reply::Json(200, r#"{"success":true}"#.into()));
    for (method, path, seen) in [
        ("GET", line.waba.clone(), format!("GET /v25.0/{}", line.waba)),
        ("HEAD", line.waba.clone(), format!("HEAD /v25.0/{}", line.waba)),
        ("GET", format!("v24.0/{}/", line.number), format!("GET /v24.0/{}", line.number)),
        ("GET", format!("{}/settings", line.number), format!("GET /v25.0/{}/settings", line.number)),
        ("DELETE", format!("{}/block_users", line.number), format!("DELETE /v25.0/{}/block_users", line.number)),
        ("POST", format!("{}/groups", line.number), format!("POST /v25.0/{}/groups", line.number)),
    ] {
        graph.forget();
        let body = if method == "DELETE" || method == "POST" { r#"{"a":1}"# } else { "" };
        let answer = ask(&stage, method, &path, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        assert_eq!(answer.text().is_empty(), method == "HEAD");
        let [sent] = &graph.deliveries()[..] else { panic!("{method} {path}: {:?}", graph.deliveries()) };
        assert!(sent.target.starts_with(&format!("{seen}?appsecret_proof=")), "{}", sent.target);
        assert_eq!(sent.body, body.as_bytes(), "{method} {path}");
    }
    stage.end().await;
}

#[actix_web::test]
async fn graphs_refusals_and_its_usage_come_back_as_they_are() {
    let (stage, graph) = with_graph("").await;
    let line = stage.line(0, 0);
    let refusal = r#"{"error":{"message":"(#100) no","type":"OAuthException","code":100,"fbtrace_id":"A"}}"#;
    graph.answer(|_| Reply::Json(400, refusal.into()));
    let answer = ask(&stage, "GET", &format!("{}/flows", line.waba), "").await;
    assert_eq!((answer.status, answer.text()), (400, refusal));
    let usage = r#"{"1":[{"type":"x","call_count":7}]}"#;
    graph.answer(|_| Reply::With(200, "x-business-use-case-usage", usage.into()));
    let answer = ask(&stage, "GET", &format!("{}/flows", line.waba), "").await;
    assert_eq!(answer.header("x-business-use-case-usage"), Some(usage));
    graph.answer(|_| Reply::With(302, "location", "https://elsewhere.example/?access_token=x".into()));
    let answer = ask(&stage, "GET", &format!("{}/flows", line.waba), "").await;
    assert_eq!((answer.status, answer.header("location")), (302, None), "followed by nobody");
    stage.end().await;
}

#[actix_web::test]
async fn no_token_comes_back_neither_in_a_paging_link_nor_in_an_error() {
    let (stage, graph) = with_graph("").await;
    let (line, token) = (stage.line(0, 0), stage.sandbox.options().token.clone());
    let page =
        format!(r#"{{"data":[],"paging":{{"next":"https://graph.example/v25.0/9?access_token={token}&after=Q"}}}}"#);
    for status in [200, 400] {
        let told = page.clone();
        graph.answer(move |_| Reply::Json(status, told.clone()));
        let answer = ask(&stage, "GET", &format!("{}/phone_numbers", line.waba), "").await;
        assert_eq!((answer.status, answer.body.len()), (status, page.len()));
        assert!(!answer.text().contains(&token) && answer.text().contains("&after=Q"), "{}", answer.text());
    }
    stage.end().await;
}

#[actix_web::test]
async fn the_paths_of_gateways_stay_theirs() {
    let stage = Stage::engaged().await;
    assert_eq!(stage.verb("search").await.status, 200);
    let line = stage.line(0, 0);
    let node = ask(&stage, "GET", &format!("v25.0/{}?fields=id,name", line.waba), "").await;
    assert_eq!((node.status, node.json()["id"].as_str()), (200, Some(line.waba.as_str())), "{}", node.text());
    let number = ask(&stage, "GET", &line.number, "").await;
    assert_eq!((number.status, number.json()["id"].as_str()), (200, Some(line.number.as_str())));
    assert_eq!(ask(&stage, "GET", "nobody", "").await.json()["id"], "wharf.path.unknown");
    assert_eq!(ask(&stage, "GET", "nobody/at/all", "").await.json()["id"], "wharf.path.unknown");
    stage.end().await;
}

#[actix_web::test]
async fn who_changed_something_at_meta_is_kept() {
    let (stage, graph) = with_graph("").await;
    let line = stage.line(0, 0);
    graph.answer(|_| Reply::Json(200, r#"{"success":true}"#.into()));
    ask(&stage, "GET", &format!("{}/settings", line.number), "").await;
    ask(&stage, "POST", &format!("{}/register", line.number), r#"{"pin":"123456"}"#).await;
    let audit = stage.look("/api/audit").await;
    assert!(audit.text().contains("POST register") && audit.text().contains(&line.number), "{}", audit.text());
    assert!(!audit.text().contains("123456") && !audit.text().contains("GET"), "{}", audit.text());
    stage.end().await;
}

#[actix_web::test]
async fn a_graph_that_is_away_is_an_outage_in_graphs_words() {
    let mut stage = Stage::engaged().await;
    stage.plan.graph = Some(format!("http://{}", crate::harness::application::nobody()));
    stage.restart().await;
    let answer = ask(&stage, "GET", &stage.line(0, 0).waba, "").await;
    super::is_refused(&answer, 503, 2);
    assert_eq!(answer.json()["error"]["is_transient"], true);
    assert!(answer.header("retry-after").is_some());
    stage.end().await;
}
