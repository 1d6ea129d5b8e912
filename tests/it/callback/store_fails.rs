//! A disk that fails: 503, never 200, until a restart; then the retry is taken once.

use crate::harness::mail::{letter, receipts, status, text};
use crate::harness::stage::Stage;
use serde_json::json;

/// Which of a commit's steps fails.
#[derive(Debug, Clone, Copy)]
enum Step {
    Write,
    Sync,
}

/// Lets `good` posts pass, breaks the disk, and checks what the gateway says until and after a restart.
async fn breaks_at(step: Step, good: u32) {
    let mut stage = Stage::engaged_with(|plan| plan.failing_within = "journal").await;
    let line = stage.line(0, 0);
    for nth in 0..good {
        stage.take(letter(&line, &[text(&format!("wamid.good{nth}"), "491")])).await;
    }
    stage.until_ledger("/routes/main~1app/pending", 0).await;
    match step {
        Step::Write => stage.disk.fail_writes_after(0),
        Step::Sync => stage.disk.fail_syncs_after(0),
    }
    let body = letter(&line, &[text("wamid.unlucky", "491")]);
    for _ in 0..3 {
        let answer = stage.post(body.as_str()).await;
        assert_eq!(answer.status, 503, "{step:?} after {good}");
        assert!(answer.header("retry-after").is_some());
    }
    let big = receipts(&line, &(0..5000).map(|nth| status(&format!("wamid.{nth}"), "read", "491")).collect::<Vec<_>>());
    assert_eq!(stage.post(big).await.status, 503, "also who sends much can read the answer");
    let ready = stage.look("/readyz").await;
    assert_eq!((ready.status, &ready.json()["id"]), (503, &"wharf.store.closed".into()));
    assert_eq!(stage.look("/healthz").await.status, 200);
    assert_eq!(stage.verb("subscribe").await.status, 503, "nothing that changes is taken");
    assert_eq!(stage.verb("search").await.status, 200, "looking is allowed");
    let sent = stage
        .send(&format!("{}/messages", line.number), r#"{"messaging_product":"whatsapp","to":"1","text":{"body":"x"}}"#)
        .await;
    assert_eq!((sent.status, &sent.json()["error"]["is_transient"]), (503, &json!(true)));
    stage.ledger().await;
    assert!(
        !stage.app.deliveries().iter().any(|delivery| delivery.item_id() == "wamid.unlucky"),
        "nothing rests on it"
    );

    stage.crash().await;
    assert_eq!(stage.look("/readyz").await.status, 200);
    stage.take(body.as_str()).await;
    stage.take(body.as_str()).await;
    let unlucky = stage.events(&line.waba).await.iter().filter(|event| event["item"]["id"] == "wamid.unlucky").count();
    assert_eq!(unlucky, 1);
    let ledger = stage.until_ledger("/routes/main~1app/pending", 0).await;
    assert_eq!(ledger["routed"], i64::from(good) + 1);
    stage.end().await;
}

#[actix_web::test]
async fn when_the_first_write_fails_nothing_is_200_and_after_a_restart_metas_retry_is_taken_once() {
    breaks_at(Step::Write, 0).await;
}

#[actix_web::test]
async fn when_a_later_write_fails_nothing_is_200_and_after_a_restart_metas_retry_is_taken_once() {
    breaks_at(Step::Write, 7).await;
}

#[actix_web::test]
async fn when_the_first_sync_fails_nothing_is_200_and_after_a_restart_metas_retry_is_taken_once() {
    breaks_at(Step::Sync, 0).await;
}

#[actix_web::test]
async fn when_a_later_sync_fails_nothing_is_200_and_after_a_restart_metas_retry_is_taken_once() {
    breaks_at(Step::Sync, 7).await;
}

#[actix_web::test]
async fn whatever_write_or_sync_fails_under_load_nothing_that_was_answered_200_is_lost() {
    for good in [1, 2, 3, 5, 8, 13] {
        for step in [Step::Write, Step::Sync] {
            let mut stage = Stage::engaged_with(|plan| plan.failing_within = "journal").await;
            let line = stage.line(0, 0);
            match step {
                Step::Write => stage.disk.fail_writes_after(good),
                Step::Sync => stage.disk.fail_syncs_after(good),
            }
            let posts = (0..40).map(|nth| {
                let stage = &stage;
                let body = letter(&line, &[text(&format!("wamid.{nth}"), &nth.to_string())]);
                async move { (nth, stage.post(body).await.status) }
            });
            let answers = futures_util::future::join_all(posts).await;
            assert!(answers.iter().all(|(_, status)| [200, 503].contains(status)), "{answers:?}");
            stage.ledger().await;
            stage.crash().await;
            let kept: Vec<_> =
                stage.events(&line.waba).await.iter().map(|event| event["item"]["id"].to_string()).collect();
            for (nth, _) in answers.iter().filter(|(_, status)| *status == 200) {
                assert_eq!(
                    kept.iter().filter(|id| **id == format!("\"wamid.{nth}\"")).count(),
                    1,
                    "{step:?} {good}: wamid.{nth}"
                );
            }
            stage.until_ledger("/routes/main~1app/pending", 0).await;
            stage.end().await;
        }
    }
}

#[actix_web::test]
async fn a_duplicate_whose_original_could_not_be_kept_is_not_answered_200() {
    let stage = Stage::engaged_with(|plan| plan.failing_within = "journal").await;
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491")]);
    stage.until_ledger("/routes/main~1app/pending", 0).await;
    stage.disk.fail_syncs_after(0);
    for answer in futures_util::future::join_all((0..8).map(|_| stage.post(body.as_str()))).await {
        assert_eq!(answer.status, 503);
    }
    stage.end().await;
}
