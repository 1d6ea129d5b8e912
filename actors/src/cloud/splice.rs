//! Changing one member of an outbound body and leaving every other byte as it came. Knows no queue and no HTTP.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::json;

/// The member that says which of Meta's products a body is for.
const PRODUCT: &str = "messaging_product";
/// The member that a status webhook brings back.
const OPAQUE: &str = "biz_opaque_callback_data";
/// How our marks begin; our id of the message follows.
const OURS: &str = "wharf:";

/// What a message carries as its `biz_opaque_callback_data`, so that a status tells which message it is about.
pub fn mark_of(message: &str) -> String {
    format!("{OURS}{message}")
}

/// Our id of the message that a status is about, if `opaque` is a mark of ours.
pub fn marked_message(opaque: &str) -> Option<&str> {
    opaque.strip_prefix(OURS).filter(|id| id.starts_with("msg_"))
}

/// `body` with `own` as the `biz_opaque_callback_data` of the item at `range`, or without that member; and where the
/// item stands then.
pub fn unmarked(body: &Bytes, range: (u32, u32), own: Option<&str>) -> Option<(Bytes, (u32, u32))> {
    let item = body.slice(range.0 as usize..range.1 as usize);
    let raw = *json::members(&item)?.get(OPAQUE)?;
    let changed = match own {
        Some(own) => replaced(&item, raw, &serde_json::to_string(own).expect("text always serialises")),
        None => removed(&item, raw)?,
    };
    let end = range.0 + u32::try_from(changed.len()).ok()?;
    let body = [&body[..range.0 as usize], &changed, &body[range.1 as usize..]].concat();
    Some((body.into(), (range.0, end)))
}

/// A receipt for the message `wamid` in place of the one it names in `message_id`. `None` where it names none.
pub fn remarked(body: &Bytes, wamid: &str) -> Option<Bytes> {
    let members = json::members(body)?;
    let wamid = serde_json::to_string(wamid).expect("text always serialises");
    Some(replaced(body, members.get("message_id")?, &wamid))
}

/// `object` without the member whose value is `raw`, its name and one comma.
fn removed(object: &Bytes, raw: &RawValue) -> Option<Bytes> {
    let from = raw.get().as_ptr() as usize - object.as_ptr() as usize;
    let to = from + raw.get().len();
    let name = object[..from].windows(OPAQUE.len()).rposition(|at| at == OPAQUE.as_bytes())?.checked_sub(1)?;
    let after = object[to..].iter().position(|byte| !byte.is_ascii_whitespace())? + to;
    if object[after] == b',' {
        return Some([&object[..name], &object[after + 1..]].concat().into());
    }
    let before = object[..name].iter().rposition(|byte| !byte.is_ascii_whitespace())?;
    let end = if object[before] == b',' { before } else { name };
    Some([&object[..end], &object[to..]].concat().into())
}

/// `body` with `mark` as its `biz_opaque_callback_data`, in place of the application's own or in front of all
/// members. `None` where `body` is no JSON object with a member.
pub fn marked(body: &Bytes, mark: &str) -> Option<Bytes> {
    let members = json::members(body).filter(|members| !members.is_empty())?;
    let mark = serde_json::to_string(mark).expect("text always serialises");
    if let Some(own) = members.get(OPAQUE) {
        return Some(replaced(body, own, &mark));
    }
    inserted(body, OPAQUE, &mark)
}

/// `body` with `product` as its `messaging_product`, where it names none itself: Graph takes a parameter from the
/// query as well. `None` where nothing has to change, or `body` is no JSON object with a member.
pub fn with_product(body: &Bytes, product: &str) -> Option<Bytes> {
    let members = json::members(body).filter(|members| !members.is_empty())?;
    let product = serde_json::to_string(product).expect("text always serialises");
    match members.get(PRODUCT) {
        Some(own) if json::raw_text(own).is_some() => None,
        Some(own) => Some(replaced(body, own, &product)),
        None => inserted(body, PRODUCT, &product),
    }
}

/// `object`, which has a member, with another one in front of all.
fn inserted(object: &Bytes, name: &str, value: &str) -> Option<Bytes> {
    let open = object.iter().position(|byte| *byte == b'{')? + 1;
    let member = format!("\"{name}\":{value},");
    Some([&object[..open], member.as_bytes(), &object[open..]].concat().into())
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
    fn a_product_is_added_where_the_body_names_none() {
        let with = |body: &'static str| with_product(&Bytes::from_static(body.as_bytes()), "whatsapp");
        assert_eq!(text(with(r#" {"to":"1"}"#)), r#" {"messaging_product":"whatsapp","to":"1"}"#);
        assert_eq!(text(with(r#"{"messaging_product":null,"to":1}"#)), r#"{"messaging_product":"whatsapp","to":1}"#);
        assert_eq!(with(r#"{"messaging_product":"other","to":1}"#), None, "the body's own word stands");
    }

    #[test]
    fn what_is_no_object_stays_as_it_is() {
        for body in ["", "null", "[]", "{}", "{"] {
            let body = Bytes::from_static(body.as_bytes());
            assert_eq!((marked(&body, "m"), requoted(&body, "w"), with_product(&body, "p")), (None, None, None));
        }
    }

    #[test]
    fn a_mark_is_taken_out_of_a_status_and_nothing_else_changes() {
        let around = |item: &str| (format!(r#"{{"x":[{item}],"y":1}}"#), (6, 6 + item.len() as u32));
        let check = |item: &str, own: Option<&str>, expected: &str| {
            let (body, range) = around(item);
            let (body, range) = unmarked(&body.into(), range, own).expect("it is marked");
            assert_eq!(body, around(expected).0);
            assert_eq!(&body[range.0 as usize..range.1 as usize], expected.as_bytes());
        };
        let mark = r#""biz_opaque_callback_data" : "wharf:msg_1""#;
        check(&format!(r#"{{"id":"1", {mark} ,"a":2}}"#), None, r#"{"id":"1", "a":2}"#);
        check(&format!(r#"{{{mark},"a":2}}"#), None, r#"{"a":2}"#);
        check(&format!(r#"{{"a":2 , {mark} }}"#), None, r#"{"a":2  }"#);
        check(&format!(r#"{{{mark}}}"#), None, "{}");
        check(
            &format!(r#"{{"id":"1",{mark}}}"#),
            Some("mine \"x\""),
            r#"{"id":"1","biz_opaque_callback_data" : "mine \"x\""}"#,
        );
        assert_eq!(unmarked(&"{}".into(), (0, 2), None), None);
    }

    #[test]
    fn only_our_own_marks_name_a_message() {
        assert_eq!(marked_message(&mark_of("msg_1")), Some("msg_1"));
        assert_eq!(marked_message("wharf:other"), None);
        assert_eq!(marked_message("msg_1"), None);
    }
}
