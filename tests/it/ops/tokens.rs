//! An account's own token: taken when it works, used for everything of its account, kept encrypted, never shown.

use crate::harness::http::{self, Answer};
use crate::harness::stage::{KEY, Plan, Stage, bearer};
use crate::harness::until;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use wharf::sandbox::{TokenLife, TokenReach};

const TOKEN: &str = "EAAGtokenOfTheFirstClientWhoSignedUp";
const FRESH: &str = "EAAGfreshTokenOfTheFirstClient";
const MESSAGE: &str = r#"{"messaging_product":"whatsapp","to":"4915000001149","type":"text","text":{"body":"x"}}"#;

fn with_key(plan: &mut Plan) {
    plan.storage = "secret_key = \"a key for the secrets of this test, long enough\"".into();
}

async fn put(stage: &Stage, waba: &str, body: &str) -> Answer {
    let url = format!("{}/api/accounts/{waba}/token", stage.ops);
    http::ask("PUT", &url, &[("Authorization", &bearer(KEY))], body.to_owned()).await
}

async fn give(stage: &Stage, waba: &str, token: &str) -> Answer {
    put(stage, waba, &json!({ "token": token }).to_string()).await
}

async fn delete(stage: &Stage, waba: &str) -> Answer {
    let url = format!("{}/api/accounts/{waba}/token", stage.ops);
    http::ask("DELETE", &url, &[("Authorization", &bearer(KEY))], "").await
}

async fn token_of(stage: &Stage, waba: &str) -> Value {
    stage.look(&format!("/api/accounts/{waba}")).await.json()["token"].clone()
}

async fn alarms(stage: &Stage) -> Vec<Value> {
    let told = stage.look("/api/alarms").await.json();
    told["alarms"].as_array().unwrap_or_else(|| panic!("no alarms in {told}")).clone()
}

/// Whether `needle` stands in any file below `folder`.
fn stands_in(folder: &Path, needle: &str) -> bool {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.into_iter().any(|path| match path.is_dir() {
        true => stands_in(&path, needle),
        false => std::fs::read(&path).expect("a file").windows(needle.len()).any(|part| part == needle.as_bytes()),
    })
}

#[actix_web::test]
async fn a_clients_token_is_used_for_everything_of_its_account_and_survives_a_restart_unseen() {
    let with_plan = |plan: &mut Plan| {
        with_key(plan);
        plan.send = "send_wait = \"2s\"".into();
    };
    let mut stage = Stage::engaged_with(with_plan).await;
    let (line, other) = (stage.line(0, 0), stage.line(1, 0));
    let (path, other_path) = (format!("{}/messages", line.number), format!("{}/messages", other.number));
    stage.sandbox.world().give_client_token(&line.waba, TOKEN);
    let waits = stage.send(&path, MESSAGE).await;
    assert_eq!(waits.status, 202, "the gateway's token does not open it any more");
    let set = give(&stage, &line.waba, TOKEN).await;
    let told = set.json();
    assert_eq!((set.status, &told["token"]["own"], &told["token"]["valid"]), (200, &json!(true), &json!(true)));
    let scopes = told["token"]["scopes"].as_array().expect("scopes");
    assert!(scopes.contains(&json!("whatsapp_business_messaging")), "{told}");
    let id = waits.header("x-wharf-message").expect("an id").to_owned();
    let left = async || {
        let message = stage.look(&format!("/api/messages/{id}")).await.json();
        message["wamid"].is_string().then_some(())
    };
    until("what waited for a token leaves with the new one", left).await;

    for again in [false, true] {
        if again {
            stage.restart().await;
        }
        assert_eq!(stage.send(&path, MESSAGE).await.status, 200);
        let read = r#"{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x"}"#;
        assert_eq!(stage.send(&path, read).await.status, 200);
        assert_eq!(stage.send(&other_path, MESSAGE).await.status, 200);
        for verb in ["setup", "unsubscribe", "subscribe"] {
            let answer = stage.verb(verb).await;
            assert!(answer.status == 200 && !answer.text().contains("error"), "{verb}: {}", answer.text());
        }
        assert_eq!(token_of(&stage, &line.waba).await["own"], true);
        assert_eq!(token_of(&stage, &other.waba).await["own"], false);
    }

    let audit = stage.look("/api/audit").await;
    let record = audit.json()["data"].as_array().expect("records")[2].clone();
    assert_eq!(json!([record["verb"], record["ids"], record["result"]]), json!(["token.set", [line.waba], "set"]));
    let account = stage.look(&format!("/api/accounts/{}", line.waba)).await;
    for answer in [&set, &audit, &account] {
        assert!(!answer.text().contains(TOKEN), "{}", answer.text());
    }
    let taken = delete(&stage, &line.waba).await;
    assert_eq!((taken.status, taken.json()["removed"].clone()), (200, json!(true)), "{}", taken.text());
    assert_eq!(delete(&stage, &line.waba).await.json()["removed"], false);
    assert_eq!(token_of(&stage, &line.waba).await["own"], false);
    assert_eq!(stage.send(&path, MESSAGE).await.status, 202, "the gateway's again");
    stage.stop().await;
    assert!(stands_in(&stage.folder.path().join("data"), &line.waba), "the search finds what is there");
    assert!(!stands_in(&stage.folder.path().join("data"), TOKEN), "never in the clear on disk");
    stage.start().await;
    stage.end().await;
}

