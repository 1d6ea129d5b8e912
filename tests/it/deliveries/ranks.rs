//! A status that overtakes an earlier one: what each route gets of the one that comes late.

use crate::harness::application::Delivery;
use crate::harness::mail::{receipts, status};
use crate::harness::stage::Stage;
use serde_json::json;

#[actix_web::test]
async fn a_late_status_is_marked_dropped_or_sent_like_any_other_as_the_route_asks() {
    let stage = Stage::engaged_with(|plan| {
        let route = |name, guard: &str| (name, guard.to_owned());
        plan.routes = vec![
            route("plain", ""),
            route("marked", "rank_guard = \"mark\""),
            route("dropped", "rank_guard = \"drop\""),
        ];
    })
    .await;
    let line = stage.line(0, 0);
    for (id, state) in [("wamid.1", "read"), ("wamid.1", "delivered"), ("wamid.2", "delivered")] {
        stage.take(receipts(&line, &[status(id, state, "491")])).await;
    }
    stage.app.until(8).await;
    for (route, counts) in [("plain", [3, 0]), ("marked", [3, 0]), ("dropped", [2, 1])] {
        let ledger = stage.until_ledger(&format!("/routes/main~1{route}/pending"), 0).await;
        let sums = &ledger["routes"][format!("main/{route}")];
        assert_eq!((json!([sums["delivered"], sums["filtered"]]), &sums["offered"]), (json!(counts), &json!(3)));
    }
    let marks = |route: &str| -> Vec<(String, String)> {
        let target = format!("POST /{route}");
        let deliveries = stage.app.deliveries();
        let deliveries = deliveries.iter().filter(|delivery| delivery.target == target);
        deliveries.map(|delivery| (delivery.item_id(), delivery.header("x-wharf-superseded").to_owned())).collect()
    };
    let told = |marks: [(&str, &str); 3]| marks.map(|(id, mark)| (id.to_owned(), mark.to_owned())).to_vec();
    assert_eq!(marks("plain"), told([("wamid.1", ""), ("wamid.1", ""), ("wamid.2", "")]));
    assert_eq!(marks("marked"), told([("wamid.1", ""), ("wamid.1", "true"), ("wamid.2", "")]));
    assert_eq!(marks("dropped").len(), 2);
    assert!(stage.app.deliveries().iter().all(|delivery: &Delivery| !delivery.body.is_empty()));
    stage.end().await;
}
