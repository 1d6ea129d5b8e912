//! Where items lie: envelope × entry × change × element. Knows Meta's nesting, not what the items mean.

use super::tape::Value;
use wharf_storage::EventKind;

/// The arrays of a value whose elements are items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Messages,
    Statuses,
    Errors,
    Echoes,
    Calls,
    Groups,
    History,
    StateSync,
    Preferences,
    UserIdUpdate,
    AutomaticEvents,
}

impl List {
    const ALL: [List; 11] = [
        List::Messages,
        List::Statuses,
        List::Errors,
        List::Echoes,
        List::Calls,
        List::Groups,
        List::History,
        List::StateSync,
        List::Preferences,
        List::UserIdUpdate,
        List::AutomaticEvents,
    ];

    /// The member's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            List::Messages => "messages",
            List::Statuses => "statuses",
            List::Errors => "errors",
            List::Echoes => "message_echoes",
            List::Calls => "calls",
            List::Groups => "groups",
            List::History => "history",
            List::StateSync => "state_sync",
            List::Preferences => "user_preferences",
            List::UserIdUpdate => "user_id_update",
            List::AutomaticEvents => "automatic_events",
        }
    }

    /// What its elements are.
    pub(super) fn kind(self) -> EventKind {
        match self {
            List::Messages => EventKind::Message,
            List::Statuses => EventKind::Status,
            List::Errors => EventKind::Error,
            List::Echoes => EventKind::Echo,
            List::Calls => EventKind::Call,
            List::Groups => EventKind::Group,
            List::History => EventKind::History,
            List::StateSync => EventKind::Contact,
            List::Preferences => EventKind::Preference,
            List::UserIdUpdate => EventKind::UserId,
            List::AutomaticEvents => EventKind::Automatic,
        }
    }

    fn named(key: Value<'_>) -> Option<List> {
        List::ALL.into_iter().find(|list| key.says(list.name()))
    }
}

/// The arrays `entry` of a POST. A doubled key loses nothing: each array counts.
pub(super) fn entry_arrays<'t>(post: Value<'t>) -> impl Iterator<Item = Value<'t>> {
    arrays(post, "entry")
}

/// The arrays `changes` of an entry.
pub(super) fn change_arrays<'t>(entry: Value<'t>) -> impl Iterator<Item = Value<'t>> {
    arrays(entry, "changes")
}

fn arrays<'t>(object: Value<'t>, name: &'static str) -> impl Iterator<Item = Value<'t>> {
    object.members().filter(move |(key, value)| value.is_array() && key.says(name)).map(|(_, value)| value)
}

/// The arrays of a value whose elements are items, empty ones included.
pub(super) fn lists<'t>(value: Value<'t>) -> impl Iterator<Item = (List, Value<'t>)> {
    value.members().filter(|(_, array)| array.is_array()).filter_map(|(key, array)| Some((List::named(key)?, array)))
}

/// Whether a member of a value is such an array.
pub(super) fn is_list(key: Value<'_>, array: Value<'_>) -> bool {
    array.is_array() && List::named(key).is_some()
}

/// The lists of a change that is to be cut: its value has `metadata` and a list with an element. Empty for any other.
pub(super) fn cut_lists<'t>(change: Value<'t>) -> Vec<(List, Value<'t>)> {
    let Some(value) = change.get("value").filter(|value| value.get("metadata").is_some()) else {
        return Vec::new();
    };
    let mut lists: Vec<_> = lists(value).collect();
    lists.retain(|(_, array)| array.elements().next().is_some());
    lists
}

/// How many items a POST holds.
pub(super) fn count(post: Value<'_>) -> usize {
    entry_arrays(post).flat_map(Value::elements).map(count_entry).sum()
}

fn count_entry(entry: Value<'_>) -> usize {
    let items: usize = change_arrays(entry).flat_map(Value::elements).map(count_change).sum();
    items.max(1)
}

fn count_change(change: Value<'_>) -> usize {
    let elements: usize = cut_lists(change).into_iter().map(|(_, array)| array.elements().count()).sum();
    elements.max(1)
}
