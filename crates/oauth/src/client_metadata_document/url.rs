//! Client identifier URLs (draft-ietf-oauth-client-id-metadata-document §3) and where else strangers may send us.
//!
//! In: text. Out: a URL that may be fetched, or why not. Never: normalizes; a URL that a parser would change is
//! refused, which leaves numeric hosts, dot segments, odd ports and foreign letters nothing to hide behind.

use url::{Host, Url};

use super::Network;

/// The longest identifier, in bytes: it is stored with every grant and shown to people.
pub const MAX_URL_BYTES: usize = 512;

/// Ports below this one belong to other protocols.
const FIRST_FREE_PORT: u16 = 1024;

/// Why a URL is not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// This server takes no metadata documents.
    #[error("this server does not read client metadata documents")]
    Disabled,
    /// Longer than [`MAX_URL_BYTES`].
    #[error("the URL is longer than 512 bytes")]
    Length,
    /// Not the form that a parser would give it: "MUST NOT contain single-dot or double-dot path components".
    #[error("the URL is not in its canonical form")]
    NotCanonical,
    /// "MUST use the https URL scheme".
    #[error("the URL must use https")]
    Scheme,
    /// "MUST contain a path component".
    #[error("the URL must have a path")]
    NoPath,
    /// Userinfo, query or fragment.
    #[error("the URL must have neither userinfo nor query nor fragment")]
    Extras,
    /// An address instead of a name, a name without a dot, or a port of another protocol.
    #[error("the host must be a public domain name and the port that of a web server")]
    Host,
    /// The operator takes clients of other domains only.
    #[error("this server does not accept clients of this domain")]
    Domain,
}

/// What an operator opened beyond the public web, for intranets and tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    hosts: Vec<String>,
    plain_http: Vec<String>,
    networks: Vec<Network>,
}

impl Allowed {
    /// Reads `host, 10.0.0.0/8, http://host:port`: a host whose addresses may be private, a network that any host
    /// may be in, an origin that may be asked without TLS (and whose host's addresses may be private).
    ///
    /// # Errors
    /// A sentence for the operator that names the entry.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut allowed = Self::default();
        for entry in text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let wrong =
                || format!("{entry:?} is neither a host nor a network nor http://host:port");
            if let Some(rest) = entry.strip_prefix("http://") {
                let url = Url::parse(entry).map_err(|_| wrong())?;
                let host = url.host_str().ok_or_else(wrong)?;
                if rest.contains(['/', '?', '#', '@']) {
                    return Err(wrong());
                }
                allowed.hosts.push(host.to_owned());
                allowed.plain_http.push(url.origin().ascii_serialization());
            } else if entry.contains('/') {
                allowed
                    .networks
                    .push(Network::parse(entry).ok_or_else(wrong)?);
            } else {
                let host = Host::parse(entry).map_err(|_| wrong())?;
                allowed.hosts.push(host.to_string());
            }
        }
        Ok(allowed)
    }

    /// Whether this host, as it stands in a URL, may have private addresses.
    #[must_use]
    pub fn host(&self, host: &str) -> bool {
        self.hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(host))
    }

    /// Whether `host`, which resolved to `address`, may be connected to there.
    #[must_use]
    pub fn may_connect(&self, host: &str, address: std::net::IpAddr) -> bool {
        super::is_public(address)
            || self.host(host)
            || self.networks.iter().any(|network| network.has(address))
    }

    fn plain_http(&self, url: &Url) -> bool {
        self.plain_http
            .contains(&url.origin().ascii_serialization())
    }
}

/// What an operator decides about metadata documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRules {
    /// Whether documents are read at all.
    pub enabled: bool,
    /// The domains whose clients are taken, `*.example.com` for subdomains; empty: any.
    pub domains: Vec<String>,
    /// What is open beyond the public web.
    pub allowed: Allowed,
}

impl Default for DocumentRules {
    fn default() -> Self {
        Self {
            enabled: true,
            domains: Vec::new(),
            allowed: Allowed::default(),
        }
    }
}

impl DocumentRules {
    fn takes(&self, host: &str) -> bool {
        self.domains.is_empty()
            || self
                .domains
                .iter()
                .any(|domain| match domain.strip_prefix("*.") {
                    Some(parent) => host
                        .strip_suffix(parent)
                        .is_some_and(|sub| sub.len() > 1 && sub.ends_with('.')),
                    None => domain == host,
                })
    }
}

