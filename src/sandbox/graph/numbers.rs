//! An account's new numbers: added, sent a code, verified, registered, deregistered. The phone that gets the code is
//! `GET /sandbox/stats`.

use std::time::Instant;

use actix_web::web::{Data, Json};
use rand::RngExt;
use serde_json::{Value, json};

use super::Graph;
use super::call::Call;
use super::fault::Fault;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::NewNumber;

/// `POST /{waba}/phone_numbers`
pub(super) async fn add(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let new = NewNumber {
        country_code: digits(call, "cc", 1..=3)?,
        local: digits(call, "phone_number", 4..=14)?,
        name: required(call, "verified_name")?.to_owned(),
    };
    let id = graph.world().add_number(&call.node, new)?;
    Ok(Json(json!({"id": id})))
}

/// `POST /{number}/request_code`
pub(super) async fn request_code(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    if !matches!(required(call, "code_method")?, "SMS" | "VOICE") {
        return Err(Refusal::parameter("Param code_method must be one of {SMS, VOICE}.").into());
    }
    required(call, "language")?;
    let code = format!("{:06}", graph.dice().random_range(0..1_000_000));
    graph.world().send_code(&call.node, code)?;
    success()
}

/// `POST /{number}/verify_code`
pub(super) async fn verify_code(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    graph.world().verify_code(&call.node, required(call, "code")?)?;
    success()
}

/// `POST /{number}/register`
pub(super) async fn register(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    if required(call, "messaging_product")? != "whatsapp" {
        return Err(Refusal::parameter("Param messaging_product must be one of {WHATSAPP}.").into());
    }
    graph.world().register(&call.node, &digits(call, "pin", 6..=6)?, Instant::now())?;
    success()
}

/// `POST /{number}/deregister`
pub(super) async fn deregister(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    graph.world().deregister(&call.of_system()?.node, Instant::now())?;
    success()
}

fn required<'c>(call: &'c Call, name: &str) -> Result<&'c str, Refusal> {
    let given = call.param(name).filter(|text| !text.trim().is_empty());
    given.ok_or_else(|| Refusal::parameter(format!("The parameter {name} is required.")))
}

fn digits(call: &Call, name: &str, lengths: std::ops::RangeInclusive<usize>) -> Result<String, Refusal> {
    let text = required(call, name)?;
    let is_sound = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let (least, most) = lengths.into_inner();
    let wrong = || Refusal::parameter(format!("Param {name} must be {least} to {most} digits."));
    is_sound.then(|| text.to_owned()).ok_or_else(wrong)
}

fn success() -> Result<Json<Value>, Fault> {
    Ok(Json(json!({"success": true})))
}
