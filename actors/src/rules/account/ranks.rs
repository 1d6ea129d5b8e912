//! Which status of a message was the furthest so far, so that one that comes late is known as late. Knows no disk: it
//! remembers the messages heard of last, and after a restart nothing, except where a message is our own and its record
//! says how far it is.

use crate::cloud::item::Item;
use crate::rules::recent::Recent;
use wharf_storage::MessageState;
use xxhash_rust::xxh3::xxh3_64;

/// Messages (in groups: messages and members) per account whose furthest status is remembered: at a thousand messages
/// per second the last four seconds, in about 300 KiB. Meta's statuses overtake one another by less.
const REMEMBERED: usize = 4096;

/// The furthest status of each message heard of lately.
#[derive(Debug)]
pub(super) struct Ranks(Recent<u64, u8>);

impl Default for Ranks {
    fn default() -> Self {
        Self(Recent::new(REMEMBERED))
    }
}

impl Ranks {
    /// Hears a status; says whether a later one of the same message (in a group: to the same member) was heard before.
    pub(super) fn hear(&mut self, item: &Item) -> bool {
        let (Some(rank), Some(key)) = (rank(item), key(item)) else { return false };
        let before = self.0.get(&key).copied().unwrap_or_default();
        self.0.put(key, before.max(rank));
        before > rank
    }
}

/// Where a status stands: sent, failed, delivered, read, played. A failure counts only while nothing above `sent` was
/// seen, and `delivered` after `failed` happens to people with several devices.
pub(super) fn rank(item: &Item) -> Option<u8> {
    match item.status.as_deref()? {
        "sent" => Some(1),
        "failed" => Some(2),
        "delivered" => Some(3),
        "read" => Some(4),
        "played" => Some(5),
        _ => None,
    }
}

/// The rank of the status that brought a message to `state`.
pub(super) fn rank_of(state: MessageState) -> u8 {
    match state {
        MessageState::Sent => 1,
        MessageState::Failed => 2,
        MessageState::Delivered => 3,
        MessageState::Read => 4,
        MessageState::Played => 5,
        MessageState::Queued
        | MessageState::Sending
        | MessageState::Accepted
        | MessageState::Unknown
        | MessageState::Expired
        | MessageState::Cancelled => 0,
    }
}

fn key(item: &Item) -> Option<u64> {
    let wamid = item.message_id.as_deref()?;
    let customer = &item.customer;
    let member = customer.group_id.as_ref().and(customer.wa_id.as_deref().or(customer.user_id.as_deref()));
    Some(xxh3_64(format!("{wamid}|{}", member.unwrap_or_default()).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{item, status};

    #[test]
    fn a_status_is_late_when_a_later_one_was_heard() {
        let mut ranks = Ranks::default();
        let late: Vec<bool> = ["sent", "read", "delivered", "read", "failed", "played"]
            .map(|state| ranks.hear(&status("wamid.1", state)))
            .into();
        assert_eq!(late, [false, false, true, false, true, false]);
        assert!(!ranks.hear(&status("wamid.2", "sent")), "another message");
        assert!(!ranks.hear(&status("wamid.1", "a_state_of_next_year")));
    }

    #[test]
    fn after_a_failure_sent_is_late_and_delivered_is_news() {
        let mut ranks = Ranks::default();
        let late = ["failed", "sent", "delivered"].map(|state| ranks.hear(&status("wamid.1", state)));
        assert_eq!(late, [false, true, false]);
    }

    #[test]
    fn every_member_of_a_group_has_statuses_of_its_own() {
        let mut ranks = Ranks::default();
        let mut hear = |state: &str, member: &str| {
            let text = format!(
                r#"{{"id":"w","status":"{state}","recipient_id":"G","recipient_type":"group","recipient_participant_id":"{member}"}}"#
            );
            ranks.hear(&item("100", "9", "statuses", &text))
        };
        assert!(!hear("read", "1") && !hear("delivered", "2") && hear("delivered", "1"));
    }

    #[test]
    fn memory_is_bounded() {
        let mut ranks = Ranks::default();
        ranks.hear(&status("first", "read"));
        for nth in 0..REMEMBERED {
            ranks.hear(&status(&nth.to_string(), "read"));
        }
        assert!(!ranks.hear(&status("first", "sent")), "forgotten");
    }
}
