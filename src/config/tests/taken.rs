//! What is taken, and what it means.

use super::*;
use crate::auth::Scope;
use std::path::Path;
use std::time::Duration;
use wharf_actors::gateway::subject::Subject;
use wharf_actors::gateway::{Format, Overrides, Secret, VerbsAt};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn the_least_settings_start_with_every_default_and_no_warning() {
    let settings = sound(SOUND);
    assert_eq!(settings.warnings, []);
    assert_eq!(settings.server.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(settings.server.ops_listen.to_string(), "127.0.0.1:8081");
    assert_eq!(settings.server.inflight_bytes, 256 << 20);
    assert_eq!(settings.server.verb_wait, Duration::from_secs(55));
    assert!(settings.server.workers >= 1 && settings.server.public_url.is_none());
    assert_eq!(settings.storage.engine, Engine::Sled);
    assert_eq!(settings.storage.path, Path::new("data"));
    assert_eq!((settings.storage.retention, settings.storage.dedupe), (DAY * 7, DAY * 8));
    assert_eq!((settings.storage.dead_retention, settings.storage.dialog_ttl), (DAY * 30, DAY * 30));
    assert_eq!(settings.graph.base_url, "https://graph.facebook.com");
    assert_eq!(settings.graph.version, "v25.0");
    assert_eq!(settings.send.send_wait, Duration::from_secs(4));
    assert_eq!(settings.send.send_max_age, DAY);
    let route = &settings.gateways[0].routes.get()[0];
    assert_eq!((&*route.name, route.format, route.concurrency), ("support/bot", Format::Meta, 32));
    assert_eq!((route.max_age, route.tests), (DAY * 3, false));
    assert!(route.fields.is_empty() && route.types.is_empty() && route.accounts.is_empty() && route.numbers.is_empty());
}

#[test]
fn every_setting_reaches_its_place() {
    let settings = sound(
        r#"
        [server]
        listen = "[::]:80"
        ops_listen = "127.0.0.1:81"
        public_url = "https://wa.example.com/hooks/"
        workers = 3
        inflight_bytes = "1GB"
        verb_wait = "10s"
        [storage]
        path = "/var/lib/wharf"
        retention = "1d"
        dedupe = "9d"
        dead_retention = "2d"
        dialog_ttl = "3d"
        [graph]
        base_url = "http://127.0.0.1:9000/"
        version = "v24.0"
        [send]
        send_wait = "500ms"
        send_max_age = "1h30m"
        unknown_wait = "2m"
        strict_window = true
        duplicate_guard = true
        [[gateway]]
        uri = "support"
        whatsapp_token = "t"
        app_secret = ["current", "previous"]
        app_id = "11"
        verify_token = "v"
        business_id = "22"
        override = true
        verbs = "ops"
        admin_origin = "https://Console.example.com:443/"
        [[gateway.route]]
        name = "bot"
        url = "http://u:p@127.0.0.1:1/x?y=z"
        secret = "s"
        format = "dialog"
        fields = ["messages"]
        types = ["message", "user_id"]
        accounts = ["102"]
        numbers = ["105"]
        concurrency = 4
        max_age = "1h"
        tests = true
        [[key]]
        name = "ops"
        sha256 = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
        scopes = ["send", "inspect"]
        gateways = ["support"]
        accounts = ["102"]
        numbers = ["105"]
        "#,
    );
    assert_eq!(settings.server.public_url.as_deref(), Some("https://wa.example.com/hooks"));
    assert_eq!((settings.server.workers, settings.server.inflight_bytes), (3, 1_000_000_000));
    assert_eq!(settings.storage.dedupe, DAY * 9);
    assert_eq!(settings.graph.base_url, "http://127.0.0.1:9000");
    assert_eq!(settings.send.send_max_age, Duration::from_secs(5400));
    assert_eq!(settings.send.unknown_wait, Duration::from_secs(120));
    assert!(settings.send.strict_window && settings.send.duplicate_guard);
    let gateway = &settings.gateways[0];
    assert_eq!(gateway.callback_url.as_deref(), Some("https://wa.example.com/hooks/support"));
    assert_eq!((gateway.overrides, gateway.verbs), (Overrides::Account, VerbsAt::Ops));
    assert_eq!(gateway.admin_origin.as_deref(), Some("https://console.example.com"), "as browsers write it");
    let app_secrets = gateway.app_secrets.get();
    let secrets: Vec<&str> = app_secrets.iter().map(Secret::reveal).collect();
    assert_eq!(secrets, ["current", "previous"]);
    assert_eq!((gateway.app_id.as_deref(), gateway.business_id.as_deref()), (Some("11"), Some("22")));
    let route = &gateway.routes.get()[0];
    assert_eq!((route.format, route.concurrency, route.tests), (Format::Dialog, 4, true));
    assert_eq!(route.types, ["message", "user_id"]);
    assert_eq!(route.url, "http://u:p@127.0.0.1:1/x?y=z");
    let key = &settings.keys[0];
    assert_eq!(key.hash, KeyHash::of(b""));
    assert_eq!(key.scopes.iter().copied().collect::<Vec<_>>(), [Scope::Inspect, Scope::Send]);
    assert_eq!((&key.gateways[0][..], &key.accounts[0][..], &key.numbers[0][..]), ("support", "102", "105"));
}

#[test]
fn a_route_may_lead_to_a_queue() {
    let plain = sound(&with("https://bot.example.com/webhook", "nats://queue:4222"));
    let routes = plain.gateways[0].routes.get();
    let queue = routes[0].queue.as_ref().expect("a queue");
    assert_eq!((&queue.subject, queue.credential.is_none()), (&Subject::default(), true));
    let text = "tls://queue\"\nsubject = \"bot.{type}\"\ncredential = { env = \"NATS\" }\nformat = \"dialog";
    let text = with("https://bot.example.com/webhook", text);
    let settings = Settings::parse("wharf.toml", &text, set(&[("NATS", "user:password")])).expect("valid");
    let routes = settings.gateways[0].routes.get();
    let queue = routes[0].queue.as_ref().expect("a queue");
    assert_eq!(queue.subject, Subject::parse("bot.{type}").expect("a pattern"));
    assert_eq!(queue.credential.as_ref().map(Secret::reveal), Some("user:password"));
    assert_eq!((settings.warnings, plain.warnings), (vec![], vec![]));
    assert!(sound(SOUND).gateways[0].routes.get()[0].queue.is_none());
}

#[test]
fn two_routes_to_one_queue_are_doubtful() {
    let other = "[[gateway.route]]\nname = \"b\"\nsecret = \"s\"\nurl = \"nats://queue\"\n[[key]]";
    let text = with("https://bot.example.com/webhook", "nats://queue").replace("[[key]]", other);
    let said = sound(&text).warnings;
    assert_eq!((said.len(), &*said[0].path), (1, "gateway[0].route[1]"), "{said:?}");
    assert!(said[0].text.starts_with("the same server as gateway[0].route[0]: give each"), "{said:?}");
}

#[test]
fn the_example_in_deploy_is_valid() {
    let text = include_str!("../../../deploy/wharf.toml");
    let names = ["WHATSAPP_TOKEN", "APP_SECRET", "VERIFY_TOKEN", "ROUTE_SECRET", "OPS_KEY"];
    let variables = names.map(|name| (name.to_owned(), format!("{name}-with-enough-chance-in-it")));
    let settings = Settings::parse("wharf.toml", text, variables).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(settings.warnings, []);
}

#[test]
fn the_example_in_deploy_shows_every_setting_with_its_default() {
    let text = include_str!("../../../deploy/wharf.toml");
    for setting in reference::SETTINGS.iter().filter(|setting| setting.absent != reference::Absent::NotYet) {
        let line = text.lines().find(|line| line.trim_start_matches("# ").starts_with(&format!("{} = ", setting.key)));
        let shown = line.is_some() || setting.key == "sha256";
        assert!(shown, "{} is missing in deploy/wharf.toml", setting.path());
        if let reference::Absent::Default(default) = setting.absent {
            let line = line.expect("checked above");
            assert!(line.contains(&format!("= \"{default}\"")) || line.contains(&format!("= {default}")), "{line}");
        }
    }
}

#[test]
fn a_secret_may_stand_in_a_variable_or_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, "from-file\n").expect("a file");
    let text = with("\"EAAG-token\"", "{ env = \"TOKEN\" }")
        .replace("\"app-secret\"", &format!("[{{ file = {path:?} }}, \"second\"]"));
    let settings = Settings::parse("wharf.toml", &text, set(&[("TOKEN", "from-variable\n")])).expect("valid");
    let gateway = &settings.gateways[0];
    assert_eq!(gateway.token.get().reveal(), "from-variable");
    assert_eq!(gateway.app_secrets.get()[0].reveal(), "from-file");
}

