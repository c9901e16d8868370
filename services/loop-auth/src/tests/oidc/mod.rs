//! `OpenID` Connect over HTTP: a dashboard that signs people in, and what it must not be able to do.

mod backchannel;
mod logout;
mod tokens;

use loop_oauth::register::{self, ByOperator};
use reqwest::Response;

use super::{
    forms::{form, log_in},
    *,
};

const LOGGED_OUT: &str = "https://client.example/logged-out";
const KIM: &str = "kim@example.com";

/// A server with a person and a dashboard that an operator added.
struct House {
    server: Server,
    id: String,
    secret: String,
}

impl House {
    async fn new() -> Self {
        Self::with(json!({})).await
    }

    /// With more members in the dashboard's registration.
    async fn with(extra: Value) -> Self {
        let server = Server::start().await;
        server.user(KIM, "member").await;
        let (id, secret) = add(&server, extra).await;
        Self { server, id, secret }
    }

    fn url(&self, extra: &[(&str, &str)]) -> Url {
        let usual = ("scope", "openid profile email");
        let mut all: Vec<_> = extra.to_vec();
        if !extra.iter().any(|(name, _)| *name == "scope") {
            all.push(usual);
        }
        self.server.authorize_url(&self.id, &all)
    }

    /// Signs in with `browser` and exchanges the code.
    async fn tokens(&self, browser: &Browser, extra: &[(&str, &str)]) -> Value {
        let url = self.url(extra);
        let outcome = browser
            .authorize(&url, KIM, PASSWORD, Decision::Allow)
            .await;
        let code = outcome.parameter("code").unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        let asked = self.server.http.post(self.server.at("/token"));
        let asked = asked.basic_auth(&self.id, Some(&self.secret)).form(&form);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    async fn userinfo(&self, token: &str) -> Response {
        let asked = self.server.http.get(self.server.at("/userinfo"));
        asked.bearer_auth(token).send().await.unwrap()
    }

    /// The logout address with these parameters.
    fn logout(&self, params: &[(&str, &str)]) -> Url {
        let mut url = self.server.at("/oauth/logout");
        url.query_pairs_mut().extend_pairs(params);
        url
    }

    /// Whether the browser is logged in.
    async fn is_in(&self, browser: &Browser) -> bool {
        let home = browser.get(&self.server.at("/oauth/")).await;
        home.text().await.unwrap().contains(KIM)
    }
}

/// Adds a confidential client on an operator's word.
async fn add(server: &Server, extra: Value) -> (String, String) {
    let mut metadata = json!({
        "client_name": "Grafana",
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "client_secret_basic",
        "post_logout_redirect_uris": [LOGGED_OUT],
    });
    for (name, value) in extra.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    let added = register::add_by_operator(&server.app.cx(), metadata, ByOperator::default())
        .await
        .unwrap();
    let secret = added.secret.unwrap().expose().to_owned();
    (added.client.id.0, secret)
}

fn header(answer: &Response, name: &str) -> String {
    let value = answer.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap()).to_owned()
}

/// The header of a JWT, unverified.
fn jws_header(token: &str) -> Value {
    let head = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap()
}
