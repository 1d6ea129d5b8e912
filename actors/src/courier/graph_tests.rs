//! The client for Graph, against a server on port 0.
#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::net::TcpListener;

use serde_json::json;

use super::*;
use crate::cloud::refusal::Retry;
use crate::courier::call::Kind;
use crate::courier::fake::{Fake, Reply, gateway};
use crate::gateway::Secret;

fn message() -> Call {
    Call::send("901/messages", Bytes::from_static(br#"{"to":"1"}"#))
}

fn settings(base_url: String) -> GraphSettings {
    GraphSettings { base_url, version: "v25.0".into() }
}

#[actix_rt::test]
async fn the_token_travels_in_a_header_and_every_call_carries_the_proof() {
    let fake = Fake::start(|_| Reply::Json(200, json!({"success": true})));
    let (graph, access) = (fake.graph(), Access::of(&gateway()));
    let calls = [
        Call::get("102/phone numbers").query("fields", "id,name{x}"),
        Call::delete("102/subscribed_apps"),
        message(),
        Call::post("oauth", Body::Form(vec![("a b".into(), "c&d".into())])).version("v24.0"),
    ];
    for call in calls {
        graph.call(&access, call).await.unwrap();
    }
    let seen = fake.seen();
    assert_eq!(seen[0].path, "/v25.0/102/phone%20numbers");
    assert_eq!(seen[0].query["fields"], "id,name{x}");
    assert_eq!(seen[3].path, "/v24.0/oauth");
    assert_eq!(seen[3].body, "a+b=c%26d");
    assert_eq!(seen[2].headers["content-type"], "application/json");
    for seen in seen {
        assert_eq!(seen.headers["authorization"], "Bearer EAAG-secret-token");
        assert_eq!(seen.query["appsecret_proof"], access.proof().unwrap());
        assert!(!seen.uri.contains("EAAG") && !seen.uri.contains("current"), "{}", seen.uri);
    }
}

#[actix_rt::test]
async fn the_proof_is_left_out_only_without_an_app_secret() {
    let fake = Fake::start(|_| Reply::Json(200, json!({})));
    let access = Access { app_secret: None, ..Access::of(&gateway()) };
    fake.graph().call(&access, Call::get("102")).await.unwrap();
    assert_eq!(fake.seen()[0].uri, "/v25.0/102");
}

#[actix_rt::test]
async fn a_refusal_is_kept_whole_whatever_its_status() {
    let object = r#"{"message":"(#131056) slow down","code":131056,"type":"OAuthException","brand_new":[1]}"#;
    for status in [200, 206, 301, 400, 500] {
        let body = format!(r#"{{"error":{object}}}"#);
        let fake = Fake::start(move |_| {
            Reply::Raw(status, vec![("Location", "/elsewhere".into())], body.clone().into_bytes())
        });
        match fake.graph().call(&Access::of(&gateway()), message()).await {
            Err(Fault::Refused(refusal)) => {
                assert_eq!(refusal.object, object.as_bytes());
                assert_eq!((refusal.http_status, refusal.code), (status, Some(131_056)));
                assert_eq!(refusal.class(), Retry::Transient);
            }
            other => panic!("{status}: {other:?}"),
        }
        assert_eq!(fake.seen().len(), 1, "no redirect is followed");
    }
}

#[actix_rt::test]
async fn an_answer_is_kept_byte_for_byte() {
    for body in ["", "null", "[]", "{ \"a\" : 1e2 }", r#"{"error":null}"#] {
        let fake = Fake::start(move |_| Reply::Raw(201, vec![], body.as_bytes().to_vec()));
        let answer = fake.graph().call(&Access::of(&gateway()), message()).await.unwrap();
        assert_eq!(answer, Answer { http_status: 201, body: Bytes::from_static(body.as_bytes()) });
    }
}

#[actix_rt::test]
async fn a_send_without_an_answer_in_time_is_unknown() {
    let fake = Fake::start(|_| Reply::Late(Duration::from_secs(60), Box::new(Reply::Json(200, json!({})))));
    for call in [message(), Call::get("102")] {
        let fault = fake.graph().call(&Access::of(&gateway()), call.timeout(Duration::from_millis(200))).await;
        assert!(matches!(fault, Err(Fault::Unknown { .. })), "{fault:?}");
    }
}

#[actix_rt::test]
async fn a_send_whose_connection_breaks_after_it_was_written_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let graph = Graph::new(&settings(format!("http://{}", listener.local_addr().unwrap())), GraphLimits::default());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        stream.read(&mut buffer).unwrap()
    });
    let fault = graph.call(&Access::of(&gateway()), message()).await;
    assert!(matches!(fault, Err(Fault::Unknown { .. })), "{fault:?}");
    assert!(server.join().unwrap() > 0, "the request had arrived");
}

