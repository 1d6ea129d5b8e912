//! A message's story: taken, tried, where it is now, and when it goes on.

use super::super::messages::{self, Message};
use super::super::paper::{Paper, Span, Tone};
use super::story::Story;

/// Tells it.
pub(super) fn tell(message: &Message) -> Paper {
    let mut story = Story::of(&messages::summary(message), message.created_at.as_deref());
    let what = message.template.as_deref().map_or_else(String::new, |template| format!(" {template}"));
    let head = format!(": {}{what} from number {} to {}", message.kind, message.number, message.to);
    story.head("message", &message.id, vec![head.into()]);
    story.moment(message.created_at.as_deref(), format!("taken, priority {}", message.priority));
    for (nth, attempt) in (1..).zip(&message.attempts) {
        story.moment(attempt.at.as_deref(), messages::attempt(nth, attempt));
    }
    story.moment(message.changed_at.as_deref(), Span::state(&message.state));
    if let Some(wamid) = &message.wamid {
        story.remark(format!("at Meta it is {wamid}"));
    }
    if let Some(error) = &message.error {
        story.remark(Span::new(messages::said(error), Tone::Bad));
    }
    if messages::still_leaves(&message.state) {
        still_leaves(message, &mut story);
    }
    story.paper
}

fn still_leaves(message: &Message, story: &mut Story) {
    if let Some(due) = &message.due_at {
        story.moment(Some(due), "next attempt, not before");
    }
    if let Some(expires) = &message.expires_at {
        story.moment(Some(expires), "expires");
    }
    let account = &message.account;
    story.paper.gap().say(format!("Why it waits may stand among the holds of its account: `wharf accounts {account}`"));
}

#[cfg(test)]
mod tests {
    use super::super::super::paper::Colour;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_is_explained_by_its_attempts() {
        let told = json!({
            "id": "msg_1", "account": "1022", "number": "1065", "to": "491", "state": "queued", "kind": "text",
            "template": null, "priority": "normal", "wamid": null, "error": null,
            "attempts": [{"at": "2026-11-29T10:00:00.200Z", "status": 400, "code": 130429, "note": "rate"}],
            "created_at": "2026-11-29T10:00:00.100Z", "changed_at": "2026-11-29T10:00:00.200Z",
            "due_at": "2026-11-29T10:00:05.000Z", "expires_at": "2026-11-30T10:00:00.000Z"
        });
        let message: Message = serde_json::from_value(told).expect("a message");
        let expected = "\
It has not left yet; 1 attempt was made.

message msg_1: text from number 1065 to 491
  2026-11-29T10:00:00.100Z            taken, priority normal
  2026-11-29T10:00:00.200Z    +100ms  attempt 1: Graph answered 400 with code 130429: rate
  2026-11-29T10:00:00.200Z    +100ms  queued
  2026-11-29T10:00:05.000Z     +4.9s  next attempt, not before
  2026-11-30T10:00:00.000Z  +23h 59m  expires

Why it waits may stand among the holds of its account: `wharf accounts 1022`
";
        assert_eq!(tell(&message).render(Colour::Without), expected);
        let failed = Message {
            state: "failed".into(),
            error: Some(json!({"code": 131_026, "message": "(#131026) undeliverable"})),
            ..message
        };
        let told = tell(&failed).render(Colour::Without);
        assert!(told.starts_with("It failed: (#131026) undeliverable\n"), "{told}");
        assert!(told.ends_with("failed\n                                      (#131026) undeliverable\n"), "{told}");
    }
}
