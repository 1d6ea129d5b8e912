//! `setup`, against a server on port 0 that plays Graph.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::courier::fake::{Fake, Reply, Seen, gateway};
use crate::gateway::Gateway;

const SCOPES: [&str; 2] = ["whatsapp_business_messaging", "whatsapp_business_management"];

fn token(targets: &[&str]) -> Reply {
    let grants: Vec<Value> = SCOPES.iter().map(|scope| json!({"scope": scope, "target_ids": targets})).collect();
    let data = json!({"app_id": "42", "is_valid": true, "expires_at": 0, "scopes": SCOPES, "granular_scopes": grants});
    Reply::Json(200, json!({"data": data}))
}

fn number(n: usize) -> Value {
    json!({"id": format!("9{n}"), "display_phone_number": format!("+1 555 {n}")})
}

fn account(id: &str) -> Value {
    let ours = json!({"whatsapp_business_api_data": {"id": "42"}, "override_callback_uri": "https://x.example/"});
    json!({"id": id, "name": format!("Account {id}"), "subscribed_apps": {"data": [ours]},
        "phone_numbers": {"data": [number(1)], "paging": {"cursors": {"after": "MQ"}}}})
}

fn refused(status: u16, code: i64) -> Reply {
    Reply::Json(status, json!({"error": {"code": code, "error_subcode": 33, "message": "Unsupported get request"}}))
}

fn asked_ids(seen: &Seen) -> Vec<String> {
    seen.query.get("ids").map(|ids| ids.split(',').map(str::to_owned).collect()).unwrap_or_default()
}

/// Graph where every account exists but those in `bad`, in Graph's own way: one bad one spoils a list.
fn graph(targets: &'static [&'static str], bad: &'static [&'static str]) -> Fake {
    Fake::start(move |seen| {
        let ids = asked_ids(seen);
        let node = seen.path.trim_start_matches("/v25.0").trim_start_matches('/').to_owned();
        match node.as_str() {
            "debug_token" => token(targets),
            "" if ids.len() > 50 => refused(400, 100),
            "" if ids.iter().any(|id| bad.contains(&id.as_str())) => refused(400, 100),
            "" => Reply::Json(200, ids.iter().map(|id| (id.clone(), account(id))).collect()),
            id if bad.contains(&id) => refused(400, 100),
            path if path.ends_with("/phone_numbers") => Reply::Json(200, json!({"data": [number(1)]})),
            path if path.ends_with("/subscribed_apps") => Reply::Json(200, json!({"data": []})),
            id => Reply::Json(200, json!({"id": id, "name": "read alone"})),
        }
    })
}

/// What a setup finds: all that is to be read, read.
#[derive(Debug)]
struct Discovery {
    accounts: BTreeMap<String, Result<AccountSnapshot, Refusal>>,
}

impl Errand<'_> {
    async fn discover(&self, wanted: &[String], engaged: &[String]) -> Result<Discovery, DiscoveryError> {
        let Reach { app_id, accounts: ids, .. } = self.reach(&[wanted, engaged].concat()).await?;
        let mut accounts = BTreeMap::new();
        for chunk in ids.chunks(business::IDS_AT_ONCE) {
            accounts.extend(self.read(chunk, app_id.as_deref()).await);
        }
        Ok(Discovery { accounts })
    }
}

async fn discover(fake: &Fake, gateway: &Gateway, wanted: &[String]) -> Discovery {
    Errand::new(&fake.graph(), gateway, 0.0).discover(wanted, &["5".to_owned()]).await.unwrap()
}

