//! Keys that are for one gateway, account or number reach nothing of the others: every endpoint there is, in one table.

use crate::harness::http::{self, Answer};
use crate::harness::mail::{Line, letter, text};
use crate::harness::stage::{Stage, bearer};
use serde_json::{Value, json};
use wharf::router::OPS;
use wharf::sandbox::TokenReach;

/// Every path of the ops listener that a key opens, with its method; what stands in braces will be the neighbour's.
const PATHS: &[(&str, &str)] = &[
    ("GET", "/api/keys"),
    ("POST", "/api/keys"),
    ("GET", "/api/keys/{name}"),
    ("DELETE", "/api/keys/{name}"),
    ("GET", "/api/accounts"),
    ("GET", "/api/accounts/{waba}"),
    ("GET", "/api/accounts/{waba}/events"),
    ("GET", "/api/accounts/{waba}/dead"),
    ("POST", "/api/accounts/{waba}/dead/redrive"),
    ("POST", "/api/accounts/{waba}/replay"),
    ("GET", "/api/accounts/{waba}/replays"),
    ("DELETE", "/api/accounts/{waba}/replays/{id}"),
    ("GET", "/api/accounts/{waba}/dialogs"),
    ("GET", "/api/accounts/{waba}/messages"),
    ("GET", "/api/accounts/{waba}/routes"),
    ("GET", "/api/accounts/{waba}/routes/{name}"),
    ("PUT", "/api/accounts/{waba}/routes/{name}"),
    ("DELETE", "/api/accounts/{waba}/routes/{name}"),
    ("POST", "/api/accounts/{waba}/routes/{name}/resume"),
    ("POST", "/api/accounts/{waba}/routes/{name}/test"),
    ("POST", "/api/accounts/{waba}/pause"),
    ("POST", "/api/accounts/{waba}/resume"),
    ("PUT", "/api/accounts/{waba}/token"),
    ("DELETE", "/api/accounts/{waba}/token"),
    ("GET", "/api/accounts/{waba}/live"),
    ("GET", "/api/events/{id}"),
    ("GET", "/api/events/{id}/explain"),
    ("POST", "/api/events/{id}/replay"),
    ("GET", "/api/messages/{id}"),
    ("DELETE", "/api/messages/{id}"),
    ("GET", "/api/alarms"),
    ("GET", "/api/ledger"),
    ("GET", "/api/quarantine"),
    ("GET", "/api/audit"),
    ("GET", "/api/rates"),
    ("POST", "/api/gateways/{uri}/verbs/{verb}"),
    ("POST", "/api/routes/{gateway}/{name}/resume"),
    ("POST", "/api/routes/{gateway}/{name}/test"),
    ("DELETE", "/api/routes/{gateway}/{name}"),
    ("GET", "/api/doctor"),
    ("GET", "/api/gateways"),
    ("POST", "/api/gateways/{gateway}/register"),
    ("POST", "/api/gateways/{gateway}/signature"),
    ("GET", "/{uri}"),
];

/// The verbs; beside them and sends the public listener has nothing that a key opens.
const VERBS: [&str; 5] = ["search", "setup", "subscribe", "unsubscribe", "remove"];

const MESSAGE: &str = r#"{"messaging_product":"whatsapp","to":"491700000","type":"text","text":{"body":"x"}}"#;

fn key(name: &str, limits: &str) -> String {
    let scopes = r#"["admin", "inspect", "send", "manage"]"#;
    format!("[[key]]\nname = \"{name}\"\nsecret = \"{}\"\nscopes = {scopes}\n{limits}\n", secret(name))
}

fn secret(name: &str) -> String {
    format!("key-for-one-{name}-0123456789abcdef")
}

/// A neighbour and a client at one gateway, another client at another one; the neighbour has mail, dialogs, messages.
struct House {
    stage: Stage,
    neighbour: Line,
    client: Line,
    message: String,
}

