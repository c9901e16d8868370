//! Redirect URIs: which may be registered, and which request matches a registration.
//!
//! In: the text a client sent. Out: yes, or the reason why not.
//! Never: normalizes, guesses, or lets two parsers disagree: what a browser could read differently
//! from this module is refused (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1.3).

use url::{Host, Url};

/// The longest redirect URI accepted, in bytes.
pub const MAX_REDIRECT_BYTES: usize = 2048;

/// Why a redirect URI may not be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRedirect {
    /// Longer than [`MAX_REDIRECT_BYTES`], or empty.
    #[error("a redirect URI must have 1 to 2048 characters")]
    Length,
    /// A character RFC 3986 does not allow, or a bad or control `%xx`.
    #[error("a redirect URI has a character that a URI may not have")]
    Character,
    /// "The endpoint URI MUST NOT include a fragment component" (RFC 6749 §3.1.2).
    #[error("a redirect URI must not have a fragment")]
    Fragment,
    /// Not absolute, or nothing like `scheme:/…`.
    #[error("a redirect URI must be absolute")]
    NotAbsolute,
    /// A scheme that runs, reads or sends something instead of answering a client.
    #[error("this scheme cannot receive an authorization answer")]
    Scheme,
    /// `http` to a host that is not this computer.
    #[error("http is for loopback redirects only; use https")]
    PlainHttp,
    /// Userinfo, an odd host or an odd port.
    #[error("the authority of a redirect URI must be a plain host and port")]
    Authority,
    /// Its query already has a parameter of the answer.
    #[error("the query of a redirect URI must not have code, state, iss or error")]
    Query,
}

/// Schemes that never carry an answer to an application: they run code, read files, or reach
/// another protocol's handler.
const REFUSED_SCHEMES: [&str; 32] = [
    "about",
    "blob",
    "chrome",
    "content",
    "cid",
    "data",
    "dict",
    "feed",
    "file",
    "filesystem",
    "ftp",
    "ftps",
    "gopher",
    "intent",
    "jar",
    "javascript",
    "ldap",
    "mailto",
    "mid",
    "news",
    "resource",
    "rtsp",
    "sftp",
    "sms",
    "ssh",
    "tel",
    "telnet",
    "urn",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Checks a redirect URI before it is stored.
///
/// # Errors
/// [`BadRedirect`] says what is wrong with it.
pub fn check_registrable(uri: &str) -> Result<(), BadRedirect> {
    if uri.is_empty() || uri.len() > MAX_REDIRECT_BYTES {
        return Err(BadRedirect::Length);
    }
    check_characters(uri)?;
    let (scheme, rest) = uri.split_once(':').ok_or(BadRedirect::NotAbsolute)?;
    check_scheme(scheme)?;
    let url = Url::parse(uri).map_err(|_| BadRedirect::NotAbsolute)?;
    match rest.strip_prefix("//") {
        Some(hierarchy) => check_authority(&url, authority(hierarchy))?,
        // `com.example.app:/callback` (RFC 8252 §7.1); `scheme:text` is how data and urn look.
        None if rest.starts_with('/') && !is_web(scheme) => {}
        None => return Err(BadRedirect::NotAbsolute),
    }
    if scheme == "http" && loopback(uri).is_none() {
        return Err(BadRedirect::PlainHttp);
    }
    let answered = ["code", "state", "iss", "error", "error_description"];
    if url
        .query_pairs()
        .any(|(name, _)| answered.contains(&name.as_ref()))
    {
        return Err(BadRedirect::Query);
    }
    Ok(())
}

/// Whether `requested` is one of the registered URIs: to the letter, or loopback and equal but for
/// the port, which "the authorization server MUST allow to be specified at the time of the request"
/// (RFC 8252 §7.3), here for the name `localhost` as well.
#[must_use]
pub fn matches(registered: &[String], requested: &str) -> bool {
    registered.iter().any(|known| {
        known == requested
            || matches!((loopback(known), loopback(requested)), (Some(a), Some(b)) if a == b)
    })
}

/// Whether the URI leads to a program on the user's own computer over plain http.
#[must_use]
pub fn is_loopback(uri: &str) -> bool {
    loopback(uri).is_some()
}

/// Whether both are `https` and of one host and port.
#[must_use]
pub fn same_origin(a: &str, b: &str) -> bool {
    let origin = |uri: &str| {
        let url = Url::parse(uri).ok().filter(|url| url.scheme() == "https")?;
        Some(url.origin())
    };
    matches!((origin(a), origin(b)), (Some(a), Some(b)) if a == b)
}

/// What a consent page shows of a redirect: the host, or scheme and host of a private-use URI.
#[must_use]
pub fn display_host(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return String::new();
    };
    // Behind the scheme itself: another `://` further on is the sender's own text.
    match rest.strip_prefix("//").map(authority) {
        Some(host) if is_web(scheme) => host.to_owned(),
        Some(host) => format!("{scheme}://{host}"),
        None => format!("{scheme}:"),
    }
}

