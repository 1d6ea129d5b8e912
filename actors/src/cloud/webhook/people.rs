//! Who is at the other end of an item. Knows Meta's names for people; knows no dialog.

use super::levels::List;
use super::scope::Scope;
use super::tape::{Text, Value};
use crate::cloud::item::Customer;

/// The person or group an element concerns.
pub(super) fn customer(list: List, element: Value<'_>, scope: &Scope<'_>) -> Customer {
    match list {
        List::Messages if scope.field == "history" => other_side(element, scope),
        List::Messages => sender(element),
        List::Statuses => recipient(element),
        List::Echoes => addressee(element),
        List::Calls => other_side(element, scope),
        List::Groups => Customer { group_id: boxed(element.word("group_id")), ..Customer::default() },
        List::Preferences => person(element, &["wa_id"], &["user_id"]),
        List::UserIdUpdate => renamed(element),
        // Errors name nobody; a chunk of history, a contact book's entry and an automatic event start no dialog.
        List::Errors | List::History | List::StateSync | List::AutomaticEvents => Customer::default(),
    }
}

/// The person an object names: the first of `phones` and the first of `users` that it has. A business-scoped id in
/// the place of a phone id is taken for what it is.
pub(super) fn person(object: Value<'_>, phones: &[&str], users: &[&str]) -> Customer {
    let first = |names: &[&str]| names.iter().find_map(|name| object.word(name));
    let (phone, user) = (first(phones), first(users));
    let (misplaced, phone) = match phone {
        Some(phone) if is_user_id(&phone) => (Some(phone), None),
        other => (None, other),
    };
    Customer { wa_id: boxed(phone), user_id: boxed(user.or(misplaced)), ..Customer::default() }
}

/// Whether `id` has the form of a business-scoped user id: a country's two letters and a dot.
fn is_user_id(id: &str) -> bool {
    matches!(id.as_bytes(), [a, b, b'.', ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase())
}

fn boxed(text: Option<Text<'_>>) -> Option<Box<str>> {
    text.map(Into::into)
}

fn sender(message: Value<'_>) -> Customer {
    let mut customer = person(message, &["from"], &["from_user_id"]);
    customer.group_id = boxed(message.word("group_id"));
    if let Some(system) = message.get("system") {
        change_ids(&mut customer, system);
    }
    customer
}

/// A system message may say that the sender's ids are others from now on.
fn change_ids(customer: &mut Customer, system: Value<'_>) {
    let (new_phone, old_phone) = new_and_old(system, &["wa_id", "new_wa_id"], "previous_wa_id");
    replace(&mut customer.wa_id, &mut customer.previous_wa_id, new_phone, old_phone);
    let (new_user, old_user) = new_and_old(system, &["user_id", "new_user_id"], "previous_user_id");
    replace(&mut customer.user_id, &mut customer.previous_user_id, new_user, old_user);
}

fn replace(
    current: &mut Option<Box<str>>,
    previous: &mut Option<Box<str>>,
    new: Option<Text<'_>>,
    old: Option<Text<'_>>,
) {
    let Some(new) = new else {
        return;
    };
    let old = boxed(old).or_else(|| current.take());
    *previous = old.filter(|old| **old != *new);
    *current = Some(new.into());
}

/// A new id and the one it replaces: `"user_id":"…"`, or `"user_id":{"previous":"…","current":"…"}`.
fn new_and_old<'t>(object: Value<'t>, new: &[&str], old: &str) -> (Option<Text<'t>>, Option<Text<'t>>) {
    let named = new.iter().find_map(|name| object.get(name).filter(|id| id.is_object() || object.word(name).is_some()));
    let Some(id) = named else {
        return (None, object.word(old));
    };
    if id.is_object() {
        (id.word("current").or_else(|| id.word("new")), id.word("previous").or_else(|| id.word("old")))
    } else {
        (id.text(), object.word(old))
    }
}

/// An element of `user_id_update`.
fn renamed(update: Value<'_>) -> Customer {
    let mut customer = Customer::default();
    change_ids(&mut customer, update);
    customer
}

/// Names of the member of a group that a status is about; the documentation has both orders of the words.
pub(super) const PARTICIPANT_PHONES: [&str; 2] = ["recipient_participant_id", "participant_recipient_id"];
pub(super) const PARTICIPANT_USERS: [&str; 2] = ["recipient_participant_user_id", "participant_recipient_user_id"];

fn recipient(status: Value<'_>) -> Customer {
    if !is_for_group(status) {
        return person(status, &["recipient_id"], &["recipient_user_id"]);
    }
    let mut member = person(status, &PARTICIPANT_PHONES, &PARTICIPANT_USERS);
    member.group_id = boxed(status.word("group_id").or_else(|| status.word("recipient_id")));
    member
}

/// Whether a status or echo went to a group.
pub(super) fn is_for_group(element: Value<'_>) -> bool {
    element.get("recipient_type").is_some_and(|kind| kind.says("group"))
        || element.word("group_id").is_some()
        || PARTICIPANT_PHONES.iter().chain(&PARTICIPANT_USERS).any(|name| element.get(name).is_some())
}

fn addressee(echo: Value<'_>) -> Customer {
    if !is_for_group(echo) {
        return person(echo, &["to"], &["to_user_id"]);
    }
    Customer { group_id: boxed(echo.word("group_id").or_else(|| echo.word("to"))), ..Customer::default() }
}

/// The end of a call (or of a past message) that is not the business: told by the number, else by the direction.
fn other_side(element: Value<'_>, scope: &Scope<'_>) -> Customer {
    let mut customer = if is_from_business(element, scope) {
        person(element, &["to"], &["to_user_id"])
    } else {
        person(element, &["from"], &["from_user_id"])
    };
    customer.group_id = boxed(element.word("group_id"));
    customer
}

/// Whether the business is the one that calls or writes.
pub(super) fn is_from_business(element: Value<'_>, scope: &Scope<'_>) -> bool {
    let business = digits(scope.number.display.as_deref().unwrap_or_default());
    let is_business = |name: &str| element.word(name).is_some_and(|id| !business.is_empty() && digits(&id) == business);
    if is_business("from") != is_business("to") {
        return is_business("from");
    }
    element.get("direction").is_some_and(|direction| direction.says("BUSINESS_INITIATED"))
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}
