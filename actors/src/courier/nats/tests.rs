//! The client for queues, against a server on port 0.
#![allow(clippy::unwrap_used)]

use super::fake::{FakeNats, Reply};
use super::*;
use crate::courier::gate::Gates;

const TIMEOUT: Duration = Duration::from_secs(5);
/// For what is expected to time out.
const SHORT: Duration = Duration::from_millis(300);

fn queue(url: &str) -> Queue {
    Queue::new(url, None, Gates::default().gate(url, 32)).unwrap()
}

async fn publish(client: &NatsClient, url: &str, timeout: Duration) -> Published {
    let headers = vec![("Nats-Msg-Id", "102.7".to_owned()), ("X-Broken", "a\r\nb".to_owned())];
    client.publish(&queue(url), "wharf.x".into(), headers, Bytes::from_static(b"{}"), timeout).await
}

fn why(published: Published) -> (bool, String) {
    match published {
        Published::Failed { reason, connected } => (connected, reason),
        Published::Acknowledged => panic!("acknowledged"),
    }
}

#[actix_rt::test]
async fn an_event_is_delivered_when_a_stream_has_it_and_a_duplicate_is_too() {
    let fake = FakeNats::start();
    let client = NatsClient::default();
    for _ in 0..2 {
        assert_eq!(publish(&client, &fake.url(), TIMEOUT).await, Published::Acknowledged);
    }
    let (tried, kept) = (fake.tried(), fake.kept());
    assert_eq!((tried.len(), kept.len(), fake.logins().len()), (2, 1, 1), "one connection, one message");
    assert_eq!((&*kept[0].subject, &*kept[0].body), ("wharf.x", &b"{}"[..]));
    assert_eq!((kept[0].header("Nats-Msg-Id"), kept[0].headers.len()), ("102.7", 1));
}

#[actix_rt::test]
async fn a_refusal_no_stream_and_a_stranger_are_failures_with_their_reason() {
    let fake = FakeNats::start();
    let client = NatsClient::default();
    let cases = [
        (
            Reply::Say(
                r#"{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"},"stream":"S"}"#,
            ),
            "JetStream refused it: 503 (10077) maximum messages exceeded",
        ),
        (Reply::NoStream, "no stream takes wharf.x: create one"),
        (Reply::Say("+OK"), "somebody other than JetStream answered"),
        (Reply::Say("{}"), "somebody other than JetStream answered"),
    ];
    for (reply, expected) in cases {
        fake.answer(move |_| reply.clone());
        let (connected, reason) = why(publish(&client, &fake.url(), TIMEOUT).await);
        assert!(connected && reason.starts_with(expected), "{reason}");
    }
}

#[actix_rt::test]
async fn silence_is_a_failure_with_a_connection_and_a_closed_port_one_without() {
    let mut fake = FakeNats::start();
    let client = NatsClient::default();
    fake.answer(|_| Reply::Nothing);
    let (connected, reason) = why(publish(&client, &fake.url(), SHORT).await);
    assert!(connected && reason.starts_with("no acknowledgement within"), "{reason}");
    fake.down();
    let (connected, reason) = why(publish(&NatsClient::default(), &fake.url(), TIMEOUT).await);
    assert!(!connected && reason.starts_with("no connection"), "{reason}");
}

#[actix_rt::test]
async fn a_server_that_says_nothing_at_all_is_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let (connected, reason) = why(publish(&NatsClient::default(), &url, SHORT).await);
    assert!(!connected && reason.starts_with("no connection within"), "{reason}");
}

