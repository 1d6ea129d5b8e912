//! How far the routes got survives: nothing is forgotten, and little is repeated.

use crate::harness::application::{Delivery, Reply};
use crate::harness::mail::{letters, post, text};
use crate::harness::stage::Stage;
use std::collections::HashMap;
use std::time::Duration;

/// Deliveries that may be under way at once, and those that wait for one another before their progress is kept.
const IN_DOUBT: usize = 32 + 2 * 64;

fn mail(stage: &Stage, from: usize, count: usize) -> String {
    let of = |account: usize| {
        let messages: Vec<String> =
            (from..from + count).map(|nth| text(&format!("wamid.{account}.{nth}"), &(nth % 20).to_string())).collect();
        letters(&stage.line(account, 0), &messages)
    };
    post(&[of(0), of(1), of(2)])
}

fn times(deliveries: &[Delivery]) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    deliveries.iter().for_each(|delivery| *times.entry(delivery.item_id()).or_default() += 1);
    times
}

#[actix_web::test]
async fn after_a_stop_in_good_order_nothing_is_delivered_again() {
    let mut stage = Stage::engaged().await;
    stage.app.answer(|_| Reply::Slowly(Duration::from_millis(30), 200));
    for round in 0..3 {
        let before = stage.app.deliveries().len();
        stage.take(mail(&stage, round * 40, 40)).await;
        stage.app.until(before + 20).await;
        stage.restart().await;
    }
    let ledger = stage.until_ledger("/routes/main~1app/delivered", 360).await;
    assert_eq!(ledger["routes"]["main/app"]["pending"], 0);
    let times = times(&stage.app.deliveries());
    assert_eq!(times.len(), 360);
    assert!(
        times.values().all(|times| *times == 1),
        "delivered twice: {:?}",
        times.iter().filter(|(_, times)| **times > 1).collect::<Vec<_>>()
    );
    stage.end().await;
}

#[actix_web::test]
async fn after_a_crash_no_more_is_delivered_again_than_what_was_in_doubt() {
    let mut stage = Stage::engaged().await;
    stage.take(mail(&stage, 0, 300)).await;
    stage.app.until(500).await;
    stage.crash().await;
    stage.until_ledger("/routes/main~1app/delivered", 900).await;
    let times = times(&stage.app.deliveries());
    assert_eq!(times.len(), 900, "nothing is forgotten");
    let again: usize = times.values().map(|times| times - 1).sum();
    assert!(again <= 3 * IN_DOUBT, "{again} delivered again, by three accounts");
    stage.end().await;
}

#[actix_web::test]
async fn waiting_for_a_retry_survives_a_restart_with_its_count_of_attempts() {
    let mut stage = Stage::engaged().await;
    stage.app.answer(|_| Reply::With(503, "Retry-After", "1".into()));
    stage.take(mail(&stage, 0, 1)).await;
    stage.app.until(3).await;
    stage.restart().await;
    stage.app.answer(|_| Reply::Status(200));
    stage.until_ledger("/routes/main~1app/delivered", 3).await;
    let mut last = stage.app.deliveries();
    last.reverse();
    assert!(last[..3].iter().all(|delivery| delivery.header("x-wharf-attempt") != "1"), "{last:?}");
    stage.end().await;
}
