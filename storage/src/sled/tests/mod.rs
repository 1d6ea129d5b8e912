//! Tests of the engine on sled.
#![allow(clippy::unwrap_used)]

mod contract;
