//! The client for endpoints, against a sink on port 0.
#![allow(clippy::unwrap_used)]

use std::net::TcpListener;

use serde_json::json;

use super::*;
use crate::courier::fake::{Fake, Reply};
use crate::courier::gate::Gates;

const TIMEOUT: Duration = Duration::from_secs(5);

fn endpoint(url: &str) -> Endpoint {
    Endpoint::new(url, Gates::default().gate(url, 32), Addresses::Any).unwrap()
}

async fn post(url: &str, timeout: Duration) -> PostOutcome {
    RouteClient::default().post(&endpoint(url), vec![], Bytes::from_static(b"{}"), timeout).await
}

#[actix_rt::test]
async fn a_delivery_arrives_as_it_was_handed_over() {
    let fake = Fake::start(|_| Reply::Raw(204, vec![], vec![]));
    let url = fake.url.replace("http://", "http://us%40er:pa:ss@") + "/hook?key=1";
    let headers = vec![(HeaderName::from_static("webhook-id"), HeaderValue::from_static("102.7"))];
    let outcome = RouteClient::default().post(&endpoint(&url), headers, Bytes::from_static(b"body"), TIMEOUT).await;
    assert_eq!(outcome, PostOutcome::Answered { status: 204, retry_after: None, excerpt: String::new() });
    let seen = &fake.seen()[0];
    assert_eq!((seen.method.as_str(), seen.uri.as_str()), ("POST", "/hook?key=1"));
    assert_eq!(seen.headers["webhook-id"], "102.7");
    assert_eq!(seen.headers["authorization"], format!("Basic {}", BASE64_STANDARD.encode("us@er:pa:ss")));
    assert_eq!(seen.body, "body");
}

#[actix_rt::test]
async fn redirects_are_answers_and_are_not_followed() {
    let fake = Fake::start(|_| Reply::Raw(302, vec![("Location", "/elsewhere".into())], vec![]));
    let outcome = post(&fake.url, TIMEOUT).await;
    assert!(matches!(outcome, PostOutcome::Answered { status: 302, .. }), "{outcome:?}");
    assert_eq!(fake.seen().len(), 1);
}

#[actix_rt::test]
async fn a_long_answer_is_shown_by_its_first_bytes_only() {
    let fake = Fake::start(|_| Reply::Raw(500, vec![("Retry-After", "120".into())], vec![b'\n'; 1 << 20]));
    let outcome = post(&fake.url, TIMEOUT).await;
    let expected = PostOutcome::Answered {
        status: 500,
        retry_after: Some(Duration::from_secs(120)),
        excerpt: " ".repeat(EXCERPT_BYTES),
    };
    assert_eq!(outcome, expected);
}

#[actix_rt::test]
async fn silence_is_a_failure_with_a_connection_and_a_closed_port_one_without() {
    let late = || Reply::Late(Duration::from_secs(60), Box::new(Reply::Json(200, json!({}))));
    let fake = Fake::start(move |_| late());
    let silent = post(&fake.url, Duration::from_millis(200)).await;
    assert!(matches!(silent, PostOutcome::Failed { connected: true, .. }), "{silent:?}");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = post(&format!("http://{closed}/"), TIMEOUT).await;
    assert!(matches!(refused, PostOutcome::Failed { connected: false, .. }), "{refused:?}");
}

#[actix_rt::test]
async fn an_endpoint_that_hangs_up_was_connected() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || drop(listener.accept().unwrap()));
    let outcome = post(&url, TIMEOUT).await;
    assert!(matches!(outcome, PostOutcome::Failed { connected: true, .. }), "{outcome:?}");
    server.join().unwrap();
}

#[actix_rt::test]
async fn a_slow_endpoint_holds_up_no_other() {
    let slow = Fake::start(|_| Reply::Late(Duration::from_millis(500), Box::new(Reply::Json(200, json!({})))));
    let quick = Fake::start(|_| Reply::Json(200, json!({})));
    let client = RouteClient::default();
    let late = endpoint(&slow.url);
    let other = endpoint(&quick.url);
    let begun = std::time::Instant::now();
    let waiting = futures_util::future::join_all((0..4).map(|_| client.post(&late, vec![], Bytes::new(), TIMEOUT)));
    let quick = async {
        client.post(&other, vec![], Bytes::new(), TIMEOUT).await;
        begun.elapsed()
    };
    let (all, quick) = futures_util::future::join(waiting, quick).await;
    assert!(all.iter().all(|outcome| matches!(outcome, PostOutcome::Answered { status: 200, .. })));
    assert!(quick < Duration::from_millis(400), "{quick:?}");
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = httpdate::parse_http_date("Sun, 22 Nov 2026 10:00:00 GMT").unwrap();
    let read = |text| retry_after(text, now);
    assert_eq!(read(" 30 "), Some(Duration::from_secs(30)));
    assert_eq!(read("Sun, 22 Nov 2026 10:01:00 GMT"), Some(Duration::from_secs(60)));
    assert_eq!(read("Sun, 22 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(read("-1"), None);
    assert_eq!(read("soon"), None);
}

#[test]
fn what_is_no_url_is_refused_with_the_reason() {
    let gate = Gates::default().gate("x", 1);
    for url in ["", "/hook", "ftp://a/", "http://", "http://a b/", "bot.example.com"] {
        assert!(Endpoint::new(url, gate.clone(), Addresses::Any).is_err(), "{url}");
    }
    assert!(Endpoint::new("https://[::1]:8443/x", gate, Addresses::Any).is_ok());
}

#[actix_rt::test]
async fn a_route_for_public_addresses_reaches_no_other_by_number_or_by_name() {
    let fake = Fake::start(|_| Reply::Json(200, json!({})));
    let gate = Gates::default().gate("x", 1);
    for url in ["http://127.0.0.1:1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest"] {
        assert!(Endpoint::new(url, gate.clone(), Addresses::Public).is_err(), "{url}");
    }
    let port = fake.url.rsplit_once(':').unwrap().1;
    for host in ["localhost", "127.1", "2130706433"] {
        let endpoint = Endpoint::new(&format!("http://{host}:{port}/"), gate.clone(), Addresses::Public).unwrap();
        let outcome = RouteClient::default().post(&endpoint, vec![], Bytes::new(), TIMEOUT).await;
        let PostOutcome::Failed { reason, connected: false } = outcome else { panic!("{host}: {outcome:?}") };
        assert!(reason.contains("not public"), "{host}: {reason}");
    }
    assert!(fake.seen().is_empty());
}
