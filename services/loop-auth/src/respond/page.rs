//! Pages, with the headers that keep other sites out of them.
//!
//! In: a typed page. Out: HTML in the reader's language. Never: script, inline style, framing.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use url::{Host, Url};

use crate::{
    app::App,
    extract::{locale, request_id},
    pages::{
        Page,
        error::{ErrorKind, ErrorPage},
    },
};

/// What a page with this server's own script may also do: run it, and ask this server.
const SCRIPT: &str = " script-src 'self'; connect-src 'self';";

/// Where the forms of a page may lead, redirects included (CSP3 §6.4.1 `form-action`).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Forms<'a> {
    /// To this server alone.
    Here,
    /// To this server, which then redirects to this client URI.
    ///
    /// Chromium holds every redirect after a submission against `form-action`. So the client's
    /// origin or scheme must be listed; and `https:`, because callbacks redirect on (a loopback
    /// callback to its vendor's success page, `claude.ai` to `claude.com`).
    Then(&'a str),
    /// To this server, which then redirects to a client that is not known yet.
    Anywhere,
}

impl Forms<'_> {
    /// The `form-action` directive's sources.
    fn sources(self) -> String {
        match self {
            Self::Here => "'self'".to_owned(),
            Self::Anywhere => "'self' https: http:".to_owned(),
            Self::Then(uri) => match source(uri) {
                Some(source) if source != "https:" => format!("'self' https: {source}"),
                _ => "'self' https:".to_owned(),
            },
        }
    }
}

/// The source expression that lets a redirect reach `uri`; `None` when it does not parse.
fn source(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    let scheme = url.scheme();
    Some(match (scheme, url.host()) {
        // A host source has no form for IPv6 addresses (CSP3 §2.3.1).
        ("http", Some(Host::Domain(_) | Host::Ipv4(_))) => url.origin().ascii_serialization(),
        _ => format!("{scheme}:"),
    })
}

/// Answers with a page.
pub(crate) fn show<P: Page>(
    app: &App,
    request: &HttpRequest,
    status: StatusCode,
    page: &P,
    forms: Forms<'_>,
) -> HttpResponse {
    show_and_lead(app, request, status, page, (forms, ""))
}

/// The same for a page whose forms may also lead to further sources, each after a space.
pub(crate) fn show_and_lead<P: Page>(
    app: &App,
    request: &HttpRequest,
    status: StatusCode,
    page: &P,
    (forms, further): (Forms<'_>, &str),
) -> HttpResponse {
    let locale = locale(request);
    let html = match app.pages.render(locale, page) {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(?error, template = P::TEMPLATE, "a page did not render");
            return HttpResponse::InternalServerError().body("This page did not render.\n");
        }
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self';{} form-action {}{further}; \
         frame-ancestors 'none'; base-uri 'none'",
        if page.has_script() { SCRIPT } else { "" },
        forms.sources()
    );
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_LANGUAGE, locale.tag()))
        .insert_header((header::VARY, "Accept-Language, Cookie"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        // Web clients open the login in a popup and wait for a message from their callback:
        // any other policy, here or on a redirect, would cut the popup from its opener.
        .insert_header(("Cross-Origin-Opener-Policy", "unsafe-none"))
        .body(html)
}

/// Answers with the error page of this kind.
pub(crate) fn error(app: &App, request: &HttpRequest, kind: ErrorKind) -> HttpResponse {
    error_because(app, request, kind, None)
}

/// The same with a reason that whoever makes the app may be told.
pub(crate) fn error_because(
    app: &App,
    request: &HttpRequest,
    kind: ErrorKind,
    detail: Option<String>,
) -> HttpResponse {
    let page = ErrorPage {
        kind,
        detail,
        request_id: request_id(request),
    };
    show(app, request, kind.status(), &page, Forms::Here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_may_lead_to_the_client_that_waits() {
        for (uri, expected) in [
            ("https://claude.ai/api/mcp/auth_callback", "'self' https:"),
            (
                "http://localhost:43117/callback",
                "'self' https: http://localhost:43117",
            ),
            (
                "http://127.0.0.1:33418/",
                "'self' https: http://127.0.0.1:33418",
            ),
            ("http://[::1]:8000/cb", "'self' https: http:"),
            (
                "cursor://anysphere.cursor-mcp/oauth/callback",
                "'self' https: cursor:",
            ),
            ("com.example.app:/cb", "'self' https: com.example.app:"),
            ("no uri; script-src *", "'self' https:"),
        ] {
            assert_eq!(Forms::Then(uri).sources(), expected, "{uri}");
        }
    }
}