/// Reads `example.com, *.example.org`.
///
/// # Errors
/// A sentence for the operator that names the entry.
pub fn parse_domains(text: &str) -> Result<Vec<String>, String> {
    let entries = text
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    entries
        .map(|entry| {
            let domain = entry.strip_prefix("*.").unwrap_or(entry);
            match Host::parse(domain) {
                Ok(Host::Domain(name)) if !name.contains('*') => Ok(entry.replace(domain, &name)),
                _ => Err(format!(
                    "{entry:?} is no domain such as example.com or *.example.com"
                )),
            }
        })
        .collect()
}

/// A URL that may be fetched, to the letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DocumentUrl(Url, String);

impl DocumentUrl {
    /// Whether a client identifier means to be one: what this server issues never looks like it.
    #[must_use]
    pub fn is_meant(client_id: &str) -> bool {
        client_id.starts_with("https://") || client_id.starts_with("http://")
    }

    /// Reads a client identifier.
    ///
    /// # Errors
    /// [`BadUrl`].
    pub fn parse(text: &str, rules: &DocumentRules) -> Result<Self, BadUrl> {
        if !rules.enabled {
            return Err(BadUrl::Disabled);
        }
        let url = fetchable(text, &rules.allowed)?;
        if url.path().len() < 2 {
            return Err(BadUrl::NoPath);
        }
        // "SHOULD NOT contain a query component": it would let one document have endless names.
        if url.query().is_some() {
            return Err(BadUrl::Extras);
        }
        if !url.host_str().is_some_and(|host| rules.takes(host)) {
            return Err(BadUrl::Domain);
        }
        Ok(Self(url, text.to_owned()))
    }

    /// Reads a `jwks_uri`: the same, but for its query and whatever domain.
    ///
    /// # Errors
    /// [`BadUrl`].
    pub fn of_keys(text: &str, allowed: &Allowed) -> Result<Self, BadUrl> {
        Ok(Self(fetchable(text, allowed)?, text.to_owned()))
    }

    /// The URL to fetch.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// The text as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.1
    }

    /// Host and port, as people are shown them.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.0.authority()
    }
}

fn fetchable(text: &str, allowed: &Allowed) -> Result<Url, BadUrl> {
    if text.len() > MAX_URL_BYTES {
        return Err(BadUrl::Length);
    }
    let url = Url::parse(text).map_err(|_| BadUrl::NotCanonical)?;
    if url.scheme() != "https" && !(url.scheme() == "http" && allowed.plain_http(&url)) {
        return Err(BadUrl::Scheme);
    }
    let extras = url.fragment().is_some() || !url.username().is_empty() || url.password().is_some();
    if extras || text.contains(['#', '@']) {
        return Err(BadUrl::Extras);
    }
    // A parser drops the default port; "MAY contain a port", and with it the identifier is another one.
    let canonical =
        url.as_str() == text || with_default_port(&url).is_some_and(|with| with == text);
    if !canonical {
        return Err(BadUrl::NotCanonical);
    }
    let host = url.host_str().ok_or(BadUrl::Host)?;
    if allowed.host(host) {
        return Ok(url);
    }
    let named = matches!(url.host(), Some(Host::Domain(name)) if name.contains('.') && !name.ends_with('.'));
    let port = url.port().unwrap_or(443);
    if named && (port == 443 || port >= FIRST_FREE_PORT) {
        Ok(url)
    } else {
        Err(BadUrl::Host)
    }
}

