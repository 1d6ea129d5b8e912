//! The edge of Wharf: HTTP, command line, settings, and a sandbox to try it all without Meta.

pub mod sandbox;
