//! The token endpoint (RFC 6749 §3.2): one use case a file.
//!
//! In: an authenticated client and its form. Out: [`Tokens`] or [`TokenError`].
//! Order everywhere: check everything, sign, one conditional write, answer.
//! Never: HTTP, SQL, the system clock, a signing key.

pub mod authorization_code;
pub mod client_credentials;
pub mod device_code;
mod error;
pub mod refresh_token;
mod target;

use loop_shared::auth::{
    claims::{self, AccessClaims, Audience},
    dpop::{DpopError, Thumbprint},
    scope::Scopes,
};
use secrecy::SecretString;
use target::Target;

pub use error::{GrantProblem, TokenError};

use crate::{
    audit,
    client::Client,
    config::Context,
    dpop::Bound,
    grant::{Grant, RevokeReason},
    params::Params,
    secret::RawRefreshToken,
    store::Updated,
    user::User,
};

/// Signs access tokens (RFC 9068): header `typ: at+jwt`, `alg`, `kid`.
pub trait TokenSigner: Send + Sync {
    /// The compact JWS of these claims.
    ///
    /// # Errors
    /// [`SignError`] when no key can sign; nothing has been consumed then.
    fn sign(&self, claims: &AccessClaims) -> Result<SecretString, SignError>;
}

/// No token could be signed. The text is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signing failed: {0}")]
pub struct SignError(pub String);

/// A successful token answer (RFC 6749 §5.1).
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The JWT.
    pub access_token: SecretString,
    /// Its lifetime in seconds.
    pub expires_in: i64,
    /// The refresh token to keep, when the client may use one.
    pub refresh_token: Option<RawRefreshToken>,
    /// What the access token carries.
    pub scope: Scopes,
    /// For which resource it is good.
    pub resource: String,
}

/// Answers a token request by its `grant_type`. With a `key` that the request has proven, access tokens are bound to
/// it whatever the grant.
///
/// # Errors
/// [`TokenError`]; `unsupported_grant_type` for a grant this server does not offer.
pub async fn answer(
    cx: &Context<'_>,
    signer: &dyn TokenSigner,
    client: &Client,
    params: &[(String, String)],
    key: Option<&Thumbprint>,
) -> Result<Tokens, TokenError> {
    if client.demands.dpop && key.is_none() {
        return Err(TokenError::InvalidDpopProof(DpopError::Missing));
    }
    let bound = key.map(|key| Bound { signer, key });
    let signer = bound.as_ref().map_or(signer, |bound| bound);
    match Params::new(params).once("grant_type")? {
        Some("authorization_code") => {
            let mut form = authorization_code::CodeForm::read(params)?;
            form.key = key.cloned();
            authorization_code::exchange(cx, signer, client, form).await
        }
        Some("refresh_token") => {
            let mut form = refresh_token::RefreshForm::read(params)?;
            form.key = key.cloned();
            refresh_token::refresh(cx, signer, client, form).await
        }
        Some("client_credentials") => {
            let form = client_credentials::ClientForm::read(params)?;
            client_credentials::issue(cx, signer, client, form).await
        }
        Some("urn:ietf:params:oauth:grant-type:device_code") => {
            let mut form = device_code::DeviceForm::read(params)?;
            form.key = key.cloned();
            device_code::poll(cx, signer, client, &form).await
        }
        Some(_) => Err(TokenError::UnsupportedGrantType),
        None => Err(TokenError::InvalidRequest("grant_type is missing")),
    }
}

/// What a user of today may still have of a grant of yesterday.
pub(crate) fn ceiling(grant: &Grant, user: &User) -> Result<Scopes, TokenError> {
    if grant.revoked_at.is_some() {
        return Err(GrantProblem::Revoked(grant.id).into());
    }
    if !user.is_active() {
        return Err(GrantProblem::UserDisabled(grant.id).into());
    }
    let scopes = grant.scopes.intersection(user.roles.allowed_scopes());
    if scopes.is_empty() {
        return Err(GrantProblem::RoleLost(grant.id).into());
    }
    Ok(scopes)
}

