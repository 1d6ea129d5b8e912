//! Every endpoint and everything that goes wrong everywhere, driven by the document: a new endpoint is tried by itself.

use crate::harness::description::{self, DOCUMENT};
use crate::harness::http::{self, Answer};
use crate::harness::mail::{letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use serde_json::{Value, json};

/// May send, and nothing that is asked for here.
const SENDER: &str = "key-of-a-sender-0123456789abcdef";
/// Is for another account than the one that is asked about.
const STRANGER: &str = "key-of-a-stranger-0123456789abcdef";

/// One described endpoint.
#[derive(Clone, Copy)]
struct Described {
    method: &'static str,
    path: &'static str,
    told: &'static Value,
}

impl Described {
    /// The ids of errors with this status.
    fn errors(self, status: u16) -> Vec<&'static str> {
        let told = &self.told["responses"][status.to_string()]["content"]["application/json"]["schema"];
        told["properties"]["id"]["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn needs_key(self) -> bool {
        self.told["security"].as_array().is_some_and(|schemes| !schemes.is_empty())
    }

    fn parameters(self) -> impl Iterator<Item = &'static Value> {
        self.told["parameters"].as_array().into_iter().flatten()
    }

    fn body(self) -> Option<&'static Value> {
        Some(&self.told["requestBody"]["content"]["application/json"]).filter(|body| body.is_object())
    }

    /// A body that could be sent.
    fn example(self) -> String {
        self.body().map(|body| body["example"].to_string()).unwrap_or_default()
    }

    fn needs_body(self) -> bool {
        self.told["requestBody"]["required"] == true
    }

    /// The names of the members of its body.
    fn members(self) -> Vec<&'static str> {
        let Some(body) = self.body() else { return Vec::new() };
        let reference = body["schema"]["$ref"].as_str().expect("a body is a named shape");
        let shape = DOCUMENT.pointer(reference.trim_start_matches('#')).expect("it is in the document");
        shape["properties"].as_object().expect("members").keys().map(String::as_str).collect()
    }
}

fn all() -> impl Iterator<Item = Described> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").iter();
        methods.map(move |(method, told)| Described { method, path, told })
    })
}

/// A stage that is reached at the ops listener alone, with all accounts engaged.
struct House(Stage);

impl House {
    async fn new() -> Self {
        let mut stage = Stage::engaged().await;
        let key = |name: &str, secret: &str, scopes: &str, more: &str| {
            format!("[[key]]\nname = \"{name}\"\nsecret = \"{secret}\"\nscopes = {scopes}\n{more}\n")
        };
        let other = format!("accounts = [\"{}\"]", stage.line(1, 0).waba);
        stage.plan.more =
            key("sender", SENDER, "[\"send\"]", "") + &key("stranger", STRANGER, "[\"admin\", \"inspect\"]", &other);
        stage.plan.gateway_more = "verbs = \"ops\"".into();
        stage.restart().await;
        stage.take(letter(&stage.line(0, 0), &[text("wamid.1", "491700000")])).await;
        Self(stage)
    }

    /// A path with names that mean something here.
    fn path(&self, path: &str) -> String {
        let path = path.replace("events/{id}", "events/{waba}.1").replace("{waba}", &self.0.line(0, 0).waba);
        let path = path.replace("{gateway}", "main").replace("{verb}", "search").replace("{asset}", "main.js");
        path.replace("/{uri}", "/main").replace("keys/{name}", "keys/operator").replace("{name}", "app")
    }

    async fn ask(&self, it: Described, path: &str, key: &str, body: impl Into<actix_web::web::Bytes>) -> Answer {
        self.0.ask(&it.method.to_uppercase(), path, key, body).await
    }

    /// The answer must be an error of these.
    fn is(&self, it: Described, what: &str, answer: &Answer, ids: &[&str]) {
        let Described { method, path, .. } = it;
        let id = answer.json()["id"].as_str().unwrap_or_default().to_owned();
        assert!(ids.contains(&id.as_str()), "{method} {path}, {what}: {} {}", answer.status, answer.text());
        assert_eq!(answer.json()["code"], answer.status, "{method} {path}");
    }
}

#[actix_web::test]
async fn a_wrong_method_is_told_which_ones_are_right() {
    let house = House::new().await;
    for (path, methods) in DOCUMENT["paths"].as_object().expect("paths") {
        let mut right: Vec<String> = methods.as_object().expect("methods").keys().map(|it| it.to_uppercase()).collect();
        right.sort();
        let url = format!("{}{}", house.0.ops, house.path(path));
        for wrong in ["PATCH", "GET", "POST", "PUT", "DELETE"].into_iter().filter(|it| !right.contains(&(*it).into())) {
            let answer = http::ask(wrong, &url, &[("Authorization", &bearer(KEY))], "").await;
            assert_eq!((answer.status, &answer.json()["id"]), (405, &json!("wharf.method.wrong")), "{wrong} {path}");
            let allow = answer.header("allow").expect("a 405 names what is right");
            let mut allow: Vec<&str> = allow.split(", ").collect();
            allow.sort_unstable();
            assert_eq!(allow, right, "{wrong} {path}");
        }
    }
    for nothing in ["/api", "/api/", "/api/nothing", "/api/accounts/", "/api/accounts/1/nothing", "/nothing"] {
        for method in ["GET", "POST"] {
            let answer = house.0.ask(method, nothing, KEY, "").await;
            assert_eq!(
                (answer.status, &answer.json()["id"]),
                (404, &json!("wharf.path.unknown")),
                "{method} {nothing}"
            );
        }
    }
    house.0.end().await;
}

