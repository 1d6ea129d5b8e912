//! Keys, scopes and slowdowns, as callers meet them.

use super::*;
use crate::config::{KeyHash, KeySettings};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::net::IpAddr;
use std::time::Instant;

const OPS: &str = "ops-key-with-enough-chance-in-it";
const BOT: &str = "bot-key-with-enough-chance-in-it";

fn keys() -> Keys {
    let key = |name: &str, key: &str, scopes: &[Scope], gateways: &[&str]| KeySettings {
        written_out: false,
        name: name.into(),
        hash: KeyHash::of(key.as_bytes()),
        scopes: scopes.iter().copied().collect(),
        gateways: gateways.iter().map(ToString::to_string).collect(),
        accounts: Vec::new(),
        numbers: vec!["105".to_owned()],
    };
    Keys::new(&[key("ops", OPS, &Scope::ALL, &[]), key("bot", BOT, &[Scope::Send], &["support"])], Vec::new())
}

fn ask(keys: &Keys, header: Option<&str>) -> Result<Caller, AuthFault> {
    keys.identify(header, IpAddr::from([10, 0, 0, 1]), Instant::now())
}

fn basic(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

#[test]
fn a_key_is_known_as_bearer_and_as_the_password_of_basic() {
    let keys = keys();
    let headers =
        [format!("Bearer {OPS}"), format!("bearer  {OPS}"), basic(&format!("anyone:{OPS}")), basic(&format!(":{OPS}"))];
    for header in headers {
        assert_eq!(&*ask(&keys, Some(&header)).expect("a right key").name, "ops");
    }
    assert_eq!(&*ask(&keys, Some(&format!("Bearer {BOT}"))).expect("a right key").name, "bot");
}

#[test]
fn a_request_without_a_key_is_told_so_and_not_slowed() {
    let keys = keys();
    for header in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Digest x"), Some(OPS)] {
        assert_eq!(ask(&keys, header).expect_err("no key"), AuthFault::Missing, "{header:?}");
    }
}

#[test]
fn a_wrong_key_is_slowed_and_a_right_one_never() {
    let keys = keys();
    let wrong =
        ["Bearer nonsense".to_owned(), basic(OPS), "Basic %%%".to_owned(), basic("ops:"), format!("Bearer {OPS}x")];
    let mut last = Duration::ZERO;
    for header in &wrong {
        let Err(AuthFault::Wrong { delay }) = ask(&keys, Some(header)) else { panic!("{header} passed") };
        assert!(delay > last, "{header}");
        last = delay;
    }
    assert!(ask(&keys, Some(&format!("Bearer {OPS}"))).is_ok());
}

#[test]
fn without_any_key_nobody_is_let_in() {
    let none = Keys::new(&[], Vec::new());
    assert!(matches!(ask(&none, Some("Bearer x")), Err(AuthFault::Wrong { .. })));
}

#[test]
fn a_key_does_what_its_scopes_and_limits_say() {
    let keys = keys();
    let bot = ask(&keys, Some(&format!("Bearer {BOT}"))).expect("a right key");
    assert_eq!(bot.require(Scope::Send), Ok(()));
    let refused = bot.require(Scope::Admin).expect_err("no such scope");
    assert_eq!(refused.to_string(), "the key bot lacks the scope admin");
    assert!(bot.may_use_gateway("support") && !bot.may_use_gateway("sales"));
    assert!(bot.may_use_number("105") && !bot.may_use_number("106"));
    assert!(bot.may_use_account("102"), "no limit means all");
    assert_eq!(
        bot.require_gateway("sales").expect_err("not its gateway").to_string(),
        "the key bot may not use gateway sales"
    );
}

#[test]
fn a_key_that_was_shown_before_is_found_by_its_name_as_it_is_now() {
    let keys = keys();
    assert!(keys.named("bot").is_some_and(|caller| caller.has(Scope::Send) && !caller.has(Scope::Admin)));
    keys.replace(&[]);
    assert!(keys.named("bot").is_none(), "what was taken away meanwhile opens nothing");
}

fn made(name: &str, key: &str) -> KnownKey {
    let caller = Caller { name: name.into(), ..ask(&keys(), Some(&format!("Bearer {OPS}"))).expect("a right key") };
    KnownKey::new(KeyHash::of(key.as_bytes()), caller, Origin::Made { at_ms: 1, by: "ops".into() })
}

#[test]
fn a_made_key_opens_at_once_and_not_after_it_was_taken_away() {
    let keys = keys();
    let made = |name| made(name, &format!("the key {name}"));
    assert_eq!(keys.add(made("new")), Ok(()));
    assert_eq!((keys.add(made("new")), keys.add(made("ops"))), (Err(NotAdded::Exists), Err(NotAdded::Exists)));
    assert_eq!(&*ask(&keys, Some("Bearer the key new")).expect("a right key").name, "new");
    keys.note_use("new", 7);
    assert_eq!(keys.all().iter().map(KnownKey::used_at_ms).collect::<Vec<_>>(), [None, None, Some(7)]);
    keys.replace(&[]);
    assert_eq!(keys.all().len(), 1, "a reload leaves what was made");
    keys.remove("new");
    assert!(matches!(ask(&keys, Some("Bearer the key new")), Err(AuthFault::Wrong { .. })));
}

#[test]
fn a_key_of_the_settings_hides_a_made_one_of_its_name_and_gives_it_back() {
    let both = Keys::new(&[], vec![made("ops", "made")]);
    assert!(ask(&both, Some("Bearer made")).is_ok());
    let settings = KeySettings {
        name: "ops".into(),
        hash: KeyHash::of(b"set"),
        scopes: Scope::ALL.into_iter().collect(),
        gateways: Vec::new(),
        accounts: Vec::new(),
        numbers: Vec::new(),
        written_out: false,
    };
    both.replace(&[settings]);
    assert!(ask(&both, Some("Bearer set")).is_ok() && ask(&both, Some("Bearer made")).is_err());
    both.replace(&[]);
    assert!(ask(&both, Some("Bearer set")).is_err() && ask(&both, Some("Bearer made")).is_ok());
}

#[test]
fn a_key_reaches_all_of_another_only_where_that_is_no_wider() {
    let key = |gateways: &[&str], accounts: &[&str]| {
        let list = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
        let (gateways, accounts) = (list(gateways), list(accounts));
        Caller { name: "k".into(), scopes: Default::default(), gateways, accounts, numbers: Vec::new() }
    };
    assert!(key(&[], &[]).reaches_all_of(&key(&["a"], &["1"])));
    assert!(key(&["a", "b"], &[]).reaches_all_of(&key(&["a"], &["1"])));
    assert!(!key(&["a"], &[]).reaches_all_of(&key(&[], &["1"])), "none means all");
    assert!(!key(&["a"], &[]).reaches_all_of(&key(&["a", "b"], &[])));
}
