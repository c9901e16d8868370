//! Client authentication at the token and revocation endpoints (RFC 6749 §2.3).
//!
//! In: what the request presented. Out: the client, or `invalid_client`.
//! Never: a secret compared in variable time, two methods at once.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    client::{Client, ClientAuthMethod},
    client_assertion::{self, ASSERTION_TYPE},
    client_metadata_document,
    config::Context,
    grants::TokenError,
    params::Params,
    secret::{MAX_SECRET_CHARS, SecretHash},
};

/// The longest client identifier that is looked up, in bytes.
pub const MAX_CLIENT_ID_BYTES: usize = 2048;

/// What a request says about its client.
#[derive(Clone, Debug, Default)]
pub struct PresentedClient {
    /// `client_id`, from the header or the body.
    pub id: Option<String>,
    /// The secret, as it came: for Basic perhaps percent-encoded.
    pub secret: Option<SecretString>,
    /// A signed assertion (RFC 7523 §2.2).
    pub assertion: Option<SecretString>,
    /// How it was presented; `None` reads as no authentication.
    pub method: Option<ClientAuthMethod>,
    /// Whether a client that nobody has used here yet may come: it is taken from its metadata document.
    pub newcomer: bool,
}

impl PresentedClient {
    /// Reads the `Authorization` header's value and the body's parameters.
    ///
    /// # Errors
    /// `invalid_request` when both authenticate ("the client MUST NOT use more than one
    /// authentication method in each request"), name different clients or repeat a parameter;
    /// `invalid_client` for a header that is not Basic.
    pub fn read(
        authorization: Option<&str>,
        params: &[(String, String)],
    ) -> Result<Self, TokenError> {
        let params = Params::new(params);
        let id = params.once("client_id")?;
        let secret = params.once("client_secret")?;
        let assertion = assertion(params)?;
        if assertion.is_some() && (secret.is_some() || authorization.is_some()) {
            return Err(TokenError::InvalidRequest("the client authenticates twice"));
        }
        if let Some(assertion) = assertion {
            return Ok(Self {
                id: id.map(str::to_owned),
                secret: None,
                assertion: Some(SecretString::from(assertion)),
                method: Some(ClientAuthMethod::PrivateKeyJwt),
                newcomer: false,
            });
        }
        let Some(header) = authorization else {
            return Ok(Self {
                assertion: None,
                id: id.map(str::to_owned),
                secret: secret.map(SecretString::from),
                method: Some(secret.map_or(ClientAuthMethod::None, |_| ClientAuthMethod::Post)),
                newcomer: false,
            });
        };
        if secret.is_some() {
            return Err(TokenError::InvalidRequest("the client authenticates twice"));
        }
        let (user, password) = basic(header).ok_or(TokenError::BadClient("malformed header"))?;
        if id.is_some_and(|id| id != user && id != decoded(&user)) {
            return Err(TokenError::InvalidRequest(
                "header and body name different clients",
            ));
        }
        Ok(Self {
            id: Some(user),
            secret: (!password.is_empty()).then(|| SecretString::from(password)),
            assertion: None,
            method: Some(ClientAuthMethod::Basic),
            newcomer: false,
        })
    }
}

/// The assertion, if there is one of the only known type.
fn assertion(params: Params<'_>) -> Result<Option<&str>, TokenError> {
    match (
        params.once("client_assertion_type")?,
        params.once("client_assertion")?,
    ) {
        (None, None) => Ok(None),
        (Some(ASSERTION_TYPE), Some(assertion)) => Ok(Some(assertion)),
        (Some(ASSERTION_TYPE), None) => {
            Err(TokenError::InvalidRequest("client_assertion is missing"))
        }
        (None, Some(_)) => Err(TokenError::InvalidRequest(
            "client_assertion_type is missing",
        )),
        (Some(_), _) => Err(TokenError::BadClient("unknown client_assertion_type")),
    }
}

