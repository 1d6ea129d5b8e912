//! Media: uploaded, looked up and downloaded without a token of Meta's, and by nobody else.

use super::{ask, ask_as, is_refused, key, secret, with_graph};
use crate::harness::application::{Application, Reply};
use crate::harness::http;
use crate::harness::mail::{Line, letter};
use crate::harness::stage::{KEY, Stage, bearer};
use sha2::{Digest, Sha256};
use wharf::sandbox::media;

fn image(media: &str) -> String {
    let image = format!(r#""image":{{"mime_type":"image/jpeg","sha256":"x","id":"{media}"}}"#);
    format!(
        r#"{{"from":"491","id":"wamid.{media}","timestamp":"{}","type":"image",{image}}}"#,
        crate::harness::mail::now_s()
    )
}

fn form(bytes: &str) -> String {
    format!(
        "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n\
         {bytes}\r\n--b1\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--b1--\r\n"
    )
}

async fn upload(stage: &Stage, line: &Line, key: &str, body: &str) -> http::Answer {
    let authorization = bearer(key);
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "multipart/form-data; boundary=b1")];
    http::post(&format!("{}/v25.0/{}/media", stage.public, line.number), &headers, body.to_owned()).await
}

#[actix_web::test]
async fn an_uploaded_file_is_looked_up_downloaded_and_removed_with_our_key_alone() {
    let mut stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let uploaded = upload(&stage, &line, KEY, &form("hello")).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.text());
    let id = uploaded.json()["id"].as_str().expect("an id").to_owned();
    stage.restart().await;

    let node = ask(&stage, "GET", &format!("v24.0/{id}"), "").await;
    let host = &stage.public;
    assert_eq!((node.status, &node.json()["url"]), (200, &format!("{host}/v24.0/{id}/content").into()));
    assert_eq!(node.json()["id"], id.as_str());
    assert!(!node.text().contains(&stage.sandbox.graph_url()), "{}", node.text());

    let url = node.json()["url"].as_str().expect("a URL").to_owned();
    let content = http::get(&url, &[("Authorization", &bearer(KEY))]).await;
    let told = node.json()["sha256"].as_str().expect("a hash").to_owned();
    assert_eq!((content.status, hex::encode(Sha256::digest(&content.body))), (200, told));
    assert_eq!(content.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(http::get(&url, &[]).await.status, 401);
    let removed = ask(&stage, "DELETE", &id, "").await;
    assert_eq!((removed.status, removed.json()["success"].as_bool()), (200, Some(true)));
    stage.end().await;
}

#[actix_web::test]
async fn the_url_leads_to_the_public_url_of_the_settings() {
    let mut stage = Stage::engaged().await;
    stage.plan.server = "public_url = \"https://wa.example.com/hooks\"\n".into();
    stage.restart().await;
    let id = upload(&stage, &stage.line(0, 0), KEY, &form("x")).await.json()["id"].as_str().expect("an id").to_owned();
    let node = ask(&stage, "GET", &id, "").await;
    assert_eq!(node.json()["url"], format!("https://wa.example.com/hooks/v25.0/{id}/content"));
    stage.end().await;
}

#[actix_web::test]
async fn a_medium_is_his_whose_account_received_it_and_nobody_elses() {
    let mut stage = Stage::engaged_with(|plan| plan.numbers = 2).await;
    let (mine, sister, other) = (stage.line(0, 0), stage.line(0, 1), stage.line(1, 0));
    stage.plan.more = key("mine", &["send"], &format!("accounts = [\"{}\"]", mine.waba))
        + &key("number", &["send"], &format!("numbers = [\"{}\"]", mine.number))
        + &key("sister", &["send"], &format!("numbers = [\"{}\"]", sister.number))
        + &key("other", &["send"], &format!("accounts = [\"{}\"]", other.waba))
        + &key("looker", &["inspect", "manage", "admin"], "");
    stage.restart().await;
    let id = "210000000000077";
    is_refused(&ask_as(&stage, &secret("mine"), "GET", id, "").await, 400, 100);
    stage.take(letter(&mine, &[image(id)])).await;
    for name in ["mine", "number"] {
        let content = ask_as(&stage, &secret(name), "GET", &format!("v25.0/{id}/content"), "").await;
        assert_eq!((content.status, &content.body[..]), (200, &media::content(id)[..]), "{name}");
        assert_eq!(content.header("content-type"), Some("image/jpeg"));
    }
    for name in ["sister", "other"] {
        for path in [id.to_owned(), format!("{id}/content")] {
            let answer = ask_as(&stage, &secret(name), "GET", &path, "").await;
            is_refused(&answer, 400, 100);
            assert_eq!(answer.json()["error"]["error_subcode"], 33);
        }
        is_refused(&ask_as(&stage, &secret(name), "DELETE", id, "").await, 400, 100);
    }
    is_refused(&ask_as(&stage, &secret("looker"), "GET", id, "").await, 403, 10);
    stage.verb(&format!("remove&id={}", mine.waba)).await;
    is_refused(&ask(&stage, "GET", id, "").await, 400, 100);
    stage.end().await;
}

