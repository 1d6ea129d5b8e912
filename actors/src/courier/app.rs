//! What concerns our app at Meta and none of its accounts: where its webhooks go, and who logged in through it. Knows no
//! registry and keeps nothing; a person's token never leaves this file.

use super::Courier;
use super::call::{Access, Body, Call};
use super::errand::Errand;
use super::fault::Fault;
use super::graph::Graph;
use crate::clock::chance;
use crate::cloud::app::{AppSubscription, OBJECT};
use crate::cloud::refusal::Refusal;
use crate::cloud::token::TokenReport;
use crate::gateway::{Gateway, Secret};
use actix::prelude::*;
use serde_json::Value;
use std::rc::Rc;
use std::sync::Arc;

/// Edge → courier: where Meta sends the webhooks of the gateway's app.
#[derive(Message)]
#[rtype(result = "Result<Option<AppSubscription>, Fault>")]
pub struct AskApp {
    /// Whose app.
    pub gateway: Arc<Gateway>,
}

/// Edge → courier: have Meta send the webhooks of the gateway's app to us. Meta asks the callback before it answers.
#[derive(Message)]
#[rtype(result = "Result<(), Fault>")]
pub struct SubscribeApp {
    /// Whose app.
    pub gateway: Arc<Gateway>,
    /// Where to.
    pub callback_url: String,
    /// What Meta says to the callback.
    pub verify_token: Secret,
    /// Which fields.
    pub fields: Vec<String>,
}

/// Edge → courier: which accounts a person who logged in has shared with the gateway's app.
#[derive(Message)]
#[rtype(result = "Result<TokenReport, Fault>")]
pub struct LogIn {
    /// Whose app.
    pub gateway: Arc<Gateway>,
    /// What the dialog gave.
    pub code: Secret,
    /// Where the dialog came back to.
    pub redirect_uri: String,
}

impl Handler<AskApp> for Courier {
    type Result = ResponseFuture<Result<Option<AppSubscription>, Fault>>;

    fn handle(&mut self, message: AskApp, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move { Errand::for_app(&graph, &message.gateway)?.app_subscription().await })
    }
}

impl Handler<SubscribeApp> for Courier {
    type Result = ResponseFuture<Result<(), Fault>>;

    fn handle(&mut self, message: SubscribeApp, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move { Errand::for_app(&graph, &message.gateway)?.subscribe_app(&message).await })
    }
}

impl Handler<LogIn> for Courier {
    type Result = ResponseFuture<Result<TokenReport, Fault>>;

    fn handle(&mut self, message: LogIn, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move { Errand::for_app(&graph, &message.gateway)?.logged_in(&message).await })
    }
}

impl<'a> Errand<'a> {
    /// As the app itself.
    fn for_app(graph: &'a Graph, gateway: &'a Gateway) -> Result<Self, Fault> {
        let unknown = || Fault::not_sent("the gateway has no app_id, or no app_secret");
        let access = Access::of_app(gateway).ok_or_else(unknown)?;
        Ok(Self { graph, gateway, access, jitter: chance() })
    }

    fn app_path(&self) -> String {
        format!("{}/subscriptions", self.gateway.app_id.as_deref().unwrap_or_default())
    }

    async fn app_subscription(&self) -> Result<Option<AppSubscription>, Fault> {
        let answer = self.ask(Call::get(self.app_path())).await?;
        Ok(AppSubscription::read(&answer.body))
    }

    async fn subscribe_app(&self, wish: &SubscribeApp) -> Result<(), Fault> {
        let form = [
            ("object", OBJECT.to_owned()),
            ("callback_url", wish.callback_url.clone()),
            ("verify_token", wish.verify_token.reveal().to_owned()),
            ("fields", wish.fields.join(",")),
            ("include_values", "true".to_owned()),
        ];
        let answer = self.ask(Call::post(self.app_path(), as_form(form))).await?;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match answer["success"].as_bool() {
            Some(true) => Ok(()),
            Some(false) | None => Err(Refusal::ours(502, "Meta did not confirm the subscription; repeat it").into()),
        }
    }

