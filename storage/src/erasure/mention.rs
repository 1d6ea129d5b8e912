//! Whether bytes of JSON name somebody: a string or a number in them that is one of their ids, in any usual way of
//! writing a phone number. It reads leniently, what is no JSON too, and knows no noun.

/// Members whose values are ours: a business may itself be a customer of another one.
const OURS: [&[u8]; 2] = [b"display_phone_number", b"phone_number_id"];
/// No way of writing an id is longer.
const LONGEST: usize = 300;

/// Whether a string or number in `json` is a name, as `names` says.
pub(super) fn mentions(json: &[u8], names: &dyn Fn(&str) -> bool) -> bool {
    let mut key: &[u8] = b"";
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        let begin = at;
        match byte {
            b'"' => {
                at = end_of_string(json, begin + 1);
                let text = &json[begin + 1..at];
                at = (at + 1).min(json.len());
                let is_key = json[at..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
                if (is_key || !OURS.contains(&key)) && is_name(text, names) {
                    return true;
                }
                key = if is_key { text } else { b"" };
            }
            b'0'..=b'9' => {
                at += json[begin..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                if !OURS.contains(&key) && is_name(&json[begin..at], names) {
                    return true;
                }
            }
            b',' | b'{' | b'[' => {
                key = b"";
                at += 1;
            }
            _ => at += 1,
        }
    }
    false
}

/// Whether `text` is a name, or a phone number that is one once only its digits are left.
pub(super) fn is_name(text: &[u8], names: &dyn Fn(&str) -> bool) -> bool {
    let Some(text) = std::str::from_utf8(text).ok().filter(|text| !text.is_empty() && text.len() <= LONGEST) else {
        return false;
    };
    if names(text) {
        return true;
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-(). ".contains(&byte));
    let digits = || text.chars().filter(char::is_ascii_digit).collect::<String>();
    is_number && names(&digits())
}

/// Where a string that begins at `from` ends: its closing quote, or the end of the bytes.
fn end_of_string(json: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}
