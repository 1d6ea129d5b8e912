//! `whatsapp=setup` in a browser: through Meta's dialog and back.

use crate::doctor::fronted;
use crate::harness::front::Front;
use crate::harness::http::{self, Answer};
use crate::harness::stage::{KEY, Plan, Stage, bearer};
use serde_json::json;
use std::path::Path;
use wharf::sandbox::TokenReach;

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const CONSOLE: &str = "https://console.example.com";

/// Somebody on their way through the dialog.
struct Login {
    /// What the browser sends along.
    cookie: String,
    /// Where the two links of the dialog lead.
    allow: String,
    cancel: String,
}

async fn open(stage: &Front, more: &str, headers: &[(&str, &str)]) -> Answer {
    let authorization = bearer(KEY);
    let headers = [headers, &[("Authorization", authorization.as_str())]].concat();
    http::get(&format!("{}/main?whatsapp=setup{more}", stage.url), &headers).await
}

async fn begin(front: &Front, more: &str) -> Login {
    let sent = open(front, more, &[("Accept", HTML)]).await;
    assert_eq!(sent.status, 302, "{}", sent.text());
    let cookie = sent.header("set-cookie").expect("a cookie").to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=600"),
        "{cookie}"
    );
    let dialog = http::get(sent.header("location").expect("a dialog"), &[]).await;
    let link = |id: &str| {
        let after = dialog.text().split(&format!("id=\"{id}\" href=\"")).nth(1).expect("a link");
        after.split('"').next().expect("a link").replace("&amp;", "&")
    };
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    Login { cookie, allow: link("allow"), cancel: link("cancel") }
}

async fn come_back(url: &str, cookie: &str) -> Answer {
    http::get(url, &[("Accept", HTML), ("Cookie", cookie), ("Sec-Fetch-Site", "cross-site")]).await
}

async fn stage(change: impl FnOnce(&mut Plan)) -> (Stage, Front) {
    fronted(|plan| {
        plan.reach = TokenReach::Unlisted;
        change(plan);
    })
    .await
}

