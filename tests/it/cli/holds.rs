//! `wharf hold` and `wharf release`.

use super::fake::answering;
use super::{operate, operate_at};
use crate::harness::stage::Stage;
use serde_json::json;

#[actix_web::test]
async fn sends_are_held_and_released() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let hold = ["hold", &*line.waba, "--sends", "--number", &*line.number];
    let said = operate(&stage, &hold).await.well();
    let which = format!("sends of account {} of number {}", line.waba, line.number);
    assert!(said.out.starts_with(&format!("{which} are held from now on")), "{said:?}");
    let said = operate(&stage, &hold).await.well();
    assert_eq!(said.out, format!("{which}: they were held already\n"));
    let account = operate(&stage, &["accounts", &line.waba]).await.well();
    assert!(account.out.contains("Held\n") && account.out.contains("paused by operator"), "{}", account.out);
    let release = ["release", &*line.waba, "--sends", "--number", &*line.number];
    let told = operate(&stage, &[&release[..], &["--json"]].concat()).await.well().json();
    assert_eq!(told["ended"], 1);
    assert_eq!(operate(&stage, &release).await.well().out, format!("{which}: they were not held\n"));
    stage.end().await;
}

#[actix_web::test]
async fn deliveries_are_held_and_released() {
    let fake = answering(vec![
        ("POST /api/accounts/1022/pause", 200, json!({"account": "1022", "route": "main/app", "paused": true})),
        ("POST /api/accounts/1022/resume", 200, json!({"account": "1022", "route": "main/app", "ended": 1})),
    ])
    .await;
    let said = operate_at(&fake.url(""), &["hold", "1022", "--deliveries", "--route", "main/app"]).await.well();
    assert!(said.out.starts_with("deliveries of account 1022 to route main/app are held"), "{said:?}");
    let said = operate_at(&fake.url(""), &["release", "1022", "--deliveries", "--route", "main/app"]).await.well();
    assert_eq!(said.out, "deliveries of account 1022 to route main/app go on\n");
    let expected = json!({"what": "deliveries", "route": "main/app"});
    assert!(fake.deliveries().iter().all(|call| call.json() == expected));
    fake.stop().await;
}
