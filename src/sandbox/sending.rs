//! What the simulated Graph does with `/messages`: checks the body as Graph does, decides its fate, makes the answer.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::faults::Fate;
use super::ids::Direction;
use super::people::Person;
use super::refusal::Refusal;
use super::statuses::{Course, Outbound};
use super::world::World;

/// Which of the two paths a send came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendPath {
    /// `/messages`.
    Messages,
    /// `/marketing_messages`: templates only.
    MarketingMessages,
}

/// What Graph takes.
#[derive(Debug)]
pub enum Taken {
    /// A read receipt or a typing indicator: `{"success":true}`, and nothing follows.
    Receipt,
    /// A message.
    Message(Box<Sent>),
    /// Nothing: the connection closes, and nobody has the message.
    Nothing,
}

/// A message that was taken.
#[derive(Debug)]
pub struct Sent {
    /// The body of the answer.
    pub answer: Value,
    /// What the statuses are made from.
    pub outbound: Outbound,
    /// Whether the answer comes at once.
    pub reply: Reply,
}

/// When a send is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// At once.
    Prompt,
    /// So late that the caller has given up.
    HeldBack,
    /// After the first status.
    Overtaken,
    /// Never: the connection closes.
    Cut,
}

/// Types that `/messages` takes, as Graph lists them in its error.
const TYPES: &[&str] = &[
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "reaction",
    "sticker",
    "template",
    "text",
    "video",
    "pin",
];
/// Longest text body.
const MAX_TEXT: usize = 4096;
/// Longest `biz_opaque_callback_data`.
const MAX_MARK: usize = 512;

impl World {
    /// Takes or refuses a send from `number`; `chance` is uniform in 0..1 and decides about random faults.
    pub fn send(
        &mut self,
        number: &str,
        path: SendPath,
        body: &Value,
        chance: f64,
        now: Instant,
    ) -> Result<Taken, Refusal> {
        let (_, sender) = self.number(number, "post")?;
        if !sender.registration.is_done() {
            return Err(Refusal::coded(133_010));
        }
        let (line, sender) = (Arc::clone(&sender.line), sender.digits.clone());
        check_product(body)?;
        if body["status"].is_string() {
            return check_receipt(body).map(|()| Taken::Receipt);
        }
        let recipient = Recipient::of(body)?;
        let kind = check_content(body, path)?;
        if recipient.digits.as_deref() == Some(sender.as_str()) {
            return Err(Refusal::coded(131_021));
        }
        self.standing.check(&line.waba, number, body, now)?;
        self.limits.send(number, recipient.party(), self.options.faults.limits, now)?;
        let fate = self.fates.of(recipient.party(), &self.options.faults, chance);
        let (course, reply) = match fate {
            Fate::Refused(refusal) => return Err(refusal),
            Fate::Taken => (usual_course(kind, body), Reply::Prompt),
            Fate::TakenUnanswered => (usual_course(kind, body), Reply::HeldBack),
            Fate::TakenOvertaken => (usual_course(kind, body), Reply::Overtaken),
            Fate::TakenThenLost => (usual_course(kind, body), Reply::Cut),
            Fate::Lost => return Ok(Taken::Nothing),
            Fate::TakenThenFailed(code) => (Course::Failed(code), Reply::Prompt),
        };
        let wamid = self.mint.wamid(recipient.party(), Direction::Outbound);
        let person = Person::addressed(recipient.digits.as_deref(), recipient.user_id.as_deref());
        let answer = answer(&recipient, &wamid, kind);
        let mark = body["biz_opaque_callback_data"].as_str().map(str::to_owned);
        Ok(Taken::Message(Box::new(Sent { answer, outbound: Outbound { wamid, line, person, course, mark }, reply })))
    }
}

/// Whom a send is for.
struct Recipient {
    input: String,
    digits: Option<String>,
    user_id: Option<String>,
}

impl Recipient {
    /// `to` wins over `recipient` when both are given.
    fn of(body: &Value) -> Result<Self, Refusal> {
        if let Some(to) = text_of(&body["to"]) {
            if body["recipient_type"] == "group" {
                return Ok(Self { input: to.clone(), digits: Some(to), user_id: None });
            }
            let digits: String = to.chars().filter(char::is_ascii_digit).collect();
            if digits.is_empty() {
                return Err(Refusal::detailed(131_009, "Recipient phone number is not valid"));
            }
            return Ok(Self { input: to, digits: Some(digits), user_id: None });
        }
        let Some(user_id) = text_of(&body["recipient"]) else {
            return Err(Refusal::parameter("The parameter to is required."));
        };
        if !user_id.contains('.') {
            return Err(Refusal::detailed(131_009, "Recipient is not a business-scoped user id"));
        }
        Ok(Self { input: user_id.clone(), digits: None, user_id: Some(user_id) })
    }

