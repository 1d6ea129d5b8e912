//! What a route wants: never ignored, and counted where it was not wanted.

use crate::harness::application::Delivery;
use crate::harness::mail::{entry, letters, post, receipts, status, text};
use crate::harness::stage::Stage;
use serde_json::{Value, json};

#[actix_web::test]
async fn a_route_gets_what_its_filters_want_and_nothing_else() {
    let stage = Stage::with(|plan| {
        plan.numbers = 2;
        plan.routes = vec![
            ("all", String::new()),
            ("texts", "types = [\"message\"]".into()),
            ("alerts", "fields = [\"account_alerts\"]".into()),
            ("statuses", "types = [\"status\", \"error\"]\nfields = [\"messages\"]".into()),
        ];
    });
    let mut stage = stage.await;
    let (line, second, other) = (stage.line(0, 0), stage.line(0, 1), stage.line(1, 0));
    let ids =
        [("one", format!("accounts = [\"{}\"]", other.waba)), ("number", format!("numbers = [\"{}\"]", second.number))];
    stage.plan.routes.extend(ids);
    stage.restart().await;
    for verb in ["setup", "subscribe"] {
        assert_eq!(stage.verb(verb).await.status, 200);
    }
    stage
        .take(post(&[
            letters(&line, &[text("wamid.1", "491")]),
            letters(&second, &[text("wamid.2", "491")]),
            letters(&other, &[text("wamid.3", "491")]),
            entry(&line.waba, &[r#"{"field":"account_alerts","value":{"alert":"X"}}"#.into()]),
        ]))
        .await;
    stage.take(receipts(&line, &[status("wamid.sent", "read", "491")])).await;
    let expected =
        json!({"all": [5, 0], "texts": [3, 2], "alerts": [1, 4], "statuses": [1, 4], "one": [1, 4], "number": [1, 4]});
    stage.app.until(12).await;
    for (route, counts) in expected.as_object().expect("an object") {
        let ledger = stage.until_ledger(&format!("/routes/main~1{route}/pending"), 0).await;
        let sums = &ledger["routes"][format!("main/{route}")];
        assert_eq!(json!([sums["delivered"], sums["filtered"]]), *counts, "{route}");
        assert_eq!(sums["offered"], 5, "{route}");
    }
    let got = |route: &str| -> Vec<String> {
        let deliveries = stage.app.deliveries();
        deliveries
            .iter()
            .filter(|delivery| delivery.target == format!("POST /{route}"))
            .map(Delivery::item_id)
            .collect()
    };
    assert_eq!(
        (got("one"), got("number"), got("statuses")),
        (vec!["wamid.3".into()], vec!["wamid.2".into()], vec!["wamid.sent".into()])
    );
    stage.end().await;
}

#[actix_web::test]
async fn a_route_that_is_new_begins_with_what_comes_then() {
    let mut stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.take(crate::harness::mail::letter(&line, &[text("wamid.1", "491")])).await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    stage.plan.routes.push(("late", String::new()));
    stage.restart().await;
    stage.take(crate::harness::mail::letter(&line, &[text("wamid.2", "491")])).await;
    let ledger = stage.until_ledger("/routes/main~1late/delivered", 1).await;
    let offered: Vec<Value> =
        ["app", "late"].map(|route| ledger["routes"][format!("main/{route}")]["offered"].clone()).to_vec();
    assert_eq!(offered, [2, 1]);
    stage.end().await;
}

#[actix_web::test]
async fn an_account_without_a_route_is_journalled_all_the_same() {
    let stage = Stage::engaged_with(|plan| plan.routes.clear()).await;
    let line = stage.line(0, 0);
    stage.take(crate::harness::mail::letter(&line, &[text("wamid.1", "491")])).await;
    let ledger = stage.ledger().await;
    assert_eq!((&ledger["routed"], &ledger["routes"]), (&json!(1), &json!({})));
    assert_eq!(stage.events(&line.waba).await.len(), 1);
    stage.end().await;
}
