//! The account pages over HTTP: what they show, what they do, and who must not do it.

mod apps;
mod passkeys;
mod password;
mod sessions;
mod totp;

use loop_testkit::{
    Outcome,
    html::{Form, forms},
};

use super::*;

const EMAIL: &str = "kim@example.com";

/// Somebody at a page of the account.
struct Person {
    browser: Browser,
    at: Url,
    html: String,
}

impl Person {
    /// Opens a page of the account, signing in where asked.
    async fn open(server: &Server, path: &str, email: &str) -> Self {
        let browser = Browser::new();
        let at = server.at(path);
        let reached = browser
            .authorize(&at, email, PASSWORD, Decision::Allow)
            .await;
        let Outcome::Page { status, url, html } = reached else {
            panic!("{reached:?}");
        };
        assert_eq!((status, url.path()), (200, path), "{html}");
        Self { browser, at, html }
    }

    /// Looks at the page again.
    async fn look(&mut self) -> u16 {
        let answer = self.browser.get(&self.at).await;
        let status = answer.status().as_u16();
        self.html = answer.text().await.unwrap();
        status
    }

    /// The form that is sent there, with one of its values.
    fn form(&self, action: &str, with: Option<(&str, &str)>) -> Form {
        let all = forms(&self.html);
        let found = all.iter().find(|form| {
            form.action == action
                && with.is_none_or(|(name, value)| {
                    let field = (name.to_owned(), value.to_owned());
                    form.fields.contains(&field)
                })
        });
        found
            .unwrap_or_else(|| panic!("no {action} with {with:?}: {}", self.html))
            .clone()
    }

    /// Sends a form. Its status, where it leads, and what it says.
    async fn send(&self, form: &Form, button: Option<(&str, &str)>) -> (u16, String, String) {
        let answer = self.browser.submit(&self.at, form, button).await;
        let status = answer.status().as_u16();
        let to = answer.headers().get("location");
        let to = to.map_or("", |to| to.to_str().unwrap()).to_owned();
        (status, to, answer.text().await.unwrap())
    }
}
