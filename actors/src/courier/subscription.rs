//! Subscribing an account to our app's webhooks, and what Meta says about it. Knows no registry and keeps nothing.

use serde_json::{Value, json};

use super::call::{Body, Call};
use super::errand::Errand;
use super::fault::Fault;
use crate::cloud::business::{self, SubscribedApp};
use crate::cloud::refusal::Refusal;
use crate::gateway::Overrides;

/// What to do about an override of the callback that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Leave it, and say so.
    Keep,
    /// Replace it: `force=true`.
    Replace,
}

/// What Meta says about an account's subscription.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Whether our app is among its subscribed apps.
    pub ours_subscribed: bool,
    /// Where Meta sends our app's webhooks for this account, if not to the app's callback.
    pub override_uri: Option<String>,
}

/// How subscribing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscribed {
    /// Meta confirmed, and the override is as wished.
    AsWished(Standing),
    /// Our app is subscribed, but the account could not be pointed at us: its webhooks go to the app's callback.
    NotOverridden(Standing, Box<Refusal>),
    /// Our app is subscribed, but somebody pointed this account elsewhere; that was kept.
    ForeignOverride(Standing),
}

impl Standing {
    /// What a list of apps says about ours.
    pub(crate) fn among(apps: &[SubscribedApp], app_id: Option<&str>) -> Self {
        let ours = apps.iter().find(|app| Some(app.id.as_str()) == app_id);
        Self { ours_subscribed: ours.is_some(), override_uri: ours.and_then(|app| app.override_uri.clone()) }
    }
}

impl Errand<'_> {
    /// Asks Meta whether our app is subscribed to `waba`, and with which override.
    pub async fn confirm(&self, waba: &str) -> Result<Standing, Fault> {
        let app_id = self.app_id().await?;
        self.standing(waba, app_id.as_deref()).await
    }

    /// Subscribes our app to `waba`, and points it at us where the gateway says so.
    pub async fn subscribe(&self, waba: &str, foreign: Foreign) -> Result<Subscribed, Fault> {
        let app_id = self.app_id().await?;
        if foreign == Foreign::Keep {
            let standing = self.standing(waba, app_id.as_deref()).await?;
            // A plain subscription would remove the override, so another's has to be found before.
            if standing.override_uri.is_some() && standing.override_uri != self.gateway.callback_url {
                return Ok(Subscribed::ForeignOverride(standing));
            }
        }
        self.expect_success(waba, Call::post(business::apps_path(waba), Body::Empty)).await?;
        let subscribed = |override_uri| Standing { ours_subscribed: true, override_uri };
        if self.gateway.overrides == Overrides::App {
            return Ok(Subscribed::AsWished(subscribed(None)));
        }
        Ok(match self.override_callback(waba).await {
            Ok(uri) => Subscribed::AsWished(subscribed(Some(uri))),
            Err(fault) => {
                Subscribed::NotOverridden(subscribed(None), Box::new(fault.into_refusal().at_step("override")))
            }
        })
    }

    /// Ends our app's subscription to `waba`.
    pub async fn unsubscribe(&self, waba: &str) -> Result<(), Fault> {
        self.expect_success(waba, Call::delete(business::apps_path(waba))).await
    }

    pub(crate) async fn standing(&self, waba: &str, app_id: Option<&str>) -> Result<Standing, Fault> {
        let answer = self.ask(Call::get(business::apps_path(waba))).await?;
        let list: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        Ok(Standing::among(&business::subscribed_apps(&list), app_id))
    }

    async fn override_callback(&self, waba: &str) -> Result<String, Fault> {
        let verify_token = self.gateway.verify_token.get();
        let (Some(uri), Some(token)) = (&self.gateway.callback_url, &*verify_token) else {
            return Err(Refusal::ours(
                400,
                "override = true needs server.public_url and the gateway's verify_token: set both",
            )
            .into());
        };
        let body = json!({ "override_callback_uri": uri, "verify_token": token.reveal() });
        let call = Call::post(business::apps_path(waba), Body::Json(body.to_string().into()));
        self.expect_success(waba, call).await?;
        Ok(uri.clone())
    }

    async fn expect_success(&self, waba: &str, call: Call) -> Result<(), Fault> {
        let answer = self.ask(call).await?;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match answer["success"].as_bool() {
            Some(true) => Ok(()),
            Some(false) | None => {
                let text = format!("Meta did not confirm: WhatsApp Business Account.ID={waba}; repeat the verb");
                Err(Refusal::ours(502, text).into())
            }
        }
    }
}

#[cfg(test)]
#[path = "subscription_tests.rs"]
mod tests;
