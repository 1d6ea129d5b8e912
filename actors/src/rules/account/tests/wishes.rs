//! What customers say about marketing is kept with the event that says it, or with the answer that shows it.

use super::*;
use crate::cloud::verdict::{Circumstances, verdict};
use crate::rules::testing::item;
use wharf_storage::{Preference, Wish};

/// The words in a change, by the id they are filed under.
fn words(change: &Change) -> Vec<(String, Wish)> {
    let writes = change.writes.iter().filter(|write| write.kind == Kind::Preference);
    let mut words: Vec<(String, Wish)> = writes
        .map(|write| Preference::from_bytes(write.value.as_ref().expect("a word")).expect("readable"))
        .map(|said| (said.id.into(), said.wish))
        .collect();
    words.sort_by(|(one, _), (other, _)| one.cmp(other));
    words
}

fn preference(value: &str, at_s: u64) -> Item {
    let text = format!(r#"{{"wa_id":"491","category":"marketing_messages","value":"{value}","timestamp":{at_s}}}"#);
    item("100", "9", "user_preferences", &text)
}

#[test]
fn a_word_is_kept_in_the_commit_of_its_event_under_every_id_that_the_dialog_knows() {
    let mut account = active();
    kept(account.handle(accept(vec![message("a", r#""from":"491","from_user_id":"DE.1""#)]), NOW));
    let (_, change) = kept(account.handle(accept(vec![preference("stop", 1_800_000_001)]), NOW));
    assert_eq!(words(&change), [("491".into(), Wish::Stop), ("DE.1".into(), Wish::Stop)]);
    assert_eq!(change.events.len(), 1, "and the event goes to the routes as ever");
    let (_, change) = kept(account.handle(accept(vec![preference("resume", 1_800_000_002)]), NOW));
    assert_eq!(words(&change), [("491".into(), Wish::Resume), ("DE.1".into(), Wish::Resume)]);
    assert_eq!(account.preferences().of("DE.1").map(|said| said.wish), Some(Wish::Resume));
}

#[test]
fn a_word_of_which_memory_knows_nothing_is_recalled_and_an_older_one_changes_nothing() {
    let mut account = active();
    let late = || vec![preference("stop", 1_800_000_000)];
    assert_eq!(account.unknown_preferences(&late()), ["491".into()]);
    let said = Preference { account: "100".into(), id: "491".into(), wish: Wish::Resume, said_at_s: 1_800_000_001 };
    let mut input = accept(late());
    if let Input::Accept(accept) = &mut input {
        accept.preferences = vec![said];
    }
    let (_, change) = kept(account.handle(input, NOW));
    assert_eq!(words(&change), []);
    assert_eq!(account.unknown_preferences(&late()), [] as [Box<str>; 0]);
}

#[test]
fn a_refusal_because_of_an_opt_out_is_a_word_too() {
    let mut account = active();
    let (ticket, _) = kept(account.handle(submit(outbound("a", "491")), NOW));
    account.handle(Input::Settled { ticket }, NOW);
    let answer = Answer { status: 400, body: Bytes::from_static(b"{}") };
    let verdict = verdict(Some(131_050), Circumstances { http_status: 400, ..Circumstances::default() });
    let tried = Tried::Refused { code: Some(131_050), verdict, answer };
    let (_, change) = kept(account.handle(Input::Tried { id: "a".into(), tried, chance: 0.5 }, NOW));
    assert_eq!(words(&change), [("491".into(), Wish::Stop)]);
}
