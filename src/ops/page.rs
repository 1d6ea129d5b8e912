//! Lists: `limit`, and a cursor that is nothing but the place where the last answer ended.

use crate::callback::Query;
use crate::error::{ApiError, ErrorId};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::value::RawValue;
use wharf_storage::Key;

/// Elements in an answer that asks for no number.
const USUAL: usize = 50;
/// Elements in an answer at most.
const MOST: usize = 1000;

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// At most this many.
    pub(crate) limit: usize,
    /// Beginning after this key.
    pub(crate) after: Option<Vec<u8>>,
}

/// A part of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    /// The elements.
    pub(crate) data: Vec<T>,
    /// The cursor of the next part, where there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl Wanted {
    /// Reads `limit` and `cursor`.
    pub(crate) fn read(query: &Query) -> Result<Self, ApiError> {
        let limit = match query.first("limit") {
            None => USUAL,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MOST).contains(limit))
                .ok_or_else(|| ApiError::naming(ErrorId::LimitBad, text))?,
        };
        let decode =
            |cursor: &str| URL_SAFE_NO_PAD.decode(cursor).map_err(|_| ApiError::naming(ErrorId::CursorBad, cursor));
        Ok(Self { limit, after: query.first("cursor").map(decode).transpose()? })
    }
}

/// How many elements are asked for at most.
pub(crate) fn limit(query: &Query) -> Result<usize, ApiError> {
    let Some(text) = query.first("limit") else { return Ok(USUAL) };
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| ApiError::naming(ErrorId::LimitBad, text))
}

impl<T> Page<T> {
    /// The elements of `found`, with a cursor if there may be more.
    pub(crate) fn of<U>(found: Vec<(Key, U)>, wanted: &Wanted, shown: impl Fn(U) -> T) -> Self {
        let full = found.len() >= wanted.limit;
        let next = found.last().filter(|_| full).map(|(key, _)| URL_SAFE_NO_PAD.encode(&key.0));
        Self { data: found.into_iter().map(|(_, element)| shown(element)).collect(), next }
    }
}

/// Bytes as JSON: as they are where they are JSON, else as text.
pub(crate) fn raw(bytes: &[u8]) -> Box<RawValue> {
    let as_they_are = std::str::from_utf8(bytes).ok().and_then(|text| RawValue::from_string(text.to_owned()).ok());
    as_they_are.unwrap_or_else(|| {
        let text = serde_json::to_string(&String::from_utf8_lossy(bytes)).expect("text always becomes JSON");
        RawValue::from_string(text).expect("what serde_json writes is JSON")
    })
}
