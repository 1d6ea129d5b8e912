//! What the events of an account change in its life: one row per event. What nobody knows changes nothing.

use super::holds::template_leaves;
use super::{Ban, BanState, Life, NUMBERS, Noted, NumberLife, Offboarded, Restriction, TEMPLATES, Template};
use crate::cloud::json;
use serde_json::Value;

impl Life {
    /// Hears one change of a webhook, in Meta's envelope. Odd ones, and those older than what is known, change nothing.
    pub fn hear(&mut self, envelope: &[u8], now: u64) {
        let Ok(post) = serde_json::from_slice::<Value>(envelope) else { return };
        let entry = &post["entry"][0];
        let (field, value) = (&entry["changes"][0]["field"], &entry["changes"][0]["value"]);
        // Meta has sent milliseconds in some fields.
        let said_s = seconds(&entry["time"]).unwrap_or(now / 1000);
        match field.as_str().unwrap_or_default() {
            "account_update" => self.updated(value, said_s, now),
            "account_review_update" => note(&mut self.review, word(value, "decision"), said_s),
            "account_alerts" => self.alerted(value, said_s),
            "business_capability_update" => self.limited(value, said_s),
            "phone_number_quality_update" => self.quality(value, said_s),
            "phone_number_name_update" => self.named(value, said_s),
            "message_template_status_update" => {
                let event = word(value, "event");
                let leaves = event.as_deref().and_then(template_leaves);
                let event = event.map(|event| with_reason(event, value));
                self.template(value, |template| {
                    let is_newest = template.status.as_ref().is_none_or(|known| known.said_s <= said_s);
                    if let Some(leaves) = leaves.filter(|_| is_newest) {
                        template.withheld = event.clone().filter(|_| !leaves);
                    }
                    note(&mut template.status, event, said_s);
                });
            }
            "message_template_quality_update" => {
                let score = word(value, "new_quality_score");
                self.template(value, |template| note(&mut template.quality, score, said_s));
            }
            "template_category_update" => {
                let category = word(value, "new_category");
                self.template(value, |template| note(&mut template.category, category, said_s));
            }
            _ => {}
        }
    }

    fn updated(&mut self, value: &Value, said_s: u64, now: u64) {
        match value["event"].as_str().unwrap_or_default() {
            "DISABLED_UPDATE" => self.ban(&value["ban_info"], said_s, now),
            "ACCOUNT_RESTRICTION" => self.restrict(value, said_s, now),
            "ACCOUNT_VIOLATION" => {
                note(&mut self.violation, word(&value["violation_info"], "violation_type"), said_s);
            }
            left @ ("ACCOUNT_DELETED" | "PARTNER_REMOVED" | "PARTNER_APP_UNINSTALLED" | "ACCOUNT_OFFBOARDED") => {
                let why = match word(&value["disconnection_info"], "reason") {
                    Some(reason) => format!("{left}: {reason}"),
                    None => left.to_owned(),
                };
                self.offboard(value, Some(Offboarded { why, since_ms: now }), said_s);
            }
            "ACCOUNT_RECONNECTED" | "PARTNER_ADDED" | "PARTNER_APP_INSTALLED" => self.offboard(value, None, said_s),
            _ => {}
        }
    }

    fn ban(&mut self, info: &Value, said_s: u64, now: u64) {
        let state = match info["waba_ban_state"].as_str().unwrap_or_default() {
            "SCHEDULE_FOR_DISABLE" => Some(BanState::Scheduled),
            "DISABLE" => Some(BanState::Disabled),
            "REINSTATE" => None,
            _ => return,
        };
        if said_s < self.ban_said_s {
            return;
        }
        self.ban_said_s = said_s;
        let date = word(info, "waba_ban_date").unwrap_or_default();
        self.ban = state.map(|state| Ban { state, date, since_ms: now });
    }

    fn restrict(&mut self, value: &Value, said_s: u64, now: u64) {
        self.restrictions.retain(|known| known.until_ms.is_none_or(|until| until > now));
        for info in json::elements(value.get("restriction_info")) {
            let Some(what) = word(info, "restriction_type") else { continue };
            if self.restrictions.iter().any(|known| known.what == what && known.said_s > said_s) {
                continue;
            }
            let until_ms = seconds(&info["expiration"]).map(|until| until.saturating_mul(1000));
            let remedy = word(info, "remediation");
            self.restrictions.retain(|known| known.what != what);
            if until_ms.is_none_or(|until| until > now) {
                self.restrictions.push(Restriction { what, until_ms, remedy, said_s, since_ms: now });
            }
        }
    }

