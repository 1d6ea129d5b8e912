//! One large POST: 1000 statuses in 2.8 MB, as Meta sends them after a campaign.

use super::BenchError;
use super::connection::{Heard, whole};
use super::load::us_since_1970;
use super::stage::{SECRET, URI, account_id, display, number_id};
use super::webhook::WAMID_HEAD;
use super::while_doing;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use wharf_actors::cloud::signature::sign;
use wharf_actors::gateway::Secret;

/// Statuses in it: the most that Meta puts into one POST.
pub(super) const STATUSES: u32 = 1000;
/// Characters of each status's `error_data.details`, so that all together have 2.8 MB.
const DETAILS: usize = 2340;
/// The answer is awaited this long.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// Sends the batch of `run` for the `nth` account and awaits the answer: its status, and how long it took from the
/// first byte sent.
pub(super) fn post(target: SocketAddr, run: u32, nth: u32) -> Result<(u16, Duration), BenchError> {
    let doing = || while_doing(format!("post a batch to {target}"));
    let body = body(run, nth, us_since_1970());
    let signature = sign(&Secret::new(SECRET), body.as_bytes());
    let request = format!(
        "POST /{URI} HTTP/1.1\r\nHost: {target}\r\nContent-Type: application/json\r\n\
         X-Hub-Signature-256: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    );
    let mut stream = TcpStream::connect(target).map_err(doing())?;
    stream.set_read_timeout(Some(ANSWERED_WITHIN)).map_err(doing())?;
    let began = Instant::now();
    stream.write_all(request.as_bytes()).map_err(doing())?;
    let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut chunk).map_err(doing())?;
        answer.extend_from_slice(&chunk[..read]);
        match whole(&answer) {
            Heard::Answer(status) => return Ok((status, began.elapsed())),
            Heard::More if read > 0 => {}
            Heard::More | Heard::Broken => return Err(doing()(std::io::ErrorKind::InvalidData.into())),
        }
    }
}

/// The batch of `run`, made at `now_us` since 1970.
fn body(run: u32, nth: u32, now_us: u64) -> String {
    let (account, number, display) = (account_id(nth), number_id(nth), display(nth));
    let mut text = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"{account}","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"{display}","phone_number_id":"{number}"}},"statuses":["#
    );
    let details = "The message could not be delivered. ".repeat(DETAILS / 36);
    for nth in 0..STATUSES {
        let comma = if nth == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"id":"{WAMID_HEAD}{run:08X}{nth:08X}{now_us:016X}AA==","status":"failed","timestamp":"{}","recipient_id":"{}","recipient_user_id":"DE.{:020}","biz_opaque_callback_data":"campaign\/2026-10\/{nth:06}","errors":[{{"code":131026,"title":"Message undeliverable","message":"Message undeliverable","error_data":{{"details":"{details}"}},"href":"https:\/\/developers.facebook.com\/docs\/whatsapp\/cloud-api\/support\/error-codes\/"}}]}}"#,
            now_us / 1_000_000,
            4_900_000_000_000 + u64::from(nth),
            nth,
        );
    }
    text.push_str(r#"]},"field":"messages"}]}]}"#);
    text
}

#[cfg(test)]
mod tests {
    use super::super::webhook::Marks;
    use super::*;
    use bytes::Bytes;
    use wharf_actors::cloud::webhook::split;

    #[test]
    fn a_batch_is_a_thousand_statuses_in_2_8_megabytes() {
        let body = Bytes::from(body(5, 0, 1_790_000_000_000_000));
        assert!((2_750_000..2_900_000).contains(&body.len()), "{} bytes", body.len());
        let items = split(&body).expect("Meta's shape");
        assert_eq!(items.len(), STATUSES as usize);
        let marks = Marks::find(&items[999].body).expect("a message of the load");
        assert_eq!((marks.run, marks.nth, marks.at_us), (5, 999, 1_790_000_000_000_000));
    }
}
