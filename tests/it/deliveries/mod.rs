//! What an application receives, and when.

mod broken;
mod dialogs;
mod filters;
mod formats;
mod headers;
mod order;
mod queues;
mod restarts;
mod retries;
