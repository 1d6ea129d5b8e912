//! What operators' commands ask of a running Wharf: one request over HTTP to its ops listener. Knows no path and no
//! answer.

use bytes::Bytes;
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Where the ops listener is if nobody says otherwise.
const USUAL: &str = "http://127.0.0.1:8081";
/// The doctor takes 20 s at most, a registration waits for Meta and Meta for us.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of an answer that are read.
const LONGEST: usize = 16 << 20;

/// Wharf cannot be reached.
pub(super) const UNREACHED: u8 = 3;

/// Where Wharf is, and who asks.
#[derive(Debug, Clone, Default, Args)]
pub struct OpsArgs {
    /// The ops listener of a running Wharf; else WHARF_OPS, else http://127.0.0.1:8081
    #[arg(long, value_name = "URL")]
    pub ops: Option<String>,
    /// A file with the API key; else WHARF_KEY_FILE names one, or WHARF_KEY is the key
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// A request.
#[derive(Debug, Default)]
pub(super) struct Question {
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    /// What is posted; `None` is a GET.
    pub(super) post: Option<Bytes>,
}

/// Its answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `null` where it is no JSON.
    pub(super) body: Value,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unasked {
    /// The key cannot be read.
    #[error("{0}")]
    Key(String),
    /// Nobody answers.
    #[error("Wharf does not answer at {at}: {reason}")]
    Unreached {
        /// Where it should be.
        at: String,
        /// Why.
        reason: String,
    },
}

impl OpsArgs {
    /// Where the ops listener should be.
    pub(super) fn base(&self) -> String {
        let base = self.ops.clone().or_else(|| std::env::var("WHARF_OPS").ok()).unwrap_or_else(|| USUAL.to_owned());
        base.trim_end_matches('/').to_owned()
    }

    fn key(&self) -> Result<Option<String>, Unasked> {
        let named = self.key_file.clone().or_else(|| std::env::var_os("WHARF_KEY_FILE").map(PathBuf::from));
        match named {
            Some(path) => read_key(&path).map(Some),
            None => Ok(std::env::var("WHARF_KEY").ok()),
        }
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask(&self, question: Question) -> Result<Answer, Unasked> {
        let (base, key) = (self.base(), self.key()?);
        let unreached = |reason: String| Unasked::Unreached { at: base.clone(), reason };
        actix_web::rt::System::new().block_on(exchange(&base, key, question)).map_err(unreached)
    }
}

fn read_key(path: &Path) -> Result<String, Unasked> {
    let text = std::fs::read_to_string(path);
    let text =
        text.map_err(|error| Unasked::Key(format!("the key file {} cannot be read: {error}", path.display())))?;
    Ok(text.trim().to_owned())
}

async fn exchange(base: &str, key: Option<String>, question: Question) -> Result<Answer, String> {
    let client = awc::Client::builder().timeout(PATIENCE).disable_redirects().finish();
    let url = format!("{base}{}", question.path);
    let mut request = if question.post.is_some() { client.post(&url) } else { client.get(&url) };
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    for header in question.headers {
        request = request.insert_header(header);
    }
    let sent = match question.post {
        Some(body) => request.send_body(body).await,
        None => request.send().await,
    };
    let mut response = sent.map_err(|error| error.to_string())?;
    let body = response.body().limit(LONGEST).await.map_err(|error| error.to_string())?;
    Ok(Answer { status: response.status().as_u16(), body: serde_json::from_slice(&body).unwrap_or_default() })
}

impl Answer {
    /// What was asked for, or why not.
    pub(super) fn good(self) -> Result<Value, String> {
        if self.status == 200 && !self.body.is_null() {
            return Ok(self.body);
        }
        let text = |name: &str| self.body[name].as_str().unwrap_or_default().to_owned();
        match text("detail").as_str() {
            "" => Err(format!("the answer is {}, and not Wharf's: is this its ops listener?", self.status)),
            detail => Err(format!("{detail} ({})", text("id"))),
        }
    }
}

/// Says why nothing came of it, and ends.
pub(super) fn give_up(unasked: &Unasked) -> ExitCode {
    eprintln!("wharf: {unasked}");
    match unasked {
        Unasked::Key(_) => ExitCode::FAILURE,
        Unasked::Unreached { .. } => ExitCode::from(UNREACHED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_is_told_in_wharfs_words_and_a_strangers_answer_as_such() {
        let refused = Answer { status: 403, body: json!({"id": "wharf.auth.forbidden", "detail": "no"}) };
        assert_eq!(refused.good(), Err("no (wharf.auth.forbidden)".to_owned()));
        assert!(Answer { status: 200, body: Value::Null }.good().is_err_and(|why| why.contains("not Wharf's")));
        assert_eq!(Answer { status: 200, body: json!({"a": 1}) }.good(), Ok(json!({"a": 1})));
    }

    #[test]
    fn what_is_said_on_the_command_line_goes_first_and_a_slash_at_the_end_does_not_matter() {
        let args = OpsArgs { ops: Some("http://127.0.0.1:9/".into()), key_file: None };
        assert_eq!(args.base(), "http://127.0.0.1:9");
        let lost = OpsArgs { key_file: Some("/nowhere/key".into()), ..args };
        assert!(matches!(lost.ask(Question::default()), Err(Unasked::Key(_))));
    }
}
