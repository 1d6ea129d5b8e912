//! The doctor on a house that is well, and on one where this or that is broken.

use super::{about, examined, fronted, post};
use crate::harness::front::Manner;
use crate::harness::http;
use crate::harness::stage::{Stage, bearer};
use serde_json::json;

#[actix_web::test]
async fn a_house_that_is_well_is_found_well_and_an_examination_leaves_nothing_behind() {
    let (stage, front) = fronted(|_| {}).await;
    for verb in ["setup", "subscribe"] {
        assert_eq!(stage.verb(verb).await.status, 200);
    }
    assert_eq!(post(&stage, "/api/gateways/main/register", "").await.status, 200);
    let before = stage.ledger().await;
    let findings = examined(&stage).await;
    for (check, subject, said) in [
        ("store", "", "it is open"),
        ("clock", "", "within 30 s"),
        ("public_url", front.url.as_str(), "it is set"),
        ("handshake", "main", "answers with the challenge"),
        ("signature", "main", "one that nobody signed is not"),
        ("token", "main", "never expires"),
        ("app", "main", "fields to http://"),
        ("account", "main", "of 3 accounts 3 are subscribed"),
        ("route", "main/app", "is there"),
    ] {
        let (level, says) = about(&findings, check, subject);
        assert_eq!(level, "ok", "{check}: {says}");
        assert!(says.contains(said), "{check}: {says}");
    }
    assert_eq!(about(&findings, "keys", "").0, "warn", "the test's settings have a key as it is");
    assert_eq!(about(&findings, "tls", &front.url).0, "skipped");
    // How fast a disk syncs and how much room it has is the machine's matter.
    let broken = findings.iter().find(|finding| finding["level"] == "fail" && finding["check"] != "disk");
    assert_eq!(broken, None);
    assert_eq!(stage.ledger().await, before, "a webhook of nothing is nothing");
    assert_eq!(stage.events("q.main").await, [] as [serde_json::Value; 0]);
    stage.end().await;
}

#[actix_web::test]
async fn what_stands_before_wharf_and_does_not_let_meta_through_is_told_by_what_it_answers() {
    let (stage, front) = fronted(|_| {}).await;
    let page = "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    let welcome = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    let away = "HTTP/1.1 301 Moved\r\nLocation: https://b.example/x?k=secret\r\nContent-Length: 0\r\n\r\n";
    let gateway = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
    for (manner, shaken, signed) in [
        (Manner::Says(page), "404, with a page", "404"),
        (Manner::Says(welcome), "200, with a page", "was answered 200 instead of 401"),
        (Manner::Says(away), "301, to https://b.example/x?…", "301"),
        (Manner::Says(gateway), "502", "502"),
        (Manner::HangsUp, "does not answer", "does not answer"),
    ] {
        front.set(manner);
        let findings = examined(&stage).await;
        for (check, said) in [("handshake", shaken), ("signature", signed)] {
            let (level, says) = about(&findings, check, "main");
            assert!(level == "fail" && says.contains(said), "{manner:?} {check}: {level} {says}");
        }
    }
    stage.end().await;
}

#[actix_web::test]
async fn a_token_that_does_not_work_a_dead_route_and_a_foreign_subscription_are_told_with_their_remedies() {
    let dead = "[[gateway.route]]\nname = \"dead\"\nurl = \"http://127.0.0.1:9/x?token=hidden\"\n";
    let (stage, _front) = fronted(|plan| {
        plan.token = Some("EAAGwrong".into());
        plan.gateway_more = dead.into();
    })
    .await;
    stage.sandbox.set_callback("https://somebody.else.example/hook?k=hidden");
    let answer = stage.look("/api/doctor").await;
    assert_eq!(answer.json()["worst"], "fail");
    assert!(!answer.text().contains("hidden") && !answer.text().contains("EAAGwrong"), "{}", answer.text());
    let findings = answer.json()["findings"].as_array().expect("findings").clone();
    for (check, subject, level, said) in [
        ("token", "main", "fail", ""),
        ("route", "main/dead", "fail", "takes no connection"),
        ("route", "main/app", "ok", "is there"),
        ("app", "main", "fail", "to https://somebody.else.example/hook?…"),
        ("account", "main", "warn", "no account is engaged"),
    ] {
        let (found, says) = about(&findings, check, subject);
        assert!(found == level && says.contains(said), "{check}: {found} {says}");
    }
    let remedy =
        |check: &str| findings.iter().find(|finding| finding["check"] == check).expect("found")["remedy"].clone();
    assert_eq!(remedy("app"), json!("wharf register --gateway main"));
    assert!(remedy("token").as_str().is_some_and(|remedy| remedy.contains("whatsapp_token")));
    stage.end().await;
}

#[actix_web::test]
async fn a_gateway_is_examined_alone_and_each_key_sees_its_own() {
    let (other, one) = ("key-of-somebody-at-the-other-gateway", "key-of-somebody-with-one-account");
    let mut stage = Stage::with(|plan| plan.gateways = vec!["main", "other"]).await;
    let id = stage.sandbox.account_ids()[0].clone();
    stage.verb(&format!("setup&id={id}")).await;
    let key = |name: &str, secret: &str, limit: &str| {
        format!("[[key]]\nname = \"{name}\"\nsecret = \"{secret}\"\nscopes = [\"inspect\"]\n{limit}\n")
    };
    stage.plan.more =
        key("other", other, "gateways = [\"other\"]") + &key("one", one, &format!("accounts = [\"{id}\"]"));
    stage.restart().await;
    let subjects = async |path: &str, key: &str| {
        let told = http::get(&format!("{}{path}", stage.ops), &[("Authorization", &bearer(key))]).await;
        assert_eq!(told.status, 200, "{}", told.text());
        told.text().to_owned()
    };
    let alone = subjects("/api/doctor?gateway=other", crate::harness::stage::KEY).await;
    assert!(alone.contains("\"subject\":\"other\"") && !alone.contains("\"subject\":\"main\""), "{alone}");
    let theirs = subjects("/api/doctor", other).await;
    assert!(theirs.contains("\"subject\":\"other\"") && !theirs.contains("main") && !theirs.contains(&id), "{theirs}");
    let own = subjects("/api/doctor", one).await;
    assert!(
        own.contains(&id) && !own.contains("\"check\":\"token\""),
        "what is the whole gateway's is not theirs: {own}"
    );
    assert_eq!(stage.look("/api/doctor?gateway=nowhere").await.status, 404);

    let gateways = stage.look_with("/api/gateways", other).await.json();
    let shown = &gateways["data"][0];
    assert_eq!(gateways["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        json!([
            shown["uri"],
            shown["routes"],
            shown["secrets"],
            shown["verify_token"],
            shown["override"],
            shown["verbs"]
        ]),
        json!(["other", ["other/app"], 2, true, false, "public"])
    );
    let all = stage.look("/api/gateways").await.json();
    assert_eq!(all["data"].as_array().map(Vec::len), Some(2));
    let main = &all["data"][0];
    assert!(main["accounts"].as_u64() >= Some(1) && main["app_id"].is_string() && main["callback"].is_null(), "{main}");
    stage.end().await;
}
