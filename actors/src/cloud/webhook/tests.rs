//! Checks of the webhook's dialect.
