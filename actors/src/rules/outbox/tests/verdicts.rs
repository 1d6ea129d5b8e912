//! What the outbox does with each class, scope and delay of a verdict: whom it holds, when the message comes again.

use super::*;
use crate::rules::outbox::pace::STANDARD;

fn held(desk: &Desk) -> Vec<(HoldScope, HoldCause, Option<u64>)> {
    desk.outbox.holds().map(|hold| (hold.scope.clone(), hold.cause, hold.until_ms)).collect()
}

fn number() -> HoldScope {
    HoldScope::Number("9".into())
}

fn release(desk: &mut Desk, cause: HoldCause, now: u64) -> Vec<String> {
    ids(&desk.step(|outbox, step| {
        outbox.release(step, now, |hold| hold.cause == cause);
    }))
}

fn suspected() -> Tried {
    let with = Circumstances { http_status: 401, is_oauth: true, is_transient: false };
    Tried::Refused { code: Some(999_999), verdict: verdict(Some(999_999), with), answer: answer(401) }
}

/// A message of another number of the account.
fn of_other_number(id: &str, to: &str) -> MessageRecord {
    MessageRecord { number: "8".into(), ..outbound(id, to) }
}

fn with_template(id: &str, to: &str, template: &str) -> MessageRecord {
    MessageRecord { template: Some(template.into()), ..outbound(id, to) }
}

/// What the number may send just now.
fn rate(desk: &Desk) -> u32 {
    desk.outbox.numbers()["9"].rate
}

#[test]
fn a_throttle_of_the_number_halves_its_rate_and_no_number_of_them_is_final() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    let mut now = NOW;
    for _ in 0..12 {
        assert!(desk.tried("a", refused_with(130_429, 400), now).answers.is_empty());
        assert_eq!((desk.state("a"), desk.kept["a"].due_at_ms), (MessageState::Queued, now + 5_000), "chance 1.0");
        assert!(rate(&desk) <= STANDARD / 2 + 2, "{}", rate(&desk));
        now += 5_000;
        assert_eq!(desk.tick(now), ["a"]);
    }
    desk.tried("a", passing(), now);
    assert_eq!(desk.state("a"), MessageState::Queued, "throttles were no tries");
    assert!(held(&desk).is_empty());
}

#[test]
fn a_throttle_in_a_status_halves_the_rate_as_well() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.tried("a", taken(), NOW);
    let (record, code) = (desk.done["a"].clone(), Some(130_429));
    let verdict = verdict(code, Circumstances::default());
    desk.step(|outbox, step| outbox.learn(&record, code, verdict, step, NOW + 500));
    assert_eq!(rate(&desk), STANDARD / 2);
}

#[test]
fn a_refusal_of_the_pair_delays_that_recipient_alone_and_longer_each_time() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    let mut now = NOW;
    for wait_s in [1, 4, 16, 64] {
        desk.tried("a", refused_with(131_056, 400), now);
        assert_eq!(desk.outbox.due_at(), Some(now + wait_s * 1000));
        now += wait_s * 1000;
        assert_eq!(desk.tick(now - 1), Vec::<String>::new());
        assert_eq!(desk.submit(&format!("b{wait_s}"), &format!("2{wait_s}"), now - 1), [format!("b{wait_s}")]);
        assert_eq!(desk.tick(now), ["a"]);
    }
    assert_eq!((rate(&desk), held(&desk)), (STANDARD, Vec::new()), "nobody else is slower");
    desk.tried("a", taken(), now);
    desk.submit("c", "1", now);
    desk.tried("c", refused_with(131_056, 400), now);
    assert_eq!(desk.kept["c"].due_at_ms, now + 1_000, "a success forgets the refusals");
}

