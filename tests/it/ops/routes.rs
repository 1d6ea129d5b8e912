//! An account's own routes: set, changed and removed through the API, kept over a restart, and no secret of theirs shown.

use crate::harness::application::Reply;
use crate::harness::http::{self, Answer};
use crate::harness::mail::{letter, text};
use crate::harness::stage::{KEY, Plan, Stage, bearer};
use crate::harness::until;
use serde_json::{Value, json};
use wharf::sandbox::signing::sign;

const CLIENT: &str = "key-of-the-client-0123456789abcdef";
const STRANGER: &str = "key-of-a-stranger-0123456789abcdef";

fn plan(plan: &mut Plan) {
    plan.server = "private_routes = true".into();
    plan.storage = "secret_key = \"the-key-of-this-test-32-characters-long\"".into();
}

struct Routes<'s>(&'s Stage);

impl Routes<'_> {
    fn url(&self, name: &str) -> String {
        let path = if name.is_empty() { String::new() } else { format!("/{name}") };
        format!("{}/api/accounts/{}/routes{path}", self.0.ops, self.0.line(0, 0).waba)
    }

    async fn put_with(&self, key: &str, name: &str, body: &Value) -> Answer {
        http::put(&self.url(name), &[("Authorization", &bearer(key))], body.to_string()).await
    }

    async fn put(&self, name: &str, body: &Value) -> Answer {
        self.put_with(KEY, name, body).await
    }

    /// A route to the application under `/own`, with `more`.
    async fn put_own(&self, name: &str, more: Value) -> Answer {
        let mut body = json!({"url": self.0.app.url(&format!("/own/{name}?key=abc123")), "allow_private": true});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.put(name, &body).await
    }

    async fn get(&self, name: &str) -> Answer {
        http::get(&self.url(name), &[("Authorization", &bearer(KEY))]).await
    }

    async fn delete(&self, name: &str) -> Answer {
        http::delete(&self.url(name), &[("Authorization", &bearer(KEY))]).await
    }

    async fn mail(&self, id: &str) {
        self.0.take(letter(&self.0.line(0, 0), &[text(id, "491")])).await;
    }

    fn full_name(&self, name: &str) -> String {
        format!("main/{}/{name}", self.0.line(0, 0).waba)
    }

    fn pointer(&self, name: &str, count: &str) -> String {
        format!("/routes/{}/{count}", self.full_name(name).replace('/', "~1"))
    }

    /// What came to the account's own route, by id.
    fn got(&self) -> Vec<String> {
        let own = self.0.app.deliveries().into_iter().filter(|delivery| delivery.target.contains("/own/"));
        own.map(|delivery| delivery.item_id()).collect()
    }
}

#[actix_web::test]
async fn an_accounts_own_route_gets_the_next_event_signed_and_shows_no_secret() {
    let stage = Stage::engaged_with(plan).await;
    let routes = Routes(&stage);
    routes.mail("wamid.before").await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    let put = routes.put_own("crm", json!({"secret": "s3cret-of-the-crm", "types": ["message"]})).await;
    assert_eq!(put.status, 201, "{}", put.text());
    routes.mail("wamid.after").await;
    stage.until_ledger(&routes.pointer("crm", "delivered"), 1).await;
    assert_eq!(routes.got(), ["wamid.after"]);
    let delivery = stage.app.deliveries().into_iter().find(|delivery| delivery.target.contains("/own/crm?key=abc123"));
    let delivery = delivery.expect("with the query it was set with");
    assert_eq!(delivery.header("x-hub-signature-256"), sign("s3cret-of-the-crm", &delivery.body));
    for answer in [put, routes.get("crm").await, routes.get("").await] {
        assert!(!answer.text().contains("s3cret") && !answer.text().contains("abc123"), "{}", answer.text());
    }
    let shown = routes.get("crm").await.json();
    assert_eq!((&shown["has_secret"], &shown["types"]), (&json!(true), &json!(["message"])));
    let elsewhere = stage.line(1, 0);
    stage.take(letter(&elsewhere, &[text("wamid.neighbour", "491")])).await;
    stage.until_ledger("/routes/main~1app/delivered", 3).await;
    assert_eq!(routes.got(), ["wamid.after"], "a neighbour's mail is not for it");
    stage.end().await;
}

#[actix_web::test]
async fn a_route_put_again_takes_the_pending_deliveries_along() {
    let stage = Stage::engaged_with(plan).await;
    let routes = Routes(&stage);
    let down = json!({"url": stage.app.url("/down"), "secret": "first", "allow_private": true});
    stage.app.answer(|delivery| Reply::Status(if delivery.target.contains("/down") { 500 } else { 200 }));
    assert_eq!(routes.put("crm", &down).await.status, 201);
    routes.mail("wamid.1").await;
    until("it was tried", async || {
        stage.app.deliveries().iter().any(|delivery| delivery.target.contains("/down")).then_some(())
    })
    .await;
    let put = routes.put_own("crm", json!({})).await;
    assert_eq!((put.status, &put.json()["has_secret"]), (200, &json!(true)), "a secret not mentioned stays");
    stage.until_ledger(&routes.pointer("crm", "delivered"), 1).await;
    assert_eq!(routes.put_own("crm", json!({"secret": "second"})).await.status, 200);
    routes.mail("wamid.2").await;
    stage.until_ledger(&routes.pointer("crm", "delivered"), 2).await;
    let own = stage.app.deliveries().into_iter().filter(|delivery| delivery.target.contains("/own/crm"));
    for (delivery, secret) in own.zip(["first", "second"]) {
        assert_eq!(delivery.header("x-hub-signature-256"), sign(secret, &delivery.body), "{secret}");
    }
    stage.end().await;
}

