//! Bodies pass through in pieces: nobody waits for the end of one, and none is kept in memory.

use super::{Stage, is_refused};
use crate::harness::http::{self, Raw};
use crate::harness::stage::{KEY, bearer};
use actix_web::rt::net::{TcpListener, TcpStream};
use actix_web::rt::spawn;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// No step of these tests takes longer.
const SOON: Duration = Duration::from_secs(20);

/// Bytes that are more than the client writes at once.
const MORE: usize = 256 << 10;

/// A stage whose Graph is a bare socket.
async fn with_socket() -> (Stage, TcpListener, SocketAddr) {
    let mut stage = Stage::engaged().await;
    let socket = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    stage.plan.graph = Some(format!("http://{}", socket.local_addr().expect("an address")));
    stage.restart().await;
    let public = stage.public.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address");
    (stage, socket, public)
}

/// Reads until `end` was seen, and gives all of it.
async fn read_until(from: &mut TcpStream, end: &str) -> String {
    let mut seen = Vec::new();
    let read = async {
        let mut piece = [0; 4096];
        while !String::from_utf8_lossy(&seen).contains(end) {
            let bytes = from.read(&mut piece).await.expect("bytes");
            assert!(bytes > 0, "hung up after {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&piece[..bytes]);
        }
    };
    timeout(SOON, read).await.unwrap_or_else(|_| panic!("{end} never came"));
    String::from_utf8_lossy(&seen).into_owned()
}

#[actix_web::test]
async fn an_uploads_first_bytes_are_at_graph_before_its_last_have_left_the_caller() {
    let (stage, socket, public) = with_socket().await;
    let number = stage.line(0, 0).number;
    let mut caller = TcpStream::connect(public).await.expect("a connection");
    let head = format!(
        "POST /v25.0/{number}/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\
         Content-Type: multipart/form-data; boundary=b1\r\nContent-Length: {}\r\n\r\n--b1\r\n\r\nfirst",
        23 + MORE
    );
    caller.write_all(head.as_bytes()).await.expect("written");
    caller.write_all(&[b'x'; MORE]).await.expect("written");
    let (mut graph, _) = timeout(SOON, socket.accept()).await.expect("Graph is asked").expect("a connection");
    let seen = read_until(&mut graph, "first").await;
    assert!(seen.to_ascii_lowercase().contains(&format!("content-length: {}\r\n", 23 + MORE)), "{seen}");
    caller.write_all(b"\r\n--b1--\r\n").await.expect("written");
    read_until(&mut graph, "--b1--").await;
    let body = r#"{"id":"2077"}"#;
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    graph.write_all(answer.as_bytes()).await.expect("written");
    assert!(read_until(&mut caller, body).await.starts_with("HTTP/1.1 200"));
    stage.end().await;
}

#[actix_web::test]
async fn an_answers_first_bytes_are_at_the_caller_before_graph_has_written_its_last() {
    let (stage, socket, public) = with_socket().await;
    let waba = stage.line(0, 0).waba;
    let mut caller = TcpStream::connect(public).await.expect("a connection");
    let request = format!("GET /{waba}/flows HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n");
    caller.write_all(request.as_bytes()).await.expect("written");
    let (mut graph, _) = timeout(SOON, socket.accept()).await.expect("Graph is asked").expect("a connection");
    read_until(&mut graph, "\r\n\r\n").await;
    graph.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n[first,").await.expect("written");
    read_until(&mut caller, "[first,").await;
    graph.write_all(b"last]").await.expect("written");
    read_until(&mut caller, "last]").await;
    stage.end().await;
}

#[actix_web::test]
async fn a_file_of_many_megabytes_passes_both_ways_byte_for_byte() {
    let (stage, socket, _) = with_socket().await;
    let number = stage.line(0, 0).number;
    let file: Vec<u8> = (0..24_u32 << 20).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect();
    let body = [&b"--b1\r\n\r\n"[..], &file, b"\r\n--b1--\r\n"].concat();
    let length = body.len();
    // Graph tells what it was sent, and sends it back.
    let mirror = spawn(async move {
        let (mut graph, _) = socket.accept().await.expect("a connection");
        let mut seen = Vec::new();
        let mut piece = vec![0; 64 << 10];
        let mut begins = None;
        while begins.is_none_or(|at: usize| seen.len() < at + length) {
            let bytes = graph.read(&mut piece).await.expect("bytes");
            assert!(bytes > 0, "hung up after {} bytes", seen.len());
            seen.extend_from_slice(&piece[..bytes]);
            begins = begins.or_else(|| seen.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4));
        }
        graph.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"id\":\"2078\"").await.expect("written");
        seen.split_off(begins.expect("a head"))
    });
    let authorization = bearer(KEY);
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "multipart/form-data; boundary=b1")];
    let url = format!("{}/v25.0/{number}/media", stage.public);
    let answer = timeout(SOON, http::post(&url, &headers, body.clone())).await.expect("in time");
    assert_eq!((answer.status, answer.text()), (200, "{\"id\":\"2078\""));
    assert!(mirror.await.expect("a mirror") == body, "byte for byte");
    stage.end().await;
}

#[actix_web::test]
async fn a_file_that_is_too_large_is_refused_at_once() {
    let (stage, _socket, public) = with_socket().await;
    let number = stage.line(0, 0).number;
    let mut caller = Raw::connect(public).await;
    let head = format!(
        "POST /v25.0/{number}/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\
         Content-Type: multipart/form-data; boundary=b1\r\nContent-Length: 999999999\r\n\r\n"
    );
    caller.write(head.as_bytes()).await;
    is_refused(&caller.answer().await, 413, 131_053);
    stage.end().await;
}