#[test]
fn a_refusal_for_spam_holds_the_number_a_quarter_of_an_hour_and_the_message_goes_first_then() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.tried("a", refused_with(131_048, 400), NOW);
    let end = NOW + 15 * 60_000;
    assert_eq!(held(&desk), [(number(), HoldCause::Throttle, Some(end))]);
    assert_eq!(desk.submit("b", "2", NOW + 1), Vec::<String>::new());
    assert_eq!(desk.submit_record(of_other_number("c", "2"), NOW + 1), ["c"], "another number goes on");
    assert_eq!(desk.tick(end - 1), Vec::<String>::new());
    let mut left = desk.tick(end);
    left.sort();
    assert_eq!((left, held(&desk)), (vec!["a".to_owned(), "b".into()], Vec::new()));
}

#[test]
fn a_throttle_of_the_account_or_its_token_holds_all_numbers_for_a_minute() {
    for code in [4, 80_007] {
        let mut desk = Desk::new();
        desk.submit("a", "1", NOW);
        desk.tried("a", refused_with(code, 400), NOW);
        assert_eq!(held(&desk), [(HoldScope::Account, HoldCause::Throttle, Some(NOW + 60_000))], "{code}");
        assert_eq!(desk.submit_record(of_other_number("b", "2"), NOW + 1), Vec::<String>::new());
        assert_eq!(desk.tick(NOW + 60_000).len(), 2);
    }
}

#[test]
fn a_number_that_is_being_upgraded_rests_for_a_minute() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.tried("a", refused_with(131_057, 503), NOW);
    assert_eq!(held(&desk), [(number(), HoldCause::Throttle, Some(NOW + 60_000))]);
    assert_eq!(desk.tick(NOW + 60_000), ["a"]);
}

#[test]
fn a_wait_that_concerns_the_message_alone_holds_nobody_else() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.tried("a", refused_with(132_069, 400), NOW);
    assert_eq!((held(&desk), desk.kept["a"].due_at_ms), (Vec::new(), NOW + 3_600_000));
    assert_eq!(desk.submit("b", "2", NOW), ["b"]);
}

#[test]
fn a_token_fault_holds_the_account_until_it_is_released_and_its_message_goes_first_afterwards() {
    for code in [190, 0, 10, 200] {
        let mut desk = Desk::new();
        desk.submit("a", "1", NOW);
        desk.submit("b", "1", NOW);
        assert!(desk.tried("a", refused_with(code, 401), NOW).answers.is_empty());
        assert_eq!(held(&desk), [(HoldScope::Account, HoldCause::Token, None)], "{code}");
        assert_eq!(desk.submit_record(of_other_number("c", "2"), NOW), Vec::<String>::new());
        assert_eq!(desk.tick(NOW + 3_600_000), Vec::<String>::new(), "time alone mends no token");
        desk.restart(NOW + 3_600_000);
        assert_eq!(desk.tick(NOW + 3_600_000), Vec::<String>::new(), "the hold survives a restart");
        let mut left = release(&mut desk, HoldCause::Token, NOW + 3_600_100);
        left.sort();
        assert_eq!(left, ["a", "c"], "and not the one behind it");
    }
}

#[test]
fn an_account_that_may_not_send_is_held_until_meta_says_otherwise() {
    for code in [131_031, 131_042, 368] {
        let mut desk = Desk::new();
        desk.submit("a", "1", NOW);
        desk.tried("a", refused_with(code, 403), NOW);
        assert_eq!(held(&desk), [(HoldScope::Account, HoldCause::Meta, None)], "{code}");
        assert_eq!(release(&mut desk, HoldCause::Token, NOW), Vec::<String>::new(), "another cause ends");
        assert_eq!(release(&mut desk, HoldCause::Meta, NOW), ["a"]);
    }
}

#[test]
fn a_number_that_is_not_registered_is_held_alone() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.tried("a", refused_with(133_010, 400), NOW);
    assert_eq!(held(&desk), [(number(), HoldCause::Meta, None)]);
    assert_eq!(desk.submit("b", "2", NOW), Vec::<String>::new());
    assert_eq!(desk.submit_record(of_other_number("c", "2"), NOW), ["c"]);
}

#[test]
fn a_fault_of_the_account_that_concerns_one_message_ends_it_and_holds_nobody() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.tried("a", refused_with(131_044, 400), NOW);
    assert_eq!((desk.state("a"), held(&desk)), (MessageState::Failed, Vec::new()));
}

