//! The grammar of `id`, and what an id that names nothing means.

use crate::harness::stage::Stage;
use serde_json::{Value, json};

fn named(answer: &Value) -> Vec<String> {
    let mut ids: Vec<String> = answer
        .as_array()
        .expect("an array")
        .iter()
        .map(|account| account["id"].as_str().expect("an id").into())
        .collect();
    ids.sort();
    ids
}

#[actix_web::test]
async fn every_value_is_split_at_anything_that_is_no_letter_or_digit() {
    let stage = Stage::new().await;
    stage.verb("setup").await;
    let all = stage.sandbox.account_ids();
    let [a, b, c] = &all[..] else { panic!("three accounts") };
    for query in
        [format!("id={a},{b}&id={c}&id=&id={c}"), format!("id={a}%20{b}%3B{c}-{a}_{b}"), format!("id={a}+{b}/{c}")]
    {
        let told = stage.verb(&format!("search&{query}")).await.json();
        let mut expected = all.clone();
        expected.sort();
        assert_eq!(named(&told), expected, "{query}");
    }
    let told = stage.verb(&format!("search&id={a}x")).await.json();
    assert_eq!(told, json!([]), "a letter does not separate");
    stage.end().await;
}

#[actix_web::test]
async fn an_id_that_is_there_but_names_nothing_changes_nothing() {
    let stage = Stage::engaged().await;
    for verb in ["setup", "subscribe", "unsubscribe", "remove", "remove&ack=true"] {
        for id in ["", "--", "%20,;"] {
            let answer = stage.verb(&format!("{verb}&id={id}")).await;
            assert_eq!(
                (answer.status, &answer.json()["id"]),
                (400, &json!("chat.whatsapp.accounts.ids.needed")),
                "{verb} {id}"
            );
        }
    }
    let still = stage.verb("search").await.json();
    assert!(
        still.as_array().expect("an array").iter().all(|account| account["subscribed_fields"] == json!(["messages"]))
    );
    stage.end().await;
}

#[actix_web::test]
async fn an_id_that_nobody_knows_is_an_element_with_an_error_and_spoils_nothing() {
    let stage = Stage::new().await;
    stage.verb("setup").await;
    let known = stage.sandbox.account_ids()[0].clone();
    for verb in ["subscribe", "unsubscribe"] {
        let answer = stage.verb(&format!("{verb}&id={known},12345")).await;
        assert_eq!(answer.status, 200, "{verb}");
        let told = answer.json();
        assert_eq!((&told[0]["id"], &told[0]["error"]["code"]), (&json!("12345"), &json!(404)), "{verb}: {told}");
        assert!(told[0]["error"]["message"].is_string() && told[1]["error"].is_null(), "{told}");
        let alone = stage.verb(&format!("{verb}&id=12345")).await;
        assert_eq!(
            (alone.status, named(&alone.json())),
            (200, vec!["12345".into()]),
            "nobody was asked, so nobody failed"
        );
    }
    stage.end().await;
}
