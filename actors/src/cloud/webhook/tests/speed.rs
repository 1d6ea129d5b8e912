//! The hot path has a budget. Generous here (debug builds on busy machines); `--release --nocapture` shows the truth.

use super::*;
use std::time::{Duration, Instant};

fn timed(name: &str, body: &Bytes, rounds: u32) -> Duration {
    let started = Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(split(std::hint::black_box(body)).expect("a webhook"));
    }
    let each = started.elapsed() / rounds;
    println!("{name}: {} bytes in {each:?}", body.len());
    each
}

#[test]
fn a_single_message_is_cut_in_microseconds() {
    let body = number_post(
        "messages",
        r#""contacts":[{"profile":{"name":"Kerry Fisher"},"wa_id":"16315551181","user_id":"US.13491208655302741918"}],"messages":[{"from":"16315551181","from_user_id":"US.13491208655302741918","id":"wamid.HBgLMTYzMTU1NTExODEVAgASGBQzQTdCNTg5RUY1MDlCRTk0NDFBRgA=","timestamp":"1749416383","type":"text","text":{"body":"Does it come in another color? I would like it in a shade of green that goes well with the sofa which I bought from you last year."}}]"#,
    );
    assert!(timed("one message", &Bytes::from(body), 2_000) < Duration::from_micros(500));
}

#[test]
fn a_full_batch_is_cut_in_milliseconds() {
    let messages: Vec<String> = (0..1000)
        .map(|n| format!(r#"{{"from":"1650555{n:04}","id":"wamid.{n}","timestamp":"1749416383","type":"text","text":{{"body":"{}"}}}}"#, "some words ".repeat(260)))
        .collect();
    let contacts: Vec<String> =
        (0..1000).map(|n| format!(r#"{{"profile":{{"name":"Name"}},"wa_id":"1650555{n:04}"}}"#)).collect();
    let body =
        number_post("messages", &format!(r#""contacts":[{}],"messages":[{}]"#, contacts.join(","), messages.join(",")));
    assert!(timed("a thousand messages", &Bytes::from(body), 5) < Duration::from_secs(1));
}