#[test]
fn settings_never_show_a_secret() {
    let text = with("bot.example.com/webhook", "user:pass@bot.example.com/webhook?token=query");
    let shown = format!("{:?}", sound(&text));
    for secret in ["EAAG-token", "app-secret", "verify-me", "route-secret", "enough-chance", "pass", "query"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("bot.example.com/webhook"));
}

#[test]
fn development_starts_without_app_secret_and_says_so() {
    let settings = sound(&with("app_secret = \"app-secret\"", "dev = true"));
    assert!(settings.gateways[0].app_secrets.get().is_empty());
    assert_eq!(settings.warnings.len(), 1);
    assert!(settings.warnings[0].text.contains("anybody can post"), "{:?}", settings.warnings);
}

#[test]
fn what_is_doubtful_is_a_warning_with_its_place() {
    let text = "[[gateway]]\nuri = \"a\"\nwhatsapp_token = \"t\"\napp_secret = \"s\"\n\n[[gateway]]\nuri = \"b\"\n\
                whatsapp_token = \"t\"\napp_secret = \"s\"\nverify_token = \"v\"\n[[gateway.route]]\nname = \"r\"\n\
                url = \"http://a\"\n[[key]]\nname = \"k\"\nsecret = \"short\"\nscopes = [\"send\"]\n";
    let settings = sound(text);
    let said: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
    let expected = [
        ("wharf.toml:1:1  gateway[0]: ", "go nowhere"),
        ("wharf.toml:1:1  gateway[0]: ", "handshake will fail"),
        ("wharf.toml:11:1  gateway[1].route[0]: ", "not signed"),
        ("wharf.toml:16:10  key[0].secret: ", "guessed"),
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, (start, part)) in said.iter().zip(expected) {
        assert!(said.starts_with(start) && said.contains(part), "{said}");
    }
}

#[test]
fn plain_http_that_leaves_the_machine_is_doubtful() {
    let text =
        format!("[server]\npublic_url = \"http://wa.example.com\"\n[graph]\nbase_url = \"http://graph\"\n{SOUND}");
    let said: Vec<String> = sound(&text).warnings.iter().map(|warning| warning.path.clone()).collect();
    assert_eq!(said, ["server.public_url", "graph.base_url"]);
}
