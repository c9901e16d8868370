//! Scopes, `id_token`s, userinfo and the parameters of a request.

use super::*;
use crate::authorize::Next;

#[tokio::test]
async fn signing_in_alone_gives_a_token_for_the_userinfo_endpoint_and_for_nothing_else() {
    let house = House::new().await;
    let tokens = house.tokens(&[("nonce", "n-1")]).await;
    let access = read(&tokens.access_token);
    assert_eq!(access["aud"], "http://localhost:8082");
    assert_eq!(access["scope"], "openid profile email");
    let seen: loop_shared::auth::claims::AccessClaims = serde_json::from_value(access).unwrap();
    assert!(seen.scope.is_empty(), "a resource server sees no scope");

    let claims = id_token(&tokens);
    let (now, alice) = (house.world.now.timestamp(), &house.alice);
    for (name, value) in [
        ("iss", json!("http://localhost:8082")),
        ("sub", json!(alice.id.to_string())),
        ("aud", json!("grafana")),
        ("iat", json!(now)),
        ("exp", json!(now + 3600)),
        ("auth_time", json!(now)),
        ("nonce", json!("n-1")),
        ("sid", json!(house.session.sid.to_string())),
        ("amr", json!(["pwd"])),
        ("name", json!("Alice 김")),
        ("email", json!("alice@example.com")),
        ("email_verified", json!(true)),
        ("preferred_username", json!("alice@example.com")),
        ("roles", json!(["member"])),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    let alg = loop_shared::auth::SigningAlgorithm::Rs256;
    assert_eq!(
        claims["at_hash"],
        at_hash(alg, tokens.access_token.expose_secret())
    );
    for name in claims.as_object().unwrap().keys() {
        assert!(CLAIMS_SUPPORTED.contains(&name.as_str()), "{name}");
    }
    let told = userinfo::userinfo(&house.world.cx(), &presented(&tokens), None)
        .await
        .unwrap();
    assert_eq!(told["sub"], claims["sub"]);
    assert_eq!(told["email"], claims["email"]);
}

#[tokio::test]
async fn claims_follow_the_granted_scopes_and_an_address_is_never_a_name() {
    let house = House::new().await;
    for (scope, expected) in [
        ("openid", vec!["sub"]),
        ("openid email", vec!["email", "email_verified", "sub"]),
        ("openid profile", vec!["name", "roles", "sub", "updated_at"]),
    ] {
        let tokens = house.tokens(&[("scope", scope)]).await;
        let told = userinfo::userinfo(&house.world.cx(), &presented(&tokens), None)
            .await
            .unwrap();
        assert_eq!(names(&told), expected, "{scope}");
    }
    let mut nameless = house.alice.clone();
    nameless.name = nameless.email.as_str().to_owned();
    let told = about(&nameless, IdentityScopes::parse_lossy("openid profile"));
    assert_eq!(names(&told), ["roles", "sub", "updated_at"]);
}

#[tokio::test]
async fn an_api_scope_beside_openid_keeps_its_audience_and_its_role_ceiling() {
    let house = House::new().await;
    let tokens = house.tokens(&[("scope", "openid mcp:read email")]).await;
    let access = read(&tokens.access_token);
    assert_eq!(access["aud"], "http://localhost:8082/mcp");
    assert_eq!(access["scope"], "mcp:read openid email");
    assert_eq!(tokens.scope.to_string(), "mcp:read");
    assert!(
        userinfo::userinfo(&house.world.cx(), &presented(&tokens), None)
            .await
            .is_ok()
    );
    let request = house.request(&[("scope", "openid mcp:exec")]).await;
    let login = (house.session.clone(), house.alice.clone());
    let got = authorize::next(&house.world.cx(), &request, Some(&login)).await;
    assert_eq!(
        redirected(got),
        "access_denied",
        "a member may not have mcp:exec"
    );
}

#[tokio::test]
async fn plain_oauth_stays_as_it_was() {
    let house = House::new().await;
    let tokens = house
        .tokens(&[("scope", "mcp:read profile offline_access")])
        .await;
    assert!(tokens.oidc.id_token.is_none());
    assert_eq!(read(&tokens.access_token)["scope"], "mcp:read");
    let refused = userinfo::userinfo(&house.world.cx(), &presented(&tokens), None).await;
    assert_eq!(
        refused.unwrap_err().oauth(),
        (403, Some("insufficient_scope"))
    );
}

#[tokio::test]
async fn a_refresh_gives_a_new_id_token_of_the_same_login_without_the_nonce() {
    let mut house = House::new().await;
    let tokens = house
        .tokens(&[("nonce", "n-1"), ("scope", "openid mcp:read email")])
        .await;
    house.world.pass(TimeDelta::minutes(30));
    let again = house.refresh(&tokens, "").await.unwrap();
    let (old, new) = (id_token(&tokens), id_token(&again));
    for name in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(old[name], new[name], "{name}");
    }
    assert!(new.get("nonce").is_none() && new["iat"] != old["iat"]);
    assert_ne!(new["at_hash"], old["at_hash"]);
    for (scope, granted, identity) in [
        ("mcp:read", "mcp:read", ""),
        ("openid", "", "openid"),
        ("openid profile mcp:read", "mcp:read", "openid"),
    ] {
        let narrowed = house.refresh(&tokens, scope).await.unwrap();
        assert_eq!(narrowed.scope.to_string(), granted, "{scope}");
        assert_eq!(narrowed.oidc.scopes.to_string(), identity, "{scope}");
        assert_eq!(
            narrowed.oidc.id_token.is_some(),
            !identity.is_empty(),
            "{scope}"
        );
    }
    for scope in ["mcp:exec openid", "offline_access", "profile"] {
        let refused = house.refresh(&tokens, scope).await.unwrap_err();
        assert_eq!(refused.oauth().1, "invalid_scope", "{scope}");
    }
}

