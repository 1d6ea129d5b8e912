//! What can be made to happen to an account on demand: it is told by webhook as Meta tells it, and takes effect.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::item::{Item, Kind, Line, Place};
use super::limits::HIGH_THROUGHPUT;
use super::refusal::Refusal;
use super::signing::meta_json;
use super::world::{Class, World};

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum LifeEvent {
    /// Meta bans the account, or says that it will, or takes it back: `account_update` with `DISABLED_UPDATE`.
    Ban {
        /// The account's id.
        account: String,
        /// What Meta says.
        state: BanState,
    },
    /// `account_update` with `ACCOUNT_RESTRICTION`.
    Restriction {
        /// The account's id.
        account: String,
        /// `RESTRICTED_BIZ_INITIATED_MESSAGING`, which refuses templates; `RESTRICTED_CUSTOMER_INITIATED_MESSAGING`,
        /// which refuses everything else; another has no effect here.
        restriction: String,
        /// For how long.
        seconds: u64,
    },
    /// `phone_number_quality_update` with `THROUGHPUT_UPGRADE`.
    ThroughputUpgrade {
        /// The number's id.
        number: String,
        /// For how long it cannot be used meanwhile.
        #[serde(default)]
        unusable_ms: u64,
    },
    /// `message_template_status_update`.
    Template {
        /// The account's id.
        account: String,
        /// The template's name.
        name: String,
        /// What Meta says.
        state: TemplateState,
    },
    /// `user_preferences`: a customer wants no more marketing, or wants it again.
    Preference {
        /// The number's id.
        number: String,
        /// The customer, in digits.
        customer: String,
        /// `stop` or `resume`.
        value: Preference,
    },
}

/// `waba_ban_state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BanState {
    /// Announced: nothing is refused yet.
    ScheduleForDisable,
    /// Every send is refused with 131031.
    Disable,
    /// All is well again.
    Reinstate,
}

/// `event` of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TemplateState {
    /// Sends of it are taken.
    Approved,
    /// Sends of it are refused with 132015.
    Paused,
    /// Sends of it are refused with 132016.
    Disabled,
}

/// What a customer wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// No more marketing.
    Stop,
    /// Marketing again.
    Resume,
}

impl World {
    /// Lets `event` happen; the webhook that tells it. `unix_now` in seconds since 1970.
    pub fn happen(&mut self, event: &LifeEvent, unix_now: u64, now: Instant) -> Result<Item, Refusal> {
        match event {
            LifeEvent::Ban { account, state } => self.ban(account, *state, unix_now),
            LifeEvent::Restriction { account, restriction, seconds } => {
                self.restrict(account, restriction, *seconds, unix_now, now)
            }
            LifeEvent::ThroughputUpgrade { number, unusable_ms } => {
                self.upgrade(number, Duration::from_millis(*unusable_ms), unix_now, now)
            }
            LifeEvent::Template { account, name, state } => self.change_template(account, name, *state, unix_now),
            LifeEvent::Preference { number, customer, value } => self.prefer(number, customer, *value, unix_now),
        }
    }

    fn ban(&mut self, waba: &str, state: BanState, unix_now: u64) -> Result<Item, Refusal> {
        self.account(waba, "post")?;
        let word = match state {
            BanState::ScheduleForDisable => "SCHEDULE_FOR_DISABLE",
            BanState::Disable => {
                self.standing.ban(waba);
                "DISABLE"
            }
            BanState::Reinstate => {
                self.standing.reinstate(waba);
                "REINSTATE"
            }
        };
        let info = json!({"waba_ban_state": word, "waba_ban_date": "November 22, 2026"});
        Ok(self.told(waba, "account_update", &json!({"event": "DISABLED_UPDATE", "ban_info": info}), unix_now))
    }

    fn restrict(&mut self, waba: &str, kind: &str, seconds: u64, unix_now: u64, now: Instant) -> Result<Item, Refusal> {
        self.account(waba, "post")?;
        let until = now + Duration::from_secs(seconds);
        match kind {
            "RESTRICTED_BIZ_INITIATED_MESSAGING" => self.standing.restrict(waba, Class::BusinessInitiated, until),
            "RESTRICTED_CUSTOMER_INITIATED_MESSAGING" => self.standing.restrict(waba, Class::CustomerInitiated, until),
            _ => {}
        }
        let info = json!([{"restriction_type": kind, "expiration": unix_now + seconds}]);
        let value = json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info});
        Ok(self.told(waba, "account_update", &value, unix_now))
    }

    fn upgrade(&mut self, number: &str, unusable: Duration, unix_now: u64, now: Instant) -> Result<Item, Refusal> {
        let line = Arc::clone(&self.number(number, "post")?.1.line);
        self.standing.upgrade(number, now + unusable);
        self.limits.set_throughput(number, HIGH_THROUGHPUT);
        let value = json!({
            "display_phone_number": line.digits, "event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_UNLIMITED",
        });
        Ok(self.told(&line.waba, "phone_number_quality_update", &value, unix_now))
    }

    fn change_template(
        &mut self,
        waba: &str,
        name: &str,
        state: TemplateState,
        unix_now: u64,
    ) -> Result<Item, Refusal> {
        self.account(waba, "post")?;
        let (word, code) = match state {
            TemplateState::Approved => ("APPROVED", None),
            TemplateState::Paused => ("PAUSED", Some(132_015)),
            TemplateState::Disabled => ("DISABLED", Some(132_016)),
        };
        self.standing.set_template(waba, name, code);
        // Template ids are JSON numbers in Meta's webhooks.
        let id = self.mint.draw() % 1_000_000_000_000_000;
        let value = json!({
            "event": word, "message_template_id": id, "message_template_name": name,
            "message_template_language": "en_US", "reason": "NONE", "message_template_category": "MARKETING",
        });
        Ok(self.told(waba, "message_template_status_update", &value, unix_now))
    }

    fn prefer(&mut self, number: &str, customer: &str, value: Preference, unix_now: u64) -> Result<Item, Refusal> {
        let line = Arc::clone(&self.number(number, "post")?.1.line);
        let (word, detail) = match value {
            Preference::Stop => ("stop", "User requested to stop marketing messages"),
            Preference::Resume => ("resume", "User requested to resume marketing messages"),
        };
        let preference = json!({
            "wa_id": customer, "detail": detail, "category": "marketing_messages", "value": word,
            "timestamp": unix_now,
        });
        let value = json!({
            "messaging_product": "whatsapp", "metadata": metadata(&line),
            "contacts": [{"profile": {"name": "Customer"}, "wa_id": customer}], "user_preferences": [preference],
        });
        Ok(self.told(&line.waba, "user_preferences", &value, unix_now))
    }

    fn told(&mut self, waba: &str, field: &'static str, value: &Value, unix_now: u64) -> Item {
        let key = format!("{field}:{waba}:{:016x}", self.mint.draw());
        let place = Place::Account { waba: waba.to_owned(), entry_id: waba.to_owned(), field, time: unix_now };
        Item { key, place, kind: Kind::Account, body: meta_json(value), contact: None }
    }
}

fn metadata(line: &Line) -> Value {
    json!({"display_phone_number": line.digits, "phone_number_id": line.number})
}
