//! Shapes of what other rooms write: Meta's dialect, and settings. Only for the document: nothing is written or read
//! with them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// An account's own route, as it is put in: a route of the settings, without what belongs to a gateway.
pub(super) struct RouteSettings;

impl JsonSchema for RouteSettings {
    fn schema_name() -> Cow<'static, str> {
        "RouteSettings".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "A route, under the names, units and checks of `[[gateway.route]]`.",
            "required": ["url"],
            "properties": {
                "url": {
                    "type": "string",
                    "description": "Where to deliver to. `{whatsapp.business}`, `{whatsapp.account}` and `{whatsapp.number}` stand for what they name.",
                },
                "secret": { "type": ["string", "null"], "description": "Signs deliveries; `null` for none." },
                "overlap": {
                    "type": ["string", "null"],
                    "description": "How long a secret that is replaced signs too, such as `24h`, which it is where nothing is said; `0s` ends it at once.",
                },
                "expires_at": { "type": ["string", "null"], "description": "When the route ends by itself (RFC 3339)." },
            },
            "additionalProperties": true,
        })
    }
}

/// The accounts that a verb was about.
pub(super) struct VerbAnswer;

impl JsonSchema for VerbAnswer {
    fn schema_name() -> Cow<'static, str> {
        "VerbAnswer".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": {
                "type": "object",
                "description": "An account as Graph shows it; with `error` where the verb failed for it, and `pending` where it has not ended.",
                "required": ["id"],
                "properties": { "id": { "type": "string" } },
                "additionalProperties": true,
            },
        })
    }
}

/// This very document.
pub(super) struct Document;

impl JsonSchema for Document {
    fn schema_name() -> Cow<'static, str> {
        "Document".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "An OpenAPI 3.1 document.",
            "required": ["openapi", "info", "paths", "components"],
            "additionalProperties": true,
        })
    }
}
