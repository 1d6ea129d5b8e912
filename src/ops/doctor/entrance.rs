//! The way in: is the callback reached at `public_url`, does it answer Meta's handshake, do signatures pass unharmed, is
//! the certificate good? Asks as Meta would; what comes back is judged by pure functions.

use super::finding::Finding;
use crate::config::{is_plain_and_far, masked};
use crate::edge::Edge;
use serde_json::Value;
use wharf_actors::clock::now_ms;
use wharf_actors::cloud::signature::sign;
use wharf_actors::courier::endpoint::Addresses;
use wharf_actors::courier::probe::{Answered, Heard, Probe};
use wharf_actors::courier::touch::{Touched, Untouched, touch};
use wharf_actors::gateway::{Gateway, Secret};

/// A webhook of nothing: it is verified, and there is nothing in it to keep.
const EMPTY: &str = r#"{"object":"wharf_doctor","entry":[]}"#;
/// What no gateway is signed with.
const NOBODYS: &str = "a secret that the doctor made up";
/// A certificate is renewed a month before its end: two weeks are late.
const LATE_S: i64 = 14 * DAY_S;
const DAY_S: i64 = 86_400;

const REACH: &str = "let the outside reach server.listen at public_url: DNS, port forwarding, the proxy before Wharf. \
    Where only this machine cannot reach it (no hairpin NAT), ask `curl` from outside";

/// Whether `public_url` is set, and its certificate.
pub(super) async fn public_url(edge: &Edge) -> Vec<Finding> {
    let Some(url) = edge.public_url.as_deref() else {
        let says = "server.public_url is not set: Meta's way to here cannot be tried, and neither override, register, \
                    login nor media links work";
        return vec![Finding::warn("public_url", "", says, "set server.public_url to how Meta reaches server.listen")];
    };
    let set = Finding::ok("public_url", url, "it is set");
    let touched = if url.starts_with("https://") { Some(touch(url, Addresses::Any).await) } else { None };
    vec![set, of_tls(url, touched.as_ref(), now_ms() as i64 / 1000)]
}

fn of_tls(url: &str, touched: Option<&Result<Touched, Untouched>>, now_s: i64) -> Finding {
    let renew = "renew the certificate; server.tls.cert is read again by itself, a proxy wants a reload";
    let ends = match touched {
        None if is_plain_and_far(url) => {
            let says = "public_url is http: Meta calls https only, and keys travel there for all to read";
            return Finding::fail("tls", url, says, "set [server.tls], or put a TLS proxy before Wharf");
        }
        None => {
            let says = "public_url is http on this machine: good for a sandbox, and Meta calls https only";
            return Finding::skipped("tls", url, says);
        }
        Some(Err(Untouched::Tls { reason, .. })) => {
            let remedy = "show a certificate for this name, with all those up to a public authority (fullchain.pem)";
            return Finding::fail("tls", url, format!("Meta will not trust it: {reason}"), remedy);
        }
        Some(Err(why)) => return Finding::fail("tls", url, why.to_string(), REACH),
        Some(Ok(touched)) => touched.certificate_ends_s,
    };
    match ends.map(|ends| (ends - now_s, (ends - now_s) / DAY_S)) {
        None => Finding::ok("tls", url, "the certificate is trusted"),
        Some((left, days)) if left < LATE_S => {
            Finding::warn("tls", url, format!("the certificate is trusted, and ends in {days} days"), renew)
        }
        Some((_, days)) => Finding::ok("tls", url, format!("the certificate is trusted for {days} days more")),
    }
}

/// The handshake, and two webhooks of nothing: one signed, one signed by nobody.
pub(super) async fn callback(gateway: &Gateway) -> Vec<Finding> {
    let Some(url) = gateway.callback_url.clone() else {
        let says = "without public_url nobody knows where to ask";
        return vec![
            Finding::skipped("handshake", &gateway.uri, says),
            Finding::skipped("signature", &gateway.uri, says),
        ];
    };
    let (shaken, signed) = futures_util::future::join(handshake(gateway, &url), signature(gateway, &url)).await;
    vec![shaken, signed]
}

async fn handshake(gateway: &Gateway, url: &str) -> Finding {
    let token = gateway.verify_token.get();
    let Some(token) = token.as_ref() else {
        let says = "there is no verify_token, so that no handshake succeeds";
        return Finding::fail(
            "handshake",
            &gateway.uri,
            says,
            "set verify_token to random text, then `wharf register`",
        );
    };
    let challenge = (now_ms() % 10_000_000_000).to_string();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", &challenge)
        .append_pair("hub.verify_token", token.reveal())
        .finish();
    of_handshake(&gateway.uri, &challenge, &Probe::get(format!("{url}?{query}")).ask().await)
}

