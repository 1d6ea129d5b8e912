//! `X-Hub-Signature-256`: who is believed, and how little those learn who are not.

use crate::harness::http::{self, Answer};
use crate::harness::mail::{letter, text};
use crate::harness::stage::{OLD_SECRET, SECRET, Stage};
use wharf::sandbox::signing::sign;

async fn post(stage: &Stage, body: &str, headers: &[(&str, &str)]) -> Answer {
    http::post(&format!("{}/main", stage.public), headers, body.to_owned()).await
}

#[actix_web::test]
async fn what_is_not_signed_with_an_app_secret_is_refused_and_learns_nothing() {
    let stage = Stage::engaged().await;
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491")]);
    let right = sign(SECRET, body.as_bytes());
    let digest = right.trim_start_matches("sha256=");
    let wrong = sign("another secret", body.as_bytes());
    let of_other_bytes = sign(SECRET, format!("{body} ").as_bytes());
    let sha1 = "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let missing: [(&str, &str); 0] = [];
    for (why, headers, id) in [
        ("missing", &missing[..], "wharf.signature.missing"),
        ("SHA-1 only", &[("X-Hub-Signature", sha1)], "wharf.signature.missing"),
        ("wrong secret", &[("X-Hub-Signature-256", &*wrong)], "wharf.signature.wrong"),
        ("other bytes", &[("X-Hub-Signature-256", &of_other_bytes)], "wharf.signature.wrong"),
        ("truncated", &[("X-Hub-Signature-256", &right[..60])], "wharf.signature.wrong"),
        ("one digit", &[("X-Hub-Signature-256", &right[..70])], "wharf.signature.wrong"),
        ("no prefix", &[("X-Hub-Signature-256", digest)], "wharf.signature.wrong"),
        ("SHA-1 in its place", &[("X-Hub-Signature-256", sha1)], "wharf.signature.missing"),
        ("empty", &[("X-Hub-Signature-256", "")], "wharf.signature.wrong"),
    ] {
        let answer = post(&stage, &body, headers).await;
        assert_eq!((answer.status, &answer.json()["id"]), (401, &id.into()), "{why}");
        assert_eq!(answer.header("www-authenticate"), None, "{why}: no key would mend it");
        assert!(
            !answer.text().contains(&digest[..8]) && !answer.text().contains("wamid.a"),
            "{why}: {}",
            answer.text()
        );
    }
    assert_eq!(stage.ledger().await["received"], 0);
    stage.end().await;
}

#[actix_web::test]
async fn nothing_is_parsed_before_the_signature_is_checked() {
    let stage = Stage::engaged().await;
    let answer = post(&stage, "no JSON at all", &[("X-Hub-Signature-256", &sign("wrong", b""))]).await;
    assert_eq!(answer.status, 401);
    stage.end().await;
}

#[actix_web::test]
async fn the_previous_secret_of_a_rotation_still_counts_and_the_event_tells_which_matched() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    for (id, secret) in [("wamid.new", SECRET), ("wamid.old", OLD_SECRET)] {
        let body = letter(&line, &[text(id, "491")]);
        let answer = post(&stage, &body, &[("x-hub-signature-256", &sign(secret, body.as_bytes()))]).await;
        assert_eq!(answer.status, 200);
    }
    let matched: Vec<_> = stage.events(&line.waba).await.iter().map(|event| event["secret"].clone()).collect();
    assert_eq!(matched, [0, 1]);
    stage.end().await;
}

#[actix_web::test]
async fn the_sha256_signature_alone_suffices_and_a_wrong_sha1_beside_it_does_not_matter() {
    let stage = Stage::engaged().await;
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491")]);
    let right = sign(SECRET, body.as_bytes());
    let answer = post(&stage, &body, &[("X-Hub-Signature", "sha1=00"), ("X-Hub-Signature-256", &right)]).await;
    assert_eq!(answer.status, 200);
    stage.end().await;
}
