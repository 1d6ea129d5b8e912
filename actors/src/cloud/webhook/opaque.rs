//! The one exception to byte for byte: in a status that carries our mark, that member is the caller's again.

use super::tape::{Tape, Value};
use bytes::Bytes;
use std::ops::Range;

const MEMBER: &str = "biz_opaque_callback_data";

/// `body` with the member `biz_opaque_callback_data` of the status at `item` put back to the caller's `own` value, or
/// removed; and where the status lies then. Every other byte stays.
pub fn with_opaque(body: &Bytes, item: (u32, u32), own: Option<&str>) -> (Bytes, (u32, u32)) {
    let (start, end) = (item.0 as usize, item.1 as usize);
    let own = own.map(|own| serde_json::to_string(own).expect("text always encodes"));
    let mut status = body[start..end].to_vec();
    // From the last to the first, so that the places of the others stay true; doubled keys are possible.
    for (place, replacement) in edits(&status, own.as_deref()).into_iter().rev() {
        status.splice(place, replacement.iter().copied());
    }
    let rebuilt = [&body[..start], &status, &body[end..]].concat();
    (rebuilt.into(), (item.0, item.0 + status.len() as u32))
}

fn edits<'o>(status: &[u8], own: Option<&'o str>) -> Vec<(Range<usize>, &'o [u8])> {
    let Some(tape) = Tape::read(status) else {
        return Vec::new();
    };
    let members: Vec<_> = tape.root().members().collect();
    let marked = (0..members.len()).filter(|at| members[*at].0.says(MEMBER));
    match own {
        Some(own) => marked.map(|at| (range(members[at].1), own.as_bytes())).collect(),
        None => marked.map(|at| (with_comma(&members, at), &b""[..])).collect(),
    }
}

/// A member with the comma behind it; where only such members follow, with the comma before it.
fn with_comma(members: &[(Value<'_>, Value<'_>)], at: usize) -> Range<usize> {
    let (key, value) = members[at];
    let is_kept = |at: &usize| !members[*at].0.says(MEMBER);
    if (at + 1..members.len()).any(|later| is_kept(&later)) {
        return range(key).start..range(members[at + 1].0).start;
    }
    let start = if at == 0 { range(key).start } else { range(members[at - 1].1).end };
    start..range(value).end
}

fn range(value: Value<'_>) -> Range<usize> {
    let (start, end) = value.span();
    start as usize..end as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(status: &str, own: Option<&str>) -> String {
        let (before, after) = (r#"{"statuses":["#, "]}");
        let body = Bytes::from(format!("{before}{status}{after}"));
        let item = (before.len() as u32, (before.len() + status.len()) as u32);
        let (body, item) = with_opaque(&body, item, own);
        let status = &body[item.0 as usize..item.1 as usize];
        assert_eq!(body, [before.as_bytes(), status, after.as_bytes()].concat());
        String::from_utf8(status.to_vec()).expect("the status is text")
    }

    #[test]
    fn the_mark_gives_way_to_the_callers_own_value() {
        let told = changed(r#"{"id":"a", "biz_opaque_callback_data" : "w:1" ,"status":"sent"}"#, Some("order \"7\""));
        assert_eq!(told, r#"{"id":"a", "biz_opaque_callback_data" : "order \"7\"" ,"status":"sent"}"#);
    }

    #[test]
    fn the_mark_is_removed_where_the_caller_had_none() {
        let cases = [
            (r#"{"id":"a","biz_opaque_callback_data":"w","s":1}"#, r#"{"id":"a","s":1}"#),
            (r#"{"biz_opaque_callback_data":"w", "s":1}"#, r#"{"s":1}"#),
            (r#"{"id":"a" , "biz_opaque_callback_data":"w" }"#, r#"{"id":"a" }"#),
            (r#"{"biz_opaque_callback_data":"w"}"#, "{}"),
            (r#"{"biz_opaque_callback_data":1,"biz_opaque_callback_data":2}"#, "{}"),
            (r#"{"a":0,"biz_opaque_callback_data":1,"biz_opaque_callback_data":2}"#, r#"{"a":0}"#),
            (r#"{"biz_opaque_callback_data":1,"a":0,"biz_opaque_callback_data":2}"#, r#"{"a":0}"#),
            (r#"{"a":{"biz_opaque_callback_data":1}}"#, r#"{"a":{"biz_opaque_callback_data":1}}"#),
        ];
        for (before, after) in cases {
            assert_eq!(changed(before, None), after);
        }
    }

    #[test]
    fn what_is_no_object_stays_as_it_is() {
        assert_eq!(changed("[1]", None), "[1]");
        assert_eq!(changed("{}", Some("x")), "{}");
    }
}
