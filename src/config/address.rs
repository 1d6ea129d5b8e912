//! URLs and listen addresses: what is one, and how it is shown. Knows no setting.

use actix_web::http::Uri;

/// Whether `text` is a whole `http` or `https` URL that a request can be sent to.
pub(super) fn is_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let known_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    known_scheme && uri.host().is_some_and(|host| !host.is_empty()) && !text.contains('#') && port_is_sound(&uri)
}

/// Whether `text` is the URL of a queue's server: `nats` or `tls`, perhaps who logs in, a host, perhaps a port.
pub(super) fn is_queue(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let known_scheme = matches!(uri.scheme_str(), Some("nats" | "tls"));
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    known_scheme && has_host && !text.contains(['#', '?']) && port_is_sound(&uri) && bare(&uri)
}

/// Whether `text` is scheme, host and port only, apart from a slash at the end.
pub(super) fn is_origin(text: &str) -> bool {
    is_url(text) && !has_userinfo(text) && text.parse::<Uri>().is_ok_and(|uri| bare(&uri))
}

/// Whether `text` is a URL without credentials and query, so that a path can be put behind it.
pub(super) fn is_base(text: &str) -> bool {
    is_url(text) && !has_userinfo(text) && !text.contains('?')
}

fn bare(uri: &Uri) -> bool {
    uri.path_and_query().is_none_or(|rest| matches!(rest.as_str(), "" | "/"))
}

/// `Uri` takes `host:99999` and `host:` for a host with a port it does not speak about.
fn port_is_sound(uri: &Uri) -> bool {
    let after_user = uri.authority().map_or("", |authority| authority.as_str()).rsplit('@').next().unwrap_or_default();
    let after_host = after_user.rsplit(']').next().unwrap_or_default();
    match after_host.split_once(':') {
        Some((_, port)) => port.parse::<u16>().is_ok_and(|port| port > 0),
        None => true,
    }
}

fn has_userinfo(text: &str) -> bool {
    split(text).is_some_and(|(_, authority, _)| authority.contains('@'))
}

/// Whether a plain `http` URL leaves this machine.
pub(crate) fn is_plain_and_far(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let near = uri.host().is_some_and(|host| host == "localhost" || host == "[::1]" || host.starts_with("127."));
    uri.scheme_str() == Some("http") && !near
}

/// `url` without what may be secret in it: credentials and the query are replaced by `…`.
pub fn masked(url: &str) -> String {
    let Some((scheme, authority, rest)) = split(url) else { return "…".to_owned() };
    let host = match authority.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => authority.to_owned(),
    };
    let path = match rest.split_once(['?', '#']) {
        Some((path, _)) => format!("{path}?…"),
        None => rest.to_owned(),
    };
    format!("{scheme}://{host}{path}")
}

/// Scheme, authority, and the rest.
fn split(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, after) = url.split_once("://")?;
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    Some((scheme, &after[..end], &after[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_http_urls_can_be_called() {
        for url in ["https://a.example/x", "http://127.0.0.1:9000", "http://u:p@[::1]:80/x?y=z", "https://a"] {
            assert!(is_url(url), "{url}");
        }
        let wrong = ["", "a.example/x", "ftp://a/x", "https://", "https:///x", "https://a b/", "https://a/#x", "//a/x"];
        for url in wrong.into_iter().chain(["https://a:99999/", "https://a:/", "https://a:0"]) {
            assert!(!is_url(url), "{url}");
        }
    }

    #[test]
    fn a_queue_is_a_server_and_not_a_path() {
        for url in ["nats://a", "nats://a:4222", "tls://u:p@a:4222", "nats://token@[::1]:4222/"] {
            assert!(is_queue(url), "{url}");
        }
        for url in ["", "a:4222", "http://a", "ws://a", "nats://", "nats://a/subject", "nats://a?x", "nats://a:0"] {
            assert!(!is_queue(url), "{url}");
        }
    }

    #[test]
    fn an_origin_has_neither_path_nor_credentials() {
        assert!(is_origin("https://graph.facebook.com"));
        assert!(is_origin("http://127.0.0.1:9000/"));
        for url in ["https://a/v25.0", "https://u@a", "https://a?x", "a"] {
            assert!(!is_origin(url), "{url}");
        }
    }

    #[test]
    fn credentials_and_query_of_a_url_are_masked() {
        assert_eq!(masked("https://u:p@a.example:1/x?token=1"), "https://…@a.example:1/x?…");
        assert_eq!(masked("https://a.example/x"), "https://a.example/x");
        assert_eq!(masked("https://a?token=1"), "https://a?…");
        assert_eq!(masked("u:p@a"), "…");
    }
}
