//! The ops listener: health, metrics and `/api`.

mod health;
mod keys;
mod lists;
