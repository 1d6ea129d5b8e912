//! `wharf key`: list, create and remove against a fake that speaks as agreed; hash needs nobody.

use super::fake::answering;
use super::operate_at;
use crate::harness::process::wharf;
use serde_json::json;
use std::io::Write;
use std::process::Stdio;

#[actix_web::test]
async fn a_key_is_created_and_shown_once_and_alone_where_it_is_asked_for() {
    let told = json!({"name": "crm", "source": "api", "scopes": ["send"], "gateways": [], "accounts": ["1022"],
        "numbers": [], "created_at": "2026-11-29T10:00:00.000Z", "created_by": "operator", "last_used_at": null,
        "key": "wharf_secret"});
    let list = json!({"data": [{"name": "ops", "source": "settings", "scopes": ["admin"]}]});
    let fake = answering(vec![
        ("POST /api/keys", 201, told),
        ("GET /api/keys", 200, list.clone()),
        ("DELETE /api/keys/crm", 200, json!({"name": "crm"})),
        (
            "DELETE /api/keys/ops",
            409,
            json!({"id": "wharf.key.in_settings", "code": 409, "detail": "it is in the settings"}),
        ),
    ])
    .await;
    let url = fake.url("");
    let create = ["key", "create", "crm", "--scopes", "send", "--accounts", "1022"];
    let said = operate_at(&url, &create).await.well();
    assert!(said.out.contains("key           wharf_secret\n") && said.out.contains("cannot show it again"), "{said:?}");
    let said = operate_at(&url, &[&create[..], &["--quiet"]].concat()).await.well();
    assert_eq!((said.out.as_str(), said.err.as_str()), ("wharf_secret\n", ""));
    assert_eq!(fake.deliveries()[0].json(), json!({"name": "crm", "scopes": ["send"], "accounts": ["1022"]}));
    let said = operate_at(&url, &["key", "list"]).await.well();
    assert!(said.out.contains("ops   settings  admin   everything"), "{}", said.out);
    assert_eq!(operate_at(&url, &["key", "list", "--json"]).await.well().json(), list);
    operate_at(&url, &["key", "remove", "crm"]).await.well();
    let said = operate_at(&url, &["key", "remove", "ops"]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("it is in the settings (wharf.key.in_settings, 409)"), "{said:?}");
    fake.stop().await;
}

#[test]
fn a_key_is_hashed_with_no_server_and_no_key() {
    for (typed, args, expected) in [
        ("key\n", &["key", "hash"][..], "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683\n"),
        (
            "key",
            &["key", "hash", "--json"],
            "{\"sha256\":\"2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683\"}\n",
        ),
    ] {
        let mut command = wharf(args);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
        child.stdin.take().expect("piped").write_all(typed.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(0), expected));
        assert!(String::from_utf8_lossy(&output.stderr).contains("can be guessed"), "so short a key is warned of");
    }
}
