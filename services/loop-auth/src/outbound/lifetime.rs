//! How long an answer may be kept (RFC 9111 §4.2), within bounds of this server's own.
//!
//! In: an answer's headers. Out: a duration. Never: zero or forever, whatever they say.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName};

/// An answer is kept at most this long: a change is seen within a day.
const LONGEST: Duration = Duration::from_hours(24);
/// When an answer says nothing.
const USUAL: Duration = Duration::from_mins(5);

/// How long the answer with these headers is fresh; at least `shortest`.
pub(super) fn of(headers: &HeaderMap, shortest: Duration) -> Duration {
    let said = match directives(headers) {
        Some(seconds) => Some(seconds.saturating_sub(number(headers, &AGE).unwrap_or(0))),
        None => until_expiry(headers),
    };
    said.map_or(USUAL, Duration::from_secs)
        .clamp(shortest, LONGEST)
}

/// `s-maxage`, else `max-age`; zero when the answer is not to be kept.
fn directives(headers: &HeaderMap) -> Option<u64> {
    let mut found: [Option<u64>; 2] = [None, None];
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or_default().split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let seconds = || value.trim().trim_matches('"').parse().ok();
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" | "private" => return Some(0),
                "s-maxage" => found[0] = seconds(),
                "max-age" => found[1] = seconds(),
                _ => {}
            }
        }
    }
    found[0].or(found[1])
}

fn until_expiry(headers: &HeaderMap) -> Option<u64> {
    let time = |name: &HeaderName| {
        let text = headers.get(name)?.to_str().ok()?;
        DateTime::parse_from_rfc2822(text).ok()
    };
    let expires = headers.get(EXPIRES)?;
    // "A cache recipient MUST interpret invalid date formats, especially the value "0", as … already expired."
    if expires.is_empty() || time(&EXPIRES).is_none() {
        return Some(0);
    }
    let seconds = (time(&EXPIRES)? - time(&DATE)?).num_seconds();
    Some(u64::try_from(seconds).unwrap_or(0))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_as_long_as_it_says_within_30_seconds_and_a_day() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (given, expected) in [
            (vec![], 300),
            (vec![("cache-control", "max-age=600")], 600),
            (vec![("cache-control", "public, Max-Age=\"600\"")], 600),
            (vec![("cache-control", "max-age=600, s-maxage=900")], 900),
            (vec![("cache-control", "max-age=600"), ("age", "500")], 100),
            (vec![("cache-control", "max-age=600"), ("age", "9999")], 30),
            (vec![("cache-control", "max-age=0")], 30),
            (vec![("cache-control", "no-store")], 30),
            (vec![("cache-control", "max-age=600, no-cache")], 30),
            (vec![("cache-control", "max-age=99999999")], 86_400),
            (
                vec![("cache-control", "max-age=99999999999999999999999")],
                300,
            ),
            (vec![("cache-control", "max-age=-1")], 300),
            (
                vec![("cache-control", "max-age=600"), ("expires", "0")],
                600,
            ),
            (vec![("expires", "0")], 30),
            (vec![("expires", "")], 30),
            (
                vec![date, ("expires", "Sun, 06 Nov 1994 08:59:37 GMT")],
                600,
            ),
            (vec![date, ("expires", "Sun, 06 Nov 1994 08:49:36 GMT")], 30),
            (
                vec![date, ("expires", "Sat, 06 Nov 2094 08:49:36 GMT")],
                86_400,
            ),
            (vec![("expires", "Sat, 06 Nov 2094 08:49:36 GMT")], 300),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &given {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(
                of(&headers, Duration::from_secs(30)),
                Duration::from_secs(expected),
                "{given:?}"
            );
        }
    }
}
