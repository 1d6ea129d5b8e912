//! `override = true`: subscribed, then overridden, then verified; each step that fails is told.

use super::{about, examined, fronted};
use crate::harness::front::Manner;
use serde_json::json;

#[actix_web::test]
async fn an_account_is_subscribed_overridden_and_verified_and_the_doctor_says_so() {
    let (stage, front) = fronted(|plan| plan.gateway_more = "override = true".into()).await;
    for verb in ["setup", "subscribe"] {
        let answer = stage.verb(verb).await;
        assert!(answer.status == 200 && !answer.text().contains("\"error\""), "{verb}: {}", answer.text());
    }
    let callback = format!("{}/main", front.url);
    let overrides: Vec<_> = {
        let world = stage.sandbox.world();
        let of = |it: &wharf::sandbox::world::Account| it.subscription.clone().and_then(|it| it.override_url);
        world.accounts().iter().map(of).collect()
    };
    assert_eq!(overrides, vec![Some(callback); 3]);
    let findings = examined(&stage).await;
    let told = about(&findings, "account", "main");
    assert_eq!(told, ("ok", "of 3 accounts 3 are subscribed, overridden and verified"));
    stage.end().await;
}

#[actix_web::test]
async fn a_callback_that_meta_cannot_verify_leaves_the_account_subscribed_and_says_which_step_failed() {
    let (stage, front) = fronted(|plan| plan.gateway_more = "override = true".into()).await;
    let id = stage.sandbox.account_ids()[0].clone();
    stage.verb("setup").await;
    front.set(Manner::Says("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"));
    let told = stage.verb(&format!("subscribe&id={id}")).await.json();
    let error = &told[0]["error"];
    assert_eq!((&error["code"], &error["step"]), (&json!(2200), &json!("override")), "{told}");
    assert!(error["message"].as_str().is_some_and(|message| message.contains("HTTP Status Code = 500")), "{told}");
    let account = stage.look(&format!("/api/accounts/{id}")).await.json();
    assert_eq!((&account["active"], &account["wished"]), (&json!(true), &json!(true)), "as it is at Meta: {account}");
    assert_eq!(account["override_callback_uri"], json!(null));
    let findings = examined(&stage).await;
    let (level, says) = about(&findings, "account", &id);
    assert!(
        level == "fail" && says.starts_with("subscribed, not overridden: Meta refused: override: (#2200)"),
        "{says}"
    );

    front.lead_to(&stage.public);
    let mended = stage.verb(&format!("subscribe&id={id}")).await;
    assert!(mended.status == 200 && mended.json()[0]["error"].is_null(), "{}", mended.text());
    assert_eq!(
        about(&examined(&stage).await, "account", "main").1,
        "of 3 accounts 1 are subscribed, overridden and verified"
    );
    stage.end().await;
}
