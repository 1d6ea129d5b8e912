//! What is refused: where, what was found, what was expected.

use super::*;

#[test]
fn everything_that_is_wrong_is_said_at_once_in_the_order_of_the_file() {
    let text = "[server]\nlisten = \"localhost\"\nworker = 2\n[storage]\ndedupe = \"1d\"\n[[gateway]]\nuri = \"v25\"\n\
                whatsapp_token = 5\n[[key]]\nname = \"ops\"\nscopes = [\"admin\", \"sent\"]\n";
    let all = faults(text);
    let seen: Vec<(String, &str, &str)> =
        all.iter().map(|fault| (at(&fault.place), &fault.path[..], &fault.found[..])).collect();
    let expected = [
        ("2:10", "server.listen", "\"localhost\""),
        ("3:1", "server.worker", "the unknown setting `worker`"),
        ("5:10", "storage.dedupe", "\"1d\""),
        ("6:1", "gateway[0].app_secret", "nothing"),
        ("7:7", "gateway[0].uri", "\"v25\""),
        ("8:18", "gateway[0].whatsapp_token", "a number"),
        ("9:1", "key[0]", "neither secret nor sha256"),
        ("11:20", "key[0].scopes[1]", "\"sent\""),
    ];
    let expected: Vec<(String, &str, &str)> = expected.map(|(at, path, found)| (at.to_owned(), path, found)).into();
    assert_eq!(seen, expected);
    assert_eq!(all[1].hint.as_deref(), Some("did you mean `workers`?"));
    assert_eq!(all[2].expected, "at least \"8d\"");
    assert!(all[7].expected.ends_with("did you mean \"send\"?"), "{}", all[7].expected);
}

#[test]
fn faults_read_as_a_numbered_list() {
    let text = with("uri = \"support\"", "uri = \"oauth\"\nport = 1");
    let said = parse(&text).expect_err("two faults").to_string();
    let expected = "The settings have 2 faults:\n\
        \n  1. wharf.toml:3:7  gateway[0].uri\
        \n     found \"oauth\"\
        \n     expected a name other than oauth, api, metrics, healthz and readyz, which Wharf serves itself\
        \n  2. wharf.toml:4:1  gateway[0].port\
        \n     found the unknown setting `port`\
        \n     expected one of uri, whatsapp_token, app_secret, app_id, verify_token, business_id, override, dev, verbs, admin_origin, route";
    assert_eq!(said, expected);
}

#[test]
fn values_of_another_kind_or_out_of_bounds_are_refused() {
    let cases = [
        ("[server]\nlisten = \"localhost:8080\"", "an IP address and a port"),
        ("[server]\nlisten = 8080", "an IP address and a port"),
        ("[server]\nworkers = 0", "a whole number from 1 to 1024"),
        ("[server]\nworkers = \"4\"", "a whole number from 1 to 1024"),
        ("[server]\nworkers = 1.5", "a whole number from 1 to 1024"),
        ("[server]\nworkers = 99999999999999999999", "a whole number from 1 to 1024"),
        ("[server]\ninflight_bytes = \"lots\"", "an amount of bytes"),
        ("[server]\ninflight_bytes = \"1MiB\"", "at least \"4MiB\""),
        ("[server]\nverb_wait = \"1h\"", "at most \"10m\""),
        ("[server]\npublic_url = \"wa.example.com\"", "an http or https URL"),
        ("[server]\npublic_url = \"https://u:p@wa.example.com\"", "an http or https URL"),
        ("[server]\nops_listen = \"0.0.0.0:8080\"", "another address or port"),
        ("[storage]\nengine = \"postgres\"", "one of sled"),
        ("[storage]\npath = \"\"", "text in quotes"),
        ("[storage]\nretention = 7", "a length of time"),
        ("[storage]\nretention = \"7 days\"", "a length of time"),
        ("[storage]\nretention = \"0s\"", "at least \"1s\""),
        ("[storage]\nretention = \"4000d\"", "at most \"3650d\""),
        ("[storage]\ndedupe = \"7d\"", "at least \"8d\""),
        ("[storage]\ndialog_ttl = 2020-01-01", "a length of time"),
        ("[storage]\nsecret_key = \"short\"", "at least 32 random characters"),
        ("[graph]\nbase_url = \"https://graph.facebook.com/v25.0\"", "scheme and host only"),
        ("[graph]\nversion = \"25.0\"", "a Graph version"),
        ("[graph]\nversion = \"v25\"", "a Graph version"),
        ("[send]\nsend_wait = \"2m\"", "at most \"1m\""),
        ("server = 5", "a table: [server]"),
        ("server = []", "a table: [server]"),
    ];
    for (piece, expected) in cases {
        let fault = fault(&format!("{piece}\n{SOUND}"));
        assert!(fault.expected.starts_with(expected), "{piece}: {}", fault.expected);
        assert!(matches!(fault.place, Place::File { line: 1 | 2, .. }), "{piece}: {}", fault.place);
    }
}

