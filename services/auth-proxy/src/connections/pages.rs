//! What people see: their connections.

use serde::Serialize;
use tera::{Context, Tera};

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
    /// Every server that needs an account.
    pub(super) rows: Vec<Row>,
    /// What just happened, in a sentence.
    pub(super) notice: Option<&'static str>,
    /// Whether that was good.
    pub(super) is_good: bool,
}

const TEMPLATE: &str = include_str!("../pages/connections.html");
const NAME: &str = "connections.html";

/// The page as HTML.
///
/// # Errors
/// The template is broken, which a test finds first.
pub(super) fn render(page: &ConnectionsPage) -> Result<String, tera::Error> {
    let mut tera = Tera::default();
    tera.add_raw_template(NAME, TEMPLATE)?;
    tera.render(NAME, &Context::from_serialize(page)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_names_hold_is_text() {
        let evil = "<script>alert('x')</script>\" onfocus=\"x".to_owned();
        let page = ConnectionsPage {
            account: evil.clone(),
            rows: ["connected", "ended", "none"]
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
            notice: Some("Connected."),
            is_good: true,
        };
        let html = render(&page).unwrap();
        assert!(
            !html.contains("<script") && !html.contains("onfocus=\""),
            "{html}"
        );
        assert!(html.contains("&lt;script&gt;"), "{html}");
        assert!(
            render(&ConnectionsPage::default())
                .unwrap()
                .contains("No server here")
        );
    }
}
