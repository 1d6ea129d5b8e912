//! What an account lets go of when a customer is erased, and what it does about what it hears or reads meanwhile.

use super::*;
use wharf_storage::{Dialog, Erasure, Known};

fn erasure(dialogs: &[u64]) -> Arc<Erasure> {
    let known = Known { ids: ["38044".into()].into(), dialogs: dialogs.iter().copied().collect() };
    let known = [("100".into(), known)].into();
    Arc::new(Erasure { id: "38044".into(), until_ms: NOW + 1000, known, ..Erasure::default() })
}

fn theirs(id: &str) -> Item {
    message(id, r#""from":"38044""#)
}

#[test]
fn a_delivery_that_is_under_way_ends_without_its_bytes_and_the_ledger_balances() {
    let mut account = active();
    let (ticket, change) = kept(account.handle(accept(vec![theirs("a"), theirs("b"), text("c")]), NOW));
    let event = Arc::clone(&change.events[0]);
    account.handle(Input::Settled { ticket }, NOW);
    let (_, change) = kept(account.handle(Input::Erase(erasure(&[])), NOW));
    assert!(change.writes.is_empty());
    // The application refused what it was sent before the erasure, and its turn is over.
    let failed = Attempted::Failed {
        status: Some(400),
        retry_after: None,
        reason: "no".into(),
        down_until_ms: None,
        held_ms: 0,
    };
    let late = NOW + 100_000_000;
    let effects = account.handle(Input::Attempted { reader: 0, event, what: failed, chance: 0.5 }, late);
    let next = effects.iter().find_map(|effect| match effect {
        Effect::Deliver(start) => start.due.event.clone(),
        Effect::Commit { .. }
        | Effect::ReadOn { .. }
        | Effect::ReadAgain(_)
        | Effect::Send(_)
        | Effect::Answer { .. } => None,
    });
    let next = next.expect("the next of the dialog");
    assert!(next.is_erased() && next.seq == 2, "what is in memory is a stub");
    account.handle(Input::Attempted { reader: 0, event: next, what: Attempted::Erased, chance: 0.5 }, late);
    let (_, change) = kept(account.handle(Input::Tick, late + 1000));
    let letters: Vec<_> = change.writes.iter().filter(|write| write.kind == Kind::Dead).collect();
    assert_eq!(letters.len(), 2);
    for letter in letters {
        let letter = wharf_storage::DeadLetter::from_bytes(letter.value.as_ref().expect("set")).expect("a letter");
        assert!(letter.bytes.is_empty(), "{letter:?}");
    }
    let route = &counted(&change).routes["sim/all"];
    assert_eq!((route.dead, route.pending), (2, -2));
}

#[test]
fn messages_that_wait_are_withdrawn_and_one_that_is_leaving_is_waited_for() {
    let mut account = active();
    for (id, to) in [("a", "38044"), ("b", "38044"), ("c", "49")] {
        let (ticket, _) = kept(account.handle(submit(outbound(id, to)), NOW));
        account.handle(Input::Settled { ticket }, NOW);
    }
    let erasure = erasure(&[]);
    assert_eq!(account.messages_to(&erasure), 2);
    let (_, change) = kept(account.handle(Input::Erase(Arc::clone(&erasure)), NOW));
    assert_eq!(account.messages_to(&erasure), 1, "the first is leaving");
    let messages = &counted(&change).messages;
    assert_eq!((messages.queued, messages.cancelled), (-1, 1));
    let kinds = [Kind::Outbox, Kind::Body, Kind::Submitted];
    assert!(change.writes.iter().all(|write| kinds.contains(&write.kind) && write.value.is_none()));
    account.handle(taken("wamid.a"), NOW);
    assert_eq!(account.messages_to(&erasure), 0);
    let (_, change) = kept(account.handle(accept(vec![status("wamid.a", "read")]), NOW));
    assert!(change.writes.iter().all(|write| write.kind != Kind::Message), "a status does not bring it back");
}

#[test]
fn a_dialog_is_forgotten_and_what_storage_said_of_it_before_is_not_believed() {
    let mut account = active();
    let (ticket, change) = kept(account.handle(accept(vec![theirs("a")]), NOW));
    account.handle(Input::Settled { ticket }, NOW);
    let write = change.writes.iter().find(|write| write.kind == Kind::Dialog).expect("it is kept");
    let dialog = Dialog::from_bytes(write.value.as_ref().expect("set")).expect("a dialog");
    account.handle(Input::Erase(erasure(&[dialog.id])), NOW);
    assert!(!account.knows_names(&[theirs("b")]));
    let Input::Accept(mut stale) = accept(vec![theirs("b")]) else { unreachable!("accepts") };
    stale.dialogs = vec![("9|p|38044".into(), dialog.clone())];
    let (_, change) = kept(account.handle(Input::Accept(stale), NOW + 2000));
    let anew = change.events[0].dialog.as_ref().expect("a dialog");
    assert!(anew.new && anew.id != dialog.id);
}
