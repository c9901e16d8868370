//! Client registration: by the client itself (RFC 7591) or by an operator.
//!
//! In: client metadata as JSON. Out: a stored client, and its secret once. Never: trusts a name,
//! stores a raw secret, answers with nulls.

mod access;
pub mod manage;
mod metadata;
mod outcome;
mod shown;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use loop_shared::auth::scope::Scopes;
use serde_json::Value;

pub use access::{Access, Caller, MOST_UNUSED, PER_HOUR, PER_HOUR_AND_ADDRESS, RegistrationRules};
pub(crate) use metadata::Metadata;
pub use metadata::{MAX_NAME_CHARS, MAX_REDIRECTS, MAX_REDIRECTS_BYTES};
pub use outcome::{Management, RegisterError, Registered};
pub(crate) use shown::reads_backwards;

use crate::{
    audit,
    client::{Client, ClientAuthMethod, ClientId, ClientOrigin},
    client_admin,
    config::Context,
    entropy::NoEntropy,
    pkce_phase::Enforcement,
    secret::{RawClientSecret, RawRegistrationToken, SecretHash},
    store::{Inserted, StoreError, Updated},
};

/// How old an unused client gets before an equal registration writes to it: not at every request.
const RENEW_AFTER: TimeDelta = TimeDelta::days(1);

/// Registers a client by its own metadata, from nowhere in particular: see [`register_from`].
///
/// # Errors
/// As [`register_from`].
pub async fn register(cx: &Context<'_>, metadata: Value) -> Result<Registered, RegisterError> {
    register_from(cx, metadata, &Caller::default()).await
}

/// Registers a client by its own metadata. It gains nothing but a name on a consent page. Secretless
/// registrations with equal metadata share one client, which costs nothing and which none of them can manage, unless they
/// say `"registration_shared": false`. A new client is counted against the caller's budget.
///
/// # Errors
/// [`RegisterError`]: `invalid_redirect_uri` or `invalid_client_metadata` (RFC 7591 §3.2.2), `invalid_token`
/// or `access_denied` where not everybody may register, `temporarily_unavailable` for too many new clients.
#[tracing::instrument(name = "client.register", skip_all)]
pub async fn register_from(
    cx: &Context<'_>,
    metadata: Value,
    caller: &Caller<'_>,
) -> Result<Registered, RegisterError> {
    access::admit(cx, caller)?;
    let allowed = &cx.rules.documents.allowed;
    let metadata = Metadata::read(&metadata, ClientOrigin::Dynamic, allowed)?;
    let secretless = !has_secret(metadata.auth_method);
    let hash = (secretless && metadata.shared).then(|| metadata.hash());
    if let Some(hash) = &hash
        && let Some(client) = known(cx, hash).await?
    {
        return Ok(Registered::again(client));
    }
    access::spend(cx, caller).map_err(RegisterError::TooMany)?;
    let (mut client, secret) = new_client(cx, metadata, ClientOrigin::Dynamic)?;
    client.metadata_hash = hash;
    let token = match hash {
        None => Some(RawRegistrationToken::generate(cx.entropy)?),
        Some(_) => None,
    };
    let (managed, most) = (
        token.as_ref().map(RawRegistrationToken::hash),
        cx.rules.registration.most_unused,
    );
    let added = cx
        .store
        .add_registration(&client, managed.as_ref(), most)
        .await?;
    match added {
        Inserted::Now => {
            audit::client_added(&client);
            let registered = Registered::new(client, secret);
            Ok(match token {
                Some(token) => registered.managed_by(cx, token),
                None => registered,
            })
        }
        Inserted::AlreadyThere => {
            // An equal registration won the race; a client with a secret cannot get here.
            let hash = hash.ok_or(RegisterError::Collision)?;
            let winner = cx.store.client_by_metadata(&hash).await?;
            Ok(Registered::again(winner.ok_or(RegisterError::Collision)?))
        }
    }
}

/// The client of an equal registration. One that nobody has used yet counts as registered anew, so
/// that no sweep takes it from whoever is told its identifier now.
async fn known(cx: &Context<'_>, hash: &SecretHash) -> Result<Option<Client>, StoreError> {
    let Some(client) = cx.store.client_by_metadata(hash).await? else {
        return Ok(None);
    };
    if client.first_login_at.is_some() || cx.now - client.created_at < RENEW_AFTER {
        return Ok(Some(client));
    }
    Ok(match cx.store.renew_client(&client.id, cx.now).await? {
        Updated::Now => Some(Client {
            created_at: cx.now,
            ..client
        }),
        Updated::NotFound => None, // the sweep was faster
    })
}

