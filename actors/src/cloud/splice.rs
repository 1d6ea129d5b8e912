//! Changing one member of an outbound body and leaving every other byte as it came. Knows no queue and no HTTP.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::json;

/// The member that a status webhook brings back.
const OPAQUE: &str = "biz_opaque_callback_data";

/// `body` with `mark` as its `biz_opaque_callback_data`, in place of the application's own or in front of all
/// members. `None` where `body` is no JSON object with a member.
pub fn marked(body: &Bytes, mark: &str) -> Option<Bytes> {
    let members = json::members(body).filter(|members| !members.is_empty())?;
    let mark = serde_json::to_string(mark).expect("text always serialises");
    if let Some(own) = members.get(OPAQUE) {
        return Some(replaced(body, own, &mark));
    }
    let open = body.iter().position(|byte| *byte == b'{')? + 1;
    let member = format!("\"{OPAQUE}\":{mark},");
    Some([&body[..open], member.as_bytes(), &body[open..]].concat().into())
}

/// `body` quoting the message `wamid` in place of the one it names in `context.message_id`. `None` where it names
/// none.
pub fn requoted(body: &Bytes, wamid: &str) -> Option<Bytes> {
    let members = json::members(body)?;
    let context = json::members(members.get("context")?.get().as_bytes())?;
    let wamid = serde_json::to_string(wamid).expect("text always serialises");
    Some(replaced(body, context.get("message_id")?, &wamid))
}

/// `body` with `text` in place of `raw`, which was read from it.
fn replaced(body: &Bytes, raw: &RawValue, text: &str) -> Bytes {
    let from = raw.get().as_ptr() as usize - body.as_ptr() as usize;
    let to = from + raw.get().len();
    [&body[..from], text.as_bytes(), &body[to..]].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: Option<Bytes>) -> String {
        String::from_utf8(body.expect("an object").to_vec()).expect("text")
    }

    #[test]
    fn a_mark_takes_the_place_of_the_applications_own_and_nothing_else_changes() {
        let body =
            Bytes::from_static(br#" { "to" : 1,"biz_opaque_callback_data" : {"a":1} ,"text":{"body":"\ud83d"}} "#);
        assert_eq!(
            text(marked(&body, "m\"1")),
            r#" { "to" : 1,"biz_opaque_callback_data" : "m\"1" ,"text":{"body":"\ud83d"}} "#
        );
        let plain = Bytes::from_static(br#"{"to":1}"#);
        assert_eq!(text(marked(&plain, "m")), r#"{"biz_opaque_callback_data":"m","to":1}"#);
    }

    #[test]
    fn a_quote_of_our_own_id_becomes_metas() {
        let body = Bytes::from_static(br#"{"context":{"message_id":"msg_1","x":0},"to":"1"}"#);
        assert_eq!(text(requoted(&body, "wamid.A=")), r#"{"context":{"message_id":"wamid.A=","x":0},"to":"1"}"#);
    }

    #[test]
    fn what_is_no_object_stays_unmarked() {
        for body in ["", "null", "[]", "{}", "{"] {
            let body = Bytes::from_static(body.as_bytes());
            assert_eq!((marked(&body, "m"), requoted(&body, "w")), (None, None));
        }
    }
}
