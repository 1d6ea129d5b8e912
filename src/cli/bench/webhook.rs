//! The webhooks of the load: one text message each, as Meta writes and signs it. The request is built once; for each
//! webhook only what differs is written over it, so that making one costs little more than signing it.

use super::stage::{CUSTOMERS, SECRET, URI, account_id, display, number_id};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::net::SocketAddr;

/// What stands before the digits that tell one message from another.
pub(super) const WAMID_HEAD: &str = "wamid.HBgNNDkxNTc3MDAwMDAwMFUCABIYFDNB";
/// What stands before the digits that tell one writer from another.
const WRITER_HEAD: &str = r#""from":"49"#;
/// Hexadecimal digits: 8 of the run, 8 of the message, 16 of the moment in µs since 1970.
pub(super) const WAMID_DIGITS: usize = 32;

/// What makes a webhook different from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Webhook {
    /// Which account.
    pub(super) account: u32,
    /// Which of its customers.
    pub(super) customer: u32,
    /// Which run of the load.
    pub(super) run: u32,
    /// Which message of the run.
    pub(super) nth: u32,
    /// When it is meant to be sent, in µs since 1970.
    pub(super) at_us: u64,
}

impl Webhook {
    /// The `nth` of a run: accounts take turns, and so do their customers.
    pub(super) fn nth(nth: u32, run: u32, accounts: u32, at_us: u64) -> Self {
        Self { account: nth % accounts, customer: nth / accounts % CUSTOMERS, run, nth, at_us }
    }

    /// Who wrote the first message in `body`: the account's and the customer's number.
    pub(super) fn writer(body: &[u8]) -> Option<(u32, u32)> {
        let head = WRITER_HEAD.as_bytes();
        let digits = body.windows(head.len()).position(|part| part == head)? + head.len();
        let who: u64 = std::str::from_utf8(body.get(digits..digits + 11)?).ok()?.parse().ok()?;
        Some(((who / 1000) as u32, (who % 1000) as u32))
    }
}

/// What the load hides in a message's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    /// Which run of the load.
    pub(super) run: u32,
    /// Which message of the run.
    pub(super) nth: u32,
    /// When it was meant to be sent, in µs since 1970.
    pub(super) at_us: u64,
}

impl Marks {
    /// Those of the first message in `body`.
    pub(super) fn find(body: &[u8]) -> Option<Self> {
        let head = WAMID_HEAD.as_bytes();
        let digits = body.windows(head.len()).position(|part| part == head)? + head.len();
        let digits = std::str::from_utf8(body.get(digits..digits + WAMID_DIGITS)?).ok()?;
        let number = |from, to| u64::from_str_radix(&digits[from..to], 16).ok();
        Some(Self { run: number(0, 8)? as u32, nth: number(8, 16)? as u32, at_us: number(16, 32)? })
    }
}

/// A signed request, written over for each webhook.
pub(super) struct Request {
    bytes: Vec<u8>,
    body: usize,
    signature: usize,
    account: usize,
    number: usize,
    display: usize,
    customers: [usize; 2],
    users: [usize; 2],
    wamid: usize,
    timestamp: usize,
    keyed: Hmac<Sha256>,
}

impl Request {
    /// A request to the measured gateway at `target`.
    pub(super) fn new(target: SocketAddr) -> Self {
        let body = body();
        let head = head(target, body.len());
        let text = head.clone() + &body;
        let find = |what: &str| text.find(what).expect("the text was just made of it");
        let find_both = |what: &str| [find(what), text.rfind(what).expect("the text was just made of it")];
        Self {
            body: head.len(),
            signature: find("sha256=") + 7,
            account: find(&account_id(0)),
            number: find(&number_id(0)),
            display: find(&display(0)),
            customers: find_both(&customer(0, 0)),
            users: find_both(&user(0, 0)),
            wamid: find(WAMID_HEAD) + WAMID_HEAD.len(),
            timestamp: find("1700000000"),
            keyed: Hmac::new_from_slice(SECRET.as_bytes()).expect("HMAC takes a key of any length"),
            bytes: text.into_bytes(),
        }
    }

    /// The whole request for `webhook`.
    pub(super) fn write(&mut self, webhook: Webhook) -> &[u8] {
        let (account, customer) = (u64::from(webhook.account), u64::from(webhook.customer));
        let who = account * 1000 + customer;
        self.decimal(self.account + 7, 8, account);
        self.decimal(self.number + 7, 8, account);
        self.decimal(self.display + 4, 7, account);
        for place in self.customers {
            self.decimal(place + 2, 11, who);
        }
        for place in self.users {
            self.decimal(place + 3, 20, who);
        }
        self.hex(self.wamid, 8, u64::from(webhook.run));
        self.hex(self.wamid + 8, 8, u64::from(webhook.nth));
        self.hex(self.wamid + 16, 16, webhook.at_us);
        self.decimal(self.timestamp, 10, webhook.at_us / 1_000_000);
        let digest = self.keyed.clone().chain_update(&self.bytes[self.body..]).finalize().into_bytes();
        let place = &mut self.bytes[self.signature..self.signature + 64];
        hex::encode_to_slice(digest, place).expect("32 bytes are 64 digits");
        &self.bytes
    }