#[test]
fn gateways_routes_and_keys_are_checked_one_by_one() {
    let cases = [
        ("\"support\"", "\"1support\"", "gateway[0].uri", "a letter, then"),
        ("\"support\"", "\"sup/port\"", "gateway[0].uri", "a letter, then"),
        ("\"support\"", "\"\"", "gateway[0].uri", "a letter, then"),
        ("\"support\"", "\"API\"", "gateway[0].uri", "a name other than"),
        ("\"support\"", "\"v1\"", "gateway[0].uri", "a name that is not `v`"),
        ("\"support\"", "true", "gateway[0].uri", "a letter, then"),
        ("uri = \"support\"\n", "", "gateway[0].uri", "The callback"),
        ("whatsapp_token = \"EAAG-token\"\n", "", "gateway[0].whatsapp_token", "The token"),
        ("app_secret = \"app-secret\"\n", "", "gateway[0].app_secret", "Signs Meta's"),
        ("\"app-secret\"", "[]", "gateway[0].app_secret", "Signs Meta's"),
        ("\"app-secret\"", "[\"a\", \"\"]", "gateway[0].app_secret[1]", "text in quotes, { env"),
        ("\"app-secret\"", "\"a\"\noverride = true", "gateway[0].override", "server.public_url"),
        ("\"app-secret\"", "\"a\"\noverride = \"yes\"", "gateway[0].override", "true or false"),
        ("\"app-secret\"", "\"a\"\nverbs = \"private\"", "gateway[0].verbs", "\"public\" or \"ops\""),
        ("\"app-secret\"", "\"a\"\napp_id = 12", "gateway[0].app_id", "an id of Meta's"),
        ("\"verify-me\"", "\"verify-me \"", "gateway[0].verify_token", "text in quotes, { env"),
        ("[[gateway.route]]", "[gateway.route]", "gateway[0].route", "[[gateway.route]]"),
        ("\"bot\"", "\"my bot\"", "gateway[0].route[0].name", "a name of letters"),
        ("https://bot", "ftp://bot", "gateway[0].route[0].url", "an http or https URL"),
        ("\"route-secret\"", "\"r\"\nformat = \"mta\"", "gateway[0].route[0].format", "one of meta, dialog; did you"),
        ("\"route-secret\"", "\"r\"\ntypes = [\"mesage\"]", "gateway[0].route[0].types[0]", "one of message,"),
        ("\"route-secret\"", "\"r\"\nnumbers = [\"+49 1\"]", "gateway[0].route[0].numbers[0]", "an id of Meta's"),
        ("\"route-secret\"", "\"r\"\nconcurrency = 0", "gateway[0].route[0].concurrency", "a whole number"),
        ("\"route-secret\"", "\"r\"\nmax_age = \"\"", "gateway[0].route[0].max_age", "a length of time"),
        ("\"route-secret\"", "\"r\"\nsubject = \"x\"", "gateway[0].route[0].subject", "no such setting for an HTTP"),
        (
            "\"route-secret\"",
            "\"r\"\ncredential = \"x\"",
            "gateway[0].route[0].credential",
            "no such setting for an HTTP",
        ),
        ("https://bot.example.com/webhook", "nats://a/subject", "gateway[0].route[0].url", "an http or https URL"),
        ("[\"admin\"]", "[]", "key[0].scopes", "at least one of"),
        ("scopes = [\"admin\"]", "", "key[0].scopes", "What it may do"),
        ("[\"admin\"]", "[\"admin\"]\ngateways = [\"suport\"]", "key[0].gateways[0]", "the uri of a [[gateway]]; did"),
        ("[\"admin\"]", "[\"admin\"]\naccounts = []", "key[0].accounts", "at least one"),
        ("[\"admin\"]", "[\"admin\"]\nsha256 = \"00\"", "key[0].secret", "one of the two"),
        ("secret = \"a-key-with-enough-chance-in-it\"", "sha256 = \"00\"", "key[0].sha256", "SHA-256 of the key"),
    ];
    for (piece, replacement, path, expected) in cases {
        let fault = fault(&with(piece, replacement));
        assert_eq!(fault.path, path, "{replacement}: {fault}");
        assert!(fault.expected.starts_with(expected), "{replacement}: {fault}");
    }
}

