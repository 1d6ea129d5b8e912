//! Who decides: one actor per account, a supervisor, a courier, and the rules they follow.

pub mod cloud;
pub mod courier;
pub mod gateway;
