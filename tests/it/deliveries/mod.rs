//! What an application receives, and when.

mod dialogs;
mod filters;
mod formats;
mod headers;
mod order;
mod restarts;
mod retries;
