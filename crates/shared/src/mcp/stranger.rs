//! Requests that come from where they should not: DNS rebinding, pages of another origin (MCP 2025-11-25, "Security Warning").
//!
//! In: a request's headers, the hosts that are served, the origins that may call. Out: why it is refused. Never: a guess; a host
//! that is not named is a stranger's.

use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};

/// Why a request comes from where it should not (DNS rebinding); `None` when it does not.
pub fn stranger(headers: &HeaderMap, hosts: &[String], origins: &[String]) -> Option<&'static str> {
    let one = |name: HeaderName| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let host = one(HOST).unwrap_or_default().to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host.as_str(),
    };
    if !hosts.iter().any(|known| *known == host || known == name) {
        return Some("This Host is not served here; ALLOWED_HOSTS lists those that are.");
    }
    match one(ORIGIN) {
        Some(origin) if !origins.iter().any(|known| known == origin) => {
            Some("Pages of this Origin may not call; ALLOWED_ORIGINS lists those that may.")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn only_known_hosts_and_origins_enter() {
        let hosts = ["proxy.example", "localhost", "[::1]", "nas.local:8080"].map(str::to_owned);
        let origins = ["https://proxy.example".to_owned()];
        for (host, origin, enters) in [
            ("proxy.example", None, true),
            ("PROXY.example:443", None, true),
            ("localhost:8080", None, true),
            ("[::1]:8080", None, true),
            ("nas.local:8080", None, true),
            ("nas.local:9090", None, false),
            ("evil.example", None, false),
            ("proxy.example.evil.example", None, false),
            ("", None, false),
            ("localhost", Some("https://proxy.example"), true),
            ("localhost", Some("https://evil.example"), false),
            ("localhost", Some("null"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            let got = stranger(&headers, &hosts, &origins).is_none();
            assert_eq!(got, enters, "{host} {origin:?}");
        }
    }
}
