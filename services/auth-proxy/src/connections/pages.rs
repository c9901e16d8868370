//! What people see: their connections.

use serde::Serialize;

use crate::pages::Page;

/// One server that needs an account.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Row {
    /// The server's name.
    pub(super) server: String,
    /// The provider's name for people.
    pub(super) provider: String,
    /// What it may do, in words.
    pub(super) scopes: Vec<String>,
    /// `connected`, `ended` or `none`.
    pub(super) state: &'static str,
    /// The days, as `2026-11-28`.
    pub(super) since: Option<String>,
    /// The last use, as `2026-11-28 10:15 UTC`.
    pub(super) used: Option<String>,
    /// Signs the form.
    pub(super) csrf: String,
}

/// The page.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct ConnectionsPage {
    /// Who is signed in.
    pub(super) account: String,
    /// Where they manage their account.
    pub(super) manage: String,
    /// Every server that needs an account.
    pub(super) rows: Vec<Row>,
    /// What just happened: the key of a text.
    pub(super) notice: Option<&'static str>,
    /// Whether that was good.
    pub(super) is_good: bool,
}

impl Page for ConnectionsPage {
    const TEMPLATE: &'static str = "connections.html";
    /// Chromium holds the redirect to the provider against form-action too.
    const FORMS: &'static str = "'self' https: http:";
}

#[cfg(test)]
mod tests {
    use loop_shared::web::Locale;

    use super::*;
    use crate::pages::render;

    #[test]
    fn whatever_names_hold_is_text_in_both_languages() {
        let evil = "<script>alert('x')</script>\" onfocus=\"x{used}".to_owned();
        let mut page = ConnectionsPage {
            account: evil.clone(),
            manage: evil.clone(),
            rows: ["connected", "connected", "ended", "none"]
                .map(|state| Row {
                    server: evil.clone(),
                    provider: evil.clone(),
                    scopes: vec![evil.clone()],
                    state,
                    since: Some("2026-11-28".to_owned()),
                    used: None,
                    csrf: "t".to_owned(),
                })
                .to_vec(),
            notice: Some("said_disconnected"),
            is_good: true,
        };
        page.rows[0].used = Some("2026-11-28 10:15 UTC".to_owned());
        for (locale, said, none) in [
            (
                Locale::En,
                "connected since 2026-11-28; last used",
                "No server here",
            ),
            (Locale::Ko, "2026-11-28에 연결", "필요한 서버가 없습니다"),
        ] {
            let html = render(&page, locale).unwrap();
            assert!(
                !html.contains("<script") && !html.contains("onfocus=\""),
                "{html}"
            );
            assert!(
                html.contains("&lt;script&gt;") && html.contains(said),
                "{html}"
            );
            let empty = render(&ConnectionsPage::default(), locale).unwrap();
            assert!(empty.contains(none), "{empty}");
        }
    }
}