#[actix_web::test]
async fn without_a_key_or_a_scope_nothing_is_said() {
    let house = House::new().await;
    for it in all().filter(|it| it.needs_key()) {
        let query = if it.path == "/{uri}" { "?whatsapp=search" } else { "" };
        let path = house.path(it.path) + query;
        let bare = http::ask(&it.method.to_uppercase(), &format!("{}{path}", house.0.ops), &[], it.example()).await;
        description::holds(it.method, &path, &bare);
        house.is(it, "without a key", &bare, &["wharf.auth.missing"]);
        assert!(bare.header("www-authenticate").is_some(), "{path}");
        if it.errors(403).contains(&"wharf.auth.forbidden") {
            let sender = house.ask(it, &path, SENDER, it.example()).await;
            house.is(it, "without the scope", &sender, &["wharf.auth.forbidden"]);
        }
    }
    let whoami = all().find(|it| it.path == "/api/whoami").expect("it is there");
    house.is(whoami, "a wrong key", &house.ask(whoami, whoami.path, "wrong", "").await, &["wharf.auth.wrong"]);
    house.0.end().await;
}

#[actix_web::test]
async fn what_is_not_there_and_what_is_anothers_is_not_found() {
    let house = House::new().await;
    // The customer of an erasure may be unknown: nothing is left of them then. A name that is put becomes known; a token
    // makes its account known. A verb is no thing that there is or not.
    let may_be_unknown = |it: Described, name: &str| {
        let is_put = it.method == "put" && ["name", "waba"].contains(&name);
        it.path.contains("/customers/") || is_put || name == "verb"
    };
    for it in all() {
        let names = it.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        for name in names.filter(|name| !may_be_unknown(it, name)) {
            let path = house.path(&it.path.replace(&format!("{{{name}}}"), "12345"));
            let path = if it.path == "/{uri}" { format!("{path}?whatsapp=search") } else { path };
            let answer = house.ask(it, &path, KEY, it.example()).await;
            house.is(it, &format!("an unknown {name}"), &answer, &it.errors(404));
        }
        if it.path.contains("{waba}") {
            let stranger = house.ask(it, &house.path(it.path), STRANGER, it.example()).await;
            house.is(it, "another's account", &stranger, &["wharf.account.unknown"]);
        }
    }
    house.0.end().await;
}

#[actix_web::test]
async fn a_parameter_that_means_nothing_is_refused_with_what_would() {
    let house = House::new().await;
    for it in all() {
        let path = house.path(it.path);
        let ask = async |query: String| house.ask(it, &format!("{path}?{query}"), KEY, "").await;
        for parameter in it.parameters().filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().expect("a name");
            if name == "limit" {
                for limit in ["0", "1001", "-1", "x", ""] {
                    house.is(it, limit, &ask(format!("limit={limit}")).await, &["wharf.limit.bad"]);
                }
            }
            if name == "cursor" && it.errors(400).contains(&"wharf.cursor.bad") {
                house.is(it, "cursor", &ask("cursor=%21".into()).await, &["wharf.cursor.bad"]);
            }
            if let Some(words) = parameter["schema"]["enum"].as_array() {
                let answer = ask(format!("{name}=nonsense")).await;
                house.is(it, name, &answer, &["wharf.parameter.bad"]);
                for word in words.iter().filter_map(Value::as_str) {
                    assert!(answer.text().contains(word), "{path} does not name {word}: {}", answer.text());
                    assert_eq!(ask(format!("{name}={word}")).await.status, 200, "{path}?{name}={word}");
                }
            }
            if parameter["schema"]["type"] == "integer" && name != "limit" {
                for text in ["x", "-1", "1.5"] {
                    house.is(it, name, &ask(format!("{name}={text}")).await, &["wharf.parameter.bad"]);
                }
            }
        }
    }
    house.0.end().await;
}

#[actix_web::test]
async fn a_body_that_is_not_what_belongs_there_is_refused_with_what_would() {
    let house = House::new().await;
    let of_bodies = ["wharf.body.not_json", "wharf.parameter.bad", "wharf.token.unfit"];
    for it in all().filter(|it| it.body().is_some()) {
        let path = house.path(it.path);
        let bodies = ["", "nonsense", "{", "[]", "5", "null", "{\"a\":"];
        for body in bodies.into_iter().filter(|body| it.needs_body() || !body.is_empty()) {
            house.is(it, body, &house.ask(it, &path, KEY, body).await, &of_bodies);
        }
        let mut wrong: Value = serde_json::from_str(&it.example()).expect("an example is JSON");
        wrong.as_object_mut().expect("an object").values_mut().for_each(|member| *member = json!({"a": 5}));
        house.is(it, "a wrong type", &house.ask(it, &path, KEY, wrong.to_string()).await, &of_bodies);
        let mut more: Value = serde_json::from_str(&it.example()).expect("an example is JSON");
        more["nonsense"] = json!(1);
        let answer = house.ask(it, &path, KEY, more.to_string()).await;
        house.is(it, "an unknown member", &answer, &of_bodies);
        for known in it.members() {
            assert!(answer.text().contains(known), "{path} does not name {known}: {}", answer.text());
        }
        let large = house.ask(it, &path, KEY, vec![b' '; 5 << 20]).await;
        house.is(it, "a body too large", &large, &["wharf.body.too_large"]);
    }
    house.0.end().await;
}
