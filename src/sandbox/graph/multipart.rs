//! `multipart/form-data`, read from bytes that are all there. Parts may come in any order.

use bytes::Bytes;

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The field's name.
    pub(super) name: String,
    /// The part's own type, where it says one.
    pub(super) content_type: Option<String>,
    /// Its bytes.
    pub(super) content: Bytes,
}

/// The parts of `body`; `None` where `content_type` is no multipart form, or the body is none.
pub(super) fn parts(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let delimiter = format!("--{}", boundary(content_type)?);
    let between = format!("\r\n{delimiter}");
    let mut at = find(body, delimiter.as_bytes(), 0)? + delimiter.len();
    let mut parts = Vec::new();
    while !body[at..].starts_with(b"--") {
        let from = find(body, b"\r\n", at)? + 2;
        let head_ends = find(body, b"\r\n\r\n", from)?;
        let content_ends = find(body, between.as_bytes(), head_ends + 2)?;
        let content = body.slice((head_ends + 4).min(content_ends)..content_ends);
        parts.extend(part(&body[from..head_ends], content));
        at = content_ends + between.len();
    }
    Some(parts)
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty())
}

fn part(head: &[u8], content: Bytes) -> Option<Part> {
    let head = std::str::from_utf8(head).ok()?;
    let header = |wanted: &str| {
        let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let name = parameter(header("content-disposition")?, "name")?.to_owned();
    Some(Part { name, content_type: header("content-type").map(str::to_owned), content })
}

/// The value of `name=…` among parameters that semicolons separate.
fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    let found = pairs.into_iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim().trim_matches('"'))
}

/// Where `wanted` begins in `bytes`, at `from` or behind it.
fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let mut at = 0;
    while let Some(step) = rest[at..].iter().position(|byte| *byte == wanted[0]) {
        at += step;
        if rest[at..].starts_with(wanted) {
            return Some(from + at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"x-y\"";

    /// Name, type, content.
    type Read = (String, Option<String>, Vec<u8>);

    fn of(text: &str) -> Option<Vec<Read>> {
        let parts = parts(TYPE, &Bytes::copy_from_slice(text.as_bytes()))?;
        Some(parts.into_iter().map(|part| (part.name, part.content_type, part.content.to_vec())).collect())
    }

    #[test]
    fn parts_come_with_their_type_and_their_bytes_whatever_is_in_them() {
        let text = "--x-y\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b.png\"\r\nContent-Type: image/png\r\n\r\n\r\n--x-\r\n\r\n--x-y\r\n\
                    content-disposition: form-data; name=type\r\n\r\nimage/png\r\n--x-y--\r\n";
        let expected = vec![
            ("file".to_owned(), Some("image/png".to_owned()), b"\r\n--x-\r\n".to_vec()),
            ("type".to_owned(), None, b"image/png".to_vec()),
        ];
        assert_eq!(of(text), Some(expected));
    }

    #[test]
    fn an_empty_part_is_empty() {
        let text = "--x-y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--x-y--";
        assert_eq!(of(text), Some(vec![("a".to_owned(), None, Vec::new())]));
    }

    #[test]
    fn what_is_cut_off_or_no_form_is_none() {
        assert_eq!(of("--x-y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nrest"), None);
        assert_eq!(of(""), None);
        assert_eq!(parts("application/json", &Bytes::from_static(b"{}")), None);
    }
}
