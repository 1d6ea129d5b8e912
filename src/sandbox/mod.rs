//! "Meta and the world" for trying Wharf out: a simulated Graph API, customers who write, a bot that answers.
//! Seen from outside only, through sockets: it knows nothing of what is inside Wharf.
//!
//! Three ways through: a customer writes → [`customers`] → [`envelope`] → `postoffice` → the callback URL;
//! a send → `graph` → [`world`] → the answer, and later its statuses → `postoffice`; a delivery → [`bot`] → a send.

pub mod account_events;
pub mod agenda;
pub mod args;
pub mod bot;
pub mod content;
pub mod customers;
pub mod envelope;
pub mod faults;
mod graph;
pub mod histogram;
pub mod ids;
pub mod item;
pub mod life;
pub mod limits;
pub mod management;
pub mod media;
pub mod payloads;
pub mod people;
mod postoffice;
pub mod refusal;
pub mod sending;
mod server;
pub mod shelf;
pub mod signing;
pub mod stats;
pub mod statuses;
pub mod world;

pub use args::{SandboxArgs, run};
pub use bot::{Bot, BotOptions, BotStats};
pub use customers::Traffic;
pub use faults::{Faults, Limits};
pub use life::{BanState, LifeEvent, Preference, TemplateState};
pub use limits::NumberUsage;
pub use server::{Sandbox, SandboxOptions, start};
pub use stats::{SentLog, Stats, StatsView};
pub use world::{Subscribed, TokenLife, TokenReach, World};

#[cfg(test)]
mod tests;