#[actix_web::test]
async fn what_a_removed_route_had_pending_becomes_dead_letters() {
    let stage = Stage::engaged_with(plan).await;
    let routes = Routes(&stage);
    stage.app.answer(|delivery| Reply::Status(if delivery.target.contains("/own/") { 500 } else { 200 }));
    assert_eq!(routes.put_own("crm", json!({})).await.status, 201);
    for nth in 0..3 {
        routes.mail(&format!("wamid.{nth}")).await;
    }
    stage.until_ledger(&routes.pointer("crm", "pending"), 3).await;
    assert_eq!(routes.delete("crm").await.status, 200);
    stage.until_ledger(&routes.pointer("crm", "dead"), 3).await;
    let dead = stage.look(&format!("/api/accounts/{}/dead", stage.line(0, 0).waba)).await.json();
    let letters = dead["data"].as_array().expect("a list");
    let ours = |letter: &&Value| letter["route"] == *routes.full_name("crm");
    assert_eq!(letters.iter().filter(ours).count(), 3, "{dead}");
    assert!(letters[0]["reason"].as_str().is_some_and(|why| why.contains("the route was removed")), "{dead}");
    assert_eq!((routes.get("crm").await.status, routes.delete("crm").await.status), (404, 404));
    routes.mail("wamid.later").await;
    stage.until_ledger("/routes/main~1app/delivered", 4).await;
    let ledger = stage.ledger().await;
    assert_eq!(ledger.pointer(&routes.pointer("crm", "offered")), Some(&json!(3)), "{ledger}");
    let view = stage.look(&format!("/api/accounts/{}", stage.line(0, 0).waba)).await.json();
    assert!(view["routes"].get(routes.full_name("crm")).is_none(), "{view}");
    let audit = stage.look("/api/audit").await;
    assert!(audit.text().contains("delete_route") && audit.text().contains("put_route"), "{}", audit.text());
    stage.end().await;
}