fn with_default_port(url: &Url) -> Option<String> {
    let default = if url.scheme() == "https" {
        ":443"
    } else {
        ":80"
    };
    let (authority, text) = (url.authority(), url.as_str());
    let end = url.scheme().len() + "://".len() + authority.len();
    Some(format!("{}{default}{}", text.get(..end)?, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<DocumentUrl, BadUrl> {
        DocumentUrl::parse(text, &DocumentRules::default())
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn an_identifier_is_a_plain_https_url_of_a_public_name() {
        let long = format!("https://app.example/{}", "x".repeat(MAX_URL_BYTES));
        for (text, expected) in [
            (
                "https://claude.ai/oauth/claude-code-client-metadata",
                Ok(()),
            ),
            ("https://chatgpt.com/oauth/IbUR3zxyNQ16/client.json", Ok(())),
            ("https://vscode.dev/oauth/client-metadata.json", Ok(())),
            ("https://app.example:8443/client", Ok(())),
            ("https://app.example:443/client", Ok(())),
            ("https://xn--bcher-kva.example/client", Ok(())),
            ("https://app.example/a%20b", Ok(())),
            // path
            ("https://app.example", Err(BadUrl::NotCanonical)),
            ("https://app.example/", Err(BadUrl::NoPath)),
            ("https://app.example/a/../b", Err(BadUrl::NotCanonical)),
            ("https://app.example/./b", Err(BadUrl::NotCanonical)),
            ("https://app.example/%2e%2e/b", Err(BadUrl::NotCanonical)),
            ("https://app.example/a b", Err(BadUrl::NotCanonical)),
            ("https://app.example/é", Err(BadUrl::NotCanonical)),
            ("https://app.example\\b", Err(BadUrl::NotCanonical)),
            // scheme
            ("http://app.example/client", Err(BadUrl::Scheme)),
            ("HTTPS://app.example/client", Err(BadUrl::NotCanonical)),
            ("ftp://app.example/client", Err(BadUrl::Scheme)),
            ("file:///etc/passwd", Err(BadUrl::Scheme)),
            ("javascript:alert(1)", Err(BadUrl::Scheme)),
            ("client-1", Err(BadUrl::NotCanonical)),
            ("https:app.example/client", Err(BadUrl::NotCanonical)),
            ("https:///app.example/client", Err(BadUrl::NotCanonical)),
            (" https://app.example/client", Err(BadUrl::NotCanonical)),
            ("https://app.example/cli\nent", Err(BadUrl::NotCanonical)),
            // userinfo, query, fragment
            ("https://me@app.example/client", Err(BadUrl::Extras)),
            ("https://me:pw@app.example/client", Err(BadUrl::Extras)),
            ("https://@app.example/client", Err(BadUrl::Extras)),
            ("https://app.example/client#x", Err(BadUrl::Extras)),
            ("https://app.example/client#", Err(BadUrl::Extras)),
            ("https://app.example/client?x=1", Err(BadUrl::Extras)),
            ("https://app.example/client?", Err(BadUrl::Extras)),
            // hosts
            ("https://APP.example/client", Err(BadUrl::NotCanonical)),
            ("https://bücher.example/client", Err(BadUrl::NotCanonical)),
            ("https://localhost/client", Err(BadUrl::Host)),
            ("https://intranet/client", Err(BadUrl::Host)),
            ("https://app.example./client", Err(BadUrl::Host)),
            ("https://127.0.0.1/client", Err(BadUrl::Host)),
            ("https://8.8.8.8/client", Err(BadUrl::Host)),
            ("https://[::1]/client", Err(BadUrl::Host)),
            ("https://[2606:4700::1111]/client", Err(BadUrl::Host)),
            (
                "https://[::ffff:127.0.0.1]/client",
                Err(BadUrl::NotCanonical),
            ),
            ("https://0x7f.1/client", Err(BadUrl::NotCanonical)),
            ("https://0x7f000001/client", Err(BadUrl::NotCanonical)),
            ("https://2130706433/client", Err(BadUrl::NotCanonical)),
            ("https://0177.0.0.1/client", Err(BadUrl::NotCanonical)),
            ("https://127.1/client", Err(BadUrl::NotCanonical)),
            ("https://①②⑦.0.0.1/client", Err(BadUrl::NotCanonical)),
            // ports of other protocols
            ("https://app.example:22/client", Err(BadUrl::Host)),
            ("https://app.example:25/client", Err(BadUrl::Host)),
            ("https://app.example:80/client", Err(BadUrl::Host)),
            (
                "https://app.example:08443/client",
                Err(BadUrl::NotCanonical),
            ),
            ("https://app.example:/client", Err(BadUrl::NotCanonical)),
            (long.as_str(), Err(BadUrl::Length)),
        ] {
            assert_eq!(parse(text).map(drop), expected, "{text:?}");
        }
    }

    #[test]
    fn an_operator_may_open_hosts_networks_and_plain_http() {
        let allowed = Allowed::parse("localhost, 10.0.0.0/8,http://127.0.0.1:9000 ,[::1]").unwrap();
        let rules = DocumentRules {
            allowed: allowed.clone(),
            ..DocumentRules::default()
        };
        for (text, expected) in [
            ("https://localhost/c", Ok(())),
            ("https://localhost:22/c", Ok(())),
            ("http://localhost/c", Err(BadUrl::Scheme)),
            ("http://127.0.0.1:9000/c", Ok(())),
            ("http://127.0.0.1:9001/c", Err(BadUrl::Scheme)),
            ("https://127.0.0.1:9001/c", Ok(())),
            ("https://[::1]/c", Ok(())),
            ("https://10.0.0.1/c", Err(BadUrl::Host)),
        ] {
            let got = DocumentUrl::parse(text, &rules).map(drop);
            assert_eq!(got, expected, "{text:?}");
        }
        for (host, address, expected) in [
            ("app.example", "9.9.9.9", true),
            ("app.example", "10.1.2.3", true),
            ("app.example", "::ffff:10.1.2.3", true),
            ("app.example", "127.0.0.1", false),
            ("localhost", "127.0.0.1", true),
            ("LOCALHOST", "::1", true),
            ("localhost.evil.example", "127.0.0.1", false),
        ] {
            let got = allowed.may_connect(host, address.parse().unwrap());
            assert_eq!(got, expected, "{host} {address}");
        }
        for text in [
            "10.0.0.0/33",
            "http://a/b",
            "http://me@a",
            "https://a",
            "a b",
            "http://",
        ] {
            assert!(Allowed::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_operator_may_take_clients_of_some_domains_only() {
        let domains = parse_domains("claude.ai, *.example.com").unwrap();
        let rules = DocumentRules {
            domains,
            ..DocumentRules::default()
        };
        for (text, expected) in [
            ("https://claude.ai/c", Ok(())),
            ("https://claude.ai:8443/c", Ok(())),
            ("https://evil.claude.ai/c", Err(BadUrl::Domain)),
            ("https://notclaude.ai/c", Err(BadUrl::Domain)),
            ("https://a.example.com/c", Ok(())),
            ("https://a.b.example.com/c", Ok(())),
            ("https://example.com/c", Err(BadUrl::Domain)),
            ("https://evilexample.com/c", Err(BadUrl::Domain)),
            ("https://.example.com/c", Err(BadUrl::Domain)),
            ("https://claude.ai.evil.example/c", Err(BadUrl::Domain)),
        ] {
            let got = DocumentUrl::parse(text, &rules).map(drop);
            assert_eq!(got.is_ok(), expected.is_ok(), "{text:?} {got:?}");
        }
        let off = DocumentRules {
            enabled: false,
            ..DocumentRules::default()
        };
        assert_eq!(
            DocumentUrl::parse("https://claude.ai/c", &off),
            Err(BadUrl::Disabled)
        );
        for text in ["*", "*.", "a.*.b", "1.2.3.4", "https://a", "a/b"] {
            assert!(parse_domains(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        #[test]
        fn whatever_is_taken_reads_the_same_for_every_parser(
            text in prop_oneof![
                ".{0,60}",
                "https?://[a-zA-Z0-9.:@\\[\\]%_-]{0,30}[/\\\\?#]?[a-zA-Z0-9./%?#@ -]{0,20}",
                "https://[a-z]{1,8}\\.[a-z]{1,5}(:[0-9]{1,5})?/[a-z0-9./%-]{0,12}",
            ],
        ) {
            if let Ok(url) = parse(&text) {
                prop_assert_eq!(url.as_str(), &text);
                prop_assert!(text.starts_with("https://") && text.is_ascii());
                prop_assert!(!text.contains(['@', '#', '?', '\\', ' ']));
                let (authority, path) = text["https://".len()..].split_once('/').unwrap();
                prop_assert!(!path.is_empty());
                prop_assert!(!path.split('/').any(|part| part == "." || part == ".."));
                let (host, _) = authority.split_once(':').unwrap_or((authority, ""));
                prop_assert_eq!(url.url().host_str(), Some(host));
                prop_assert!(host.parse::<std::net::IpAddr>().is_err());
            }
        }

        #[test]
        fn any_setting_is_read_or_refused(text in ".{0,60}") {
            let _ = Allowed::parse(&text);
            let _ = parse_domains(&text);
        }
    }
}
