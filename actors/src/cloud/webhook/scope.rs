//! What an entry and a change say of all their items: owner, field, number, time. Knows no single item.

use super::account;
use super::tape::{Text, Value};
use crate::cloud::item::Owner;
use wharf_storage::NumberRef;

/// `entry.id` of the App Dashboard's test payloads.
const TEST_ENTRY: &str = "0";

/// The number id of the App Dashboard's test payloads.
const TEST_NUMBER: &str = "123456123";

/// What is true of every item of a change (or of an entry without changes).
#[derive(Debug, Default)]
pub(super) struct Scope<'t> {
    pub(super) owner: Owner,
    pub(super) field: Text<'t>,
    pub(super) number: NumberRef,
    /// `entry.time`, in seconds since 1970.
    pub(super) entry_time_s: Option<u64>,
    pub(super) test: bool,
}

impl<'t> Scope<'t> {
    /// Reads what `entry` and, where there is one, `change` say.
    pub(super) fn of(entry: Value<'t>, change: Option<Value<'t>>) -> Self {
        let field = change.and_then(|change| change.word("field")).unwrap_or_default();
        let value = change.and_then(|change| change.get("value"));
        let owner = owner(entry, &field, value);
        let number = value.map(|value| account::number(&field, value)).unwrap_or_default();
        let test = owner.entry_id.as_deref() == Some(TEST_ENTRY) || number.id.as_deref() == Some(TEST_NUMBER);
        Self { owner, field, number, entry_time_s: entry.get("time").and_then(seconds), test }
    }

    /// The number as it goes into dedupe keys.
    pub(super) fn number_key(&self) -> &str {
        self.number.id.as_deref().or(self.number.display.as_deref()).unwrap_or_default()
    }
}

fn owner(entry: Value<'_>, field: &str, value: Option<Value<'_>>) -> Owner {
    let waba_info = value.and_then(|value| value.get("waba_info")).filter(|info| info.is_object());
    let is_portfolio = field == "partner_solutions" || (field == "account_update" && waba_info.is_some());
    Owner {
        entry_id: entry.word("id").map(Into::into),
        waba_info: waba_info.and_then(|info| info.word("waba_id")).map(Into::into),
        decides_by_content: is_portfolio || entry.lacks("id"),
    }
}

/// A time as Meta writes it: a number or a string, in seconds; finer units are tolerated.
pub(super) fn seconds(value: Value<'_>) -> Option<u64> {
    /// The year 5138 in seconds; in milliseconds it was 1973, before any webhook.
    const TOO_LATE: u64 = 100_000_000_000;
    let text = value.text()?;
    let mut time = text.parse().ok().or_else(|| whole_seconds(&text))?;
    while time >= TOO_LATE {
        time /= 1000;
    }
    (time > 0).then_some(time)
}

/// `1.7e9` and `1700000000.5`.
fn whole_seconds(text: &str) -> Option<u64> {
    text.parse::<f64>().ok().filter(|time| (1.0..1e19).contains(time)).map(|time| time as u64)
}