fn of_handshake(uri: &str, challenge: &str, heard: &Heard) -> Finding {
    let fail = |says: String, remedy: &str| Finding::fail("handshake", uri, says, remedy);
    let answered = match heard {
        Heard::Answer(answered) => answered,
        Heard::Nothing { reason } => return fail(format!("the callback does not answer: {reason}"), REACH),
    };
    match answered.status {
        200 if answered.body == challenge.as_bytes() => {
            return Finding::ok("handshake", uri, "the callback answers with the challenge");
        }
        200 if answered.body.trim_ascii() == challenge.as_bytes() => {
            let remedy = "have the proxy pass bodies on unchanged: Meta compares every byte";
            return fail("something adds white space to the challenge".to_owned(), remedy);
        }
        200 if !is_page(answered) => {
            let says = "the answer is 200, but not the challenge".to_owned();
            return fail(says, "something else than Wharf answers at public_url: look at the proxy's routes");
        }
        403 if error_id(answered).as_deref() == Some("wharf.handshake.refused") => {
            let remedy =
                "another Wharf with another verify_token answers there, or one with older settings: restart it";
            return fail("a Wharf answers, and does not know this verify_token".to_owned(), remedy);
        }
        _ => {}
    }
    let (says, remedy) = amiss(answered);
    fail(says, remedy)
}

async fn signature(gateway: &Gateway, url: &str) -> Finding {
    let secrets = gateway.app_secrets.get();
    let Some(secret) = secrets.first() else {
        let says = "there is no app_secret (dev = true): whoever knows the address can post webhooks";
        return Finding::warn("signature", &gateway.uri, says, "set app_secret before Meta's traffic comes");
    };
    let post = |secret: &Secret| {
        let headers = vec![
            ("X-Hub-Signature-256", sign(secret, EMPTY.as_bytes())),
            ("Content-Type", "application/json".to_owned()),
        ];
        Probe::post(url, headers, EMPTY).ask()
    };
    let forger = Secret::new(NOBODYS);
    let (good, bad) = futures_util::future::join(post(secret), post(&forger)).await;
    of_signature(&gateway.uri, &good, &bad)
}

fn of_signature(uri: &str, good: &Heard, bad: &Heard) -> Finding {
    let fail = |says: String, remedy: &str| Finding::fail("signature", uri, says, remedy);
    let (good, bad) = match (good, bad) {
        (Heard::Answer(good), Heard::Answer(bad)) => (good, bad),
        (Heard::Nothing { reason }, _) | (_, Heard::Nothing { reason }) => {
            return fail(format!("the callback does not answer a POST: {reason}"), REACH);
        }
    };
    let id = error_id(good);
    match (good.status, id.as_deref()) {
        (200, _) if bad.status == 401 => {
            Finding::ok("signature", uri, "a signed webhook is taken, and one that nobody signed is not")
        }
        (200, _) => {
            let says = format!("a webhook that nobody signed was answered {} instead of 401", bad.status);
            fail(says, "something else than Wharf answers webhooks at public_url: look at the proxy's routes")
        }
        (401, Some("wharf.signature.missing")) => {
            let remedy = "have the proxy pass the header X-Hub-Signature-256 on";
            fail("the signature is lost on the way".to_owned(), remedy)
        }
        (401, Some("wharf.signature.wrong")) => {
            let remedy = "have the proxy pass bodies on unchanged (no rewriting, no re-encoding); if another Wharf \
                          answers there, give it the same app_secret";
            fail("the signature does not fit any more when it arrives".to_owned(), remedy)
        }
        (403, Some("wharf.client_certificate.missing")) => {
            let says = "webhooks need Meta's client certificate (server.tls.client_ca), which only Meta has";
            Finding::skipped("signature", uri, says)
        }
        (503, Some(id)) => fail(format!("Wharf answers 503 {id}"), "see the store's finding above, and /readyz"),
        (_, _) => {
            let (says, remedy) = amiss(good);
            fail(says, remedy)
        }
    }
}

/// What an answer that is not Wharf's tells.
fn amiss(answered: &Answered) -> (String, &'static str) {
    let page = if is_page(answered) { ", with a page" } else { "" };
    let says = format!("the answer is {}{page}", answered.status);
    match answered.status {
        300..=399 => {
            let to = answered.location.as_deref().map(masked).unwrap_or_default();
            (format!("{says}, to {to}"), "Meta follows no redirect: set public_url to where it leads, or switch it off")
        }
        404 if error_id(answered).as_deref() == Some("wharf.path.unknown") => (
            format!("{says}: a Wharf answers that has no such gateway"),
            "another Wharf is behind public_url: look at the proxy's routes",
        ),
        404 => (says, "the proxy does not pass this path on to server.listen: look at its routes"),
        401 | 403 | 407 => (says, "something before Wharf wants a login: let Meta through to the callback without one"),
        413 => (says, "let the proxy take bodies of 4 MiB: Meta sends up to 3 MB (nginx: client_max_body_size 4m)"),
        502..=504 => (says, "the proxy does not reach Wharf: look at its upstream and at server.listen"),
        _ => (says, "something else than Wharf answers at public_url: look at the proxy's routes"),
    }
}

fn is_page(answered: &Answered) -> bool {
    answered.content_type.to_ascii_lowercase().starts_with("text/html")
}

/// The id of an error of Wharf's own.
fn error_id(answered: &Answered) -> Option<String> {
    let body: Value = serde_json::from_slice(&answered.body).ok()?;
    body["id"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
