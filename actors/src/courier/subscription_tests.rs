//! Subscribing, against a server on port 0 that plays Graph.
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use super::*;
use crate::courier::fake::{Fake, Reply, gateway};
use crate::gateway::Gateway;

const PATH: &str = "/v25.0/102/subscribed_apps";
const OURS: &str = "https://wa.example.com/support";

/// Graph with one account and, for our app, one override.
fn graph_with_override(uri: Option<&str>) -> Fake {
    let state = Mutex::new(uri.map(str::to_owned));
    Fake::start(move |seen| {
        let mut state = state.lock().unwrap();
        match seen.method.as_str() {
            "GET" => {
                let mut ours = json!({"whatsapp_business_api_data": {"id": "42"}});
                if let Some(uri) = &*state {
                    ours["override_callback_uri"] = json!(uri);
                }
                let other =
                    json!({"whatsapp_business_api_data": {"id": "7"}, "override_callback_uri": "https://seven/"});
                Reply::Json(200, json!({"data": [other, ours]}))
            }
            _ => {
                *state = seen.json()["override_callback_uri"].as_str().map(str::to_owned);
                Reply::Json(200, json!({"success": true}))
            }
        }
    })
}

async fn subscribe(fake: &Fake, gateway: &Gateway, foreign: Foreign) -> Result<Subscribed, Fault> {
    Errand::new(&fake.graph(), gateway, 0.0).subscribe("102", foreign).await
}

#[actix_rt::test]
async fn subscribing_is_one_empty_post_where_the_apps_callback_serves() {
    let fake = graph_with_override(None);
    let subscribed = subscribe(&fake, &gateway(), Foreign::Keep).await.unwrap();
    assert_eq!(subscribed, Subscribed::AsWished(Standing { ours_subscribed: true, override_uri: None }));
    let posts: Vec<_> = fake.seen().into_iter().filter(|seen| seen.method == "POST").collect();
    assert_eq!((posts.len(), posts[0].body.len()), (1, 0));
}

#[actix_rt::test]
async fn with_an_override_a_second_post_names_the_callback_and_the_verify_token() {
    let fake = graph_with_override(None);
    let gateway = Gateway { overrides: Overrides::Account, ..gateway() };
    let subscribed = subscribe(&fake, &gateway, Foreign::Keep).await.unwrap();
    assert_eq!(subscribed, Subscribed::AsWished(Standing { ours_subscribed: true, override_uri: Some(OURS.into()) }));
    let posts: Vec<_> = fake.seen().into_iter().filter(|seen| seen.method == "POST").collect();
    assert_eq!(posts[0].body.len(), 0);
    assert_eq!(posts[1].json(), json!({"override_callback_uri": OURS, "verify_token": "verify me"}));
}

#[actix_rt::test]
async fn anothers_override_is_reported_and_kept_unless_forced() {
    let fake = graph_with_override(Some("https://other.example/hook"));
    let foreign = Standing { ours_subscribed: true, override_uri: Some("https://other.example/hook".into()) };
    let kept = subscribe(&fake, &gateway(), Foreign::Keep).await.unwrap();
    assert_eq!(kept, Subscribed::ForeignOverride(foreign));
    assert_eq!(fake.count("POST", PATH), 0);
    let forced = subscribe(&fake, &gateway(), Foreign::Replace).await.unwrap();
    assert_eq!(forced, Subscribed::AsWished(Standing { ours_subscribed: true, override_uri: None }));
    let gateway = gateway();
    let confirmed = Errand::new(&fake.graph(), &gateway, 0.0).confirm("102").await.unwrap();
    assert_eq!(confirmed.override_uri, None);
}

#[actix_rt::test]
async fn our_own_override_of_earlier_days_is_taken_back() {
    let fake = graph_with_override(Some(OURS));
    let subscribed = subscribe(&fake, &gateway(), Foreign::Keep).await.unwrap();
    assert_eq!(subscribed, Subscribed::AsWished(Standing { ours_subscribed: true, override_uri: None }));
    assert_eq!(fake.count("POST", PATH), 1);
}

#[actix_rt::test]
async fn an_override_without_a_callback_says_what_to_set() {
    let fake = graph_with_override(None);
    let gateway = Gateway { overrides: Overrides::Account, callback_url: None, ..gateway() };
    let ended = subscribe(&fake, &gateway, Foreign::Keep).await.unwrap();
    let Subscribed::NotOverridden(standing, refusal) = ended else { panic!("{ended:?}") };
    assert!(standing.ours_subscribed && standing.override_uri.is_none());
    assert!(refusal.to_string().contains("public_url"), "{refusal}");
}

#[actix_rt::test]
async fn where_meta_refuses_the_override_the_subscription_stands_and_the_error_says_which_step_failed() {
    let fake = Fake::start(|seen| match (seen.method.as_str(), seen.body.is_empty()) {
        ("GET", _) => Reply::Json(200, json!({"data": []})),
        (_, true) => Reply::Json(200, json!({"success": true})),
        (_, false) => Reply::Json(400, json!({"error": {"code": 2200, "message": "(#2200) no handshake"}})),
    });
    let gateway = Gateway { overrides: Overrides::Account, ..gateway() };
    let ended = subscribe(&fake, &gateway, Foreign::Keep).await.unwrap();
    let Subscribed::NotOverridden(standing, refusal) = ended else { panic!("{ended:?}") };
    assert_eq!(standing, Standing { ours_subscribed: true, override_uri: None });
    let told: Value = serde_json::from_slice(&refusal.object).unwrap();
    assert_eq!(told, json!({"code": 2200, "message": "(#2200) no handshake", "step": "override"}));
}

#[actix_rt::test]
async fn what_meta_does_not_confirm_is_no_success() {
    for body in ["", "null", "{}", r#"{"success":false}"#, r#"{"success":"true"}"#] {
        let fake = Fake::start(move |_| Reply::Raw(200, vec![], body.as_bytes().to_vec()));
        let gateway = gateway();
        let fault = Errand::new(&fake.graph(), &gateway, 0.0).unsubscribe("102").await.unwrap_err();
        assert!(fault.to_string().contains("ID=102"), "{body}: {fault}");
        assert_eq!(fake.count("DELETE", PATH), 1);
    }
}

#[actix_rt::test]
async fn a_transient_failure_is_tried_at_most_twice_more_and_a_final_one_not_at_all() {
    for (code, tries) in [(2, 3), (100, 1)] {
        let fake = Fake::start(move |_| Reply::Json(400, json!({"error": {"code": code, "message": "no"}})));
        let gateway = gateway();
        let begun = std::time::Instant::now();
        let fault = Errand::new(&fake.graph(), &gateway, 1.0).unsubscribe("102").await.unwrap_err();
        assert!(matches!(fault, Fault::Refused(refusal) if refusal.code == Some(code)));
        assert_eq!(fake.count("DELETE", PATH), tries);
        assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    }
}

#[actix_rt::test]
async fn a_gateway_without_an_app_id_learns_it_from_its_token() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        "/v25.0/debug_token" => Reply::Json(200, json!({"data": {"app_id": "42", "is_valid": true}})),
        _ => Reply::Json(200, json!({"data": [{"whatsapp_business_api_data": {"id": "42"}}]})),
    });
    let gateway = Gateway { app_id: None, ..gateway() };
    assert!(Errand::new(&fake.graph(), &gateway, 0.0).confirm("102").await.unwrap().ours_subscribed);
}
