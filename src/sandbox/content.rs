//! What customers write: the types of messages, how often each comes, and their contents as Meta shows them.

use base64::prelude::{BASE64_STANDARD, Engine};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::ids::Mint;
use super::media;

/// The content of a message: its `type`, and the members beside it.
pub struct Content {
    /// `type`.
    pub kind: &'static str,
    /// The member named like the type, and others that the type brings.
    pub members: Map<String, Value>,
    /// Whether it answers a message of the business, and therefore has a `context`.
    pub answers: Answers,
}

/// What a message refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Nothing.
    Nothing,
    /// A message that the business sent.
    Business,
}

/// How often each type comes, in parts of the sum. Plain texts lead, as in life.
const MIX: &[(u32, &str)] = &[
    (520, "text"),
    (80, "image"),
    (70, "audio"),
    (30, "video"),
    (40, "document"),
    (30, "sticker"),
    (20, "location"),
    (15, "contacts"),
    (40, "reaction"),
    (45, "button"),
    (50, "button_reply"),
    (30, "list_reply"),
    (10, "order"),
    (8, "unsupported"),
    (6, "nfm_reply"),
    (6, "type_of_tomorrow"),
];

const TEXTS: &[&str] = &[
    "Hello!",
    "Hi, is my order ready? \u{1f600}",
    "Gr\u{fc}\u{df}e aus K\u{f6}ln, habt ihr heute ge\u{f6}ffnet?",
    "\u{bf}A qu\u{e9} hora abren ma\u{f1}ana?",
    "Obrigado! N\u{e3}o preciso de mais nada \u{1f64f}\u{1f3fd}",
    "\u{414}\u{43e}\u{431}\u{440}\u{438}\u{439} \u{434}\u{435}\u{43d}\u{44c}, \u{441}\u{43a}\u{456}\u{43b}\u{44c}\u{43a}\u{438} \u{43a}\u{43e}\u{448}\u{442}\u{443}\u{454}?",
    "See https://example.com/orders/7?x=1&y=2 \u{2014} the total is wrong",
    "1/2 kg of \"the good one\", please\nand a bag",
    "\u{4f60}\u{597d}\u{ff0c}\u{8bf7}\u{95ee}\u{6709}\u{8d27}\u{5417}\u{ff1f}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466} table for four?",
    "ok",
    "C:\\temp\\invoice.pdf does not open",
];

const EMOJI: &[&str] = &["\u{1f44d}", "\u{2764}\u{fe0f}", "\u{1f602}", "\u{1f64f}\u{1f3fd}", ""];

/// Draws a content.
pub fn draw(dice: &mut impl Rng, mint: &mut Mint) -> Content {
    let sum: u32 = MIX.iter().map(|(parts, _)| parts).sum();
    let mut left = dice.random_range(0..sum);
    for (parts, kind) in MIX {
        if left < *parts {
            return of_kind(kind, dice, mint);
        }
        left -= parts;
    }
    text(dice)
}

fn of_kind(kind: &'static str, dice: &mut impl Rng, mint: &mut Mint) -> Content {
    match kind {
        "image" => attachment("image", "image/jpeg", json!({"caption": one_of(TEXTS, dice)}), mint),
        "video" => attachment("video", "video/mp4", json!({}), mint),
        "audio" => attachment("audio", "audio/ogg; codecs=opus", json!({"voice": dice.random_bool(0.8)}), mint),
        "document" => {
            attachment("document", "application/pdf", json!({"filename": "Angebot \u{2116} 7/2026.pdf"}), mint)
        }
        "sticker" => attachment("sticker", "image/webp", json!({"animated": dice.random_bool(0.3)}), mint),
        "location" => plain("location", location(dice)),
        "contacts" => plain("contacts", contacts()),
        "reaction" => reaction(dice, mint),
        "button" => answer("button", json!({"payload": "ORDER/CONFIRM", "text": "Ja, best\u{e4}tigen"})),
        "button_reply" => interactive("button_reply", &json!({"id": "yes/1", "title": "Yes \u{2705}"})),
        "list_reply" => {
            interactive("list_reply", &json!({"id": "slot-3", "title": "Ma\u{f1}ana", "description": "10:00 / 12:00"}))
        }
        "nfm_reply" => interactive(
            "nfm_reply",
            &json!({"name": "flow", "body": "Sent", "response_json": "{\"flow_token\":\"t/1\",\"size\":\"M\"}"}),
        ),
        "order" => plain("order", order(dice)),
        "unsupported" => unsupported(),
        "type_of_tomorrow" => plain("type_of_tomorrow", json!({"novelty": true, "parts": [1, 2.5, null]})),
        _ => text(dice),
    }
}

