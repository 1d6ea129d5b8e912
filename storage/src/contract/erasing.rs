//! Erasing a customer, as any engine must do it.

use super::Rig;
use crate::testing::{event, keep, mark, routed};
use crate::{
    Alias, Change, DeadLetter, Dialog, Erasure, Event, EventDialog, Glance, Kind, MessageRecord, MessageState,
    OnUnknown, Outbox, PairDebt, Preference, Priority, Reached, Stamp, Store, Trail, TrailResult, Wamid, Wish, widen,
};
use std::sync::Arc;

/// The customer who is erased, by phone, and by the user id that only their dialog tells.
pub(crate) const GONE: (&str, &str) = ("380441234567", "US.4711");
/// The one who stays.
pub(crate) const STAYS: (&str, &str) = ("491701234567", "US.9999");
/// What the first one wrote.
pub(crate) const WORDS: &str = "my secret is a purple elephant";

/// What account `account` keeps of a customer whose dialog has this id: events from `seq` on, everything else.
pub(crate) fn all_of(account: &str, (wa_id, user_id): (&str, &str), dialog: u64, seq: u64) -> Change {
    let mut change = Change::default();
    let named = |seq: u64, body: String| {
        let dialog = EventDialog {
            id: dialog,
            new: false,
            user_id: Some(user_id.into()),
            wa_id: Some(wa_id.into()),
            group_id: None,
            window_expires_at_ms: None,
        };
        let id = Some(format!("wamid.of.{wa_id}.{seq}").into());
        Arc::new(Event { dialog: Some(dialog), message_id: id, body: body.into(), ..event(account, seq, 0) })
    };
    let text = |words: &str| format!(r#"{{"from":"{wa_id}","text":{{"body":"{words}"}}}}"#);
    change.events.push(named(seq, text(WORDS)));
    change.events.push(named(seq + 1, format!(r#"{{"from_user_id":"{user_id}","text":"{WORDS}"}}"#)));
    change.events.push(named(seq + 2, text(&WORDS.repeat(2000))));
    change.marks.push(mark(u128::from(seq) << 64 | u128::from(dialog), Stamp::Dated(1_800_000_000), 1, 1_800_000_000));
    change.tallies.push(routed(account, 3));
    let kept = Dialog {
        account: account.into(),
        id: dialog,
        number: "123".into(),
        user_id: Some(user_id.into()),
        wa_id: Some(wa_id.into()),
        group_id: None,
        display: None,
        since_ms: 1,
        seen_at_ms: 2,
        window_expires_at_ms: None,
    };
    change.put(&kept);
    for name in [format!("123|p|{wa_id}"), format!("123|u|{user_id}"), format!("123|p|before{wa_id}")] {
        change.put(&Alias { account: account.into(), name: name.into(), dialog });
    }
    let message = message(account, wa_id);
    change.put(&Wamid { account: account.into(), wamid: message.wamid.clone().unwrap(), message: message.id.clone() });
    change.put(&message);
    change.put(&message.submitted());
    let waits = MessageRecord { id: format!("msg_q_{account}_{wa_id}").into(), wamid: None, ..message };
    change.put(&waits.submitted());
    change.put(&Outbox(waits));
    for id in [wa_id, user_id] {
        change.put(&Preference { account: account.into(), id: id.into(), wish: Wish::Stop, said_at_s: 1 });
    }
    change.put(&Reached { account: account.into(), customer: wa_id.into(), at_ms: 1 });
    change.put(&PairDebt { account: account.into(), number: "123".into(), lane: wa_id.into(), paid_at_ms: 1 });
    change.put(&DeadLetter {
        account: account.into(),
        route: Some("main/crm".into()),
        event: Some(format!("{account}.{seq}").into()),
        message: None,
        reason: "refused".into(),
        status: Some(400),
        at_ms: seq,
        bytes: text(WORDS).into(),
    });
    change.put(&Trail {
        account: account.into(),
        seq,
        route: "main/crm".into(),
        attempt: 1,
        at_ms: seq,
        took_ms: 1,
        result: TrailResult::Dead,
        status: Some(400),
        reason: format!("refused for good: HTTP 400 {wa_id} cannot be served").into(),
    });
    change
}

fn message(account: &str, wa_id: &str) -> MessageRecord {
    MessageRecord {
        id: format!("msg_{account}_{wa_id}").into(),
        account: account.into(),
        number: "123".into(),
        to: format!("+{wa_id}").into(),
        lane: wa_id.into(),
        path: "messages".into(),
        version: "v25.0".into(),
        state: MessageState::Queued,
        kind: "text".into(),
        template: None,
        priority: Priority::Normal,
        on_unknown: OnUnknown::Fail,
        opaque: Some(WORDS.into()),
        wamid: Some(format!("wamid.{account}.{wa_id}").into()),
        error: None,
        attempts: Vec::new(),
        doubted_at_ms: 0,
        created_at_ms: 1,
        changed_at_ms: 1,
        due_at_ms: 0,
        expires_at_ms: 0,
        place: 1,
    }
}

/// The wish that the first customer be erased.
pub(crate) fn wish(store: &dyn Store) -> Erasure {
    let erasure = Erasure { id: GONE.0.into(), until_ms: u64::MAX, ..Erasure::default() };
    widen(store, erasure).unwrap()
}

/// Everything that can be read, as one text.
pub(crate) fn everything(store: &dyn Store) -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        for (key, bytes) in store.page(kind, &[], None, 10_000).unwrap() {
            text.push_str(&String::from_utf8_lossy(&key.0));
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    for stream in ["100", "200", "q.main"] {
        for event in store.events(stream, 0, 1000, usize::MAX).unwrap() {
            text.push_str(&format!("{event:?}"));
            text.push_str(&String::from_utf8_lossy(&event.body));
        }
    }
    text
}

pub(crate) fn erasing_a_customer_leaves_their_place_and_nothing_of_them(mut rig: Rig) {
    for (account, dialog) in [("100", 5), ("200", 6)] {
        keep(rig.store(), all_of(account, GONE, dialog, 1));
        keep(rig.store(), all_of(account, STAYS, dialog + 10, 4));
    }
    let stray =
        Event { claimed: Some("300".into()), body: r#"{"from":"380441234567"}"#.into(), ..event("q.main", 1, 0) };
    keep(rig.store(), Change { events: vec![stray.into()], ..Change::default() });
    assert!(everything(rig.store()).contains(GONE.1));
    let (before, ledger) = (rig.store().events("100", 3, 100, usize::MAX).unwrap(), rig.store().ledger("100"));
    let erasure = wish(rig.store());
    let erased = rig.store().erase(&erasure).unwrap();
    assert!(erased.verified);
    let found = erased.found["100"];
    assert_eq!((found.events, found.dialogs, found.aliases, found.messages, found.dead), (3, 1, 3, 2, 1));
    assert_eq!((found.preferences, erased.found["q.main"].events), (2, 1));
    for _ in 0..2 {
        let text = everything(rig.store());
        for gone in [GONE.0, GONE.1] {
            assert!(!text.contains(gone), "{gone} is left");
        }
        assert!(text.contains(STAYS.0) && text.contains(STAYS.1));
        assert_eq!(rig.store().events("100", 3, 100, usize::MAX).unwrap(), before, "a neighbour's are as they were");
        let stub = rig.store().event("100", 2).unwrap().unwrap();
        assert!(stub.is_erased() && stub.wanted_by == [7] && stub.seq == 2);
        assert_eq!(rig.store().last_seq("100"), 6);
        let mark = rig.store().look(&[(u128::from(1_u64) << 64 | 5, Stamp::Dated(1_800_000_000))]).unwrap();
        assert!(mark[0].is_some(), "a copy is still a copy: {:?}", Glance::New);
        let now = rig.store().ledger("100");
        assert_eq!((now.received, now.messages.cancelled), (ledger.received, 1), "what never left counts as cancelled");
        assert_eq!(rig.store().page(Kind::Dead, &[], None, 10).unwrap().len(), 4, "a dead letter keeps its place");
        let listed = |account: &str| rig.store().page(Kind::Submitted, account.as_bytes(), None, 10).unwrap().len();
        assert_eq!((listed("100\0"), listed("200\0")), (2, 2), "no list names an erased message");
        rig.reopen();
    }
    let again = rig.store().erase(&wish(rig.store())).unwrap();
    assert!(again.verified && again.found.values().all(|found| found.total() == 0), "nothing is left: {again:?}");
    keep(rig.store(), all_of("100", STAYS, 15, 7));
    assert_eq!(rig.store().events("100", 0, 100, usize::MAX).unwrap().len(), 9, "the journal goes on");
}

pub(crate) fn a_wish_to_erase_outlives_a_reopen_until_it_is_fulfilled(mut rig: Rig) {
    keep(rig.store(), all_of("100", GONE, 5, 1));
    let wanted = wish(rig.store());
    rig.store().wish(&wanted).unwrap();
    rig.reopen();
    assert_eq!(rig.store().wishes().unwrap(), std::slice::from_ref(&wanted));
    assert!(rig.store().erase(&wanted).unwrap().verified);
    rig.reopen();
    assert_eq!(rig.store().wishes().unwrap(), []);
}
