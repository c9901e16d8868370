//! Where to go after the login: a page of this site, and nowhere else (RFC 9700 §4.11).
//!
//! In: what a query says. Out: a path with its query, or nothing. Never: another host, the login itself.

/// Longest address that is kept, in bytes; it travels in a cookie.
const MAX_BYTES: usize = 1_024;

/// A local address below the site's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnTo(String);

impl ReturnTo {
    /// Reads an address below `root` (`/exec/`).
    pub(crate) fn parse(root: &str, text: &str) -> Option<Self> {
        let plain = text.len() <= MAX_BYTES
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
        let local = text.strip_prefix(root)?;
        let (path, _) = local.split_once('?').unwrap_or((local, ""));
        let lower = path.to_ascii_lowercase();
        // A slash would make `//evil.example` of the root `/`; dots would lead out of the root.
        let inside = !local.starts_with('/')
            && !path.split('/').any(|part| matches!(part, "." | ".."))
            && !["%2e", "%2f", "%5c"]
                .iter()
                .any(|dot| lower.split('/').any(|part| part.starts_with(dot)));
        let login = path == "signin" || path.starts_with("signin/");
        (plain && inside && !login).then(|| Self(text.to_owned()))
    }

    /// The site's first page.
    pub(crate) fn home(root: &str) -> Self {
        Self(root.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_site_are_returned_to() {
        for (root, text, expected) in [
            ("/", "/", true),
            ("/", "/view/note/a.md?x=1", true),
            ("/", "/view/note/%EA%B0%80.md", true),
            ("/", "//evil.example/", false),
            ("/", "/\\evil.example", false),
            ("/", "/%2fevil.example", false),
            ("/", "/%5Cevil.example", false),
            ("/", "https://evil.example/", false),
            ("/", "javascript:alert(1)", false),
            ("/", "view", false),
            ("/", "", false),
            ("/", "/a\r\nSet-Cookie: x", false),
            ("/", "/a#b", false),
            ("/", "/signin", false),
            ("/", "/signin/callback?code=1", false),
            ("/", "/signing", true),
            ("/exec/", "/exec/", true),
            ("/exec/", "/exec/view/kpi?name=mau", true),
            ("/exec/", "/exec", false),
            ("/exec/", "/account", false),
            ("/exec/", "/exec/../account", false),
            ("/exec/", "/exec/%2e%2e/account", false),
            ("/exec/", "/exec//evil.example", false),
            ("/exec/", "/executive", false),
            ("/team/exec/", "/exec/", false),
        ] {
            let got = ReturnTo::parse(root, text);
            assert_eq!(got.is_some(), expected, "{root} {text}");
        }
        let long = format!("/{}", "a".repeat(1_024));
        assert_eq!(ReturnTo::parse("/", &long), None);
    }
}
