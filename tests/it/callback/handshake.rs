//! `GET /{uri}?hub.mode=subscribe…` and the requests that are nothing at all.

use crate::harness::http::{self, raw};
use crate::harness::stage::{Stage, VERIFY};

async fn shake(stage: &Stage, query: &str) -> http::Answer {
    http::get(&format!("{}/main?{query}", stage.public), &[]).await
}

#[actix_web::test]
async fn the_right_token_gets_the_challenge_back_as_plain_text() {
    let stage = Stage::new().await;
    let answer =
        shake(&stage, &format!("hub.mode=subscribe&hub.challenge=%3Cb%3E1158&hub.verify_token={VERIFY}")).await;
    assert_eq!((answer.status, answer.text()), (200, "<b>1158"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    stage.end().await;
}

#[actix_web::test]
async fn a_wrong_or_absent_token_is_refused_and_the_challenge_kept() {
    let stage = Stage::new().await;
    for query in [
        "hub.mode=subscribe&hub.challenge=1158&hub.verify_token=wrong",
        "hub.mode=subscribe&hub.challenge=1158&hub.verify_token=",
        "hub.mode=subscribe&hub.challenge=1158",
        &format!("hub.mode=unsubscribe&hub.challenge=1158&hub.verify_token={VERIFY}"),
    ] {
        let answer = shake(&stage, query).await;
        assert_eq!((answer.status, &answer.json()["id"]), (403, &"wharf.handshake.refused".into()), "{query}");
        assert!(!answer.text().contains("1158") && !answer.text().contains(VERIFY), "{}", answer.text());
    }
    stage.end().await;
}

#[actix_web::test]
async fn other_methods_paths_and_queries_are_told_apart() {
    let stage = Stage::new().await;
    let address = stage.public.trim_start_matches("http://").parse().expect("an address");
    for method in ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = format!("{method} /main HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let mut connection = http::Raw::connect(address).await;
        connection.write(request.as_bytes()).await;
        let answer = connection.head().await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, POST")), "{method}");
    }
    let unknown = raw(address, b"GET /elsewhere?hub.mode=subscribe HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!((unknown.status, &unknown.json()["id"]), (404, &"wharf.path.unknown".into()));
    for path in ["/", "/main/", "/main/more"] {
        assert_eq!(http::get(&format!("{}{path}", stage.public), &[]).await.status, 404, "{path}");
    }
    let posted = stage.post_to("elsewhere", "{}").await;
    assert_eq!(posted.status, 404);
    for query in ["", "hello=1", "whatsap=search"] {
        let bare = shake(&stage, query).await;
        assert_eq!((bare.status, &bare.json()["id"]), (400, &"wharf.query.unknown".into()), "{query}");
    }
    stage.end().await;
}
