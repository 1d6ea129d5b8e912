//! In order within a dialog, and nobody waits for another dialog, account or route.

use crate::harness::application::{Delivery, Reply};
use crate::harness::mail::{letter, letters, post, text};
use crate::harness::stage::Stage;
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[actix_web::test]
async fn within_a_dialog_the_next_is_not_tried_before_its_predecessor_has_arrived() {
    let stage = Stage::engaged().await;
    let refused = Mutex::new(HashSet::new());
    stage.app.answer(move |delivery| {
        let is_first_try = refused.lock().expect("no panic").insert(delivery.item_id());
        Reply::Status(if is_first_try { 503 } else { 200 })
    });
    let line = stage.line(0, 0);
    let messages: Vec<String> = (0..5).map(|nth| text(&format!("wamid.{nth}"), "491")).collect();
    stage.take(letter(&line, &messages)).await;
    let tried: Vec<String> = stage.app.until(10).await.iter().map(Delivery::item_id).collect();
    let expected: Vec<String> = (0..5).flat_map(|nth| [format!("wamid.{nth}"), format!("wamid.{nth}")]).collect();
    assert_eq!(tried, expected);
    stage.until_ledger("/routes/main~1app/delivered", 5).await;
    stage.end().await;
}

#[actix_web::test]
async fn a_customer_whose_deliveries_fail_or_hang_holds_up_nobody_else() {
    let mut stage = Stage::engaged_with(|plan| plan.routes.push(("broken", String::new()))).await;
    stage.app.answer(|delivery| {
        match (&*delivery.target, delivery.json()["entry"][0]["changes"][0]["value"]["messages"][0]["from"].as_str()) {
            ("POST /broken", _) => Reply::Status(500),
            (_, Some("491")) => Reply::Status(500),
            (_, Some("492")) => Reply::Never,
            (_, _) => Reply::Status(200),
        }
    });
    let entries: Vec<String> = [0, 1]
        .map(|nth| {
            letters(
                &stage.line(nth, 0),
                &["491", "492", "493", "493", "494"]
                    .iter()
                    .enumerate()
                    .map(|(at, from)| text(&format!("wamid.{at}"), from))
                    .collect::<Vec<_>>(),
            )
        })
        .to_vec();
    stage.take(post(&entries)).await;
    let ledger = stage.until_ledger("/routes/main~1app/delivered", 6).await;
    assert_eq!(ledger["routes"]["main/app"]["pending"], 4);
    assert_eq!(ledger["routes"]["main/broken"]["pending"], 10);
    stage.app.stop().await;
    stage.app = crate::harness::application::Application::start().await;
    stage.end().await;
}

#[actix_web::test]
async fn no_more_deliveries_are_under_way_than_the_route_allows() {
    let stage = Stage::engaged_with(|plan| plan.routes[0].1 = "concurrency = 3".into()).await;
    let slowly = Duration::from_millis(20);
    stage.app.answer(move |_| Reply::Slowly(slowly, 200));
    let lines = [0, 1, 2].map(|nth| stage.line(nth, 0));
    let entries: Vec<String> = lines
        .iter()
        .map(|line| {
            letters(line, &(0..20).map(|nth| text(&format!("wamid.{nth}"), &nth.to_string())).collect::<Vec<_>>())
        })
        .collect();
    stage.take(post(&entries)).await;
    stage.until_ledger("/routes/main~1app/delivered", 60).await;
    let began: Vec<_> = stage.app.deliveries().iter().map(|delivery| delivery.at).collect();
    let most = AtomicUsize::new(0);
    for at in &began {
        let together = began.iter().filter(|other| **other <= *at && **other + slowly > *at).count();
        most.fetch_max(together, Ordering::Relaxed);
    }
    let most = most.into_inner();
    assert!(most <= 3 && most > 1, "{most} at once, all accounts together");
    stage.end().await;
}

#[actix_web::test]
async fn a_long_queue_of_a_route_that_was_down_arrives_in_order_once_it_is_back() {
    let stage = Stage::engaged().await;
    stage.app.answer(|_| Reply::With(503, "Retry-After", "2".into()));
    let line = stage.line(0, 0);
    for round in 0..6 {
        let messages: Vec<String> =
            (0..500).map(|nth| text(&format!("wamid.{}", round * 500 + nth), &(nth % 7).to_string())).collect();
        stage.take(letter(&line, &messages)).await;
    }
    stage.app.until(3).await;
    stage.app.answer(|_| Reply::Status(200));
    stage.app.forget();
    stage.until_ledger("/routes/main~1app/delivered", 3000).await;
    for lane in 0..7 {
        let came: Vec<usize> = stage
            .app
            .deliveries()
            .iter()
            .map(|delivery| delivery.item_id()[6..].parse::<usize>().expect("a number"))
            .filter(|nth| nth % 500 % 7 == lane)
            .collect();
        assert!(came.is_sorted(), "dialog {lane}: {came:?}");
    }
    assert_eq!(stage.app.deliveries().len(), 3000);
    stage.end().await;
}
