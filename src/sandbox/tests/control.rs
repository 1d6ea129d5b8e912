//! What a test steers and looks at: faults, life events, the usage of limits, the budget of management calls.

use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{Client, start, subscribed, until};
use crate::sandbox::{BanState, Faults, LifeEvent, Limits, Sandbox, SandboxOptions};

fn text_to(recipient: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": recipient, "type": "text", "text": {"body": "hello"}})
}

fn template() -> Value {
    let template = json!({"name": "summer_sale", "language": {"code": "en_US"}});
    json!({"messaging_product": "whatsapp", "to": "15551234", "type": "template", "template": template})
}

/// The first account and its first number.
fn first(sandbox: &Sandbox) -> (String, String) {
    let world = sandbox.world();
    (world.accounts()[0].id.clone(), world.accounts()[0].numbers[0].id.clone())
}

async fn code(client: &Client, number: &str, body: &Value) -> Option<u64> {
    client.post(&format!("/v25.0/{number}/messages"), body).await.1["error"]["code"].as_u64()
}

#[actix_web::test]
async fn a_ban_is_told_and_refuses_every_send_until_it_is_taken_back() {
    let sandbox = start(subscribed()).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    let (client, (waba, number)) = (Client::of(&sandbox), first(&sandbox));
    sandbox.happen(&LifeEvent::Ban { account: waba.clone(), state: BanState::Disable }).unwrap();
    assert_eq!(code(&client, &number, &text_to("15551234")).await, Some(131_031));
    until("the event", || !receiver.posts().is_empty()).await;
    let change = receiver.posts()[0].json["entry"][0]["changes"][0].clone();
    assert_eq!((&change["field"], &change["value"]["event"]), (&json!("account_update"), &json!("DISABLED_UPDATE")));
    assert_eq!(change["value"]["ban_info"]["waba_ban_state"], "DISABLE");
    sandbox.happen(&LifeEvent::Ban { account: waba, state: BanState::Reinstate }).unwrap();
    assert_eq!(code(&client, &number, &text_to("15551234")).await, None);
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn events_are_asked_for_over_http_too_and_take_effect() {
    let sandbox = start(subscribed()).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    let (client, (waba, number)) = (Client::of(&sandbox), first(&sandbox));
    let events = [
        json!({"event": "template", "account": waba, "name": "summer_sale", "state": "PAUSED"}),
        json!({"event": "preference", "number": number, "customer": "15551234", "value": "stop"}),
        json!({"event": "throughput_upgrade", "number": number}),
        json!({"event": "restriction", "account": waba, "restriction": "RESTRICTED_CUSTOMER_INITIATED_MESSAGING", "seconds": 60}),
    ];
    for event in &events {
        assert_eq!(client.post("/sandbox/events", event).await.0, 200, "{event}");
    }
    assert_eq!(code(&client, &number, &template()).await, Some(132_015));
    assert_eq!(code(&client, &number, &text_to("15551234")).await, Some(368));
    let node = client.get(&format!("/v25.0/{number}?fields=throughput")).await.1;
    assert_eq!(node["throughput"]["level"], "HIGH");
    let templates = client.get(&format!("/v25.0/{waba}/message_templates?name=summer_sale")).await.1;
    assert_eq!(templates["data"][0]["status"], "PAUSED");
    until("four events", || receiver.posts().len() == 4).await;
    let mut fields: Vec<Value> =
        receiver.posts().iter().map(|post| post.json["entry"][0]["changes"][0]["field"].clone()).collect();
    fields.sort_by_key(ToString::to_string);
    let expected =
        ["account_update", "message_template_status_update", "phone_number_quality_update", "user_preferences"];
    assert_eq!(fields, expected);
    assert_eq!(client.post("/sandbox/events", &json!({"event": "comet"})).await.0, 400);
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn how_the_limits_were_used_can_be_read() {
    let sandbox = start(subscribed()).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    let (client, (_, number)) = (Client::of(&sandbox), first(&sandbox));
    assert_eq!(client.post("/sandbox/throughput", &json!({"number": number, "per_second": 4})).await.0, 200);
    let faults = client.post("/sandbox/faults", &json!({"limits": "on"})).await.1;
    assert_eq!((&faults["limits"], &faults["throughput"]), (&json!("on"), &json!(80)));
    sandbox.write(1, &number, "one").unwrap();
    sandbox.write(2, &number, "two").unwrap();
    until("both", || receiver.elements("messages").len() == 2).await;
    // Far from a second later even on a busy machine, or the counts below would show it.
    let codes = [code(&client, &number, &text_to("1")).await, code(&client, &number, &text_to("2")).await];
    let usage = sandbox.usage().into_iter().find(|usage| usage.number == number).unwrap();
    assert_eq!((codes, usage.received, usage.sent, usage.throughput), ([None, None], 2, 2, 4));
    for nth in 0..8 {
        code(&client, &number, &text_to(&(100 + nth).to_string())).await;
    }
    let look = client.get("/sandbox/stats").await.1;
    let told = look["numbers"].as_array().unwrap().iter().find(|told| told["number"] == number.as_str()).unwrap();
    assert!(told["throttled"].as_u64() > Some(0) && told["most_in_a_second"].as_u64() > Some(4), "{told}");
    assert_eq!(client.delete("/sandbox/stats").await.0, 200);
    assert_eq!(sandbox.usage()[0].most_in_a_second, 0);
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn the_budget_of_management_calls_stands_in_a_header_and_runs_out() {
    let faults = Faults { management_calls_per_h: 4, limits: Limits::On, ..Faults::default() };
    let sandbox = start(SandboxOptions { faults, ..subscribed() }).await;
    let (client, (waba, number)) = (Client::of(&sandbox), first(&sandbox));
    let paths = [format!("/v25.0/{waba}"), format!("/{waba}/phone_numbers"), format!("/v25.0/{number}")];
    for path in &paths {
        assert_eq!(client.get(path).await.0, 200);
    }
    let request = awc::Client::default().get(format!("{}/v25.0/{waba}/subscribed_apps", sandbox.graph_url()));
    let response = request.bearer_auth(&client.token).send().await.unwrap();
    let header = response.headers().get("x-business-use-case-usage").unwrap();
    let usage: Value = serde_json::from_slice(header.as_bytes()).unwrap();
    assert_eq!((response.status().as_u16(), &usage[&waba][0]["call_count"]), (200, &json!(100)));
    let (status, answer) = client.get(&format!("/v25.0/{waba}/message_templates")).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(80_008)));
    assert_eq!(code(&client, &number, &text_to("15551234")).await, None, "sends have limits of their own");
    sandbox.stop().await;
}
