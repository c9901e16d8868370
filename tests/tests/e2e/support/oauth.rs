//! A bare OAuth client over real HTTP: registers, sends a person through the pages, asks for tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loop_testkit::{Browser, Decision};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::stack::{ADMIN, Stack};

/// Where answers go; nobody listens there.
pub(crate) const CALLBACK: &str = "http://localhost:8765/callback";
/// A verifier of the right form (RFC 7636 §4.1).
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A client without redirects of its own.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("an HTTP client")
}

/// The S256 challenge of a verifier (RFC 7636 §4.2).
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// An answer: its status and its JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// A text member of the body.
    pub(crate) fn text(&self, name: &str) -> String {
        let value = self.body[name].as_str();
        value
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .to_owned()
    }

    /// The error code, `""` when there is none.
    pub(crate) fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or("")
    }
}

/// A registered public client of a stack.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    pub id: String,
}

impl Client {
    /// Registers (RFC 7591).
    pub(crate) async fn register(stack: &Stack) -> Self {
        Self::register_as(stack, "A test client").await
    }

    /// Registers under a name of its own, so that it shares its id with no other.
    pub(crate) async fn register_as(stack: &Stack, name: &str) -> Self {
        Self::register_at(&stack.url, name).await
    }

    /// Registers with the server at this address.
    pub(crate) async fn register_at(base: &str, name: &str) -> Self {
        let http = http();
        let metadata = json!({
            "client_name": name, "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        });
        let sent = http.post(format!("{base}/register")).json(&metadata);
        let answer = read(sent).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Self {
            http,
            base: base.to_owned(),
            id: answer.text("client_id"),
        }
    }

    /// The same client, of the server at another address.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self {
            http: self.http.clone(),
            base: base.to_owned(),
            id: self.id.clone(),
        }
    }

    /// The same client under another name, such as the address of a document.
    pub(crate) fn named(&self, id: &str) -> Self {
        Self {
            id: id.to_owned(),
            ..self.at(&self.base)
        }
    }

    /// The authorization request for a resource, which callers may change before it is opened.
    pub(crate) fn authorize_url(&self, resource: &str, scope: &str) -> Url {
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", CALLBACK),
            ("scope", scope),
            ("state", "s-1"),
            ("resource", resource),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
        ];
        Url::parse_with_params(&format!("{}/authorize", self.base), parameters).expect("a URL")
    }

    /// A request that only asks who somebody is: of no resource.
    pub(crate) fn identity_url(&self, scope: &str) -> Url {
        let mut url = self.authorize_url("", scope);
        let kept: Vec<_> = url
            .query_pairs()
            .filter(|(name, _)| name != "resource")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        url
    }

    /// Sends the admin through the pages; the code.
    pub(crate) async fn code(&self, resource: &str, scope: &str) -> String {
        let (email, password) = ADMIN;
        self.code_for(email, password, resource, scope).await
    }

    /// Sends a person through the pages; the code.
    pub(crate) async fn code_for(
        &self,
        email: &str,
        password: &str,
        resource: &str,
        scope: &str,
    ) -> String {
        let url = self.authorize_url(resource, scope);
        code_at(&url, email, password).await
    }

    /// Tokens for the admin.
    pub(crate) async fn login(&self, resource: &str, scope: &str) -> Answer {
        let code = self.code(resource, scope).await;
        let answer = self.exchange(&code).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    /// Exchanges a code as it should be.
    pub(crate) async fn exchange(&self, code: &str) -> Answer {
        self.exchange_with(code, CALLBACK, VERIFIER).await
    }

    /// Exchanges a code with these values.
    pub(crate) async fn exchange_with(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.id),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        read(self.token(&form)).await
    }

    /// Refreshes.
    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        read(self.refresh_request(refresh_token)).await
    }

    /// A refresh that is not sent yet.
    pub(crate) fn refresh_request(&self, refresh_token: &str) -> reqwest::RequestBuilder {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", &self.id),
            ("refresh_token", refresh_token),
        ])
    }

    fn token(&self, form: &[(&str, &str)]) -> reqwest::RequestBuilder {
        self.http.post(format!("{}/token", self.base)).form(form)
    }
}

/// Sends, and reads the answer's JSON.
pub(crate) async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, body }
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    let bytes = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&bytes).expect("claims")
}

/// Sends a person through the pages of an authorization request; the code.
pub(crate) async fn code_at(url: &Url, email: &str, password: &str) -> String {
    let outcome = Browser::new()
        .authorize(url, email, password, Decision::Allow)
        .await;
    outcome.parameter("code").expect("a code in the redirect")
}