#[actix_web::test]
async fn a_token_that_will_not_do_is_refused_with_the_reason_and_changes_nothing() {
    let stage = Stage::engaged_with(with_key).await;
    let [line, other] = [0, 1].map(|nth| stage.line(nth, 0));
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let fares = |life: TokenLife| stage.sandbox.world().set_client_token_life(TOKEN, life);
    assert!(give(&stage, &line.waba, TOKEN).await.json()["detail"].to_string().contains("Meta does not know it"));
    stage.sandbox.world().give_client_token(&line.waba, TOKEN);
    let lost = vec!["whatsapp_business_management".to_owned()];
    fares(TokenLife { lost_scopes: lost, ..TokenLife::default() });
    let narrow = give(&stage, &line.waba, TOKEN).await;
    fares(TokenLife { expires_at: now_s - 10, ..TokenLife::default() });
    let expired = give(&stage, &line.waba, TOKEN).await;
    fares(TokenLife::default());
    let astray = give(&stage, &other.waba, TOKEN).await;
    let app = give(&stage, &line.waba, "670843887433847|sandbox-app-secret").await;
    let odd = give(&stage, &line.waba, "EAAG\nbroken").await;
    let expected = [
        (narrow, "lacks the permission whatsapp_business_management"),
        (expired, "it has expired"),
        (astray, "for other accounts only"),
        (app, "lacks the permission"),
        (odd, "line break"),
    ];
    for (answer, words) in expected {
        let told = answer.json();
        assert_eq!((answer.status, &told["id"]), (400, &json!("wharf.token.unfit")), "{told}");
        assert!(told["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{words}: {told}");
        assert!(!answer.text().contains(TOKEN));
    }
    for body in ["", "{}", "[]", r#""EAAGx""#, r#"{"token":7}"#, r#"{"EAAGx":1}"#, r#"{"token":"EAAGx","x":1}"#] {
        let answer = put(&stage, &line.waba, body).await;
        assert_eq!((answer.status, &answer.json()["id"]), (400, &json!("wharf.body.not_json")), "{body}");
        assert!(!answer.text().contains("EAAGx"), "{}", answer.text());
    }
    assert_eq!(give(&stage, "77", TOKEN).await.json()["id"], "wharf.token.unfit");
    let url = format!("{}/api/accounts/{}/token", stage.ops, line.waba);
    assert_eq!(http::ask("PUT", &url, &[], "{}").await.status, 401);
    let headers = [("Authorization", &*bearer(KEY)), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(http::ask("PUT", &url, &headers, "{}").await.status, 403);
    for waba in [&line.waba, &other.waba] {
        assert_ne!(token_of(&stage, waba).await["own"], true);
    }
    stage.end().await;
}

#[actix_web::test]
async fn without_a_key_for_secrets_no_token_is_taken_and_the_answer_says_how_to_set_one() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.sandbox.world().give_client_token(&line.waba, TOKEN);
    let answer = give(&stage, &line.waba, TOKEN).await;
    let told = answer.json();
    assert_eq!((answer.status, &told["id"]), (409, &json!("wharf.secret.not_kept")));
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("storage.secret_key is not set")), "{told}");
    stage.end().await;
}

