//! The contacts beside the items of a value, and whose they are. Knows ids of people, no dialog.

use super::levels::List;
use super::people;
use super::tape::Value;
use crate::cloud::item::Customer;

/// The contacts of a value, findable by id.
pub(super) struct Contacts<'t> {
    all: Vec<Contact<'t>>,
    /// Each id with the place of its contact in `all`, sorted.
    by_id: Vec<(Box<str>, usize)>,
}

struct Contact<'t> {
    value: Value<'t>,
    ids: Customer,
    claimed: bool,
}

impl<'t> Contacts<'t> {
    /// Reads the array(s) `contacts` of a value.
    pub(super) fn of(value: Value<'t>) -> Self {
        let all: Vec<Contact<'t>> = value
            .members()
            .filter(|(key, array)| is_contacts(*key, *array))
            .flat_map(|(_, array)| array.elements())
            .map(|value| Contact { value, ids: people::person(value, &["wa_id"], &["user_id"]), claimed: false })
            .collect();
        let mut by_id: Vec<_> = all.iter().enumerate().flat_map(|(at, contact)| keyed(&contact.ids, at)).collect();
        by_id.sort();
        Self { all, by_id }
    }

    /// Completes `customer`: a contact that has one of its ids tells the other; a lone contact names the unnamed.
    pub(super) fn complete(&self, customer: &mut Customer, list: List) {
        let is_personal = matches!(list, List::Messages | List::Statuses | List::Calls | List::Preferences);
        if let ([lone], true) = (self.all.as_slice(), is_personal && customer.is_unknown()) {
            customer.clone_from(&lone.ids);
        }
        if customer.previous_wa_id.is_some() || customer.previous_user_id.is_some() {
            return;
        }
        let known = [&customer.wa_id, &customer.user_id].into_iter().flatten().find_map(|id| self.with_id(id).next());
        if let Some(at) = known {
            let ids = &self.all[at].ids;
            customer.wa_id = customer.wa_id.take().or_else(|| ids.wa_id.clone());
            customer.user_id = customer.user_id.take().or_else(|| ids.user_id.clone());
        }
    }

    /// Notes that the contacts of `customer` are somebody's.
    pub(super) fn claim(&mut self, customer: &Customer) {
        for at in self.belonging(customer) {
            self.all[at].claimed = true;
        }
    }

    /// The contacts that go with an item of `customer`: its own and those that are nobody's. `None` means all of
    /// them, as they stand: it has none of its own, or nobody else has one.
    pub(super) fn chosen(&self, customer: &Customer) -> Option<Vec<Value<'t>>> {
        let own = self.belonging(customer);
        let goes_along = |at: &usize| own.contains(at) || !self.all[*at].claimed;
        let chosen: Vec<_> = (0..self.all.len()).filter(goes_along).map(|at| self.all[at].value).collect();
        (!own.is_empty() && chosen.len() < self.all.len()).then_some(chosen)
    }

    fn belonging(&self, customer: &Customer) -> Vec<usize> {
        let ids = [&customer.wa_id, &customer.user_id, &customer.previous_wa_id, &customer.previous_user_id];
        let mut own: Vec<usize> = ids.into_iter().flatten().flat_map(|id| self.with_id(id)).collect();
        own.sort_unstable();
        own.dedup();
        own
    }

    fn with_id(&self, id: &str) -> impl Iterator<Item = usize> {
        let from = self.by_id.partition_point(|(other, _)| **other < *id);
        self.by_id[from..].iter().take_while(move |(other, _)| **other == *id).map(|(_, at)| *at)
    }
}

/// Whether a member of a value is a list of contacts.
pub(super) fn is_contacts(key: Value<'_>, value: Value<'_>) -> bool {
    value.is_array() && key.says("contacts")
}

fn keyed(ids: &Customer, at: usize) -> impl Iterator<Item = (Box<str>, usize)> {
    [ids.wa_id.clone(), ids.user_id.clone()].into_iter().flatten().map(move |id| (id, at))
}
