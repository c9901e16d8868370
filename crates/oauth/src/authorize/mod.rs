//! The authorization endpoint (RFC 6749 §4.1.1, RFC 7636, RFC 8707, RFC 9207).
//!
//! In: decoded parameters and, later, a browser session. Out: a checked request, what to do next,
//! and the one URL to answer to. Never: a redirect to a URI that is not registered, HTTP, cookies.
//!
//! Order: [`check`], then [`next`], then [`allow`] or [`deny`]. Between login and consent pages
//! the request travels as [`AuthorizeRequest::to_params`] and is checked again each time.

mod check;
mod decide;
mod held;
mod refusal;
mod request;

pub(crate) use check::check_pushed;
pub use check::{MAX_REQUEST_BYTES, MAX_STATE_BYTES, check};
pub use decide::{ConsentAsk, Next, allow, deny, next, watch};
pub use refusal::{AuthorizeError, AuthorizeRefusal, PageRefusal};
pub use request::{AUTH_AFTER, AuthorizeRequest, Prompt};

#[cfg(test)]
mod tests {
    //! The authorization endpoint, attacks first.

    use chrono::TimeDelta;
    use loop_shared::auth::scope::{Role, Roles, Scopes};
    use proptest::prelude::*;
    use url::Url;

    use super::*;
    use crate::{
        client::{Client, ClientAuthMethod, ClientId, ClientOrigin, GrantType},
        config::Context,
        secret::{RawClientSecret, RawCode},
        session::Session,
        store::{Clients as _, Consents as _, Grants as _, Users as _},
        testing::{World, challenge, client, user},
        user::User,
    };

    const REDIRECT: &str = "https://app.example/cb?tenant=1";
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    type Pairs = Vec<(String, String)>;

    async fn world() -> World {
        let world = World::default();
        let mut two = client("two", REDIRECT);
        two.redirect_uris.push("http://localhost/callback".into());
        let mut capped = client("capped", REDIRECT);
        capped.scope = Some(Scopes::parse("mcp:read").unwrap());
        let mut tokenless = client("tokenless", REDIRECT);
        tokenless.grant_types = vec![GrantType::RefreshToken];
        let mut edited = client("edited", "javascript:alert(1)");
        edited.redirect_uris.push("http://evil.example/cb".into());
        let cursor = client("cursor", "cursor://anysphere.cursor-mcp/oauth/callback");
        for client in [
            client("app", REDIRECT),
            two,
            capped,
            tokenless,
            edited,
            cursor,
            proven(),
        ] {
            world.store.add_client(&client).await.unwrap();
        }
        world
    }

    fn proven() -> Client {
        Client {
            origin: ClientOrigin::Operator,
            auth_method: ClientAuthMethod::Basic,
            secret_hash: Some(RawClientSecret::from_bytes([1; 32]).hash()),
            ..client("proven", REDIRECT)
        }
    }

