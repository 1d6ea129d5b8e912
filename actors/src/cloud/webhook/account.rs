//! Items that are a whole change: fields of the account, and whatever nobody knows yet. Knows where their numbers are.

use super::facts::{self, Facts};
use super::levels;
use super::natural;
use super::people;
use super::scope::{Scope, seconds};
use super::tape::{Text, Value};
use crate::cloud::item::Customer;
use std::borrow::Cow;
use wharf_storage::{EventKind, NumberRef};

/// The number a value concerns: in `metadata`, or where the fields without `metadata` have it.
pub(super) fn number(field: &str, value: Value<'_>) -> NumberRef {
    let within = ["metadata", "recipient", "phone_number_settings"];
    let mut number = within.into_iter().filter_map(|name| value.get(name)).map(ids).find(is_known).unwrap_or_default();
    if !is_known(&number) {
        number = ids(value);
    }
    if field == "account_alerts" && value.get("entity_type").is_some_and(|kind| kind.says("PHONE_NUMBER")) {
        number.id = number.id.or_else(|| value.word("entity_id").map(Into::into));
    }
    if field == "account_update" {
        number.display = number.display.or_else(|| value.word("phone_number").map(Into::into));
    }
    number
}

fn ids(object: Value<'_>) -> NumberRef {
    NumberRef {
        id: object.word("phone_number_id").map(Into::into),
        display: object.word("display_phone_number").map(Into::into),
    }
}

fn is_known(number: &NumberRef) -> bool {
    number.id.is_some() || number.display.is_some()
}

/// What a whole change says.
pub(super) fn facts<'t>(change: Value<'t>, scope: &Scope<'t>) -> Facts<'t> {
    let mut facts = Facts::of_kind(EventKind::Account);
    let Some(value) = change.get("value") else {
        return facts;
    };
    facts.sent_at_s = value.get("timestamp").and_then(seconds);
    match &*scope.field {
        "messaging_handovers" => handover(value, &mut facts),
        "standby" => standby(value, scope, &mut facts),
        "account_settings_update" => facts.natural = settings(value),
        _ => {}
    }
    facts
}

/// `account_settings_update`: known by number, time and bytes.
fn settings(value: Value<'_>) -> Option<Vec<Text<'_>>> {
    Some(vec!["settings".into(), value.word("timestamp")?, natural::hash_text(value)])
}

/// `messaging_handovers`: known by number, sender, what happened, and when.
fn handover<'t>(value: Value<'t>, facts: &mut Facts<'t>) {
    let Some(sender) = value.get("sender") else {
        return;
    };
    facts.customer = people::person(sender, &["phone_number", "wa_id"], &["user_id"]);
    let (Some(time), false) = (value.word("timestamp"), facts.customer.is_unknown()) else {
        return;
    };
    let beside = ["messaging_product", "recipient", "sender", "timestamp", "metadata"];
    let happened = value.members().map(|(key, _)| key).filter(|key| !beside.iter().any(|name| key.says(name)));
    let mut natural: Vec<Text<'t>> = vec!["handover".into(), time];
    natural.extend(
        [&facts.customer.wa_id, &facts.customer.user_id].map(|id| id.as_deref().unwrap_or_default().to_owned().into()),
    );
    natural.extend(happened.filter_map(Value::text));
    facts.natural = Some(natural);
}

/// `standby`: what passed while another role owns the thread, known by what is inside.
fn standby<'t>(value: Value<'t>, scope: &Scope<'t>, facts: &mut Facts<'t>) {
    let Some(standby) = value.get("standby") else {
        return;
    };
    let parts = std::iter::once(standby).chain(standby.elements());
    let inner: Vec<Facts<'t>> = parts
        .flat_map(levels::lists)
        .flat_map(|(list, array)| array.elements().map(move |element| (list, element)))
        .map(|(list, element)| facts::of_element(list, element, scope))
        .collect();
    facts.natural = inner.iter().map(|inner| inner.natural.clone()).collect::<Option<Vec<_>>>().and_then(joined);
    facts.sent_at_s = facts.sent_at_s.or_else(|| inner.iter().find_map(|inner| inner.sent_at_s));
    facts.customer = shared_customer(&inner).cloned().unwrap_or_default();
}

fn joined(keys: Vec<Vec<Text<'_>>>) -> Option<Vec<Text<'_>>> {
    let standby = std::iter::once(Cow::Borrowed("standby"));
    (!keys.is_empty()).then(|| standby.chain(keys.into_iter().flatten()).collect())
}

fn shared_customer<'f>(inner: &'f [Facts<'_>]) -> Option<&'f Customer> {
    let first = &inner.first()?.customer;
    inner.iter().all(|inner| inner.customer == *first).then_some(first)
}
