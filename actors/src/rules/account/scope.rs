//! What is true of an account's items whatever its state: their scope, their lane, the routes that want them.

use super::AccountMachine;
use crate::cloud::item::Item;
use crate::gateway::{RankGuard, Route};
use wharf_storage::{Change, Event, EventKind, Kind, Noun};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// The field of the events in which an account tells its alarms.
pub const ALARM_FIELD: &str = "wharf.alarm";

/// What tells the items of one account from those of another.
pub fn scope_of(owner: &str) -> u128 {
    xxh3_128(owner.as_bytes())
}

/// The removal of an account from the registry, with the places of its readers, its own routes, its replays, and what
/// is held of its deliveries.
pub fn forget(machine: &AccountMachine) -> Change {
    let (record, readers) = (machine.record(), machine.deliveries().readers());
    let mut change = Change::default();
    machine.replays().forget(&mut change);
    machine.deliveries().forget_holds(&mut change);
    change.remove(Kind::Account, record.key());
    change.remove(Kind::Life, record.key());
    change.remove(Kind::Token, record.key());
    change.remove(Kind::Routes, record.key());
    for reader in readers.iter().filter(|reader| !reader.is_gone()) {
        change.remove(Kind::Progress, reader.progress(&record.id).key());
    }
    change
}

/// What of a route's filter keeps an event out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// A rank guard that drops.
    RankGuard,
    /// Alarms of ours go only where they are named.
    Alarms,
    /// `fields`.
    Fields,
    /// `types`.
    Types,
    /// `accounts`.
    Accounts,
    /// `numbers`.
    Numbers,
}

/// Whether a route's filter wants an event.
pub fn wants(route: &Route, event: &Event) -> bool {
    kept_out_by(route, event).is_none()
}

/// What keeps an event out of a route; `None` where it wants it. An empty list wants everything, but for alarms of ours,
/// which a bot that knows only Meta's events does not expect: they go where their field or the type `account` is named.
/// A rank guard that drops wants no status of a message of which a later one was accepted before.
pub fn kept_out_by(route: &Route, event: &Event) -> Option<Filter> {
    let lists = |list: &[String], what: Option<&str>| {
        list.is_empty() || what.is_some_and(|what| list.iter().any(|wanted| wanted == what))
    };
    let passes_guard = match route.rank_guard {
        RankGuard::Drop => !event.is_superseded(),
        RankGuard::Mark | RankGuard::Off => true,
    };
    let expects_it = *event.field != *ALARM_FIELD || !(route.fields.is_empty() && route.types.is_empty());
    let passes = [
        (Filter::RankGuard, passes_guard),
        (Filter::Alarms, expects_it),
        (Filter::Fields, lists(&route.fields, Some(&event.field))),
        (Filter::Types, lists(&route.types, Some(event.kind.word()))),
        (Filter::Accounts, lists(&route.accounts, Some(&event.stream))),
        (Filter::Numbers, lists(&route.numbers, event.number.id.as_deref())),
    ];
    passes.into_iter().find(|(_, passes)| !passes).map(|(filter, _)| filter)
}

/// The lane of an item. What is past (chunks of history and the media that follow them, thousands at a time) has a lane
/// beside the dialog's: what a customer says now never waits for what was said last spring.
pub(super) fn lane(item: &Item, dialog: Option<u64>) -> u64 {
    match dialog {
        Some(dialog) if item.kind == EventKind::History => {
            xxh3_64(format!("{dialog}|{}", item.kind.word()).as_bytes()) | 1 << 63
        }
        Some(dialog) => dialog,
        None => lane_without_dialog(item),
    }
}

/// The number's lane per field, without a number the account's per field.
fn lane_without_dialog(item: &Item) -> u64 {
    let number = item.number.id.as_deref().or(item.number.display.as_deref()).unwrap_or_default();
    xxh3_64(format!("{number}|{}", item.field).as_bytes()) | 1 << 63
}
