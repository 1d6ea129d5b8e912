//! Settings as operators write them, right and wrong, through the front door only.

mod refused;
mod taken;
mod variables;

use super::*;

/// The least that starts without a warning, apart from what a test adds.
const SOUND: &str = r#"
[[gateway]]
uri = "support"
whatsapp_token = "EAAG-token"
app_secret = "app-secret"
verify_token = "verify-me"

[[gateway.route]]
name = "bot"
url = "https://bot.example.com/webhook"
secret = "route-secret"

[[key]]
name = "ops"
secret = "a-key-with-enough-chance-in-it"
scopes = ["admin"]
"#;

fn no_variables() -> [(String, String); 0] {
    []
}

fn set(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn parse(text: &str) -> Result<Settings, Faults> {
    Settings::parse("wharf.toml", text, no_variables())
}

fn sound(text: &str) -> Settings {
    parse(text).unwrap_or_else(|faults| panic!("{faults}"))
}

fn faults(text: &str) -> Vec<Fault> {
    parse(text).err().map(|faults| faults.0).unwrap_or_default()
}

/// The only fault of `text`.
fn fault(text: &str) -> Fault {
    let mut all = faults(text);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

/// `SOUND` with one piece replaced.
fn with(piece: &str, replacement: &str) -> String {
    assert!(SOUND.contains(piece), "{piece}");
    SOUND.replacen(piece, replacement, 1)
}

/// `line:column` in the file.
fn at(place: &Place) -> String {
    match place {
        Place::File { line, column, .. } => format!("{line}:{column}"),
        Place::Settings | Place::Environment | Place::Variable(_) => place.to_string(),
    }
}
