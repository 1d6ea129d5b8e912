//! What Meta refuses, and what becomes of the wish.

use crate::harness::application::nobody;
use crate::harness::stage::Stage;
use serde_json::json;
use wharf::sandbox::{Faults, TokenReach};

fn refusing(ids: &[String]) -> Faults {
    Faults { refused_accounts: ids.to_vec(), ..Faults::default() }
}

#[actix_web::test]
async fn one_inaccessible_account_is_an_element_with_metas_error_and_spoils_nothing() {
    let stage = Stage::new().await;
    let ids = stage.sandbox.account_ids();
    stage.sandbox.set_faults(refusing(&ids[1..2]));
    for verb in ["setup", "subscribe"] {
        let answer = stage.verb(verb).await;
        assert_eq!(answer.status, 200, "{verb}");
        let told = answer.json();
        if verb == "setup" {
            let refused = told
                .as_array()
                .expect("an array")
                .iter()
                .find(|account| account["id"] == *ids[1])
                .expect("every element is shown");
            assert_eq!(
                (&refused["error"]["code"], &refused["error"]["type"]),
                (&json!(200), &json!("OAuthException")),
                "{told}"
            );
            assert!(refused["error"]["fbtrace_id"].is_string(), "Graph's error is kept whole: {refused}");
        }
        assert_eq!(
            told.as_array().expect("an array").iter().filter(|account| account["error"].is_null()).count(),
            2,
            "{told}"
        );
    }
    stage.end().await;
}

#[actix_web::test]
async fn where_meta_refuses_one_of_three_subscriptions_the_others_are_active() {
    let stage = Stage::new().await;
    stage.verb("setup").await;
    let mut ids = stage.sandbox.account_ids();
    ids.sort();
    stage.sandbox.set_faults(refusing(&ids[..1]));
    let answer = stage.verb("subscribe").await;
    let told = answer.json();
    assert_eq!((answer.status, &told[0]["error"]["code"]), (200, &json!(200)));
    assert!(
        answer.text().starts_with(r#"[{"error":{"code":200,"type":"OAuthException","message":"#),
        "{}",
        answer.text()
    );
    assert!(told[0].get("subscribed_fields").is_none() && told[0]["name"].is_string());
    assert!(
        [1, 2].iter().all(|nth| told[nth]["subscribed_fields"] == json!(["messages"]) && told[nth]["error"].is_null())
    );
    let account = stage.look(&format!("/api/accounts/{}", ids[0])).await.json();
    assert_eq!(
        (&account["wished"], &account["active"]),
        (&json!(false), &json!(false)),
        "a final refusal takes the wish back"
    );
    stage.sandbox.set_faults(Faults::default());
    assert!(stage.verb("subscribe").await.json()[0]["error"].is_null());
    stage.end().await;
}

#[actix_web::test]
async fn where_all_that_were_asked_failed_the_answer_is_502_with_every_element() {
    let stage = Stage::new().await;
    stage.verb("setup").await;
    let ids = stage.sandbox.account_ids();
    stage.sandbox.set_faults(refusing(&ids));
    for verb in ["subscribe", &format!("subscribe&id={},777", ids[0]), "unsubscribe", "remove&ack=true", "setup"] {
        let answer = stage.verb(verb).await;
        assert_eq!(answer.status, 502, "{verb}: {}", answer.text());
        assert!(
            answer.json().as_array().expect("an array").iter().all(|account| account["error"].is_object()),
            "{verb}"
        );
    }
    assert_eq!(stage.verb("search").await.status, 200);
    stage.end().await;
}

#[actix_web::test]
async fn while_graph_is_down_the_wish_is_kept() {
    let mut stage = Stage::new().await;
    stage.verb("setup").await;
    stage.plan.graph = Some(format!("http://{}", nobody()));
    stage.restart().await;
    let one = stage.sandbox.account_ids()[0].clone();
    let answer = stage.verb(&format!("subscribe&id={one}")).await;
    assert_eq!((answer.status, answer.json()[0]["error"].is_object()), (502, true), "{}", answer.text());
    stage.crash().await;
    let account = stage.look(&format!("/api/accounts/{one}")).await.json();
    assert_eq!((&account["wished"], &account["active"]), (&json!(true), &json!(false)));
    let setup = stage.verb("setup").await;
    assert_eq!((setup.status, &setup.json()["id"]), (502, &json!("chat.whatsapp.graph.failed")));
    stage.plan.graph = None;
    stage.restart().await;
    assert_eq!(stage.verb(&format!("subscribe&id={one}")).await.json()[0]["subscribed_fields"], json!(["messages"]));
    stage.end().await;
}

#[actix_web::test]
async fn a_token_that_meta_does_not_know_is_named_as_the_reason_and_not_shown() {
    let mut stage = Stage::new().await;
    stage.plan.token = Some("EAAGwrongtoken".into());
    stage.restart().await;
    let answer = stage.verb("setup").await;
    assert_eq!(answer.status, 502);
    let id = answer.json()["id"].as_str().unwrap_or_default().to_owned();
    assert!(["chat.whatsapp.token.refused", "chat.whatsapp.graph.failed"].contains(&&*id), "{}", answer.text());
    assert!(!answer.text().contains("EAAGwrongtoken"), "{}", answer.text());
    stage.end().await;
}

#[actix_web::test]
async fn an_account_of_another_gateway_is_an_element_with_409_and_stays_where_it_is() {
    let stage = Stage::with(|plan| {
        plan.gateways = vec!["main", "other"];
        plan.reach = TokenReach::Unlisted;
    });
    let stage = stage.await;
    let ids = stage.sandbox.account_ids();
    assert_eq!(stage.verb_at("main", &format!("setup&id={}", ids[0])).await.status, 200);
    let both = stage.verb_at("other", &format!("setup&id={},{}", ids[0], ids[1])).await;
    let told = both.json();
    let of = |id: &str| {
        told.as_array().expect("an array").iter().find(|account| account["id"] == id).expect("an element").clone()
    };
    assert_eq!((both.status, &of(&ids[0])["error"]["code"]), (200, &json!(409)), "{told}");
    assert!(of(&ids[1])["error"].is_null());
    let alone = stage.verb_at("other", &format!("setup&id={}", ids[0])).await;
    assert_eq!((alone.status, alone.json().as_array().map(Vec::len)), (200, Some(2)));
    for verb in ["subscribe", "unsubscribe"] {
        let answer = stage.verb_at("other", &format!("{verb}&id={}", ids[0])).await;
        assert!(answer.json()[0]["error"].is_object(), "{}", answer.text());
    }
    assert_eq!(stage.verb_at("other", &format!("remove&id={}", ids[0])).await.status, 400);
    let kept = stage.look(&format!("/api/accounts/{}", ids[0])).await.json();
    assert_eq!(kept["gateway"], "main");
    stage.end().await;
}
