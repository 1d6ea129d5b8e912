//! Whether a browser was led here by somebody else. Knows two headers; used for what changes something.

use std::fmt;

/// Why a changing request from a browser is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The browser only fetches ahead: nobody asked for it yet.
    Prefetch,
    /// Another site made the browser ask.
    CrossSite,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Prefetch => "the browser only fetches ahead",
            Refusal::CrossSite => "another site made the browser ask",
        })
    }
}

/// Judges a changing request by `Sec-Fetch-Site` and `Sec-Purpose`. Programs send neither and pass.
pub fn cross_site(sec_fetch_site: Option<&str>, sec_purpose: Option<&str>) -> Option<Refusal> {
    if sec_purpose.is_some_and(says_prefetch) {
        return Some(Refusal::Prefetch);
    }
    let site = sec_fetch_site.map(str::trim)?;
    let own = site.eq_ignore_ascii_case("same-origin") || site.eq_ignore_ascii_case("none");
    (!own).then_some(Refusal::CrossSite)
}

/// `prefetch`, also with parameters: `prefetch;prerender`.
fn says_prefetch(purpose: &str) -> bool {
    purpose.split([';', ',']).any(|word| word.trim().eq_ignore_ascii_case("prefetch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_led_here_by_another_site_may_not_change_anything() {
        assert_eq!(cross_site(None, None), None);
        assert_eq!(cross_site(Some("same-origin"), None), None);
        assert_eq!(cross_site(Some("none"), None), None);
        assert_eq!(cross_site(Some("cross-site"), None), Some(Refusal::CrossSite));
        assert_eq!(cross_site(Some("same-site"), None), Some(Refusal::CrossSite));
        assert_eq!(cross_site(Some(""), None), Some(Refusal::CrossSite));
    }

    #[test]
    fn a_prefetch_changes_nothing() {
        assert_eq!(cross_site(None, Some("prefetch")), Some(Refusal::Prefetch));
        assert_eq!(cross_site(Some("none"), Some("prefetch;prerender")), Some(Refusal::Prefetch));
        assert_eq!(cross_site(Some("none"), Some("something-else")), None);
    }
}
