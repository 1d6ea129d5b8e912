//! `/api/accounts/{waba}/dialogs`: who talks with the account, with the dialog variables and the 24-hour window.

use super::page::{Order, Page, Wanted};
use super::{inspector, json, moment, read, require_account};
use crate::callback::Query;
use crate::edge::Late;
use crate::error::ApiError;
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json as value};
use wharf_storage::{Dialog, KeyBuilder, Noun};

/// A conversation with a customer or in a group.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Dialog")]
pub(super) struct DialogShown {
    id: String,
    /// Those of `user_id`, `wa_id` and `group_id` that are known.
    customer: Value,
    since: Option<String>,
    seen_at: Option<String>,
    window_expires_at: Option<String>,
    /// The dialog variables: `whatsapp.business`, `whatsapp.account`, `whatsapp.number`.
    variables: Value,
}

/// The dialogs of an account.
pub async fn list(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    require_account(edge, &caller, &waba)?;
    let prefix = KeyBuilder::new().text(&waba).build().0;
    let wanted = Wanted::ordered(&Query::read(request.query_string()), Order::Oldest)?.under(&prefix)?;
    let asked = wanted.clone();
    let found = read(edge, move |store| asked.records::<Dialog>(store, &prefix));
    // What is left of a dialog that became another one only leads on to it.
    let found =
        found.await?.into_iter().map(|(key, dialog)| (key.clone(), Some(dialog).filter(|own| own.key() == key)));
    let found = found.map(|(key, own)| (key, own.filter(|own| caller.may_use_number(&own.number))));
    let Page { data, next } = Page::of(found.collect(), &wanted, |own| own.as_ref().map(DialogShown::of));
    Ok(json(&Page { data: data.into_iter().flatten().collect(), next }))
}

impl DialogShown {
    fn of(dialog: &Dialog) -> Self {
        let customer = value!({ "user_id": dialog.user_id, "wa_id": dialog.wa_id, "group_id": dialog.group_id });
        Self {
            id: dialog.id.to_string(),
            customer: without_nulls(customer),
            since: moment(dialog.since_ms),
            seen_at: moment(dialog.seen_at_ms),
            window_expires_at: dialog.window_expires_at_ms.and_then(moment),
            variables: without_nulls(value!({
                "whatsapp.business": dialog.account,
                "whatsapp.account": dialog.number,
                "whatsapp.number": dialog.display,
            })),
        }
    }
}

fn without_nulls(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    object
}