/// The redirect with the answer's parameters behind whatever query it has, otherwise to the letter.
#[must_use]
pub fn answer(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        query.append_pair(name, value);
    }
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, known)) if known.is_empty() || known.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{separator}{}", query.finish())
}

/// Host and everything behind the port of an `http` loopback URI; `None` for any other.
///
/// Read from the text, so that `localhost.evil.com`, `localhost:80@evil` and `localhost\@evil` have
/// nothing to be mistaken for.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["localhost", "127.0.0.1", "[::1]"]
        .into_iter()
        .find(|host| rest.starts_with(host))?;
    let (host, behind) = rest.split_at(host.len());
    let path = match behind.strip_prefix(':') {
        None => behind,
        Some(port) => {
            let digits = port.bytes().take_while(u8::is_ascii_digit).count();
            let (port, path) = port.split_at(digits);
            let plain =
                port.parse::<u16>().is_ok_and(|number| number > 0) && !port.starts_with('0');
            plain.then_some(path)?
        }
    };
    let ends = path.is_empty() || path.starts_with('/') || path.starts_with('?');
    ends.then_some((host, path))
}

fn is_web(scheme: &str) -> bool {
    matches!(scheme, "http" | "https")
}

fn authority(hierarchy: &str) -> &str {
    let end = hierarchy.find(['/', '?', '#']).unwrap_or(hierarchy.len());
    hierarchy.get(..end).unwrap_or_default()
}

/// RFC 3986 §2.2 and §2.3: what may stand in a URI beside letters and digits, `#` and `%` excepted.
const ALLOWED: &[u8] = b":/?[]@!$&'()*+,;=-._~";

fn check_characters(uri: &str) -> Result<(), BadRedirect> {
    let bytes = uri.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'#' => return Err(BadRedirect::Fragment),
            b'%' => {
                let hex = uri.get(at + 1..at + 3).ok_or(BadRedirect::Character)?;
                let value = u8::from_str_radix(hex, 16).map_err(|_| BadRedirect::Character)?;
                // `+1` and `-1` parse as numbers, but are no hexadecimal digits.
                let digits = hex.bytes().all(|digit| digit.is_ascii_hexdigit());
                if !digits || value.is_ascii_control() || value == b'\\' {
                    return Err(BadRedirect::Character);
                }
            }
            other if other.is_ascii_alphanumeric() || ALLOWED.contains(other) => {}
            _ => return Err(BadRedirect::Character),
        }
    }
    Ok(())
}

fn check_scheme(scheme: &str) -> Result<(), BadRedirect> {
    let mut bytes = scheme.bytes();
    let well_formed = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.')
        });
    if !well_formed || scheme.len() < 2 {
        return Err(BadRedirect::NotAbsolute);
    }
    // `ms-*:` are handlers of the Windows shell, several of them exploited.
    if REFUSED_SCHEMES.contains(&scheme) || scheme.starts_with("ms-") {
        return Err(BadRedirect::Scheme);
    }
    Ok(())
}

