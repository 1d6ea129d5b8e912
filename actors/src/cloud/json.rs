//! Reading Meta's JSON leniently: odd shapes become `None`, never an error. Knows no Meta type.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

/// The members of the JSON object in `text`, their values unparsed; of a repeated name the last. `None` where `text`
/// is no JSON object.
pub fn members(text: &[u8]) -> Option<HashMap<String, &RawValue>> {
    serde_json::from_slice(text).ok()
}

/// The text of a string or of a number.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text of a string or number that is not empty, unparsed.
pub fn raw_text(raw: &RawValue) -> Option<String> {
    let value = serde_json::from_str(raw.get()).ok()?;
    text(&value).filter(|text| !text.is_empty())
}

/// A whole number, also where it stands in a string.
pub fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The elements of an array; nothing where there is none.
pub fn elements(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The bytes of `raw`, shared with the `whole` they were read from.
pub fn share(whole: &Bytes, raw: &RawValue) -> Bytes {
    whole.slice_ref(raw.get().as_bytes())
}