fn is_guarded(answer: &Answer) {
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer")] {
        assert_eq!(answer.header(name), Some(value));
    }
    assert!(!answer.text().contains("<script>"), "{}", answer.text());
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
async fn who_logs_in_sets_up_the_accounts_they_share_and_no_token_of_theirs_is_kept() {
    let (mut stage, front) = stage(|_| {}).await;
    let ids = stage.sandbox.account_ids();
    stage.sandbox.world().share(vec![ids[1].clone()]);
    let login = begin(&front, &format!("&id={}", ids[0])).await;
    let done = come_back(&login.allow, &login.cookie).await;
    assert_eq!(done.status, 200, "{}", done.text());
    is_guarded(&done);
    assert!(done.text().contains("2 accounts set up") && done.text().contains(&ids[1]), "{}", done.text());
    assert!(!done.text().contains("oauth/login.js"), "without admin_origin nobody is told");
    assert!(done.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")));
    let mut engaged: Vec<String> = stage
        .verb("search")
        .await
        .json()
        .as_array()
        .expect("accounts")
        .iter()
        .map(|account| account["id"].as_str().expect("an id").to_owned())
        .collect();
    engaged.sort();
    let mut asked = vec![ids[0].clone(), ids[1].clone()];
    asked.sort();
    assert_eq!(engaged, asked, "what was asked for, and what was shared");
    let again = come_back(&login.allow, &login.cookie).await;
    assert_eq!(again.status, 403);
    assert!(again.text().contains("wharf.login.unknown"), "a state works once: {}", again.text());
    let audit = stage.look("/api/audit").await.json();
    assert_eq!(json!([audit["data"][0]["verb"], audit["data"][0]["who"]]), json!(["setup", "operator"]));
    stage.stop().await;
    assert!(!stands_in(stage.folder.path(), "EAAuser"));
    stage.start().await;
    stage.end().await;
}

#[actix_web::test]
async fn a_login_is_the_browsers_that_began_it() {
    let (stage, front) = stage(|_| {}).await;
    let login = begin(&front, "").await;
    for cookie in ["", "wharf-login=0123456789", "other=x"] {
        let foreign = come_back(&login.allow, cookie).await;
        assert_eq!(foreign.status, 403);
        is_guarded(&foreign);
        assert!(foreign.text().contains("wharf.login.foreign"), "{}", foreign.text());
    }
    let forged = format!("{}/main?state=0123&code=x", front.url);
    assert!(come_back(&forged, &login.cookie).await.text().contains("wharf.login.unknown"));
    assert_eq!(stage.verb("search").await.json(), json!([]), "nothing happened");
    assert_eq!(come_back(&login.allow, &login.cookie).await.status, 200, "it waited for its browser");
    stage.end().await;
}

#[actix_web::test]
async fn what_meta_says_no_to_is_a_page_with_its_reason_and_never_markup() {
    let (stage, front) = stage(|_| {}).await;
    let login = begin(&front, "").await;
    let cancelled = come_back(&login.cancel, &login.cookie).await;
    assert_eq!(cancelled.status, 403);
    is_guarded(&cancelled);
    assert!(
        cancelled.text().contains("wharf.login.refused")
            && cancelled.text().contains("access_denied: Permissions error")
    );
    let login = begin(&front, "").await;
    let state = login.allow.split("state=").nth(1).expect("a state");
    let evil =
        format!("{}/main?state={state}&error=%3Cscript%3E&error_description=%22%3E%3Cscript%3Ealert(1)", front.url);
    let shown = come_back(&evil, &login.cookie).await;
    is_guarded(&shown);
    assert!(shown.text().contains("&lt;script&gt;alert(1)"), "{}", shown.text());
    let login = begin(&front, "").await;
    let state = login.allow.split("state=").nth(1).expect("a state");
    let wrong = come_back(&format!("{}/main?state={state}&code=made-up", front.url), &login.cookie).await;
    assert!(wrong.status == 403 && wrong.text().contains("This authorization code has been used"), "{}", wrong.text());
    let program = http::get(&format!("{}/main?state=x&code=y", front.url), &[]).await;
    assert_eq!((program.status, &program.json()["id"]), (403, &json!("wharf.login.unknown")));
    stage.end().await;
}

#[actix_web::test]
async fn programs_prefetches_other_sites_and_strangers_get_no_dialog() {
    let (stage, front) = stage(|plan| plan.gateway_more = format!("admin_origin = \"{CONSOLE}\"")).await;
    for accept in ["application/json", "*/*"] {
        let told = open(&front, "", &[("Accept", accept)]).await;
        assert!(told.status == 200 && told.json().is_array(), "{accept}: {}", told.text());
    }
    let bare = http::get(&format!("{}/main?whatsapp=setup", front.url), &[("Accept", HTML)]).await;
    assert_eq!((bare.status, bare.header("www-authenticate").is_some()), (401, true));
    let site = |site| ("Sec-Fetch-Site", site);
    let from = |page| ("Referer", page);
    let cases: [(&[(&str, &str)], u16); 7] = [
        (&[site("cross-site")], 403),
        (&[site("same-site")], 403),
        (&[site("cross-site"), from("https://evil.example/")], 403),
        (&[site("cross-site"), from("https://console.example.com.evil.example/")], 403),
        (&[site("none"), ("Sec-Purpose", "prefetch")], 403),
        (&[site("cross-site"), from("https://console.example.com/"), ("Sec-Purpose", "prefetch;prerender")], 403),
        (&[site("cross-site"), from("https://console.example.com/accounts?x")], 302),
    ];
    for (headers, status) in cases {
        let headers = [headers, &[("Accept", HTML)]].concat();
        assert_eq!(open(&front, "", &headers).await.status, status, "{headers:?}");
    }
    let (url, key) = (format!("{}/main?whatsapp=subscribe", front.url), bearer(KEY));
    let led = [("Accept", HTML), ("Authorization", &key), site("cross-site"), from("https://console.example.com/")];
    assert_eq!(http::get(&url, &led).await.status, 403, "the console opens logins, and changes nothing by itself");
    stage.end().await;
}

#[actix_web::test]
async fn the_console_that_opened_the_window_is_told_and_nobody_else() {
    let (stage, front) = stage(|plan| plan.gateway_more = format!("admin_origin = \"{CONSOLE}\"")).await;
    let login = begin(&front, "").await;
    let done = come_back(&login.allow, &login.cookie).await;
    is_guarded(&done);
    for part in
        [&format!("data-origin=\"{CONSOLE}\""), "data-status=\"success\"", "<script src=\"oauth/login.js\" defer>"]
    {
        assert!(done.text().contains(part), "{part} is missing in {}", done.text());
    }
    let script = http::get(&format!("{}/oauth/login.js", front.url), &[]).await;
    assert_eq!((script.status, script.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
    assert!(script.text().contains("postMessage(") && !script.text().contains('*'), "{}", script.text());
    stage.end().await;
}

#[actix_web::test]
async fn without_public_url_or_with_verbs_for_operators_alone_a_browser_gets_json_as_before() {
    let stage = Stage::new().await;
    let told = stage.verb_with("main", "setup", &[("Accept", HTML), ("Authorization", &bearer(KEY))]).await;
    assert!(told.status == 200 && told.json().is_array(), "{}", told.text());
    let nothing = http::get(&format!("{}/main?state=x&code=y", stage.public), &[]).await;
    assert_eq!((nothing.status, &nothing.json()["id"]), (400, &json!("wharf.query.unknown")));
    stage.end().await;
    let (stage, front) = fronted(|plan| plan.gateway_more = "verbs = \"ops\"".into()).await;
    let url = format!("{}/main?whatsapp=setup", stage.ops);
    let told = http::get(&url, &[("Accept", HTML), ("Authorization", &bearer(KEY))]).await;
    assert!(told.status == 200 && told.json().is_array(), "{}", told.text());
    assert_eq!(http::get(&format!("{}/main?state=x&code=y", front.url), &[]).await.status, 400);
    stage.end().await;
}