/// Finds the client and checks its secret.
///
/// A confidential client may present its secret by header or body, whichever it registered: both
/// carry the same proof, and older SDKs always use the body.
///
/// # Errors
/// [`TokenError::BadClient`] for an unknown client, a missing, wrong or superfluous secret;
/// [`TokenError::InvalidRequest`] when no client is named.
pub async fn authenticate(
    cx: &Context<'_>,
    presented: PresentedClient,
) -> Result<Client, TokenError> {
    if let Some(assertion) = &presented.assertion {
        let id = presented.id.as_deref();
        let assertion = assertion.expose_secret();
        return client_assertion::check(cx, id, assertion, presented.newcomer).await;
    }
    let id = presented
        .id
        .filter(|id| !id.is_empty())
        .ok_or(TokenError::InvalidRequest("client_id is missing"))?;
    let basic = presented.method == Some(ClientAuthMethod::Basic);
    let client = match lookup(cx, &id, presented.newcomer).await? {
        None if basic => lookup(cx, &decoded(&id), presented.newcomer).await?,
        found => found,
    }
    .ok_or(TokenError::BadClient("unknown client"))?;
    let secret = presented
        .secret
        .as_ref()
        .map(SecretString::expose_secret)
        .filter(|secret| !secret.is_empty());
    match (client.auth_method, client.secret_hash, secret) {
        (ClientAuthMethod::None, None, None) => Ok(client),
        (ClientAuthMethod::PrivateKeyJwt, None, None) if client.is_public() => Ok(client),
        (ClientAuthMethod::PrivateKeyJwt, _, _) => {
            Err(TokenError::BadClient("the assertion is missing"))
        }
        (ClientAuthMethod::Basic | ClientAuthMethod::Post, Some(hash), Some(secret)) => {
            if fits(hash, secret) || (basic && fits(hash, &decoded(secret))) {
                Ok(client)
            } else {
                Err(TokenError::BadClient("wrong secret"))
            }
        }
        (ClientAuthMethod::None, _, Some(_)) => {
            Err(TokenError::BadClient("a public client has no secret"))
        }
        (ClientAuthMethod::Basic | ClientAuthMethod::Post, None, _)
        | (ClientAuthMethod::None, Some(_), None) => {
            Err(TokenError::BadClient("the stored client is inconsistent"))
        }
        (ClientAuthMethod::Basic | ClientAuthMethod::Post, Some(_), None) => {
            Err(TokenError::BadClient("the secret is missing"))
        }
    }
}

async fn lookup(cx: &Context<'_>, id: &str, newcomer: bool) -> Result<Option<Client>, TokenError> {
    if id.len() > MAX_CLIENT_ID_BYTES {
        return Ok(None);
    }
    let found = if newcomer {
        client_metadata_document::met(cx, id).await
    } else {
        client_metadata_document::known(cx, id).await
    };
    Ok(found?)
}

/// Hashes are compared in constant time (see [`SecretHash`]).
fn fits(hash: SecretHash, secret: &str) -> bool {
    secret.len() <= MAX_SECRET_CHARS && SecretHash::of(secret) == hash
}