#[actix_web::test]
async fn own_routes_survive_a_restart_go_with_their_account_and_the_disk_shows_no_secret() {
    let mut stage = Stage::engaged_with(plan).await;
    let put = Routes(&stage).put_own("crm", json!({"secret": "s3cret-on-the-disk"})).await;
    assert_eq!(put.status, 201, "{}", put.text());
    stage.restart().await;
    let routes = Routes(&stage);
    routes.mail("wamid.1").await;
    stage.until_ledger(&routes.pointer("crm", "delivered"), 1).await;
    stage.stop().await;
    for file in files(&stage.folder.path().join("data")) {
        let bytes = std::fs::read(&file).expect("a file");
        for hidden in ["s3cret-on-the-disk", "abc123"] {
            let found = bytes.windows(hidden.len()).any(|window| window == hidden.as_bytes());
            assert!(!found, "{hidden} stands in {file:?}");
        }
    }
    stage.start().await;
    let waba = stage.line(0, 0).waba;
    assert_eq!(stage.verb(&format!("remove&id={waba}")).await.status, 200);
    for verb in ["setup", "subscribe"] {
        stage.verb(&format!("{verb}&id={waba}")).await;
    }
    assert_eq!(Routes(&stage).get("").await.json(), json!({"data": []}));
    stage.end().await;
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[actix_web::test]
async fn without_a_key_for_secrets_without_the_right_or_beyond_the_limit_no_route_is_set() {
    let stage = Stage::engaged().await;
    let refused = Routes(&stage).put("crm", &json!({"url": "https://a.example"})).await;
    assert_eq!((refused.status, &refused.json()["id"]), (409, &json!("wharf.secret.locked")));
    assert!(refused.text().contains("storage.secret_key"), "{}", refused.text());
    let private = Routes(&stage).put("crm", &json!({"url": "https://a.example", "allow_private": true})).await;
    assert_eq!((private.status, &private.json()["id"]), (400, &json!("wharf.parameter.bad")));
    stage.end().await;
    let mut stage = Stage::engaged_with(plan).await;
    let key = |name: &str, secret: &str, account: &str, scopes: &str| {
        format!("[[key]]\nname = \"{name}\"\nsecret = \"{secret}\"\naccounts = [\"{account}\"]\nscopes = [{scopes}]\n")
    };
    stage.plan.more = key("client", CLIENT, &stage.line(0, 0).waba, "\"admin\"")
        + &key("stranger", STRANGER, &stage.line(1, 0).waba, "\"admin\"")
        + &key("looker", "key-of-a-looker-0123456789abcdef", &stage.line(0, 0).waba, "\"inspect\"");
    stage.restart().await;
    let routes = Routes(&stage);
    let body = json!({"url": "https://a.example"});
    assert_eq!(routes.put_with(CLIENT, "crm", &body).await.status, 201, "one's own account");
    assert_eq!(routes.put_with(STRANGER, "crm", &body).await.status, 404, "a neighbour's");
    assert_eq!(routes.put_with("key-of-a-looker-0123456789abcdef", "crm", &body).await.status, 403);
    for nth in 1..16 {
        assert_eq!(routes.put(&format!("more-{nth}"), &body).await.status, 201);
    }
    let full = routes.put("one-too-many", &body).await;
    assert_eq!((full.status, &full.json()["id"]), (409, &json!("wharf.routes.full")));
    assert_eq!(routes.put("crm", &body).await.status, 200, "what is there may change");
    stage.end().await;
}

#[actix_web::test]
async fn a_private_address_is_not_delivered_to_unless_the_settings_allow_it() {
    let stage = Stage::engaged_with(|it| {
        plan(it);
        it.server = String::new();
    })
    .await;
    let routes = Routes(&stage);
    assert_eq!(routes.put("crm", &json!({"url": stage.app.url("/own/crm")})).await.status, 201);
    routes.mail("wamid.1").await;
    let path = format!("/api/accounts/{}", stage.line(0, 0).waba);
    let answer = until("it was tried", async || {
        let view = stage.look(&path).await.json();
        view["routes"][routes.full_name("crm")]["last_answer"]["reason"].as_str().map(str::to_owned)
    });
    assert!(answer.await.contains("not public"));
    assert_eq!(routes.got(), Vec::<String>::new());
    stage.end().await;
}

#[actix_web::test]
async fn an_own_route_whose_application_is_gone_is_an_alarm_of_its_account_until_it_is_resumed() {
    let stage = Stage::engaged_with(plan).await;
    let routes = Routes(&stage);
    assert_eq!(routes.put_own("crm", json!({})).await.status, 201);
    stage.app.answer(|delivery| Reply::Status(if delivery.target.contains("/own/") { 410 } else { 200 }));
    routes.mail("wamid.1").await;
    let paused = async || {
        let told = stage.look("/api/alarms").await.json();
        told["alarms"].as_array()?.iter().find(|alarm| alarm["what"] == "route_paused").cloned()
    };
    let alarm = until("the alarm", paused).await;
    let full_name = routes.full_name("crm");
    assert_eq!((&alarm["account"], &alarm["route"]), (&json!(stage.line(0, 0).waba), &json!(full_name)));
    assert!(
        alarm["since"].is_string() && alarm["todo"].as_str().is_some_and(|todo| todo.contains("resume")),
        "{alarm}"
    );
    assert!(!alarm.to_string().contains("abc123"), "where it leads is a secret");
    stage.app.answer(|_| Reply::Status(200));
    let resume = format!("{}/resume", routes.url("crm"));
    assert_eq!(http::post(&resume, &[("Authorization", &bearer(KEY))], "").await.status, 200);
    until("no alarm is left", async || paused().await.is_none().then_some(())).await;
    stage.end().await;
}

#[actix_web::test]
async fn a_route_that_has_changed_since_it_was_looked_at_is_not_edited() {
    let mut stage = Stage::engaged_with(plan).await;
    let routes = Routes(&stage);
    assert_eq!(routes.put_own("crm", json!({"secret": "the first secret of this route"})).await.status, 201);
    let looked = routes.get("crm").await.header("etag").expect("a state").to_owned();
    let url = routes.url("crm");
    let body = json!({"url": stage.app.url("/own/crm"), "allow_private": true}).to_string();
    let put =
        async |tag: &str| http::put(&url, &[("Authorization", &bearer(KEY)), ("If-Match", tag)], body.clone()).await;
    let first = put(&looked).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let now = first.header("etag").expect("a state").to_owned();
    assert_ne!(now, looked);
    let late = put(&looked).await;
    assert_eq!((late.status, &late.json()["id"]), (412, &json!("wharf.precondition.failed")));
    assert_eq!(put("*").await.status, 200);
    let rotated = routes.put_own("crm", json!({"secret": "the second secret of this route"})).await;
    assert_eq!(rotated.status, 200, "without the header as ever");
    let gone = http::delete(&url, &[("Authorization", &bearer(KEY)), ("If-Match", &now)]).await;
    assert_eq!(gone.status, 412, "another secret is another state");
    let now = rotated.header("etag").expect("a state").to_owned();
    assert_eq!(http::delete(&url, &[("Authorization", &bearer(KEY)), ("If-Match", &now)]).await.status, 200);
    let none = http::put(&url, &[("Authorization", &bearer(KEY)), ("If-Match", "*")], body).await;
    assert_eq!(none.status, 412, "there is none any more");
    stage.stop().await;
    stage.start().await;
    stage.end().await;
}
