//! Too large, too slow, too much at once: a clear answer that the sender can read.

use crate::harness::application::Delivery;
use crate::harness::http::{self, Raw};
use crate::harness::mail::{letter, status, text, worded};
use crate::harness::stage::{SECRET, Stage};
use crate::harness::until;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use wharf::sandbox::signing::sign;

const TOO_LARGE: usize = (4 << 20) + 1;

fn address(stage: &Stage) -> SocketAddr {
    stage.public.trim_start_matches("http://").parse().expect("an address")
}

fn head(length: &str) -> String {
    format!("POST /main HTTP/1.1\r\nHost: x\r\n{length}\r\nX-Hub-Signature-256: sha256=00\r\n\r\n")
}

#[actix_web::test]
async fn a_body_over_four_mebibytes_is_refused_from_its_length_alone() {
    let stage = Stage::engaged().await;
    let mut connection = Raw::connect(address(&stage)).await;
    connection.write(head(&format!("Content-Length: {TOO_LARGE}")).as_bytes()).await;
    let answer = connection.answer().await;
    assert_eq!((answer.status, &answer.json()["id"]), (413, &"wharf.body.too_large".into()));
    stage.end().await;
}

#[actix_web::test]
async fn who_writes_a_body_that_is_too_large_to_its_end_can_read_the_answer() {
    let stage = Stage::engaged().await;
    let mut connection = Raw::connect(address(&stage)).await;
    connection.write(head(&format!("Content-Length: {}", 3 * TOO_LARGE)).as_bytes()).await;
    assert!(connection.write(&vec![b'x'; 3 * TOO_LARGE]).await, "the rest is read and thrown away");
    assert_eq!(connection.answer().await.status, 413);
    stage.end().await;
}

#[actix_web::test]
async fn a_chunked_body_is_refused_once_it_is_too_large() {
    let stage = Stage::engaged().await;
    let mut connection = Raw::connect(address(&stage)).await;
    connection.write(head("Transfer-Encoding: chunked").as_bytes()).await;
    let chunk = [b"40000\r\n".as_slice(), &vec![b'x'; 0x4_0000], b"\r\n"].concat();
    for _ in 0..24 {
        assert!(connection.write(&chunk).await, "the rest is read and thrown away");
    }
    connection.write(b"0\r\n\r\n").await;
    let answer = connection.answer().await;
    assert_eq!((answer.status, &answer.json()["id"]), (413, &"wharf.body.too_large".into()));
    assert_eq!(stage.ledger().await["received"], 0);
    stage.end().await;
}

#[actix_web::test]
async fn a_chunked_body_of_a_fair_size_is_a_webhook_like_any_other() {
    let stage = Stage::engaged().await;
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491")]);
    let signature = sign(SECRET, body.as_bytes());
    let (one, two) = body.split_at(10);
    let mut request = format!(
        "POST /main HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-Hub-Signature-256: {signature}\r\n\r\n"
    );
    request += &format!("{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", one.len(), two.len());
    assert_eq!(http::raw(address(&stage), request.as_bytes()).await.status, 200);
    assert_eq!(stage.ledger().await["received"], 1);
    stage.end().await;
}

#[actix_web::test]
async fn a_body_that_dawdles_is_cut_after_ten_seconds() {
    let stage = Stage::engaged().await;
    let began = Instant::now();
    let mut connection = Raw::connect(address(&stage)).await;
    connection.write(head("Content-Length: 100").as_bytes()).await;
    connection.write(b"{\"entry\":").await;
    let answer = connection.answer().await;
    assert_eq!((answer.status, &answer.json()["id"]), (408, &"wharf.body.slow".into()));
    assert!((9..14).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    stage.end().await;
}

#[actix_web::test]
async fn bytes_under_way_are_bounded_and_what_would_pass_the_bound_is_put_off() {
    let stage = Stage::engaged_with(|plan| plan.server = "inflight_bytes = \"4MiB\"".into()).await;
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491")]);
    let mut greedy = Raw::connect(address(&stage)).await;
    greedy.write(head(&format!("Content-Length: {}", 4 << 20)).as_bytes()).await;
    greedy.write(&vec![b'x'; (4 << 20) - 1]).await;
    let reserved = format!("wharf_webhook_bytes_in_flight {}", (4 << 20) - 1);
    until("the greedy one has its bytes", async || {
        stage.look("/metrics").await.text().contains(&reserved).then_some(())
    })
    .await;
    let put_off = stage.post(body.as_str()).await;
    assert_eq!(put_off.status, 503);
    assert_eq!((put_off.header("retry-after"), &put_off.json()["id"]), (Some("1"), &"wharf.busy".into()));
    let big = stage.post("x".repeat(3 << 20)).await;
    assert_eq!(big.status, 503, "also who sends much can read the answer");
    drop(greedy);
    until("the bytes come back", async || (stage.post(body.as_str()).await.status == 200).then_some(())).await;
    stage.end().await;
}

/// `wharf bench hostile` found it: bytes were set aside as they were announced, and a thousand callers without a key,
/// who announced 3 MB each and sent a byte a second, had every batch of Meta's answered 503.
#[actix_web::test]
async fn who_announces_much_and_sends_little_takes_room_from_nobody() {
    let stage = Stage::engaged_with(|plan| plan.server = "inflight_bytes = \"4MiB\"".into()).await;
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut connection = Raw::connect(address(&stage)).await;
        connection.write(head(&format!("Content-Length: {}", 4 << 20)).as_bytes()).await;
        connection.write(b"{").await;
        slow.push(connection);
    }
    until("all of them are read", async || {
        stage.look("/metrics").await.text().contains("wharf_webhook_bytes_in_flight 8").then_some(())
    })
    .await;
    let words = "x".repeat(2700);
    let messages: Vec<String> = (0..1000).map(|nth| worded(&format!("wamid.{nth}"), "491", &words)).collect();
    stage.take(letter(&stage.line(0, 0), &messages)).await;
    drop(slow);
    stage.until_ledger("/routes/main~1app/delivered", 1000).await;
    stage.end().await;
}

#[actix_web::test]
async fn a_batch_of_2_9_megabytes_is_taken_and_comes_out_item_by_item() {
    let stage = Stage::engaged_with(|plan| plan.routes[0].1 = "types = [\"message\"]".into()).await;
    let line = stage.line(0, 0);
    let words = "x".repeat(2700);
    let messages: Vec<String> = (0..1000).map(|nth| worded(&format!("wamid.{nth}"), "491", &words)).collect();
    let body = letter(&line, &messages);
    assert!((2_700_000..4_000_000).contains(&body.len()), "{}", body.len());
    let began = Instant::now();
    stage.take(body).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let ledger = stage.until_ledger("/routes/main~1app/delivered", 1000).await;
    assert_eq!(ledger["received"], 1000);
    let mut delivered: Vec<_> = stage.app.deliveries().iter().map(Delivery::item_id).collect();
    let expected: Vec<_> = (0..1000).map(|nth| format!("wamid.{nth}")).collect();
    assert_eq!(delivered, expected, "one dialog, in order");
    delivered.dedup();
    assert_eq!(delivered.len(), 1000);
    stage.take(crate::harness::mail::receipts(&line, &[status("wamid.0", "read", "491")])).await;
    stage.end().await;
}
