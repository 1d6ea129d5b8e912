//! `wharf hold` and `wharf release`.

use super::operate;
use crate::harness::mail::{letter, text};
use crate::harness::stage::Stage;

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
    let stage = Stage::engaged_with(|plan| plan.routes = vec![("app", String::new()), ("crm", String::new())]).await;
    let line = stage.line(0, 0);
    let which = format!("deliveries of account {} to route main/crm", line.waba);
    let hold = ["hold", &*line.waba, "--deliveries", "--route", "main/crm"];
    let said = operate(&stage, &hold).await.well();
    assert!(said.out.starts_with(&format!("{which} are held from now on")), "{said:?}");
    assert_eq!(operate(&stage, &hold).await.well().out, format!("{which}: they were held already\n"));
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    stage.until_ledger("/routes/main~1crm/pending", 1).await;
    let account = operate(&stage, &["accounts", &line.waba]).await.well();
    assert!(account.out.contains("route main/crm") && account.out.contains("held by operator"), "{}", account.out);
    let release = ["release", &*line.waba, "--deliveries", "--route", "main/crm"];
    assert_eq!(operate(&stage, &release).await.well().out, format!("{which} go on\n"));
    stage.until_ledger("/routes/main~1crm/delivered", 1).await;
    assert_eq!(operate(&stage, &release).await.well().out, format!("{which}: they were not held\n"));
    let unknown = operate(&stage, &["hold", &line.waba, "--deliveries", "--route", "nowhere"]).await;
    assert!(unknown.code == 1 && unknown.err.contains("`wharf routes WABA`"), "{unknown:?}");
    stage.end().await;
}