/// What an operator decides about a client beside its metadata.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByOperator {
    /// The most it may ever ask for; `None`: whatever its resource offers.
    pub scope: Option<Scopes>,
    /// The PKCE phase it is in; `None`: the server's.
    pub pkce: Option<Enforcement>,
}

/// Adds a client on an operator's word.
///
/// # Errors
/// [`RegisterError`], as for [`register`].
#[tracing::instrument(name = "client.add", skip_all)]
pub async fn add_by_operator(
    cx: &Context<'_>,
    metadata: Value,
    decided: ByOperator,
) -> Result<Registered, RegisterError> {
    let allowed = &cx.rules.documents.allowed;
    let metadata = Metadata::read(&metadata, ClientOrigin::Operator, allowed)?;
    let (mut client, secret) = new_client(cx, metadata, ClientOrigin::Operator)?;
    client.scope = decided.scope;
    client.pkce = decided.pkce;
    client_admin::check(&client)?;
    match cx.store.add_client(&client).await? {
        Inserted::Now => {
            audit::client_added(&client);
            Ok(Registered::new(client, secret))
        }
        Inserted::AlreadyThere => Err(RegisterError::Collision),
    }
}

fn new_client(
    cx: &Context<'_>,
    metadata: Metadata,
    origin: ClientOrigin,
) -> Result<(Client, Option<RawClientSecret>), NoEntropy> {
    let secret = has_secret(metadata.auth_method)
        .then(|| RawClientSecret::generate(cx.entropy))
        .transpose()?;
    let client = Client {
        id: new_id(cx)?,
        name: metadata.name,
        auth_method: metadata.auth_method,
        secret_hash: secret.as_ref().map(RawClientSecret::hash),
        redirect_uris: metadata.redirect_uris,
        grant_types: metadata.grant_types,
        // A cap here would break step-up: clients register what the first challenge named and
        // come back for more with the same client_id. Consent and roles are the limits.
        scope: None,
        client_uri: metadata.client_uri,
        origin,
        metadata_hash: None,
        created_at: cx.now,
        first_login_at: None,
        pkce: None,
        keys: metadata.keys,
        demands: metadata.demands,
    };
    Ok((client, secret))
}

const fn has_secret(method: ClientAuthMethod) -> bool {
    match method {
        ClientAuthMethod::Basic | ClientAuthMethod::Post => true,
        ClientAuthMethod::None | ClientAuthMethod::PrivateKeyJwt => false,
    }
}

/// 128 random bits in `[A-Za-z0-9_-]`, so that no client can encode it wrongly.
fn new_id(cx: &Context<'_>) -> Result<ClientId, NoEntropy> {
    let id = URL_SAFE_NO_PAD.encode(cx.uuid()?.as_bytes());
    Ok(ClientId(format!("client-{id}")))
}

#[cfg(test)]
mod tests {
    //! Registration, attacks first.

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{redirect_uri::check_registrable, store::Clients as _, testing::World};