/// A fake Graph that knows one medium, whose URL is at `url`; a stage whose account received it.
async fn with_medium(
    url: impl Fn(&Application) -> String,
    sha256: &str,
    bytes: impl Fn(usize) -> Reply + Send + Sync + 'static,
) -> (Stage, Application) {
    let (stage, graph) = with_graph("").await;
    let node = format!(r#"{{"url":"{}","mime_type":"image/png","sha256":"{sha256}","id":"2001"}}"#, url(&graph));
    let asked = std::sync::atomic::AtomicUsize::new(0);
    graph.answer(move |delivery| match delivery.target.contains("/bytes") {
        true => bytes(asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
        false => Reply::Json(200, node.clone()),
    });
    stage.take(letter(&stage.line(0, 0), &[image("2001")])).await;
    graph.forget();
    (stage, graph)
}

fn at_graph(graph: &Application) -> String {
    graph.url("/bytes?mid=1")
}

#[actix_web::test]
async fn a_url_that_has_expired_is_asked_for_again_once() {
    let sha256 = hex::encode(Sha256::digest("picture"));
    for expired in [404, 401] {
        let bytes = move |nth| if nth == 0 { Reply::Status(expired) } else { Reply::Json(200, "picture".into()) };
        let (stage, graph) = with_medium(at_graph, &sha256, bytes).await;
        let content = ask(&stage, "GET", "2001/content", "").await;
        assert_eq!((content.status, content.text()), (200, "picture"));
        let targets: Vec<String> = graph.deliveries().iter().map(|asked| asked.target[..12].to_owned()).collect();
        assert_eq!(targets, ["GET /v25.0/2", "GET /bytes?m", "GET /v25.0/2", "GET /bytes?m"]);
        let token = bearer(&stage.sandbox.options().token);
        assert!(graph.deliveries().iter().all(|asked| asked.header("authorization") == token));
        stage.end().await;
    }
    let (stage, graph) = with_medium(at_graph, &sha256, |_| Reply::Status(404)).await;
    is_refused(&ask(&stage, "GET", "2001/content", "").await, 502, 131_052);
    assert_eq!(graph.deliveries().len(), 4, "once and no more");
    stage.end().await;
}

#[actix_web::test]
async fn bytes_that_are_not_what_their_hash_says_never_come_whole() {
    let wrong = hex::encode(Sha256::digest("another picture"));
    let (stage, _graph) = with_medium(at_graph, &wrong, |_| Reply::Json(200, "picture".into())).await;
    let url = format!("{}/v25.0/2001/content", stage.public);
    let got = http::try_ask("GET", &url, &[("Authorization", &bearer(KEY))], "").await;
    assert!(got.is_none(), "{got:?}");
    stage.end().await;
}

#[actix_web::test]
async fn the_token_goes_to_no_host_but_metas() {
    let stranger = Application::start().await;
    let there = stranger.url("/bytes");
    let (stage, graph) = with_medium(move |_| there.clone(), "", |_| Reply::Status(200)).await;
    is_refused(&ask(&stage, "GET", "2001/content", "").await, 502, 131_052);
    assert_eq!(graph.deliveries().len(), 1);
    assert!(stranger.deliveries().is_empty(), "{:?}", stranger.deliveries());
    stage.end().await;
}