#[test]
fn a_queue_has_a_subject_and_nothing_of_http() {
    let cases = [
        ("subject = \"a.*\"", "subject", "a subject that can be published to"),
        ("subject = \"a.{wabba}\"", "subject", "a subject with the placeholders"),
        ("subject = 5", "subject", "a subject in quotes"),
        ("credential = \"\"", "credential", "text in quotes, { env"),
        ("final = [422]", "final", "no such setting for a queue"),
        ("allow_private = false", "allow_private", "no such setting for a queue"),
    ];
    for (line, key, expected) in cases {
        let text = with("https://bot.example.com/webhook\"", &format!("nats://queue:4222\"\n{line}"));
        let fault = fault(&text);
        assert_eq!(fault.path, format!("gateway[0].route[0].{key}"), "{line}: {fault}");
        assert!(fault.expected.starts_with(expected), "{line}: {fault}");
    }
}

#[test]
fn names_and_keys_are_not_used_twice() {
    let again = format!("{SOUND}{SOUND}");
    let paths: Vec<String> = faults(&again).into_iter().map(|fault| fault.path).collect();
    assert_eq!(paths, ["gateway[1].uri", "key[1].name", "key[1].secret"]);
    let route = "[[gateway.route]]\nname = \"bot\"\nurl = \"http://a\"\n";
    let fault = fault(&with("[[key]]", &format!("{route}[[key]]")));
    assert_eq!(fault.found, "\"bot\", which is gateway[0].route[0].name too");
}

#[test]
fn a_route_may_have_the_same_name_under_another_gateway() {
    let other = SOUND.replace("\"support\"", "\"sales\"").replace("[[key]]", "[ignored]");
    let other = other.split("[ignored]").next().unwrap_or_default();
    let settings = sound(&format!("{SOUND}{other}"));
    let routes: Vec<_> = settings.gateways.iter().flat_map(|gateway| gateway.routes.get().to_vec()).collect();
    let names: Vec<&str> = routes.iter().map(|r| &*r.name).collect();
    assert_eq!(names, ["support/bot", "sales/bot"]);
}

#[test]
fn a_documented_setting_of_a_later_version_is_refused_and_not_ignored() {
    let fault = fault(&with("\"route-secret\"", "\"r\"\nkeep_body = \"until_delivered\""));
    assert_eq!(fault.path, "gateway[0].route[0].keep_body");
    assert!(fault.expected.contains("not available yet in this version"), "{fault}");
}

#[test]
fn the_origin_of_a_page_has_neither_path_nor_star() {
    for origin in ["*", "https://x.example/login", "x.example", "null"] {
        let fault = fault(&with("\"app-secret\"", &format!("\"a\"\nadmin_origin = {origin:?}")));
        assert_eq!(fault.path, "gateway[0].admin_origin", "{origin}");
    }
}

