//! `wharf tail` and `wharf explain`, against a fake that speaks as agreed.

use super::fake::{answering, live};
use super::operate_at;
use serde_json::json;

const EVENT: &str = "event: event\nid: 57\ndata: {\"at\":\"2026-11-29T10:00:00.123Z\",\"id\":\"1022.57\",\"type\":\"message\",\
                     \"field\":\"messages\",\"number\":\"1065\",\"dialog\":\"12\",\"disposition\":\"routed\",\
                     \"routes\":[\"main/app\"]}\n\n";
const DELIVERY: &str = ": ping\n\nevent: delivery\ndata: {\"at\":\"2026-11-29T10:00:00.200Z\",\"event\":\"1022.57\",\
                        \"route\":\"main/app\",\"attempt\":1,\"result\":\"delivered\",\"status\":200,\"reason\":null,\
                        \"took_ms\":12}\n\n";

#[actix_web::test]
async fn a_tail_tells_one_fact_a_line_and_connects_again_when_the_stream_ends() {
    let (url, handle) = live(vec![EVENT, DELIVERY]);
    let said = operate_at(&url, &["tail", "1022", "--count", "2"]).await.well();
    let expected = "\
10:00:00.123  event     1022.57  message in messages  number 1065  dialog 12  routed  -> main/app
10:00:00.200  delivery  1022.57  main/app  attempt 1  delivered 200 in 12 ms
";
    assert_eq!(said.out, expected);
    assert!(said.err.contains("the stream ended; connecting again"), "{}", said.err);
    handle.stop(false).await;
}

#[actix_web::test]
async fn programs_read_each_fact_as_a_line_of_json() {
    let (url, handle) = live(vec![EVENT]);
    let said = operate_at(&url, &["tail", "1022", "--kind", "event,send", "--count", "1", "--json"]).await.well();
    let lines = said.lines();
    assert_eq!((lines.len(), &lines[0]["kind"], &lines[0]["id"]), (1, &json!("event"), &json!("1022.57")));
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_full_house_of_listeners_is_told() {
    let told = json!({"id": "wharf.live.full", "code": 429, "detail": "too many listen already", "status": ""});
    let fake = answering(vec![("GET /api/accounts/1022/live?kind=send", 429, told)]).await;
    let said = operate_at(&fake.url(""), &["tail", "1022", "--kind", "send"]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("too many listen already (wharf.live.full, 429)"), "{said:?}");
    fake.stop().await;
}

#[actix_web::test]
async fn an_event_is_explained_to_people_and_programs() {
    let told = json!({
        "event": {"id": "1022.57", "type": "message", "field": "messages", "bytes": 412, "lane": "dialog 12"},
        "received": {"at": "2026-11-29T10:00:00.123Z", "gateway": "main", "secret": 0, "secret_is": "current",
            "disposition": "routed", "why": "its account is active"},
        "routes": [{"route": "main/app", "matched": true, "why": "it takes all", "state": "delivered",
            "attempts": [{"at": "2026-11-29T10:00:00.200Z", "attempt": 1, "status": 200, "reason": null, "took_ms": 12}],
            "attempts_made": 1, "delivered_at": "2026-11-29T10:00:00.212Z", "next_at": null, "waits_for": null,
            "dead": null}],
        "message": null, "summary": "Delivered to every route that wants it."
    });
    let fake = answering(vec![("GET /api/events/1022.57/explain", 200, told.clone())]).await;
    let said = operate_at(&fake.url(""), &["explain", "1022.57"]).await.well();
    assert!(said.out.starts_with("Delivered to every route that wants it.\n\nevent 1022.57\n"), "{}", said.out);
    assert!(said.out.contains("2026-11-29T10:00:00.200Z  attempt 1: answered 200 after 12 ms\n"), "{}", said.out);
    assert_eq!(operate_at(&fake.url(""), &["explain", "1022.57", "--json"]).await.well().json(), told);
    fake.stop().await;
}
