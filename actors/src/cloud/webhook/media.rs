//! Media that a message carries: by what it looks like, not by a list of kinds, so that Meta's next kind is one too.

use super::tape::{Shape, Value};

/// Levels below a message at which media may stand: an edited message lies inside the one that tells of it.
const DEPTH: usize = 3;

/// The ids of the media in `message`: of every object with an `id` beside a `mime_type` or a `sha256`.
pub(super) fn ids(message: Value<'_>) -> Vec<Box<str>> {
    let mut found = Vec::new();
    collect(message, DEPTH, &mut found);
    found
}

fn collect(object: Value<'_>, depth: usize, found: &mut Vec<Box<str>>) {
    for (_, member) in object.members().filter(|(_, member)| member.shape() == Shape::Object) {
        let is_media = member.get("mime_type").is_some() || member.get("sha256").is_some();
        match member.word("id").filter(|_| is_media) {
            Some(id) => found.push(id.into()),
            None if depth > 1 => collect(member, depth - 1, found),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tape::Tape;
    use super::*;

    fn found(message: &str) -> Vec<Box<str>> {
        ids(Tape::read(message.as_bytes()).expect("JSON").root())
    }

    #[test]
    fn every_kind_of_media_is_found_by_its_looks() {
        for kind in ["image", "audio", "video", "document", "sticker", "a_kind_of_tomorrow"] {
            let message = format!(r#"{{"id":"wamid.1","type":"{kind}","{kind}":{{"mime_type":"a/b","id":"2001"}}}}"#);
            assert_eq!(found(&message), ["2001".into()], "{kind}");
        }
        assert_eq!(found(r#"{"image":{"sha256":"x","id":2002}}"#), ["2002".into()], "ids may be numbers");
    }

    #[test]
    fn the_media_of_an_edited_message_is_found_inside_it() {
        let message = r#"{"type":"edit","edit":{"message":{"type":"image","image":{"sha256":"x","id":"2003"}}}}"#;
        assert_eq!(found(message), ["2003".into()]);
    }

    #[test]
    fn other_ids_are_no_media() {
        assert!(found(r#"{"id":"wamid.1","context":{"id":"wamid.2"},"text":{"body":"hello"}}"#).is_empty());
        assert!(found(r#"{"image":{"id":"","sha256":"x"},"video":[{"id":"1","sha256":"x"}]}"#).is_empty());
    }
}
