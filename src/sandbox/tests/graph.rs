//! Graph's reading side: tokens, nodes, lists, subscriptions, and the shape of its errors.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::receiver::{Receiver, VERIFY_TOKEN};
use super::{Client, start, subscribed};
use crate::sandbox::signing::appsecret_proof;
use crate::sandbox::{Faults, SandboxOptions, Subscribed};

fn assert_error(answer: &(u16, Value), status: u16, code: u64) {
    let error = &answer.1["error"];
    assert_eq!((answer.0, error["code"].as_u64()), (status, Some(code)), "{}", answer.1);
    for member in ["message", "type", "fbtrace_id"] {
        assert!(error[member].is_string(), "{member} is missing in {error}");
    }
}

#[actix_web::test]
async fn a_missing_or_wrong_token_is_190_and_a_wrong_proof_is_100() {
    let sandbox = start(subscribed()).await;
    let good = Client::of(&sandbox);
    let bad = Client { base: sandbox.graph_url(), token: "EAAwrong".into() };
    let waba = sandbox.account_ids()[0].clone();
    assert_error(&bad.get(&format!("/v25.0/{waba}")).await, 401, 190);
    assert_error(&good.get(&format!("/v25.0/{waba}?appsecret_proof=00")).await, 400, 100);
    let proof = appsecret_proof(&sandbox.options().app_secret, &good.token);
    assert_eq!(good.get(&format!("/v25.0/{waba}?appsecret_proof={proof}")).await.0, 200);
    sandbox.stop().await;
}

#[actix_web::test]
async fn debug_token_names_the_accounts_that_the_token_opens() {
    let sandbox = start(SandboxOptions { accounts: 4, ..subscribed() }).await;
    let client = Client::of(&sandbox);
    let (_, answer) = client.get(&format!("/v25.0/debug_token?input_token={}", client.token)).await;
    assert_eq!(answer["data"]["is_valid"], true);
    assert_eq!(answer["data"]["granular_scopes"][0]["target_ids"], json!(sandbox.account_ids()));
    let (_, answer) = client.get("/debug_token?input_token=other").await;
    assert_eq!(answer["data"]["is_valid"], false);
    let business = sandbox.world().business_id().to_owned();
    let (_, owned) = client.get(&format!("/v25.0/{business}/owned_whatsapp_business_accounts")).await;
    let (_, clients) = client.get(&format!("/v25.0/{business}/client_whatsapp_business_accounts")).await;
    assert_eq!((owned["data"].as_array().unwrap().len(), clients["data"].as_array().unwrap().len()), (3, 1));
    sandbox.stop().await;
}

#[actix_web::test]
async fn pages_lead_through_all_numbers_once() {
    let sandbox = start(SandboxOptions { accounts: 1, numbers_per_account: 230, ..subscribed() }).await;
    let client = Client::of(&sandbox);
    let waba = sandbox.account_ids()[0].clone();
    let (mut ids, mut sizes) = (HashSet::new(), Vec::new());
    let mut path = format!("/v25.0/{waba}/phone_numbers?limit=100&fields=id,display_phone_number");
    loop {
        let (status, page) = client.get(&path).await;
        assert_eq!(status, 200, "{page}");
        let data = page["data"].as_array().unwrap();
        sizes.push(data.len());
        ids.extend(data.iter().map(|number| number["id"].as_str().unwrap().to_owned()));
        assert!(data[0]["verified_name"].is_null(), "fields that were not asked for are left out");
        let Some(next) = page["paging"]["next"].as_str() else { break };
        path = next.strip_prefix(&sandbox.graph_url()).unwrap().to_owned();
    }
    assert_eq!((sizes, ids.len()), (vec![100, 100, 30], 230));
    let (_, page) = client.get(&format!("/v25.0/{waba}/phone_numbers")).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 25, "Graph's default");
    assert_error(&client.get(&format!("/v25.0/{waba}/phone_numbers?after=nonsense")).await, 400, 131_059);
    sandbox.stop().await;
}

#[actix_web::test]
async fn fifty_ids_are_read_at_once_and_no_more() {
    let sandbox = start(SandboxOptions { accounts: 51, numbers_per_account: 2, ..subscribed() }).await;
    let (client, ids) = (Client::of(&sandbox), sandbox.account_ids());
    let fields = "id,name,country,phone_numbers%7Bid,status%7D,subscribed_apps";
    let (status, nodes) = client.get(&format!("/v25.0/?ids={}&fields={fields}", ids[..50].join(","))).await;
    assert_eq!((status, nodes.as_object().unwrap().len()), (200, 50));
    assert_eq!(nodes[&ids[0]]["phone_numbers"]["data"][1]["status"], "CONNECTED");
    assert_eq!(nodes[&ids[0]]["subscribed_apps"]["data"].as_array().unwrap().len(), 1);
    assert_error(&client.get(&format!("/v25.0/?ids={}", ids.join(","))).await, 400, 100);
    assert_error(&client.get(&format!("/?ids={},5", ids[0])).await, 400, 100);
    sandbox.stop().await;
}

