//! What proxies, frameworks and editors do to a body, done and undone again. Knows no signature.

/// What is done to a body, in words, and how.
struct Change {
    told: &'static str,
    make: fn(&[u8]) -> Vec<u8>,
}

const SPACES: [Change; 6] = [
    Change { told: "", make: <[u8]>::to_vec },
    Change { told: "without the line break at its end", make: without_end },
    Change { told: "with a line break at its end", make: |body| [body, b"\n"].concat() },
    Change { told: "with LF for CRLF", make: |body| text(body, |text| text.replace("\r\n", "\n")) },
    Change {
        told: "with CRLF for LF",
        make: |body| text(body, |text| text.replace("\r\n", "\n").replace('\n', "\r\n")),
    },
    Change { told: "without white space between its members", make: minified },
];
const ESCAPES: [Change; 4] = [
    Change { told: "", make: <[u8]>::to_vec },
    Change { told: "with unicode escapes for all that is not ASCII", make: |body| escaped(body, &[]) },
    Change {
        told: "with unicode escapes for all that is not ASCII, and for @ < > &",
        make: |body| escaped(body, b"@<>&"),
    },
    Change { told: "with its unicode escapes decoded", make: decoded },
];
const SLASHES: [Change; 3] = [
    Change { told: "", make: <[u8]>::to_vec },
    Change { told: "with \\/ for /", make: slashes_escaped },
    Change { told: "with / for \\/", make: slashes_plain },
];

/// The first change of `body`, the smallest first, of which `fits` thinks something; in words.
pub(super) fn altered<T>(body: &[u8], fits: impl Fn(&[u8]) -> Option<T>) -> Option<(String, T)> {
    let mut ways: Vec<[usize; 3]> = Vec::new();
    for spaces in 0..SPACES.len() {
        for escapes in 0..ESCAPES.len() {
            ways.extend((0..SLASHES.len()).map(|slashes| [spaces, escapes, slashes]));
        }
    }
    ways.sort_by_key(|way| way.iter().filter(|at| **at > 0).count());
    ways.into_iter().find_map(|[spaces, escapes, slashes]| {
        let changes = [&SPACES[spaces], &ESCAPES[escapes], &SLASHES[slashes]];
        let changed = changes.iter().fold(body.to_vec(), |body, change| (change.make)(&body));
        let told: Vec<&str> = changes.iter().map(|change| change.told).filter(|told| !told.is_empty()).collect();
        fits(&changed).filter(|_| changed != body).map(|found| (told.join(" and "), found))
    })
}

/// What is no text stays as it is.
fn text(body: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    std::str::from_utf8(body).map_or_else(|_| body.to_vec(), |text| change(text).into_bytes())
}

fn without_end(body: &[u8]) -> Vec<u8> {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    body.strip_suffix(b"\r").unwrap_or(body).to_vec()
}

fn minified(body: &[u8]) -> Vec<u8> {
    let (mut within, mut escaped) = (false, false);
    let keep = |byte: &&u8| {
        let keep = within || !byte.is_ascii_whitespace();
        if **byte == b'"' && !escaped {
            within = !within;
        }
        escaped = within && **byte == b'\\' && !escaped;
        keep
    };
    body.iter().filter(keep).copied().collect()
}

/// JSON with `\uXXXX` for what is not ASCII, and for `also`.
fn escaped(body: &[u8], also: &[u8]) -> Vec<u8> {
    text(body, |text| {
        let mut units = [0; 2];
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() && !also.contains(&byte) => escaped.push(c),
                Ok(_) | Err(_) => {
                    c.encode_utf16(&mut units).iter().for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}")))
                }
            }
        }
        escaped
    })
}

/// JSON with characters for `\uXXXX`, but where only the escape can stand.
fn decoded(body: &[u8]) -> Vec<u8> {
    text(body, |text| {
        let mut decoded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            decoded.push_str(&rest[..at]);
            rest = &rest[at..];
            let (taken, length) = match character(rest) {
                Some((c, length)) => (c.to_string(), length),
                None => {
                    let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                    (rest[..length].to_owned(), length)
                }
            };
            decoded.push_str(&taken);
            rest = &rest[length..];
        }
        decoded + rest
    })
}

/// The character that an escape at the beginning of `text` stands for, and the escape's length.
fn character(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(0)?;
    let plain = char::from_u32(u32::from(first)).map(|c| (c, 6));
    let pair = || {
        let c = char::decode_utf16([first, unit(6)?]).next()?.ok()?;
        Some((c, 12))
    };
    plain.or_else(pair).filter(|(c, _)| !c.is_control() && *c != '"' && *c != '\\')
}

/// `/` with a backslash before it.
fn slashes_escaped(body: &[u8]) -> Vec<u8> {
    let mut changed = Vec::with_capacity(body.len());
    let mut bytes = body.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'/' => changed.extend_from_slice(b"\\/"),
            b'\\' => changed.extend(std::iter::once(byte).chain(bytes.next())),
            _ => changed.push(byte),
        }
    }
    changed
}

/// `/` without a backslash before it.
fn slashes_plain(body: &[u8]) -> Vec<u8> {
    let mut changed = Vec::with_capacity(body.len());
    let mut bytes = body.iter().copied();
    while let Some(byte) = bytes.next() {
        let next = (byte == b'\\').then(|| bytes.next()).flatten();
        match next {
            Some(b'/') => changed.push(b'/'),
            next => changed.extend(std::iter::once(byte).chain(next)),
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str = r#"{"a":"\u00e9\ud83d\ude00 \u0040 https:\/\/x \\u00e9 \"\/\"","b":1}"#;

    #[test]
    fn escapes_are_decoded_and_made_again() {
        let plain = decoded(META.as_bytes());
        assert_eq!(String::from_utf8_lossy(&plain), r#"{"a":"é😀 @ https:\/\/x \\u00e9 \"\/\"","b":1}"#);
        assert_eq!(escaped(&plain, b"@"), META.as_bytes());
        assert_eq!(decoded(br#""\u000a\u0022\ud83d\u12""#), br#""\u000a\u0022\ud83d\u12""#, "these stay");
    }

    #[test]
    fn slashes_are_escaped_once() {
        let plain = slashes_plain(META.as_bytes());
        assert!(!plain.windows(2).any(|two| two == b"\\/"));
        assert_eq!(slashes_escaped(&plain), META.as_bytes());
        assert_eq!(slashes_escaped(META.as_bytes()), META.as_bytes());
    }

    #[test]
    fn white_space_goes_outside_strings_only() {
        let pretty = b"{\n  \"a b\": \"c \\\" d\",\n  \"e\": [1, 2]\n}\n";
        assert_eq!(minified(pretty), br#"{"a b":"c \" d","e":[1,2]}"#);
    }

    #[test]
    fn the_smallest_change_is_found_and_the_body_itself_is_none() {
        let found = altered(b"{\"a\": 1}", |changed| (changed == b"{\"a\":1}").then_some(7));
        assert_eq!(found, Some(("without white space between its members".to_owned(), 7)));
        assert_eq!(altered(b"{}", |changed| (changed == b"{}").then_some(())), None);
        assert_eq!(
            altered(&[0xff, b'\n'], |changed| (changed == [0xff]).then_some(())).map(|(_, found)| found),
            Some(())
        );
    }
}
