//! The four calls that make a number one that sends and receives, each through Wharf to Meta, and what to do after it.

use super::super::account;
use super::super::ask::{Ask, Side, Wharf, piece};
use super::super::fault::Fault;
use super::super::out::{Form, Out};
use super::super::paper::Paper;
use super::super::verb::{self, Verb};
use super::given::Given;
use serde::Deserialize;
use serde_json::{Value, json};

/// What to do when the number is registered.
pub(super) const AFTERWARDS: &str =
    "next: `wharf verb setup --gateway …` shows Wharf its state, `wharf verb subscribe` lets webhooks come";

#[derive(Deserialize)]
struct Added {
    id: String,
}

/// Adds it to the account, and lets Wharf know of it: what is not known to be the account's is not passed on to Meta.
/// Gives its phone number id.
pub(super) async fn add(waba: &str, given: &Given, wharf: &Wharf, out: &mut Out) -> Result<String, Fault> {
    let gateway = account::read(waba, wharf).await?.gateway;
    let body = json!({
        "cc": given.country_code, "phone_number": given.phone_number, "verified_name": given.name,
    });
    let answer = wharf.ask(to_meta(waba, "phone_numbers", body)).await?;
    let Added { id } = answer.read()?;
    let setup = verb::Options {
        verb: Verb::Setup,
        gateway: gateway.clone(),
        id: vec![waba.to_owned()],
        force: false,
        ack: false,
        wait: None,
    };
    let known = verb::ask(&setup, wharf).await;
    if out.form == Form::Json {
        out.raw(&answer.text)?;
    }
    if let Err(fault) = known {
        out.note(&format!("the number is added as {id}, but Wharf could not be told: {fault}"));
        out.note(&format!("go on with: wharf verb setup --gateway {gateway} --id {waba}"));
        return Err(fault);
    }
    say(out, &format!("added: its phone number id is {id}"))?;
    Ok(id)
}

/// Has Meta send a code.
pub(super) async fn request_code(number: &str, given: &Given, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let body = json!({ "code_method": given.method, "language": given.language });
    let answer = wharf.ask(to_meta(number, "request_code", body)).await?;
    done(&answer.text, "Meta sends a code to the phone", out)
}

/// Tells Meta the code.
pub(super) async fn verify(number: &str, given: &Given, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let answer = wharf.ask(to_meta(number, "verify_code", json!({ "code": given.code }))).await?;
    done(&answer.text, "verified: the number is the business's", out)
}

/// Registers it.
pub(super) async fn register(number: &str, given: &Given, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let body = json!({ "messaging_product": "whatsapp", "pin": given.pin });
    let answer = wharf.ask(to_meta(number, "register", body)).await?;
    done(&answer.text, "registered: the number sends and receives; keep its pin", out)
}

fn to_meta(node: &str, edge: &str, body: Value) -> Ask {
    Ask::post(format!("/{}/{edge}", piece(node)), body).at(Side::Public)
}

fn done(answer: &str, words: &str, out: &mut Out) -> Result<(), Fault> {
    match out.form {
        Form::Json => out.raw(answer),
        Form::People => say(out, words),
    }
}

fn say(out: &mut Out, words: &str) -> Result<(), Fault> {
    match out.form {
        Form::Json => Ok(()),
        Form::People => out.paper(Paper::default().say(words)),
    }
}