    fn public() -> Value {
        json!({
            "client_name": "Inspector",
            "redirect_uris": ["http://localhost:6274/oauth/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut metadata = public();
        metadata[name] = value;
        metadata
    }

    /// `count` different redirect URIs of `bytes` bytes each.
    fn redirects_of(bytes: usize, count: usize) -> Value {
        let uri = |n| format!("https://app.example/{n}/{}", "x".repeat(bytes - 22));
        (0..count).map(uri).collect()
    }

    #[tokio::test]
    async fn redirects_may_take_8192_bytes_together_and_no_more() {
        let world = World::default();
        for (count, taken) in [(4, true), (5, false)] {
            let metadata = with("redirect_uris", redirects_of(2_048, count));
            let registered = register(&world.cx(), metadata).await;
            assert_eq!(registered.is_ok(), taken, "{count} of 2048 bytes");
        }
    }

    #[tokio::test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    async fn metadata_that_could_do_harm_is_refused_with_the_right_code() {
        let world = World::default();
        let uri = "https://app.example/cb";
        let mut none = public();
        none.as_object_mut().unwrap().remove("redirect_uris");
        for (metadata, expected) in [
            (json!(null), "invalid_client_metadata"),
            (json!([public()]), "invalid_client_metadata"),
            (none, "invalid_redirect_uri"),
            (with("redirect_uris", json!([])), "invalid_redirect_uri"),
            (with("redirect_uris", json!(null)), "invalid_redirect_uri"),
            (with("redirect_uris", json!(uri)), "invalid_redirect_uri"),
            (
                with("redirect_uris", json!([uri, 7])),
                "invalid_redirect_uri",
            ),
            (
                with("redirect_uris", json!([uri, "http://evil.example"])),
                "invalid_redirect_uri",
            ),
            (
                with("redirect_uris", json!([uri, "javascript:alert(1)"])),
                "invalid_redirect_uri",
            ),
            (
                with("redirect_uris", json!([format!("{uri}#x")])),
                "invalid_redirect_uri",
            ),
            (
                with("redirect_uris", json!(vec![uri; 21])),
                "invalid_redirect_uri",
            ),
            (with("client_name", json!(7)), "invalid_client_metadata"),
            (
                with("client_name", json!("x".repeat(201))),
                "invalid_client_metadata",
            ),
            (
                with("grant_types", json!("authorization_code")),
                "invalid_client_metadata",
            ),
            (
                with("grant_types", json!(["implicit"])),
                "invalid_client_metadata",
            ),
            (
                with("grant_types", json!(["refresh_token"])),
                "invalid_client_metadata",
            ),
            (with("grant_types", json!([])), "invalid_client_metadata"),
            (
                with("response_types", json!(["token"])),
                "invalid_client_metadata",
            ),
            (
                with("token_endpoint_auth_method", json!("private_key_jwt")),
                "invalid_client_metadata",
            ),
            (
                with("token_endpoint_auth_method", json!(["none"])),
                "invalid_client_metadata",
            ),
        ] {
            let got = register(&world.cx(), metadata.clone()).await.unwrap_err();
            assert_eq!(got.oauth(), (400, expected), "{metadata}");
        }
        assert!(world.store.clients(10).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_public_client_is_answered_without_a_secret_and_without_nulls() {
        let world = World::default();
        let mut metadata = public();
        for odd in [
            "scope",
            "contacts",
            "logo_uri",
            "client_uri",
            "jwks",
            "software_id",
        ] {
            metadata[odd] = json!(null);
        }
        metadata["made_up"] = json!({"deep": [1, {"er": null}]});
        metadata["grant_types"] = json!(["refresh_token", "urn:x:unknown", "authorization_code"]);
        let got = register(&world.cx(), metadata).await.unwrap();
        let expected = json!({
            "client_id": got.client.id.0,
            "client_id_issued_at": 1_800_000_000,
            "client_name": "Inspector",
            "redirect_uris": ["http://localhost:6274/oauth/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        });
        assert_eq!(got.to_json(), expected);
        assert!(
            got.client
                .id
                .0
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
    }

    #[tokio::test]
    async fn a_client_that_names_no_method_gets_a_secret_for_basic() {
        let world = World::default();
        for (method, expected) in [
            (None, "client_secret_basic"),
            (Some("client_secret_basic"), "client_secret_basic"),
            (Some("client_secret_post"), "client_secret_post"),
        ] {
            let mut metadata = json!({"redirect_uris": ["https://app.example/cb"]});
            if let Some(method) = method {
                metadata["token_endpoint_auth_method"] = json!(method);
            }
            let got = register(&world.cx(), metadata.clone()).await.unwrap();
            let answer = got.to_json();
            assert_eq!(answer["token_endpoint_auth_method"], expected);
            assert_eq!(answer["client_secret_expires_at"], 0);
            assert_eq!(
                answer["grant_types"],
                json!(["authorization_code", "refresh_token"])
            );
            let secret = got.secret.unwrap();
            assert_eq!(answer["client_secret"], secret.expose());
            assert_eq!(got.client.secret_hash, Some(secret.hash()));
            // Never shared: a second registration must not learn or replace the first one's secret.
            let again = register(&world.cx(), metadata).await.unwrap();
            assert_ne!(again.client.id, got.client.id);
        }
    }

    #[tokio::test]
    async fn equal_secretless_registrations_share_one_client() {
        let world = World::default();
        let first = register(&world.cx(), public()).await.unwrap();
        for (same, metadata) in [
            (true, public()),
            (true, with("logo_uri", json!("https://a/b.png"))),
            (true, with("scope", json!("mcp:read offline_access"))),
            (
                true,
                with(
                    "grant_types",
                    json!(["refresh_token", "authorization_code"]),
                ),
            ),
            (true, with("client_name", json!(" Inspector\u{200b} "))),
            (false, with("client_name", json!("Inspector 2"))),
            (false, with("grant_types", json!(["authorization_code"]))),
            (false, with("client_uri", json!("https://home.example"))),
            (
                false,
                with(
                    "redirect_uris",
                    json!(["http://localhost:6275/oauth/callback"]),
                ),
            ),
            (
                false,
                with("token_endpoint_auth_method", json!("client_secret_basic")),
            ),
        ] {
            let got = register(&world.cx(), metadata.clone()).await.unwrap();
            assert_eq!(
                (got.client.id == first.client.id, got.reused),
                (same, same),
                "{metadata}"
            );
            assert!(got.to_json()["client_name"].is_string());
        }
    }

    #[tokio::test]
    async fn an_unused_client_that_is_registered_again_is_as_young_as_a_new_one() {
        let mut world = World::default();
        let first = register(&world.cx(), public()).await.unwrap().client;
        for (hours, renewed) in [(23, false), (1, true), (29 * 24, true)] {
            world.pass(TimeDelta::hours(hours));
            let again = register(&world.cx(), public()).await.unwrap();
            assert!(again.reused);
            let stored = world.store.client(&first.id).await.unwrap().unwrap();
            assert_eq!(again.client, stored);
            assert_eq!(stored.created_at == world.now, renewed, "{hours} h later");
        }
    }

    #[tokio::test]
    async fn a_name_cannot_hide_or_reverse_what_people_read() {
        let world = World::default();
        for (given, expected) in [
            ("Claude", "Claude"),
            ("클로드 🤖", "클로드 🤖"),
            ("  a \t b\r\nc ", "a b c"),
            ("x\u{202e}gpj.exe", "xgpj.exe"),
            ("a\u{2066}b\u{2069}\u{200b}\u{feff}c\u{0}d\u{7f}", "abcd"),
            ("\u{200b}\u{3164}", ""),
            ("\u{2800}\u{17b4}\u{17b5}\u{180b}\u{1d173}", ""),
            ("Clau\u{34f}de", "Claude"),
            ("<script>", "<script>"), // pages escape; the name is text
        ] {
            let got = register(&world.cx(), with("client_name", json!(given)))
                .await
                .unwrap();
            assert_eq!(got.client.name, expected, "{given:?}");
        }
    }

    #[tokio::test]
    async fn a_home_page_is_a_web_page_or_nothing() {
        let world = World::default();
        for (given, kept) in [
            ("https://home.example", true),
            ("http://home.example/x", true),
            ("javascript:alert(1)", false),
            ("https://user@home.example", false),
            ("https://home.example/ x", false),
            ("home.example", false),
            ("", false),
        ] {
            let got = register(&world.cx(), with("client_uri", json!(given)))
                .await
                .unwrap();
            assert_eq!(got.client.client_uri.is_some(), kept, "{given:?}");
        }
    }

    #[tokio::test]
    async fn an_operators_client_is_never_shared_and_keeps_its_cap() {
        let world = World::default();
        let cap = Scopes::parse("mcp:read").unwrap();
        let first = add_by_operator(
            &world.cx(),
            public(),
            ByOperator {
                scope: Some(cap),
                pkce: None,
            },
        )
        .await
        .unwrap();
        let dynamic = register(&world.cx(), public()).await.unwrap();
        assert_ne!(first.client.id, dynamic.client.id);
        assert_eq!(first.client.origin, ClientOrigin::Operator);
        assert_eq!(first.to_json()["scope"], "mcp:read");
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            prop::sample::select(vec![
                "https://app.example/cb",
                "http://localhost:1/cb",
                "javascript:x",
                "none",
                "code",
                "authorization_code",
                "client_secret_post",
                "http://evil.example/",
                "cursor://a/b",
            ])
            .prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop::collection::vec(inner, 0..6).prop_map(Value::from)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn arbitrary_metadata_never_panics_and_never_stores_a_bad_redirect(
            members in prop::collection::vec(
                (
                    prop_oneof![
                        prop::sample::select(vec![
                            "redirect_uris", "client_name", "client_uri", "grant_types",
                            "response_types", "token_endpoint_auth_method", "scope",
                        ])
                        .prop_map(str::to_owned),
                        ".{0,8}",
                    ],
                    json_value(),
                ),
                0..8,
            ),
            based in any::<bool>(),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let world = World::default();
            let mut metadata = if based { public() } else { json!({}) };
            for (name, value) in members {
                metadata[name] = value;
            }
            match runtime.block_on(register(&world.cx(), metadata)) {
                Ok(registered) => {
                    let client = &registered.client;
                    prop_assert!(!client.redirect_uris.is_empty());
                    for uri in &client.redirect_uris {
                        prop_assert!(check_registrable(uri).is_ok(), "{}", uri);
                    }
                    prop_assert_eq!(client.is_public(), client.secret_hash.is_none());
                    prop_assert!(!registered.to_json().to_string().contains("null,"));
                }
                Err(error) => prop_assert_eq!(error.oauth().0, 400),
            }
        }
    }
}
