//! Signing in by providers that behave as Google, GitHub and others do, over real HTTP.

mod attacks;
mod faults;
mod linking;
mod several;

use loop_oauth::federation::provider::{Provider as Known, ProviderId, ProviderKind};
use loop_oauth::store::Users as _;
use loop_testkit::{
    html::{Form, forms},
    provider::{Kind, Person, Provider},
};
use reqwest::Response;

use super::{forms::log_in, *};

/// A server and the providers that it offers.
struct Place {
    server: Server,
    providers: Vec<Provider>,
}

/// The name of a provider of this kind.
fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Google => "google",
        Kind::GitHub => "github",
        Kind::Oidc => "corp",
    }
}

fn settings(provider: &Provider, kind: Kind) -> ProviderSettings {
    let (spoken, scopes) = match kind {
        Kind::Google => (ProviderKind::Google, "openid email profile"),
        Kind::GitHub => (ProviderKind::GitHub, "read:user user:email read:org"),
        Kind::Oidc => (ProviderKind::Oidc, "openid email profile groups"),
    };
    ProviderSettings {
        provider: Known {
            id: ProviderId::parse(name_of(kind)).unwrap(),
            kind: spoken,
            name: name_of(kind).to_uppercase(),
            issuer: provider.url().to_owned(),
        },
        client_id: Provider::CLIENT_ID.to_owned(),
        client_secret: Provider::CLIENT_SECRET.into(),
        scopes: scopes.to_owned(),
        groups_claim: "groups".to_owned(),
        trust_email: false,
        api: Some(provider.api_url().parse().unwrap()),
    }
}

impl Place {
    /// With providers of these kinds, whose people are allowed by these rules.
    async fn start(kinds: &[Kind], users: &str) -> Self {
        let providers: Vec<_> = kinds.iter().map(|kind| Provider::start(*kind)).collect();
        let all: Vec<_> = providers
            .iter()
            .zip(kinds)
            .map(|(provider, kind)| settings(provider, *kind))
            .collect();
        let known = all.iter().map(|it| it.provider.clone()).collect();
        let server = Server::start_with(Setup {
            federation: FederationRules::new(known, AllowRules::parse(users, "").unwrap()),
            providers: all,
            ..Setup::default()
        })
        .await;
        for provider in &providers {
            provider.follow(&server.clock);
        }
        Self { server, providers }
    }

    /// With one provider of plain `OpenID` Connect, everybody at example.com being allowed.
    async fn usual() -> Self {
        Self::start(&[Kind::Oidc], "*@example.com").await
    }

    fn provider(&self) -> &Provider {
        &self.providers[0]
    }

    /// Presses a provider's button on the login page, which may lead back to somewhere.
    async fn press(&self, browser: &Browser, name: &str, return_to: Option<&str>) -> Response {
        let mut page = self.server.at("/oauth/login");
        if let Some(to) = return_to {
            page.query_pairs_mut().append_pair("return_to", to);
        }
        let html = browser.get(&page).await.text().await.unwrap();
        let button = button(&html, &format!("/oauth/federation/{name}"));
        browser.submit(&page, &button, None).await
    }

    /// Goes to the provider and comes back, not yet let in at the callback.
    async fn come_back(&self, browser: &Browser, name: &str) -> Url {
        let answer = self.press(browser, name, None).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        back_from(&location(&answer)).await
    }

    /// The whole way: gives the callback's answer.
    async fn sign_in(&self, browser: &Browser, name: &str) -> Response {
        let callback = self.come_back(browser, name).await;
        browser.get(&callback).await
    }

    /// The account that the browser is signed in to, as the home page says.
    async fn account(&self, browser: &Browser) -> Option<String> {
        let html = browser.get(&self.server.at("/oauth/")).await;
        let html = html.text().await.unwrap();
        let (_, after) = html.split_once("You are signed in as ")?;
        Some(
            after
                .split(['<', ' '])
                .next()?
                .trim_end_matches('.')
                .to_owned(),
        )
    }

    async fn users(&self) -> usize {
        self.server.store.users(100).await.unwrap().len()
    }
}

/// The form that leads there.
fn button(html: &str, action: &str) -> Form {
    let found = forms(html).into_iter().find(|form| form.action == action);
    found.unwrap_or_else(|| panic!("no button for {action} in {html}"))
}

fn location(answer: &Response) -> Url {
    let to = answer.headers()["location"].to_str().unwrap();
    answer.url().join(to).unwrap()
}

/// What the provider sends the browser back with.
async fn back_from(url: &Url) -> Url {
    location(&http().get(url.clone()).send().await.unwrap())
}

/// The same callback with another value of a parameter; an empty one removes it.
fn with(callback: &Url, name: &str, value: &str) -> Url {
    let kept: Vec<_> = callback
        .query_pairs()
        .into_owned()
        .filter(|(known, _)| known != name)
        .collect();
    let mut url = callback.clone();
    url.query_pairs_mut().clear().extend_pairs(kept);
    if !value.is_empty() {
        url.query_pairs_mut().append_pair(name, value);
    }
    url
}

/// A page that is shown instead of a login: its status and what it says.
async fn page(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let html = answer.text().await.unwrap();
    assert!(html.contains("role=\"alert\""), "{html}");
    (status, html)
}