#[actix_rt::test]
async fn a_send_that_finds_no_connection_was_not_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for base in [format!("http://{closed}"), "http://nowhere.invalid".into(), "nonsense".into()] {
        let graph = Graph::new(&settings(base.clone()), GraphLimits::default());
        let fault = graph.call(&Access::of(&gateway()), message()).await;
        assert!(matches!(fault, Err(Fault::NotSent { .. })), "{base}: {fault:?}");
    }
}

#[actix_rt::test]
async fn a_send_whose_handshake_never_ends_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let limits = GraphLimits { connect: Duration::from_millis(200), ..GraphLimits::default() };
    let patient = Graph::new(&settings(base.clone()), limits).call(&Access::of(&gateway()), message()).await;
    assert!(matches!(patient, Err(Fault::NotSent { .. })), "{patient:?}");
    // The same where the call's own time-out comes first.
    let hasty = message().timeout(Duration::from_millis(100));
    let hasty = Graph::new(&settings(base), GraphLimits::default()).call(&Access::of(&gateway()), hasty).await;
    assert!(matches!(hasty, Err(Fault::NotSent { .. })), "{hasty:?}");
}

#[actix_rt::test]
async fn a_token_that_no_header_carries_is_a_fault_and_no_panic() {
    let access = Access { token: Secret::new("a\nb"), app_secret: None };
    let graph = Graph::new(&settings("http://127.0.0.1:1".into()), GraphLimits::default());
    let fault = graph.call(&access, message()).await.unwrap_err();
    assert!(fault.to_string().contains("whatsapp_token"), "{fault}");
}

#[actix_rt::test]
async fn an_endless_answer_is_cut_off() {
    let fake = Fake::start(|_| Reply::Raw(200, vec![], vec![b' '; 5000]));
    let graph = fake.graph_with(GraphLimits { answer_bytes: 4999, ..GraphLimits::default() });
    let fault = graph.call(&Access::of(&gateway()), Call::get("102")).await;
    assert!(matches!(fault, Err(Fault::TooLarge { http_status: 200, limit: 4999 })), "{fault:?}");
}

#[actix_rt::test]
async fn slow_management_calls_do_not_starve_sends() {
    let fake = Fake::start(|seen| match seen.method.as_str() {
        "GET" => Reply::Late(Duration::from_secs(2), Box::new(Reply::Json(200, json!({})))),
        _ => Reply::Json(200, json!({})),
    });
    let limits = GraphLimits { management: 1, permit_wait: Duration::from_millis(100), ..GraphLimits::default() };
    let (graph, access) = (fake.graph_with(limits), Access::of(&gateway()));
    let slow = Call::get("1").timeout(Duration::from_millis(600));
    let (first, second, sent) = futures_util::future::join3(
        graph.call(&access, slow.clone()),
        graph.call(&access, slow),
        graph.call(&access, message()),
    )
    .await;
    assert!(matches!(first, Err(Fault::Unknown { .. })), "{first:?}");
    assert!(matches!(second, Err(Fault::NotSent { .. })), "{second:?}");
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(message().kind, Kind::Send);
}

#[actix_rt::test]
async fn more_sends_than_any_pool_limit_are_under_way_at_once() {
    let fake = Fake::start(|_| Reply::Late(Duration::from_millis(1500), Box::new(Reply::Json(200, json!({})))));
    let (graph, access) = (fake.graph(), Access::of(&gateway()));
    let begun = std::time::Instant::now();
    let sends = (0..200).map(|_| graph.call(&access, message()));
    let answers = futures_util::future::join_all(sends).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(
        begun.elapsed() < Duration::from_millis(2900),
        "{:?}: a pool of 100 would need two rounds",
        begun.elapsed()
    );
}