/// The text between `//` and the path must be what the URL parser, and so a browser, reads there.
fn check_authority(url: &Url, text: &str) -> Result<(), BadRedirect> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let plain = host
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    if host.is_empty() || !(plain || bracketed) {
        return Err(BadRedirect::Authority);
    }
    if let Some(port) = port {
        let number = port.parse::<u16>().ok().filter(|number| *number > 0);
        if number.is_none_or(|number| number.to_string() != port) {
            return Err(BadRedirect::Authority);
        }
    }
    let read_alike = match url.host() {
        Some(Host::Domain(read)) => read.eq_ignore_ascii_case(host),
        Some(Host::Ipv4(read)) => read.to_string() == host,
        Some(Host::Ipv6(_)) => bracketed,
        None => false,
    };
    let no_user = url.username().is_empty() && url.password().is_none();
    if read_alike && no_user {
        Ok(())
    } else {
        Err(BadRedirect::Authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn a_redirect_that_could_lead_elsewhere_is_not_registered() {
        for (uri, expected) in [
            // what real clients register
            ("https://claude.ai/api/mcp/auth_callback", Ok(())),
            ("https://chatgpt.com/connector/oauth/a-b_c", Ok(())),
            ("https://vscode.dev/redirect", Ok(())),
            ("http://localhost:3334/oauth/callback", Ok(())),
            ("http://localhost/callback", Ok(())),
            ("http://localhost:3000", Ok(())),
            ("http://127.0.0.1:33418/", Ok(())),
            ("http://[::1]:8000/cb", Ok(())),
            ("cursor://anysphere.cursor-mcp/oauth/callback", Ok(())),
            ("vscode://ms-vscode.mcp/cb", Ok(())),
            ("com.example.app:/oauth2redirect", Ok(())),
            ("https://app.example/cb?tenant=1", Ok(())),
            ("https://xn--e1afmkfd.example/cb", Ok(())),
            // schemes
            ("javascript:alert(1)", Err(BadRedirect::Scheme)),
            ("javascript://x/%0aalert(1)", Err(BadRedirect::Character)),
            ("javascript://x/alert(1)", Err(BadRedirect::Scheme)),
            ("JavaScript://x/alert(1)", Err(BadRedirect::NotAbsolute)),
            ("data:text/html,x", Err(BadRedirect::Scheme)),
            ("file:///etc/passwd", Err(BadRedirect::Scheme)),
            ("blob:https://a/b", Err(BadRedirect::Scheme)),
            ("vbscript://x/y", Err(BadRedirect::Scheme)),
            ("ws://a/b", Err(BadRedirect::Scheme)),
            ("ftp://a/b", Err(BadRedirect::Scheme)),
            ("mailto:a@b", Err(BadRedirect::Scheme)),
            ("intent://a/b", Err(BadRedirect::Scheme)),
            ("ms-msdt://a/b", Err(BadRedirect::Scheme)),
            ("urn:ietf:wg:oauth:2.0:oob", Err(BadRedirect::Scheme)),
            ("app:callback", Err(BadRedirect::NotAbsolute)),
            ("c:/windows", Err(BadRedirect::NotAbsolute)),
            ("https:/app.example/cb", Err(BadRedirect::NotAbsolute)),
            ("https:app.example/cb", Err(BadRedirect::NotAbsolute)),
            ("https:///app.example/cb", Err(BadRedirect::Authority)),
            ("//app.example/cb", Err(BadRedirect::NotAbsolute)),
            ("/cb", Err(BadRedirect::NotAbsolute)),
            ("", Err(BadRedirect::Length)),
            // plain http
            ("http://app.example/cb", Err(BadRedirect::PlainHttp)),
            ("http://localhost.evil.com/cb", Err(BadRedirect::PlainHttp)),
            ("http://127.0.0.1.evil.com/cb", Err(BadRedirect::PlainHttp)),
            ("http://LOCALHOST/cb", Err(BadRedirect::PlainHttp)),
            ("http://127.0.0.2/cb", Err(BadRedirect::PlainHttp)),
            ("http://0.0.0.0/cb", Err(BadRedirect::PlainHttp)),
            ("http://[::1].evil.com/cb", Err(BadRedirect::NotAbsolute)),
            ("http://2130706433/cb", Err(BadRedirect::Authority)),
            ("http://0x7f.1/cb", Err(BadRedirect::Authority)),
            ("http://127.1/cb", Err(BadRedirect::Authority)),
            // userinfo, ports, hosts
            ("http://localhost:80@evil/cb", Err(BadRedirect::Authority)),
            ("http://localhost@evil.com/cb", Err(BadRedirect::Authority)),
            ("https://app.example@evil.com/", Err(BadRedirect::Authority)),
            ("https://a:b@app.example/", Err(BadRedirect::Authority)),
            ("https://app.example:0443/cb", Err(BadRedirect::Authority)),
            ("https://app.example:/cb", Err(BadRedirect::Authority)),
            ("https://app.example:0/cb", Err(BadRedirect::Authority)),
            (
                "https://app.example:99999/cb",
                Err(BadRedirect::NotAbsolute),
            ),
            ("https://*.app.example/cb", Err(BadRedirect::Authority)),
            ("https://app%2eexample/cb", Err(BadRedirect::Authority)),
            (
                "https://evil.com%2f.app.example/",
                Err(BadRedirect::NotAbsolute),
            ),
            // characters
            (
                "https://app.example\\@evil.com/",
                Err(BadRedirect::Character),
            ),
            (
                "https://evil.com\\.app.example/",
                Err(BadRedirect::Character),
            ),
            ("https://app.example/%5c", Err(BadRedirect::Character)),
            ("https://app.example/cb#x", Err(BadRedirect::Fragment)),
            ("https://app.example/cb#", Err(BadRedirect::Fragment)),
            ("https://app.example/c b", Err(BadRedirect::Character)),
            (" https://app.example/cb", Err(BadRedirect::Character)),
            (
                "https://app.example/cb\r\nX: y",
                Err(BadRedirect::Character),
            ),
            ("https://app.example/%0d%0aX", Err(BadRedirect::Character)),
            ("https://app.example/%", Err(BadRedirect::Character)),
            ("https://app.example/%+1", Err(BadRedirect::Character)),
            ("https://app.example/\t", Err(BadRedirect::Character)),
            ("https://\u{430}pp.example/", Err(BadRedirect::Character)),
            ("https://app\u{3002}example/", Err(BadRedirect::Character)),
            ("https://app.example/<x>", Err(BadRedirect::Character)),
            // parameter pollution
            ("https://app.example/cb?code=x", Err(BadRedirect::Query)),
            (
                "https://app.example/cb?a=1&%73tate=x",
                Err(BadRedirect::Query),
            ),
            ("https://app.example/cb?iss=x", Err(BadRedirect::Query)),
        ] {
            assert_eq!(check_registrable(uri), expected, "{uri:?}");
        }
    }

    #[test]
    fn a_redirect_may_have_2048_bytes_and_no_more() {
        let uri = |n: usize| format!("https://a.example/{}", "x".repeat(n - 18));
        assert_eq!(uri(2048).len(), 2048);
        assert_eq!(check_registrable(&uri(2048)), Ok(()));
        assert_eq!(check_registrable(&uri(2049)), Err(BadRedirect::Length));
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn a_request_matches_its_registration_to_the_letter_or_by_loopback_port() {
        const WEB: &str = "https://app.example/cb";
        const LOCAL: &str = "http://localhost/callback";
        const PORTED: &str = "http://127.0.0.1:33418/";
        const V6: &str = "http://[::1]/cb";
        const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";
        for (registered, requested, expected) in [
            (WEB, WEB, true),
            (CURSOR, CURSOR, true),
            (LOCAL, "http://localhost:51234/callback", true),
            (LOCAL, "http://localhost:1/callback", true),
            (LOCAL, "http://localhost:65535/callback", true),
            (PORTED, "http://127.0.0.1:5/", true),
            (PORTED, "http://127.0.0.1/", true),
            (V6, "http://[::1]:8000/cb", true),
            // exactness
            (WEB, "https://app.example/cb/", false),
            (WEB, "https://app.example/cb?x=1", false),
            (WEB, "https://app.example:443/cb", false),
            (WEB, "https://APP.example/cb", false),
            (WEB, "HTTPS://app.example/cb", false),
            (WEB, "http://app.example/cb", false),
            (WEB, "https://app.example/./cb", false),
            (WEB, "https://app.example/x/../cb", false),
            (WEB, "https://app.example/%63b", false),
            (WEB, "https://app.example/cb#", false),
            (WEB, "https://app.example/cb%00", false),
            (WEB, "https://app.example.evil.com/cb", false),
            (WEB, "https://evil.com/https://app.example/cb", false),
            (WEB, "https://app.example@evil.com/cb", false),
            (WEB, "https://app.example\\@evil.com/cb", false),
            (WEB, "https://\u{430}pp.example/cb", false),
            (WEB, "", false),
            (
                CURSOR,
                "cursor://anysphere.cursor-mcp:80/oauth/callback",
                false,
            ),
            // loopback, and what only looks like it
            (LOCAL, "http://localhost:80@evil.com/callback", false),
            (LOCAL, "http://localhost@evil.com/callback", false),
            (LOCAL, "http://localhost.evil.com/callback", false),
            (LOCAL, "http://localhost:80.evil.com/callback", false),
            (LOCAL, "http://localhost\\.evil.com/callback", false),
            (LOCAL, "http://localhost:/callback", false),
            (LOCAL, "http://localhost:0/callback", false),
            (LOCAL, "http://localhost:080/callback", false),
            (LOCAL, "http://localhost:65536/callback", false),
            (LOCAL, "http://localhost:+80/callback", false),
            (LOCAL, "http://localhost:8 0/callback", false),
            (LOCAL, "http://localhost:8080/callback/", false),
            (LOCAL, "http://localhost:8080/callback?x=1", false),
            (LOCAL, "http://localhost:8080/callback#x", false),
            (LOCAL, "http://localhost:8080/../callback", false),
            (LOCAL, "http://127.0.0.1:8080/callback", false),
            (LOCAL, "http://LOCALHOST:8080/callback", false),
            (LOCAL, "https://localhost:8080/callback", false),
            (PORTED, "http://127.0.0.1.evil.com/", false),
            (PORTED, "http://127.0.0.1:33418", false),
            (PORTED, "http://127.0.0.11/", false),
            (PORTED, "http://localhost:33418/", false),
            (V6, "http://[::1]evil.com/cb", false),
            (V6, "http://[::2]/cb", false),
            (V6, "http://[0:0:0:0:0:0:0:1]/cb", false),
        ] {
            let got = matches(&[registered.to_owned()], requested);
            assert_eq!(got, expected, "{registered:?} vs {requested:?}");
        }
    }

    #[test]
    fn an_answer_keeps_the_redirect_and_its_query() {
        for (uri, expected) in [
            (
                "https://a.example/cb",
                "https://a.example/cb?code=x&state=%26+%23",
            ),
            (
                "https://a.example",
                "https://a.example?code=x&state=%26+%23",
            ),
            (
                "https://a.example/cb?",
                "https://a.example/cb?code=x&state=%26+%23",
            ),
            (
                "https://a.example/cb?t=1",
                "https://a.example/cb?t=1&code=x&state=%26+%23",
            ),
            (
                "https://a.example/cb?t=1&",
                "https://a.example/cb?t=1&code=x&state=%26+%23",
            ),
            ("cursor://x.y/cb", "cursor://x.y/cb?code=x&state=%26+%23"),
            ("com.app:/cb", "com.app:/cb?code=x&state=%26+%23"),
        ] {
            let got = answer(uri, &[("code", "x"), ("state", "& #")]);
            assert_eq!(got, expected, "{uri:?}");
        }
    }

    #[test]
    fn people_see_where_an_answer_goes() {
        for (uri, expected) in [
            ("https://a.example:8443/cb?x", "a.example:8443"),
            ("http://localhost:1234/cb", "localhost:1234"),
            ("http://localhost:1234", "localhost:1234"),
            (
                "cursor://anysphere.cursor-mcp/oauth",
                "cursor://anysphere.cursor-mcp",
            ),
            ("com.example.app:/cb", "com.example.app:"),
            ("com.app:/cb?x=https://chatgpt.com/", "com.app:"),
            ("com.app:/https://chatgpt.com/", "com.app:"),
            ("com.app://cb?x=https://chatgpt.com/", "com.app://cb"),
        ] {
            assert_eq!(display_host(uri), expected, "{uri:?}");
        }
    }
}
