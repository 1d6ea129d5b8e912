//! Deliveries that an operator holds: nothing starts, nothing ages, nothing is lost, whatever happens to Wharf meanwhile.

use crate::harness::http::{self, Answer};
use crate::harness::mail::{Line, letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use serde_json::{Value, json};

const APP: &str = "/routes/main~1app/delivered";
const CRM: &str = "/routes/main~1crm/delivered";

async fn two_routes() -> Stage {
    Stage::engaged_with(|plan| {
        plan.routes = vec![("app", String::new()), ("crm", String::new())];
        plan.numbers = 2;
    })
    .await
}

async fn say(stage: &Stage, verb: &str, body: Value) -> Answer {
    let url = format!("{}/api/accounts/{}/{verb}", stage.ops, stage.line(0, 0).waba);
    http::post(&url, &[("Authorization", &bearer(KEY))], body.to_string()).await
}

async fn holds(stage: &Stage) -> Value {
    stage.look(&format!("/api/accounts/{}", stage.line(0, 0).waba)).await.json()["delivery_holds"].take()
}

async fn mail(stage: &Stage, line: &Line, id: &str) {
    stage.take(letter(line, &[text(id, "491")])).await;
}

#[actix_web::test]
async fn what_is_held_waits_through_a_restart_and_a_crash_and_then_goes() {
    let mut stage = two_routes().await;
    let told = say(&stage, "pause", json!({"what": "deliveries"})).await;
    assert_eq!((told.status, &told.json()["paused"]), (200, &json!(true)), "{}", told.text());
    assert_eq!(say(&stage, "pause", json!({"what": "deliveries"})).await.json()["paused"], false, "twice is once");
    let line = stage.line(0, 0);
    mail(&stage, &line, "wamid.1").await;
    stage.restart().await;
    mail(&stage, &line, "wamid.2").await;
    stage.crash().await;
    mail(&stage, &stage.line(1, 0), "wamid.neighbour").await;
    stage.until_ledger(APP, 1).await;
    assert_eq!(stage.ledger().await["routes"]["main/app"]["pending"], 2);
    let held = holds(&stage).await;
    assert_eq!(
        (&held[0]["route"], &held[0]["number"], &held[0]["by"]),
        (&Value::Null, &Value::Null, &json!("operator"))
    );
    assert!(held[0]["since"].is_string() && held[1].is_null(), "{held}");
    let alarms = stage.look("/api/alarms").await.json();
    let alarm = &alarms["alarms"][0];
    assert_eq!((&alarm["what"], &alarm["account"]), (&json!("deliveries_held"), &json!(line.waba)), "{alarms}");
    assert!(alarm["since"].is_string() && alarm["todo"].as_str().is_some_and(|todo| todo.contains("resume")));
    let metrics = http::get(&format!("{}/metrics", stage.ops), &[]).await;
    let metrics = metrics.text();
    assert!(metrics.contains("wharf_alarms{what=\"deliveries_held\"} 1\n"));
    assert!(metrics.contains("wharf_delivery_holds{scope=\"account\"} 1\n"));
    assert!(metrics.contains("wharf_delivery_holds{scope=\"route\"} 0\n"));
    assert_eq!(say(&stage, "resume", json!({"what": "deliveries"})).await.json()["ended"], 1);
    stage.until_ledger(APP, 3).await;
    stage.until_ledger(CRM, 3).await;
    assert_eq!(say(&stage, "resume", json!({"what": "deliveries"})).await.json()["ended"], 0);
    assert_eq!(stage.look("/api/alarms").await.json(), json!({"alarms": []}));
    assert_eq!(holds(&stage).await, json!([]));
    let audit = stage.look("/api/audit").await;
    assert!(audit.text().contains("deliveries.pause") && audit.text().contains("deliveries.resume"));
    stage.end().await;
}

#[actix_web::test]
async fn a_route_or_a_number_that_is_held_holds_up_nothing_else() {
    let stage = two_routes().await;
    let (one, other) = (stage.line(0, 0), stage.line(0, 1));
    let route = json!({"what": "deliveries", "route": "crm"});
    assert_eq!(say(&stage, "pause", route.clone()).await.json()["route"], "main/crm");
    mail(&stage, &one, "wamid.1").await;
    stage.until_ledger(APP, 1).await;
    assert_eq!(stage.ledger().await["routes"]["main/crm"]["pending"], 1);
    assert_eq!(say(&stage, "resume", route).await.json()["ended"], 1);
    stage.until_ledger(CRM, 1).await;
    let number = json!({"what": "deliveries", "number": one.number});
    assert_eq!(say(&stage, "pause", number.clone()).await.status, 200);
    mail(&stage, &one, "wamid.2").await;
    mail(&stage, &other, "wamid.3").await;
    stage.until_ledger(APP, 2).await;
    stage.until_ledger(CRM, 2).await;
    let got = stage.app.deliveries();
    assert!(!got.iter().any(|delivery| delivery.item_id() == "wamid.2"));
    assert_eq!(say(&stage, "resume", number).await.json()["ended"], 1);
    stage.until_ledger(APP, 3).await;
    stage.end().await;
}

#[actix_web::test]
async fn what_is_not_there_cannot_be_held() {
    let stage = two_routes().await;
    for (body, status) in [
        (json!({"what": "deliveries", "route": "nowhere"}), 404),
        (json!({"what": "deliveries", "number": "4711"}), 400),
        (json!({"what": "sends", "route": "app"}), 400),
        (json!({"what": "everything"}), 400),
        (json!({"what": "deliveries", "rout": "app"}), 400),
    ] {
        let told = say(&stage, "pause", body.clone()).await;
        assert_eq!(told.status, status, "{body}: {}", told.text());
    }
    assert_eq!(holds(&stage).await, json!([]));
    stage.end().await;
}