#[actix_web::test]
async fn unknown_objects_paths_and_refused_accounts_are_said_as_graph_says_them() {
    let sandbox = start(subscribed()).await;
    let client = Client::of(&sandbox);
    let answer = client.get("/v25.0/999999").await;
    assert_error(&answer, 400, 100);
    assert_eq!(answer.1["error"]["error_subcode"], 33);
    assert_error(&client.get("/v25.0/nothing/here").await, 400, 2500);
    let waba = sandbox.account_ids()[1].clone();
    sandbox.set_faults(Faults { refused_accounts: vec![waba.clone()], ..Faults::default() });
    assert_error(&client.get(&format!("/v25.0/{waba}")).await, 403, 200);
    assert_error(&client.post(&format!("/v25.0/{waba}/subscribed_apps"), &json!({})).await, 403, 200);
    sandbox.stop().await;
}

#[actix_web::test]
async fn an_account_gets_a_callback_of_its_own_only_when_subscribed_and_after_the_handshake() {
    let sandbox = start(SandboxOptions { subscribed: Subscribed::None, ..subscribed() }).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    let client = Client::of(&sandbox);
    let path = format!("/v25.0/{}/subscribed_apps", sandbox.account_ids()[0]);
    let wanted = json!({"override_callback_uri": receiver.url, "verify_token": VERIFY_TOKEN});
    assert_error(&client.post(&path, &wanted).await, 400, 100);
    assert_eq!(client.post(&path, &json!({})).await.1, json!({"success": true}));
    let wrong = json!({"override_callback_uri": receiver.url, "verify_token": "wrong"});
    let refused = client.post(&path, &wrong).await;
    assert_error(&refused, 400, 2200);
    assert!(refused.1["error"]["message"].as_str().unwrap().contains("HTTP Status Code = 403"));
    assert_eq!(client.post(&path, &wanted).await.0, 200);
    let (_, apps) = client.get(&path).await;
    assert_eq!(apps["data"][0]["override_callback_uri"], receiver.url);
    assert_eq!(apps["data"][0]["whatsapp_business_api_data"]["id"], sandbox.options().app_id);
    assert_eq!(client.post(&path, &json!({})).await.0, 200);
    assert!(client.get(&path).await.1["data"][0]["override_callback_uri"].is_null(), "an empty POST removes it");
    assert_eq!(client.delete(&path).await.0, 200);
    assert_eq!(client.get(&path).await.1, json!({"data": []}));
    receiver.stop().await;
    sandbox.stop().await;
}

#[actix_web::test]
async fn the_apps_own_callback_is_set_with_the_apps_token() {
    let sandbox = start(subscribed()).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    let options = sandbox.options().clone();
    let path = format!("/v25.0/{}/subscriptions", options.app_id);
    let wanted = json!({
        "object": "whatsapp_business_account", "callback_url": receiver.url, "verify_token": VERIFY_TOKEN,
        "fields": "messages",
    });
    assert_error(&Client::of(&sandbox).post(&path, &wanted).await, 400, 15);
    let app = Client { base: sandbox.graph_url(), token: format!("{}|{}", options.app_id, options.app_secret) };
    assert_eq!(app.post(&path, &wanted).await.1, json!({"success": true}));
    assert_eq!(app.get(&path).await.1["data"][0]["callback_url"], receiver.url);
    receiver.stop().await;
    sandbox.stop().await;
}

#[actix_web::test]
async fn a_login_gives_a_code_that_becomes_a_token_once_and_only_where_it_was_sent() {
    let sandbox = start(subscribed()).await;
    let options = sandbox.options().clone();
    let one = sandbox.account_ids()[0].clone();
    sandbox.world().share(vec![one.clone()]);
    let client = Client::of(&sandbox);
    let dialog = format!(
        "{}/v25.0/dialog/oauth?client_id={}&response_type=code&state=s&redirect_uri=https%3A%2F%2Fwa.example%2Fmain",
        sandbox.graph_url(),
        options.app_id
    );
    let mut page = awc::Client::default().get(dialog).send().await.unwrap();
    let page = String::from_utf8(page.body().await.unwrap().to_vec()).unwrap();
    assert!(page.contains("https://wa.example/main?error=access_denied"), "{page}");
    let code = page.split("?code=").nth(1).unwrap().split('&').next().unwrap();
    let redeem = |redirect: &str| {
        let (id, secret) = (&options.app_id, &options.app_secret);
        format!("/v25.0/oauth/access_token?client_id={id}&client_secret={secret}&code={code}&redirect_uri={redirect}")
    };
    assert_error(&client.get(&redeem("https://elsewhere.example")).await, 400, 100);
    let (_, token) = client.get(&redeem("https://wa.example/main")).await;
    let token = token["access_token"].as_str().unwrap().to_owned();
    assert_error(&client.get(&redeem("https://wa.example/main")).await, 400, 100);
    let (_, told) = client.get(&format!("/v25.0/debug_token?input_token={token}")).await;
    assert_eq!(
        (&told["data"]["type"], &told["data"]["granular_scopes"][0]["target_ids"]),
        (&json!("USER"), &json!([one]))
    );
    sandbox.stop().await;
}
