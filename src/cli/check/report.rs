//! What settings mean, in words and in JSON. Reads settings; never shows a secret.

use crate::config::{Faults, KeySettings, Settings, masked};
use serde_json::{Value, json};
use std::fmt::{self, Write};
use wharf_actors::gateway::{Format, Gateway, Overrides, Route, VerbsAt};

/// The report for people.
pub(super) fn text(settings: &Settings) -> String {
    let mut page = String::new();
    write_page(&mut page, settings).expect("writing to a string never fails");
    page
}

fn write_page(page: &mut String, settings: &Settings) -> fmt::Result {
    let server = &settings.server;
    writeln!(page, "The settings are valid ({}).\n", settings.origin)?;
    writeln!(page, "listen      {}", server.listen)?;
    writeln!(page, "ops_listen  {}", server.ops_listen)?;
    writeln!(page, "storage     {}", settings.storage.path.display())?;
    writeln!(page, "graph       {} {}", settings.graph.base_url, settings.graph.version)?;
    for gateway in &settings.gateways {
        write_gateway(page, gateway)?;
    }
    for key in &settings.keys {
        writeln!(page, "\nkey {}\n  scopes    {}", key.name, words(&scopes(key)))?;
        for (name, limit) in limits(key) {
            writeln!(page, "  {name:<9} {}", words(limit))?;
        }
    }
    for warning in &settings.warnings {
        writeln!(page, "\nwarning: {warning}")?;
    }
    Ok(())
}

fn write_gateway(page: &mut String, gateway: &Gateway) -> fmt::Result {
    writeln!(page, "\ngateway {}", gateway.uri)?;
    writeln!(page, "  callback  {}", callback(gateway))?;
    writeln!(page, "  secrets   {}", gateway.app_secrets.get().len())?;
    writeln!(page, "  override  {}", gateway.overrides == Overrides::Account)?;
    if gateway.verbs == VerbsAt::Ops {
        writeln!(page, "  verbs     at server.ops_listen only")?;
    }
    for route in gateway.routes.get().iter() {
        let signed = if route.signing.signs() { "signed" } else { "not signed" };
        writeln!(page, "  route     {} -> {} ({}, {signed})", route.name, masked(&route.url), format(route))?;
        if let Some(queue) = &route.queue {
            writeln!(page, "            subject: {}", queue.subject)?;
        }
        for (name, filter) in filters(route) {
            writeln!(page, "            {name}: {}", words(filter))?;
        }
    }
    Ok(())
}

/// The report for programs: `valid`, and either what was found or the faults.
pub(super) fn json(loaded: &Result<Settings, Faults>) -> String {
    let page = match loaded {
        Ok(settings) => json!({
            "valid": true,
            "origin": settings.origin,
            "listen": settings.server.listen,
            "ops_listen": settings.server.ops_listen,
            "storage": settings.storage.path,
            "graph": { "base_url": settings.graph.base_url, "version": settings.graph.version },
            "gateways": settings.gateways.iter().map(|gateway| gateway_json(gateway)).collect::<Vec<_>>(),
            "keys": settings.keys.iter().map(key_json).collect::<Vec<_>>(),
            "warnings": settings.warnings,
        }),
        Err(faults) => json!({ "valid": false, "faults": faults }),
    };
    format!("{page:#}")
}

fn gateway_json(gateway: &Gateway) -> Value {
    json!({
        "uri": gateway.uri,
        "callback_url": gateway.callback_url,
        "app_secrets": gateway.app_secrets.get().len(),
        "verify_token": gateway.verify_token.get().is_some(),
        "override": gateway.overrides == Overrides::Account,
        "routes": gateway.routes.get().iter().map(|route| route_json(route)).collect::<Vec<_>>(),
    })
}

fn route_json(route: &Route) -> Value {
    let mut page = json!({
        "name": route.name,
        "url": masked(&route.url),
        "signed": route.signing.signs(),
        "format": format(route),
    });
    if let Some(queue) = &route.queue {
        page["subject"] = json!(queue.subject.to_string());
    }
    for (name, filter) in filters(route) {
        page[name] = json!(filter);
    }
    page
}

fn key_json(key: &KeySettings) -> Value {
    let mut page = json!({ "name": key.name, "scopes": scopes(key) });
    for (name, limit) in limits(key) {
        page[name] = json!(limit);
    }
    page
}

fn callback(gateway: &Gateway) -> String {
    match &gateway.callback_url {
        Some(url) => url.clone(),
        None => format!("/{} (set server.public_url to see the whole URL)", gateway.uri),
    }
}

fn format(route: &Route) -> &'static str {
    match route.format {
        Format::Meta => "meta",
        Format::Dialog => "dialog",
    }
}

fn filters(route: &Route) -> impl Iterator<Item = (&'static str, &Vec<String>)> {
    let all = [
        ("fields", &route.fields),
        ("types", &route.types),
        ("accounts", &route.accounts),
        ("numbers", &route.numbers),
    ];
    all.into_iter().filter(|(_, filter)| !filter.is_empty())
}

fn limits(key: &KeySettings) -> impl Iterator<Item = (&'static str, &Vec<String>)> {
    let all = [("gateways", &key.gateways), ("accounts", &key.accounts), ("numbers", &key.numbers)];
    all.into_iter().filter(|(_, limit)| !limit.is_empty())
}

fn scopes(key: &KeySettings) -> Vec<String> {
    key.scopes.iter().map(ToString::to_string).collect()
}

fn words(list: &[String]) -> String {
    list.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [server]
        public_url = "https://wa.example.com"
        [[gateway]]
        uri = "support"
        whatsapp_token = "the-token"
        app_secret = ["the-secret", "the-former"]
        [[gateway.route]]
        name = "bot"
        url = "https://user:the-password@bot.example.com/hook?token=the-query"
        fields = ["messages"]
        [[key]]
        name = "ops"
        secret = "the-key"
        scopes = ["send", "admin"]
        gateways = ["support"]
    "#;

    fn loaded(text: &str) -> Result<Settings, Faults> {
        Settings::parse("wharf.toml", text, [])
    }

    #[test]
    fn a_report_says_what_was_found_and_no_secret() {
        let settings = loaded(TEXT).expect("valid");
        let pages = [text(&settings), json(&loaded(TEXT))];
        for page in &pages {
            let said =
                ["https://wa.example.com/support", "support/bot", "https://…@bot.example.com/hook?…", "messages"];
            for said in said.into_iter().chain(["ops", "admin", "no verify_token", "not signed"]) {
                assert!(page.contains(said), "{said} is missing in {page}");
            }
            assert!(!page.contains("the-"), "{page}");
        }
        assert!(pages[0].contains("warning: wharf.toml:4:9  gateway[0]: no verify_token"), "{}", pages[0]);
    }

    #[test]
    fn a_program_reads_faults_with_their_places() {
        let page: Value = serde_json::from_str(&json(&loaded("[server]\nlisten = 1\n"))).expect("JSON");
        let place = json!({ "file": "wharf.toml", "line": 2, "column": 10 });
        assert_eq!((&page["valid"], &page["faults"].as_array().map(Vec::len)), (&json!(false), &Some(2)));
        let listen = &page["faults"][1];
        assert_eq!(
            (&listen["place"], &listen["path"], &listen["found"]),
            (&place, &json!("server.listen"), &json!("1"))
        );
    }
}
