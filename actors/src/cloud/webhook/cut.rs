//! From places to items: walks the levels, gives each item its meaning and its envelope. Knows no account of ours.

use super::account;
use super::contacts::{self, Contacts};
use super::envelope::{Shell, array_of};
use super::facts::{self, Facts};
use super::levels::{self, List};
use super::natural;
use super::scope::Scope;
use super::tape::Value;
use crate::cloud::item::Item;
use bytes::Bytes;
use std::borrow::Cow;
use wharf_storage::EventKind;

/// The most bytes that the items of one POST may take in memory together: twenty times the largest POST of Meta's.
/// Only members repeated with a great many items get there.
pub(super) const MAX_SPREAD: usize = 64 << 20;

/// Cut up, the POST would pass [`MAX_SPREAD`].
#[derive(Debug)]
pub(super) struct TooWide;

/// Cuts `post`, which `body` holds.
pub(super) fn cut(body: &Bytes, post: Value<'_>) -> Result<Vec<Item>, TooWide> {
    let count = levels::count(post);
    let left = MAX_SPREAD.checked_sub(count * size_of::<Item>()).ok_or(TooWide)?;
    let whole = (count == 1).then(|| body.clone());
    let mut cutter = Cutter { whole, left, items: Vec::with_capacity(count) };
    cutter.post(post)?;
    Ok(cutter.items)
}

/// The POST as one item that claims no account.
pub(super) fn uncut(body: &Bytes, post: Value<'_>) -> Item {
    let found = Found { facts: Facts::of_kind(EventKind::Account), item: post, hashed: post };
    item(&Scope::default(), found, body.clone(), post.span())
}

struct Cutter {
    /// The POST itself, where it holds exactly one item: then that is the envelope.
    whole: Option<Bytes>,
    /// How many bytes of [`MAX_SPREAD`] are left.
    left: usize,
    items: Vec<Item>,
}

/// An item with what it says.
struct Found<'t> {
    facts: Facts<'t>,
    item: Value<'t>,
    /// What is hashed where no id tells it apart.
    hashed: Value<'t>,
}

impl Cutter {
    fn post(&mut self, post: Value<'_>) -> Result<(), TooWide> {
        for array in levels::entry_arrays(post) {
            let shell = self.shell(&Shell::default(), post, array, Some("entry"))?;
            array.elements().try_for_each(|entry| self.entry(&shell, entry))?;
        }
        Ok(())
    }

    fn entry(&mut self, outer: &Shell, entry: Value<'_>) -> Result<(), TooWide> {
        let before = self.items.len();
        for array in levels::change_arrays(entry) {
            let shell = self.shell(outer, entry, array, Some("changes"))?;
            array.elements().try_for_each(|change| self.change(&shell, entry, change))?;
        }
        if self.items.len() > before {
            return Ok(());
        }
        let found = Found { facts: Facts::of_kind(EventKind::Account), item: entry, hashed: entry };
        self.keep(&Scope::of(entry, None), found, |_| outer.copied(entry))
    }

    fn change(&mut self, outer: &Shell, entry: Value<'_>, change: Value<'_>) -> Result<(), TooWide> {
        let scope = Scope::of(entry, Some(change));
        let lists = levels::cut_lists(change);
        let value = change.get("value");
        if let (Some(value), false) = (value, lists.is_empty()) {
            return self.value(outer, &scope, change, value, &lists);
        }
        let found = Found { facts: account::facts(change, &scope), item: change, hashed: value.unwrap_or(change) };
        self.keep(&scope, found, |_| outer.copied(change))
    }

    fn value<'t>(
        &mut self,
        outer: &Shell,
        scope: &Scope<'t>,
        change: Value<'t>,
        value: Value<'t>,
        lists: &[(List, Value<'t>)],
    ) -> Result<(), TooWide> {
        let shell = self.shell(outer, change, value, None)?;
        let mut contacts = Contacts::of(value);
        let mut found = Vec::new();
        for (list, array) in lists {
            for element in array.elements() {
                let facts = element_facts(*list, element, scope, &contacts);
                contacts.claim(&facts.customer);
                found.push((*array, Found { facts, item: element, hashed: element }));
            }
        }
        for (array, found) in found {
            let wrap = |found: &Found<'t>| around_value(&shell, value, array, &contacts, found);
            self.keep(scope, found, wrap)?;
        }
        Ok(())
    }

    /// The shell of one level, within the budget; `siblings` names the arrays that are left out.
    fn shell(
        &mut self,
        outer: &Shell,
        object: Value<'_>,
        chosen: Value<'_>,
        siblings: Option<&str>,
    ) -> Result<Shell, TooWide> {
        if self.whole.is_some() {
            return Ok(Shell::default());
        }
        self.spend(outer.len() + object.bytes().len() - chosen.bytes().len())?;
        Ok(Shell::around(outer, object, chosen, |key, value| {
            let is_sibling = value.is_array() && siblings.is_some_and(|name| key.says(name));
            (!is_sibling).then(|| Cow::Borrowed(value.bytes()))
        }))
    }

    /// Keeps an item; `wrap` makes its shell.
    fn keep<'t>(
        &mut self,
        scope: &Scope<'t>,
        found: Found<'t>,
        wrap: impl FnOnce(&Found<'t>) -> Shell,
    ) -> Result<(), TooWide> {
        let (body, span) = match &self.whole {
            Some(whole) => (whole.clone(), found.item.span()),
            None => {
                let (body, span) = wrap(&found).filled(found.item);
                self.spend(body.len())?;
                (Bytes::from(body), span)
            }
        };
        self.items.push(item(scope, found, body, span));
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), TooWide> {
        self.left = self.left.checked_sub(bytes).ok_or(TooWide)?;
        Ok(())
    }
}

fn element_facts<'t>(list: List, element: Value<'t>, scope: &Scope<'t>, contacts: &Contacts<'t>) -> Facts<'t> {
    let mut facts = facts::of_element(list, element, scope);
    contacts.complete(&mut facts.customer, list);
    facts
}

/// The shell around one element of `array`: the other lists left out, of the contacts those that go with it.
fn around_value<'t>(
    outer: &Shell,
    value: Value<'t>,
    array: Value<'t>,
    contacts: &Contacts<'t>,
    found: &Found<'t>,
) -> Shell {
    let chosen = contacts.chosen(&found.facts.customer);
    Shell::around(outer, value, array, |key, member| {
        if levels::is_list(key, member) {
            return None;
        }
        match &chosen {
            Some(chosen) if contacts::is_contacts(key, member) => Some(Cow::Owned(array_of(chosen))),
            _ => Some(Cow::Borrowed(member.bytes())),
        }
    })
}

fn item(scope: &Scope<'_>, found: Found<'_>, body: Bytes, span: (u32, u32)) -> Item {
    let (key, stamp, content) = natural::marks(scope, &found.facts, found.item, found.hashed);
    let facts = found.facts;
    Item {
        owner: scope.owner.clone(),
        kind: facts.kind,
        field: (*scope.field).into(),
        number: scope.number.clone(),
        customer: facts.customer,
        message_id: facts.message_id.map(Into::into),
        status: facts.status.map(Into::into),
        opaque: facts.opaque.map(Into::into),
        media: facts.media,
        sent_at_s: facts.sent_at_s,
        opens_window: facts.opens_window,
        key,
        stamp,
        content,
        test: scope.test,
        body,
        item: span,
    }
}
