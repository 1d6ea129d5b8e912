//! Logs: one line per fact, to standard error. Steered by `RUST_LOG`; `WHARF_LOG=json` writes JSON for machines.

use serde_json::json;
use std::io::Write;

/// What is logged where nothing else is said: our own facts, and of the HTTP server only what is wrong.
const USUAL: &str = "info,actix_server=warn";

/// Starts logging. Call once, first.
pub fn start() {
    let mut builder = env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(USUAL));
    if std::env::var("WHARF_LOG").is_ok_and(|format| format == "json") {
        builder.format(|out, record| {
            let line = json!({
                "at": jiff::Timestamp::now().to_string(),
                "level": record.level().as_str(),
                "target": record.target(),
                "fact": record.args().to_string(),
            });
            writeln!(out, "{line}")
        });
    }
    builder.init();
}
