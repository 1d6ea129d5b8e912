//! Nobody gets a neighbour's mail: every case of who an item may belong to.

use super::*;
use crate::rules::testing::message;
use wharf_storage::NumberRef;

/// Account 100 with number 9 (+380 44 9) and account 200 with number 8.
struct Two;

impl Engaged for Two {
    fn has_account(&self, account: &str) -> bool {
        ["100", "200"].contains(&account)
    }

    fn account_of_number(&self, number_id: &str) -> Option<&str> {
        match number_id {
            "9" => Some("100"),
            "8" => Some("200"),
            _ => None,
        }
    }

    fn account_of_display(&self, digits: &str) -> Option<&str> {
        (digits == "380449").then_some("100")
    }
}

fn owned(owner: Owner, number: Option<&str>, display: Option<&str>) -> Item {
    let number = NumberRef { id: number.map(Into::into), display: display.map(Into::into) };
    Item { owner, number, ..message("m", r#""from":"1""#) }
}

fn entry(id: &str) -> Owner {
    Owner { entry_id: Some(id.into()), ..Owner::default() }
}

fn by_content(entry: Option<&str>, waba_info: Option<&str>) -> Owner {
    Owner { entry_id: entry.map(Into::into), waba_info: waba_info.map(Into::into), decides_by_content: true }
}

fn goes(item: &Item) -> Destination<'_> {
    destination(item, &Two)
}

#[test]
fn an_item_belongs_to_the_account_of_its_entry() {
    assert_eq!(goes(&owned(entry("100"), Some("9"), None)), Destination::Account("100"));
    assert_eq!(goes(&owned(entry("100"), None, None)), Destination::Account("100"));
}

#[test]
fn the_entry_decides_even_where_the_number_is_a_neighbours() {
    assert_eq!(goes(&owned(entry("100"), Some("8"), None)), Destination::Account("100"));
}

#[test]
fn a_strangers_item_is_quarantined_even_where_its_number_is_ours() {
    assert_eq!(goes(&owned(entry("999"), Some("9"), Some("+380 44 9"))), Destination::Quarantine);
    let info = Owner { waba_info: Some("100".into()), ..entry("999") };
    assert_eq!(goes(&owned(info, Some("9"), None)), Destination::Quarantine);
}

#[test]
fn an_item_without_an_entry_that_may_not_be_told_by_content_is_quarantined() {
    assert_eq!(goes(&owned(Owner::default(), Some("9"), None)), Destination::Quarantine);
}

#[test]
fn where_the_entry_is_a_portfolio_waba_info_decides_first() {
    let item = owned(by_content(Some("5"), Some("200")), Some("9"), None);
    assert_eq!(goes(&item), Destination::Account("200"));
    let item = owned(by_content(Some("100"), Some("999")), Some("9"), None);
    assert_eq!(goes(&item), Destination::Quarantine, "it names a stranger; its number is not asked");
}

#[test]
fn without_waba_info_the_number_decides_and_then_its_digits() {
    assert_eq!(goes(&owned(by_content(None, None), Some("8"), Some("+380 44 9"))), Destination::Account("200"));
    assert_eq!(goes(&owned(by_content(None, None), Some("7"), Some("+380 (44) 9"))), Destination::Account("100"));
    assert_eq!(goes(&owned(by_content(None, None), None, Some("380449"))), Destination::Account("100"));
    assert_eq!(goes(&owned(by_content(None, None), None, None)), Destination::Quarantine);
    assert_eq!(
        goes(&owned(by_content(Some("100"), None), None, None)),
        Destination::Quarantine,
        "a portfolio is no account"
    );
}

#[test]
fn a_test_payload_is_nobodys_whatever_it_names() {
    let item = Item { test: true, ..owned(entry("100"), Some("9"), None) };
    assert_eq!(goes(&item), Destination::Test);
}

#[test]
fn a_display_number_is_its_digits() {
    assert_eq!(digits("+380 (44) 9-1"), "3804491");
    assert_eq!(digits("no number"), "");
}
