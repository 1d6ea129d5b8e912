//! The dashboard through real sockets: its files, what guards them, and the endpoints that it brought along.

mod assets;
mod lists;
mod rates;
mod verbs;