    /// Where a phone number is named, the event is about that number alone.
    fn offboard(&mut self, value: &Value, gone: Option<Offboarded>, said_s: u64) {
        let (place, last_said_s) = match digits(value, "phone_number") {
            Some(number) => {
                let Some(number) = self.number(number) else { return };
                (&mut number.offboarded, &mut number.offboarded_said_s)
            }
            None => (&mut self.offboarded, &mut self.offboarded_said_s),
        };
        if said_s >= *last_said_s {
            (*last_said_s, *place) = (said_s, gone);
        }
    }

    fn alerted(&mut self, value: &Value, said_s: u64) {
        let info = &value["alert_info"];
        let text = ["alert_severity", "alert_type", "alert_status"].map(|name| word(info, name).unwrap_or_default());
        let text = text.join(" ");
        note(&mut self.alert, Some(text.trim().to_owned()).filter(|text| !text.is_empty()), said_s);
    }

    fn limited(&mut self, value: &Value, said_s: u64) {
        let names = ["max_daily_conversations_per_business", "max_daily_conversation_per_phone"];
        note(&mut self.limit, names.into_iter().find_map(|name| word(value, name)), said_s);
    }

    fn quality(&mut self, value: &Value, said_s: u64) {
        let event = word(value, "event");
        let limit =
            ["current_limit", "max_daily_conversations_per_business"].into_iter().find_map(|name| word(value, name));
        let Some(number) = digits(value, "display_phone_number").and_then(|number| self.number(number)) else { return };
        note(&mut number.limit, limit, said_s);
        match event.as_deref() {
            Some("THROUGHPUT_UPGRADE") => note(&mut number.throughput, Some("HIGH".to_owned()), said_s),
            Some("FLAGGED" | "UNFLAGGED") => note(&mut number.quality, event, said_s),
            Some(_) | None => {}
        }
    }

    fn named(&mut self, value: &Value, said_s: u64) {
        let (decision, name) = (word(value, "decision"), word(value, "requested_verified_name"));
        let Some(number) = digits(value, "display_phone_number").and_then(|number| self.number(number)) else { return };
        if decision.as_deref() == Some("APPROVED") {
            note(&mut number.name, name, said_s);
        }
        let reason = word(value, "rejection_reason").filter(|reason| reason != "NONE");
        let decision = decision.map(|decision| match reason {
            Some(reason) => format!("{decision}: {reason}"),
            None => decision,
        });
        note(&mut number.name_decision, decision, said_s);
    }

    fn template(&mut self, value: &Value, change: impl FnOnce(&mut Template)) {
        let Some(id) = word(value, "message_template_id") else { return };
        let template = self.templates.entry(id).or_default();
        for (place, name) in
            [(&mut template.name, "message_template_name"), (&mut template.language, "message_template_language")]
        {
            if let Some(text) = word(value, name) {
                *place = text;
            }
        }
        change(template);
        if self.templates.len() > TEMPLATES {
            // Of one that may not be sent it matters most.
            let worth = |template: &Template| (template.withheld.is_some(), template.said_s());
            let oldest = self.templates.iter().min_by_key(|(_, template)| worth(template)).map(|(id, _)| id.clone());
            oldest.and_then(|id| self.templates.remove(&id));
        }
    }

    fn number(&mut self, digits: String) -> Option<&mut NumberLife> {
        let has_room = self.numbers.len() < NUMBERS || self.numbers.contains_key(&digits);
        has_room.then(|| self.numbers.entry(digits).or_default())
    }
}

/// Notes what was said, unless something newer is known.
fn note(place: &mut Option<Noted>, what: Option<String>, said_s: u64) {
    let is_newest = place.as_ref().is_none_or(|known| known.said_s <= said_s);
    if let Some(what) = what.filter(|_| is_newest) {
        *place = Some(Noted { what, said_s });
    }
}

fn with_reason(event: String, value: &Value) -> String {
    match word(value, "reason").filter(|reason| reason != "NONE") {
        Some(reason) => format!("{event}: {reason}"),
        None => event,
    }
}

/// The longest text of Meta's that is remembered, in characters.
const LONGEST: usize = 200;

/// A text that says something.
pub(super) fn word(value: &Value, name: &str) -> Option<String> {
    let text = json::text(&value[name]).filter(|text| !text.is_empty())?;
    Some(text.chars().take(LONGEST).collect())
}

pub(super) fn digits(value: &Value, name: &str) -> Option<String> {
    let digits: String = word(value, name)?.chars().filter(char::is_ascii_digit).collect();
    Some(digits).filter(|digits| !digits.is_empty())
}

/// A moment in s since 1970, also where it was given in milliseconds; anything else is none.
fn seconds(value: &Value) -> Option<u64> {
    let whole = u64::try_from(json::whole(value)?).ok().filter(|whole| *whole > 0)?;
    Some(if whole > 100_000_000_000 { whole / 1000 } else { whole })
}