fn sign(
    cx: &Context<'_>,
    signer: &dyn TokenSigner,
    grant: &Grant,
    user: &User,
    target: &Target,
) -> Result<SecretString, TokenError> {
    let now = cx.now.timestamp();
    let claims = AccessClaims {
        iss: cx.rules.issuer.as_str().to_owned(),
        sub: claims::Subject(user.id.to_string()),
        aud: Audience::one(target.resource.clone()),
        exp: now.saturating_add(cx.rules.access_ttl.num_seconds()),
        iat: now,
        nbf: None,
        jti: claims::TokenId(cx.uuid()?.to_string()),
        client_id: claims::ClientId(grant.client.0.clone()),
        scope: target.scopes,
        roles: user.roles,
        sid: Some(claims::GrantId(grant.id.to_string())),
        cnf: None,
    };
    Ok(signer.sign(&claims)?)
}

/// Ends the grant and everything under it, and says so once in the audit trail.
pub(crate) async fn revoke(
    cx: &Context<'_>,
    grant: crate::grant::GrantId,
    client: &Client,
    reason: RevokeReason,
) -> Result<(), TokenError> {
    match cx.store.revoke_grant(grant, reason, cx.now).await? {
        Updated::Now => audit::grant_revoked(grant, &client.id, reason),
        Updated::NotFound => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! The token endpoint, attacks first.

    use chrono::TimeDelta;
    use futures_util::future::join;
    use loop_shared::auth::scope::Role;
    use secrecy::ExposeSecret as _;

    use super::{authorization_code::CodeForm, refresh_token::RefreshForm, *};
    use crate::{
        authorize,
        client::{ClientAuthMethod, GrantType},
        grant::GrantId,
        refresh::RefreshState,
        secret::RawClientSecret,
        store::{Clients as _, Users as _},
        testing::{JsonSigner, NoSigner, World, challenge, claims, client, user},
    };

    const REDIRECT: &str = "http://localhost:51234/cb";
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    /// A world with one login: a client, a stranger's client, a user with every role's scopes.
    struct Login {
        world: World,
        client: Client,
        stranger: Client,
        user: User,
    }

    impl Login {
        async fn new() -> Self {
            Self::of(client("own", "http://localhost/cb")).await
        }

        async fn of(client_: Client) -> Self {
            let world = World::default();
            let stranger = client("stranger", "http://localhost/cb");
            let user = user("alice@example.com", Role::Exec);
            world.store.add_user(&user).await.unwrap();
            world.store.add_client(&client_).await.unwrap();
            world.store.add_client(&stranger).await.unwrap();
            Self {
                world,
                client: client_,
                stranger,
                user,
            }
        }

        /// A fresh code for these extra parameters of the authorization request.
        async fn code(&self, extra: &[(&str, &str)]) -> String {
            let challenge = challenge(VERIFIER);
            let mut params = vec![
                ("client_id", self.client.id.0.as_str()),
                ("response_type", "code"),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ];
            params.extend(extra);
            let cx = self.world.cx();
            let request = authorize::check(&cx, &pairs(&params)).await.unwrap();
            let session = self.world.session(&self.user);
            let to = authorize::allow(&cx, &request, &self.user, &session)
                .await
                .unwrap();
            let url = url::Url::parse(&to).unwrap();
            let code = url.query_pairs().find(|(name, _)| name == "code");
            code.unwrap().1.into_owned()
        }

        async fn exchange(&self, form: CodeForm) -> Result<Tokens, TokenError> {
            authorization_code::exchange(&self.world.cx(), &JsonSigner, &self.client, form).await
        }

        async fn tokens(&self) -> Tokens {
            let code = self.code(&[("redirect_uri", REDIRECT)]).await;
            self.exchange(form(&code)).await.unwrap()
        }

        async fn refresh(&self, form: RefreshForm) -> Result<Tokens, TokenError> {
            refresh_token::refresh(&self.world.cx(), &JsonSigner, &self.client, form).await
        }

        fn sid(&self, tokens: &Tokens) -> GrantId {
            let sid = claims(&tokens.access_token).sid.unwrap();
            let grants = self.world.store.grants();
            grants
                .iter()
                .find(|grant| grant.id.to_string() == sid.0)
                .unwrap()
                .id
        }

        fn ended(&self, tokens: &Tokens) -> Option<RevokeReason> {
            self.world.store.grant(self.sid(tokens)).unwrap().1
        }
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        list.iter().map(own).collect()
    }

    fn form(code: &str) -> CodeForm {
        CodeForm {
            code: code.into(),
            redirect_uri: Some(REDIRECT.into()),
            code_verifier: Some(VERIFIER.into()),
            resource: None,
            key: None,
        }
    }

    fn with(tokens: &Tokens) -> RefreshForm {
        RefreshForm {
            refresh_token: tokens.refresh_token.as_ref().unwrap().expose().into(),
            scope: None,
            resource: None,
            key: None,
        }
    }

    fn error(got: Result<Tokens, TokenError>) -> &'static str {
        got.unwrap_err().oauth().1
    }

    #[tokio::test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    async fn a_code_that_is_refused_for_its_form_is_not_spent() {
        let login = Login::new().await;
        let code = login.code(&[("redirect_uri", REDIRECT)]).await;
        let good = || form(&code);
        let redirect = |uri: Option<&str>| CodeForm {
            redirect_uri: uri.map(str::to_owned),
            ..good()
        };
        let verifier = |text: Option<&str>| CodeForm {
            code_verifier: text.map(Into::into),
            ..good()
        };
        for (form, expected) in [
            (
                CodeForm {
                    code: "nonsense".into(),
                    ..good()
                },
                "invalid_grant",
            ),
            (
                CodeForm {
                    code: "x".repeat(9000).into(),
                    ..good()
                },
                "invalid_grant",
            ),
            (
                CodeForm {
                    code: format!("{code} ").into(),
                    ..good()
                },
                "invalid_grant",
            ),
            (redirect(None), "invalid_request"),
            (redirect(Some("http://localhost/cb")), "invalid_grant"),
            (redirect(Some("http://localhost:51235/cb")), "invalid_grant"),
            (
                redirect(Some("http://localhost:51234/cb/")),
                "invalid_grant",
            ),
            (verifier(None), "invalid_request"),
            (verifier(Some("short")), "invalid_grant"),
            (verifier(Some(&challenge(VERIFIER))), "invalid_grant"),
            (verifier(Some(&"a".repeat(43))), "invalid_grant"),
            (
                CodeForm {
                    resource: Some("http://localhost:8082/exec/mcp".into()),
                    ..good()
                },
                "invalid_target",
            ),
        ] {
            assert_eq!(
                error(login.exchange(form.clone()).await),
                expected,
                "{form:?}"
            );
        }
        let cx = login.world.cx();
        let stolen = authorization_code::exchange(&cx, &JsonSigner, &login.stranger, good()).await;
        assert_eq!(error(stolen), "invalid_grant");
        let unsigned = authorization_code::exchange(&cx, &NoSigner, &login.client, good()).await;
        assert_eq!(unsigned.unwrap_err().oauth(), (500, "server_error"));
        assert!(login.exchange(good()).await.is_ok());
    }

    #[tokio::test]
    async fn a_code_used_twice_by_its_client_revokes_what_it_gave_and_by_another_nothing() {
        let login = Login::new().await;
        let code = login.code(&[("redirect_uri", REDIRECT)]).await;
        let tokens = login.exchange(form(&code)).await.unwrap();
        let cx = login.world.cx();
        let stolen =
            authorization_code::exchange(&cx, &JsonSigner, &login.stranger, form(&code)).await;
        assert_eq!(error(stolen), "invalid_grant");
        assert_eq!(login.ended(&tokens), None);
        // Even with a wrong verifier: whoever holds the code a second time ends it.
        let replay = CodeForm {
            code_verifier: None,
            ..form(&code)
        };
        assert_eq!(error(login.exchange(replay).await), "invalid_grant");
        assert_eq!(login.ended(&tokens), Some(RevokeReason::CodeReplayed));
        assert_eq!(error(login.refresh(with(&tokens)).await), "invalid_grant");
    }

    #[tokio::test]
    async fn of_two_racing_exchanges_at_most_one_is_answered_and_its_grant_is_revoked() {
        let login = Login::new().await;
        for _ in 0..16 {
            let code = login.code(&[("redirect_uri", REDIRECT)]).await;
            let both = join(login.exchange(form(&code)), login.exchange(form(&code))).await;
            let (won, lost) = match both {
                (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
                other => panic!("{other:?}"),
            };
            assert_eq!(lost.oauth().1, "invalid_grant");
            assert_eq!(login.ended(&won), Some(RevokeReason::CodeReplayed));
        }
    }

    #[tokio::test]
    async fn a_code_is_refused_at_its_sixtieth_second() {
        for (seconds, good) in [(59, true), (60, false)] {
            let mut login = Login::new().await;
            let code = login.code(&[("redirect_uri", REDIRECT)]).await;
            login.world.pass(TimeDelta::seconds(seconds));
            assert_eq!(
                login.exchange(form(&code)).await.is_ok(),
                good,
                "{seconds} s"
            );
        }
    }

    #[tokio::test]
    async fn a_redirect_that_was_left_out_may_stay_out() {
        let login = Login::new().await;
        for (redirect, good) in [
            (None, true),
            (Some("http://localhost/cb"), true),
            (Some("http://localhost:1/cb"), false),
            (Some("https://evil.example/"), false),
        ] {
            let code = login.code(&[]).await;
            let redirect_uri = redirect.map(str::to_owned);
            let got = login
                .exchange(CodeForm {
                    redirect_uri,
                    ..form(&code)
                })
                .await;
            assert_eq!(got.is_ok(), good, "{redirect:?}");
        }
    }

    #[tokio::test]
    async fn an_access_token_has_the_fixed_claims_of_its_grant() {
        let login = Login::new().await;
        let exec = "http://localhost:8082/exec/mcp";
        let code = login
            .code(&[("redirect_uri", REDIRECT), ("resource", exec)])
            .await;
        let resource = Some(format!("{exec}/"));
        let tokens = login
            .exchange(CodeForm {
                resource,
                ..form(&code)
            })
            .await
            .unwrap();
        let got = claims(&tokens.access_token);
        assert_eq!(got.iss, "http://localhost:8082");
        assert_eq!(got.aud.as_slice(), [exec]);
        assert_eq!(got.sub.as_str(), login.user.id.to_string());
        assert_eq!(got.client_id.as_str(), "own");
        assert_eq!((got.iat, got.exp), (1_800_000_000, 1_800_003_600));
        assert_eq!((tokens.expires_in, tokens.resource.as_str()), (3600, exec));
        assert_eq!(got.scope.to_string(), "mcp:exec kpi:read");
        assert_eq!((tokens.scope, got.roles), (got.scope, login.user.roles));
        let again = login.refresh(with(&tokens)).await.unwrap();
        assert_ne!(claims(&again.access_token).jti, got.jti);
        assert_eq!(claims(&again.access_token).sid, got.sid);
        assert_eq!(claims(&again.access_token).aud, got.aud);
    }

    #[tokio::test]
    async fn a_refresh_token_is_issued_whenever_the_client_may_use_it() {
        for (grants, expected) in [
            (vec![GrantType::AuthorizationCode], false),
            (
                vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
                true,
            ),
        ] {
            let mut own = client("own", "http://localhost/cb");
            own.grant_types = grants;
            let login = Login::of(own).await;
            let tokens = login.tokens().await;
            assert_eq!(tokens.refresh_token.is_some(), expected);
            if !expected {
                let form = RefreshForm {
                    refresh_token: "x".into(),
                    scope: None,
                    resource: None,
                    key: None,
                };
                assert_eq!(error(login.refresh(form).await), "unauthorized_client");
            }
        }
    }

    #[tokio::test]
    async fn an_old_token_answers_the_same_successor_until_that_was_used_and_then_ends_the_family()
    {
        let login = Login::new().await;
        let first = login.tokens().await;
        let lost = login.refresh(with(&first)).await.unwrap();
        let second = login.refresh(with(&first)).await.unwrap();
        assert_eq!(
            with(&lost).refresh_token.expose_secret(),
            with(&second).refresh_token.expose_secret()
        );
        let third = login.refresh(with(&second)).await.unwrap();
        assert_eq!(login.ended(&first), None);
        assert_eq!(error(login.refresh(with(&first)).await), "invalid_grant");
        assert_eq!(login.ended(&first), Some(RevokeReason::RefreshReplayed));
        for dead in [&second, &third] {
            assert_eq!(error(login.refresh(with(dead)).await), "invalid_grant");
        }
    }

    #[tokio::test]
    async fn two_processes_refreshing_at_once_both_stay_logged_in() {
        let login = Login::new().await;
        let mut tokens = login.tokens().await;
        for _ in 0..16 {
            let both = join(login.refresh(with(&tokens)), login.refresh(with(&tokens))).await;
            let (a, b) = (both.0.unwrap(), both.1.unwrap());
            assert_eq!(
                with(&a).refresh_token.expose_secret(),
                with(&b).refresh_token.expose_secret()
            );
            let both = join(login.refresh(with(&a)), login.refresh(with(&b))).await;
            tokens = both.0.unwrap();
            assert!(both.1.is_ok());
        }
        let family = login.world.store.family(login.sid(&tokens));
        let live = family
            .iter()
            .filter(|token| token.state == RefreshState::Live);
        assert_eq!((live.count(), login.ended(&tokens)), (1, None));
    }

    #[tokio::test]
    async fn a_refresh_token_lives_ninety_days_from_its_predecessors_last_use() {
        let day = TimeDelta::days(1);
        for (wait, good) in [(day * 90 - TimeDelta::seconds(1), true), (day * 90, false)] {
            let mut login = Login::new().await;
            let first = login.tokens().await;
            login.world.pass(day * 89);
            let second = login.refresh(with(&first)).await.unwrap();
            login.world.pass(wait);
            assert_eq!(login.refresh(with(&second)).await.is_ok(), good, "{wait}");
            // The unconfirmed predecessor is long expired, which is no replay.
            if !good {
                assert_eq!(error(login.refresh(with(&first)).await), "invalid_grant");
                assert_eq!(login.ended(&first), None);
            }
        }
    }

    #[tokio::test]
    async fn a_strangers_client_changes_nothing() {
        let login = Login::new().await;
        let first = login.tokens().await;
        let second = login.refresh(with(&first)).await.unwrap();
        let third = login.refresh(with(&second)).await.unwrap();
        for tokens in [&first, &second, &third] {
            let cx = login.world.cx();
            let got = refresh_token::refresh(&cx, &JsonSigner, &login.stranger, with(tokens)).await;
            assert_eq!(error(got), "invalid_grant");
        }
        assert_eq!(login.ended(&first), None);
        assert!(login.refresh(with(&third)).await.is_ok());
    }

    #[tokio::test]
    async fn a_refresh_may_narrow_and_never_widen() {
        let login = Login::new().await;
        let exec = [
            ("resource", "http://localhost:8082/exec/mcp"),
            ("redirect_uri", REDIRECT),
        ];
        let code = login.code(&exec).await;
        let tokens = login.exchange(form(&code)).await.unwrap();
        for (scope, expected) in [
            (None, Ok("mcp:exec kpi:read")),
            (Some("kpi:read"), Ok("kpi:read")),
            (Some("kpi:read offline_access openid"), Ok("kpi:read")),
            (Some("kpi:read mcp:read"), Err("invalid_scope")),
            (Some("mcp:read"), Err("invalid_scope")),
            (Some("offline_access"), Err("invalid_scope")),
            (None, Ok("mcp:exec kpi:read")),
        ] {
            let form = RefreshForm {
                scope: scope.map(str::to_owned),
                ..with(&tokens)
            };
            let got = login.refresh(form).await;
            let got = got.map(|got| claims(&got.access_token).scope.to_string());
            let got = got.as_deref().map_err(|error| error.oauth().1);
            assert_eq!(got, expected, "{scope:?}");
        }
        for (resource, good) in [
            ("http://localhost:8082/exec/mcp", true),
            ("http://localhost:8082/exec/mcp/", true),
            ("http://localhost:8082/mcp", false),
            ("https://evil.example", false),
        ] {
            let form = RefreshForm {
                resource: Some(resource.into()),
                ..with(&tokens)
            };
            match login.refresh(form).await {
                Ok(_) => assert!(good, "{resource}"),
                Err(error) => assert_eq!((error.oauth().1, good), ("invalid_target", false)),
            }
        }
    }

    #[tokio::test]
    async fn todays_roles_and_account_decide_at_every_refresh() {
        let login = Login::new().await;
        let code = login
            .code(&[
                ("resource", "http://localhost:8082/exec/mcp"),
                ("redirect_uri", REDIRECT),
            ])
            .await;
        let waiting = login.code(&[("redirect_uri", REDIRECT)]).await;
        let tokens = login.exchange(form(&code)).await.unwrap();
        let store = &login.world.store;
        store.edit_roles(login.user.id, Role::Analyst.into());
        let got = login.refresh(with(&tokens)).await.unwrap();
        let got = claims(&got.access_token);
        assert_eq!(
            (got.scope.to_string(), got.roles.to_string()),
            ("kpi:read".into(), "analyst".into())
        );
        store.edit_roles(login.user.id, Role::Member.into());
        assert_eq!(error(login.refresh(with(&tokens)).await), "invalid_grant");
        // What was taken away comes back with the role, but never more than was granted.
        store.edit_roles(login.user.id, Role::Admin.into());
        let got = login.refresh(with(&tokens)).await.unwrap();
        assert_eq!(got.scope.to_string(), "mcp:exec kpi:read");
        store
            .disable_user(login.user.id, login.world.now)
            .await
            .unwrap();
        assert_eq!(error(login.refresh(with(&got)).await), "invalid_grant");
        assert_eq!(error(login.exchange(form(&waiting)).await), "invalid_grant");
    }

    #[tokio::test]
    async fn an_account_that_is_disabled_in_the_store_gets_nothing_even_if_its_grant_stands() {
        let mut login = Login::new().await;
        let mut gone = user("gone@example.com", Role::Exec);
        gone.disabled_at = Some(login.world.now);
        login.world.store.add_user(&gone).await.unwrap();
        login.user = User {
            disabled_at: None,
            ..gone
        };
        let code = login.code(&[("redirect_uri", REDIRECT)]).await;
        assert_eq!(error(login.exchange(form(&code)).await), "invalid_grant");
    }

    #[tokio::test]
    async fn a_refresh_that_cannot_be_signed_changes_nothing() {
        let login = Login::new().await;
        let first = login.tokens().await;
        let second = login.refresh(with(&first)).await.unwrap();
        let got =
            refresh_token::refresh(&login.world.cx(), &NoSigner, &login.client, with(&second))
                .await;
        assert_eq!(got.unwrap_err().oauth(), (500, "server_error"));
        // `second` was not used: `first` still answers.
        assert!(login.refresh(with(&first)).await.is_ok());
    }

    #[tokio::test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    async fn the_form_is_read_exactly() {
        let login = Login::new().await;
        let repeated = [
            ("grant_type", "refresh_token"),
            ("grant_type", "refresh_token"),
        ];
        for (params, expected) in [
            (&[][..], "invalid_request"),
            (&[("grant_type", "")], "invalid_request"),
            (&[("grant_type", "password")], "unsupported_grant_type"),
            (
                &[("grant_type", "client_credentials")],
                "unauthorized_client",
            ),
            (&repeated, "invalid_request"),
            (&[("grant_type", "authorization_code")], "invalid_request"),
            (&[("grant_type", "refresh_token")], "invalid_request"),
            (
                &[("grant_type", "refresh_token"), ("refresh_token", "")],
                "invalid_request",
            ),
            (
                &[("grant_type", "refresh_token"), ("refresh_token", "x")],
                "invalid_grant",
            ),
            (
                &[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", "x"),
                    ("refresh_token", "y"),
                ],
                "invalid_request",
            ),
            (
                &[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", "x"),
                    ("resource", "a"),
                    ("resource", "b"),
                ],
                "invalid_target",
            ),
            (
                &[("grant_type", "authorization_code"), ("code", "x")],
                "invalid_grant",
            ),
            (
                &[
                    ("grant_type", "authorization_code"),
                    ("code", "x"),
                    ("code_verifier", "a"),
                    ("code_verifier", "b"),
                ],
                "invalid_request",
            ),
        ] {
            let got = answer(
                &login.world.cx(),
                &JsonSigner,
                &login.client,
                &pairs(params),
                None,
            )
            .await;
            assert_eq!(error(got), expected, "{params:?}");
        }
        let code = login.code(&[("redirect_uri", REDIRECT)]).await;
        let params = pairs(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("client_id", "own"),
            ("resource", "http://localhost:8082/mcp"),
            ("resource", "http://localhost:8082/mcp"),
            ("unknown", "1"),
        ]);
        assert!(
            answer(&login.world.cx(), &JsonSigner, &login.client, &params, None)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_confidential_clients_tokens_rotate_as_well() {
        let mut own = client("own", "http://localhost/cb");
        own.auth_method = ClientAuthMethod::Basic;
        own.secret_hash = Some(RawClientSecret::from_bytes([3; 32]).hash());
        let login = Login::of(own).await;
        let first = login.tokens().await;
        let second = login.refresh(with(&first)).await.unwrap();
        assert_ne!(
            with(&first).refresh_token.expose_secret(),
            with(&second).refresh_token.expose_secret()
        );
    }
}
