//! The text of JSON strings, read without ever failing. Knows escapes and bytes, no meaning.

use std::borrow::Cow;

/// A string's text: borrowed unless something had to be unescaped.
pub(crate) type Text<'t> = Cow<'t, str>;

/// The text of bytes without escapes. What is not UTF-8 is shown as `\xNN`, so that different ids stay different.
pub(super) fn plain(bytes: &[u8]) -> Text<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(spelled_out(bytes)),
    }
}

fn spelled_out(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&chunk.invalid().escape_ascii().to_string());
    }
    text
}

/// The text of bytes with (checked) escapes. Half a surrogate pair stays as it is written.
pub(super) fn unescape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(slash) = rest.iter().position(|byte| *byte == b'\\') {
        text.push_str(&plain(&rest[..slash]));
        rest = &rest[slash..];
        let length = escape(rest, &mut text);
        rest = &rest[length..];
    }
    text.push_str(&plain(rest));
    text
}

/// Reads the escape at the start of `rest`; says how long it is.
fn escape(rest: &[u8], text: &mut String) -> usize {
    match rest[1] {
        b'u' => return unicode_escape(rest, text),
        b'b' => text.push('\u{8}'),
        b'f' => text.push('\u{c}'),
        b'n' => text.push('\n'),
        b'r' => text.push('\r'),
        b't' => text.push('\t'),
        itself => text.push(char::from(itself)),
    }
    2
}

fn unicode_escape(rest: &[u8], text: &mut String) -> usize {
    let first = code_unit(rest);
    let second = code_unit(rest.get(6..).unwrap_or_default());
    match (first.and_then(char::from_u32), first.zip(second).and_then(|(high, low)| paired(high, low))) {
        (Some(whole), _) => text.push(whole),
        (None, Some(pair)) => {
            text.push(pair);
            return 12;
        }
        (None, None) => text.push_str(&plain(&rest[..6])),
    }
    6
}

/// The unit of a `\uXXXX` at the start of `rest`.
fn code_unit(rest: &[u8]) -> Option<u32> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn paired(high: u32, low: u32) -> Option<char> {
    let is_pair = (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low);
    is_pair.then(|| 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).and_then(char::from_u32)
}
