//! Connections that do nothing, or next to nothing: they end, and hold nobody up.

use super::address;
use super::authority::{Authority, ask};
use crate::harness::http::Raw;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{SECRET, Stage};
use crate::harness::until;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wharf::descriptors;
use wharf::sandbox::signing::sign;

/// How long a healthy caller may wait for its answer here, in a debug build on a busy machine.
const HEALTHY: Duration = Duration::from_secs(2);

/// Waits until the other side hangs up; what it said before that.
async fn farewell(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let reading = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut said));
    // A reset is a farewell too.
    let _ = reading.await.expect("the connection is cut");
    String::from_utf8_lossy(&said).into_owned()
}

async fn idle(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(TcpStream::connect(address).await.expect("a connection"));
    }
    all
}

async fn slow_bodies(address: SocketAddr, count: usize) -> Vec<Raw> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let mut slow = Raw::connect(address).await;
        let head =
            "POST /main HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nX-Hub-Signature-256: sha256=00\r\n\r\n{";
        assert!(slow.write(head.as_bytes()).await);
        all.push(slow);
    }
    all
}

#[actix_web::test]
async fn a_thousand_idle_connections_and_a_hundred_slow_bodies_hold_nobody_up() {
    descriptors::make_room(8000);
    let stage = Stage::engaged().await;
    let idle = idle(address(&stage), 1000).await;
    let mut slow = slow_bodies(address(&stage), 100).await;
    let mut worst = Duration::ZERO;
    for nth in 0..50 {
        let body = letter(&stage.line(0, 0), &[text(&format!("wamid.{nth}"), "491")]);
        let began = Instant::now();
        stage.take(body).await;
        worst = worst.max(began.elapsed());
    }
    assert!(worst < HEALTHY, "{worst:?}");
    assert_eq!(slow[0].answer().await.status, 408, "a slow body is cut");
    drop(idle);
    stage.end().await;
}

#[actix_web::test]
async fn a_thousand_handshakes_that_never_end_hold_nobody_up() {
    descriptors::make_room(8000);
    let folder = tempfile::tempdir().expect("a folder");
    let servers = Authority::new("servers");
    let (cert, key) = servers.server().write(folder.path(), "server");
    let stage = Stage::with(|plan| plan.server = format!("tls = {{ cert = {cert:?}, key = {key:?} }}")).await;
    let mut idle = idle(address(&stage), 1000).await;
    let request = "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let began = Instant::now();
    let (status, _) = ask(address(&stage), &servers, None, request).await.expect("an answer");
    assert_eq!(status, 404);
    assert!(began.elapsed() < HEALTHY, "{:?}", began.elapsed());
    assert_eq!(farewell(&mut idle[0]).await, "", "a handshake that never ends is cut");
    drop(idle);
    stage.end().await;
}

#[actix_web::test]
async fn who_says_nothing_or_half_a_head_is_cut() {
    let stage = Stage::new().await;
    let began = Instant::now();
    let mut silent = TcpStream::connect(address(&stage)).await.expect("a connection");
    let mut slow = TcpStream::connect(address(&stage)).await.expect("a connection");
    slow.write_all(b"GET /main HTTP/1.1\r\nHost:").await.expect("it is taken");
    farewell(&mut silent).await;
    assert!(farewell(&mut slow).await.starts_with("HTTP/1.1 408 "));
    assert!((9..20).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    stage.end().await;
}

#[actix_web::test]
async fn a_second_head_that_never_ends_is_cut_however_often_a_byte_of_it_comes_at_both_listeners() {
    let stage = Stage::new().await;
    let ops = stage.ops.trim_start_matches("http://").parse().expect("an address");
    futures_util::future::join(dawdle(address(&stage)), dawdle(ops)).await;
    stage.end().await;
}

/// Sends a second head byte by byte, until it is cut.
async fn dawdle(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it is taken");
    until("the first request is answered", async || {
        let mut some = [0; 4096];
        let read = stream.read(&mut some).await.expect("an answer");
        some[..read].starts_with(b"HTTP/1.1 404").then_some(())
    })
    .await;
    stream.write_all(b"GET /nothing HTTP/1.1\r\nX: ").await.expect("it is taken");
    let began = Instant::now();
    let mut said = [0; 64];
    loop {
        assert!(began.elapsed() < Duration::from_secs(20), "it may dawdle for ever");
        let dawdles = stream.write_all(b"x").await.is_ok();
        let answer = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut said)).await;
        if !dawdles || answer.is_ok() {
            break;
        }
    }
    assert!(began.elapsed() >= Duration::from_secs(9), "{:?}", began.elapsed());
}

#[actix_web::test]
async fn a_connection_that_is_idle_after_an_answer_is_cut() {
    let stage = Stage::with(|plan| plan.server = "keep_alive = \"1s\"".into()).await;
    let mut stream = TcpStream::connect(address(&stage)).await.expect("a connection");
    stream.write_all(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it is taken");
    let began = Instant::now();
    assert!(farewell(&mut stream).await.starts_with("HTTP/1.1 404 "));
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    stage.end().await;
}

#[actix_web::test]
async fn one_address_cannot_take_all_connections_and_what_is_beyond_its_share_is_cut_at_once() {
    let stage = Stage::with(|plan| plan.server = "max_connections_per_address = 3".into()).await;
    let mut idle = idle(address(&stage), 3).await;
    let mut served = Raw::connect(address(&stage)).await;
    served.write(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut fourth = TcpStream::connect(address(&stage)).await.expect("a connection");
    assert_eq!(farewell(&mut fourth).await, "", "cut without a word");
    let metrics = crate::harness::http::get(&format!("{}/metrics", stage.ops), &[]).await;
    assert!(metrics.text().contains("wharf_connections_crowded_total 2\n"), "{}", metrics.text());
    idle.pop();
    until("a place is free again", async || {
        let mut next = TcpStream::connect(address(&stage)).await.ok()?;
        let _ = next.write_all(b"GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        farewell(&mut next).await.starts_with("HTTP/1.1 404 ").then_some(())
    })
    .await;
    stage.end().await;
}

#[actix_web::test]
async fn a_trusted_proxy_may_have_as_many_connections_as_there_are() {
    let server = "max_connections_per_address = 1\ntrusted_proxy = [\"127.0.0.0/8\"]";
    let stage = Stage::with(|plan| plan.server = server.into()).await;
    let _idle = idle(address(&stage), 5).await;
    stage.take(letter(&stage.line(0, 0), &[text("wamid.a", "491")])).await;
    stage.end().await;
}

#[actix_web::test]
async fn beyond_the_most_connections_others_wait_and_come_in_when_one_ends() {
    let stage = Stage::with(|plan| plan.server = "max_connections = 4".into()).await;
    let idle = idle(address(&stage), 4).await;
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491")]);
    let signature = sign(SECRET, body.as_bytes());
    let request = format!(
        "POST /main HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut fifth = Raw::connect(address(&stage)).await;
    fifth.write(request.as_bytes()).await;
    // The four are cut after 10 s; one that leaves before makes room at once.
    let in_vain = tokio::time::timeout(Duration::from_millis(500), fifth.answer()).await;
    assert!(in_vain.is_err(), "the fifth is served beside four: {in_vain:?}");
    let began = Instant::now();
    drop(idle);
    assert_eq!(fifth.answer().await.status, 200);
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    drop(fifth);
    until("the ledger counts it", async || (stage.ledger().await["received"] == 1).then_some(())).await;
    stage.end().await;
}
