//! Which language a page speaks.
//!
//! In: an `Accept-Language` header, or what the person chose. Out: a [`Locale`]. Source: RFC 9110 §12.5.4.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;

/// The cookie that keeps the language that somebody chose, for every page of the origin.
pub const COOKIE: &str = "loop_language";

/// A language every text exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// English, also for whoever asked for neither.
    #[default]
    En,
    /// Korean.
    Ko,
}

/// The longest header that is looked at, in bytes.
const MAX_HEADER_BYTES: usize = 1_000;

impl Locale {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Ko];

    /// The language tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }

    /// The language that somebody chose, or else what the browser asks for.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let chosen = request.cookie(COOKIE);
        let chosen = chosen.and_then(|cookie| Self::named(cookie.value()));
        let header = request.headers().get(ACCEPT_LANGUAGE);
        let asked = header.and_then(|value| value.to_str().ok());
        chosen.unwrap_or_else(|| asked.map_or_else(Self::default, Self::negotiate))
    }

    /// The best language for an `Accept-Language` header; English when nothing fits.
    ///
    /// Of equal weights the first one wins, so `ko-KR,ko;q=0.9,en;q=0.8` is Korean.
    #[must_use]
    pub fn negotiate(header: &str) -> Self {
        if header.len() > MAX_HEADER_BYTES {
            return Self::default();
        }
        let mut best = (Self::default(), 0);
        for range in header.split(',') {
            let (tag, weight) = weigh(range);
            let Some(locale) = Self::from_range(tag) else {
                continue;
            };
            if weight > best.1 {
                best = (locale, weight);
            }
        }
        best.0
    }

    /// The first language of a space-separated list that exists (`OpenID` Connect Core §3.1.2.1, `ui_locales`).
    #[must_use]
    pub fn first_of(tags: &str) -> Option<Self> {
        tags.split_ascii_whitespace().find_map(Self::from_range)
    }

    /// The language of exactly this tag.
    #[must_use]
    pub fn named(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.tag() == tag)
    }

    /// The language a range such as `ko-KR` names.
    fn from_range(range: &str) -> Option<Self> {
        let language = range.split('-').next().unwrap_or_default();
        if language == "*" {
            return Some(Self::default());
        }
        Self::ALL
            .into_iter()
            .find(|locale| locale.tag().eq_ignore_ascii_case(language))
    }
}

/// Splits a range into its tag and its weight in thousandths; a malformed weight counts as none.
fn weigh(range: &str) -> (&str, u16) {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next().unwrap_or_default();
    let weight = parts
        .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .map_or(1_000, thousandths);
    (tag, weight)
}

/// A qvalue, `0` to `1` with up to three decimals, in thousandths.
fn thousandths(qvalue: &str) -> u16 {
    let (whole, decimals) = qvalue.split_once('.').unwrap_or((qvalue, ""));
    if decimals.len() > 3 {
        return 0;
    }
    match (whole, format!("{decimals:0<3}").parse::<u16>()) {
        ("0", Ok(rest)) => rest,
        ("1", Ok(0)) => 1_000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_language_that_exists_wins() {
        for (header, expected) in [
            ("", Locale::En),
            ("ko", Locale::Ko),
            ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", Locale::Ko),
            ("en-US,en;q=0.9,ko;q=0.8", Locale::En),
            ("en;q=0.2, KO-kr;q=0.25", Locale::Ko),
            ("fr, de;q=0.9", Locale::En),
            ("fr, ko;q=0.1", Locale::Ko),
            ("ko;q=0", Locale::En),
            ("ko;q=0.000, en;q=0.001", Locale::En),
            ("*", Locale::En),
            ("*;q=0.1, ko;q=0.2", Locale::Ko),
            ("ko;q=nonsense", Locale::En),
            ("ko;q=2", Locale::En),
            (";;;,,,;q=", Locale::En),
            ("korean", Locale::En),
        ] {
            assert_eq!(Locale::negotiate(header), expected, "{header:?}");
        }
    }

    #[test]
    fn the_first_known_language_of_a_list_is_taken() {
        for (tags, expected) in [
            ("ko", Some(Locale::Ko)),
            ("fr-CA ko-KR en", Some(Locale::Ko)),
            ("en-US ko", Some(Locale::En)),
            ("fr", None),
            ("", None),
        ] {
            assert_eq!(Locale::first_of(tags), expected, "{tags:?}");
        }
    }

    #[test]
    fn an_endless_header_is_not_read() {
        let header = format!("{}ko", "fr,".repeat(1_000));
        assert_eq!(Locale::negotiate(&header), Locale::En);
    }
}
