//! An endpoint whose application said 410: its routes stay paused, whatever happens to Wharf, until somebody resumes it.

use crate::harness::application::{Application, Reply, nobody};
use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use serde_json::{Value, json};

/// Two routes to one endpoint.
async fn twins() -> (Stage, Application) {
    let address = nobody();
    let app = Application::on(address);
    let stage = Stage::engaged_with(|plan| {
        plan.routes.clear();
        let twin =
            |name: &str| format!("[[gateway.route]]\nname = \"{name}\"\nurl = \"http://{address}/bot?key=k1\"\n");
        plan.more = twin("one") + &twin("two");
    });
    (stage.await, app)
}

async fn paused_at(stage: &Stage, name: &str) -> Value {
    let waba = stage.line(0, 0).waba;
    let told = stage.look(&format!("/api/accounts/{waba}")).await.json();
    told["routes"][format!("main/{name}")]["paused_at"].clone()
}

async fn until_paused(stage: &Stage, name: &str) -> Value {
    let look = async || Some(paused_at(stage, name).await).filter(Value::is_string);
    until(&format!("{name} is paused"), look).await
}

async fn resume(stage: &Stage, name: &str) -> Value {
    let url = format!("{}/api/routes/main/{name}/resume", stage.ops);
    let answer = http::post(&url, &[("Authorization", &bearer(KEY))], "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[actix_web::test]
async fn a_pause_survives_a_restart_and_a_crash_and_so_does_its_end() {
    let (mut stage, app) = twins().await;
    app.answer(|_| Reply::Status(410));
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    let since = until_paused(&stage, "one").await;
    assert_eq!(until_paused(&stage, "two").await, since, "the pause is the endpoint's");
    let asked = app.deliveries().len();

    app.answer(|_| Reply::Status(200));
    stage.restart().await;
    assert_eq!(until_paused(&stage, "one").await, since);
    stage.take(letter(&line, &[text("wamid.2", "491")])).await;
    stage.crash().await;
    assert_eq!(until_paused(&stage, "two").await, since);
    assert_eq!(app.deliveries().len(), asked, "nobody asks an endpoint that is paused");
    assert_eq!(stage.ledger().await["routes"]["main/one"]["pending"], 2);

    let told = resume(&stage, "two").await;
    assert_eq!(told, json!({ "route": "main/two", "resumed": true, "routes": ["main/one", "main/two"] }));
    stage.crash().await;
    assert_eq!(paused_at(&stage, "one").await, Value::Null, "what was answered is kept");
    for name in ["one", "two"] {
        stage.until_ledger(&format!("/routes/main~1{name}/delivered"), 2).await;
    }
    assert_eq!(resume(&stage, "one").await["resumed"], false);
    app.stop().await;
    stage.end().await;
}
