//! Templates around one layout, and the headers that keep other sites out of a page.
//!
//! In: a template's name, values, the [`Shell`] around them. Out: an answer. Never: inline script or style, framing,
//! anything from another host.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::phrase::{Phrase, words};
use super::{Locale, Templates, asset};

/// Texts of the layout itself.
const TEXTS: &[Phrase] = &[
    Phrase::new("skip", "Skip to the content", "본문으로 건너뛰기"),
    Phrase::new("sections", "Sections", "메뉴"),
    Phrase::new("sign_out", "Sign out", "로그아웃"),
    Phrase::new("signed_in_as", "Signed in as", "로그인한 계정"),
    Phrase::new("other_language", "한국어", "English"),
];

/// An entry of a page's menu.
#[derive(Clone, Debug, Serialize)]
pub struct NavItem {
    /// The text, in the reader's language.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Whether this is the page that is shown.
    pub current: bool,
}

/// What stands around a page's own content.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Shell {
    /// The name of the whole site, in the reader's language.
    pub site: String,
    /// Path before every local link, ending in a slash: `/`, `/exec/`.
    pub root: String,
    /// Who is signed in; empty: nobody.
    pub account: String,
    /// Goes into every form of the page.
    pub csrf: String,
    /// This page's own path and query, to come back to after the language was changed.
    pub here: String,
    /// The menu.
    pub nav: Vec<NavItem>,
}

/// Whether a page has scripts of its own host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// None at all.
    None,
    /// Those of this host, which may ask this host.
    Own,
}

/// A page that did not render: a template names something that is not there.
#[derive(Debug, thiserror::Error)]
#[error("a page did not render: {0:?}")]
pub struct PageError(#[from] tera::Error);

/// What a template is given.
#[derive(Serialize)]
struct Values<'a, P> {
    style: &'a str,
    shell: &'a Shell,
    page: &'a P,
}

/// Templates and texts of one site, ready to render.
pub struct Pages {
    templates: Templates,
    style: String,
    issuer: String,
}

impl Pages {
    /// Compiles the templates; each may extend `shell.html`. `style` is the whole stylesheet, for its version;
    /// `issuer` is the origin that signing out leads over.
    ///
    /// # Errors
    /// A template does not parse; the build is broken then.
    pub fn new(
        templates: &[(&str, &str)],
        texts: &[&[Phrase]],
        (style, issuer): (&str, &str),
    ) -> Result<Self, PageError> {
        let shell = ("shell.html", include_str!("../../templates/shell.html"));
        let templates = std::iter::once(shell).chain(templates.iter().copied());
        let texts: Vec<&[Phrase]> = std::iter::once(TEXTS)
            .chain(texts.iter().copied())
            .collect();
        let templates = Templates::new(templates, |locale| words(&texts, locale))?;
        Ok(Self {
            templates: templates.with_filter("path", path),
            style: asset::version(style),
            issuer: issuer.to_owned(),
        })
    }

    /// Renders a page to HTML.
    ///
    /// # Errors
    /// [`PageError`].
    pub fn html(
        &self,
        template: &str,
        locale: Locale,
        shell: &Shell,
        page: &impl Serialize,
    ) -> Result<String, PageError> {
        let style = &self.style;
        let values = Values { style, shell, page };
        Ok(self.templates.render(template, locale, &values)?)
    }

    /// Renders a page to an answer that nobody stores.
    pub fn answer(
        &self,
        (status, scripts): (StatusCode, Scripts),
        template: &str,
        locale: Locale,
        shell: &Shell,
        page: &impl Serialize,
    ) -> HttpResponse {
        match self.html(template, locale, shell, page) {
            Ok(html) => self.written(status, scripts, locale, html),
            Err(error) => {
                tracing::error!(%error, template, "a page did not render");
                HttpResponse::InternalServerError().body("This page did not render.\n")
            }
        }
    }

    /// The text of a key; the key itself when there is none.
    pub fn say(&self, locale: Locale, key: &str) -> String {
        let words = self.templates.words(locale);
        let found = words.get(key).and_then(Value::as_str);
        found.unwrap_or(key).to_owned()
    }

    fn written(
        &self,
        status: StatusCode,
        scripts: Scripts,
        locale: Locale,
        html: String,
    ) -> HttpResponse {
        let scripts = match scripts {
            Scripts::None => "",
            Scripts::Own => " script-src 'self'; connect-src 'self';",
        };
        // Chromium holds the redirects after a submission against form-action: signing out goes on to the issuer.
        let policy = format!(
            "default-src 'none'; style-src 'self'; img-src 'self';{scripts} form-action 'self' {}; \
             frame-ancestors 'none'; base-uri 'none'",
            self.issuer
        );
        HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_LANGUAGE, locale.tag()))
            .insert_header((header::VARY, "Accept-Language, Cookie"))
            .insert_header((header::CACHE_CONTROL, "private, no-store"))
            .insert_header((header::CONTENT_SECURITY_POLICY, policy))
            .insert_header((header::X_FRAME_OPTIONS, "DENY"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::REFERRER_POLICY, "no-referrer"))
            .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
            .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
            .body(html)
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

/// Filter `path`: a path for an address, its slashes left alone.
fn path(value: &Value, _: &std::collections::HashMap<String, Value>) -> tera::Result<Value> {
    let text = value.as_str().unwrap_or_default();
    let mut url = url::Url::parse("http://x/").map_err(tera::Error::msg)?;
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(text.split('/'));
    }
    Ok(Value::from(url.path().trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_escaped_and_the_policy_allows_nothing_from_elsewhere() {
        let template = r#"{% extends "shell.html" %}{% block main %}<p title="{{ page.x }}">{{ page.x }}</p>{% endblock main %}"#;
        let pages = Pages::new(&[("a.html", template)], &[], ("", "https://a.example")).unwrap();
        let evil = "<script>alert(1)</script>\" onfocus='x";
        let page = serde_json::json!({ "x": evil });
        let shell = Shell {
            account: evil.to_owned(),
            csrf: evil.to_owned(),
            here: evil.to_owned(),
            root: "/".to_owned(),
            ..Shell::default()
        };
        let html = pages.html("a.html", Locale::Ko, &shell, &page).unwrap();
        assert!(
            !html.contains("<script>alert") && !html.contains("\" onfocus"),
            "{html}"
        );
        assert!(
            html.contains("lang=\"ko\"") && html.contains("로그아웃"),
            "{html}"
        );
        let answer = pages.answer(
            (StatusCode::OK, Scripts::None),
            "a.html",
            Locale::En,
            &shell,
            &page,
        );
        let policy = answer
            .headers()
            .get(header::CONTENT_SECURITY_POLICY)
            .unwrap();
        let policy = policy.to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(!policy.contains("script-src"), "{policy}");
    }
}
