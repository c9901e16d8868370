//! A login without a browser: follows redirects, keeps cookies, fills in the login and consent forms.

mod client;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response};
use url::Url;

use crate::html::{Form, forms};
use client::client;

/// Most steps of one visit.
const MAX_STEPS: usize = 15;

/// What to press on the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allow.
    Allow,
    /// Deny.
    Deny,
}

/// Where a visit ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// At the client's redirect URI (never fetched).
    Redirect(Url),
    /// At a page with nothing to fill in, or that came twice: an error page, a failed login.
    Page {
        /// Its status.
        status: u16,
        /// Its address.
        url: Url,
        /// Its text.
        html: String,
    },
}

impl Outcome {
    /// The redirect, or a panic that shows the page.
    pub fn redirect(self) -> Url {
        match self {
            Self::Redirect(url) => url,
            Self::Page { status, url, html } => {
                panic!("no redirect but {status} at {url}:\n{html}")
            }
        }
    }

    /// A parameter of the redirect's query.
    pub fn parameter(self, name: &str) -> Option<String> {
        let url = self.redirect();
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// A person with a browser; clones share cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    http: Client,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
    language: String,
    address: Option<String>,
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// A browser without cookies, in English.
    pub fn new() -> Self {
        Self {
            http: client(Client::builder()),
            cookies: Arc::default(),
            language: "en".to_owned(),
            address: None,
        }
    }

    /// The same browser in another language (`ko`).
    #[must_use]
    pub fn in_language(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    /// The same browser elsewhere: a proxy of this machine says so in `X-Forwarded-For`.
    #[must_use]
    pub fn from_address(mut self, address: &str) -> Self {
        self.address = Some(address.to_owned());
        self
    }

    /// The same browser, asking from this address of the machine, which a proxy in front sees.
    #[must_use]
    pub fn asking_from(mut self, address: std::net::IpAddr) -> Self {
        self.http = client(Client::builder().local_address(address));
        self
    }

    /// The same browser, believing this certificate (PEM) too.
    #[must_use]
    pub fn believing(mut self, pem: &[u8]) -> Self {
        let certificate = reqwest::Certificate::from_pem(pem).expect("a certificate");
        self.http = client(Client::builder().tls_certs_merge([certificate]));
        self
    }

    /// The cookies it has.
    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().expect("the jar works").clone()
    }

    /// Forgets all cookies.
    pub fn forget(&self) {
        self.cookies.lock().expect("the jar works").clear();
    }

    /// Fetches one address, without following anything.
    pub async fn get(&self, url: &Url) -> Response {
        self.send(self.http.get(url.clone())).await
    }

    /// Sends one form from `page`, without following anything.
    pub async fn submit(&self, page: &Url, form: &Form, button: Option<(&str, &str)>) -> Response {
        let target = if form.action.is_empty() {
            page.clone()
        } else {
            page.join(&form.action).expect("an action")
        };
        let mut fields = form.fields.clone();
        fields.extend(button.map(|(name, value)| (name.to_owned(), value.to_owned())));
        if form.method == "get" {
            return self.send(self.http.get(target).query(&fields)).await;
        }
        let origin = page.origin().ascii_serialization();
        self.send(self.http.post(target).header(ORIGIN, origin).form(&fields))
            .await
    }

    /// Asks for the challenge that the script of a form with a passkey would ask for, and puts the device's answer into the form.
    pub async fn answer(
        &self,
        page: &Url,
        form: &mut Form,
        begin: &str,
        device: impl FnOnce(&serde_json::Value) -> String,
    ) {
        let mut asking = form.clone();
        begin.clone_into(&mut asking.action);
        let answer = self.submit(page, &asking, None).await;
        assert_eq!(answer.status(), 200, "{begin}");
        let options = answer.text().await.expect("a challenge");
        let options = serde_json::from_str(&options).expect("a challenge is JSON");
        form.set("credential", &device(&options));
    }

    /// Opens an authorize URL, logs in where asked, decides on consent where asked.
    ///
    /// Ends at the `redirect_uri` of the URL, or at a page that leads nowhere.
    pub async fn authorize(
        &self,
        url: &Url,
        email: &str,
        password: &str,
        decision: Decision,
    ) -> Outcome {
        let redirect_uri = url
            .query_pairs()
            .find(|(key, _)| key == "redirect_uri")
            .map(|(_, value)| value.into_owned());
        self.authorize_to(url, redirect_uri.as_deref(), (email, password), decision)
            .await
    }

    /// The same for a URL that does not say where the answer goes, as after a pushed request.
    pub async fn authorize_to(
        &self,
        url: &Url,
        redirect_uri: Option<&str>,
        (email, password): (&str, &str),
        decision: Decision,
    ) -> Outcome {
        let mut page = url.clone();
        let mut response = self.get(&page).await;
        let mut tried = false;
        for _ in 0..MAX_STEPS {
            if let Some(target) = redirect_of(&page, &response) {
                if redirect_uri.is_some_and(|uri| is_at(&target, uri)) {
                    return Outcome::Redirect(target);
                }
                page = target;
                response = self.get(&page).await;
                continue;
            }
            let status = response.status().as_u16();
            let html = response.text().await.expect("a page");
            let found = forms(&html);
            if let Some(login) = found
                .iter()
                .find(|form| form.has("password"))
                .filter(|_| !tried)
            {
                let mut form = login.clone();
                form.set("email", email);
                form.set("password", password);
                response = self.submit(&page, &form, None).await;
                tried = true;
            } else if let Some(consent) = found
                .iter()
                .find(|form| form.buttons.iter().any(|(name, _)| name == "decision"))
            {
                let value = if decision == Decision::Allow {
                    "allow"
                } else {
                    "deny"
                };
                response = self.submit(&page, consent, Some(("decision", value))).await;
            } else {
                return Outcome::Page {
                    status,
                    url: page,
                    html,
                };
            }
        }
        panic!("{url} never ends");
    }

    async fn send(&self, request: RequestBuilder) -> Response {
        let jar = self.cookies();
        let sent: Vec<_> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = request
            .header("Accept", "text/html")
            .header("Accept-Language", &self.language);
        if let Some(address) = &self.address {
            request = request.header("X-Forwarded-For", address);
        }
        if !sent.is_empty() {
            request = request.header(COOKIE, sent.join("; "));
        }
        let response = request.send().await.expect("an answer");
        let mut jar = self.cookies.lock().expect("the jar works");
        for value in response.headers().get_all(SET_COOKIE) {
            let text = value.to_str().expect("a cookie");
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a value");
            if value.is_empty() || attributes.to_lowercase().contains("max-age=0") {
                jar.remove(name.trim());
            } else {
                jar.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        drop(jar);
        response
    }
}

fn redirect_of(page: &Url, response: &Response) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response
        .headers()
        .get(LOCATION)?
        .to_str()
        .expect("a location");
    Some(page.join(location).expect("a location"))
}

/// Whether `target` is the redirect URI, with a query of its own.
fn is_at(target: &Url, redirect_uri: &str) -> bool {
    let Ok(uri) = Url::parse(redirect_uri) else {
        return false;
    };
    let place = |url: &Url| {
        (
            url.scheme().to_owned(),
            url.host_str().map(str::to_owned),
            url.port(),
            url.path().to_owned(),
        )
    };
    place(target) == place(&uri)
}

#[cfg(test)]
mod tests;