#[test]
fn a_paused_template_fails_its_message_and_holds_its_others() {
    for code in [132_015, 132_016] {
        let mut desk = Desk::new();
        desk.submit_record(with_template("a", "1", "sale"), NOW);
        desk.submit_record(with_template("b", "1", "sale"), NOW);
        assert_eq!(ids(&desk.tried("a", refused_with(code, 400), NOW)), Vec::<String>::new());
        assert_eq!((desk.state("a"), desk.state("b")), (MessageState::Failed, MessageState::Queued));
        assert_eq!(held(&desk), [(HoldScope::Template("sale".into()), HoldCause::Meta, None)]);
        assert_eq!(desk.submit_record(with_template("c", "2", "hello"), NOW), ["c"]);
        assert_eq!(desk.submit("d", "3", NOW), ["d"]);
        assert_eq!(release(&mut desk, HoldCause::Meta, NOW), ["b"]);
    }
}

#[test]
fn a_template_that_does_not_exist_fails_its_message_and_holds_nobody() {
    let mut desk = Desk::new();
    desk.submit_record(with_template("a", "1", "sale"), NOW);
    desk.tried("a", refused_with(132_001, 404), NOW);
    assert_eq!((desk.state("a"), held(&desk)), (MessageState::Failed, Vec::new()));
}

#[test]
fn media_that_meta_could_not_fetch_is_tried_three_times() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    let mut now = NOW;
    for _ in 0..2 {
        desk.tried("a", refused_with(131_053, 400), now);
        now = desk.outbox.due_at().expect("it waits");
        assert_eq!(desk.tick(now), ["a"]);
    }
    desk.tried("a", refused_with(131_053, 400), now);
    assert_eq!((desk.state("a"), desk.done["a"].attempts.len()), (MessageState::Failed, 3));
}

#[test]
fn what_concerns_the_recipient_or_the_request_fails_at_once_and_the_next_one_goes() {
    for code in [131_026, 131_047, 131_049, 131_050, 100, 131_008, 131_051] {
        let mut desk = Desk::new();
        desk.submit("a", "1", NOW);
        desk.submit("b", "1", NOW);
        assert_eq!(ids(&desk.tried("a", refused_with(code, 400), NOW)), ["b"], "{code}");
        assert_eq!((desk.state("a"), held(&desk), rate(&desk)), (MessageState::Failed, Vec::new(), STANDARD));
    }
}

#[test]
fn a_suspected_token_holds_the_account_once_and_fails_the_message_if_the_token_was_well() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    assert!(desk.tried("a", suspected(), NOW).answers.is_empty());
    assert_eq!(held(&desk), [(HoldScope::Account, HoldCause::Token, None)]);
    assert_eq!(release(&mut desk, HoldCause::Token, NOW + 9), ["a"]);
    assert_eq!(desk.tried("a", suspected(), NOW + 10).answers, [("a".into(), answer(401))]);
    assert_eq!((desk.state("a"), held(&desk)), (MessageState::Failed, Vec::new()));
}

#[test]
fn a_graph_that_is_down_is_tried_five_times_and_holds_nobody() {
    for code in [2, 131_016] {
        let mut desk = Desk::new();
        desk.submit("a", "1", NOW);
        let mut now = NOW;
        while desk.state("a") != MessageState::Failed {
            desk.tried("a", refused_with(code, 503), now);
            assert!(held(&desk).is_empty());
            now = desk.outbox.due_at().unwrap_or(now);
            desk.tick(now);
        }
        assert_eq!(desk.done["a"].attempts.len(), 5, "{code}");
    }
}

#[test]
fn a_refusal_of_one_that_is_about_to_expire_is_its_end() {
    let mut desk = Desk::new();
    desk.submit_record(MessageRecord { expires_at_ms: NOW + 900, ..outbound("a", "1") }, NOW);
    assert_eq!(desk.tried("a", refused_with(130_429, 400), NOW).answers, [("a".into(), answer(400))]);
    assert_eq!(desk.state("a"), MessageState::Failed);
}
