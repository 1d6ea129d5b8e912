//! Each of the usual mistakes is told by its name.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::cloud::signature::sign;

const BODY: &str = r#"{"entry":[{"id":"1","note":"caf\u00e9 \u0040 https:\/\/x.example"}]}"#;

fn ours() -> Vec<Secret> {
    vec![Secret::new("the current one"), Secret::new("the older one")]
}

fn others() -> Vec<Other> {
    vec![Other { uri: "sales".into(), secrets: Arc::new(vec![Secret::new("of sales")]) }]
}

fn with(header: &str, body: &str) -> Diagnosis {
    diagnose(Shown { sha256: Some(header.as_bytes()), sha1: None }, body.as_bytes(), &ours(), &others())
}

#[test]
fn a_sound_signature_says_which_secret_made_it() {
    let [current, older] = [0, 1].map(|at| with(&sign(&ours()[at], BODY.as_bytes()), BODY));
    assert_eq!((current.matches, current.secret, current.hint), (Some(0), Some("current"), None));
    assert_eq!((older.matches, older.secret), (Some(1), Some("older")));
    assert!(older.hint.unwrap().contains("keep it"));
}

#[test]
fn each_odd_header_is_told_by_what_is_odd_about_it() {
    let header = sign(&ours()[0], BODY.as_bytes());
    let digits = header.strip_prefix("sha256=").unwrap();
    let upper = with(&format!("sha256={}", digits.to_uppercase()), BODY);
    assert_eq!(upper.matches, Some(0));
    assert!(upper.hint.unwrap().contains("upper case"));
    for bare in [digits.to_owned(), format!("SHA256={digits}")] {
        let bare = with(&bare, BODY);
        assert!(bare.matches.is_none() && bare.why.contains("`sha256=`"), "{bare:?}");
    }
    for legacy in [format!("sha1={}", &digits[..40]), digits[..40].to_owned()] {
        assert!(with(&legacy, BODY).why.contains("SHA-1"), "{legacy}");
    }
    assert!(with(&header[..50], BODY).why.contains("50 characters"));
    let missing = diagnose(Shown::default(), BODY.as_bytes(), &ours(), &[]);
    assert!(missing.why.contains("no X-Hub-Signature-256"));
    let only_legacy = Shown { sha1: Some(b"sha1=00"), sha256: None };
    assert!(diagnose(only_legacy, BODY.as_bytes(), &ours(), &[]).why.contains("SHA-1"));
}

#[test]
fn a_body_that_was_written_anew_is_told_with_what_became_of_it() {
    let header = sign(&ours()[1], BODY.as_bytes());
    let slashed = BODY.replace("\\/", "/");
    let written = slashed.replace("\\u00e9", "é").replace("\\u0040", "@");
    let pretty = slashed.replace(':', ": ").replace("https: ", "https:");
    for (body, said) in [
        (slashed.as_str(), "\\/ for /"),
        (&written, "unicode escapes"),
        (&pretty, "white space"),
        (&format!("{BODY}\n"), "line break"),
        (&format!("{BODY}\r\n"), "line break"),
    ] {
        let told = with(&header, body);
        assert!(told.matches.is_none() && told.why.contains(said) && told.why.contains("older"), "{body}: {told:?}");
        assert!(told.hint.unwrap().contains("raw bytes"));
    }
    let lines = with(&sign(&ours()[0], b"{\r\n}"), "{\n}");
    assert!(lines.why.contains("CRLF"), "{lines:?}");
}

#[test]
fn another_gateways_secret_is_named_by_its_gateway_and_only_where_it_may_be_looked_at() {
    let header = sign(&Secret::new("of sales"), BODY.as_bytes());
    assert!(with(&header, BODY).why.contains("gateway sales"));
    let shown = Shown { sha256: Some(header.as_bytes()), sha1: None };
    assert!(diagnose(shown, BODY.as_bytes(), &ours(), &[]).why.contains("none of the gateway's app secrets"));
}

#[test]
fn nothing_of_secret_body_or_digest_is_told() {
    let strange = sign(&Secret::new("nobody's"), BODY.as_bytes());
    for told in [with(&strange, BODY), with(&strange, ""), with(&strange[..60], BODY)] {
        let text = format!("{told:?}");
        for secret in ["the current one", "x.example", &strange[10..40]] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let dev = diagnose(Shown::default(), b"", &[], &[]);
    assert!(dev.why.contains("no app_secret"));
}
