//! What people see: one typed struct a page, rendered by one template.
//!
//! In: a page's values and a [`Locale`]. Out: HTML. Never: a store, a rule, inline script or style.

pub mod account;
mod account_texts;
pub mod admin;
pub mod consent;
pub mod device;
mod document_texts;
pub mod error;
pub mod federation;
mod federation_texts;
mod limit_texts;
pub mod locale;
pub mod login;
mod openid_texts;
mod passkey_texts;
pub mod second_step;
pub mod session;
mod step_texts;
mod templates;
mod texts;

use loop_shared::web::{Templates, fill};
use serde::Serialize;

use self::locale::Locale;

/// A value that must never come out as it went in.
pub(crate) const EVIL: &str = r#"<script>alert('x')</script>" onfocus="&{}"#;

/// A page: its template and examples of everything it can show.
pub trait Page: Serialize + Sized {
    /// The template's name.
    const TEMPLATE: &'static str;

    /// Whether it runs this server's own script.
    fn has_script(&self) -> bool {
        false
    }

    /// One value for each state the page knows, hostile ones included.
    fn samples() -> Vec<Self>;
}

/// What every page shows around its own content.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Chrome {
    /// Path prefix of every local link: the issuer's path, `""` for most.
    pub base: String,
    /// Which site this is: host and port.
    pub site: String,
    /// Version of the stylesheet.
    pub style: String,
    /// Version of the script.
    pub script: String,
}

/// What a template is given.
#[derive(Serialize)]
struct Values<'a, P> {
    #[serde(flatten)]
    chrome: &'a Chrome,
    page: &'a P,
}

/// The templates and texts, ready to render.
#[derive(Debug)]
pub struct Pages {
    templates: Templates,
    chrome: Chrome,
}

impl Pages {
    /// Compiles the templates.
    ///
    /// # Errors
    /// A template does not parse; the build is broken then.
    pub fn new(chrome: Chrome) -> Result<Self, tera::Error> {
        let templates = Templates::new(templates::ALL, texts::of)?.with_filter("fill", fill);
        Ok(Self { templates, chrome })
    }

    /// Renders a page.
    ///
    /// # Errors
    /// The template names something that is not there; the test of all samples finds it first.
    pub fn render<P: Page>(&self, locale: Locale, page: &P) -> Result<String, tera::Error> {
        let chrome = &self.chrome;
        let values = Values { chrome, page };
        self.templates.render(P::TEMPLATE, locale, &values)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        account::{
            AccountPage, SecurityPage,
            totp::{CodesPage, TotpPage},
        },
        admin::{
            AdminConfirmPage, AdminDetailPage, AdminInvitePage, AdminLinkPage, AdminListPage,
            InvitationPage,
        },
        consent::ConsentPage,
        device::{DeviceConsentPage, DeviceDonePage, DevicePage},
        error::ErrorPage,
        federation::{FederationPage, IdentitiesPage},
        login::LoginPage,
        session::{HomePage, LoggedOutPage, LogoutPage},
        *,
    };

    fn pages() -> Pages {
        Pages::new(Chrome {
            base: String::new(),
            site: "localhost:8082".to_owned(),
            style: "abc".to_owned(),
            script: "def".to_owned(),
        })
        .unwrap()
    }

    const PLACEHOLDERS: [&str; 9] = [
        "{app}",
        "{host}",
        "{account}",
        "{site}",
        "{code}",
        "{n}",
        "{browser}",
        "{count}",
        "{provider}",
    ];

    /// Renders every sample in both languages and checks what holds for all pages.
    fn check<P: Page>(pages: &Pages) {
        for (at, sample) in P::samples().iter().enumerate() {
            for locale in Locale::ALL {
                let html = pages
                    .render(locale, sample)
                    .unwrap_or_else(|error| panic!("{} sample {at}: {error:?}", P::TEMPLATE));
                let what = format!("{} sample {at} in {locale:?}:\n{html}", P::TEMPLATE);
                assert!(
                    html.contains(&format!("<html lang=\"{}\">", locale.tag())),
                    "{what}"
                );
                let own = "<script src=\"/oauth/static/passkey.js?v=def\" defer></script>";
                assert_eq!(sample.has_script(), html.contains(own), "{what}");
                let html = html.replace(own, "");
                for forbidden in [
                    "<script",
                    "<style",
                    " style=",
                    "onfocus=\"",
                    "javascript:",
                    "{{",
                    "{%",
                ] {
                    assert!(!html.contains(forbidden), "{forbidden:?} in {what}");
                }
                for key in [
                    "login_",
                    "consent_",
                    "logout_",
                    "error_",
                    "home_",
                    "scope_",
                    "device_",
                    "federation_",
                    "identities_",
                    "account_",
                    "security_",
                    "step_",
                    "totp_",
                    "codes_",
                    "passkey_",
                ] {
                    assert!(!html.contains(key), "untranslated {key} in {what}");
                }
                for placeholder in PLACEHOLDERS {
                    assert!(!html.contains(placeholder), "{placeholder} in {what}");
                }
                assert_eq!(html.matches("<h1").count(), 1, "{what}");
                assert_eq!(html.matches("<main>").count(), 1, "{what}");
                let korean = html.chars().any(|c| ('가'..='힣').contains(&c));
                assert!(korean || locale == Locale::En, "no Korean in {what}");
            }
        }
    }

    #[test]
    fn every_sample_of_every_page_renders_escaped_in_both_languages() {
        let pages = pages();
        check::<LoginPage>(&pages);
        check::<AccountPage>(&pages);
        check::<SecurityPage>(&pages);
        check::<TotpPage>(&pages);
        check::<CodesPage>(&pages);
        check::<second_step::SecondStepPage>(&pages);
        check::<ConsentPage>(&pages);
        check::<AdminListPage>(&pages);
        check::<AdminDetailPage>(&pages);
        check::<AdminConfirmPage>(&pages);
        check::<AdminInvitePage>(&pages);
        check::<AdminLinkPage>(&pages);
        check::<InvitationPage>(&pages);
        check::<DevicePage>(&pages);
        check::<DeviceConsentPage>(&pages);
        check::<DeviceDonePage>(&pages);
        check::<ErrorPage>(&pages);
        check::<FederationPage>(&pages);
        check::<IdentitiesPage>(&pages);
        check::<HomePage>(&pages);
        check::<LogoutPage>(&pages);
        check::<LoggedOutPage>(&pages);
    }

    #[test]
    fn every_field_has_a_label_and_every_form_its_token() {
        let pages = pages();
        let sample = LoginPage::samples().remove(1);
        let html = pages.render(Locale::En, &sample).unwrap();
        for name in ["email", "password"] {
            assert!(html.contains(&format!("<label for=\"{name}\">")), "{html}");
            assert!(
                html.contains(&format!("id=\"{name}\" name=\"{name}\"")),
                "{html}"
            );
        }
        assert!(html.contains("name=\"csrf\"") && html.contains("name=\"return_to\""));
    }
}
