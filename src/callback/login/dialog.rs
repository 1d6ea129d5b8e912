//! The addresses and cookies of a login: Meta's dialog, the way back, and the browser between them. Pure.

use actix_web::http::Uri;
use wharf_actors::gateway::Gateway;

/// Where Graph is, and where its dialog is.
const GRAPH: &str = "https://graph.facebook.com";
const DIALOG: &str = "https://www.facebook.com";

/// What a person is asked to grant: to send and receive, and to subscribe and read accounts.
const SCOPES: &str = "whatsapp_business_management,whatsapp_business_messaging";

/// Meta's dialog, for the gateway's app; of a sandbox the one that it has itself.
pub(super) fn url((graph, version): (&str, &str), gateway: &Gateway, state: &str) -> String {
    let host = if graph == GRAPH { DIALOG } else { graph };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("auth_type", "rerequest")
        .append_pair("client_id", gateway.app_id.as_deref().unwrap_or_default())
        .append_pair("display", "popup")
        .append_pair("redirect_uri", gateway.callback_url.as_deref().unwrap_or_default())
        .append_pair("response_type", "code")
        .append_pair("scope", SCOPES)
        .append_pair("state", state)
        .finish();
    format!("{host}/{version}/dialog/oauth?{query}")
}

/// The cookie that ties a login to its browser, as `Set-Cookie` says it. Lax: it must come along when Meta sends the
/// browser back.
pub(super) fn cookie(gateway: &Gateway, value: &str, seconds: u64) -> String {
    let secure = if is_secure(gateway) { "; Secure" } else { "" };
    format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", name(gateway))
}

/// Its value in a `Cookie` header.
pub(super) fn cookie_in<'c>(gateway: &Gateway, cookies: &'c str) -> Option<&'c str> {
    let name = name(gateway);
    cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// With `__Host-` no other host and no page without TLS can have set it. A browser takes that over TLS only.
fn name(gateway: &Gateway) -> &'static str {
    if is_secure(gateway) { "__Host-wharf-login" } else { "wharf-login" }
}

fn is_secure(gateway: &Gateway) -> bool {
    gateway.callback_url.as_ref().is_some_and(|url| url.starts_with("https://"))
}

/// The origin of a URL, as browsers write it.
pub(super) fn origin_of(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
    (!authority.contains('@')).then(|| format!("{scheme}://{authority}").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(callback: &str) -> Gateway {
        Gateway { callback_url: Some(callback.into()), ..super::super::tests::gateway() }
    }

    #[test]
    fn the_dialog_is_metas_for_metas_graph_and_the_sandboxs_for_the_sandbox() {
        let gateway = gateway("https://wa.example.com/main");
        let meta = url((GRAPH, "v25.0"), &gateway, "s");
        assert_eq!(
            meta,
            "https://www.facebook.com/v25.0/dialog/oauth?auth_type=rerequest&client_id=42&display=popup\
             &redirect_uri=https%3A%2F%2Fwa.example.com%2Fmain&response_type=code\
             &scope=whatsapp_business_management%2Cwhatsapp_business_messaging&state=s"
        );
        assert!(
            url(("http://127.0.0.1:9", "v25.0"), &gateway, "s").starts_with("http://127.0.0.1:9/v25.0/dialog/oauth?")
        );
    }

    #[test]
    fn the_cookie_stays_with_its_host_and_its_browser() {
        let (far, near) = (gateway("https://wa.example.com/main"), gateway("http://127.0.0.1:8080/main"));
        assert_eq!(cookie(&far, "x", 600), "__Host-wharf-login=x; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(cookie(&near, "", 0), "wharf-login=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        assert_eq!(cookie_in(&far, "a=b; __Host-wharf-login=x; wharf-login=y"), Some("x"));
        assert_eq!(cookie_in(&far, "wharf-login=y"), None);
    }

    #[test]
    fn an_origin_is_scheme_and_host() {
        assert_eq!(origin_of("https://Console.example.com/a?b").as_deref(), Some("https://console.example.com"));
        for none in ["", "/a", "about:blank", "https://u:p@a.example/"] {
            assert_eq!(origin_of(none), None, "{none}");
        }
    }
}