    fn party(&self) -> &str {
        self.digits.as_deref().or(self.user_id.as_deref()).unwrap_or_default()
    }
}

/// A string, or a number, which Graph takes too.
fn text_of(value: &Value) -> Option<String> {
    let text = value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))?;
    (!text.is_empty()).then_some(text)
}

fn check_product(body: &Value) -> Result<(), Refusal> {
    match body["messaging_product"].as_str() {
        Some(product) if product.eq_ignore_ascii_case("whatsapp") => Ok(()),
        Some(product) => Err(Refusal::parameter(format_args!(
            "Param messaging_product must be one of {{WHATSAPP}} - got \"{product}\"."
        ))),
        None => Err(Refusal::parameter("The parameter messaging_product is required.")),
    }
}

fn check_receipt(body: &Value) -> Result<(), Refusal> {
    if body["status"] != "read" {
        return Err(Refusal::parameter("Param status must be one of {READ}."));
    }
    match body["message_id"].as_str() {
        Some(id) if id.starts_with("wamid.") => Ok(()),
        Some(_) => Err(Refusal::detailed(131_009, "message_id is not a valid WhatsApp message id")),
        None => Err(Refusal::parameter("The parameter message_id is required.")),
    }
}

/// Checks the type and its object; the type, which is `text` where none is said.
fn check_content(body: &Value, path: SendPath) -> Result<&'static str, Refusal> {
    let wanted = body["type"].as_str().unwrap_or("text").to_ascii_lowercase();
    let Some(kind) = TYPES.iter().find(|kind| **kind == wanted) else {
        let types = TYPES.join(", ").to_ascii_uppercase();
        return Err(Refusal::parameter(format_args!("Param type must be one of {{{types}}} - got \"{wanted}\".")));
    };
    if path == SendPath::MarketingMessages && *kind != "template" {
        return Err(Refusal::coded(131_055));
    }
    let content = &body[*kind];
    if content.is_null() {
        return Err(Refusal::parameter(format_args!("The parameter {kind} is required.")));
    }
    if body["biz_opaque_callback_data"].as_str().is_some_and(|mark| mark.chars().count() > MAX_MARK) {
        return Err(Refusal::parameter("Param biz_opaque_callback_data must be at most 512 characters long."));
    }
    check_members(kind, content).map(|()| *kind)
}

fn check_members(kind: &str, content: &Value) -> Result<(), Refusal> {
    let missing = |member: &str| Refusal::detailed(131_008, format!("Parameter {kind}['{member}'] is required"));
    match kind {
        "text" => match content["body"].as_str() {
            None | Some("") => Err(missing("body")),
            Some(body) if body.chars().count() > MAX_TEXT => {
                Err(Refusal::parameter("Param text['body'] must be at most 4096 characters long."))
            }
            Some(_) => Ok(()),
        },
        "image" | "video" | "audio" | "document" | "sticker"
            if content["id"].is_null() && content["link"].is_null() =>
        {
            Err(missing("id"))
        }
        "template" if content["name"].as_str().is_none() => Err(missing("name")),
        "template" if content["language"]["code"].as_str().is_none() => Err(missing("language")),
        "reaction" if content["message_id"].as_str().is_none() => Err(missing("message_id")),
        "interactive" if content["type"].as_str().is_none() => Err(missing("type")),
        "location" if content["latitude"].is_null() => Err(missing("latitude")),
        _ => Ok(()),
    }
}

fn usual_course(kind: &str, body: &Value) -> Course {
    match kind {
        "reaction" => Course::SentOnly,
        "audio" if body["audio"]["voice"] == true => Course::Played,
        _ => Course::Usual,
    }
}

fn answer(recipient: &Recipient, wamid: &str, kind: &str) -> Value {
    let mut contact = json!({"input": recipient.input});
    if let Some(digits) = &recipient.digits {
        contact["wa_id"] = digits.as_str().into();
    }
    if let Some(user_id) = &recipient.user_id {
        contact["user_id"] = user_id.as_str().into();
    }
    let mut message = json!({"id": wamid});
    if kind == "template" {
        message["message_status"] = "accepted".into();
    }
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})
}