    /// A code works once: nothing is repeated before it is a token.
    async fn logged_in(&self, login: &LogIn) -> Result<TokenReport, Fault> {
        let secret = self.access.app_secret.as_ref().map(|secret| secret.reveal().to_owned()).unwrap_or_default();
        let form = [
            ("client_id", self.gateway.app_id.clone().unwrap_or_default()),
            ("client_secret", secret),
            ("code", login.code.reveal().to_owned()),
            ("grant_type", "authorization_code".to_owned()),
            ("redirect_uri", login.redirect_uri.clone()),
        ];
        let answer = self.graph.call_without_token(Call::post("oauth/access_token", as_form(form))).await?;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let odd = || Refusal::ours(502, "Graph's answer to the login's code has no token");
        let token = answer["access_token"].as_str().filter(|token| !token.is_empty()).ok_or_else(odd)?;
        let report = self.ask(Call::get("debug_token").query("input_token", token)).await?;
        Ok(TokenReport::read(&report.body))
    }
}

fn as_form<const N: usize>(pairs: [(&str, String); N]) -> Body {
    Body::Form(pairs.map(|(name, value)| (name.to_owned(), value)).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::courier::fake::{Fake, Reply, gateway};
    use serde_json::json;

    const APP_TOKEN: &str = "Bearer 42|current";

    #[actix_rt::test]
    async fn the_app_is_subscribed_with_its_own_token_in_a_header_and_its_secret_in_no_url() {
        let fake = Fake::start(|_| Reply::Json(200, json!({"success": true})));
        let (graph, gateway) = (fake.graph(), gateway());
        let wish = SubscribeApp {
            gateway: Arc::new(gateway.clone()),
            callback_url: "https://wa.example.com/support".into(),
            verify_token: Secret::new("verify me"),
            fields: vec!["account_update".into(), "messages".into()],
        };
        Errand::for_app(&graph, &gateway).unwrap().subscribe_app(&wish).await.unwrap();
        let seen = &fake.seen()[0];
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v25.0/42/subscriptions"));
        assert_eq!(seen.headers["authorization"], APP_TOKEN);
        let form = String::from_utf8_lossy(&seen.body).into_owned();
        assert!(form.contains("object=whatsapp_business_account&callback_url=https%3A%2F%2Fwa.example.com%2Fsupport"));
        assert!(form.contains("fields=account_update%2Cmessages") && form.contains("verify_token=verify+me"), "{form}");
        assert!(!seen.uri.contains("current") && !seen.uri.contains("verify"), "{}", seen.uri);
    }

    #[actix_rt::test]
    async fn a_code_becomes_the_list_of_shared_accounts_and_no_secret_is_in_a_url() {
        let fake = Fake::start(|seen| match seen.path.ends_with("/debug_token") {
            true => Reply::Json(
                200,
                json!({"data": {"is_valid": true, "app_id": "42", "granular_scopes": [
                    {"scope": "whatsapp_business_messaging", "target_ids": ["102"]},
                    {"scope": "whatsapp_business_management", "target_ids": ["103"]}]}}),
            ),
            false => Reply::Json(200, json!({"access_token": "EAAuser", "token_type": "bearer"})),
        });
        let (graph, gateway) = (fake.graph(), gateway());
        let login = LogIn {
            gateway: Arc::new(gateway.clone()),
            code: Secret::new("the-code"),
            redirect_uri: "https://wa.example.com/support".into(),
        };
        let report = Errand::for_app(&graph, &gateway).unwrap().logged_in(&login).await.unwrap();
        assert_eq!(report.targets, ["102", "103"]);
        let seen = fake.seen();
        assert!(!seen[0].headers.contains_key("authorization"), "the code itself says who asks");
        let form = String::from_utf8_lossy(&seen[0].body).into_owned();
        assert!(form.contains("client_secret=current") && form.contains("code=the-code"), "{form}");
        assert!(!seen[0].uri.contains("the-code") && !seen[0].uri.contains("current"), "{}", seen[0].uri);
        assert_eq!(seen[1].headers["authorization"], APP_TOKEN);
        assert_eq!(seen[1].query["input_token"], "EAAuser");
    }

    #[actix_rt::test]
    async fn without_an_app_id_nothing_is_asked() {
        let fake = Fake::start(|_| Reply::Json(200, json!({})));
        let (graph, gateway) = (fake.graph(), Gateway { app_id: None, ..gateway() });
        assert!(matches!(Errand::for_app(&graph, &gateway), Err(Fault::NotSent { .. })));
        assert!(fake.seen().is_empty());
    }
}
