//! Outbound messages: what an application posted, what Graph answered. Knows neither the queue nor HTTP.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use wharf_storage::TemplateName;

use super::graph_error::OwnRefusal;
use super::json;

/// What a posted body asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outbound {
    /// A message for the queue.
    Message(OutboundMessage),
    /// A read receipt or a typing indicator: it goes straight through.
    Mark(Mark),
}

/// A message to a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundMessage {
    /// Who gets it.
    pub recipient: Recipient,
    /// The recipient as the application wrote it: `contacts[].input` of the answer.
    pub input: String,
    /// `type` in small letters; Meta takes `text` where there is none.
    pub kind: String,
    /// The application's own `biz_opaque_callback_data`.
    pub opaque: Option<String>,
    /// The message it quotes, `context.message_id`.
    pub quotes: Option<String>,
    /// The template it is made from: `template.name` and `template.language.code`.
    pub template: Option<TemplateName>,
}

/// A receipt about an inbound message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The inbound message, where it is named.
    pub message_id: Option<String>,
    /// Whether the customer is shown that somebody types.
    pub typing: Typing,
}

/// Whether a receipt carries a typing indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    /// It does.
    Shown,
    /// It does not.
    Absent,
}

/// Who gets a message. Messages to the same one leave one after another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// The digits of a phone number.
    Phone(String),
    /// A user's business-scoped id.
    User(String),
    /// A group's id.
    Group(String),
}

impl Recipient {
    /// The recipient's lane: equal for every way of writing the same number.
    pub fn lane(&self) -> &str {
        match self {
            Self::Phone(id) | Self::User(id) | Self::Group(id) => id,
        }
    }
}

impl Outbound {
    /// Reads a posted body leniently: only what Graph could never take is refused.
    pub fn read(body: &[u8]) -> Result<Self, OwnRefusal> {
        let members = json::members(body).ok_or(OwnRefusal::NotJson)?;
        let text = |name: &str| members.get(name).and_then(|raw| json::raw_text(raw));
        if text("messaging_product").is_none() {
            return Err(OwnRefusal::NoProduct);
        }
        let typing = members.get("typing_indicator").is_some_and(|raw| raw.get() != "null");
        if typing || text("status").as_deref() == Some("read") {
            let typing = if typing { Typing::Shown } else { Typing::Absent };
            return Ok(Self::Mark(Mark { message_id: text("message_id"), typing }));
        }
        let to_group = text("recipient_type").as_deref() == Some("group");
        // Where both are given, Meta goes by `to`.
        let (recipient, input) = match (text("to"), text("recipient")) {
            (Some(to), _) => (addressed(&to, to_group), to),
            (None, Some(user)) => (Recipient::User(user.clone()), user),
            (None, None) => return Err(OwnRefusal::NoRecipient),
        };
        Ok(Self::Message(OutboundMessage {
            recipient,
            input,
            kind: text("type").map_or_else(|| "text".to_owned(), |kind| kind.to_ascii_lowercase()),
            opaque: text("biz_opaque_callback_data"),
            quotes: members.get("context").and_then(|raw| member_of(raw, "message_id")),
            template: members.get("template").and_then(|raw| template(raw)),
        }))
    }
}

fn addressed(to: &str, group: bool) -> Recipient {
    if group {
        return Recipient::Group(to.to_owned());
    }
    // A business-scoped id has letters; a phone number has none, whatever stands between its digits.
    let digits: String = to.chars().filter(char::is_ascii_digit).collect();
    match digits.is_empty() || to.chars().any(char::is_alphabetic) {
        true => Recipient::User(to.to_owned()),
        false => Recipient::Phone(digits),
    }
}

fn template(object: &RawValue) -> Option<TemplateName> {
    let members = json::members(object.get().as_bytes())?;
    let name = members.get("name").and_then(|raw| json::raw_text(raw))?;
    let language = members.get("language").and_then(|raw| member_of(raw, "code"));
    Some(TemplateName { name: name.into(), language: language.map(Into::into) })
}

fn member_of(object: &RawValue, name: &str) -> Option<String> {
    json::members(object.get().as_bytes())?.get(name).and_then(|raw| json::raw_text(raw))
}

/// What Graph answered to a message it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Meta's id of the message.
    pub wamid: String,
    /// `message_status`, of templates: `accepted`, `held_for_quality_assessment`, `paused`.
    pub message_status: Option<String>,
    /// The customer's number, as Meta writes it.
    pub wa_id: Option<String>,
    /// The customer's business-scoped id.
    pub user_id: Option<String>,
}

impl Taken {
    /// Reads Graph's answer; `None` where it names no message.
    pub fn read(body: &[u8]) -> Option<Self> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let message = json::elements(answer.get("messages")).first()?;
        let contact = json::elements(answer.get("contacts")).first().unwrap_or(&Value::Null);
        let text = |of: &Value, name| of.get(name).and_then(json::text).filter(|text| !text.is_empty());
        Some(Self {
            wamid: text(message, "id")?,
            message_status: text(message, "message_status"),
            wa_id: text(contact, "wa_id"),
            user_id: text(contact, "user_id"),
        })
    }
}

/// The answer to a message that is kept and not yet settled.
pub fn queued(message_id: &str, input: &str) -> Bytes {
    answered(message_id, input, Some("queued"))
}

/// The answer to a message that Meta took, for whoever asks for it again.
pub fn taken_before(wamid: &str, input: &str) -> Bytes {
    answered(wamid, input, None)
}

