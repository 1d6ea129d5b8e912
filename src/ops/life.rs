//! How an account stands with Meta, and its gateway's token, as `/api/accounts/{waba}` shows them. Decides nothing.

use super::moment;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use wharf_actors::gateway::own_tokens::OwnToken;
use wharf_actors::rules::expiry::TokenWatch;
use wharf_actors::rules::life::{Health, Life, Noted, NumberLife, Offboarded, Template};

/// Part of an account that is looked into.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LifeShown {
    /// `ok`, `restricted`, `banned` or `offboarded`.
    #[schemars(with = "String", extend("enum" = ["ok", "restricted", "banned", "offboarded"]))]
    standing: Health,
    ban: Option<BanShown>,
    restrictions: Vec<RestrictionShown>,
    offboarded: Option<SinceShown>,
    violation: Option<NotedShown>,
    review: Option<NotedShown>,
    limit: Option<NotedShown>,
    alert: Option<NotedShown>,
    /// What events said of its numbers, by the digits of their display number.
    numbers: BTreeMap<String, NumberShown>,
    /// Templates that changed, by id.
    templates: BTreeMap<String, TemplateShown>,
    /// Where Meta's side is not as wished.
    drift: Vec<DriftShown>,
    reconciled_at: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BanShown {
    #[schemars(with = "String")]
    state: wharf_actors::rules::life::BanState,
    date: String,
    since: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RestrictionShown {
    what: String,
    until: Option<String>,
    remedy: Option<String>,
    since: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SinceShown {
    why: String,
    since: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NotedShown {
    what: String,
    at: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DriftShown {
    what: &'static str,
    since: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NumberShown {
    quality: Option<NotedShown>,
    limit: Option<NotedShown>,
    throughput: Option<NotedShown>,
    name: Option<NotedShown>,
    name_decision: Option<NotedShown>,
    offboarded: Option<SinceShown>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TemplateShown {
    name: String,
    language: String,
    status: Option<NotedShown>,
    quality: Option<NotedShown>,
    category: Option<NotedShown>,
}

impl LifeShown {
    /// As it is at `now`: a restriction that has ended is not shown.
    pub(super) fn of(life: Life, now: u64) -> Self {
        let restrictions = life.restrictions_at(now).map(|restriction| RestrictionShown {
            what: restriction.what.clone(),
            until: restriction.until_ms.and_then(moment),
            remedy: restriction.remedy.clone(),
            since: moment(restriction.since_ms),
        });
        let drift = life.drift.iter();
        Self {
            standing: life.health(now),
            restrictions: restrictions.collect(),
            drift: drift.map(|it| DriftShown { what: it.word.text(), since: moment(it.since_ms) }).collect(),
            ban: life.ban.map(|ban| BanShown { state: ban.state, date: ban.date, since: moment(ban.since_ms) }),
            offboarded: life.offboarded.map(since),
            violation: life.violation.map(noted),
            review: life.review.map(noted),
            limit: life.limit.map(noted),
            alert: life.alert.map(noted),
            numbers: life.numbers.into_iter().map(|(digits, number)| (digits, NumberShown::of(number))).collect(),
            templates: life.templates.into_iter().map(|(id, template)| (id, TemplateShown::of(template))).collect(),
            reconciled_at: life.reconciled_at_ms.and_then(moment),
        }
    }
}

impl NumberShown {
    fn of(number: NumberLife) -> Self {
        Self {
            quality: number.quality.map(noted),
            limit: number.limit.map(noted),
            throughput: number.throughput.map(noted),
            name: number.name.map(noted),
            name_decision: number.name_decision.map(noted),
            offboarded: number.offboarded.map(since),
        }
    }
}

impl TemplateShown {
    fn of(template: Template) -> Self {
        Self {
            name: template.name,
            language: template.language,
            status: template.status.map(noted),
            quality: template.quality.map(noted),
            category: template.category.map(noted),
        }
    }
}

fn noted(noted: Noted) -> NotedShown {
    NotedShown { what: noted.what, at: moment(noted.said_s.saturating_mul(1000)) }
}

fn since(gone: Offboarded) -> SinceShown {
    SinceShown { why: gone.why, since: moment(gone.since_ms) }
}

/// What Graph said of the token that an account uses: its own, or its gateway's.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenShown {
    own: bool,
    /// Since when it is the account's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_at: Option<String>,
    valid: bool,
    scopes: Vec<String>,
    missing_scopes: Vec<String>,
    /// `null`: never.
    expires_at: Option<String>,
    data_access_expires_at: Option<String>,
    checked_at: Option<String>,
    reason: Option<String>,
}

impl TokenShown {
    pub(super) fn of(token: &TokenWatch) -> Self {
        let at = |seconds: Option<i64>| moment(u64::try_from(seconds?).ok()?.saturating_mul(1000));
        let report = token.report();
        Self {
            own: false,
            set_at: None,
            valid: report.is_valid,
            scopes: report.scopes.clone(),
            missing_scopes: report.missing_scopes.clone(),
            expires_at: at(report.expires_at),
            data_access_expires_at: at(report.data_access_expires_at),
            checked_at: moment(token.heard_ms()),
            reason: report.reason.clone(),
        }
    }

    /// An account's own.
    pub(super) fn of_account(own: &OwnToken) -> Self {
        let shown = Self { own: true, set_at: moment(own.set_at_ms), ..Self::of(&own.watch) };
        match &own.secret {
            Ok(_) => shown,
            Err(why) => Self { valid: false, reason: Some(why.to_string()), ..shown },
        }
    }
}
