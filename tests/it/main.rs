//! The gateway through real sockets: what Meta, applications and operators see of it. One folder per part of the URL
//! tree.

mod callback;
mod cli;
mod cloud_api;
mod deliveries;
mod doctor;
mod door;
mod harness;
mod login;
mod messages;
mod ops;
mod process;
mod sandbox;
mod storage;
mod ui;
mod verbs;
