//! Graph's lists: a page of `data`, cursors, and a link to the next page.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Value, json};

use super::call::Call;
use crate::sandbox::refusal::Refusal;

/// Elements of a page where the caller does not say.
const DEFAULT_LIMIT: usize = 25;
/// Elements of a page at most.
const MAX_LIMIT: usize = 100;

/// The page of `elements` that `call` asks for, each shown by `show`.
pub(super) fn page<T>(elements: &[T], call: &Call, show: impl Fn(&T) -> Value) -> Result<Value, Refusal> {
    let limit = limit_of(call)?;
    let from = match (call.param("after"), call.param("before")) {
        (Some(after), _) => position(after)? + 1,
        (None, Some(before)) => position(before)?.saturating_sub(limit),
        (None, None) => 0,
    };
    let to = (from + limit).min(elements.len());
    let shown: Vec<Value> = elements.get(from..to).unwrap_or_default().iter().map(show).collect();
    if shown.is_empty() {
        return Ok(json!({"data": []}));
    }
    let mut paging = json!({"cursors": {"before": cursor(from), "after": cursor(to - 1)}});
    if to < elements.len() {
        paging["next"] = link(call, limit, "after", &cursor(to - 1)).into();
    }
    if from > 0 {
        paging["previous"] = link(call, limit, "before", &cursor(from)).into();
    }
    Ok(json!({"data": shown, "paging": paging}))
}

/// The cursors of a list of `count` elements that stands inside a node.
pub(super) fn beside_node(count: usize) -> Value {
    json!({"cursors": {"before": cursor(0), "after": cursor(count.saturating_sub(1))}})
}

fn limit_of(call: &Call) -> Result<usize, Refusal> {
    let Some(text) = call.param("limit") else { return Ok(DEFAULT_LIMIT) };
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(MAX_LIMIT)),
        Ok(_) | Err(_) => Err(Refusal::parameter("Param limit must be a positive integer.")),
    }
}

fn link(call: &Call, limit: usize, direction: &str, cursor: &str) -> String {
    let fields = call.param("fields").map(|fields| format!("&fields={}", escape(fields))).unwrap_or_default();
    format!("{}{}?limit={limit}{fields}&{direction}={cursor}", call.origin, call.path)
}

fn escape(text: &str) -> String {
    text.bytes().map(escape_byte).collect()
}

fn escape_byte(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

fn cursor(at: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("QVFI{at}"))
}

fn position(cursor: &str) -> Result<usize, Refusal> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    text.strip_prefix("QVFI")
        .and_then(|at| at.parse().ok())
        .ok_or_else(|| Refusal::detailed(131_059, "Invalid cursor: begin at the first page again"))
}