#[actix_rt::test]
async fn targets_wanted_and_engaged_accounts_are_read_with_numbers_and_subscription() {
    let fake = graph(&["102", "99"], &[]);
    let found = discover(&fake, &gateway(), &["7".to_owned(), "102".to_owned()]).await;
    assert_eq!(found.accounts.keys().collect::<Vec<_>>(), ["102", "5", "7", "99"]);
    let snapshot = found.accounts["102"].as_ref().unwrap();
    assert_eq!(snapshot.numbers, [("91".to_owned(), "+1 555 1".to_owned())]);
    assert_eq!(snapshot.standing.override_uri.as_deref(), Some("https://x.example/"));
    assert!(snapshot.standing.ours_subscribed);
    let node: Value = serde_json::from_slice(&snapshot.node).unwrap();
    assert_eq!(node["name"], "Account 102");
    assert_eq!(node["phone_numbers"][0]["id"], "91");
    assert_eq!(node["subscribed_apps"], Value::Null);
    assert_eq!(fake.seen().len(), 2, "the token, and one read for all");
    assert_eq!(fake.seen()[0].query["input_token"], "EAAG-secret-token");
    assert!(!fake.seen()[1].uri.contains("EAAG"));
}

#[actix_rt::test]
async fn fifty_one_accounts_are_read_in_two_requests() {
    let fake = graph(&[], &[]);
    let wanted: Vec<String> = (1000..1050).map(|id| id.to_string()).collect();
    let found = discover(&fake, &gateway(), &wanted).await;
    assert_eq!(found.accounts.len(), 51);
    assert!(found.accounts.values().all(Result::is_ok));
    let mut sizes: Vec<usize> = fake.seen().iter().map(|seen| asked_ids(seen).len()).filter(|n| *n > 0).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 50]);
}

#[actix_rt::test]
async fn one_inaccessible_account_never_spoils_the_others() {
    let fake = graph(&["102", "99"], &["99"]);
    let found = discover(&fake, &gateway(), &[]).await;
    let refusal = found.accounts["99"].as_ref().unwrap_err();
    assert_eq!((refusal.code, refusal.subcode), (Some(100), Some(33)));
    for id in ["102", "5"] {
        let snapshot = found.accounts[id].as_ref().unwrap();
        assert_eq!(snapshot.numbers.len(), 1);
        assert!(!snapshot.standing.ours_subscribed);
    }
}

#[actix_rt::test]
async fn an_account_with_more_numbers_than_a_page_has_them_all() {
    let fake = Fake::start(|seen| {
        let first = json!({"102": {"id": "102", "phone_numbers": {"data": (0..25).map(number).collect::<Vec<_>>(),
            "paging": {"cursors": {"after": "25"}, "next": "http://127.0.0.1:1/stolen?access_token=x"}}}});
        let from: usize = seen.query.get("after").map_or(0, |after| after.parse().unwrap());
        match seen.path.as_str() {
            "/v25.0/debug_token" => token(&["102"]),
            "/v25.0" => Reply::Json(200, first),
            "/v25.0/102/phone_numbers" => {
                let to = (from + 20).min(60);
                let mut page = json!({"data": (from..to).map(number).collect::<Vec<_>>()});
                page["paging"] = json!({"cursors": {"after": to.to_string()}});
                if to < 60 {
                    page["paging"]["next"] = json!("http://127.0.0.1:1/stolen");
                }
                Reply::Json(200, page)
            }
            _ => Reply::Json(200, json!({"data": []})),
        }
    });
    let gateway = gateway();
    let found = Errand::new(&fake.graph(), &gateway, 0.0).discover(&[], &[]).await.unwrap();
    let numbers = &found.accounts["102"].as_ref().unwrap().numbers;
    assert_eq!(numbers.len(), 60);
    assert_eq!(numbers[59].0, "959");
    assert_eq!(fake.count("GET", "/v25.0/102/phone_numbers"), 2);
}

#[actix_rt::test]
async fn a_list_whose_cursor_runs_in_a_circle_ends() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        "/v25.0/debug_token" => token(&["102"]),
        "/v25.0/102/phone_numbers" => Reply::Json(
            200,
            json!({"data": [number(1)], "paging": {"cursors": {"after": "same"}, "next": "https://graph/"}}),
        ),
        _ => Reply::Json(200, json!({"id": "102"})),
    });
    let gateway = gateway();
    let found = Errand::new(&fake.graph(), &gateway, 0.0).discover(&[], &[]).await.unwrap();
    assert_eq!(found.accounts["102"].as_ref().unwrap().numbers.len(), 2);
}