    /// The body alone, for `webhook`.
    pub(super) fn body(&mut self, webhook: Webhook) -> &[u8] {
        let body = self.body;
        &self.write(webhook)[body..]
    }

    fn decimal(&mut self, place: usize, digits: usize, mut number: u64) {
        for byte in self.bytes[place..place + digits].iter_mut().rev() {
            *byte = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }

    fn hex(&mut self, place: usize, digits: usize, mut number: u64) {
        for byte in self.bytes[place..place + digits].iter_mut().rev() {
            *byte = b"0123456789ABCDEF"[(number % 16) as usize];
            number /= 16;
        }
    }
}

/// A customer's phone id, 13 digits.
fn customer(account: u64, customer: u64) -> String {
    format!("49{:011}", account * 1000 + customer)
}

/// A customer's business-scoped id.
fn user(account: u64, customer: u64) -> String {
    format!("DE.{:020}", account * 1000 + customer)
}

fn head(target: SocketAddr, body: usize) -> String {
    let signature = "0".repeat(64);
    format!(
        "POST /{URI} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\n\
         Content-Type: application/json\r\nX-Hub-Signature-256: sha256={signature}\r\nContent-Length: {body}\r\n\r\n"
    )
}

/// A body of about 700 bytes, as Meta writes one: ASCII, with `\u` and `\/`.
fn body() -> String {
    let (account, number, display) = (account_id(0), number_id(0), display(0));
    let (wa_id, user_id, digits) = (customer(0, 0), user(0, 0), "0".repeat(WAMID_DIGITS));
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"{account}","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"{display}","phone_number_id":"{number}"}},"contacts":[{{"profile":{{"name":"Kerry Fisher"}},"wa_id":"{wa_id}","user_id":"{user_id}"}}],"messages":[{{"from":"{wa_id}","from_user_id":"{user_id}","id":"{WAMID_HEAD}{digits}AA==","timestamp":"1700000000","text":{{"body":"Gr\u00fc\u00dfe aus K\u00f6ln, is my order ready? See https:\/\/example.com\/orders\/7 please."}},"type":"text"}}]}},"field":"messages"}}]}}]}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use wharf_actors::cloud::signature::Verifier;
    use wharf_actors::cloud::webhook::split;
    use wharf_actors::gateway::Secret;

    const TARGET: SocketAddr = super::super::stage::LOOPBACK;

    fn sent(webhook: Webhook) -> (String, Bytes) {
        let mut request = Request::new(TARGET);
        // What another webhook left behind must not stay.
        request.write(Webhook { account: 99_999, customer: 199, run: u32::MAX, nth: u32::MAX, at_us: 1 });
        let text = String::from_utf8(request.write(webhook).to_vec()).expect("ASCII");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        (head.to_owned(), Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn a_webhook_of_the_load_is_one_text_message_with_its_own_id() {
        let webhook = Webhook::nth(1234, 7, 50, 1_790_000_000_123_456);
        let (_, body) = sent(webhook);
        let items = split(&body).expect("Meta's shape");
        assert_eq!(items.len(), 1);
        let item = &items[0];
        assert_eq!(item.owner.entry_id.as_deref(), Some(account_id(1234 % 50).as_str()));
        assert_eq!(item.number.id.as_deref(), Some(number_id(34).as_str()));
        let id = format!("{WAMID_HEAD}00000007000004D2{:016X}AA==", webhook.at_us);
        assert_eq!(item.message_id.as_deref(), Some(id.as_str()));
        let marks = Marks { run: 7, nth: 1234, at_us: webhook.at_us };
        assert_eq!(Marks::find(&item.body), Some(marks));
        assert_eq!(Webhook::writer(&item.body), Some((34, 24)));
        assert_eq!(item.stamp, wharf_storage::Stamp::Dated(1_790_000_000));
        assert_eq!(item.customer.wa_id.as_deref(), Some("4900000034024"));
        assert_eq!(item.customer.user_id.as_deref(), Some("DE.00000000000000034024"));
    }

    #[test]
    fn a_webhook_of_the_load_is_signed_and_about_700_bytes_long() {
        let (head, body) = sent(Webhook::nth(1, 1, 50, 1_790_000_000_000_000));
        let signature = head.split("X-Hub-Signature-256: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let verifier = Verifier::new(&[Secret::new(SECRET)]);
        assert_eq!(verifier.verify(signature.map(str::as_bytes), &body), Ok(0));
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())));
        assert!((650..=750).contains(&body.len()), "{} bytes", body.len());
    }
}