async fn house() -> House {
    let mut stage = Stage::with(|plan| {
        plan.gateways = vec!["main", "other"];
        plan.reach = TokenReach::Unlisted;
        plan.storage = "secret_key = \"a key for the secrets of this test, long enough\"".into();
    })
    .await;
    let [neighbour, client, far] = [0, 1, 2].map(|nth| stage.line(nth, 0));
    stage.plan.more = key("gateway", "gateways = [\"other\"]")
        + &key("account", &format!("accounts = [\"{}\"]", client.waba))
        + &key("number", &format!("numbers = [\"{}\"]", client.number));
    stage.restart().await;
    for (gateway, line) in [("main", &neighbour), ("main", &client), ("other", &far)] {
        for verb in ["setup", "subscribe"] {
            let answer = stage.verb_at(gateway, &format!("{verb}&id={}", line.waba)).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
    for (line, id) in [(&neighbour, "wamid.neighbour"), (&client, "wamid.client")] {
        stage.take(letter(line, &[text(id, "491700000")])).await;
    }
    let stray = Line { waba: "77777".into(), ..neighbour.clone() };
    stage.take(letter(&stray, &[text("wamid.neighbour.stray", "491700000")])).await;
    let sent = stage.send(&format!("{}/messages", neighbour.number), MESSAGE).await;
    let message = sent.header("x-wharf-message").expect("an id").to_owned();
    stage.until_ledger("/routes/main~1app/delivered", 2).await;
    House { stage, neighbour, client, message }
}

impl House {
    async fn ask(&self, name: &str, method: &str, url: &str) -> Answer {
        let body = match (method, url) {
            ("PUT", _) => r#"{"token":"EAAGtokenOfAThief"}"#.to_owned(),
            ("POST", url) if url.ends_with("/keys") => r#"{"name":"thief","scopes":["inspect"]}"#.to_owned(),
            ("POST", url) if url.ends_with("/replay") && url.contains("/accounts/") => r#"{"from":1}"#.to_owned(),
            (_, url) if url.ends_with("/pause") || url.ends_with("/resume") => r#"{"what":"sends"}"#.to_owned(),
            (_, url) if url.contains("/verbs/") => json!({"ids": [self.neighbour.waba], "force": true}).to_string(),
            _ => String::new(),
        };
        http::ask(method, url, &[("Authorization", &bearer(&secret(name)))], body).await
    }

    /// A path of the ops listener, with the ids of `line` in it.
    fn url(&self, path: &str, line: &Line) -> String {
        let path = path
            .replace("events/{id}", "events/{waba}.1")
            .replace("messages/{id}", &format!("messages/{}", self.message))
            .replace("replays/{id}", "replays/rpl_1")
            .replace("{waba}", &line.waba)
            .replace("keys/{name}", "keys/operator")
            .replace("{gateway}/{name}", "main/app")
            .replace("{gateway}", "main")
            .replace("{name}", "own")
            .replace("{uri}/verbs/{verb}", "main/verbs/remove")
            .replace("/{uri}", "/main?whatsapp=search");
        format!("{}{path}", self.stage.ops)
    }

    /// Nothing in an answer is the neighbour's, but the id that the caller named themselves.
    fn shows_nothing(&self, what: &str, answer: &Answer) {
        let text = answer.text();
        let name = self.stage.sandbox.world().accounts()[0].name.clone();
        for mark in ["wamid.neighbour", &self.neighbour.number, &name, "77777"] {
            assert!(!text.contains(mark), "{what} shows {mark}: {text}");
        }
        let named_by_caller = answer.status >= 400 || answer.json()[0]["error"].is_object();
        assert!(named_by_caller || !text.contains(&self.neighbour.waba), "{what}: {text}");
    }

    /// What a thief might change: whether the account is there, active, and uses a token of its own.
    async fn standing(&self) -> Value {
        let told = self.stage.look(&format!("/api/accounts/{}", self.neighbour.waba)).await.json();
        json!([
            told["active"],
            told["wished"],
            told["token"]["own"],
            told["ledger"]["messages"]["submitted"],
            told["holds"],
            told["delivery_holds"],
            told["ledger"]["routes"]["main/app"]["replayed"]
        ])
    }
}

#[test]
fn the_table_has_every_path_there_is() {
    let router = include_str!("../../../src/router.rs");
    let (public, _) = router.split_once("pub const OPS").expect("two listeners");
    let quoted = |text: &str| -> Vec<String> {
        text.split('"').skip(1).step_by(2).filter(|part| part.starts_with('/')).map(str::to_owned).collect()
    };
    // The dashboard is the same for everybody and shows nothing without a key.
    let open =
        ["/", "/ui/{asset}", "/healthz", "/readyz", "/metrics", "/api/openapi.json", "/api/docs", "/api/docs.css"];
    // Erasing has tests of its own for whose data a key reaches; who asks what a key is good for hears of that key.
    let elsewhere = ["/api/customers/{id}", "/api/whoami"];
    let left_out = |path: &str| open.contains(&path) || elsewhere.contains(&path);
    for endpoint in OPS.iter().filter(|endpoint| !left_out(endpoint.path)) {
        let line = (endpoint.method.as_str(), endpoint.path);
        assert!(PATHS.contains(&line), "{line:?} is served and not in the table");
    }
    let served: Vec<String> = quoted(public);
    // What passes to Graph has tests of its own for whose objects a key reaches.
    let passed = |path: &str| {
        path == "/"
            || path.contains("{path:")
            || path.contains("{node:\\d+}")
            || path.ends_with("\\d+}")
            || path.ends_with("\\d+}/")
    };
    // A script that is the same for everybody.
    let known = ["/oauth/login.js", "/{uri}", "/{version:v\\d+\\.\\d+}/{number}/{node:messages|marketing_messages}"];
    let unversioned = "/{number}/{node:messages|marketing_messages}";
    for path in served.iter().map(String::as_str).filter(|path| *path != unversioned && !passed(path)) {
        assert!(known.contains(&path), "{path} is served in public and not in these tests");
    }
}

#[actix_web::test]
async fn no_endpoint_shows_or_changes_what_is_a_neighbours() {
    let house = house().await;
    let before = house.standing().await;
    for name in ["gateway", "account", "number"] {
        for &(method, path) in PATHS {
            let what = format!("{name}: {method} {path}");
            let answer = house.ask(name, method, &house.url(path, &house.neighbour)).await;
            house.shows_nothing(&what, &answer);
            let names_one =
                path.contains('{') && !["events", "dialogs", "messages"].iter().any(|it| path.ends_with(it));
            if method != "GET" || names_one {
                assert!([403, 404].contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
            }
        }
        for (gateway, verb) in ["main", "other"].iter().flat_map(|gateway| VERBS.map(|verb| (gateway, verb))) {
            let query = format!("{verb}&id={}&force=true", house.neighbour.waba);
            let url = format!("{}/{gateway}?whatsapp={query}", house.stage.public);
            house.shows_nothing(&format!("{name}: {url}"), &house.ask(name, "GET", &url).await);
        }
        for path in ["", "v25.0/"] {
            let url = format!("{}/{path}{}/messages", house.stage.public, house.neighbour.number);
            let answer = http::post(&url, &[("Authorization", &bearer(&secret(name)))], MESSAGE).await;
            assert_eq!((answer.status, &answer.json()["error"]["code"]), (403, &json!(10)), "{name}: {path}");
        }
        assert_eq!(house.standing().await, before, "{name} changed something");
    }
    let url = format!("{}/main?whatsapp=remove&ack=true", house.stage.public);
    assert_eq!(house.ask("account", "GET", &url).await.json().as_array().map(Vec::len), Some(1));
    assert_eq!(house.standing().await, before, "all means all that are the key's");
    house.stage.end().await;
}

#[actix_web::test]
async fn a_key_for_one_account_or_number_does_its_own_business() {
    let house = house().await;
    // The live stream has no end; it has tests of its own.
    let of_account = |path: &str| path.contains("{waba}") && !path.contains("{name}") && !path.ends_with("/live");
    for (method, path) in PATHS.iter().filter(|(method, path)| *method == "GET" && of_account(path)) {
        let answer = house.ask("account", method, &house.url(path, &house.client)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    for name in ["account", "number"] {
        let events = house.ask(name, "GET", &house.url("/api/accounts/{waba}/events", &house.client)).await;
        assert!(events.text().contains("wamid.client"), "{name}: {}", events.text());
        let dialogs = house.ask(name, "GET", &house.url("/api/accounts/{waba}/dialogs", &house.client)).await;
        assert_eq!(dialogs.json()["data"].as_array().map(Vec::len), Some(1), "{name}: {}", dialogs.text());
        let url = format!("{}/{}/messages", house.stage.public, house.client.number);
        let sent = http::post(&url, &[("Authorization", &bearer(&secret(name)))], MESSAGE).await;
        assert_eq!(sent.status, 200, "{name}: {}", sent.text());
    }
    let token = house.url("/api/accounts/{waba}/token", &house.client);
    house.stage.sandbox.world().give_client_token(&house.client.waba, "EAAGtokenOfAThief");
    assert_eq!(house.ask("number", "PUT", &token).await.status, 403, "a token is the whole account's");
    assert_eq!(house.ask("account", "PUT", &token).await.status, 200);
    house.stage.end().await;
}
