//! Every command where the answer is no, where nobody answers, and where somebody else does.

use super::fake::refusing;
use super::{Said, command, finish, operate, operate_at};
use crate::harness::application::{Application, Reply, nobody};
use crate::harness::http;
use crate::harness::process::wharf;
use crate::harness::stage::{KEY, Stage};

const COMMANDS: [&[&str]; 28] = [
    &["accounts"],
    &["accounts", "1022"],
    &["events", "1022"],
    &["events", "1022.57"],
    &["explain", "1022.57"],
    &["explain", "msg_1"],
    &["tail", "1022"],
    &["messages", "1022"],
    &["messages", "msg_1", "--cancel"],
    &["dead", "1022"],
    &["dead", "1022", "--redrive"],
    &["replay", "1022.57"],
    &["replay", "1022", "--from", "2h"],
    &["replay", "1022", "--list"],
    &["hold", "1022", "--sends"],
    &["release", "1022", "--deliveries"],
    &["routes", "1022"],
    &["routes", "1022", "put", "crm", "--url", "https://crm.example.com/"],
    &["routes", "1022", "test", "main/app"],
    &["key", "list"],
    &["key", "create", "crm", "--scopes", "send"],
    &["key", "remove", "crm"],
    &["numbers", "1022"],
    &["numbers", "request-code", "1065", "--method", "sms", "--language", "en_US"],
    &["doctor", "signature", "--gateway", "main", "--header", "sha256=00", "--body", "Cargo.toml"],
    &["register", "--gateway", "main"],
    &["verb", "search", "--gateway", "main"],
    &["verb", "setup", "--gateway", "main"],
];

fn assert_said(said: &Said, code: i32, words: &[&str], args: &[&str]) {
    assert_eq!(said.code, code, "{args:?}: {said:?}");
    assert_eq!(said.out, "", "{args:?}");
    words.iter().for_each(|word| assert!(said.err.contains(word), "{args:?} does not say {word:?}: {said:?}"));
}

#[actix_web::test]
async fn every_command_says_where_nobody_listens_and_what_to_do() {
    let url = format!("http://{}", nobody());
    for args in COMMANDS {
        let said = operate_at(&url, args).await;
        assert_said(&said, 3, &["cannot be reached: nobody listens there", "`wharf serve`"], args);
    }
}

#[actix_web::test]
async fn every_command_says_that_the_key_is_wrong() {
    let fake = Application::start().await;
    fake.answer(|_| refusing(401, "wharf.auth.wrong", "this key is not known here"));
    for args in COMMANDS {
        let said = operate_at(&fake.url(""), args).await;
        assert_said(&said, 1, &["wharf: this key is not known here (wharf.auth.wrong, 401)\n", "WHARF_KEY"], args);
    }
    assert_said(&operate_at(&fake.url(""), &["doctor"]).await, 1, &["this key is not known here"], &["doctor"]);
    let calls = fake.deliveries();
    assert_eq!(calls.len(), COMMANDS.len() + 1, "none is asked twice");
    assert!(calls.iter().all(|call| call.header("authorization") == format!("Bearer {KEY}")));
    fake.stop().await;
}

#[actix_web::test]
async fn every_command_tells_a_stranger_from_wharf() {
    let fake = Application::start().await;
    for reply in [Reply::Json(404, "<html>not found</html>".into()), Reply::Json(200, "{\"ok\":true".into())] {
        fake.answer(move |_| reply.clone());
        for args in COMMANDS {
            let said = operate_at(&fake.url(""), args).await;
            assert_said(&said, 3, &["answers, but not as Wharf does", "is this Wharf?"], args);
        }
    }
    fake.stop().await;
}

#[actix_web::test]
async fn a_wrong_key_and_what_is_unknown_are_refused_by_a_real_gateway_too() {
    let stage = Stage::engaged().await;
    for args in [&["accounts"][..], &["hold", "1022", "--sends"], &["verb", "search", "--gateway", "main"]] {
        let said = finish(command(args, &stage.public, &stage.ops, "a-key-that-nobody-knows-here")).await;
        assert_said(&said, 1, &["this key is not known here", "WHARF_KEY"], args);
    }
    let waba = stage.line(0, 0).waba;
    let said = finish(command(&["numbers", &waba], &stage.public, &stage.ops, "a-key-that-nobody-knows-here")).await;
    assert_said(&said, 1, &["(190, 401)", "WHARF_KEY"], &["numbers"]);
    let unknown: [(&[&str], &str, &str); 4] = [
        (&["accounts", "77"], "no account 77", "`wharf accounts`"),
        (&["events", "77.1"], "no event 77.1", "`wharf events WABA`"),
        (&["messages", "msg_77"], "no message msg_77", "`wharf messages WABA`"),
        (&["routes", &waba, "resume", "gone"], "no route", "`wharf routes WABA`"),
    ];
    for (args, words, next) in unknown {
        assert_said(&operate(&stage, args).await, 1, &[words, next], args);
    }
    stage.end().await;
}

#[actix_web::test]
async fn tls_where_there_is_none_and_none_where_there_is_are_told() {
    let stage = Stage::new().await;
    let tls = stage.ops.replace("http://", "https://");
    let said = finish(command(&["accounts"], &tls, &tls, KEY)).await;
    assert_said(&said, 3, &["cannot be reached", "TLS failed", "is it http:// there?"], &["accounts"]);
    let alive = http::get(&format!("{}/healthz", stage.ops), &[]).await;
    assert_eq!(alive.status, 200, "the listener outlives it");
    stage.end().await;
}

#[actix_web::test]
async fn wrong_usage_is_told_before_anybody_is_asked() {
    let nowhere = format!("http://{}", nobody());
    let wrong: [(&[&str], &str); 9] = [
        (&["hold", "1022"], "--sends|--deliveries"),
        (&["hold", "1022", "--sends", "--route", "a/b"], "cannot be used with"),
        (&["replay", "1022"], "say from where on"),
        (&["replay", "1022", "--from", "yesterday"], "no place in the journal"),
        (&["replay", "1022.57", "--list"], "one event has no --from"),
        (&["messages", "1022", "--cancel"], "its id begins with msg_"),
        (&["routes", "1022", "remove", "main/app"], "stands in the settings"),
        (&["numbers", "verify", "1065"], "--code is needed"),
        (&["numbers", "verify", "1065", "--code", "12"], "--code: 6 digits"),
    ];
    for (args, words) in wrong {
        let said = operate_at(&nowhere, args).await;
        assert_said(&said, 2, &[words], args);
    }
    let keyless = finish(wharf(&["accounts"])).await;
    assert_said(&keyless, 2, &["this needs an API key", "--key-file"], &["accounts"]);
}
