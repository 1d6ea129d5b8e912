//! What the bot reads out of a delivery: messages with who wrote them, and the keys of statuses. Lenient.

use serde_json::{Value, json};

/// A delivery.
pub(super) struct Delivery {
    pub(super) messages: Vec<Inbound>,
    /// `wamid:status` of each status.
    pub(super) statuses: Vec<String>,
}

/// A message from a customer.
pub(super) struct Inbound {
    pub(super) wamid: String,
    number: String,
    wa_id: Option<String>,
    user_id: Option<String>,
    text: Option<String>,
}

/// An answer to be sent.
pub(super) struct Answer {
    /// The number it goes out from.
    pub(super) number: String,
    /// The wamid it answers.
    pub(super) wamid: String,
    /// The body for `/messages`.
    pub(super) body: Value,
}

/// Reads Meta's envelope; `None` where it is none.
pub(super) fn read(body: &[u8]) -> Option<Delivery> {
    let envelope: Value = serde_json::from_slice(body).ok()?;
    let mut delivery = Delivery { messages: Vec::new(), statuses: Vec::new() };
    for entry in envelope["entry"].as_array()? {
        for change in elements(&entry["changes"]) {
            read_value(&change["value"], &mut delivery);
        }
    }
    Some(delivery)
}

fn read_value(value: &Value, delivery: &mut Delivery) {
    let number = value["metadata"]["phone_number_id"].as_str().unwrap_or_default();
    delivery.messages.extend(elements(&value["messages"]).iter().filter_map(|message| inbound(message, number)));
    for status in elements(&value["statuses"]) {
        if let (Some(id), Some(name)) = (status["id"].as_str(), status["status"].as_str()) {
            delivery.statuses.push(format!("{id}:{name}"));
        }
    }
}

fn inbound(message: &Value, number: &str) -> Option<Inbound> {
    let text_of = |member: &str| message[member].as_str().map(str::to_owned);
    Some(Inbound {
        wamid: text_of("id")?,
        number: number.to_owned(),
        wa_id: text_of("from"),
        user_id: text_of("from_user_id"),
        text: message["text"]["body"].as_str().map(str::to_owned),
    })
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

impl Inbound {
    /// The answer to a text; `None` to everything else.
    pub(super) fn answer(self) -> Option<Answer> {
        let text = self.text?;
        let mut body = json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "type": "text",
            "context": {"message_id": self.wamid}, "text": {"body": format!("You wrote: {text}")},
        });
        match (self.wa_id, self.user_id) {
            (Some(wa_id), _) => body["to"] = wa_id.into(),
            (None, Some(user_id)) => body["recipient"] = user_id.into(),
            (None, None) => return None,
        }
        Some(Answer { number: self.number, wamid: self.wamid, body })
    }
}
