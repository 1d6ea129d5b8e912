//! Variables: overrides of single values, and everything from variables where there is no file.

use super::*;
use std::time::Duration;

fn parse_with(pairs: &[(&str, &str)]) -> Result<Settings, Faults> {
    let text = format!("[server]\nlisten = \"0.0.0.0:1\"\nworkers = 2\n{SOUND}");
    Settings::parse("wharf.toml", &text, set(pairs))
}

#[test]
fn a_variable_overrides_a_single_value() {
    let settings = parse_with(&[
        ("WHARF_SERVER__LISTEN", "127.0.0.1:0"),
        ("WHARF_SERVER__WORKERS", "7"),
        ("WHARF_STORAGE__DEDUPE", "10d"),
        ("WHARF_GRAPH__BASE_URL", "http://127.0.0.1:9"),
        ("WHARF_SEND__SEND_WAIT", ""),
        ("WHARF_LOG", "json"),
        ("WHARF_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
    ]);
    let settings = settings.unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!((settings.server.listen.port(), settings.server.workers), (0, 7));
    assert_eq!(settings.storage.dedupe, Duration::from_secs(10 * 86_400));
    assert_eq!(settings.graph.base_url, "http://127.0.0.1:9");
    assert_eq!(settings.send.send_wait, Duration::from_secs(4), "an empty variable counts as not set");
    assert_eq!(settings.warnings, []);
}

#[test]
fn a_wrong_override_is_a_fault_at_the_variable() {
    let all = parse_with(&[
        ("WHARF_SERVER__LISTEN", "nowhere"),
        ("WHARF_SERVER__WORKRES", "7"),
        ("WHARF_STORGE__PATH", "x"),
        ("WHARF_GATEWAY__URI", "x"),
        ("WHARF_SERVER__TLS", "x"),
    ]);
    let all = all.expect_err("five faults").0;
    let seen: Vec<(String, &str)> = all.iter().map(|fault| (fault.place.to_string(), &fault.path[..])).collect();
    let expected = [
        ("WHARF_GATEWAY__URI", "gateway.uri"),
        ("WHARF_SERVER__LISTEN", "server.listen"),
        ("WHARF_SERVER__TLS", "server.tls"),
        ("WHARF_SERVER__WORKRES", "server.workres"),
        ("WHARF_STORGE__PATH", "storge.path"),
    ];
    assert_eq!(seen, expected.map(|(place, path)| (place.to_owned(), path)));
    assert_eq!(all[3].hint.as_deref(), Some("did you mean `workers`?"));
    assert_eq!(all[4].hint.as_deref(), Some("did you mean WHARF_STORAGE__PATH?"));
}

#[test]
fn variables_reach_into_the_table_of_tls() {
    let all =
        parse_with(&[("WHARF_SERVER__TLS__CERT", "/nowhere/a.pem"), ("WHARF_SERVER__TLS__KEY", "/nowhere/b.pem")]);
    let fault = all.expect_err("no such file").0.remove(0);
    assert_eq!((fault.place.to_string(), &fault.path[..]), ("WHARF_SERVER__TLS__CERT".to_owned(), "server.tls.cert"));
}

#[test]
fn without_a_file_one_gateway_comes_from_variables() {
    let settings = Settings::from_variables(set(&[
        ("WHARF_WHATSAPP_TOKEN", "token"),
        ("WHARF_APP_SECRET", "secret"),
        ("WHARF_VERIFY_TOKEN", "verify"),
        ("WHARF_ROUTE_URL", "http://127.0.0.1:1/hook"),
        ("WHARF_ROUTE_SECRET", "route"),
        ("WHARF_KEY", "a-key-with-enough-chance-in-it"),
        ("WHARF_APP_ID", "11"),
        ("WHARF_SERVER__PUBLIC_URL", "https://wa.example.com"),
    ]));
    let settings = settings.unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(settings.warnings, []);
    assert_eq!(settings.origin, "environment");
    let gateway = &settings.gateways[0];
    assert_eq!((&*gateway.uri, gateway.token.get().reveal()), ("whatsapp", "token"));
    assert_eq!(gateway.callback_url.as_deref(), Some("https://wa.example.com/whatsapp"));
    assert_eq!(gateway.app_id.as_deref(), Some("11"));
    let route = &gateway.routes.get()[0];
    assert_eq!((&*route.name, &route.url[..]), ("whatsapp/default", "http://127.0.0.1:1/hook"));
    assert_eq!((&*settings.keys[0].name, settings.keys[0].scopes.len()), ("default", 4));
    assert_eq!(settings.keys[0].hash, KeyHash::of(b"a-key-with-enough-chance-in-it"));
}

#[test]
fn variables_without_route_and_key_start_with_warnings() {
    let settings = Settings::from_variables(set(&[
        ("WHARF_WHATSAPP_TOKEN", "t"),
        ("WHARF_APP_SECRET", "s"),
        ("WHARF_VERIFY_TOKN", "v"),
    ]));
    let said: Vec<String> = settings.expect("valid").warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 4, "{said:#?}");
    assert!(said.iter().any(|line| line.contains("did you mean WHARF_VERIFY_TOKEN?")), "{said:#?}");
}

#[test]
fn a_missing_variable_is_named_and_so_is_its_misspelling() {
    let all = Settings::from_variables(set(&[
        ("WHARF_WHATSAPP_TOKEN", "t"),
        ("WHARF_ROUTE_SECRET", "r"),
        ("WHARF_APP_SECERT", "s"),
    ]));
    let all = all.expect_err("two faults").0;
    let hints: Vec<Option<&str>> = all.iter().map(|fault| fault.hint.as_deref()).collect();
    let expected = ["set WHARF_APP_SECRET; is WHARF_APP_SECERT a misspelling of it?", "set WHARF_ROUTE_URL"];
    assert_eq!(hints, expected.map(Some));
}

#[test]
fn a_wrong_variable_is_the_place_of_its_fault() {
    let all = Settings::from_variables(set(&[
        ("WHARF_WHATSAPP_TOKEN", "t"),
        ("WHARF_APP_SECRET", "s"),
        ("WHARF_ROUTE_URL", "bot"),
    ]));
    let all = all.expect_err("one fault").0;
    assert_eq!(all[0].place, Place::Variable("WHARF_ROUTE_URL".to_owned()));
}

#[test]
fn with_nothing_given_the_fault_says_what_to_do() {
    let said = Settings::from_variables(no_variables()).expect_err("nothing").to_string();
    for way_out in ["wharf.toml", "WHARF_WHATSAPP_TOKEN", "wharf demo"] {
        assert!(said.contains(way_out), "{said}");
    }
    let said = Settings::from_variables(set(&[("WHARF_WHATSAP_TOKEN", "t")])).expect_err("nothing").to_string();
    assert!(said.contains("did you mean WHARF_WHATSAPP_TOKEN?"), "{said}");
}