    fn good(id: &str) -> Pairs {
        pairs(&[
            ("client_id", id),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "mcp:read"),
            ("state", "s t&a=t#e"),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
        ])
    }

    fn pairs(list: &[(&str, &str)]) -> Pairs {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        list.iter().map(own).collect()
    }

    /// The good request with one parameter replaced, or left out when the value is `-`.
    fn with(name: &str, value: &str) -> Pairs {
        let mut params = good("app");
        params.retain(|(known, _)| known != name);
        if value != "-" {
            params.push((name.to_owned(), value.to_owned()));
        }
        params
    }

    /// The good request with one more parameter at its end.
    fn and(name: &str, value: &str) -> Pairs {
        let mut params = good("app");
        params.push((name.to_owned(), value.to_owned()));
        params
    }

    fn page(got: Result<AuthorizeRequest, AuthorizeRefusal>) -> PageRefusal {
        match got {
            Err(AuthorizeRefusal::Page(page)) => page,
            other => panic!("not a page: {other:?}"),
        }
    }

    fn query(to: &str, name: &str) -> Option<String> {
        let url = Url::parse(to).unwrap();
        let mut values = url.query_pairs().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        assert!(values.next().is_none(), "{name} stands twice in {to}");
        value
    }

    fn redirected<T: std::fmt::Debug>(got: Result<T, AuthorizeRefusal>) -> (String, &'static str) {
        match got {
            Err(AuthorizeRefusal::Redirect { to, error }) => (to, error.code()),
            other => panic!("not a redirect: {other:?}"),
        }
    }

    #[tokio::test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    async fn an_unproven_client_or_redirect_gets_a_page_and_never_a_redirect() {
        let world = world().await;
        let cx = world.cx();
        let long = "x".repeat(9000);
        for (params, expected) in [
            (with("client_id", "-"), PageRefusal::ClientMissing),
            (with("client_id", ""), PageRefusal::ClientMissing),
            (with("client_id", "APP"), PageRefusal::ClientUnknown),
            (with("client_id", "app "), PageRefusal::ClientUnknown),
            (with("client_id", "app\0"), PageRefusal::ClientUnknown),
            (
                with("client_id", &"x".repeat(3000)),
                PageRefusal::ClientUnknown,
            ),
            (and("client_id", "app"), PageRefusal::ClientRepeated),
            (and("client_id", "two"), PageRefusal::ClientRepeated),
            (and("redirect_uri", REDIRECT), PageRefusal::RedirectRepeated),
            (
                and("redirect_uri", "https://evil.example"),
                PageRefusal::RedirectRepeated,
            ),
            (
                with("redirect_uri", "https://evil.example/cb"),
                PageRefusal::RedirectUnregistered,
            ),
            (
                with("redirect_uri", "https://app.example/cb"),
                PageRefusal::RedirectUnregistered,
            ),
            (
                with("redirect_uri", &format!("{REDIRECT}#x")),
                PageRefusal::RedirectUnregistered,
            ),
            (
                with("redirect_uri", &format!("{REDIRECT}&x=1")),
                PageRefusal::RedirectUnregistered,
            ),
            (
                with("redirect_uri", "https://app.example\\@evil/"),
                PageRefusal::RedirectUnregistered,
            ),
            (and("x", &long), PageRefusal::TooLong),
            (with("state", &long), PageRefusal::TooLong),
            (
                pairs(&[("client_id", "two"), ("response_type", "code")]),
                PageRefusal::RedirectMissing,
            ),
            // rows that somebody edited: registered, but never to be redirected to
            (
                pairs(&[
                    ("client_id", "edited"),
                    ("redirect_uri", "javascript:alert(1)"),
                ]),
                PageRefusal::RedirectUnregistered,
            ),
            (
                pairs(&[
                    ("client_id", "edited"),
                    ("redirect_uri", "http://evil.example/cb"),
                ]),
                PageRefusal::RedirectUnregistered,
            ),
        ] {
            assert_eq!(page(check(&cx, &params).await), expected, "{params:?}");
        }
    }

    #[tokio::test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    async fn a_bad_request_of_a_proven_client_is_answered_by_redirect_with_state_and_iss() {
        let world = world().await;
        let cx = world.cx();
        for (params, expected) in [
            (with("response_type", "-"), "invalid_request"),
            (with("response_type", ""), "invalid_request"),
            (with("response_type", "token"), "unsupported_response_type"),
            (
                with("response_type", "code token"),
                "unsupported_response_type",
            ),
            (and("response_type", "code"), "invalid_request"),
            (and("response_mode", "fragment"), "invalid_request"),
            (and("response_mode", "form_post"), "invalid_request"),
            (and("scope", "mcp:read"), "invalid_request"),
            (
                and("nonce", "1")
                    .into_iter()
                    .chain(pairs(&[("nonce", "2")]))
                    .collect(),
                "invalid_request",
            ),
            (with("code_challenge", "-"), "invalid_request"),
            (with("code_challenge", "short"), "invalid_request"),
            (
                with("code_challenge", &format!("{}=", challenge(VERIFIER))),
                "invalid_request",
            ),
            (with("code_challenge_method", "-"), "invalid_request"),
            (with("code_challenge_method", "plain"), "invalid_request"),
            (with("code_challenge_method", "s256"), "invalid_request"),
            (and("code_challenge", VERIFIER), "invalid_request"),
            (and("code_challenge_method", "plain"), "invalid_request"),
            (with("scope", "profile offline_access"), "invalid_scope"),
            (
                [
                    with("scope", "openid"),
                    pairs(&[("resource", "http://localhost:8082/mcp")]),
                ]
                .concat(),
                "invalid_scope",
            ),
            (and("max_age", "soon"), "invalid_request"),
            (and("max_age", "-1"), "invalid_request"),
            (and("nonce", &"x".repeat(513)), "invalid_request"),
            (with("scope", " "), "invalid_scope"),
            (with("scope", "MCP:READ"), "invalid_scope"),
            (and("resource", "http://localhost:8082"), "invalid_target"),
            (
                and("resource", "https://evil.example/mcp"),
                "invalid_target",
            ),
            (
                and("resource", "http://localhost:8082/exec/mcp"),
                "invalid_scope",
            ),
            (
                [
                    and("resource", "http://localhost:8082/mcp"),
                    pairs(&[("resource", "http://localhost:8082/exec/mcp")]),
                ]
                .concat(),
                "invalid_scope",
            ),
            (and("prompt", "none login"), "invalid_request"),
            (
                and("request", "eyJhbGciOiJub25lIn0.e30."),
                "request_not_supported",
            ),
            (
                and("request_uri", "https://evil.example/r"),
                "request_uri_not_supported",
            ),
            ([good("tokenless")].concat(), "unauthorized_client"),
        ] {
            let (to, error) = redirected(check(&cx, &params).await);
            assert_eq!(error, expected, "{params:?}");
            assert!(
                to.starts_with(&format!("{REDIRECT}&error={expected}&")),
                "{to}"
            );
            assert_eq!(query(&to, "state").as_deref(), Some("s t&a=t#e"), "{to}");
            assert_eq!(query(&to, "iss").as_deref(), Some("http://localhost:8082"));
            assert!(query(&to, "code").is_none(), "{to}");
        }
    }

    #[tokio::test]
    async fn a_state_that_cannot_be_echoed_is_left_out_of_the_refusal() {
        let world = world().await;
        let cx = world.cx();
        for params in [
            and("state", "other"),
            with("state", &"x".repeat(MAX_STATE_BYTES + 1)),
        ] {
            let (to, error) = redirected(check(&cx, &params).await);
            assert_eq!((error, query(&to, "state")), ("invalid_request", None));
        }
        let longest = "x".repeat(MAX_STATE_BYTES);
        let request = check(&cx, &with("state", &longest)).await.unwrap();
        assert_eq!(request.state.as_deref(), Some(longest.as_str()));
    }

    #[tokio::test]
    async fn a_request_is_read_as_the_client_meant_it() {
        let world = world().await;
        let cx = world.cx();
        let exec = "http://localhost:8082/exec/mcp";
        let mcp = "http://localhost:8082/mcp";
        for (params, scopes, resource) in [
            (good("app"), "mcp:read", mcp),
            (with("scope", "-"), "mcp:read", mcp),
            (with("scope", ""), "mcp:read", mcp),
            (
                with("scope", "openid mcp:read offline_access"),
                "mcp:read",
                mcp,
            ),
            (
                with("scope", "openid offline_access"),
                "",
                "http://localhost:8082",
            ),
            (with("scope", "mcp:exec"), "mcp:exec", exec),
            (with("scope", "mcp:read mcp:exec kpi:read"), "mcp:read", mcp),
            (and("resource", &format!("{mcp}/")), "mcp:read", mcp),
            (
                [and("resource", mcp), pairs(&[("resource", mcp)])].concat(),
                "mcp:read",
                mcp,
            ),
            (
                [with("scope", "-"), pairs(&[("resource", exec)])].concat(),
                "mcp:exec kpi:read",
                exec,
            ),
            (
                [
                    with("scope", "mcp:read kpi:read"),
                    pairs(&[("resource", exec)]),
                ]
                .concat(),
                "kpi:read",
                exec,
            ),
            (and("unknown", "x"), "mcp:read", mcp),
            (and("response_mode", "query"), "mcp:read", mcp),
        ] {
            let got = check(&cx, &params).await.unwrap();
            assert_eq!(
                (got.scopes.to_string().as_str(), got.resource.as_str()),
                (scopes, resource),
                "{params:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_clients_own_limit_caps_what_it_may_ask_for() {
        let world = world().await;
        let cx = world.cx();
        let mut params = good("capped");
        params.retain(|(name, _)| name != "scope");
        assert_eq!(
            check(&cx, &params).await.unwrap().scopes.to_string(),
            "mcp:read"
        );
        params.push(("scope".into(), "mcp:exec".into()));
        assert_eq!(redirected(check(&cx, &params).await).1, "invalid_scope");
    }

    #[tokio::test]
    async fn the_answer_goes_to_the_requested_redirect_port_and_all() {
        let world = world().await;
        let alice = user("alice@example.com", Role::Member);
        world.store.add_user(&alice).await.unwrap();
        for (id, redirect) in [
            ("two", "http://localhost:51234/callback"),
            ("two", REDIRECT),
            ("cursor", "cursor://anysphere.cursor-mcp/oauth/callback"),
        ] {
            let mut params = good(id);
            params.retain(|(name, _)| name != "redirect_uri");
            params.push(("redirect_uri".into(), redirect.into()));
            let request = check(&world.cx(), &params).await.unwrap();
            let (to, code) = allowed(&world.cx(), &request, &alice, &world.session(&alice)).await;
            assert!(to.starts_with(redirect), "{to}");
            assert_eq!(query(&to, "state").as_deref(), Some("s t&a=t#e"));
            assert_eq!(query(&to, "iss").as_deref(), Some("http://localhost:8082"));
            let stored = world.store.code(&code.hash()).await.unwrap().unwrap().code;
            assert_eq!(stored.redirect_uri.as_deref(), Some(redirect));
            assert!(deny(&world.cx(), &request).starts_with(redirect));
        }
    }

    #[tokio::test]
    async fn an_only_redirect_may_be_left_out() {
        let world = world().await;
        let request = check(&world.cx(), &with("redirect_uri", "-"))
            .await
            .unwrap();
        assert_eq!(
            (request.redirect_uri.as_str(), request.redirect_uri_given),
            (REDIRECT, false)
        );
    }

    async fn allowed(
        cx: &Context<'_>,
        request: &AuthorizeRequest,
        user: &User,
        session: &Session,
    ) -> (String, RawCode) {
        let to = allow(cx, request, user, session).await.unwrap();
        let code = RawCode::presented(&query(&to, "code").unwrap()).unwrap();
        (to, code)
    }

    #[tokio::test]
    async fn a_request_travels_through_its_own_parameters_unchanged() {
        let world = world().await;
        let cx = world.cx();
        for params in [
            good("app"),
            with("redirect_uri", "-"),
            with("state", "-"),
            with("scope", "-"),
            with("scope", "mcp:exec kpi:read openid"),
            and("prompt", "login consent"),
            and("prompt", "none"),
            with("scope", "openid email"),
            and("nonce", "n\"ü &"),
            and("max_age", "3600"),
            and("login_hint", "Kim@example.com"),
            and("ui_locales", "ko en"),
            and("id_token_hint", "not resolved"),
        ] {
            let request = check(&cx, &params).await.unwrap();
            let again = check(&cx, &request.to_params()).await.unwrap();
            assert_eq!(again, request, "{params:?}");
        }
    }

    #[tokio::test]
    async fn nobody_is_granted_anything_without_a_login_that_counts() {
        let mut world = world().await;
        let alice = user("alice@example.com", Role::Member);
        let mut gone = user("gone@example.com", Role::Member);
        gone.disabled_at = Some(world.now);
        let session = world.session(&alice);
        let gone_session = world.session(&gone);
        let request = check(&world.cx(), &good("app")).await.unwrap();
        let silent = check(&world.cx(), &and("prompt", "none")).await.unwrap();
        world.pass(world.rules.session_ttl - TimeDelta::seconds(1));
        let kept = Some((session.clone(), alice.clone()));
        assert!(matches!(
            next(&world.cx(), &request, kept.as_ref()).await,
            Ok(Next::Consent(_))
        ));
        world.pass(TimeDelta::seconds(1));
        let cx = world.cx();
        let mixed = Session {
            expires_at: world.now + TimeDelta::days(1),
            ..session.clone()
        };
        for pair in [
            None,
            Some((session, alice)),
            Some((gone_session, gone)),
            Some((mixed, user("mallory@example.com", Role::Admin))),
        ] {
            assert_eq!(
                next(&cx, &request, pair.as_ref()).await.unwrap(),
                Next::Login,
                "{pair:?}"
            );
            assert_eq!(
                redirected(next(&cx, &silent, pair.as_ref()).await).1,
                "login_required"
            );
            if let Some((session, user)) = &pair {
                let refused = allow(&cx, &request, user, session).await;
                assert_eq!(redirected(refused).1, "login_required");
            }
        }
        assert!(world.store.grants().is_empty());
    }

    #[tokio::test]
    async fn a_prompted_login_must_be_newer_than_the_request() {
        let mut world = world().await;
        let alice = user("alice@example.com", Role::Member);
        let old = (world.session(&alice), alice.clone());
        let request = check(&world.cx(), &and("prompt", "login")).await.unwrap();
        assert_eq!(
            next(&world.cx(), &request, Some(&old)).await.unwrap(),
            Next::Login
        );
        world.pass(TimeDelta::milliseconds(1));
        let fresh = (world.session(&alice), alice.clone());
        world.pass(TimeDelta::seconds(9));
        // the request comes back from the login page
        let request = check(&world.cx(), &request.to_params()).await.unwrap();
        assert_eq!(
            next(&world.cx(), &request, Some(&old)).await.unwrap(),
            Next::Login
        );
        assert!(matches!(
            next(&world.cx(), &request, Some(&fresh)).await,
            Ok(Next::Consent(_))
        ));
        assert!(allow(&world.cx(), &request, &alice, &old.0).await.is_err());
        assert!(allow(&world.cx(), &request, &alice, &fresh.0).await.is_ok());
        // a moment in the future or nonsense counts as now, so that nobody is locked out
        for odd in ["99999999999999", "-1x", "9223372036854775807"] {
            let params = [and("prompt", "login"), pairs(&[(AUTH_AFTER, odd)])].concat();
            let request = check(&world.cx(), &params).await.unwrap();
            assert_eq!(request.login_after, Some(world.now), "{odd}");
        }
    }

    #[tokio::test]
    async fn a_role_caps_what_is_asked_and_granted() {
        let world = world().await;
        let cx = world.cx();
        let exec = ("resource", "http://localhost:8082/exec/mcp");
        let params = [with("scope", "mcp:exec kpi:read"), pairs(&[exec])].concat();
        let request = check(&cx, &params).await.unwrap();
        for (role, expected) in [
            (Role::Member, None),
            (Role::Analyst, Some("kpi:read")),
            (Role::Exec, Some("mcp:exec kpi:read")),
            (Role::Admin, Some("mcp:exec kpi:read")),
        ] {
            let person = user(&format!("{role}@example.com"), role);
            world.store.add_user(&person).await.unwrap();
            let session = world.session(&person);
            let got = next(&cx, &request, Some(&(session.clone(), person.clone()))).await;
            let Some(expected) = expected else {
                assert_eq!(redirected(got).1, "access_denied");
                let refused = allow(&cx, &request, &person, &session).await;
                assert_eq!(redirected(refused).1, "access_denied");
                continue;
            };
            match got.unwrap() {
                Next::Consent(ask) => assert_eq!(ask.scopes.to_string(), expected),
                other => panic!("{role}: {other:?}"),
            }
            let (_, code) = allowed(&cx, &request, &person, &session).await;
            let grant = world.store.code(&code.hash()).await.unwrap().unwrap().grant;
            assert_eq!(
                (grant.scopes.to_string().as_str(), grant.resource.as_str()),
                (expected, exec.1)
            );
        }
    }

    #[tokio::test]
    async fn consent_is_remembered_only_for_a_proven_client_and_only_what_was_given() {
        let world = world().await;
        let cx = world.cx();
        let person = user("exec@example.com", Role::Exec);
        world.store.add_user(&person).await.unwrap();
        let login = (world.session(&person), person.clone());
        for (id, remembered) in [("app", false), ("proven", true)] {
            let request = check(&cx, &good(id)).await.unwrap();
            assert!(
                matches!(
                    next(&cx, &request, Some(&login)).await,
                    Ok(Next::Consent(_))
                ),
                "{id}"
            );
            allow(&cx, &request, &person, &login.0).await.unwrap();
            let after = next(&cx, &request, Some(&login)).await.unwrap();
            assert_eq!(after == Next::Issue, remembered, "{id}");
            let silent = check(&cx, &[good(id), pairs(&[("prompt", "none")])].concat())
                .await
                .unwrap();
            match next(&cx, &silent, Some(&login)).await {
                Ok(Next::Issue) => assert!(remembered),
                other => assert_eq!(
                    (redirected(other).1, remembered),
                    ("consent_required", false)
                ),
            }
            for (name, value) in [
                ("prompt", "consent"),
                ("resource", "http://localhost:8082/exec/mcp"),
            ] {
                let mut params = good(id);
                params.retain(|(name, _)| name != "scope");
                params.push((name.into(), value.into()));
                let request = check(&cx, &params).await.unwrap();
                let got = next(&cx, &request, Some(&login)).await;
                assert!(matches!(got, Ok(Next::Consent(_))), "{id} {name}={value}");
            }
        }
        let other = ClientId("app".into());
        let kept = world
            .store
            .consent(person.id, &other, "http://localhost:8082/mcp")
            .await;
        assert_eq!(kept.unwrap(), None);
    }

    #[tokio::test]
    async fn the_consent_page_is_told_who_asks_for_what_and_where_it_goes() {
        let world = world().await;
        let mut nameless = client("nameless", "http://localhost/cb");
        nameless.name = String::new();
        nameless.client_uri = Some("https://home.example/x".into());
        world.store.add_client(&nameless).await.unwrap();
        let mut params = good("nameless");
        params.retain(|(name, _)| name != "redirect_uri");
        params.push(("redirect_uri".into(), "http://localhost:4321/cb".into()));
        let request = check(&world.cx(), &params).await.unwrap();
        let mut alice = user("alice@example.com", Role::Member);
        alice.roles = [Role::Member, Role::Exec].into_iter().collect::<Roles>();
        let login = (world.session(&alice), alice);
        let got = next(&world.cx(), &request, Some(&login)).await.unwrap();
        let expected = ConsentAsk {
            client_name: "nameless".into(),
            client_id: "nameless".into(),
            client_host: Some("home.example".into()),
            document_host: None,
            answered_at_home: false,
            redirect_host: "localhost:4321".into(),
            redirect_is_loopback: true,
            scopes: Scopes::parse("mcp:read").unwrap(),
            already: Scopes::NONE,
            identity: crate::oidc::IdentityScopes::NONE,
            known: crate::oidc::IdentityScopes::NONE,
            resources: vec!["http://localhost:8082/mcp".into()],
            account: "alice@example.com".into(),
        };
        assert_eq!(got, Next::Consent(expected));
    }

    #[tokio::test]
    async fn a_granted_client_counts_as_used_and_its_code_lives_a_minute() {
        let world = world().await;
        let alice = user("alice@example.com", Role::Member);
        world.store.add_user(&alice).await.unwrap();
        let request = check(&world.cx(), &good("app")).await.unwrap();
        let (_, code) = allowed(&world.cx(), &request, &alice, &world.session(&alice)).await;
        let stored = world.store.code(&code.hash()).await.unwrap().unwrap();
        assert_eq!(stored.code.expires_at, world.now + TimeDelta::seconds(60));
        let app = world
            .store
            .client(&ClientId("app".into()))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(app.first_login_at, Some(world.now));
    }

    /// Names this endpoint reads, and values that have hurt others.
    fn parameter() -> impl Strategy<Value = (String, String)> {
        let names = prop::sample::select(vec![
            "client_id",
            "redirect_uri",
            "response_type",
            "scope",
            "state",
            "code_challenge",
            "code_challenge_method",
            "resource",
            "prompt",
            "auth_after",
            "response_mode",
            "nonce",
            "request",
            "request_uri",
            "max_age",
            "id_token_hint",
            "hinted",
            "login_hint",
            "ui_locales",
        ]);
        let values = prop_oneof![
            prop::sample::select(vec![
                "app",
                "two",
                "cursor",
                "edited",
                REDIRECT,
                "code",
                "S256",
                "plain",
                "mcp:read",
                "http://localhost:5/callback",
                "http://localhost:80@evil.example/callback",
                "http://localhost.evil.example/callback",
                "javascript:alert(1)",
                "https://app.example\\@evil.example/cb?tenant=1",
                "none",
                "login",
                "",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                "http://localhost:8082/mcp",
                "cursor://anysphere.cursor-mcp/oauth/callback",
                "http://evil.example/cb",
                "openid profile",
                "0",
            ])
            .prop_map(str::to_owned),
            any::<String>(),
        ];
        (
            prop_oneof![names.prop_map(str::to_owned), ".{0,12}"],
            values,
        )
    }

    /// Where this server may ever send a browser: what is registered for the world's clients.
    fn is_home(to: &str) -> bool {
        let local = to.strip_prefix("http://localhost").is_some_and(|rest| {
            let rest = rest.strip_prefix(':').map_or(rest, |port| {
                port.trim_start_matches(|c: char| c.is_ascii_digit())
            });
            rest.starts_with("/callback?")
        });
        local
            || to.starts_with("https://app.example/cb?tenant=1&")
            || to.starts_with("cursor://anysphere.cursor-mcp/oauth/callback?")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn arbitrary_parameters_never_panic_and_never_lead_astray(
            base in prop::sample::select(vec!["none", "app", "two"]),
            changes in prop::collection::vec((parameter(), any::<bool>()), 0..8),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let world = world().await;
                let mut params = if base == "none" { Vec::new() } else { good(base) };
                for ((name, value), replace) in changes {
                    params.retain(|(known, _)| !(replace && *known == name));
                    params.push((name, value));
                }
                match check(&world.cx(), &params).await {
                    Err(AuthorizeRefusal::Redirect { to, .. }) => {
                        prop_assert!(is_home(&to), "{}", to);
                        prop_assert!(to.bytes().all(|b| b.is_ascii_graphic()), "{}", to);
                    }
                    Err(AuthorizeRefusal::Page(_) | AuthorizeRefusal::Document(_)) => {}
                    Err(other) => prop_assert!(false, "{:?}", other),
                    Ok(request) => {
                        let again = check(&world.cx(), &request.to_params()).await.unwrap();
                        prop_assert_eq!(&again, &request);
                        prop_assert!(is_home(&deny(&world.cx(), &request)));
                        let alice = user("alice@example.com", Role::Admin);
                        let mut session = world.session(&alice);
                        session.authenticated_at += TimeDelta::seconds(1);
                        // A hint of somebody else under `prompt=none` is refused, at home as well.
                        let to = match allow(&world.cx(), &request, &alice, &session).await {
                            Ok(to) | Err(AuthorizeRefusal::Redirect { to, .. }) => to,
                            Err(other) => panic!("{other:?}"),
                        };
                        prop_assert!(is_home(&to), "{}", to);
                    }
                }
                Ok(())
            })?;
        }
    }
}
