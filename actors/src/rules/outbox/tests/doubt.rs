//! Messages whose answer was lost, and what settles them: statuses, policies, restarts.

use super::*;

fn resent(id: &str, to: &str) -> MessageRecord {
    MessageRecord { on_unknown: OnUnknown::Resend, ..outbound(id, to) }
}

fn named(desk: &mut Desk, id: &str, wamid: &str, now: u64) -> (bool, Next) {
    let mut adopted = false;
    let next = desk.step(|outbox, step| adopted = outbox.adopt(id, wamid, step, now));
    (adopted, next)
}

#[test]
fn a_late_status_settles_a_message_in_doubt_and_the_next_one_goes() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.submit("b", "1", NOW);
    desk.tried("a", lost(), NOW);
    let (adopted, next) = named(&mut desk, "a", "wamid.9", NOW + 5_000);
    assert!(adopted);
    assert_eq!(ids(&next), ["b"]);
    let record = &desk.done["a"];
    assert_eq!((record.state, record.wamid.as_deref()), (MessageState::Accepted, Some("wamid.9")));
    assert_eq!((record.error.as_deref(), desk.tally.taken, desk.bodies.contains("a")), (None, 1, false));
}

#[test]
fn where_the_sender_asks_for_it_a_message_in_doubt_is_sent_again_before_the_others() {
    let mut desk = Desk::new();
    desk.submit_record(resent("a", "1"), NOW);
    desk.tried("a", lost(), NOW);
    assert_eq!(desk.tick(NOW + 59_999), Vec::<String>::new());
    assert_eq!(desk.tick(NOW + 60_000), ["a"]);
    assert!(desk.kept["a"].error.as_deref().is_some_and(|error| error.contains("wharf.unknown")), "it had said so");
}

/// A status of the first try came while the second one waited for its turn, and it was sent all the same.
#[test]
fn a_message_that_waits_to_be_sent_again_is_not_if_a_status_names_it() {
    let mut desk = Desk::new();
    desk.submit_record(resent("a", "1"), NOW);
    desk.tried("a", lost(), NOW);
    desk.tick(NOW + 60_000);
    desk.tried("a", not_sent(), NOW + 60_000);
    assert_eq!(desk.state("a"), MessageState::Queued);
    assert!(named(&mut desk, "a", "wamid.9", NOW + 60_001).0);
    assert_eq!((desk.state("a"), desk.tally.taken), (MessageState::Accepted, 1));
    assert_eq!(desk.tick(NOW + 200_000), Vec::<String>::new());
}

/// A status of the first try came while the second one was under way, which was refused for a while: it was sent again.
#[test]
fn a_status_that_names_an_earlier_try_counts_when_the_next_one_is_refused_or_lost() {
    for second in [passing(), lost(), not_sent()] {
        let mut desk = Desk::new();
        desk.submit_record(resent("a", "1"), NOW);
        desk.tried("a", lost(), NOW);
        assert_eq!(desk.tick(NOW + 60_000), ["a"]);
        assert!(!named(&mut desk, "a", "wamid.9", NOW + 60_001).0, "its answer may still come");
        desk.tried("a", second, NOW + 60_002);
        assert_eq!(desk.done["a"].wamid.as_deref(), Some("wamid.9"));
    }
}

#[test]
fn a_status_that_overtakes_its_answer_changes_nothing_about_the_answer() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    assert!(!named(&mut desk, "a", "wamid.1", NOW + 1).0);
    assert_eq!((desk.state("a"), desk.tally.sending), (MessageState::Sending, 1));
    assert_eq!(desk.tried("a", taken(), NOW + 2).answers, [("a".into(), answer(200))]);
    assert_eq!(desk.done["a"].wamid.as_deref(), Some("wamid.1"));
}

/// A status named a message before its answer, then the process was killed: the message failed, although it was known
/// to be sent.
#[test]
fn a_status_that_overtook_its_answer_is_remembered_by_a_restart() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.submit("b", "1", NOW);
    named(&mut desk, "a", "wamid.9", NOW + 1);
    desk.restart(NOW + 2);
    assert_eq!(desk.tick(NOW + 15), ["b"]);
    assert_eq!((desk.state("a"), desk.done["a"].wamid.as_deref()), (MessageState::Accepted, Some("wamid.9")));
}

/// What could leave at once after a restart had no alarm: it waited until something else happened to the account.
#[test]
fn what_waited_leaves_after_a_restart_as_soon_as_the_pace_allows() {
    let mut desk = Desk::new();
    desk.outbox.rest();
    desk.submit("a", "1", NOW);
    desk.submit("b", "2", NOW);
    desk.restart(NOW + 5);
    assert!(desk.outbox.due_at().is_some_and(|due_at| due_at <= NOW + 5));
    assert_eq!(desk.tick(NOW + 5), Vec::<String>::new(), "what left before is not known");
    assert_eq!(desk.outbox.due_at(), Some(NOW + 18));
    assert_eq!(desk.tick(NOW + 18), ["a"]);
    assert_eq!(desk.tick(NOW + 30), ["b"]);
}

/// A message that was to be sent again after its time of doubt was, however old it was by then.
#[test]
fn a_message_in_doubt_that_became_too_old_is_not_sent_again() {
    let mut desk = Desk::new();
    desk.submit_record(MessageRecord { expires_at_ms: NOW + 30_000, ..resent("a", "1") }, NOW);
    desk.tried("a", lost(), NOW + 20_000);
    assert_eq!(desk.tick(NOW + 30_000), Vec::<String>::new());
    assert_eq!(desk.state("a"), MessageState::Unknown, "a status may still come");
    assert_eq!(desk.tick(NOW + 80_000), Vec::<String>::new());
    assert_eq!((desk.state("a"), desk.tally.failed), (MessageState::Failed, 1));
}

#[test]
fn where_no_status_can_come_the_policy_applies_at_once_and_says_why() {
    let mut desk = Desk::new();
    desk.outbox.set_hearing(Hearing::Nothing);
    desk.submit("a", "1", NOW);
    desk.tried("a", lost(), NOW + 1);
    assert_eq!(desk.state("a"), MessageState::Failed);
    assert!(desk.done["a"].error.as_deref().is_some_and(|error| error.contains("not subscribed")));
    desk.submit_record(resent("b", "2"), NOW + 1);
    assert_eq!(ids(&desk.tried("b", lost(), NOW + 2)), ["b"]);
}

#[test]
fn one_that_waits_for_a_connection_was_never_in_doubt() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.tried("a", not_sent(), NOW);
    assert_eq!((desk.state("a"), desk.tally.unknown), (MessageState::Queued, 0));
    assert_eq!(desk.tick(NOW + 1_000), ["a"]);
}
