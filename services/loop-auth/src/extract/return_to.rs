//! Where to go after the login: back to a local authorize URL, and nowhere else.
//!
//! In: what a form or query says. Out: a [`ReturnTo`], or nothing. RFC 9700 §4.11.2: an authorization
//! server must not be an open redirector.

use url::form_urlencoded;

/// The longest URL that is returned to, in bytes.
const MAX_BYTES: usize = 16_384;

/// Pages of this server that lead nowhere else: for devices, of the account, and of a program that has this login inside.
const PAGES: [&str; 5] = [
    "/oauth/device?",
    "/account?",
    "/account/security?",
    "/connections?",
    "/servers?",
];

/// A local authorize URL with its query, or one of the pages that lead nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnTo(String);

impl ReturnTo {
    /// The authorize URL at `path` for these parameters, as the browser must ask for it: below the
    /// issuer's path `base`, which a proxy may have taken off `path` or not.
    pub(crate) fn new(base: &str, path: &str, params: &[(String, String)]) -> Self {
        let whole = path
            .strip_prefix(base)
            .is_some_and(|local| local.starts_with('/'));
        let base = if whole { "" } else { base };
        Self(format!("{base}{path}?{}", encode(params)))
    }

    /// Reads what came from outside; `None` for anything else.
    pub(crate) fn parse(base: &str, text: &str) -> Option<Self> {
        let plain = text.len() <= MAX_BYTES
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
        let local = text.strip_prefix(base)?;
        let known = ["/authorize?", "/oauth/authorize?"]
            .iter()
            .chain(&PAGES)
            .any(|path| local.starts_with(path))
            || is_admin(local);
        (plain && known).then(|| Self(text.to_owned()))
    }

    /// Whether it stays on this site, whatever the person answers there.
    pub(crate) fn stays_here(&self, base: &str) -> bool {
        let local = self.0.strip_prefix(base);
        local.is_some_and(|local| {
            PAGES.iter().any(|page| local.starts_with(page)) || is_admin(local)
        })
    }

    /// The URL, relative to this origin.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The parameters in its query.
    pub(crate) fn params(&self) -> Vec<(String, String)> {
        let query = self.0.split_once('?').map_or("", |(_, query)| query);
        decode(query)
    }
}

/// An admin page: `/admin?…` or `/admin/word?…`.
fn is_admin(local: &str) -> bool {
    let Some((path, _)) = local.split_once('?') else {
        return false;
    };
    let page = path.strip_prefix("/admin");
    page.is_some_and(|page| {
        let word = page.strip_prefix('/').unwrap_or_default();
        page.is_empty() || (!word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
    })
}

/// Writes parameters as a query string.
pub(crate) fn encode(params: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish()
}

/// Reads a query string or form body; what is not UTF-8 becomes U+FFFD.
pub(crate) fn decode(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_local_authorize_url_is_returned_to() {
        for (text, expected) in [
            ("/authorize?client_id=a", true),
            ("/oauth/authorize?client_id=a&state=b%26c", true),
            ("/authorize?redirect_uri=https://evil.example/", true), // checked by the rules again
            ("/oauth/device?user_code=WDJB-MJHT", true),
            ("/oauth/device?", true),
            ("/account?", true),
            ("/account/security?", true),
            ("/account", false),
            ("/account/password?x=1", false),
            ("/account.evil.example?x=1", false),
            ("/admin?", true),
            ("/admin/confirm?act=disable&id=1", true),
            ("/admin/", false),
            ("/admin/../x?y=1", false),
            ("/admin//evil.example?x=1", false),
            ("/administrator?x=1", false),
            ("/oauth/device", false),
            ("/oauth/device/answer?x=1", false),
            ("/authorize", false),
            ("/authorize/?x=1", false),
            ("/authorized?x=1", false),
            ("/oauth/logout?x=1", false),
            ("", false),
            ("/", false),
            ("https://evil.example/authorize?x=1", false),
            ("//evil.example/authorize?x=1", false),
            ("///evil.example/authorize?x=1", false),
            ("/\\evil.example/authorize?x=1", false),
            ("\\\\evil.example/authorize?x=1", false),
            ("/authorize?x=1\\", false),
            ("/authorize?x=1#frag", false),
            ("/authorize?x=1\r\nLocation: https://evil.example", false),
            ("/authorize?x=1\n", false),
            ("/authorize?x= 1", false),
            ("\t/authorize?x=1", false),
            (" /authorize?x=1", false),
            ("javascript:/authorize?x=1", false),
            ("/../authorize?x=1", false),
            ("/%2fevil.example/authorize?x=1", false),
            ("/authorize?x=한", false),
            ("@evil.example/authorize?x=1", false),
            (".evil.example/authorize?x=1", false),
        ] {
            assert_eq!(ReturnTo::parse("", text).is_some(), expected, "{text:?}");
        }
        let long = format!("/authorize?x={}", "y".repeat(MAX_BYTES));
        assert_eq!(ReturnTo::parse("", &long), None);
    }

    #[test]
    fn under_an_issuer_with_a_path_only_that_path_counts() {
        assert!(ReturnTo::parse("/team", "/team/authorize?x=1").is_some());
        assert!(ReturnTo::parse("/team", "/team/oauth/authorize?x=1").is_some());
        assert!(ReturnTo::parse("/team", "/authorize?x=1").is_none());
        assert!(ReturnTo::parse("/team", "/team.evil.example/authorize?x=1").is_none());
    }

    #[test]
    fn parameters_survive_the_detour() {
        let params = vec![
            ("state".to_owned(), "a&b=c +%\"한".to_owned()),
            (
                "redirect_uri".to_owned(),
                "http://localhost:1/cb?x=1".to_owned(),
            ),
        ];
        for (base, path, expected) in [
            ("", "/authorize", "/authorize?"),
            ("", "/oauth/authorize", "/oauth/authorize?"),
            ("/team", "/authorize", "/team/authorize?"),
            ("/team", "/team/authorize", "/team/authorize?"),
            ("/team", "/oauth/authorize", "/team/oauth/authorize?"),
            ("/auth", "/authorize", "/auth/authorize?"),
        ] {
            let url = ReturnTo::new(base, path, &params);
            assert!(url.as_str().starts_with(expected), "{base} {path}: {url:?}");
            assert_eq!(ReturnTo::parse(base, url.as_str()), Some(url.clone()));
            assert_eq!(url.params(), params);
        }
    }
}
