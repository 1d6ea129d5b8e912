//! What is a customer's, and what is not.

use super::*;
use crate::testing::event;
use bytes::Bytes;

fn erasure() -> Erasure {
    let known = Known { ids: ["US.77".into()].into(), dialogs: [5].into() };
    let known = [("100".into(), known)].into();
    Erasure { id: "380441234567".into(), until_ms: u64::MAX, known, ..Erasure::default() }
}

fn worded(stream: &str, body: &str) -> Event {
    Event { body: Bytes::copy_from_slice(body.as_bytes()), claimed: None, ..event(stream, 1, 0) }
}

#[test]
fn an_event_is_a_customers_that_names_them_in_any_way_of_writing_a_number() {
    let theirs = [
        r#"{"from":"380441234567"}"#,
        r#"{"from" : "+380 44 123-45-67","x":1}"#,
        r#"{"to":380441234567}"#,
        r#"{"380441234567":{}}"#,
        r#"{"text":"she said \"hi\"","recipient_id":"380441234567"}"#,
        r#"{"user_id":"US.77"}"#,
    ];
    let not_theirs = [
        r#"{"from":"3804412345678"}"#,
        r#"{"text":{"body":"call 380441234567"}}"#,
        r#"{"metadata":{"display_phone_number":"380441234567","phone_number_id":"380441234567"}}"#,
        r#"{"from":"US.770"}"#,
        "",
    ];
    assert!(theirs.iter().all(|body| erasure().concerns(&worded("100", body))));
    assert!(!not_theirs.iter().any(|body| erasure().concerns(&worded("100", body))));
    assert!(!erasure().concerns(&worded("200", theirs[5])), "another account may know somebody else by it");
}

#[test]
fn an_erasure_keeps_to_its_accounts_gateways_and_time() {
    let body = r#"{"from":"380441234567"}"#;
    let narrow = Erasure { accounts: Some(vec!["100".into()]), gateways: Some(vec!["main".into()]), ..erasure() };
    assert!(narrow.concerns(&worded("100", body)) && !narrow.concerns(&worded("200", body)));
    let quarantined = |stream: &str, claimed: &str| Event { claimed: Some(claimed.into()), ..worded(stream, body) };
    assert!(narrow.concerns(&quarantined("q.main", "100")));
    assert!(!narrow.concerns(&quarantined("q.main", "200")) && !narrow.concerns(&quarantined("q.other", "100")));
    assert!(erasure().concerns(&quarantined("q.other", "200")));
    assert!(!Erasure { until_ms: 1, ..erasure() }.concerns(&worded("100", body)));
    assert!(!erasure().concerns(&worded("100", body).erased()), "nothing is left of it");
}