#[test]
fn answers_that_speak_of_the_moment_cannot_be_final_and_a_batch_is_more_than_one() {
    let cases = [
        ("final = [400, 429]", "gateway[0].route[0].final[1]"),
        ("final = [500]", "gateway[0].route[0].final[0]"),
        ("order = \"number\"", "gateway[0].route[0].order"),
        ("batch = { max = 1 }", "gateway[0].route[0].batch.max"),
        ("batch = { wait_ms = 5 }", "gateway[0].route[0].batch.max"),
        ("batch = { max = 5, wait = 5 }", "gateway[0].route[0].batch.wait"),
    ];
    for (text, path) in cases {
        let fault = fault(&with("\"route-secret\"", &format!("\"r\"\n{text}")));
        assert_eq!(fault.path, path, "{fault}");
    }
}

#[test]
fn a_proxy_is_trusted_by_address_or_network_and_nothing_else() {
    let text = format!("[server]\ntrusted_proxy = [\"10.0.0.0/8\", \"proxy.example.com\"]\n{SOUND}");
    let fault = fault(&text);
    assert_eq!((&fault.path[..], &fault.found[..]), ("server.trusted_proxy[1]", "\"proxy.example.com\""));
    assert!(fault.expected.contains("10.0.0.0/8"), "{fault}");
    let single = sound(&format!("[server]\ntrusted_proxy = \"fd00::/8\"\n{SOUND}"));
    assert!(!single.server.trusted_proxy.is_empty());
    assert!(sound(SOUND).server.trusted_proxy.is_empty(), "nobody, unless it is said");
}

#[test]
fn the_files_of_tls_are_looked_at_before_anything_starts() {
    let fault = fault(&format!("[server.tls]\ncert = \"/nowhere/a.pem\"\nkey = \"/nowhere/b.pem\"\n{SOUND}"));
    assert_eq!((at(&fault.place), &fault.path[..]), ("2:8".to_owned(), "server.tls.cert"));
    assert!(fault.found.contains("/nowhere/a.pem"), "{fault}");
}

#[test]
fn an_unknown_section_is_refused_with_the_one_that_was_meant() {
    let fault = fault(&format!("[sever]\nlisten = \"0.0.0.0:1\"\n{SOUND}"));
    assert_eq!((at(&fault.place), &fault.path[..]), ("1:2".to_owned(), "sever"));
    assert_eq!(fault.hint.as_deref(), Some("did you mean `server`?"));
    assert_eq!(fault.found, "the unknown section `sever`");
}

#[test]
fn each_line_that_is_not_toml_is_one_fault() {
    let text = "[server]\nworkers = 1\nworkers = 2\n[[gateway]]\nuri == 3\nwhatsapp_token = EAAGsecret\n[server]\n";
    let places: Vec<String> = faults(text).iter().map(|fault| at(&fault.place)).collect();
    assert_eq!(places, ["3:1", "5:6", "6:18", "7:2"]);
}

#[test]
fn what_is_not_toml_is_refused_with_its_place_and_without_quoting_it() {
    let all = faults("[[gateway]]\nwhatsapp_token = \"EAAG-unclosed\nuri = \"support\"\n");
    assert_eq!(at(&all[0].place).split(':').next(), Some("2"), "{all:?}");
    assert!(all[0].found.starts_with("what is not TOML"), "{all:?}");
    assert!(!format!("{all:?}").contains("EAAG"), "{all:?}");
}

#[test]
fn the_column_counts_characters() {
    let text = with("uri = \"support\"", "uri = \"süß\"").replace("\"app-secret\"", "[\"äöü\", 5]");
    let places: Vec<String> = faults(&text).iter().map(|fault| at(&fault.place)).collect();
    assert_eq!(places, ["3:7", "5:22"]);
}

