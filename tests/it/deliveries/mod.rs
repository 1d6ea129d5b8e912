//! What an application receives, and when.

mod broken;
mod bursts;
mod dialogs;
mod filters;
mod formats;
mod headers;
mod order;
mod pauses;
mod queues;
mod ranks;
mod restarts;
mod retries;