#[tokio::test]
async fn a_grant_without_openid_never_gets_an_id_token_by_asking_at_the_refresh() {
    let house = House::new().await;
    let tokens = house.tokens(&[("scope", "mcp:read")]).await;
    let again = house
        .refresh(&tokens, "mcp:read openid email")
        .await
        .unwrap();
    assert!(again.oidc.id_token.is_none());
    assert_eq!(read(&again.access_token)["scope"], "mcp:read");
}

#[tokio::test]
async fn max_age_asks_for_the_password_when_the_login_is_older() {
    let mut house = House::new().await;
    let login = (house.session.clone(), house.alice.clone());
    house.world.pass(TimeDelta::seconds(100));
    for (extra, asks) in [
        (&[("max_age", "101")][..], false),
        (&[("max_age", "100")], true),
        (&[("max_age", "0")], true),
        (&[("max_age", "4294967295")], false),
        (&[], false),
    ] {
        let request = house.request(extra).await;
        let got = authorize::next(&house.world.cx(), &request, Some(&login))
            .await
            .unwrap();
        assert_eq!(got == Next::Login, asks, "{extra:?}");
        let silent = house
            .request(&[extra, &[("prompt", "none")]].concat())
            .await;
        let got = authorize::next(&house.world.cx(), &silent, Some(&login)).await;
        let error = if asks {
            "login_required"
        } else {
            "consent_required"
        };
        assert_eq!(redirected(got), error, "{extra:?}");
    }
    // Reading the consent page for longer than max_age does not send anybody round again.
    let request = house.request(&[("max_age", "5")]).await;
    house.world.pass(TimeDelta::seconds(10));
    let fresh = (house.world.session(&house.alice), house.alice.clone());
    house.world.pass(TimeDelta::seconds(60));
    let request = authorize::check(&house.world.cx(), &request.to_params())
        .await
        .unwrap();
    let got = authorize::next(&house.world.cx(), &request, Some(&fresh))
        .await
        .unwrap();
    assert!(matches!(got, Next::Consent(_)), "{got:?}");
}

#[tokio::test]
async fn consent_names_what_would_be_known_and_is_asked_again_for_more() {
    let house = House::new().await;
    let login = (house.session.clone(), house.alice.clone());
    let ask = async |scope| {
        let request = house.request(&[("scope", scope)]).await;
        authorize::next(&house.world.cx(), &request, Some(&login))
            .await
            .unwrap()
    };
    match ask("openid email").await {
        Next::Consent(shown) => {
            assert_eq!(shown.identity.to_string(), "openid email");
            assert!(shown.scopes.is_empty());
        }
        other => panic!("{other:?}"),
    }
    house.tokens(&[("scope", "openid email")]).await;
    assert_eq!(ask("openid email").await, Next::Issue);
    assert_eq!(ask("openid").await, Next::Issue);
    assert!(matches!(ask("openid profile").await, Next::Consent(_)));
    assert!(matches!(ask("openid mcp:read").await, Next::Consent(_)));
}

#[tokio::test]
async fn hints_that_say_nothing_are_dropped() {
    let house = House::new().await;
    let long = "k".repeat(300);
    for (name, value, login_hint, locales) in [
        (
            "login_hint",
            " Kim@Example.com",
            Some("kim@example.com"),
            None,
        ),
        ("login_hint", "kim", None, None),
        ("login_hint", &format!("{long}@example.com"), None, None),
        ("ui_locales", "ko-KR en", None, Some("ko-KR en")),
        ("ui_locales", "ko\r\nX: y", None, None),
        ("ui_locales", &long, None, None),
        ("acr_values", "urn:x", None, None),
        ("claims", "{\"id_token\":{}}", None, None),
    ] {
        let got = house.request(&[(name, value)]).await.oidc;
        assert_eq!(got.login_hint.as_deref(), login_hint, "{name}={value}");
        assert_eq!(got.ui_locales.as_deref(), locales, "{name}={value}");
    }
}

#[tokio::test]
async fn a_token_for_the_second_of_two_resources_opens_userinfo_too() {
    let mut house = House::new().await;
    house.alice = user("chief@example.com", Role::Admin);
    house.world.store.add_user(&house.alice).await.unwrap();
    house.session = house.world.session(&house.alice);
    house.world.store.add_session(&house.session).await.unwrap();
    let (first, second) = (
        "http://localhost:8082/mcp",
        "http://localhost:8082/exec/mcp",
    );
    let both = [
        ("scope", "openid email mcp:read kpi:read"),
        ("resource", first),
        ("resource", second),
    ];
    let tokens = house.tokens(&both).await;
    let refresh = tokens.refresh_token.as_ref().unwrap().expose().to_owned();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("resource", second),
    ];
    let other = house.ask(&form).await.unwrap();
    for (tokens, audience) in [(&tokens, first), (&other, second)] {
        assert_eq!(read(&tokens.access_token)["aud"], audience);
        let told = userinfo::userinfo(&house.world.cx(), &presented(tokens), None).await;
        assert_eq!(told.unwrap()["email"], "chief@example.com");
    }
}
