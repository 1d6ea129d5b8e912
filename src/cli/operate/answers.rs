//! What applications answered, in words: a status is said once.

/// The reason without the status that stands beside it: `HTTP 503 busy` is `busy` where 503 was said already.
pub(super) fn without(status: Option<u16>, reason: &str) -> &str {
    let said = status.map(|status| format!("HTTP {status}"));
    said.and_then(|said| reason.strip_prefix(said.as_str())).map_or(reason, str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_said_once() {
        assert_eq!(without(Some(503), "HTTP 503 busy"), "busy");
        assert_eq!(without(Some(503), "HTTP 503"), "");
        assert_eq!(without(Some(200), "HTTP 503 busy"), "HTTP 503 busy");
        assert_eq!(without(None, "connection refused"), "connection refused");
    }
}
