//! Simulated media: an id tells its kind, and the bytes follow from the id, so that nothing is stored.

/// The kinds of media, by the digit that stands second in their ids.
const KINDS: &[&str] =
    &["application/octet-stream", "image/jpeg", "video/mp4", "audio/ogg; codecs=opus", "application/pdf", "image/webp"];

/// The digit of `mime_type`; 0 for one the sandbox does not send.
pub fn digit_of(mime_type: &str) -> u8 {
    KINDS.iter().position(|kind| *kind == mime_type).and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
}

/// The MIME type of media `id`; `None` where `id` is no media id of the sandbox.
pub fn mime_type(id: &str) -> Option<&'static str> {
    let digits = id.as_bytes();
    let is_media = digits.len() == 15 && digits[0] == b'2' && digits.iter().all(u8::is_ascii_digit);
    is_media.then(|| KINDS.get(usize::from(digits[1] - b'0')).copied().unwrap_or(KINDS[0]))
}

/// The bytes of media `id`.
pub fn content(id: &str) -> Vec<u8> {
    format!("simulated media {id}\n").repeat(64).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::ids::Mint;
    use super::*;

    #[test]
    fn an_id_tells_its_kind() {
        let id = Mint::new(1).media_id(digit_of("image/webp"));
        assert_eq!(mime_type(&id), Some("image/webp"));
        assert_eq!(mime_type("102030405060708"), None);
    }
}