#[actix_web::test]
async fn when_the_key_is_gone_the_account_calls_nobody_until_it_is_back() {
    let mut stage = Stage::engaged_with(|plan| {
        with_key(plan);
        plan.send = "send_wait = \"300ms\"".into();
    })
    .await;
    let line = stage.line(0, 0);
    stage.sandbox.world().give_client_token(&line.waba, TOKEN);
    assert_eq!(give(&stage, &line.waba, TOKEN).await.status, 200);
    let key = std::mem::take(&mut stage.plan.storage);
    stage.restart().await;

    let shown = token_of(&stage, &line.waba).await;
    assert_eq!((&shown["own"], &shown["valid"]), (&json!(true), &json!(false)), "{shown}");
    assert!(shown["reason"].as_str().is_some_and(|reason| reason.contains("storage.secret_key")), "{shown}");
    let alarms = alarms(&stage).await;
    let alarm = alarms.iter().find(|alarm| alarm["what"] == "token_sealed").expect("an alarm");
    assert_eq!(alarm["account"], json!(line.waba));
    let calls = stage.sandbox.stats().sends.get();
    let sent = stage.send(&format!("{}/messages", line.number), MESSAGE).await;
    assert_eq!(sent.status, 202, "{}", sent.text());
    let answer = stage.verb(&format!("unsubscribe&id={}", line.waba)).await;
    assert!(answer.text().contains("cannot be opened") && answer.status == 502, "{}", answer.text());
    assert!(stage.sandbox.world().account(&line.waba, "get").expect("an account").subscription.is_some());
    assert_eq!(stage.sandbox.stats().sends.get(), calls, "the gateway's token is not the client's");

    stage.plan.storage = key;
    stage.restart().await;
    let id = sent.header("x-wharf-message").expect("an id");
    until("the message leaves", async || {
        let told = stage.look(&format!("/api/messages/{id}")).await.json();
        told["wamid"].is_string().then_some(())
    })
    .await;
    stage.end().await;
}

#[actix_web::test]
async fn the_end_of_a_clients_token_is_watched_and_told_and_a_fresh_one_mends_it() {
    let stage = Stage::engaged_with(|plan| {
        with_key(plan);
        plan.graph_more = "reconcile_every = \"1s\"";
    })
    .await;
    let line = stage.line(0, 0);
    stage.sandbox.world().give_client_token(&line.waba, TOKEN);
    assert_eq!(give(&stage, &line.waba, TOKEN).await.status, 200);
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let soon = TokenLife { expires_at: now_s + 86_400 + 1800, ..TokenLife::default() };
    stage.sandbox.world().set_client_token_life(TOKEN, soon);
    let of_account = async |what: &str| {
        let look = async || alarms(&stage).await.into_iter().find(|alarm| alarm["what"] == what);
        until(&format!("the alarm {what}"), look).await
    };
    let alarm = of_account("token_expires").await;
    assert_eq!(json!([alarm["account"], alarm["gateway"], alarm["detail"]]), json!([line.waba, "main", "in 24 h"]));
    assert!(token_of(&stage, &line.waba).await["expires_at"].is_string());
    stage.sandbox.world().revoke_client_token(TOKEN);
    assert_eq!(of_account("token_invalid").await["account"], json!(line.waba));

    stage.sandbox.world().give_client_token(&line.waba, FRESH);
    assert_eq!(give(&stage, &line.waba, FRESH).await.status, 200);
    until("nothing is wrong", async || alarms(&stage).await.is_empty().then_some(())).await;
    stage.end().await;
}