#[actix_rt::test]
async fn a_hang_up_fails_at_once_and_a_server_that_comes_back_is_found() {
    let mut fake = FakeNats::start();
    let client = NatsClient::default();
    fake.answer(|_| Reply::HangUp);
    let begun = Instant::now();
    let (connected, reason) = why(publish(&client, &fake.url(), TIMEOUT).await);
    assert!(connected && reason.contains("connection was lost"), "{reason}");
    assert!(begun.elapsed() < TIMEOUT, "it waited for an answer that could not come");
    fake.down();
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let (connected, reason) = why(publish(&client, &fake.url(), SHORT).await);
        if !connected && reason.contains("refused") {
            break;
        }
        assert!(Instant::now() < deadline, "no attempt saw that nobody listens: {reason}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    fake.answer(|_| Reply::Keep);
    fake.up();
    let deadline = Instant::now() + Duration::from_secs(15);
    while publish(&client, &fake.url(), SHORT).await != Published::Acknowledged {
        assert!(Instant::now() < deadline, "the connection did not come back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(fake.kept().len(), 1);
}

#[actix_rt::test]
async fn a_connection_that_breaks_while_the_server_is_up_is_had_back_by_the_client() {
    let fake = FakeNats::start();
    let client = NatsClient::default();
    assert_eq!(publish(&client, &fake.url(), TIMEOUT).await, Published::Acknowledged);
    fake.answer(|_| Reply::HangUp);
    why(publish(&client, &fake.url(), TIMEOUT).await);
    fake.answer(|_| Reply::Keep);
    let deadline = Instant::now() + TIMEOUT;
    while publish(&client, &fake.url(), SHORT).await != Published::Acknowledged {
        assert!(Instant::now() < deadline, "the connection did not come back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((fake.logins().len(), client.links.borrow().len()), (2, 1));
}

#[actix_rt::test]
async fn without_tls_at_the_other_end_a_tls_route_sends_nothing() {
    let fake = FakeNats::start();
    let url = fake.url().replace("nats://", "tls://u:p@");
    let (connected, reason) = why(publish(&NatsClient::default(), &url, TIMEOUT).await);
    assert!(!connected && fake.logins().is_empty() && fake.tried().is_empty(), "{reason}");
}

#[actix_rt::test]
async fn an_event_larger_than_the_server_allows_is_not_sent() {
    let fake = FakeNats::start();
    let body = Bytes::from(vec![b' '; 2 << 20]);
    let (client, queue) = (NatsClient::default(), queue(&fake.url()));
    let (connected, reason) = why(client.publish(&queue, "wharf.x".into(), vec![], body, TIMEOUT).await);
    assert!(connected && reason.starts_with("larger than the server allows"), "{reason}");
    assert!(fake.tried().is_empty());
}

#[actix_rt::test]
async fn who_logs_in_is_said_by_the_credential_else_by_the_url() {
    let fake = FakeNats::start();
    let at = fake.address;
    let cases = [
        (format!("nats://{at}"), None, r#""user":null,"pass":null,"auth_token":null"#),
        (format!("nats://us%40er:pa%3Ass@{at}"), None, r#""user":"us@er","pass":"pa:ss","auth_token":null"#),
        (format!("nats://tok@{at}"), None, r#""user":null,"pass":null,"auth_token":"tok""#),
        (format!("nats://tok@{at}"), Some("u:p:q"), r#""user":"u","pass":"p:q","auth_token":null"#),
    ];
    let client = NatsClient::default();
    for (url, credential, expected) in cases {
        let credential = credential.map(Secret::new);
        let queue = Queue::new(&url, credential.as_ref(), Gates::default().gate(&url, 1)).unwrap();
        assert!(!format!("{queue:?}").contains("tok") && !format!("{queue:?}").contains("pa:ss"));
        let published = client.publish(&queue, "x".into(), vec![("a", "b".into())], Bytes::new(), TIMEOUT).await;
        assert_eq!(published, Published::Acknowledged);
        let said = fake.logins().pop().unwrap();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn what_is_no_server_is_refused_with_the_reason() {
    let gate = Gates::default().gate("x", 1);
    for url in ["", "nats", "http://a", "ws://a", "nats://", "nats://a b", "nats://a:99999"] {
        assert!(Queue::new(url, None, Arc::clone(&gate)).is_err(), "{url}");
    }
    assert!(Queue::new("tls://[::1]:4443", None, gate).is_ok());
}