/// User and password of a Basic header (RFC 7617 §2).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// RFC 6749 §2.3.1 wants both halves form-urlencoded; half of all clients do not.
fn decoded(text: &str) -> String {
    let pair = format!("x={}", text.replace('&', "%26").replace('=', "%3D"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::ClientId,
        secret::RawClientSecret,
        store::Clients as _,
        testing::{World, client},
    };

    const SECRET: &str = "s3cr+t/:& =x%41";

    async fn world() -> World {
        let world = World::default();
        let public = client("public", "https://a.example/cb");
        let basic = Client {
            auth_method: ClientAuthMethod::Basic,
            secret_hash: RawClientSecret::presented(SECRET).map(|secret| secret.hash()),
            ..client("basic", "https://a.example/cb")
        };
        let post = Client {
            auth_method: ClientAuthMethod::Post,
            id: ClientId("https://a:8/p q".into()),
            ..basic.clone()
        };
        for client in [public, basic, post] {
            world.store.add_client(&client).await.unwrap();
        }
        world
    }

    fn header(user: &str, password: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    }

    fn encoded(text: &str) -> String {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
    }

    async fn try_with(
        header: Option<String>,
        body: &[(&str, &str)],
    ) -> Result<String, &'static str> {
        let world = world().await;
        let body: Vec<(String, String)> = body
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        let code = |error: TokenError| error.oauth().1;
        let presented = PresentedClient::read(header.as_deref(), &body).map_err(code)?;
        let client = authenticate(&world.cx(), presented).await.map_err(code)?;
        Ok(client.id.0)
    }

    #[tokio::test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    async fn a_client_is_who_it_proves_to_be() {
        let odd = "https://a:8/p q";
        let post = [("client_id", "basic"), ("client_secret", SECRET)];
        for (header, body, expected) in [
            (None, &[("client_id", "public")][..], Ok("public")),
            (
                None,
                &[("client_id", "public"), ("client_secret", "")],
                Ok("public"),
            ),
            (Some(header("public", "")), &[], Ok("public")),
            (Some(header("basic", SECRET)), &[], Ok("basic")),
            (Some(header("basic", &encoded(SECRET))), &[], Ok("basic")),
            (
                Some(header("basic", SECRET)),
                &[("client_id", "basic")],
                Ok("basic"),
            ),
            (
                Some(header(&encoded(odd), &encoded(SECRET))),
                &[("client_id", odd)],
                Ok(odd),
            ),
            (None, &post, Ok("basic")),
            // nobody, somebody else, too much
            (None, &[], Err("invalid_request")),
            (None, &[("client_id", "")], Err("invalid_request")),
            (None, &[("client_id", "nobody")], Err("invalid_client")),
            (None, &[("client_id", "PUBLIC")], Err("invalid_client")),
            (
                None,
                &[("client_id", "public"), ("client_id", "public")],
                Err("invalid_request"),
            ),
            (
                None,
                &[("client_id", "public"), ("client_secret", "x")],
                Err("invalid_client"),
            ),
            (None, &[("client_id", "basic")], Err("invalid_client")),
            (
                None,
                &[("client_id", "basic"), ("client_secret", "x")],
                Err("invalid_client"),
            ),
            (Some(header("basic", "x")), &[], Err("invalid_client")),
            (Some(header("basic", "")), &[], Err("invalid_client")),
            (
                Some(header("basic", &SECRET.to_uppercase())),
                &[],
                Err("invalid_client"),
            ),
            (Some(header("public", "x")), &[], Err("invalid_client")),
            (
                Some(header("basic", SECRET)),
                &[("client_id", "public")],
                Err("invalid_request"),
            ),
            (
                Some(header("basic", SECRET)),
                &[("client_secret", SECRET)],
                Err("invalid_request"),
            ),
            (Some(header("", SECRET)), &[], Err("invalid_request")),
            (
                Some("Basic !!!".into()),
                &[("client_id", "public")],
                Err("invalid_client"),
            ),
            (
                Some("Basic".into()),
                &[("client_id", "public")],
                Err("invalid_client"),
            ),
            (
                Some("Bearer x".into()),
                &[("client_id", "public")],
                Err("invalid_client"),
            ),
            (
                Some(String::new()),
                &[("client_id", "public")],
                Err("invalid_client"),
            ),
        ] {
            let got = try_with(header.clone(), body).await;
            let got = got.as_deref().map_err(|code| *code);
            assert_eq!(got, expected, "{header:?} {body:?}");
        }
    }

    #[tokio::test]
    async fn a_percent_encoded_secret_counts_only_in_the_header() {
        let body = [("client_id", "basic"), ("client_secret", &encoded(SECRET))];
        assert_eq!(try_with(None, &body).await, Err("invalid_client"));
    }
}