#[actix_web::test]
async fn a_token_goes_with_its_account_and_is_never_used_at_another_gateway() {
    let stage = Stage::with(|plan| {
        with_key(plan);
        plan.gateways = vec!["main", "other"];
        plan.reach = TokenReach::Unlisted;
    })
    .await;
    let line = stage.line(0, 0);
    let setup = format!("setup&id={}", line.waba);
    assert_eq!(stage.verb(&setup).await.status, 200);
    stage.sandbox.world().give_client_token(&line.waba, TOKEN);
    assert_eq!(give(&stage, &line.waba, TOKEN).await.status, 200);
    assert!(!stage.verb(&setup).await.text().contains("error"));
    let elsewhere = stage.verb_at("other", &setup).await.json();
    assert_eq!(elsewhere[0]["error"]["code"], 409);
    assert_eq!(stage.verb(&format!("remove&id={}", line.waba)).await.status, 200);
    for gateway in ["other", "main"] {
        let told = stage.verb_at(gateway, &setup).await;
        assert_eq!((told.status, told.json()[0]["error"]["code"].clone()), (502, json!(200)), "{}", told.text());
    }
    assert_eq!(stage.look(&format!("/api/accounts/{}", line.waba)).await.status, 404);
    stage.end().await;
}

#[actix_web::test]
async fn an_account_that_only_its_clients_token_opens_is_engaged_with_it() {
    let mut stage = Stage::with(|plan| {
        with_key(plan);
        plan.gateways = vec!["main", "other"];
        plan.reach = TokenReach::Unlisted;
    })
    .await;
    let line = stage.line(0, 0);
    stage.sandbox.world().give_client_token(&line.waba, TOKEN);
    assert_eq!(stage.verb_at("other", &format!("setup&id={}", line.waba)).await.status, 502, "nobody else reads it");
    let nowhere = give(&stage, &line.waba, TOKEN).await;
    assert_eq!((nowhere.status, &nowhere.json()["id"]), (400, &json!("wharf.parameter.bad")));
    let unknown = put(&stage, &line.waba, r#"{"token":"x","gateway":"third"}"#).await;
    assert_eq!((unknown.status, &unknown.json()["id"]), (404, &json!("wharf.gateway.unknown")));
    let body = json!({ "token": TOKEN, "gateway": "other" }).to_string();
    assert_eq!(put(&stage, &line.waba, &body).await.json()["gateway"], "other");
    let twice = put(&stage, &line.waba, &body.replace("other", "main")).await;
    assert!(twice.status == 400 && twice.text().contains("another gateway"), "{}", twice.text());
    stage.restart().await;
    assert_eq!(stage.verb_at("main", "setup").await.json(), json!([]), "it is not for that gateway");
    for verb in ["setup", "subscribe"] {
        let told = stage.verb_at("other", verb).await.json();
        assert_eq!((&told[0]["id"], &told[0]["error"]), (&json!(line.waba), &Value::Null), "{told}");
    }
    assert_eq!(stage.send(&format!("{}/messages", line.number), MESSAGE).await.status, 200);
    let astray = put(&stage, &line.waba, &body.replace("other", "main")).await;
    assert_eq!((astray.status, &astray.json()["id"]), (409, &json!("chat.whatsapp.accounts.gateway.other")));
    assert_eq!(delete(&stage, &line.waba).await.json()["removed"], true);
    stage.end().await;
}
