//! Why a webhook's signature does not match: the usual mistakes, tried one after another. Pure; shows neither secret,
//! body nor digest.

mod changes;

use super::signature::{Verifier, verify};
use crate::gateway::Secret;
use changes::altered;
use std::sync::Arc;

/// What is known of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Which of the gateway's secrets, from 0, made exactly this signature over exactly this body.
    pub matches: Option<usize>,
    /// `current` or `older`.
    pub secret: Option<&'static str>,
    /// What was found, a sentence.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A gateway besides the one that is asked about.
pub struct Other {
    /// Its URI.
    pub uri: Arc<str>,
    /// Its app secrets.
    pub secrets: Arc<Vec<Secret>>,
}

/// The headers that came with a webhook.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown<'h> {
    /// `X-Hub-Signature-256`.
    pub sha256: Option<&'h [u8]>,
    /// `X-Hub-Signature`, the legacy one.
    pub sha1: Option<&'h [u8]>,
}

const COMPARE: &str = "compare app_secret with the App Dashboard (App settings, Basic) of the app that sends these \
    webhooks; after a reset keep both: app_secret = [\"new\", \"old\"]";
const REWRITTEN: &str = "something between Meta and here read the JSON and wrote it anew: pass the raw bytes on, and check \
    the signature before anything parses them";

/// What a header claims.
enum Claim {
    /// This digest, in Meta's form or in one that is nearly it.
    Digest(String, Form),
    /// No SHA-256 digest.
    Nothing(Diagnosis),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Sound,
    UpperCase,
    NoPrefix,
}

/// Compares a webhook's signature with what the secrets of its gateway, `ours`, and of `others` would make.
pub fn diagnose(shown: Shown<'_>, body: &[u8], ours: &[Secret], others: &[Other]) -> Diagnosis {
    if ours.is_empty() {
        return nothing("the gateway has no app_secret, so that every webhook is taken, whoever sent it", COMPARE);
    }
    let (digits, form) = match claim(shown) {
        Claim::Digest(digits, form) => (digits, form),
        Claim::Nothing(diagnosis) => return diagnosis,
    };
    let header = format!("sha256={digits}");
    let verifier = Verifier::new(ours);
    if let Ok(at) = verifier.verify(Some(header.as_bytes()), body) {
        return of_match(at, form);
    }
    if let Some((told, at)) = altered(body, |changed| verifier.verify(Some(header.as_bytes()), changed).ok()) {
        let why = format!("the body is not the one that was signed: {} fits the {} secret", told, word(at));
        return nothing(why, REWRITTEN);
    }
    let of_other = |other: &&Other| verify(Some(header.as_bytes()), body, &other.secrets).is_ok();
    if let Some(other) = others.iter().find(of_other) {
        let why = format!("it was signed with an app secret of gateway {}", other.uri);
        return nothing(why, "the app at Meta calls the wrong callback, or the two gateways' app_secret are swapped");
    }
    if body.is_empty() {
        return nothing(
            "the body is empty, and Meta never signs an empty one",
            "something on the way consumed the body",
        );
    }
    nothing("none of the gateway's app secrets made this signature over this body", COMPARE)
}

fn of_match(at: usize, form: Form) -> Diagnosis {
    let matched = |hint: Option<&str>| Diagnosis {
        matches: Some(at),
        secret: Some(word(at)),
        why: format!("it was signed with the {} app secret, app_secret[{at}]", word(at)),
        hint: hint.map(str::to_owned),
    };
    match form {
        Form::Sound if at > 0 => {
            matched(Some("Meta still signs with an older secret: keep it in app_secret until it does not"))
        }
        Form::Sound => matched(None),
        Form::UpperCase => {
            matched(Some("its digits are in upper case, which Meta never writes; Wharf takes it all the same"))
        }
        Form::NoPrefix => Diagnosis {
            matches: None,
            secret: None,
            why: format!("its digits fit the {} app secret, but `sha256=` does not stand before them", word(at)),
            hint: Some("send the header as Meta wrote it: X-Hub-Signature-256: sha256=…".to_owned()),
        },
    }
}

fn claim(shown: Shown<'_>) -> Claim {
    let Some(header) = shown.sha256 else {
        return Claim::Nothing(match shown.sha1 {
            Some(_) => sha1(),
            None => nothing(
                "no X-Hub-Signature-256 came with it",
                "Meta sends it with every webhook: something on the way drops it",
            ),
        });
    };
    let text = String::from_utf8_lossy(header).trim().to_owned();
    if text.to_ascii_lowercase().starts_with("sha1=") || (text.len() == 40 && is_hexadecimal(&text)) {
        return Claim::Nothing(sha1());
    }
    let prefixed = text.get(..7).filter(|prefix| prefix.eq_ignore_ascii_case("sha256="));
    let digits = prefixed.map_or(text.as_str(), |_| &text[7..]).trim();
    if digits.len() != 64 || !is_hexadecimal(digits) {
        let why = format!("the header is not `sha256=` and 64 hexadecimal digits: it has {} characters", text.len());
        return Claim::Nothing(nothing(why, "copy the whole value of X-Hub-Signature-256, and nothing else"));
    }
    let form = match prefixed {
        None => Form::NoPrefix,
        Some("sha256=") if digits.bytes().any(|byte| byte.is_ascii_uppercase()) => Form::UpperCase,
        Some("sha256=") => Form::Sound,
        Some(_) => Form::NoPrefix,
    };
    Claim::Digest(digits.to_ascii_lowercase(), form)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn sha1() -> Diagnosis {
    nothing(
        "this is the legacy signature with SHA-1, which is not taken",
        "Meta sends X-Hub-Signature-256 beside X-Hub-Signature: use that one",
    )
}

fn nothing(why: impl Into<String>, hint: &str) -> Diagnosis {
    Diagnosis { matches: None, secret: None, why: why.into(), hint: Some(hint.to_owned()) }
}

fn word(at: usize) -> &'static str {
    if at == 0 { "current" } else { "older" }
}

#[cfg(test)]
mod tests;
