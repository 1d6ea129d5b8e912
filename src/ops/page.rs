//! Lists: `limit`, `order`, and a cursor that is nothing but the place where the last answer ended.

use crate::callback::Query;
use crate::error::{ApiError, ErrorId};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use wharf_storage::{Key, Kind, Noun, Store, StoreError};

/// Elements in an answer that asks for no number.
pub(super) const USUAL: usize = 50;
/// Elements in an answer at most.
pub(super) const MOST: usize = 1000;

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Oldest,
    Newest,
}

impl Order {
    /// The words for them.
    pub(super) const WORDS: [(&str, Order); 2] = [("oldest", Order::Oldest), ("newest", Order::Newest)];
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// At most this many.
    pub(crate) limit: usize,
    /// Going on after this key.
    pub(crate) after: Option<Vec<u8>>,
    /// From which end.
    pub(crate) order: Order,
}

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub(crate) struct Page<T> {
    /// The elements.
    pub(crate) data: Vec<T>,
    /// The cursor of the next part, where there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl Wanted {
    /// Reads `limit` and `cursor`: the oldest come first.
    pub(crate) fn read(query: &Query) -> Result<Self, ApiError> {
        let decode =
            |cursor: &str| URL_SAFE_NO_PAD.decode(cursor).map_err(|_| ApiError::naming(ErrorId::CursorBad, cursor));
        let after = query.first("cursor").map(decode).transpose()?;
        Ok(Self { limit: limit(query)?, after, order: Order::Oldest })
    }

    /// Reads `order` too; without it, as `usual` says.
    pub(crate) fn ordered(query: &Query, usual: Order) -> Result<Self, ApiError> {
        Ok(Self { order: word(query, "order", &Order::WORDS)?.unwrap_or(usual), ..Self::read(query)? })
    }

    /// Refuses a cursor that leads out of the list, whose keys all begin with `prefix`.
    pub(crate) fn under(self, prefix: &[u8]) -> Result<Self, ApiError> {
        match self.after.as_deref().filter(|after| !after.starts_with(prefix)) {
            None => Ok(self),
            Some(stray) => Err(ApiError::naming(ErrorId::CursorBad, URL_SAFE_NO_PAD.encode(stray))),
        }
    }

    /// The records of this part. *Disk.*
    pub(crate) fn records<N: Noun>(&self, store: &dyn Store, prefix: &[u8]) -> Result<Vec<(Key, N)>, StoreError> {
        let found = self.keys(store, N::KIND, prefix, self.after.as_deref(), self.limit)?;
        found.into_iter().map(|(key, bytes)| Ok((key, N::from_bytes(&bytes)?))).collect()
    }

    /// Up to `limit` records of `kind` beyond `after`, in the order that is wanted. *Disk.*
    pub(crate) fn keys(
        &self,
        store: &dyn Store,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Key, bytes::Bytes)>, StoreError> {
        match self.order {
            Order::Oldest => store.page(kind, prefix, after, limit),
            Order::Newest => store.page_back(kind, prefix, after, limit),
        }
    }
}

/// How many elements are asked for at most.
pub(crate) fn limit(query: &Query) -> Result<usize, ApiError> {
    let Some(text) = query.first("limit") else { return Ok(USUAL) };
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| ApiError::naming(ErrorId::LimitBad, text))
}

/// What the parameter `name` says, one of `known` words.
pub(crate) fn word<T: Copy>(query: &Query, name: &str, known: &[(&str, T)]) -> Result<Option<T>, ApiError> {
    let Some(said) = query.first(name) else { return Ok(None) };
    match known.iter().find(|(word, _)| *word == said) {
        Some((_, meaning)) => Ok(Some(*meaning)),
        None => {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            let text = format!("{name} must be one of {}, not {said}", words.join(", "));
            Err(ApiError::naming(ErrorId::ParameterBad, text))
        }
    }
}

impl<T> Page<T> {
    /// The elements of `found`, with a cursor if there may be more.
    pub(crate) fn of<U>(found: Vec<(Key, U)>, wanted: &Wanted, shown: impl Fn(U) -> T) -> Self {
        let full = found.len() >= wanted.limit;
        let next = found.last().filter(|_| full).map(|(key, _)| cursor(key));
        Self { data: found.into_iter().map(|(_, element)| shown(element)).collect(), next }
    }
}

/// The cursor that leads on beyond `key`.
pub(crate) fn cursor(key: &Key) -> String {
    URL_SAFE_NO_PAD.encode(&key.0)
}

/// Bytes as JSON: as they are where they are JSON, else as text.
pub(crate) fn raw(bytes: &[u8]) -> Box<RawValue> {
    let as_they_are = std::str::from_utf8(bytes).ok().and_then(|text| RawValue::from_string(text.to_owned()).ok());
    as_they_are.unwrap_or_else(|| {
        let text = serde_json::to_string(&String::from_utf8_lossy(bytes)).expect("text always becomes JSON");
        RawValue::from_string(text).expect("what serde_json writes is JSON")
    })
}
