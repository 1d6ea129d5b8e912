//! By what an item is known again when it comes twice. Knows Meta's ids; knows neither accounts nor windows of time.

use super::facts::{self, Facts, Subject};
use super::levels::List;
use super::people::{self, PARTICIPANT_PHONES, PARTICIPANT_USERS};
use super::scope::Scope;
use super::tape::{Text, Value};
use wharf_storage::Stamp;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// The natural key of an element; `None` where it has no id of its own.
pub(super) fn natural<'t>(list: List, element: Value<'t>) -> Option<Vec<Text<'t>>> {
    let parts = match list {
        List::Messages | List::Echoes => vec![element.word("id")?],
        List::Statuses => status(element)?,
        List::Calls => vec![element.word("id")?, element.word("event").or_else(|| element.word("status"))?],
        List::Groups => group(element)?,
        List::History => chunk(element)?,
        List::StateSync => contact(element)?,
        List::Preferences => preference(element)?,
        List::UserIdUpdate => user_id_update(element)?,
        List::AutomaticEvents => vec![element.word("id")?, element.word("event_name")?],
        List::Errors => return None,
    };
    Some(std::iter::once(list.name().into()).chain(parts).collect())
}

fn status(status: Value<'_>) -> Option<Vec<Text<'_>>> {
    let id = status.word("id")?;
    match facts::subject(status) {
        Subject::Message => {}
        Subject::Call => return Some(vec!["call".into(), id, status.word("status")?]),
        Subject::Payment => return Some(payment(status, id)),
    }
    let names = PARTICIPANT_PHONES.iter().chain(&PARTICIPANT_USERS).chain(&["recipient_id", "recipient_user_id"]);
    let recipient = names.copied().find_map(|name| status.word(name)).unwrap_or_default();
    let mut parts = vec![id, status.word("status").unwrap_or_default(), recipient];
    let lacks_member = people::is_for_group(status)
        && !PARTICIPANT_PHONES.iter().chain(&PARTICIPANT_USERS).any(|name| status.word(name).is_some());
    // Nothing tells the members of the group apart, or the states of the message: the bytes must.
    if lacks_member || parts[1].is_empty() {
        parts.push(hash_text(status));
    }
    Some(parts)
}

fn payment<'t>(status: Value<'t>, id: Text<'t>) -> Vec<Text<'t>> {
    let payment = status.get("payment");
    let transaction = payment.and_then(|payment| payment.get("transaction"));
    let of = |object: Option<Value<'t>>, name: &str| object.and_then(|object| object.word(name)).unwrap_or_default();
    vec![
        "payment".into(),
        id,
        of(payment, "reference_id"),
        of(transaction, "id"),
        of(Some(status), "status"),
        of(transaction, "updated_timestamp"),
        payment.and_then(|payment| payment.get("refunds")).map(hash_text).unwrap_or_default(),
    ]
}

fn group(group: Value<'_>) -> Option<Vec<Text<'_>>> {
    let when = group.word("request_id").or_else(|| group.word("timestamp")).unwrap_or_default();
    Some(vec![group.word("group_id")?, group.word("type").unwrap_or_default(), when, hash_text(group)])
}

fn chunk(history: Value<'_>) -> Option<Vec<Text<'_>>> {
    let metadata = history.get("metadata")?;
    Some(vec![metadata.word("phase")?, metadata.word("chunk_order")?])
}

fn contact(sync: Value<'_>) -> Option<Vec<Text<'_>>> {
    let phone = sync.get("contact")?.word("phone_number")?;
    Some(vec![phone, sync.word("action").unwrap_or_default(), sync.get("metadata")?.word("timestamp")?])
}

fn preference(preference: Value<'_>) -> Option<Vec<Text<'_>>> {
    let user = preference.word("user_id").or_else(|| preference.word("wa_id"))?;
    let of = |name: &str| preference.word(name).unwrap_or_default();
    Some(vec![user, of("category"), of("value"), preference.word("timestamp")?])
}

fn user_id_update(update: Value<'_>) -> Option<Vec<Text<'_>>> {
    let id = update.get("user_id")?;
    let current = if id.is_object() { id.word("current") } else { id.text() };
    Some(vec![current?, id.word("previous").unwrap_or_default(), update.word("timestamp")?])
}

pub(super) fn hash_text(value: Value<'_>) -> Text<'static> {
    format!("{:032x}", xxh3_128(value.bytes())).into()
}

/// The key, its stamp and the content hash of `item`. Where it has no id, `hashed` tells it apart.
pub(super) fn marks(scope: &Scope<'_>, facts: &Facts<'_>, item: Value<'_>, hashed: Value<'_>) -> (u128, Stamp, u32) {
    let mut buffer = Vec::with_capacity(160);
    let mut add = |part: &[u8]| {
        buffer.extend((part.len() as u64).to_le_bytes());
        buffer.extend(part);
    };
    add(scope.number_key().as_bytes());
    add(scope.field.as_bytes());
    match &facts.natural {
        Some(parts) => parts.iter().for_each(|part| add(part.as_bytes())),
        None => {
            add(&xxh3_128(hashed.bytes()).to_le_bytes());
            add(&scope.entry_time_s.unwrap_or_default().to_le_bytes());
        }
    }
    (xxh3_128(&buffer), stamp(scope, facts), xxh3_64(item.bytes()) as u32)
}

fn stamp(scope: &Scope<'_>, facts: &Facts<'_>) -> Stamp {
    match (facts.sent_at_s.or(scope.entry_time_s), &facts.natural) {
        (Some(time), _) => Stamp::Dated(time),
        (None, Some(_)) => Stamp::Undated,
        (None, None) => Stamp::Brief,
    }
}