#[actix_rt::test]
async fn a_token_without_targets_lists_the_businesss_own_and_client_accounts() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        "/v25.0/debug_token" => token(&[]),
        "/v25.0/555/owned_whatsapp_business_accounts" => Reply::Json(200, json!({"data": [{"id": "102"}]})),
        "/v25.0/555/client_whatsapp_business_accounts" => refused(403, 10),
        _ => Reply::Json(200, asked_ids(seen).iter().map(|id| (id.clone(), account(id))).collect()),
    });
    let gateway = Gateway { business_id: Some("555".into()), ..gateway() };
    let found = Errand::new(&fake.graph(), &gateway, 0.0).discover(&[], &[]).await.unwrap();
    assert_eq!(found.accounts.keys().collect::<Vec<_>>(), ["102"]);
}

#[actix_rt::test]
async fn a_field_that_graph_no_longer_knows_does_not_hide_an_account() {
    let fake = Fake::start(|seen| {
        let fields = seen.query.get("fields").cloned().unwrap_or_default();
        let gone = json!({"error": {"code": 100, "message": "(#100) Tried accessing nonexisting field (country)"}});
        match seen.path.as_str() {
            "/v25.0/debug_token" => token(&["102"]),
            _ if fields.contains("country") || fields.contains("messaging_limit_tier") => Reply::Json(400, gone),
            "/v25.0/102" => Reply::Json(200, json!({"id": "102", "name": "Two"})),
            "/v25.0/102/phone_numbers" => Reply::Json(200, json!({"data": [number(1)]})),
            _ => Reply::Json(200, json!({"data": []})),
        }
    });
    let gateway = gateway();
    let found = Errand::new(&fake.graph(), &gateway, 0.0).discover(&[], &[]).await.unwrap();
    assert_eq!(found.accounts["102"].as_ref().unwrap().numbers.len(), 1);
}

#[actix_rt::test]
async fn odd_answers_are_errors_of_their_accounts_and_never_panics() {
    for body in ["", "null", "[]", "7", r#"{"102":null}"#, r#"{"102":{"id":null}}"#, "<html>"] {
        let fake = Fake::start(move |seen| match seen.path.as_str() {
            "/v25.0/debug_token" => token(&["102"]),
            _ => Reply::Raw(200, vec![], body.as_bytes().to_vec()),
        });
        let gateway = gateway();
        let found = Errand::new(&fake.graph(), &gateway, 0.0).discover(&[], &[]).await.unwrap();
        assert!(found.accounts.contains_key("102"), "{body}");
    }
}

#[actix_rt::test]
async fn a_token_that_does_not_serve_says_why_before_any_account_is_read() {
    let cases = [
        (json!({"data": {"is_valid": false, "error": {"message": "Session has expired"}}}), "Session has expired"),
        (json!({"data": {"is_valid": true, "scopes": [SCOPES[0]]}}), SCOPES[1]),
        (json!({"error": {"code": 190, "message": "Bad signature"}}), "Bad signature"),
    ];
    for (answer, reason) in cases {
        let fake = Fake::start(move |_| Reply::Json(200, answer.clone()));
        let gateway = gateway();
        let error = Errand::new(&fake.graph(), &gateway, 0.0).discover(&["102".to_owned()], &[]).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!error.to_string().contains("EAAG"));
        assert_eq!(fake.seen().len(), 1);
    }
}

#[actix_rt::test]
async fn where_graph_is_down_every_account_says_so() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        "/v25.0/debug_token" => token(&["102", "99"]),
        _ => refused(503, 2),
    });
    let gateway = gateway();
    let found = Errand::new(&fake.graph(), &gateway, 0.0).discover(&[], &[]).await.unwrap();
    assert!(found.accounts.values().all(|read| read.as_ref().unwrap_err().code == Some(2)));
    assert_eq!(fake.count("GET", "/v25.0"), 3, "tried twice more, and not one by one");
}
