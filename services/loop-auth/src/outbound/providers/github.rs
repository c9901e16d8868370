//! GitHub: the web application flow, and the REST API for who it was.

use loop_oauth::federation::{
    Sent,
    provider::{External, Facts, MAX_GROUPS, verified_address},
};
use reqwest::{StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{
    Answer, ProviderError, ProviderSettings, facts,
    http::{Http, error_code},
};

/// Rows on a page of the API, at most.
const PAGE: usize = 100;
/// Pages that are read.
const PAGES: usize = 5;

/// GitHub, or an own GitHub server.
pub(super) struct GitHub {
    pub(super) settings: ProviderSettings,
    http: Http,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

#[derive(Deserialize)]
struct Organization {
    login: String,
}

#[derive(Deserialize)]
struct Team {
    slug: String,
    organization: Organization,
}

impl GitHub {
    pub(super) const fn new(settings: ProviderSettings, http: Http) -> Self {
        Self { settings, http }
    }

    pub(super) fn authorization_url(
        &self,
        sent: &Sent,
        redirect_uri: &str,
    ) -> Result<Url, ProviderError> {
        let mut url = self.at("/login/oauth/authorize")?;
        url.query_pairs_mut().extend_pairs([
            ("client_id", self.settings.client_id.as_str()),
            ("redirect_uri", redirect_uri),
            ("scope", &self.settings.scopes),
            ("state", sent.state.expose()),
            ("code_challenge", &sent.challenge),
            ("code_challenge_method", "S256"),
        ]);
        Ok(url)
    }

    pub(super) async fn identify(&self, answer: Answer<'_>) -> Result<External, ProviderError> {
        let own = &self.settings.provider.issuer;
        let is_own =
            |iss: &str| iss == own || iss.strip_prefix(own.as_str()) == Some("/login/oauth");
        if answer.iss.is_some_and(|iss| !is_own(iss)) {
            let wrong = "the answer names another issuer";
            return Err(ProviderError::Refused(wrong.to_owned()));
        }
        let token = self.redeem(answer).await?;
        let user: User = self.api(&token, "user").await?;
        let addresses: Vec<Address> = self.api(&token, "user/emails").await?;
        let primary = addresses
            .iter()
            .find(|address| address.primary && address.verified);
        let facts = Facts {
            email: primary.and_then(|address| verified_address(&address.email)),
            login: facts::short(&user.login),
            groups: self.groups(&token).await?,
            hosted: None,
        };
        Ok(External {
            provider: self.settings.provider.id.clone(),
            issuer: self.settings.provider.issuer.clone(),
            // Names can be changed and taken over; the number stays.
            subject: user.id.to_string(),
            name: facts::name(user.name.as_deref(), &facts),
            facts,
        })
    }

    async fn redeem(&self, answer: Answer<'_>) -> Result<SecretString, ProviderError> {
        let form = [
            ("client_id", self.settings.client_id.as_str()),
            ("client_secret", self.settings.client_secret.expose_secret()),
            ("code", answer.code),
            ("redirect_uri", answer.redirect_uri),
            ("code_verifier", answer.verifier),
        ];
        let request = self.http.post(self.at("/login/oauth/access_token")?);
        let answered = self.http.send(request.form(&form)).await?;
        // Errors come with status 200.
        let body: Value = answered.json("the token endpoint")?;
        match body.get("access_token").and_then(Value::as_str) {
            Some(token) if !token.is_empty() => Ok(SecretString::from(token)),
            _ => {
                let code = error_code(&body).unwrap_or("no access token");
                let wrong = format!("the token endpoint said {code}");
                Err(ProviderError::Refused(wrong))
            }
        }
    }

    /// Organizations by name, and teams as `organization/team`.
    async fn groups(&self, token: &SecretString) -> Result<Vec<String>, ProviderError> {
        let mut scopes = self.settings.scopes.split(' ');
        if !scopes.any(|scope| scope == "read:org") {
            return Ok(Vec::new());
        }
        let organizations: Vec<Organization> = self.pages(token, "user/orgs").await?;
        let teams: Vec<Team> = self.pages(token, "user/teams").await?;
        let organizations = organizations.into_iter().map(|it| it.login);
        let teams = teams
            .into_iter()
            .map(|it| format!("{}/{}", it.organization.login, it.slug));
        let all = organizations.chain(teams);
        Ok(all
            .filter_map(|group| facts::short(&group))
            .take(MAX_GROUPS)
            .collect())
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        token: &SecretString,
        path: &str,
    ) -> Result<Vec<T>, ProviderError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let path = format!("{path}?per_page={PAGE}&page={page}");
            let rows: Vec<T> = self.api(token, &path).await?;
            let last = rows.len() < PAGE;
            all.extend(rows);
            if last {
                break;
            }
        }
        Ok(all)
    }

    async fn api<T: DeserializeOwned>(
        &self,
        token: &SecretString,
        path: &str,
    ) -> Result<T, ProviderError> {
        let api = self.settings.api.as_ref().map_or("", Url::as_str);
        let url = url(&format!("{}/{path}", api.trim_end_matches('/')))?;
        let request = self.http.get(url);
        let request = request
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .bearer_auth(token.expose_secret());
        let answered = self.http.send(request).await?;
        if answered.status != StatusCode::OK {
            return Err(answered.refusal("the API"));
        }
        answered.json("the API")
    }

    fn at(&self, path: &str) -> Result<Url, ProviderError> {
        url(&format!("{}{path}", self.settings.provider.issuer))
    }
}

fn url(text: &str) -> Result<Url, ProviderError> {
    Url::parse(text).map_err(|_| ProviderError::Refused("its address is no URL".to_owned()))
}
