//! The page that a login ends on: what became of it for people, and for the page that opened it. Everything on it is
//! escaped, and it runs no script but ours, which comes from its own address.

use crate::error::ApiError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::Value;
use std::fmt::Write;
use wharf_actors::gateway::Gateway;
use wharf_actors::supervisor::verbs::{Ending, VerbAnswer};

/// No script but from here, nothing else at all; nobody frames it.
const POLICY: &str =
    "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Tells the page that opened the window, and no other, and closes it.
const SCRIPT: &str = r#""use strict";
(() => {
  const { origin, status, detail } = document.body.dataset;
  if (!origin || !window.opener) return;
  window.opener.postMessage(detail ? { status, detail } : { status }, origin);
  window.close();
})();
"#;

/// `GET /oauth/login.js`
pub async fn script() -> HttpResponse {
    guarded(StatusCode::OK).content_type("text/javascript; charset=utf-8").body(SCRIPT)
}

/// What became of a login at `gateway`.
pub(super) fn show(gateway: &Gateway, ended: &Result<VerbAnswer, ApiError>) -> HttpResponse {
    let (status, told) = match ended {
        Ok(answer) => (status_of(answer.ending), result(answer)),
        Err(error) => (error.id.entry().status, failure(error)),
    };
    guarded(status).content_type("text/html; charset=utf-8").body(document(gateway, &told))
}

fn status_of(ending: Ending) -> StatusCode {
    match ending {
        Ending::Done => StatusCode::OK,
        Ending::Pending => StatusCode::ACCEPTED,
        Ending::AllFailed => StatusCode::BAD_GATEWAY,
    }
}

fn guarded(status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CACHE_CONTROL, "no-store"));
    answer
}

/// What is told, plainly: nothing in it is escaped yet.
struct Told {
    status: &'static str,
    detail: String,
    title: String,
    lines: Vec<String>,
}

fn failure(error: &ApiError) -> Told {
    let detail = error.to_string();
    Told { status: "error", title: "The login did not succeed".to_owned(), lines: vec![detail.clone()], detail }
}

fn result(answer: &VerbAnswer) -> Told {
    let accounts: Vec<Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
    let lines: Vec<String> = accounts.iter().map(line).collect();
    let count = match lines.len() {
        1 => "1 account".to_owned(),
        count => format!("{count} accounts"),
    };
    match answer.ending {
        Ending::Done => Told { status: "success", detail: String::new(), title: format!("{count} set up"), lines },
        Ending::Pending => {
            let title = format!("{count} being set up; search shows how it goes on");
            Told { status: "success", detail: String::new(), title, lines }
        }
        Ending::AllFailed => {
            let title = "No account could be set up".to_owned();
            Told { status: "error", detail: lines.first().cloned().unwrap_or_default(), title, lines }
        }
    }
}

/// One account of a verb's answer in a line.
fn line(account: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut line = format!("{} {}", text(&account["id"]), text(&account["name"])).trim().to_owned();
    let numbers = account["phone_numbers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let numbers: Vec<String> = numbers.iter().map(|number| text(&number["display_phone_number"])).collect();
    if !numbers.is_empty() {
        let _ = write!(line, ": {}", numbers.join(", "));
    }
    if let Some(message) = account["error"]["message"].as_str() {
        let _ = write!(line, " ({message})");
    }
    line
}

/// The address of the script is relative: `public_url` may have a path of its own.
fn document(gateway: &Gateway, told: &Told) -> String {
    let lines: String = told.lines.iter().map(|line| format!("<li>{}</li>", escaped(line))).collect();
    let (origin, script) = match &gateway.admin_origin {
        Some(origin) => (escaped(origin), "<script src=\"oauth/login.js\" defer></script>"),
        None => (String::new(), ""),
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title}</title>{script}</head><body data-origin=\"{origin}\" data-status=\"{status}\" data-detail=\"{detail}\">\
         <h1>{title}</h1><ul>{lines}</ul><p>You can close this window.</p></body></html>",
        title = escaped(&told.title),
        status = told.status,
        detail = escaped(&told.detail),
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_meta_or_an_account_says_never_becomes_markup() {
        let evil = "<script>alert('x')</script>\" onload=\"y";
        let told = Told { status: "error", detail: evil.into(), title: evil.into(), lines: vec![evil.into()] };
        let page = escaped(&told.detail);
        assert!(!page.contains(['<', '>', '"', '\'']), "{page}");
        let account = json!({"id": "102", "name": evil, "phone_numbers": [{"display_phone_number": "+1"}]});
        assert!(line(&account).starts_with("102 <script>") && !escaped(&line(&account)).contains('<'));
    }

    #[test]
    fn the_script_names_its_receiver_and_never_everybody() {
        assert!(SCRIPT.contains(", origin)") && !SCRIPT.contains("'*'") && !SCRIPT.contains("\"*\""));
        assert!(!POLICY.contains("unsafe"));
    }

    #[test]
    fn an_account_is_a_line_with_its_numbers_and_its_error() {
        let account = json!({"id": "102", "name": "Bakery", "phone_numbers": [
            {"display_phone_number": "+1 555"}, {"display_phone_number": "+1 556"}], "error": {"message": "no"}});
        assert_eq!(line(&account), "102 Bakery: +1 555, +1 556 (no)");
        assert_eq!(line(&json!({"id": "7"})), "7");
    }
}
