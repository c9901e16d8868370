//! `OpenID` Connect from the request to the logout, attacks first.

mod attacks;
mod leaving;
mod notices;
mod tokens;

use chrono::TimeDelta;
use loop_shared::auth::scope::Role;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::*;
use crate::{
    authorize::{self, AuthorizeRefusal, AuthorizeRequest},
    client::{Client, ClientAuthMethod, ClientOrigin},
    grants::{self, TokenError, Tokens},
    params::Params,
    session::Session,
    store::{Clients as _, Sessions as _, Users as _},
    testing::{JsonSigner, World, challenge, client, user},
    user::User,
};

const REDIRECT: &str = "https://grafana.example/login/generic_oauth";
const LOGGED_OUT: &str = "https://grafana.example/logout";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

type Pairs = Vec<(String, String)>;

/// A world with a dashboard, a person, and the person's session.
struct House {
    world: World,
    app: Client,
    alice: User,
    session: Session,
}

impl House {
    async fn new() -> Self {
        let world = World::default();
        let app = Client {
            origin: ClientOrigin::Operator,
            auth_method: ClientAuthMethod::Basic,
            logout: ClientLogout {
                redirects: vec![LOGGED_OUT.to_owned()],
                backchannel: Some("https://grafana.example/backchannel".to_owned()),
                session_required: true,
            },
            ..client("grafana", REDIRECT)
        };
        let mut alice = user("alice@example.com", Role::Member);
        alice.name = "Alice 김".to_owned();
        world.store.add_user(&alice).await.unwrap();
        world.store.add_client(&app).await.unwrap();
        let session = world.session(&alice);
        world.store.add_session(&session).await.unwrap();
        Self {
            world,
            app,
            alice,
            session,
        }
    }

    async fn check(&self, extra: &[(&str, &str)]) -> Result<AuthorizeRequest, AuthorizeRefusal> {
        let params = asking(&self.app.id.0, extra);
        authorize::check(&self.world.cx(), &params).await
    }

    async fn request(&self, extra: &[(&str, &str)]) -> AuthorizeRequest {
        self.check(extra).await.unwrap()
    }

    async fn code(&self, extra: &[(&str, &str)]) -> String {
        let request = self.request(extra).await;
        let cx = self.world.cx();
        let to = authorize::allow(&cx, &request, &self.alice, &self.session)
            .await
            .unwrap();
        of_query(&to, "code").unwrap()
    }

    async fn tokens(&self, extra: &[(&str, &str)]) -> Tokens {
        let code = self.code(extra).await;
        self.ask(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
        .await
        .unwrap()
    }

    async fn refresh(&self, tokens: &Tokens, scope: &str) -> Result<Tokens, TokenError> {
        let refresh = tokens.refresh_token.as_ref().unwrap().expose().to_owned();
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
            ("scope", scope),
        ];
        self.ask(&form).await
    }

    async fn ask(&self, form: &[(&str, &str)]) -> Result<Tokens, TokenError> {
        grants::answer(&self.world.cx(), &JsonSigner, &self.app, &pairs(form), None).await
    }
}

/// An authorization request of a client, with extra or replaced parameters; an empty value removes one.
fn asking(client: &str, extra: &[(&str, &str)]) -> Pairs {
    let challenge = challenge(VERIFIER);
    let mut params = vec![
        ("client_id", client),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("state", "st"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    params.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
    params.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
    pairs(&params)
}

fn pairs(list: &[(&str, &str)]) -> Pairs {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    list.iter().map(own).collect()
}

fn of_query(to: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(to).unwrap();
    let found = url.query_pairs().find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

fn read(token: &secrecy::SecretString) -> Value {
    serde_json::from_str(token.expose_secret()).unwrap()
}

fn id_token(tokens: &Tokens) -> Value {
    read(tokens.oidc.id_token.as_ref().expect("an id_token"))
}

fn presented(tokens: &Tokens) -> userinfo::Presented {
    serde_json::from_value(read(&tokens.access_token)).unwrap()
}

fn redirected<T: std::fmt::Debug>(got: Result<T, AuthorizeRefusal>) -> &'static str {
    match got {
        Err(AuthorizeRefusal::Redirect { error, .. }) => error.code(),
        other => panic!("not a redirect: {other:?}"),
    }
}

fn names(claims: &Map<String, Value>) -> Vec<&str> {
    let mut names: Vec<_> = claims.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
