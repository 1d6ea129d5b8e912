//! Mail as Meta sends it, built as text so that a test knows every byte. Knows no gateway.

use std::time::{SystemTime, UNIX_EPOCH};

/// A number of an account.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) waba: String,
    pub(crate) number: String,
    /// As Graph shows it.
    pub(crate) display: String,
}

/// When this run began: a copy carries the time of its original, as Meta's do.
pub(crate) fn now_s() -> u64 {
    static BEGAN: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *BEGAN.get_or_init(|| SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs())
}

/// A text message.
pub(crate) fn text(id: &str, from: &str) -> String {
    worded(id, from, "hello")
}

/// A text message with words of its own; they must be JSON inside quotes.
pub(crate) fn worded(id: &str, from: &str, words: &str) -> String {
    let at = now_s();
    format!(r#"{{"from":"{from}","id":"{id}","timestamp":"{at}","type":"text","text":{{"body":"{words}"}}}}"#)
}

/// A status.
pub(crate) fn status(id: &str, state: &str, to: &str) -> String {
    format!(r#"{{"id":"{id}","status":"{state}","timestamp":"{}","recipient_id":"{to}"}}"#, now_s())
}

/// The value of a change of a number, with `members` beside its metadata.
pub(crate) fn value(line: &Line, members: &str) -> String {
    let digits: String = line.display.chars().filter(char::is_ascii_digit).collect();
    let metadata = format!(r#"{{"display_phone_number":"{digits}","phone_number_id":"{}"}}"#, line.number);
    format!(r#"{{"messaging_product":"whatsapp","metadata":{metadata},{members}}}"#)
}

/// A change of the field `messages`.
pub(crate) fn change(value: &str) -> String {
    format!(r#"{{"value":{value},"field":"messages"}}"#)
}

/// An entry of an account.
pub(crate) fn entry(waba: &str, changes: &[String]) -> String {
    format!(r#"{{"id":"{waba}","changes":[{}]}}"#, changes.join(","))
}

/// A POST.
pub(crate) fn post(entries: &[String]) -> String {
    format!(r#"{{"object":"whatsapp_business_account","entry":[{}]}}"#, entries.join(","))
}

/// An entry with messages of one number.
pub(crate) fn letters(line: &Line, messages: &[String]) -> String {
    entry(&line.waba, &[change(&value(line, &format!(r#""messages":[{}]"#, messages.join(","))))])
}

/// A POST with messages of one number.
pub(crate) fn letter(line: &Line, messages: &[String]) -> String {
    post(&[letters(line, messages)])
}

/// A POST with statuses of one number.
pub(crate) fn receipts(line: &Line, statuses: &[String]) -> String {
    let members = format!(r#""statuses":[{}]"#, statuses.join(","));
    post(&[entry(&line.waba, &[change(&value(line, &members))])])
}