#[test]
fn without_a_gateway_nothing_starts() {
    let fault = fault("[server]\nworkers = 1\n");
    assert_eq!((at(&fault.place), &fault.path[..], &fault.found[..]), ("1:1".to_owned(), "gateway", "nothing"));
}

#[test]
fn an_override_needs_a_callback_that_meta_can_call_and_a_word_to_say() {
    let text = with("verify_token = \"verify-me\"", "override = true");
    let found: Vec<String> = faults(&text).into_iter().map(|fault| fault.found).collect();
    assert_eq!(found, ["true, without server.public_url", "true, without verify_token"]);
    let text = format!("[server]\npublic_url = \"nonsense\"\n{text}");
    let paths: Vec<String> = faults(&text).into_iter().map(|fault| fault.path).collect();
    assert_eq!(paths, ["server.public_url", "gateway[0].override"], "a wrong public_url is one fault, not two");
}

#[test]
fn a_secret_that_is_not_there_is_a_fault() {
    let cases = [
        ("{ env = \"NO_SUCH\" }", "the variable NO_SUCH, which is not set"),
        ("{ env = \"EMPTY\" }", "nothing in it"),
        ("{ env = 5 }", "env = a number"),
        ("{ file = \"/no/such/file\" }", "/no/such/file, which cannot be read"),
        ("{ file = \"/\" }", "/, which is no file"),
        ("{ vault = \"x\" }", "a table with `vault`"),
        ("{ env = \"A\", file = \"b\" }", "a table of 2 keys"),
        ("{}", "a table of 0 keys"),
        ("\"\"", "nothing here"),
        ("\"two\\nlines\"", "spaces around it, line breaks"),
        ("[\"a\"]", "a list"),
    ];
    for (secret, found) in cases {
        let text = with("\"EAAG-token\"", secret);
        let all = Settings::parse("wharf.toml", &text, set(&[("EMPTY", "")])).expect_err(secret).0;
        assert_eq!(
            (all.len(), at(&all[0].place), &all[0].path[..]),
            (1, "4:18".to_owned(), "gateway[0].whatsapp_token")
        );
        assert!(all[0].found.starts_with(found), "{secret}: {}", all[0].found);
    }
}

#[test]
fn faults_never_show_a_secret_even_where_it_stands_in_the_wrong_place() {
    let secret = "EAAGverySecret";
    let cases = [
        with("\"EAAG-token\"", &format!("[\"{secret}\"]")),
        with("\"EAAG-token\"", &format!("{{ env = \"{secret}\" }}")),
        with("\"EAAG-token\"", &format!("\" {secret}\"")),
        with("secret = \"a-key-with-enough-chance-in-it\"", &format!("sha256 = \"{secret}\"")),
        with("https://bot.example.com/webhook\"", &format!("nats://q\"\ncredential = \" {secret}\"")),
        with("https://bot.example.com/webhook", &format!("nats://{secret}@q/path")),
        with("https://bot.example.com/webhook", &format!("ftp://user:{secret}@bot/?token={secret}")),
        with("\"bot\"", &format!("\"bot\"\npassword = \"{secret}\"")),
    ];
    for text in cases {
        let said = parse(&text).expect_err("a fault");
        assert!(!format!("{said} {said:?}").contains(secret), "{said}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let all = Settings::load(Some(std::path::Path::new("/no/such/wharf.toml")), no_variables()).expect_err("no file").0;
    assert_eq!(all[0].place.to_string(), "/no/such/wharf.toml:1:1");
    assert!(all[0].found.starts_with("what cannot be read"), "{}", all[0].found);
}

proptest::proptest! {
    #[test]
    fn no_text_whatsoever_makes_the_reading_panic(noise in "[\\[\\]a-z_=\"{}.,#\\n0-9äß ]{0,80}", at in 0_usize..400) {
        let _ = parse(&noise);
        let (before, after) = SOUND.split_at(at.min(SOUND.len()));
        let _ = parse(&format!("{before}{noise}{after}"));
    }
}
