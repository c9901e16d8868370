//! The address of a request, as a proof names it (`htu`, RFC 9449 §4.2).
//!
//! In: an address as text, or the configured address and a path. Out: [`Target`], equal when both name one
//! address by the normalization of RFC 3986 §6.2.2 and §6.2.3, "ignoring any query and fragment parts"
//! (RFC 9449 §4.3). Never: what readers could take for different addresses (userinfo, backslash, blanks).

use url::Url;

/// The longest address that is read, in bytes.
const MAX_BYTES: usize = 4096;

/// An address without query and fragment, normalized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(String);

impl Target {
    /// Reads an absolute `http(s)` address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() <= MAX_BYTES
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let (scheme, rest) = text.split_once("://")?;
        let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        // A third slash would be skipped: `https:///evil` has a host to some readers and none to others.
        if !plain || !web || rest.starts_with('/') {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let authority = rest.split(['/', '?', '#']).next()?;
        if authority.contains('@') || !url.has_host() {
            return None;
        }
        let origin = url.origin().ascii_serialization();
        Some(Self(format!("{origin}{}", unescaped(url.path()))))
    }

    /// The address of the request for `path` at a service that people reach at `external`: below its path, which
    /// a proxy may have taken off or not.
    #[must_use]
    pub fn of_request(external: &str, path: &str) -> Option<Self> {
        let external = external.trim_end_matches('/');
        let url = Url::parse(external).ok()?;
        let base = url.path().trim_end_matches('/');
        let whole = path
            .strip_prefix(base)
            .is_some_and(|local| local.is_empty() || local.starts_with('/'));
        if whole {
            Self::parse(&format!("{}{path}", url.origin().ascii_serialization()))
        } else {
            Self::parse(&format!("{external}{path}"))
        }
    }

    /// The normalized address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The path with unreserved characters unescaped and the digits of other escapes in capitals (RFC 3986 §6.2.2).
/// Dot segments, escaped or not, are gone by now.
fn unescaped(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut text = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| octet(bytes.get(at + 1..at + 3)?))
            .flatten();
        match escaped {
            Some(octet) if is_unreserved(octet) => text.push(char::from(octet)),
            Some(octet) => {
                text.push('%');
                text.push(digit(octet >> 4));
                text.push(digit(octet & 0xf));
            }
            None => text.push(char::from(byte)),
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
    text
}

fn octet(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_address_has_one_form_and_two_addresses_have_two() {
        let usual = "https://loop.example/mcp";
        for (text, expected) in [
            ("https://loop.example/mcp", true),
            ("HTTPS://LOOP.example/mcp", true),
            ("https://loop.example:443/mcp", true),
            ("https://loop.example/mcp?x=1", true),
            ("https://loop.example/mcp#f", true),
            ("https://loop.example/%6Dcp", true),
            ("https://loop.example/%6dcp", true),
            ("https://loop.example/./mcp", true),
            ("https://loop.example/x/%2e%2E/mcp", true),
            ("https://loop.example/mcp/", false),
            ("https://loop.example//mcp", false),
            ("https://loop.example/MCP", false),
            ("https://loop.example/mcp%2F", false),
            ("https://loop.example/mcp%3Fx", false),
            ("https://loop.example:8443/mcp", false),
            ("http://loop.example/mcp", false),
            ("https://loop.example.evil/mcp", false),
            ("https://evil.example/mcp", false),
            ("https://loop.example@evil.example/mcp", false),
            ("https://evil.example/https://loop.example/mcp", false),
            ("https://u@loop.example/mcp", false),
            ("https://@loop.example/mcp", false),
            ("https:\\\\loop.example\\mcp", false),
            ("https://loop.example\\mcp", false),
            ("https:/loop.example/mcp", false),
            ("https:///loop.example/mcp", false),
            ("https:loop.example/mcp", false),
            ("//loop.example/mcp", false),
            ("/mcp", false),
            ("", false),
            (" https://loop.example/mcp", false),
            ("https://loop.example/mcp\n", false),
            ("https://loop.example/m\tcp", false),
            ("https://löop.example/mcp", false),
            ("ftp://loop.example/mcp", false),
            ("javascript://loop.example/mcp", false),
        ] {
            let same = Target::parse(text).is_some_and(|got| Some(got) == Target::parse(usual));
            assert_eq!(same, expected, "{text:?}");
        }
        assert_eq!(
            Target::parse(&format!("{usual}/{}", "x".repeat(MAX_BYTES))),
            None
        );
    }

    #[test]
    fn a_requests_address_is_the_configured_one_whatever_a_proxy_takes_off() {
        for (external, path, expected) in [
            ("https://a.example", "/token", "https://a.example/token"),
            ("https://a.example/", "/token", "https://a.example/token"),
            ("http://a.example:80", "/token", "http://a.example/token"),
            (
                "https://a.example/team",
                "/token",
                "https://a.example/team/token",
            ),
            (
                "https://a.example/team",
                "/team/token",
                "https://a.example/team/token",
            ),
            (
                "https://a.example/team",
                "/teams/token",
                "https://a.example/team/teams/token",
            ),
            (
                "https://a.example",
                "//evil.example/x",
                "https://a.example//evil.example/x",
            ),
        ] {
            let got = Target::of_request(external, path).unwrap();
            assert_eq!(got.as_str(), expected, "{external} {path}");
        }
        assert_eq!(
            Target::of_request("https://a.example", "@evil.example"),
            None
        );
    }

    proptest! {
        #[test]
        fn no_text_panics_and_a_normal_form_is_its_own(text in "(https?://)?[ -~]{0,60}") {
            if let Some(target) = Target::parse(&text) {
                prop_assert_eq!(Target::parse(target.as_str()), Some(target.clone()));
            }
        }

        #[test]
        fn another_host_or_scheme_is_never_the_same(host in "[a-z]{1,9}\\.example", path in "(/[a-z%0-9.]{0,8}){0,4}") {
            let of = |scheme: &str, host: &str| Target::parse(&format!("{scheme}://{host}{path}"));
            let usual = of("https", "loop.test");
            prop_assert!(usual.is_some());
            prop_assert_ne!(&usual, &of("https", &host));
            prop_assert_ne!(&usual, &of("http", "loop.test"));
        }
    }
}