fn answered(message_id: &str, input: &str, message_status: Option<&str>) -> Bytes {
    #[derive(Serialize)]
    struct Answer<'a> {
        messaging_product: &'a str,
        contacts: [Contact<'a>; 1],
        messages: [Message<'a>; 1],
    }
    #[derive(Serialize)]
    struct Contact<'a> {
        input: &'a str,
    }
    #[derive(Serialize)]
    struct Message<'a> {
        id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        message_status: Option<&'a str>,
    }
    let answer = Answer {
        messaging_product: "whatsapp",
        contacts: [Contact { input }],
        messages: [Message { id: message_id, message_status }],
    };
    Bytes::from(serde_json::to_vec(&answer).expect("text alone always serialises"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> OutboundMessage {
        match Outbound::read(body.as_bytes()) {
            Ok(Outbound::Message(message)) => message,
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn every_way_of_writing_a_number_is_one_lane() {
        for to in [r#""+380 44 123-45""#, r#""3804412345""#, "3804412345", r#""(380) 4412345""#] {
            let message = message(&format!(r#"{{"messaging_product":"whatsapp","to":{to}}}"#));
            assert_eq!(message.recipient, Recipient::Phone("3804412345".into()), "{to}");
            assert_eq!(message.kind, "text");
        }
    }

    #[test]
    fn users_and_groups_have_lanes_of_their_own_and_to_wins() {
        let user = message(r#"{"messaging_product":"whatsapp","recipient":"US.1A2"}"#);
        assert_eq!((user.recipient.lane(), user.input.as_str()), ("US.1A2", "US.1A2"));
        let both = message(r#"{"messaging_product":"whatsapp","recipient":"US.1A2","to":"+1 555","type":"TEMPLATE"}"#);
        assert_eq!((both.recipient.lane(), both.kind.as_str()), ("1555", "template"));
        let group = message(r#"{"messaging_product":"whatsapp","recipient_type":"group","to":"12-34"}"#);
        assert_eq!(group.recipient, Recipient::Group("12-34".into()));
        let inside = message(r#"{"messaging_product":"whatsapp","to":"US.1A2"}"#);
        assert_eq!(inside.recipient, Recipient::User("US.1A2".into()));
    }

    #[test]
    fn receipts_and_typing_go_straight_through() {
        let mark = |body: &str| Outbound::read(body.as_bytes()).expect("a receipt");
        assert_eq!(
            mark(r#"{"messaging_product":"whatsapp","status":"read","message_id":"wamid.X"}"#),
            Outbound::Mark(Mark { message_id: Some("wamid.X".into()), typing: Typing::Absent })
        );
        let typing = mark(
            r#"{"messaging_product":"whatsapp","status":"read","message_id":"m","typing_indicator":{"type":"text"}}"#,
        );
        assert_eq!(typing, Outbound::Mark(Mark { message_id: Some("m".into()), typing: Typing::Shown }));
    }

    #[test]
    fn only_what_graph_could_never_take_is_refused() {
        let refused = |body: &str| Outbound::read(body.as_bytes()).expect_err("refused");
        for body in ["", "null", "[]", "7", "to=1&type=text", r#"{"to":"#] {
            assert_eq!(refused(body), OwnRefusal::NotJson, "{body}");
        }
        assert_eq!(refused(r#"{"to":"1","messaging_product":null}"#), OwnRefusal::NoProduct);
        assert_eq!(refused(r#"{"to":null,"recipient":"","messaging_product":"whatsapp"}"#), OwnRefusal::NoRecipient);
    }

    #[test]
    fn half_an_emoji_and_repeated_members_do_not_stop_a_message() {
        let body = r#"{"messaging_product":"whatsapp","to":"1","to":"2","text":{"body":"\ud83d"},"context":{"message_id":"msg_1"},
            "biz_opaque_callback_data":"mine"}"#;
        let message = message(body);
        assert_eq!(message.recipient.lane(), "2");
        assert_eq!((message.opaque.as_deref(), message.quotes.as_deref()), (Some("mine"), Some("msg_1")));
    }

    #[test]
    fn a_template_is_named_with_its_language_where_that_is_said() {
        let named = |template: &str| {
            message(&format!(r#"{{"messaging_product":"whatsapp","to":"1","type":"template","template":{template}}}"#))
                .template
                .map(|template| template.to_string())
        };
        let of = r#"{"name":"sale","language":{"policy":"deterministic","code":"en_US"}}"#;
        assert_eq!(named(of).as_deref(), Some("sale (en_US)"));
        for odd in [r#"{"name":"sale"}"#, r#"{"name":"sale","language":"en"}"#, r#"{"name":"sale","language":{}}"#] {
            assert_eq!(named(odd).as_deref(), Some("sale"), "{odd}");
        }
        assert_eq!((named("{}"), named("null"), named("7")), (None, None, None));
    }

    #[test]
    fn graphs_answer_names_the_message() {
        let taken = Taken::read(
            br#"{"messaging_product":"whatsapp","contacts":[{"input":"+1","wa_id":"1","user_id":"US.1"}],
                "messages":[{"id":"wamid.A=","message_status":"accepted"}]}"#,
        );
        let expected = Taken {
            wamid: "wamid.A=".into(),
            message_status: Some("accepted".into()),
            wa_id: Some("1".into()),
            user_id: Some("US.1".into()),
        };
        assert_eq!(taken, Some(expected));
        for body in ["", "null", "[]", r#"{"success":true}"#, r#"{"messages":[null]}"#, r#"{"messages":[{"id":""}]}"#] {
            assert_eq!(Taken::read(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_queued_message_is_answered_in_graphs_shape() {
        assert_eq!(
            queued("msg_1", "+1 \"x\""),
            concat!(
                r#"{"messaging_product":"whatsapp","contacts":[{"input":"+1 \"x\""}],"#,
                r#""messages":[{"id":"msg_1","message_status":"queued"}]}"#
            )
        );
    }
}
