//! URLs in settings: the public address of a service, and browser origins.
//!
//! In: text. Out: the canonical spelling, without a trailing slash. Never: derived from a request's headers.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::Problems;

/// Why a text is no usable URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// Not a URL at all.
    #[error("is not a URL")]
    NotAUrl,
    /// Neither `http` nor `https`.
    #[error("does not begin with http:// or https://")]
    Scheme,
    /// Carries a user name or password.
    #[error("carries a user name or password")]
    Credentials,
    /// Has `?…` or `#…`.
    #[error("has a query or fragment")]
    QueryOrFragment,
}

/// Reads an `http` or `https` URL without credentials, query and fragment.
///
/// # Errors
/// [`UrlFault`] says which part is wrong.
pub fn http_url(text: &str) -> Result<Url, UrlFault> {
    let url = Url::parse(text).map_err(|_| UrlFault::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlFault::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlFault::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(UrlFault::QueryOrFragment);
    }
    Ok(url)
}

/// Reads a browser origin (`https://app.example`, no path), as it stands in an `Origin` header.
///
/// # Errors
/// [`UrlFault`] says which part is wrong; a path counts as [`UrlFault::NotAUrl`].
pub fn origin(text: &str) -> Result<String, UrlFault> {
    let url = http_url(text)?;
    if url.path() != "/" {
        return Err(UrlFault::NotAUrl);
    }
    Ok(url.origin().ascii_serialization())
}

/// The address under which people reach a service: `http(s)://host[:port][/path]`, no trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalUrl {
    text: String,
    origin: String,
    host: String,
    port: Option<u16>,
    path: String,
    loopback: bool,
}

impl ExternalUrl {
    /// Reads the address and strips trailing slashes.
    ///
    /// # Errors
    /// [`UrlFault`] says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, UrlFault> {
        let url = http_url(text)?;
        Ok(Self {
            text: url.as_str().trim_end_matches('/').to_owned(),
            origin: url.origin().ascii_serialization(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port(),
            path: url.path().trim_end_matches('/').to_owned(),
            loopback: is_loopback(&url),
        })
    }

    /// `http://localhost:<port>`.
    pub fn localhost(port: u16) -> Self {
        let text = format!("http://localhost:{port}");
        Self {
            origin: text.clone(),
            host: "localhost".to_owned(),
            port: Some(port),
            path: String::new(),
            loopback: true,
            text,
        }
    }

    /// Reads the setting, noting what is wrong with it; plain `http` beyond this machine is a warning.
    pub fn read(variable: &str, text: &str, problems: &mut Problems) -> Option<Self> {
        match Self::parse(text) {
            Ok(url) => {
                if !url.is_https() && !url.is_loopback() {
                    let wrong =
                        format!("{text} is plain http, so tokens and passwords travel readable");
                    problems.warn(variable, wrong, "Put TLS in front and use https://.");
                }
                Some(url)
            }
            Err(fault) => {
                let fix = "Use the address people type, such as https://loop.example.com.";
                problems.add(variable, format!("{text:?} {fault}"), fix);
                None
            }
        }
    }

    /// The address as text, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address of `path` (which begins with a slash) under this one.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// Scheme, host and port, as a browser sends it in `Origin`.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// The path part without a trailing slash; empty when the address is an origin.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The host as it stands in a `Host` header, without the port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host with its port, when that is not the scheme's own.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Whether it is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// Whether it is this machine: `localhost`, 127/8 or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for ExternalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a URL's host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_external_url_is_an_http_address_without_decoration() {
        for (text, expected) in [
            ("http://localhost:8082", Ok("http://localhost:8082")),
            (
                "https://Loop.Example.com:443/",
                Ok("https://loop.example.com"),
            ),
            ("https://a.example/team/", Ok("https://a.example/team")),
            ("https://한국.example", Ok("https://xn--3e0b707e.example")),
            ("localhost:8082", Err(UrlFault::Scheme)),
            ("loop.example.com", Err(UrlFault::NotAUrl)),
            ("ftp://a.example", Err(UrlFault::Scheme)),
            ("https://me:pw@a.example", Err(UrlFault::Credentials)),
            ("https://a.example/?x=1", Err(UrlFault::QueryOrFragment)),
            ("https://a.example/#top", Err(UrlFault::QueryOrFragment)),
        ] {
            let got = ExternalUrl::parse(text).map(|url| url.as_str().to_owned());
            assert_eq!(got, expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn parts_of_the_external_url_are_ready_to_use() {
        let url = ExternalUrl::parse("https://a.example:8443/team").unwrap();
        assert_eq!(url.join("/mcp"), "https://a.example:8443/team/mcp");
        assert_eq!(
            (url.origin().as_str(), url.path()),
            ("https://a.example:8443", "/team")
        );
        assert_eq!(
            (url.host(), url.authority().as_str()),
            ("a.example", "a.example:8443")
        );
    }

    #[test]
    fn plain_http_is_a_warning_only_beyond_this_machine() {
        for (text, warned) in [
            ("http://localhost:8082", false),
            ("http://127.0.0.1", false),
            ("http://[::1]:1", false),
            ("https://a.example", false),
            ("http://nas.local:8082", true),
            ("http://localhost.evil.example", true),
        ] {
            let mut problems = Problems::new();
            assert!(ExternalUrl::read("EXTERNAL_URL", text, &mut problems).is_some());
            assert_eq!(!problems.finish().unwrap().is_empty(), warned, "{text}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        assert_eq!(
            origin("https://App.example:443"),
            Ok("https://app.example".to_owned())
        );
        assert_eq!(origin("https://app.example/x"), Err(UrlFault::NotAUrl));
    }
}
