//! Lists under `/api`: limits, cursors, and what cannot be found.

use crate::harness::application::Reply;
use crate::harness::mail::{entry, letter, post, receipts, status, text};
use crate::harness::stage::{KEY, Stage};
use serde_json::{Value, json};

/// Everything in a list, `limit` at a time.
async fn pages(stage: &Stage, path: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for _ in 0..100 {
        let told = stage.look(&format!("{path}?limit={limit}{cursor}")).await.json();
        let data = told["data"].as_array().unwrap_or_else(|| panic!("no list: {told}"));
        assert!(data.len() <= limit);
        all.extend(data.iter().cloned());
        let Some(next) = told["next"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
    panic!("{path} has no end");
}

#[actix_web::test]
async fn accounts_come_in_pages_and_one_by_one() {
    let stage = Stage::engaged_with(|plan| plan.accounts = 7).await;
    let mut ids = stage.sandbox.account_ids();
    ids.sort();
    for limit in [1, 2, 3, 7, 50] {
        let listed: Vec<_> =
            pages(&stage, "/api/accounts", limit).await.iter().map(|account| account["id"].clone()).collect();
        assert_eq!(listed, ids, "{limit} at a time");
    }
    let one = stage.look(&format!("/api/accounts/{}", ids[0])).await.json();
    assert_eq!(
        (&one["id"], &one["gateway"], &one["active"], &one["wished"]),
        (&json!(ids[0]), &json!("main"), &json!(true), &json!(true))
    );
    assert_eq!(one["snapshot"]["phone_numbers"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&one["routes"]["main/app"]["breaker"], &one["routes"]["main/app"]["pending"]),
        (&json!("closed"), &json!(0))
    );
    assert_eq!(one["ledger"]["received"], 0);
    let unknown = stage.look("/api/accounts/12345").await;
    assert_eq!((unknown.status, &unknown.json()["id"]), (404, &json!("wharf.account.unknown")));
    stage.end().await;
}

#[actix_web::test]
async fn limits_and_cursors_that_mean_nothing_are_refused() {
    let stage = Stage::engaged().await;
    let waba = stage.line(0, 0).waba;
    for path in [
        "/api/accounts".to_owned(),
        format!("/api/accounts/{waba}/events"),
        format!("/api/accounts/{waba}/dead"),
        format!("/api/accounts/{waba}/dialogs"),
        "/api/audit".into(),
        "/api/quarantine".into(),
    ] {
        for limit in ["0", "1001", "-1", "x", ""] {
            let answer = stage.look(&format!("{path}?limit={limit}")).await;
            assert_eq!((answer.status, &answer.json()["id"]), (400, &json!("wharf.limit.bad")), "{path} {limit}");
        }
    }
    for path in ["/api/accounts?cursor=%21", "/api/audit?cursor=%C3%A9"] {
        let answer = stage.look(path).await;
        assert_eq!((answer.status, &answer.json()["id"]), (400, &json!("wharf.cursor.bad")), "{path}");
    }
    assert_eq!(stage.look(&format!("/api/accounts/{waba}/events?after=x")).await.status, 400);
    stage.end().await;
}

#[actix_web::test]
async fn events_come_in_pages_by_kind_and_one_by_one() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    for nth in 0..25 {
        stage.take(letter(&line, &[text(&format!("wamid.{nth}"), &nth.to_string())])).await;
    }
    stage.take(receipts(&line, &[status("wamid.sent", "read", "491")])).await;
    stage.take(post(&[entry(&line.waba, &[r#"{"field":"account_alerts","value":{"a":1}}"#.into()])])).await;
    let path = format!("/api/accounts/{}/events", line.waba);
    for limit in [1, 10, 27, 100] {
        let seqs: Vec<_> =
            pages(&stage, &path, limit).await.iter().map(|event| event["seq"].as_u64().expect("a seq")).collect();
        assert_eq!(seqs, (1..=27).collect::<Vec<_>>(), "{limit} at a time");
    }
    let after = stage.look(&format!("{path}?after=26")).await.json();
    assert_eq!((after["data"].as_array().map(Vec::len), &after["data"][0]["type"]), (Some(1), &json!("account")));
    let statuses = stage.look(&format!("{path}?kind=status")).await.json();
    assert_eq!((statuses["data"].as_array().map(Vec::len), &statuses["data"][0]["seq"]), (Some(1), &json!(26)));
    let one = stage.look(&format!("/api/events/{}.3", line.waba)).await.json();
    assert_eq!(
        (&one["message_id"], &one["item"]["id"], &one["dialog"]["wa_id"]),
        (&json!("wamid.2"), &json!("wamid.2"), &json!("2"))
    );
    for id in
        [format!("{}.99", line.waba), format!("{}.0", line.waba), "999.1".into(), "nonsense".into(), "a.b.c".into()]
    {
        let unknown = stage.look(&format!("/api/events/{id}")).await;
        assert_eq!((unknown.status, &unknown.json()["id"]), (404, &json!("wharf.event.unknown")), "{id}");
    }
    assert_eq!(stage.look("/api/accounts/12345/events").await.status, 404);
    assert_eq!(stage.look("/api/messages/msg_nothing").await.status, 404);
    stage.end().await;
}

#[actix_web::test]
async fn dialogs_and_audit_records_come_in_pages() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let messages: Vec<String> = (0..12).map(|nth| text(&format!("wamid.{nth}"), &format!("49{nth}"))).collect();
    stage.take(letter(&line, &messages)).await;
    let dialogs = pages(&stage, &format!("/api/accounts/{}/dialogs", line.waba), 5).await;
    let mut customers: Vec<_> = dialogs.iter().map(|dialog| dialog["customer"]["wa_id"].to_string()).collect();
    customers.sort();
    customers.dedup();
    assert_eq!((dialogs.len(), customers.len()), (12, 12));
    for _ in 0..5 {
        stage.verb("subscribe").await;
    }
    assert_eq!(pages(&stage, "/api/audit", 2).await.len(), 7);
    stage.end().await;
}

#[actix_web::test]
async fn secrets_are_in_no_answer() {
    let route = "[[gateway.route]]\nname = \"far\"\nurl = \"http://user:pass-word@127.0.0.1:9/hook?token=sesame\"\n";
    let stage = Stage::engaged_with(|plan| plan.more = route.into()).await;
    let waba = stage.line(0, 0).waba;
    let token = stage.sandbox.options().token.clone();
    for path in [
        "/api/accounts".to_owned(),
        format!("/api/accounts/{waba}"),
        "/metrics".into(),
        "/api/audit".into(),
        "/api/ledger".into(),
    ] {
        let answer = stage.look(&path).await;
        for secret in [
            "sesame",
            "pass-word",
            &token,
            crate::harness::stage::SECRET,
            crate::harness::stage::ROUTE_SECRET,
            crate::harness::stage::VERIFY,
        ] {
            assert!(!answer.text().contains(secret), "{secret} in {path}: {}", answer.text());
        }
    }
    stage.end().await;
}

#[actix_web::test]
async fn messages_are_listed_from_either_end_those_that_wait_and_those_that_have_ended() {
    let stage = Stage::engaged().await;
    let (line, other) = (stage.line(0, 0), stage.line(1, 0));
    let path = format!("/api/accounts/{}/messages", line.waba);
    let send = async |number: &str, to: usize| {
        let body =
            json!({"messaging_product": "whatsapp", "to": format!("4917{to}"), "type": "text", "text": {"body": "x"}});
        let sent = stage.send(&format!("{number}/messages"), body.to_string()).await;
        sent.header("x-wharf-message").unwrap_or_else(|| panic!("no id: {}", sent.text())).to_owned()
    };
    let mut ids = Vec::new();
    for to in 0..5 {
        ids.push(send(&line.number, to).await);
        send(&other.number, to).await;
    }
    let hold = stage.ask("POST", &format!("/api/accounts/{}/pause", line.waba), KEY, r#"{"what":"sends"}"#).await;
    assert_eq!(hold.status, 200, "{}", hold.text());
    for to in 5..8 {
        ids.push(send(&line.number, to).await);
    }
    for limit in [1, 3, 8, 50] {
        let told = pages(&stage, &path, limit).await;
        let newest: Vec<&Value> = told.iter().map(|message| &message["id"]).collect();
        assert_eq!(newest, ids.iter().rev().collect::<Vec<_>>(), "{limit} at a time");
    }
    let part = |more: &str| format!("{path}?{more}");
    let listed = async |more: &str| -> Vec<String> {
        let told = stage.look(&part(more)).await.json();
        told["data"].as_array().expect("a list").iter().map(|it| it["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(listed("order=oldest").await, ids);
    assert_eq!(listed("state=queued&order=oldest").await, ids[5..]);
    assert_eq!(listed("state=queued&limit=2").await, [ids[7].clone(), ids[6].clone()]);
    assert_eq!(listed("state=expired").await, Vec::<String>::new());
    let next = stage.look(&part("limit=2")).await.json()["next"].as_str().expect("there is more").to_owned();
    let stray = stage.look(&format!("/api/accounts/{}/messages?cursor={next}", other.waba)).await;
    assert_eq!((stray.status, &stray.json()["id"]), (400, &json!("wharf.cursor.bad")), "another list's cursor");
    assert_eq!(stage.ask("DELETE", &format!("/api/messages/{}", ids[7]), KEY, "").await.status, 200);
    assert_eq!(listed("state=cancelled").await, [ids[7].clone()]);
    stage.end().await;
}

#[actix_web::test]
async fn audit_records_and_dead_letters_are_listed_from_either_end() {
    let stage = Stage::engaged_with(|plan| plan.routes[0].1 = "final = [400]".into()).await;
    stage.app.answer(|_| Reply::With(400, "x-why", "no".into()));
    let line = stage.line(0, 0);
    for nth in 0..6 {
        stage.take(letter(&line, &[text(&format!("wamid.{nth}"), "491")])).await;
        stage.until_ledger("/routes/main~1app/dead", nth + 1).await;
    }
    for path in ["/api/audit".to_owned(), format!("/api/accounts/{}/dead", line.waba)] {
        let all = |told: Value| told["data"].as_array().expect("a list").clone();
        let mut oldest = all(stage.look(&format!("{path}?order=oldest")).await.json());
        assert_eq!(oldest, all(stage.look(&path).await.json()), "{path}: the usual one");
        let mut newest = Vec::new();
        let mut cursor = String::new();
        loop {
            let told = stage.look(&format!("{path}?order=newest&limit=2{cursor}")).await.json();
            newest.extend(told["data"].as_array().expect("a list").clone());
            let Some(next) = told["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        oldest.reverse();
        assert!(newest.len() >= 2, "{path}");
        assert_eq!(newest, oldest, "{path}");
    }
    stage.end().await;
}
