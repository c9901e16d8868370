//! The proxy's own pages, in the reader's language, in the login's style.
//!
//! In: a page's values and a [`Locale`]. Out: an answer that nobody stores or frames. Never: inline script or style, a text that
//! is not in both languages.

mod texts;

use std::sync::LazyLock;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};
use loop_shared::web::{Locale, Templates, fill, words};
use serde::Serialize;

pub(crate) use texts::scope_in_words;

/// Every template: name, text.
const TEMPLATES: [(&str, &str); 3] = [
    ("layout.html", include_str!("layout.html")),
    ("connections.html", include_str!("connections.html")),
    ("servers.html", include_str!("servers.html")),
];

/// A page: its template and the texts of its own.
pub(crate) trait Page: Serialize {
    /// The template's name.
    const TEMPLATE: &'static str;
    /// Where its forms may lead (CSP `form-action`).
    const FORMS: &'static str;
}

/// What a template is given.
#[derive(Serialize)]
struct Values<'a, P> {
    page: &'a P,
}

/// Compiled when the first page is asked for; a template that does not parse is found by a test first.
static COMPILED: LazyLock<tera::Result<Templates>> = LazyLock::new(|| {
    let templates = Templates::new(TEMPLATES, |locale| words(&[texts::TEXTS], locale))?;
    Ok(templates.with_filter("fill", fill))
});

/// The page as HTML.
///
/// # Errors
/// The template names something that is not there, which a test finds first.
pub(crate) fn render<P: Page>(page: &P, locale: Locale) -> Result<String, tera::Error> {
    let templates = COMPILED.as_ref().map_err(tera::Error::msg)?;
    templates.render(P::TEMPLATE, locale, &Values { page })
}

/// The page as an answer, to be completed by [`HttpResponseBuilder::body`].
///
/// # Errors
/// The answer to a page that does not render.
pub(crate) fn answer<P: Page>(
    status: StatusCode,
    page: &P,
    locale: Locale,
) -> Result<(HttpResponseBuilder, String), Box<HttpResponse>> {
    let html = render(page, locale).map_err(|error| {
        tracing::error!(?error, template = P::TEMPLATE, "a page did not render");
        let text = "This page did not render.\n";
        Box::new(plain(StatusCode::INTERNAL_SERVER_ERROR, text))
    })?;
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action {}; frame-ancestors 'none'; base-uri 'none'",
        P::FORMS
    );
    let mut response = HttpResponse::build(status);
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_LANGUAGE, locale.tag()))
        .insert_header((header::VARY, "Accept-Language, Cookie"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"));
    Ok((response, html))
}

/// A line of text.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text)
}

/// A moment for people, as `2026-11-28 10:15 UTC` or otherwise by `format`.
pub(crate) fn written(seconds: i64, format: &str) -> Option<String> {
    let time = chrono::DateTime::from_timestamp(seconds, 0)?;
    Some(time.format(format).to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every `{{ t.key }}` of the templates.
    fn used() -> BTreeSet<&'static str> {
        let word = |text: &'static str| {
            let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            &text[..end.unwrap_or(text.len())]
        };
        let templates = TEMPLATES.iter();
        templates
            .flat_map(|(_, text)| text.split("{{ t.").skip(1).map(word))
            .collect()
    }

    #[test]
    fn every_text_of_a_page_is_there_in_both_languages() {
        let known: BTreeSet<&str> = texts::TEXTS.iter().map(|text| text.key).collect();
        assert_eq!(known.len(), texts::TEXTS.len(), "a key is there twice");
        for key in used() {
            assert!(known.contains(key), "{key} is in no language");
        }
        let is_korean = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
        for text in texts::TEXTS.iter().chain(texts::SCOPES) {
            assert!(is_korean(text.ko), "{} is not Korean", text.key);
            assert!(!is_korean(text.en), "{} is not English", text.key);
            let holes = |text: &str| text.matches('{').count();
            assert_eq!(holes(text.en), holes(text.ko), "{}", text.key);
        }
    }
}