/// Where somebody came from who clicked on an advertisement.
pub fn referral(mint: &mut Mint) -> Value {
    json!({
        "source_url": "https://fb.me/3cr4Wqqkv", "source_id": mint.node_id(), "source_type": "ad",
        "headline": "Summer \u{2600}\u{fe0f} sale", "body": "Everything 1/2 price", "media_type": "image",
        "image_url": "https://scontent.example.com/v/t45.1", "ctwa_clid": format!("Aff{:x}", mint.draw()),
    })
}

fn text(dice: &mut impl Rng) -> Content {
    plain("text", json!({"body": one_of(TEXTS, dice)}))
}

fn attachment(kind: &'static str, mime_type: &str, extra: Value, mint: &mut Mint) -> Content {
    let id = mint.media_id(media::digit_of(mime_type));
    let sha256 = BASE64_STANDARD.encode(Sha256::digest(media::content(&id)));
    let url = format!("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={id}&ext=1&hash=AT");
    let mut attachment = json!({"id": id, "mime_type": mime_type, "sha256": sha256, "url": url});
    if let (Some(attachment), Value::Object(extra)) = (attachment.as_object_mut(), extra) {
        attachment.extend(extra);
    }
    plain(kind, attachment)
}

fn location(dice: &mut impl Rng) -> Value {
    let latitude = f64::from(dice.random_range(-800_000..800_000)) / 10_000.0;
    json!({"latitude": latitude, "longitude": 6.9583, "name": "Caf\u{e9} Z\u{fc}rich", "address": "Hauptstr. 1/2, 50667 K\u{f6}ln"})
}

fn contacts() -> Value {
    json!([{
        "name": {"formatted_name": "Jos\u{e9} P\u{e9}rez", "first_name": "Jos\u{e9}", "last_name": "P\u{e9}rez"},
        "phones": [{"phone": "+34 600 000 001", "wa_id": "34600000001", "type": "CELL"}],
        "emails": [{"email": "jose@example.com", "type": "WORK"}],
    }])
}

fn order(dice: &mut impl Rng) -> Value {
    let items: Vec<Value> = (0..dice.random_range(1..4))
        .map(|nth| json!({"product_retailer_id": format!("sku/{nth}"), "quantity": 1 + nth, "item_price": 12.5, "currency": "EUR"}))
        .collect();
    json!({"catalog_id": "194836987003835", "text": "Danke sch\u{f6}n!", "product_items": items})
}

fn reaction(dice: &mut impl Rng, mint: &mut Mint) -> Content {
    let target = mint.wamid("15550000000", super::ids::Direction::Outbound);
    plain("reaction", json!({"message_id": target, "emoji": one_of(EMOJI, dice)}))
}

fn unsupported() -> Content {
    let error = json!({
        "code": 131_051, "title": "Message type unknown", "message": "Message type unknown",
        "error_data": {"details": "Message type is currently not supported."},
    });
    let mut content = plain("unsupported", json!({"type": "poll"}));
    content.members.insert("errors".into(), json!([error]));
    content
}

fn interactive(kind: &'static str, reply: &Value) -> Content {
    answer("interactive", json!({"type": kind, kind: reply}))
}

fn answer(kind: &'static str, value: Value) -> Content {
    Content { answers: Answers::Business, ..plain(kind, value) }
}

fn plain(kind: &'static str, value: Value) -> Content {
    Content { kind, members: Map::from_iter([(kind.to_owned(), value)]), answers: Answers::Nothing }
}

fn one_of(choices: &[&'static str], dice: &mut impl Rng) -> &'static str {
    choices.choose(dice).copied().unwrap_or_default()
}
